import json
import os
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

pytest.importorskip("torch")

from byheart.core.needs import WindowsNeed
from byheart.core.spans import Span
from byheart.core.token_scores import TokenScores, token_scores
from byheart.core.tokens import TokenIds
from byheart.corpus.documents import Corpus, Document
from byheart.corpus.tokenizer import Tokenizer
from byheart.models.transformer.checkpoint import save_checkpoint
from byheart.models.transformer.config import NetworkConfig
from byheart.study import asking
from byheart.study.execute import execute
from byheart.study.journal import Journal
from byheart.study.passages import Passage
from byheart.study.plan import StudyPlan
from byheart.study.score_cache import SWITCH, ScoreCache, batch_key, score_cache, scores_of
from byheart.study.scorers import ModelScorer
from byheart.study.scoring import score_passages
from byheart.study.subjects import Subject
from byheart.study.text_batches import Encoder
from byheart.study.text_score import score_text
from tests.models.networks import predictor, sharp_network, texts
from tests.study.corpora import library_texts, write_sides


def scores(seed: int = 0) -> list[TokenScores]:
    rng = np.random.default_rng(seed)
    logs = np.log(rng.dirichlet(np.ones(7), size=5))
    return [token_scores(rng.integers(0, 7, size=5).astype(np.int32), logs)]


def content(found: list[TokenScores] | None) -> list[bytes]:
    assert found is not None
    return [array.tobytes() for one in found for _, array in one.arrays()]


def passages(batch: list[TokenIds], num_given: int) -> list[Passage]:
    return [
        Passage(
            document=str(at), span=Span(0, 1), token_ids=text, role="control", num_given=num_given, num_scored_bytes=1
        )
        for at, text in enumerate(batch)
    ]


def test_what_is_kept_is_read_back_to_the_last_bit(tmp_path: Path) -> None:
    cache = ScoreCache(tmp_path / "scores")
    assert cache.read("a") is None
    cache.keep("a", scores())
    assert content(ScoreCache(tmp_path / "scores").read("a")) == content(scores())
    assert cache.read("b") is None


@pytest.mark.parametrize("at", [0, 20, 60, 200, -1])
def test_a_damaged_file_is_removed_and_never_used(at: int, tmp_path: Path) -> None:
    cache = ScoreCache(tmp_path)
    cache.keep("a", scores())
    raw = bytearray((tmp_path / "a").read_bytes())
    raw[at] ^= 1
    (tmp_path / "a").write_bytes(raw)
    assert cache.read("a") is None
    assert not (tmp_path / "a").exists()


def test_a_file_cut_short_or_under_another_name_is_not_used(tmp_path: Path) -> None:
    cache = ScoreCache(tmp_path)
    cache.keep("a", scores())
    (tmp_path / "b").write_bytes((tmp_path / "a").read_bytes())
    assert cache.read("b") is None
    (tmp_path / "a").write_bytes((tmp_path / "a").read_bytes()[:-10])
    assert cache.read("a") is None


def test_the_files_that_were_not_used_for_longest_go_first(tmp_path: Path) -> None:
    ScoreCache(tmp_path).keep("0", scores())
    size = (tmp_path / "0").stat().st_size
    cache = ScoreCache(tmp_path, limit_bytes=4 * size)
    for number in range(1, 4):
        cache.keep(str(number), scores())
    for number in range(4):
        os.utime(tmp_path / str(number), (1000 + number, 1000 + number))
    cache.read("0")  # used, so no longer the oldest
    cache.keep("4", scores())
    # Five files are one too many; at most 0.9 * 4 = 3.6 are left.
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "3", "4"]


def test_where_nothing_can_be_written_nothing_is_kept_and_nothing_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = ScoreCache(tmp_path / "file" / "scores")
    cache.keep("a", scores())
    assert cache.read("a") is None


def test_the_key_changes_with_the_model_the_texts_their_order_and_what_is_given() -> None:
    subject, batch = predictor(), texts(5, 6)
    other = sharp_network(seed=1)
    keys = {
        batch_key(subject, batch, [0, 0]),
        batch_key(subject, batch, [1, 0]),
        batch_key(subject, batch[::-1], [0, 0]),
        batch_key(subject, batch[:1], [0]),
        batch_key(predictor(other), batch, [0, 0]),
        batch_key(predictor(sharp_network().double()), batch, [0, 0]),
    }
    assert len(keys) == 6
    assert batch_key(predictor(), batch, [0, 0]) in keys


