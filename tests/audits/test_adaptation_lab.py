"""The evidence of the adaptation experiment, from bits that can be added by hand."""

import dataclasses

import numpy as np
import pytest

from byheart.audits import adaptation_lab
from byheart.audits.adaptation_lab import model_evidence, predictor_evidence
from byheart.audits.adaptation_repetitions import BLIND, LOOKUP, MIXTURE, MODEL, TOLD, Experiment, Kind, Repetition
from byheart.core.audit import METHOD_HEADINGS, method_parts
from byheart.core.evidence import Estimate, Series, Table
from byheart.core.tokens import Floats

DOCUMENTS = 6
BYTES = np.array([10.0, 20.0, 30.0, 10.0, 20.0, 30.0])
MARKOV = "memorizer:markov"


def bits(*per_byte: float) -> Floats:
    """Rows of the same bits per byte in every document."""
    return np.array(per_byte)[:, None] * BYTES


def repetition(own: float, *, names: str = "d") -> Repetition:
    rows = {
        MODEL: (own, own + 2.0, own + 0.5, own + 1.5),
        MIXTURE: (2.0, 5.0, 4.0, 2.25),
        MARKOV: (3.0, 5.0, 3.5, 3.0),
        LOOKUP: (4.0, 5.0, 5.0, 4.0),
        BLIND: (8.0, 8.0, 6.0, 7.0),
        TOLD: (1.5, 6.0, 1.25, 6.0),
    }
    return Repetition(
        num_parameters=10,
        documents={part: tuple(f"{names}{i}" for i in range(DOCUMENTS)) for part in ("seen", "old", "new")},
        num_learned={"old": 7, "new": 3},
        num_bytes=dict.fromkeys(("seen", "old", "new"), BYTES),
        bits={
            name: {"seen": bits(old), "old": bits(old, after), "new": bits(before, new)}
            for name, (old, before, new, after) in rows.items()
        },
        sizes_bytes=dict.fromkeys(rows, 40),
    )


def experiment(*owns: float, kind: Kind = "real") -> Experiment:
    return Experiment(
        kind=kind,
        repetitions=tuple(repetition(own, names=f"{seed}" if kind == "real" else "d") for seed, own in enumerate(owns)),
        new_tokens=(0, 64),
        steps=(0, 4),
        floor_bits_per_byte=1.0 if kind == "made" else None,
    )


def of(it: Experiment, name: str = MODEL) -> dict[str, Estimate]:
    return {e.name: e for e in predictor_evidence((it,), name, 0.95, rng=np.random.default_rng(0))}


def test_every_number_is_the_difference_that_its_name_says() -> None:
    found = of(experiment(1.0, 2.0))
    assert found["adaptation.bits_per_byte"].value == pytest.approx((1.0 + 2.0) / 2)
    assert found["adaptation.best_memorizer_bits_per_byte"].value == pytest.approx(2.0)
    assert found["adaptation.bits_beyond_memorizer_per_byte"].value == pytest.approx(2.0 - 1.5)
    gain = found["adaptation.new_domain_gain_bits_per_byte"]
    assert gain.value == pytest.approx(2.0 - 0.5)
    assert gain.control is not None
    assert gain.excess is not None
    # The best that was built anew is not the mixture here.
    assert gain.control.value == pytest.approx(5.0 - 3.5)
    assert gain.excess.value == pytest.approx((2.0 - 0.5) - (5.0 - 3.5))
    assert found["adaptation.new_domain_bits_beyond_memorizer_per_byte"].value == pytest.approx(3.5 - (1.5 + 0.5))
    assert found["adaptation.new_domain_bits_beyond_frozen_mixture_per_byte"].value == pytest.approx(5.0 - (1.5 + 0.5))
    assert found["adaptation.forgetting_bits_per_byte"].value == pytest.approx(1.5)


def test_everyone_has_the_same_names_and_the_best_is_no_control_of_itself() -> None:
    it = experiment(1.0, 2.0)
    assert {tuple(of(it, name)) for name in it.repetitions[0].bits} == {tuple(of(it))}
    assert of(it, MARKOV)["adaptation.new_domain_gain_bits_per_byte"].control is None
    assert of(it, MARKOV)["adaptation.new_domain_gain_bits_per_byte"].value == pytest.approx(1.5)


def test_the_table_that_is_told_the_gap_is_a_ceiling_of_made_text_and_never_the_best_memorizer() -> None:
    name = "adaptation.made_new_domain_bits_beyond_told_table_per_byte"
    found = of(experiment(1.0, 2.0, kind="made"))
    assert found[name].value == pytest.approx(1.25 - (1.5 + 0.5))
    assert found["adaptation.made_new_domain_bits_beyond_memorizer_per_byte"].value == pytest.approx(3.5 - 2.0)
    assert not any("told_table" in other for other in of(experiment(1.0, 2.0)))


