"""Planted secrets from the list to the evidence: real text, both poles, no torch."""

import dataclasses
import json
import stat
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from byheart.audits.exposure import AUDIT, Params
from byheart.core.evidence import Estimate, Refusal, Table
from byheart.core.material import CanariesNeed
from byheart.core.predictor import Scores
from byheart.core.result import Completed, NotApplicable, Result
from byheart.core.streams import stream
from byheart.corpus.documents import Corpus, Document
from byheart.corpus.encoded import encode_corpus
from byheart.corpus.readers import read
from byheart.corpus.secrets import read_secrets, write_secrets
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import ConfigError, FormatError, InputError, SourceError, StorageError
from byheart.stats.exposure import random_rank_among
from byheart.stats.null_levels import null_levels
from byheart.study.asking import Answers, ask_everyone
from byheart.study.canary_planting import LARGEST_SHARE, canary_warnings, make_canaries, plant_canaries, read_canaries
from byheart.study.execute import run_audit
from byheart.study.inputs import inputs_for
from byheart.study.journal import Journal
from byheart.study.materials import material
from byheart.study.passages import CanaryPassage
from byheart.study.subjects import Cast, Subject, build_index
from byheart.study.tables import score_table
from byheart.study.yardstick import build_pole
from tests.study.corpora import library_texts

PARAMS = Params(num_candidates=31)
(NEED,) = AUDIT.needs(PARAMS)


def write_source(folder: Path, num: int = 20) -> Path:
    path = folder / "source.jsonl"
    path.write_text("".join(json.dumps({"name": n, "text": t}) + "\n" for n, t in library_texts(num)))
    return path


def planted(folder: Path, *, num_pairs: int = 12) -> tuple[Path, Path, Path]:
    """A source, a list and the source with the list's canaries."""
    source, canaries, output = write_source(folder), folder / "canaries.jsonl", folder / "out.jsonl"
    make_canaries(canaries, num_pairs=num_pairs, repetitions=(1, 4), digits=4, words=3, seed=7)
    plant_canaries(canaries, str(source), output)
    return source, canaries, output


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    return planted(tmp_path_factory.mktemp("texts"))


def cast_of(trained_on: Corpus, canaries: Path) -> Cast:
    tokenizer = Tokenizer.train(trained_on, 600)
    unseen = Corpus(tuple(Document(n, t) for n, t in library_texts(30)[20:]))
    seen, held_out = encode_corpus(trained_on, tokenizer), encode_corpus(unseen, tokenizer)
    index = build_index(seen, tokenizer)
    subjects = (
        Subject("lookup", "lookup pole", build_pole(index, tokenizer)),
        Subject("blind", "blind pole", build_pole(build_index(held_out, tokenizer), tokenizer)),
    )
    return Cast(subjects, tokenizer, seen, held_out, index, canaries=read_secrets(canaries))


def asked_of(cast: Cast, folder: Path) -> Answers:
    journal = Journal(folder / "journal", "0")
    try:
        return ask_everyone(cast, (NEED,), 0, journal, clock=lambda: 0.0, on_progress=lambda *_: None)
    finally:
        journal.close()


