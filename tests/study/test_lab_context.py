"""The context axis end to end, tiny; and, slowly, the law: a network follows new chains, fixed probabilities do not."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from byheart.audits.context_lab import EXACT, GAIN, ORDERED, SEEN, evidence
from byheart.audits.context_params import PROFILES, LabParams
from byheart.audits.context_trials import BAYES, EXPECTED, Trial
from byheart.core.evidence import Estimate, Table
from byheart.core.run_record import RunRecord
from byheart.stats.languages import canonical_names, draw_languages
from byheart.study import lab
from byheart.study.integrity import faults
from byheart.study.lab import context
from byheart.study.lab.context_chains import train_seed
from byheart.study.lab.context_languages import new_sequences
from byheart.study.lab.execute import run_lab
from byheart.study.lab.plan import LabPlan
from byheart.study.pages import write_report
from byheart.study.run_folder import RunFolder

TINY = LabParams(
    sequence_tokens=20, num_sequences=96, num_held_out=8, num_watched=8, num_steps=60, batch_sequences=8, num_looks=3,
    width=8,
)  # fmt: skip
PLAN = LabPlan(axis="context", num_seeds=2, num_steps=60, seed=3)
SUBJECTS = [
    "transformer", "lookup:table", "blind:untrained", "memorizer:automaton", "memorizer:boolean", "memorizer:markov",
    "memorizer:knowledge", "memorizer:infinigram", "memorizer:mixture",
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lab, "AXES", (dataclasses.replace(context.AXIS, profiles={"quick": TINY}),))
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunRecord, Path]:
    folder = tmp_path_factory.mktemp("lab") / "run"
    return run_lab(PLAN, folder), folder


def test_everyone_is_asked_the_same_and_stands_in_one_table(run: tuple[RunRecord, Path]) -> None:
    record, _ = run
    assert [subject.name for subject in record.provenance.subjects] == SUBJECTS
    for name in SUBJECTS:
        result = record.of("context", name)
        assert result is not None
        estimates = [e.name for e in result.evidence if isinstance(e, Estimate)]
        assert estimates[:3] == [GAIN, "context.bayes_distance_nats", SEEN]
        assert all(e.name.startswith("context.") for e in result.evidence)
    model = record.of("context", "transformer")
    assert model is not None
    table, languages = (e for e in model.evidence if isinstance(e, Table))
    assert {row[0] for row in languages.rows} >= set(SUBJECTS)
    assert [row[0] for row in table.rows[:9]] == ["transformer", *(n for n in table_order(table) if n != "transformer")]
    assert {row[0] for row in table.rows} == {*SUBJECTS, "static mapping", "frequencies in the prompt", BAYES}
    found = {e.name: e for e in model.evidence}
    assert isinstance(found[ORDERED], Estimate)
    assert isinstance(found[EXACT], Estimate)


def table_order(table: Table) -> list[str]:
    return [str(row[0]) for row in table.rows[:9]]


def test_a_run_is_whole_and_its_page_answers_the_question(run: tuple[RunRecord, Path]) -> None:
    _, folder = run
    assert faults(folder) == []
    page = write_report(folder).read_text("utf-8")
    assert "Does it follow a rule that exists only in its prompt?" in page
    assert "Only 2 seeds" in page
    assert RunFolder(folder).read().notes


def test_pieces_depend_on_their_arguments_alone(run: tuple[RunRecord, Path]) -> None:
    params = dataclasses.replace(TINY, num_steps=60)
    second = context.pieces(params)[2]
    once = context.AXIS.work(params, second, 3, lambda *_: None)
    again = Trial.from_json(once)
    record, _ = run
    table = next(e for e in record.of("context", "transformer").evidence if isinstance(e, Table))  # type: ignore[union-attr]
    each = table.columns.index("new chains, seed by seed")
    assert str(table.rows[0][each]).split(", ")[1] == f"{again.gains('transformer').mean():.3f}"
    assert again.to_json() == once


def test_no_new_language_is_one_that_was_trained_on_in_other_states() -> None:
    params = dataclasses.replace(TINY, num_held_out=40, language_states=2, language_symbols=3)
    known = draw_languages(20, 2, 3, rng=np.random.default_rng(0))
    symbols, languages = new_sequences(params, known, 0, "test")
    assert symbols.shape == (40, 20)
    assert not set(canonical_names(known)) & set(canonical_names(languages))
    # Drawn without looking, some are known ones: this sample can tell.
    drawn = draw_languages(40, 2, 3, rng=np.random.default_rng(1))
    assert set(canonical_names(known)) & set(canonical_names(drawn))


def test_seeds_have_data_of_their_own() -> None:
    few = dataclasses.replace(TINY, num_steps=1, num_looks=1)
    said = {
        float(train_seed(few, index, seed, has_memorizers=False).ruled_nats["transformer"][0])
        for index, seed in ((0, 0), (1, 0), (0, 1))
    }
    assert len(said) == 3


def test_the_table_of_its_training_data_foresees_those_and_no_new_chain() -> None:
    params = dataclasses.replace(TINY, num_steps=1, num_looks=1, sequence_tokens=40, num_held_out=24)
    trial = train_seed(params, 0, 0)
    assert trial.seen_gains("lookup:table").mean() > 1.0
    assert trial.gains("lookup:table").mean() < 0.0
    assert abs(trial.gains("memorizer:automaton").mean()) < 0.1
    assert trial.gains(BAYES).mean() > 0.2


@pytest.mark.slow
def test_a_network_follows_chains_that_it_never_saw_and_passes_through_the_phases() -> None:
    params = dataclasses.replace(PROFILES["quick"], num_seeds=1)
    trial = train_seed(params, 0, 0)
    assert trial.phases.is_in_order(EXPECTED)
    gains = {name: float(trial.gains(name).mean()) for name in trial.ruled_nats}
    best = max(gain for name, gain in gains.items() if name.startswith(("memorizer", "lookup", "blind")))
    assert gains["transformer"] > best + 0.1
    assert trial.end_distance < 0.06
    found = evidence("transformer", [trial], params, is_model=True, rng=np.random.default_rng(0))
    it = next(e for e in found if isinstance(e, Estimate) and e.name == GAIN)
    assert it.low is not None
    assert it.low > best
