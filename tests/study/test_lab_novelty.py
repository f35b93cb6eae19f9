"""The novelty experiment: its language is what it says, a run is whole, memorizers fail where the network passes."""

import dataclasses
import functools
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from byheart.audits.novelty_lab_params import PROFILES, Params
from byheart.core.evidence import Estimate, Refusal, Table
from byheart.core.progress import silent
from byheart.core.result import Completed
from byheart.core.run_record import RunRecord
from byheart.study import lab
from byheart.study.headline import run_to_json
from byheart.study.integrity import faults
from byheart.study.lab import novelty
from byheart.study.lab.execute import run_lab
from byheart.study.lab.novelty_writers import sentences
from byheart.study.lab.plan import LabPlan
from byheart.study.lab.sentences import BEGIN_ID, END_ID, WORDS, Shape, draw_sentence, is_sentence
from byheart.study.pages import write_report
from byheart.study.run_folder import RunFolder

TINY = Params(
    num_sentences=120, most_words=12, num_calibration=20, num_written=30, temperatures=(0.5, 1.0), markov_orders=(3,),
    suffix_samplers=((5, 2), (99, 1)),
    num_steps=60, width=8, num_layers=1, num_heads=2, hidden_width=16, batch_sentences=8,
)  # fmt: skip
PLAN = LabPlan(axis="novelty", num_seeds=2, num_steps=60, seed=1)


def derived(words: list[str]) -> bool:
    """The grammar by its rules, every split tried: slow and obviously right."""

    @functools.cache
    def sentence(start: int, stop: int) -> bool:
        return any(phrase(start, at, n) and predicate(at, stop, n) for at in range(start, stop) for n in (0, 1))

    @functools.cache
    def phrase(start: int, stop: int, plural: int) -> bool:
        if stop - start < 2 or words[start] not in ("the", "some" if plural else "a"):
            return False
        if not words[start + 1].startswith("noun") or words[start + 1].endswith("s") != bool(plural):
            return False
        if stop - start == 2:
            return True
        return words[start + 2] == "that" and any(
            phrase(start + 3, stop - 1, n) and is_verb(stop - 1, "transitive", n) for n in (0, 1)
        )

    def is_verb(at: int, kind: str, plural: int) -> bool:
        return words[at].startswith(kind) and words[at].endswith("s") == bool(plural)

    def predicate(start: int, stop: int, plural: int) -> bool:
        if stop - start == 1:
            return is_verb(start, "intransitive", plural)
        if is_verb(start, "transitive", plural):
            return any(phrase(start + 1, stop, n) for n in (0, 1))
        opens, closes = words[start + 1], words[stop - 1]
        pairs = opens.startswith("open") and closes == opens.replace("open", "close")
        return is_verb(start, "saying", plural) and pairs and sentence(start + 2, stop - 1)

    return sentence(0, len(words))


def test_membership_is_derivability() -> None:
    rng = np.random.default_rng(0)
    decided = {True: 0, False: 0}
    for _ in range(300):
        drawn = draw_sentence(Shape(), rng=rng)
        if drawn.size > 16:
            continue
        assert is_sentence(drawn)
        changed = drawn.copy()
        changed[rng.integers(changed.size)] = rng.integers(2, len(WORDS))
        shuffled = drawn.copy()
        i, j = rng.integers(drawn.size, size=2)
        shuffled[[i, j]] = shuffled[[j, i]]
        for text in (drawn, changed, shuffled, drawn[:-1], np.concatenate([drawn, drawn[-1:]])):
            expected = derived([WORDS[token] for token in text.tolist()])
            assert is_sentence(text) == expected, [WORDS[token] for token in text.tolist()]
            decided[expected] += 1
    assert min(decided.values()) > 100


def test_nothing_but_whole_sentences_is_one() -> None:
    def ids(text: str) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
        return np.array([WORDS.index(word) for word in text.split()], dtype=np.int32)

    assert is_sentence(ids("a noun0 that some noun1s transitive2s intransitive0"))
    assert not is_sentence(ids("a noun0 that some noun1s transitive2s intransitive0s"))
    assert is_sentence(ids("the noun0 saying1 open2 some noun1s intransitive0s close2"))
    assert not is_sentence(ids("the noun0 saying1 open2 some noun1s intransitive0s close1"))
    assert not is_sentence(np.array([], dtype=np.int32))
    assert not is_sentence(np.array([BEGIN_ID, END_ID], dtype=np.int32))
    deep = "the noun0 that " * 500 + "the noun0 " + "transitive0 " * 500 + "intransitive0"
    assert is_sentence(ids(deep))  # no depth is too deep


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lab, "AXES", (dataclasses.replace(novelty.AXIS, profiles={"quick": TINY}),))
        folder = tmp_path_factory.mktemp("lab") / "run"
        run_lab(PLAN, folder)
        yield folder


