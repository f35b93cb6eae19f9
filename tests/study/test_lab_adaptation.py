"""The adaptation experiment, end to end and small; and the law that it is there to show."""

import dataclasses
import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from byheart.audits.adaptation_lab_params import Params
from byheart.audits.adaptation_repetitions import BLIND, LOOKUP, MIXTURE, MODEL, TOLD
from byheart.core.evidence import Series, Table
from byheart.corpus.documents import Corpus
from byheart.corpus.tokenizer import Tokenizer
from byheart.study import lab
from byheart.study.headline import run_to_json
from byheart.study.integrity import faults
from byheart.study.lab import adaptation, adaptation_texts
from byheart.study.lab.adaptation_asking import Asked, ask_memorizers, ask_told
from byheart.study.lab.adaptation_texts import Domains, Part, code_and_prose, made_domains, real_domains, source_bits
from byheart.study.lab.adaptation_told import GappedTable
from byheart.study.lab.execute import run_lab
from byheart.study.lab.plan import LabPlan
from byheart.study.lab.storing import memorizers_of
from byheart.study.pages import write_report
from byheart.study.run_folder import RunFolder

TINY = Params(
    made_tokens=1024, made_documents=6, made_context=32, made_width=8, real_tokens=4096, real_documents=6,
    real_context=32, real_vocabulary=280, real_width=8, real_layers=1, num_seeds=1, num_steps=50, new_tokens=(256,),
    least_steps=2,
)  # fmt: skip
PLAN = LabPlan(axis="adaptation", num_seeds=1, num_steps=50, seed=3)


def small_library() -> tuple[tuple[str, str, str], ...]:
    rng = np.random.default_rng(0)
    words = ["def", "return", "self", "x", "value", "for", "in", "range", "(", ")", ":", "="]
    prose = ["the", "value", "is", "returned", "if", "it", "exists", "."]
    return tuple(
        (f"file{i}.py", " ".join(rng.choice(words, size=400)), " ".join(rng.choice(prose, size=200))) for i in range(60)
    )


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lab, "AXES", (dataclasses.replace(adaptation.AXIS, profiles={"quick": TINY}),))
        patch.setattr(adaptation_texts, "library_sources", small_library)
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lab") / "run"
    run_lab(PLAN, folder)
    return folder


def test_a_run_is_whole_and_everyone_stands_in_one_table(whole: Path) -> None:
    assert faults(whole) == []
    record = RunFolder(whole).read()
    roles = {subject.name: subject.role for subject in record.provenance.subjects}
    assert next(iter(roles)) == MODEL
    assert (roles[MODEL], roles[LOOKUP], roles[BLIND]) == ("model", "lookup pole", "blind pole")
    assert sum(role == "memorizer" for role in roles.values()) == 6
    own = record.of("adaptation", MODEL)
    assert own is not None
    table = next(e for e in own.evidence if isinstance(e, Table) and e.name == "adaptation.predictors")
    assert {row[1] for row in table.rows} == {*roles, TOLD, "the source itself"}
    curve = next(e for e in own.evidence if isinstance(e, Series) and e.name == "adaptation.made_new_domain")
    assert curve.chance == math.log2(32)
    names = {name: {e.name for e in record.of("adaptation", name).evidence} for name in roles}  # type: ignore[union-attr]
    assert all(names[name] <= names[MODEL] for name in roles)
    assert len({frozenset(names[name]) for name in roles if name != MODEL}) == 1


def test_its_page_answers_the_question_of_the_axis(whole: Path) -> None:
    page = write_report(whole).read_text("utf-8")
    assert "Only 1 seed:" in page
    assert "gradient steps bring the network" in page
    shown = run_to_json(RunFolder(whole).read(), "run")
    assert {one["name"] for one in shown["headline"]} >= {
        "adaptation.bits_per_byte", "adaptation.new_domain_gain_bits_per_byte", "adaptation.forgetting_bits_per_byte",
    }  # fmt: skip
    json.dumps(shown, allow_nan=False)


