"""The evidence of the context experiment on trials whose numbers were chosen."""

import numpy as np
import pytest

from byheart.audits.context_lab import EXACT, GAIN, ORDERED, SEEN, evidence
from byheart.audits.context_languages import BEYOND, BIGRAMS, TRIGRAMS, VALID, LanguageTrial, language_evidence
from byheart.audits.context_languages import REFERENCES as LANGUAGE_REFERENCES
from byheart.audits.context_params import PROFILES, LabParams
from byheart.audits.context_seeds import over_seeds
from byheart.audits.context_trials import BAYES, FREQUENCIES, STATIC, UNIFORM, Trial
from byheart.core.evidence import Estimate, Evidence, Refusal, Series, Table
from byheart.core.units import NATS_PER_BIT
from byheart.stats.intervals import clopper_pearson, mean_of_few

MODEL, TABLE, MARKOV = "transformer", "lookup:table", "memorizer:markov"
BITS = {MODEL: 0.4, TABLE: -0.5, MARKOV: 0.1, STATIC: 0.0, FREQUENCIES: 0.15, BAYES: 0.5}
"""Bits per token over the static mapping on new chains."""


def trial(shift: float = 0.0, *, is_ordered: bool = True, num: int = 10) -> Trial:
    """Every chain alike but for a small spread; the model is off by `shift` bits."""
    spread = np.linspace(-0.05, 0.05, num)
    bits = BITS | {MODEL: BITS[MODEL] + shift}
    ruled = {name: (value + spread - 1.5) * NATS_PER_BIT for name, value in bits.items()}
    ruled[STATIC] = np.full(num, -1.5 * NATS_PER_BIT)
    seen = {name: values + (2.0 * NATS_PER_BIT if name == TABLE else 0.0) for name, values in ruled.items()}
    late = FREQUENCIES if not is_ordered else BAYES
    distances = {name: np.array([0.5, 0.5, 0.5]) for name in (UNIFORM, FREQUENCIES, BAYES)}
    for look, name in enumerate((UNIFORM, FREQUENCIES, late)):
        distances[name][look] = 0.01
    return Trial(
        num_parameters=100,
        sizes_bytes={MODEL: 400, TABLE: 9000},
        looks=(0, 20, 40),
        from_references=distances,
        from_truth=np.array([0.4, 0.3, 0.1]),
        along={name: np.array([0.3, 0.2, 0.1]) for name in (MODEL, STATIC, FREQUENCIES, BAYES)},
        ruled_nats=ruled,
        shuffled_nats={name: np.full(num, -1.5 * NATS_PER_BIT) for name in bits},
        seen_nats=seen,
    )


def found(trials: list[Trial], name: str = MODEL) -> dict[str, Evidence]:
    rng = np.random.default_rng(0)
    return {e.name: e for e in evidence(name, trials, LabParams(), is_model=name == MODEL, rng=rng)}


def test_with_three_seeds_the_seeds_are_the_units() -> None:
    it = found([trial(-0.1), trial(), trial(0.1)])[GAIN]
    assert isinstance(it, Estimate)
    student = mean_of_few([0.3, 0.4, 0.5])
    assert (it.value, it.low, it.high) == pytest.approx((student.value, student.low, student.high))
    assert it.n == 3
    assert "Student's t over seeds" in it.method
    assert it.excess is not None
    assert it.control is not None
    assert it.control.value == pytest.approx(0.1)  # markov, the best of those that store, and not random order
    assert it.excess.value == pytest.approx(0.4 - 0.1)
    assert f"the best of those that only store, {MARKOV}, paired" in it.method
    others = found([trial(), trial()], MARKOV)[GAIN]
    assert isinstance(others, Estimate)
    assert others.excess is None


def test_with_two_seeds_the_chains_are_and_it_says_so() -> None:
    it = found([trial(-0.1), trial(0.1)])[GAIN]
    assert isinstance(it, Estimate)
    assert it.n == 20
    assert it.low is not None
    assert 0.3 < it.low < it.value
    assert "20 cases of these 2 networks, 10 new ones each: other trainings may differ" in it.method
    exact = found([trial(), trial()])[EXACT]
    assert isinstance(exact, Estimate)
    assert exact.low is None
    assert exact.value == pytest.approx(0.01)