def estimates(record: RunRecord, subject: str) -> dict[str, Estimate | Refusal]:
    result = record.of("novelty", subject)
    assert result is not None
    assert isinstance(result.status, Completed)
    return {e.name: e for e in result.evidence if isinstance(e, Estimate | Refusal)}


def test_a_run_is_whole_with_every_predictor_under_the_same_names(whole: Path) -> None:
    assert faults(whole) == []
    record = RunFolder(whole).read()
    roles = {subject.name: subject.role for subject in record.provenance.subjects}
    assert list(roles)[:3] == ["transformer", "lookup:table", "blind:untrained"]
    memorizers = {name for name, role in roles.items() if role == "memorizer"}
    assert {
        f"memorizer:{name}" for name in ("automaton", "boolean", "markov", "knowledge", "infinigram", "mixture")
    } < memorizers
    names = {frozenset(estimates(record, name)) for name in roles}
    assert len(names) == 1
    assert all(result.audit == "novelty" and result.evidence for result in record.results)
    assert all(one.name.startswith("novelty.") for result in record.results for one in result.evidence)
    assert {one["name"] for one in run_to_json(record, "run")["headline"]} >= {"novelty.valid_given_novel_rate"}
    json.dumps(run_to_json(record, "run"), allow_nan=False)


def test_the_poles_stand_at_their_ends(whole: Path) -> None:
    record = RunFolder(whole).read()
    lookup, blind = estimates(record, "lookup:table"), estimates(record, "blind:untrained")
    new, valid = lookup["novelty.novel_rate"], lookup["novelty.valid_rate"]
    assert isinstance(new, Estimate)
    assert isinstance(valid, Estimate)
    assert (new.value, valid.value) == (0.0, 1.0)
    assert isinstance(lookup["novelty.valid_given_novel_rate"], Refusal)
    noise, wrong = blind["novelty.novel_rate"], blind["novelty.valid_rate"]
    assert isinstance(noise, Estimate)
    assert isinstance(wrong, Estimate)
    assert noise.value > 0.95
    assert wrong.value < 0.05


def test_the_sampler_that_recites_writes_nothing_new(whole: Path) -> None:
    new = estimates(RunFolder(whole).read(), "memorizer:suffix-99-seen-1")["novelty.novel_rate"]
    assert isinstance(new, Estimate)
    assert new.value == 0.0


def test_one_table_has_every_predictor_and_the_page_asks_the_question(whole: Path) -> None:
    record = RunFolder(whole).read()
    found = [e for e in record.results[0].evidence if isinstance(e, Table) and e.name == "novelty.predictors"]
    (table,) = found
    assert {row[0] for row in table.rows} == {s.name for s in record.provenance.subjects} | {"the language itself"}
    page = write_report(whole).read_text("utf-8")
    assert "Is what it writes new, and is the new part valid?" in page
    assert "Only 2 seeds" in page
    assert faults(whole) == []


def test_a_piece_depends_on_its_arguments_only() -> None:
    piece = novelty.pieces(TINY)[1]
    assert piece.key == "seed 1, memorizers"
    first, again, other = (novelty.AXIS.work(TINY, piece, seed, silent) for seed in (1, 1, 2))
    assert first == again
    assert first["counts"] != other["counts"]
    json.dumps(first, allow_nan=False)


def test_no_calibration_sentence_is_a_training_sentence() -> None:
    trained_on, calibration, fresh = sentences(TINY, 0, 3)
    known = {sentence.tobytes() for sentence in trained_on}
    assert not any(sentence.tobytes() in known for sentence in calibration)
    assert len(fresh) == TINY.num_written
    assert max(sentence.size for sentence in trained_on) <= TINY.most_words


@pytest.mark.slow
def test_the_network_writes_new_sentences_that_are_right_and_no_memorizer_does() -> None:
    params = dataclasses.replace(PROFILES["quick"], num_seeds=1, num_written=300, temperatures=(1.0,))
    kept = {piece.key: novelty.AXIS.work(params, piece, 0, silent) for piece in novelty.pieces(params)}
    network = kept["seed 1, network"]["counts"]["transformer"]["1.0"]
    assert network[3] > 0.7 * network[1] > 0.7 * 0.4 * network[0]
    for name, counts in kept["seed 1, memorizers"]["counts"].items():
        if name.startswith("memorizer:"):
            assert counts["1.0"][3] <= 0.3 * counts["1.0"][1], name