def test_a_piece_depends_on_nothing_but_its_arguments(whole: Path) -> None:
    """In another order, in a process of its own: the same numbers."""
    one, *_, last = adaptation.pieces(TINY)
    assert last.key != one.key
    told: list[float] = []
    again = adaptation.AXIS.work(TINY, last, PLAN.seed, lambda stage, done, total, note="": told.append(done))
    assert max(told) == last.steps
    rows = adaptation.AXIS.scores(TINY, {
        "made text, seed 1": again, "real text, seed 1": again,
    })  # fmt: skip
    kept = adaptation.AXIS.work(TINY, last, PLAN.seed, lambda stage, done, total, note="": None)
    assert json.dumps(kept, allow_nan=False) == json.dumps(again, allow_nan=False)
    assert {row["predictor"] for row in rows} >= {MODEL, LOOKUP, BLIND, MIXTURE, TOLD}


def parts(domains: Domains) -> dict[str, Part]:
    return {name: getattr(domains, name) for name in ("old", "calibration", "old_unseen", "new", "new_unseen")}


def test_no_real_document_is_in_two_parts_and_bytes_are_those_of_its_tokens() -> None:
    domains = real_domains(TINY, rng=np.random.default_rng(1))
    names = [name for part in parts(domains).values() for name in part.names]
    assert len(set(names)) == len(names)
    assert set(domains.seen.names) <= set(domains.old.names)
    assert sum(document.size for document in domains.old.documents) == TINY.real.old_tokens
    code = {name: text for name, text, _ in small_library()}
    for name, document, num_bytes in zip(
        domains.old_unseen.names, domains.old_unseen.documents, domains.old_unseen.num_bytes, strict=True
    ):
        assert document.size % TINY.real.context_tokens == 0
        assert document.size <= num_bytes < len(code[name])


def test_code_has_no_comments_and_prose_is_what_the_docstrings_say() -> None:
    code, prose = code_and_prose('"""Top."""\ndef f(x):\n    """Says x."""\n    return x  # a comment\n')
    assert code == "def f(x):\n    return x"
    assert prose == "Top.\n\nSays x."
    assert code_and_prose("def f(:") == ("", "")
    assert code_and_prose('class A:\n    """Only."""')[0] == "class A:\n    pass"


def test_made_text_follows_its_rule_as_often_as_it_says() -> None:
    params = dataclasses.replace(Params(), noise=0.25)
    domains = made_domains(params, rng=np.random.default_rng(0))
    ids, lag = np.stack(domains.old.documents), params.lag
    pairs = np.zeros((32, 32))
    np.add.at(pairs, (ids[:, :-lag].ravel(), ids[:, lag:].ravel()), 1)
    assert pairs.max(axis=1).sum() / pairs.sum() == pytest.approx(0.75 + 0.25 / 32, abs=0.01)
    assert len(set(pairs.argmax(axis=1).tolist())) == 32
    wrong = 0.25 * 31 / 32
    following = -(1 - wrong) * math.log2(1 - wrong) - wrong * math.log2(wrong / 31)
    assert source_bits(params) == pytest.approx((12 * 5 + 52 * following) / 64)
    assert source_bits(dataclasses.replace(params, noise=0.0)) == pytest.approx(12 * 5 / 64)


def test_the_mixture_is_weighed_by_tokens_that_its_members_do_not_know() -> None:
    asked = Asked(made_domains(TINY, rng=np.random.default_rng(0)))
    ask_memorizers(asked, 0, TINY.made.context_tokens)
    ask_memorizers(asked, 256, TINY.made.context_tokens)
    said = asked.as_json()
    assert len(asked.new_documents(256)) == 256 // 32
    assert all(len(rows["new"]) == 2 and len(rows["seen"]) == 1 for rows in said["bits"].values())
    # What holds the text needs next to no bits of it.
    seen = {name: sum(rows["seen"][0]) / sum(said["num_bytes"]["seen"]) for name, rows in said["bits"].items()}
    assert seen[LOOKUP] < 2.5 < 4.5 < seen["memorizer:automaton"]


