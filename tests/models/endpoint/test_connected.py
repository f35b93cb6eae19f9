"""Endpoints where users meet them: load_model, byheart score, byheart audit."""

from pathlib import Path

import pytest

from byheart.audits.extraction import AUDIT
from byheart.core.evidence import Estimate, Refusal, Table
from byheart.core.result import Completed, NotApplicable
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import BackendError, CapabilityError, ConfigError
from byheart.models import load_model
from byheart.models.endpoint.connection import Connection
from byheart.study.execute import execute
from byheart.study.plan import StudyPlan
from byheart.study.score_job import run_score
from byheart.study.score_plan import ScorePlan
from tests.models.endpoint.conftest import CORPUS, variant
from tests.models.endpoint.server import Offer, serving, true_scores

TEXT = "In the spring of that year the company"


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("byheart.study.endpoint_answers.cache_folder", lambda: tmp_path / "cache")


@pytest.fixture
def folder(tokenizer: Tokenizer, tmp_path: Path) -> str:
    tokenizer.save(tmp_path / "tokenizer")
    return str(tmp_path / "tokenizer")


def test_score_over_http_is_the_score_of_the_model(memorizer: Offer, folder: str, tokenizer: Tokenizer) -> None:
    import numpy as np

    offer = variant(memorizer)
    with serving(offer) as spec:
        plan = ScorePlan(source="-", model=spec, tokenizer=folder)
        found = run_score(plan, read_stdin=lambda: TEXT)
    ids = np.append(tokenizer.encode(TEXT).token_ids, np.int32(tokenizer.end_id))
    assert found.total_nats == pytest.approx(-true_scores(offer, ids).log_probability_nats.sum())
    assert found.num_tokens == ids.size


def test_an_endpoint_that_shows_only_text_cannot_score_and_says_what_to_do(memorizer: Offer) -> None:
    with (
        serving(variant(memorizer)) as spec,
        pytest.raises(CapabilityError, match="no log-probabilities of a given text") as caught,
    ):
        run_score(ScorePlan(source="-", model=spec), read_stdin=lambda: TEXT)
    assert "--tokenizer" in caught.value.next_step


def test_an_endpoint_whose_numbers_are_not_used_cannot_score_and_says_why(memorizer: Offer, folder: str) -> None:
    with (
        serving(variant(memorizer, prompt_logprobs=False, is_shifted=True)) as spec,
        pytest.raises(CapabilityError, match="they are not those of its tokens"),
    ):
        run_score(ScorePlan(source="-", model=spec, tokenizer=folder), read_stdin=lambda: TEXT)


def test_a_model_with_a_tokenizer_of_its_own_takes_no_other() -> None:
    with pytest.raises(ConfigError, match="takes no tokenizer"):
        load_model("some-folder", tokenizer="other")


def test_a_dead_host_exits_5() -> None:
    from byheart.models.endpoint.limits import Limits

    with pytest.raises(BackendError) as caught:
        load_model("http://127.0.0.1:9/v1#m", limits=Limits(longest_wait_seconds=0.01))
    assert caught.value.exit_code == 5


@pytest.mark.parametrize("most", [40, 20])
def test_an_audit_over_http_refuses_only_the_numbers_that_the_server_does_not_show(
    most: int, memorizer: Offer, folder: str, tmp_path: Path
) -> None:
    for side, texts in (("seen", [d.text for d in CORPUS][:4]), ("unseen", [f"Unseen {n} " * 60 for n in range(9)])):
        (tmp_path / side).mkdir()
        for number, text in enumerate(texts):
            (tmp_path / side / f"{number}.txt").write_text(text * 2)
    offer = variant(memorizer, max_logprobs=most)
    with serving(offer) as spec:
        plan = StudyPlan(
            model=spec,
            tokenizer=folder,
            trained_on=(str(tmp_path / "seen"),),
            held_out=(str(tmp_path / "unseen"),),
            audits=("extraction", "adaptation"),
        )
        record = execute(plan, tmp_path / "run")
    result = record.of(AUDIT.name, "endpoint:tiny")
    assert result is not None
    assert isinstance(result.status, Completed), result.status
    by_name = {e.name: e for e in result.evidence if isinstance(e, Estimate | Refusal)}
    assert isinstance(by_name["extraction.greedy_rate"], Estimate)
    kind = Estimate if most == 40 else Refusal
    assert isinstance(by_name["extraction.pz_half_rate"], kind)
    adapted = record.of("adaptation", "endpoint:tiny")
    assert adapted is not None
    (table,) = (e for e in adapted.evidence if isinstance(e, Table) and e.name == "adaptation.memorizers")
    assert [row[-1] for row in table.rows if row[0] == "endpoint:tiny"] == [None]  # its size is not told
    assert any("Access: prompt log-probabilities." in note for note in record.notes)


def test_a_score_and_an_audit_close_what_they_opened(
    memorizer: Offer, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[bool] = []
    end = Connection.close

    def close(connection: Connection) -> None:
        end(connection)
        closed.append(connection._client.is_closed)

    monkeypatch.setattr(Connection, "close", close)
    for side in ("seen", "unseen"):
        (tmp_path / side).mkdir()
        for number in range(6):
            (tmp_path / side / f"{number}.txt").write_text(f"{side} text {number} of no great length " * 12)
    offer = variant(memorizer, completions=False, generated_logprobs=False, extras=False)
    with serving(variant(memorizer)) as spec:
        run_score(ScorePlan(source="-", model=spec, tokenizer=folder), read_stdin=lambda: TEXT)
    assert closed == [True]
    with serving(offer) as spec:
        plan = StudyPlan(model=spec, trained_on=(str(tmp_path / "seen"),), held_out=(str(tmp_path / "unseen"),))
        record = execute(plan, tmp_path / "run")
    assert closed == [True, True]
    reasons = {r.audit: r.status.reason for r in record.results if isinstance(r.status, NotApplicable)}
    assert reasons["adaptation"] == "endpoint:tiny gives no log-probabilities of a given text."
    extraction = record.of("extraction", "endpoint:tiny")
    assert extraction is not None
    by_name = {e.name: e for e in extraction.evidence if isinstance(e, Estimate | Refusal)}
    refused = by_name["extraction.pz_half_rate"]
    assert isinstance(refused, Refusal)
    assert refused.reason == "endpoint:tiny gives no log-probabilities of a given text."
    assert isinstance(by_name["extraction.greedy_rate"], Estimate)  # it writes, and that is compared
    assert isinstance(by_name["extraction.near_verbatim_rate"], Estimate)
    assert reasons["novelty"] == "endpoint:tiny takes no top-k, and 40 is asked for."