def test_a_second_run_reads_what_the_first_computed_and_counts_it_not_as_scored(tmp_path: Path) -> None:
    subject, cache, need = Subject("tiny", "model", predictor()), ScoreCache(tmp_path / "scores"), WindowsNeed()
    asked = passages(texts(*[30] * 70), 12)
    found = []
    for run in ("first", "second"):
        journal = Journal(tmp_path / run, "study")
        found.append(score_passages(subject, need, asked, journal, cache=cache))
        journal.close()
    (first, speed), (second, again) = found
    assert speed.tokens == 70 * (30 - 12)
    assert (again.tokens, again.seconds) == (0, 0.0)
    assert all(content([first[key]]) == content([second[key]]) for key in first)
    assert first.keys() == second.keys()


def test_a_damaged_entry_is_computed_again(tmp_path: Path) -> None:
    subject, cache, batch = predictor(), ScoreCache(tmp_path), texts(9, 9)
    right, _ = scores_of(subject, batch, [0, 3], cache)
    (path,) = tmp_path.iterdir()
    head, _, payload = path.read_bytes().partition(b"\n")
    raw = json.loads(payload)
    raw[0], raw[1] = raw[1], raw[0]
    path.write_bytes(head + b"\n" + json.dumps(raw).encode())
    again, are_new = scores_of(subject, batch, [0, 3], cache)
    assert are_new
    assert content(again) == content(right)
    assert not scores_of(subject, batch, [0, 3], cache)[1]


def test_the_score_command_reads_from_it_too(tmp_path: Path) -> None:
    corpus = Corpus((Document("one", "the cat sat on the mat and the dog sat on the log " * 9),))
    words = Tokenizer.words(corpus)
    config = NetworkConfig(
        vocabulary_size=words.vocabulary_size, end_id=words.end_id, width=32, num_layers=1, num_heads=2,
        hidden_width=32, context_tokens=32,
    )  # fmt: skip
    cache = ScoreCache(tmp_path)
    first, second = (
        score_text(ModelScorer(predictor(sharp_network(config)), Encoder(words), kept), corpus)
        for kept in (cache, ScoreCache(tmp_path))
    )
    assert first == second
    assert len(list(tmp_path.iterdir())) == 1
    plain = score_text(ModelScorer(predictor(sharp_network(config)), Encoder(words)), corpus)
    assert plain.total_nats == first.total_nats


def test_the_environment_switches_it_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BYHEART_CACHE", str(tmp_path))
    for value in ("off", "OFF", "0"):
        monkeypatch.setenv(SWITCH, value)
        assert score_cache() is None
    for value in ("", "on"):
        monkeypatch.setenv(SWITCH, value)
        assert score_cache() is not None


@pytest.mark.slow
def test_an_audit_of_more_into_another_folder_scores_only_what_is_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = Tokenizer.train(Corpus(tuple(Document(name, text) for name, text in library_texts(6))), 400)
    config = NetworkConfig(
        vocabulary_size=tokenizer.vocabulary_size, end_id=tokenizer.end_id, width=32, num_layers=1, num_heads=2,
        hidden_width=32, context_tokens=160,
    )  # fmt: skip
    save_checkpoint(sharp_network(config), tmp_path / "model")
    tokenizer.save(tmp_path / "model")
    seen, unseen = write_sides(tmp_path)
    monkeypatch.setattr(asking, "score_cache", lambda: ScoreCache(tmp_path / "scores"))

    def scored(name: str, *audits: str) -> int:
        plan = StudyPlan(model=str(tmp_path / "model"), trained_on=(str(seen),), held_out=(str(unseen),), audits=audits)
        record = execute(plan, tmp_path / name)
        return next(s.scored_tokens for s in record.provenance.subjects if s.role == "model")

    windows, pieces = scored("one", "extraction"), scored("two", "adaptation", "extraction")
    rows = pyarrow.parquet.read_table(tmp_path / "two" / "scores.parquet").to_pylist()
    mine = [row for row in rows if row["subject"] == "model"]
    of_pieces = sum(len(row["rank"]) for row in mine if row["need"] == "HeldOutNeed")
    assert (windows, pieces) == (sum(len(row["rank"]) for row in mine) - of_pieces, of_pieces)
    assert min(windows, pieces) > 0
    one, two = ((tmp_path / name / "results.jsonl").read_text().splitlines() for name in ("one", "two"))
    assert set(one) < set(two)