def test_the_mixture_that_is_built_again_has_the_weights_of_the_calibration_and_members_of_all_tokens() -> None:
    """Of the old domain it is `Mixture` itself; of the new tokens, members that hold them all and some that hold them
    alone."""
    domains = real_domains(TINY, rng=np.random.default_rng(1))
    asked, length = Asked(domains), TINY.real.context_tokens
    for num_tokens in (0, 256):
        ask_memorizers(asked, num_tokens, length)
    end, size = domains.end_id, domains.vocabulary_size
    calibration = list(domains.calibration.documents)
    first = memorizers_of(list(domains.old.documents), size, end, calibration=calibration)[MIXTURE]
    said = asked.as_json()["bits"]
    expected = [
        -sum(first.log_probabilities_nats(row).sum() for row in document.reshape(-1, length)) / math.log(2)
        for document in domains.new_unseen.documents
    ]
    assert said[MIXTURE]["new"][0] == pytest.approx(expected)
    everything = [*domains.old.documents, *asked.new_documents(256)]
    markov = memorizers_of(everything, size, end, calibration=calibration)["memorizer:markov"]
    expected = [
        -sum(markov.log_probabilities_nats(row).sum() for row in document.reshape(-1, length)) / math.log(2)
        for document in domains.new_unseen.documents
    ]
    assert said["memorizer:markov"]["new"][1] == pytest.approx(expected)
    # The new domain has a small vocabulary, which the old text says nothing of.
    assert sum(said[MIXTURE]["new"][1]) < sum(said["memorizer:markov"]["new"][1])


def test_a_table_that_is_told_the_gap_holds_made_text_as_well_as_its_source() -> None:
    params = dataclasses.replace(Params(), new_tokens=(1024, 16_384))
    asked = Asked(made_domains(params, rng=np.random.default_rng(0)))
    for num_tokens in (0, 1024, 16_384):
        ask_told(asked, num_tokens, params.made.context_tokens, params.lag)
    said, sizes = asked.as_json()["bits"][TOLD], asked.as_json()["num_bytes"]
    old = [sum(row) / sum(sizes["old"]) for row in said["old"]]
    new = [sum(row) / sum(sizes["new"]) for row in said["new"]]
    assert old[0] == pytest.approx(source_bits(params), abs=0.12)  # of 100 documents
    assert new[0] > 5.0
    assert new[1] < source_bits(params) + 0.3
    assert new[2] < source_bits(params) + 0.2


def test_the_pairs_of_a_gapped_table_are_counted_within_documents() -> None:
    table = GappedTable([np.array([0, 1, 0, 1]), np.array([1, 1, 1])], [], gap=2, vocabulary_size=2)
    alone = np.array([2 + 1, 5 + 1]) / 9
    after_one = (np.array([0.0, 2.0]) + 0.5 * alone) / 2.5  # 1 stands two before a 1 once in each document
    found = np.exp(table.log_probabilities_nats(np.array([1, 0, 1])))
    assert found.tolist() == pytest.approx([alone[1], alone[0], after_one[1]])


def test_nothing_that_is_held_out_or_weighs_the_mixture_is_in_the_tokenizers_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Some files are too short to be asked about: the next ones take their place."""
    texts = tuple((name, code[: None if i % 6 else 40], prose) for i, (name, code, prose) in enumerate(small_library()))
    monkeypatch.setattr(adaptation_texts, "library_sources", lambda: texts)
    read: list[str] = []
    train = Tokenizer.train

    def told(corpus: Corpus, size: int) -> Tokenizer:
        read.extend(document.name for document in corpus)
        return train(corpus, size)

    monkeypatch.setattr(Tokenizer, "train", told)
    params = dataclasses.replace(TINY, real_documents=3, real_tokens=1024, made_documents=3)
    domains = real_domains(params, rng=np.random.default_rng(1))
    held = {*domains.calibration.names, *domains.old_unseen.names}
    assert read
    assert not held & set(read)


@pytest.mark.slow
def test_on_made_text_every_memorizer_is_at_chance_and_the_network_at_the_source() -> None:
    params = dataclasses.replace(Params(), new_tokens=(16_384,))
    piece = next(it for it in adaptation.pieces(params) if it.key.startswith("made"))
    done = adaptation.AXIS.work(params, piece, 0, lambda stage, done, total, note="": None)
    per_byte = {
        name: [sum(row) / sum(done["num_bytes"]["new"]) for row in rows["new"]] for name, rows in done["bits"].items()
    }
    for name, (before, after) in per_byte.items():
        if name.startswith("memorizer:"):
            assert min(before, after) > math.log2(32) - 0.1, name
    assert per_byte[MODEL][1] < done["floor_bits_per_byte"] + 0.15
    assert per_byte[MODEL][0] - per_byte[MODEL][1] > 2.0
    forgotten = np.array(done["bits"][MODEL]["old"]).sum(axis=1) / sum(done["num_bytes"]["old"])
    assert forgotten[1] - forgotten[0] > 1.0