@pytest.fixture(scope="module")
def study(
    texts: tuple[Path, Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Cast, Answers, dict[str, Result]]:
    _, canaries, output = texts
    cast = cast_of(read(str(output)), canaries)
    asked = asked_of(cast, tmp_path_factory.mktemp("journal"))
    return cast, asked, {s.name: run_audit(AUDIT, PARAMS, s, asked, cast, 0) for s in cast.subjects}


def test_the_copies_stand_in_the_data_as_often_as_the_list_says_and_the_rest_is_as_it_was(
    texts: tuple[Path, Path, Path],
) -> None:
    source, canaries, output = texts
    secrets, before, after = read_secrets(canaries), read(str(source)), read(str(output))
    for pair in secrets.pairs:
        assert sum(d.text == pair.planted_text for d in after) == pair.repetitions
        assert sum(pair.twin_text in d.text for d in after) == 0
    own = {pair.planted_text for pair in secrets.pairs}
    assert [d.text for d in after if d.text not in own] == [d.text for d in before]
    assert not [d.name for d in after if "canary" in d.name or "template" in d.name or "tokens" in d.name]
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    places = [at for at, d in enumerate(after) if d.text in own]
    assert min(places) < 20 < max(places)  # 30 copies among 50 records, not all at one end
    assert secrets.num_planted_bytes / after.num_bytes <= LARGEST_SHARE


def test_the_same_list_and_source_give_the_same_bytes(texts: tuple[Path, Path, Path], tmp_path: Path) -> None:
    assert planted(tmp_path)[2].read_bytes() == texts[2].read_bytes()


def test_without_a_seed_no_list_is_like_another(tmp_path: Path) -> None:
    one, other = (
        make_canaries(tmp_path / name, num_pairs=6, repetitions=(1, 4, 16), digits=4, words=3, seed=None)
        for name in ("a", "b")
    )
    assert one.seed != other.seed
    assert not {p.beginning for p in one.pairs} & {p.beginning for p in other.pairs}


def test_more_than_a_hundredth_is_refused_with_the_bytes_needed_and_nothing_is_left(tmp_path: Path) -> None:
    source = write_source(tmp_path, 3)
    make_canaries(tmp_path / "c", num_pairs=48, repetitions=(1, 4, 16), digits=4, words=3, seed=0)
    with pytest.raises(InputError, match=r"so the source needs 1,2\d\d,\d\d\d; it has"):
        plant_canaries(tmp_path / "c", str(source), tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()


def test_nothing_is_planted_twice_or_written_over(texts: tuple[Path, Path, Path], tmp_path: Path) -> None:
    source, canaries, output = texts
    with pytest.raises(SourceError, match="holds a canary of this list already"):
        plant_canaries(canaries, str(output), tmp_path / "twice.jsonl")
    with pytest.raises(StorageError, match="not written over"):
        plant_canaries(canaries, str(source), output)
    with pytest.raises(ConfigError, match="JSON lines"):
        plant_canaries(canaries, str(source), tmp_path / "out.txt")
    assert list(tmp_path.iterdir()) == []


def test_the_poles_stand_apart(study: tuple[Cast, Answers, dict[str, Result]]) -> None:
    _, _, results = study
    lookup, blind = (results[name].estimate("exposure.mean_bits") for name in ("lookup", "blind"))
    assert lookup is not None
    assert lookup.value == 5.0  # log2 of 32 candidates: each planted secret is the likeliest
    assert lookup.excess is not None
    assert lookup.excess.low > 1
    assert blind is not None
    assert blind.excess is not None
    assert blind.excess.low <= 0 <= blind.excess.high
    right = results["lookup"].estimate("exposure.right_guess_rate")
    assert right is not None
    assert (right.value, right.n) == (1.0, 12)


def test_the_score_is_the_whole_text_s_but_for_what_all_share(
    study: tuple[Cast, Answers, dict[str, Result]],
) -> None:
    cast, asked, _ = study
    subject = cast.subjects[0]
    one = inputs_for((NEED,), subject, asked, cast).canaries[0]
    assert cast.canaries is not None
    pair = cast.canaries.pairs[0]
    predictor = subject.predictor
    assert isinstance(predictor, Scores)
    whole = [
        float(predictor.score([cast.tokenizer.encode(text).token_ids])[0].log_probability_nats.sum())
        for text in (pair.planted_text, pair.twin_text)
    ]
    assert one.planted_nats - one.twin_nats == pytest.approx(whole[0] - whole[1])
    assert (one.num_planted_found, one.num_twin_found) == (pair.repetitions, 0)


def test_no_secret_stands_in_the_evidence_or_in_the_table_of_scores(
    study: tuple[Cast, Answers, dict[str, Result]],
) -> None:
    cast, asked, results = study
    assert cast.canaries is not None
    said = repr(results)
    for pair in cast.canaries.pairs:
        assert not [text for text in (*pair.texts, pair.beginning) if text in said]
    rows = pyarrow.parquet.read_table(pyarrow.BufferReader(score_table(cast, asked))).to_pylist()
    assert len(rows) == 2 * 12 * 33
    assert {row[name] for row in rows for name in ("token_ids", "given_ids", "argmax_id")} == {None}
    assert all(sum(row["log_probability_nats"]) < 0 for row in rows)


def test_a_lookup_pole_of_text_without_the_canaries_is_not_applicable(
    texts: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    source, canaries, _ = texts
    cast = cast_of(read(str(source)), canaries)
    asked = asked_of(cast, tmp_path)
    lookup, blind = (run_audit(AUDIT, PARAMS, subject, asked, cast, 0).status for subject in cast.subjects)
    assert isinstance(lookup, NotApplicable)
    assert "12 of 12 planted canaries do not stand in the trained-on text" in lookup.reason
    assert isinstance(blind, Completed)


def test_turned_coins_are_found_though_the_fingerprint_was_made_anew(tmp_path: Path) -> None:
    make_canaries(tmp_path / "c", num_pairs=12, repetitions=(4, 1), digits=4, words=3, seed=7)
    secrets = read_canaries(tmp_path / "c")
    turned = tuple(dataclasses.replace(pair, planted=1 - pair.planted) for pair in secrets.pairs)
    write_secrets(tmp_path / "turned", dataclasses.replace(secrets, pairs=turned))
    assert read_secrets(tmp_path / "turned").pairs == turned
    with pytest.raises(FormatError, match="not a list of canaries as it was made"):
        read_canaries(tmp_path / "turned")


def test_a_seed_that_can_be_tried_and_lists_that_carry_no_number_are_warned_of(tmp_path: Path) -> None:
    def warned(name: str, num_pairs: int, digits: int, seed: int | None) -> list[str]:
        made = make_canaries(
            tmp_path / name, num_pairs=num_pairs, repetitions=(1, 4), digits=digits, words=3, seed=seed
        )
        return [word for word in ("seed 7 ", "12 pairs", "one digit") if word in " ".join(canary_warnings(made))]

    assert warned("sound", 12, 2, None) == []
    assert warned("seeded", 12, 2, 7) == ["seed 7 "]
    assert warned("few", 11, 1, None) == ["12 pairs", "one digit"]


def test_the_list_of_another_planting_is_refused(texts: tuple[Path, Path, Path], tmp_path: Path) -> None:
    secrets = read_secrets(texts[1])
    turned = tuple(dataclasses.replace(pair, planted=1 - pair.planted) for pair in secrets.pairs)
    swapped = dataclasses.replace(secrets, pairs=turned)
    cast = cast_of(read(str(texts[2])), texts[1])
    cast = dataclasses.replace(cast, subjects=cast.subjects[1:], canaries=swapped)
    result = run_audit(AUDIT, PARAMS, cast.subjects[0], asked_of(cast, tmp_path), cast, 0)
    assert {type(e) for e in result.evidence} == {Refusal}


def test_a_small_space_is_scored_whole(texts: tuple[Path, Path, Path], tmp_path: Path) -> None:
    make_canaries(tmp_path / "c", num_pairs=4, repetitions=(1, 4), digits=1, words=3, seed=0)
    cast = cast_of(read(str(texts[0])), tmp_path / "c")
    found = material(CanariesNeed(num_candidates=5, max_enumerated=10), cast, 0)
    sizes = {}
    for passage in found:
        assert isinstance(passage, CanaryPassage)
        sizes[passage.pair.kind] = sum(p.pair is passage.pair for p in found if isinstance(p, CanaryPassage))
        assert passage.is_whole_space == (passage.pair.kind == "template")
    assert sizes == {"template": 10, "tokens": 7}


@pytest.mark.slow
def test_two_thousand_secrets_that_no_one_planted_stand_out_as_often_as_chance_on_a_real_predictor(
    texts: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    make_canaries(tmp_path / "c", num_pairs=1000, repetitions=(1,), digits=4, words=2, seed=3)
    cast = cast_of(read(str(texts[0])), tmp_path / "c")
    found = [p for p in material(CanariesNeed(num_candidates=15), cast, 0) if isinstance(p, CanaryPassage)]
    predictor = cast.subjects[0].predictor
    assert isinstance(predictor, Scores)
    nats: dict[str, list[float]] = {}
    for passage in found:
        score = predictor.score([passage.token_ids], [passage.num_given])[0].log_probability_nats.sum()
        nats.setdefault(passage.pair.name, []).append(float(score))
    rng = stream(0, "test", "null")
    # Neither twin was planted, so each pair gives two null draws; they share their others, so each gets its own half.
    draws = [
        (random_rank_among(scores[side], np.array(scores[2 + side : 16 : 2]), rng=rng), 8)
        for scores in nats.values()
        for side in (0, 1)
    ]
    levels = null_levels(np.array([r for r, _ in draws]), np.array([m for _, m in draws]))
    assert len(draws) == 2000
    assert [level.nominal for level in levels] == [1 / 2, 1 / 4, 1 / 8]
    assert all(level.holds for level in levels), levels


def test_the_table_by_repetitions_counts_the_list(study: tuple[Cast, Answers, dict[str, Result]]) -> None:
    table = next(e for e in study[2]["lookup"].evidence if isinstance(e, Table) and e.name == "exposure.by_repetitions")
    assert [row[:2] for row in table.rows] == [(1, 6), (4, 6)]
    assert any(isinstance(e, Estimate) for e in study[2]["lookup"].evidence)