def test_with_three_seeds_the_interval_is_over_seeds_and_with_two_over_documents() -> None:
    three = of(experiment(1.0, 2.0, 3.0))["adaptation.bits_per_byte"]
    assert three.low == pytest.approx(2.0 - 4.302653 * 1.0 / 3**0.5, abs=1e-5)
    assert "Student's t over 3 seeds" in three.method
    two = of(experiment(1.0, 2.0))["adaptation.bits_per_byte"]
    assert two.n == 2 * DOCUMENTS
    assert two.low is not None
    assert 1.0 <= two.low < 1.5
    assert "bootstrap over the held-out documents of 2 seeds" in two.method


def test_a_document_that_two_seeds_hold_out_counts_once_but_made_ones_are_others() -> None:
    same = Experiment(
        kind="real", repetitions=(repetition(1.0), repetition(2.0)), new_tokens=(0, 64), steps=(0, 4),
        floor_bits_per_byte=None,
    )  # fmt: skip
    assert of(same)["adaptation.bits_per_byte"].n == DOCUMENTS
    assert of(experiment(1.0, 2.0, kind="made"))["adaptation.made_bits_per_byte"].n == 2 * DOCUMENTS


@pytest.mark.parametrize(
    ("own", "word"),
    [
        (1.0, "real text, unseen 1.00 : 2.00, fewer; new domain 1.50 : 3.50, fewer"),
        (1.9, "real text, unseen 1.90 : 2.00, fewer; new domain 2.40 : 3.50, fewer"),
        (2.9, "real text, unseen 2.90 : 2.00, more; new domain 3.40 : 3.50, fewer"),
        (3.1, "real text, unseen 3.10 : 2.00, more; new domain 3.60 : 3.50, more"),
    ],
)
def test_the_table_has_everyone_and_its_title_says_who_passes(own: float, word: str) -> None:
    evidence = model_evidence(
        (experiment(own, own), experiment(own, own, kind="made")), 0.95, rng=np.random.default_rng(0)
    )
    tables = {e.name: e for e in evidence if isinstance(e, Table)}
    table = tables["adaptation.predictors"]
    assert [row[1] for row in table.rows if row[0] == "real text"] == [MODEL, MIXTURE, MARKOV, LOOKUP, BLIND, TOLD]
    assert [row[1] for row in table.rows][-1] == "the source itself"
    assert word in table.title
    assert len(table.title) <= 200
    assert [row[:4] for row in tables["adaptation.seeds"].rows[:2]] == [("real text", 1, 7, 3), ("real text", 2, 7, 3)]
    assert len(tables["adaptation.seeds"].rows) == 2 * 2
    series = [e for e in evidence if isinstance(e, Series)]
    assert len(series) == 4
    assert f"to {own + 0.5:.2f} bits per byte" in series[0].title
    frozen = next(line for line in series[0].lines if "frozen" in line.label)
    assert [point.y for point in frozen.points] == [5.0]
    for it in (one for one in series if one.name.endswith("new_domain")):
        told = next(line for line in it.lines if line.label == "table told the gap")
        assert [point.y for point in told.points] == [1.25]
    assert "a table that is told the gap needs 1.25" in series[2].title


def test_a_title_says_fewer_only_where_the_paired_interval_does() -> None:
    """Three documents better, three worse: the mean is below the mixture's, the interval is not."""
    ups = np.array([1.0, -1.0, 1.0, -1.0, 1.0, -0.5])
    one = repetition(1.0)
    rows = dict(one.bits)
    rows[MODEL] = {
        part: np.stack([row - ups * BYTES for row in rows[MARKOV if part == "new" else MIXTURE][part]])
        for part in rows[MODEL]
    }
    rows[MIXTURE] = dict(rows[MIXTURE]) | {"new": rows[MARKOV]["new"]}
    it = dataclasses.replace(experiment(1.0), repetitions=(dataclasses.replace(one, bits=rows),))
    evidence = model_evidence((it,), 0.95, rng=np.random.default_rng(0))
    table = next(e for e in evidence if isinstance(e, Table) and e.name == "adaptation.predictors")
    assert table.title.count("undecided") == 2
    curve = next(e for e in evidence if isinstance(e, Series))
    assert "not told apart from the re-fitted mixture's" in curve.title


def test_the_method_has_its_six_headings() -> None:
    assert tuple(method_parts(adaptation_lab.__doc__ or "")) == METHOD_HEADINGS