def test_too_few_of_both_are_refused() -> None:
    assert isinstance(found([trial(num=2), trial(num=2)])[GAIN], Refusal)
    assert over_seeds([np.zeros(2), np.zeros(2)], rng=np.random.default_rng(0), confidence=0.95) is None


def test_phases_are_counted_over_seeds_and_said_in_the_title() -> None:
    evidence_of = found([trial(), trial(), trial(is_ordered=False)])
    it = evidence_of[ORDERED]
    assert isinstance(it, Estimate)
    assert (it.value, it.low) == (2 / 3, clopper_pearson(2, 3).low)
    series = evidence_of["context.training_curve"]
    assert isinstance(series, Series)
    assert series.title.startswith("In 2 of 3 seeds")
    assert "from step 20" in series.title
    none = found([trial(is_ordered=False)] * 3)["context.training_curve"]
    assert isinstance(none, Series)
    assert "in none of 3 seeds" in none.title


def test_the_table_shows_the_memorizers_behind_and_the_lookup_on_what_it_holds() -> None:
    table = found([trial(), trial()])["context.predictors"]
    assert isinstance(table, Table)
    assert table.title.startswith("Of 0.50 bits per token that a new chain is worth to Bayes, transformer gains 0.40")
    assert "the best memorizer (markov) 0.10" in table.title
    assert table.title.endswith("frequencies in the sequence 0.15")
    rows = {row[0]: row for row in table.rows}
    assert set(rows) == set(BITS)
    seen = table.columns.index("trained-on sequences, bits per token over the static mapping")
    assert rows[TABLE][1] == pytest.approx(-0.5)
    assert rows[TABLE][seen] == pytest.approx(1.5)
    assert rows[STATIC][1] == 0.0
    assert rows[MODEL][-2:] == ("0.400, 0.400", 400)


def test_who_is_not_the_model_has_the_same_estimates_and_no_table() -> None:
    others = found([trial(), trial()], TABLE)
    assert {GAIN, "context.bayes_distance_nats", SEEN} == set(others)
    lost = others["context.bayes_distance_nats"]
    assert isinstance(lost, Estimate)
    assert lost.value == pytest.approx(1.0 * NATS_PER_BIT)  # 0.5 bits above, 0.5 below the static mapping


def test_a_trial_survives_the_journal() -> None:
    assert Trial.from_json(trial().to_json()).to_json() == trial().to_json()


def language_trial(shift: float = 0.0) -> LanguageTrial:
    names = (MODEL, TABLE, MARKOV, *LANGUAGE_REFERENCES)
    spread = np.linspace(-0.02, 0.02, 8)
    return LanguageTrial(
        sizes_bytes={},
        ruled_nats={name: np.full(8, (0.1 * at + shift) * NATS_PER_BIT) + spread for at, name in enumerate(names)},
        shuffled_nats={name: spread for name in names},
        valid=dict.fromkeys(names, np.full(8, 0.75)),
        variation=dict.fromkeys(names, np.full(8, 0.25)),
    )


def test_languages_have_gain_validity_and_a_table_of_everyone() -> None:
    trials, rng = [language_trial(), language_trial(0.1), language_trial(0.2)], np.random.default_rng(0)
    shown = {e.name: e for e in language_evidence(MODEL, trials, PROFILES["quick"], is_model=True, rng=rng)}
    valid, table = shown[VALID], shown["context.languages"]
    assert isinstance(valid, Estimate)
    assert valid.value == pytest.approx(0.75)
    assert isinstance(table, Table)
    assert {row[0] for row in table.rows} == {MODEL, TABLE, MARKOV, *LANGUAGE_REFERENCES}
    gains = {row[0]: float(row[1] or 0.0) for row in table.rows}
    assert gains[TRIGRAMS] == pytest.approx(0.3)  # three rows after the static mapping
    assert gains[BIGRAMS] == pytest.approx(0.2)
    beyond = shown[BEYOND]
    assert isinstance(beyond, Estimate)
    assert beyond.value == pytest.approx(gains[MODEL] - gains[BIGRAMS])  # the network is below n-grams
    gain = shown["context.language_gain_bits"]
    assert isinstance(gain, Estimate)
    assert gain.excess is not None
    assert gain.excess.value == pytest.approx(gains[MODEL] - gains[MARKOV])
    again = LanguageTrial.from_json(trials[1].to_json())
    assert again.to_json() == trials[1].to_json()
