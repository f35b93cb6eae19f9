import dataclasses
import math
import zlib

import numpy as np
import pytest

from byheart.audits import membership_scores as scores
from byheart.audits.extraction import AUDIT as EXTRACTION
from byheart.audits.membership import AUDIT, Params, run
from byheart.audits.membership_tables import HEADLINE
from byheart.core.evidence import Estimate, Evidence, Interval, Refusal, Series, Table
from byheart.core.material import ComparedWindow, ComparedWindowsNeed, Inputs
from byheart.core.token_scores import TokenScores
from byheart.core.tokens import TokenIds
from byheart.stats.multiplicity import holm
from byheart.stats.roc import auc
from byheart.stats.split_gate import smallest_found
from tests.audits.material import VOCABULARY, compared, inputs, window

PARAMS = Params(prefix_tokens=2, suffix_tokens=4)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def texts_of(role: str, number: int, *, is_marked: bool) -> list[int]:
    """Six tokens; marked ones tell their side by themselves."""
    generator = np.random.default_rng([number, role == "member"])
    ids = generator.integers(0, VOCABULARY - 2, 6).tolist()
    return [VOCABULARY - 1 if role == "member" else VOCABULARY - 2, *ids[1:]] if is_marked else ids


def document(role: str, number: int, probability: float, *, is_marked: bool = False) -> ComparedWindow:
    """One document's window of tokens of its own."""
    ids = texts_of(role, number, is_marked=is_marked)
    it = window(role, f"{role}{number}", probability)
    suffix = dataclasses.replace(it.suffix, token_ids=np.array(ids[2:], dtype=np.int32))
    changed = dataclasses.replace(it, prefix=np.array(ids[:2], dtype=np.int32), suffix=suffix)
    return compared(changed)


def study(members: list[float], controls: list[float], *, is_marked: bool = False) -> Inputs:
    """Documents whose tokens have these probabilities."""
    found = [document("member", i, p, is_marked=is_marked) for i, p in enumerate(members)]
    found += [document("control", i, p, is_marked=is_marked) for i, p in enumerate(controls)]
    decode = lambda ids: " ".join(f"word{i}" for i in ids.tolist())  # noqa: E731
    return dataclasses.replace(inputs(compared=tuple(found), reference="blind"), decode=decode)


def drawn(num: int, low: float, high: float, seed: int) -> list[float]:
    return np.random.default_rng(seed).uniform(low, high, num).tolist()


def by_name(evidence: tuple[Evidence, ...]) -> dict[str, Evidence]:
    return {e.name: e for e in evidence if not isinstance(e, Series)}


def rows_of(evidence: tuple[Evidence, ...]) -> dict[str, dict[str, object]]:
    table = next(e for e in evidence if isinstance(e, Table) and e.name == "membership.scores")
    columns = ("AUC", "p, set level", "p, Holm", "TPR at 1 % FPR")
    return {str(row[0]): {c: row[table.columns.index(c)] for c in columns} for row in table.rows}


def test_the_loss_is_the_mean_log_probability() -> None:
    assert scores.loss(document("member", 0, 0.25), b"") == pytest.approx(4 * math.log(0.25) / 4)


def test_zlib_divides_by_the_compressed_bytes() -> None:
    text = b"so it goes, and so it goes, and so it goes"
    expected = math.log(0.25) / len(zlib.compress(text))
    assert scores.zlib_ratio(document("member", 0, 0.25), text) == pytest.approx(expected)


def test_lower_case_and_reference_stand_against_the_loss() -> None:
    it = compared(window("member", "a", 0.25), lowercase=3.0, reference=2.0, mixture=0.5)
    assert scores.lowercase_ratio(it, b"") == pytest.approx(math.log(0.25) / 3.0)
    assert scores.reference_ratio(it, b"") == pytest.approx(math.log(0.25) - -2.0)
    assert scores.mixture_loss(it, b"") == pytest.approx(-0.5)


def uneven(log_probabilities: list[float], entropy: float, variance: float) -> ComparedWindow:
    n = len(log_probabilities)
    suffix = TokenScores(
        token_ids=np.zeros(n, dtype=np.int32),
        log_probability_nats=np.array(log_probabilities),
        rank=np.ones(n, dtype=np.int32),
        argmax_id=np.zeros(n, dtype=np.int32),
        argmax_log_probability_nats=np.zeros(n),
        entropy_nats=np.full(n, entropy),
        log_probability_variance_nats2=np.full(n, variance),
        log_top_k_mass_nats=np.zeros(n),
    )
    return compared(dataclasses.replace(window("member", "a", 0.5), suffix=suffix))


def test_min_k_is_the_mean_of_the_unlikeliest_fifth() -> None:
    it = uneven([-1.0, -9.0, -2.0, -7.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0], entropy=1.5, variance=4.0)
    assert scores.min_k(it, b"") == pytest.approx((-9.0 - 7.0) / 2)
    # Each token against a mean of -1.5 and a deviation of 2.
    assert scores.min_k_plus(it, b"") == pytest.approx(((-9.0 + 1.5) / 2 + (-7.0 + 1.5) / 2) / 2)


def test_min_k_of_few_tokens_is_the_unlikeliest_and_certainty_divides_by_nothing() -> None:
    assert scores.min_k(uneven([-3.0, -1.0], 1.0, 1.0), b"") == -3.0
    assert scores.min_k_plus(uneven([0.0, 0.0], 0.0, 0.0), b"") == 0.0


def test_the_headline_is_the_auc_of_the_loss_beside_chance() -> None:
    members, controls = drawn(45, 0.3, 0.9, 1), drawn(40, 0.2, 0.5, 2)
    it = by_name(run(study(members, controls), PARAMS, rng=rng()))["membership.auc"]
    assert isinstance(it, Estimate)
    expected = auc(np.log(members), np.log(controls))
    assert (it.value, it.low, it.high, it.n) == pytest.approx((expected.value, expected.low, expected.high, 85))
    assert it.control is not None
    assert it.excess is not None
    assert (it.control.value, it.excess.value) == (0.5, it.value - 0.5)


def test_every_score_is_in_the_table_with_holm_over_all_of_them() -> None:
    rows = rows_of(run(study(drawn(30, 0.3, 0.9, 1), drawn(25, 0.2, 0.7, 2)), PARAMS, rng=rng()))
    names = [f"{HEADLINE} (headline)", "zlib ratio", "lowercase ratio", "Min-K% 20", "Min-K%++ 20", "reference ratio"]
    assert list(rows)[:6] == names
    raw = [rows[name]["p, set level"] for name in names]
    assert [rows[name]["p, Holm"] for name in names] == pytest.approx(holm(raw))  # type: ignore[arg-type]
    gate, mixture = list(rows)[-1], list(rows)[-2]
    assert "split gate" in gate
    assert "mixture of memorizers" in mixture
    assert rows[mixture]["p, set level"] is None


def test_two_sets_that_differ_by_themselves_have_no_headline() -> None:
    evidence = run(study(drawn(40, 0.5, 0.9, 1), drawn(40, 0.2, 0.5, 2), is_marked=True), PARAMS, rng=rng())
    found = by_name(evidence)
    for name in ("membership.auc", "membership.tpr_at_1pct_fpr", "membership.set_p_value"):
        refusal = found[name]
        assert isinstance(refusal, Refusal)
        assert "differ by themselves" in refusal.reason
    gate = found["membership.split_auc"]
    assert isinstance(gate, Estimate)
    assert gate.low is not None
    assert gate.low > 0.5
    marked = [e.title for e in evidence if isinstance(e, Series | Table)]
    assert all("differ by themselves" in title for title in marked)


@pytest.mark.parametrize(("num", "kind"), [(39, Refusal), (40, Estimate)])
def test_a_gate_of_fewer_than_forty_documents_a_side_lets_nothing_pass(num: int, kind: type) -> None:
    evidence = run(study(drawn(60, 0.6, 0.9, 1), drawn(num, 0.2, 0.5, 2)), PARAMS, rng=rng())
    found = by_name(evidence)
    gate, area = found["membership.split_auc"], found["membership.auc"]
    assert isinstance(gate, Estimate)
    assert isinstance(area, kind)
    if isinstance(area, Refusal):
        assert "Needs 40 documents on each side" in area.reason
        assert f"has 60 trained-on and {num} held-out" in area.reason
        told = [e.title for e in evidence if isinstance(e, Series | Table)]
        assert all("may differ by themselves" in title for title in told)
    # What it would have found, by the width of its interval.
    smallest = smallest_found(Interval(gate.value, gate.low or 0.0, gate.high or 1.0))
    assert f"finds an AUC of {smallest:.2f} in four of five such sets" in gate.method


def test_what_the_sets_may_do_by_themselves_is_not_put_down_to_the_subject() -> None:
    # Better than chance, and not better than the gate leaves open.
    found = by_name(run(study(drawn(50, 0.3, 0.9, 1), drawn(50, 0.2, 0.85, 2)), PARAMS, rng=rng()))
    told, gate = auc(*(np.log(drawn(50, *it)) for it in ((0.3, 0.9, 1), (0.2, 0.85, 2)))), found["membership.split_auc"]
    assert isinstance(gate, Estimate)
    assert gate.high is not None
    assert 0.5 < told.low < gate.high
    for name in ("membership.auc", "membership.tpr_at_1pct_fpr", "membership.set_p_value"):
        refusal = found[name]
        assert isinstance(refusal, Refusal)
        assert "may differ by themselves" in refusal.reason
    assert f"{told.value:.2f} ({told.low:.2f} to {told.high:.2f})" in found["membership.auc"].reason  # type: ignore[union-attr]


def test_the_gate_reads_equally_much_of_each_side_however_long_the_tokens() -> None:
    # Every text is one letter, and those of members are longer: only the tokenizer tells the sides apart.
    plain = study(drawn(40, 0.3, 0.9, 1), drawn(40, 0.3, 0.9, 2))

    def decode(ids: TokenIds) -> str:
        is_member = any(np.array_equal(ids[-4:], it.window.suffix.token_ids) for it in plain.compared[:40])
        return "x" * (20 + int(ids.sum()) % 7 + (6 if is_member else 0))

    gate = by_name(run(dataclasses.replace(plain, decode=decode), PARAMS, rng=rng()))["membership.split_auc"]
    assert isinstance(gate, Estimate)
    assert gate.low is not None
    assert gate.low <= 0.5


def test_the_law_of_repetition_counts_the_windows_that_fill_strata() -> None:
    whole = study(drawn(20, 0.3, 0.9, 1), drawn(20, 0.3, 0.9, 2))
    often = [window("member", f"o{i}", p, num_occurrences=20) for i, p in enumerate(drawn(12, 0.95, 0.99, 3))]
    few = [window("member", f"f{i}", 0.5, num_occurrences=3) for i in range(9)]
    windows = (*(it.window for it in whole.compared), *often, *few)
    evidence = run(dataclasses.replace(whole, windows=windows), PARAMS, rng=rng())
    table = next(e for e in evidence if isinstance(e, Table) and e.name == "membership.by_occurrences")
    assert [row[:2] for row in table.rows] == [("1", 20), ("2-3", 9), ("16-63", 12)]
    assert [row[2] for row in table.rows[1:]] == [None, 1.0]


def test_the_gate_does_not_see_the_model() -> None:
    one, other = (study(drawn(30, low, low + 0.3, 1), drawn(30, 0.2, 0.4, 2)) for low in (0.2, 0.6))
    gates = [by_name(run(it, PARAMS, rng=rng()))["membership.split_auc"] for it in (one, other)]
    assert gates[0] == gates[1]


@pytest.mark.parametrize(("num", "kinds"), [(99, [Refusal, Refusal]), (100, [Estimate, Refusal])])
def test_rates_are_refused_below_the_controls_that_they_need(num: int, kinds: list[type]) -> None:
    evidence = run(study(drawn(40, 0.3, 0.9, 1), drawn(num, 0.3, 0.9, 2)), PARAMS, rng=rng())
    found = by_name(evidence)
    rates = [found["membership.tpr_at_1pct_fpr"], found["membership.tpr_at_01pct_fpr"]]
    assert [type(it) for it in rates] == kinds
    assert isinstance(rates[1], Refusal)
    assert rates[1].reason == f"A false positive rate of 0.1 % needs 1,000 held-out documents; there are {num}."
    assert (rows_of(evidence)["zlib ratio"]["TPR at 1 % FPR"] is None) == (num < 100)


def test_too_few_documents_are_refused_with_the_number_needed() -> None:
    evidence = run(study(drawn(9, 0.3, 0.9, 1), drawn(30, 0.3, 0.9, 2)), PARAMS, rng=rng())
    assert {type(e) for e in evidence} == {Refusal}
    assert "Needs 40 documents on each side" in by_name(evidence)["membership.auc"].reason  # type: ignore[union-attr]


def test_a_subject_that_shows_less_loses_only_the_scores_that_need_more() -> None:
    whole = study(drawn(20, 0.3, 0.9, 1), drawn(20, 0.3, 0.9, 2))

    def bare(it: ComparedWindow) -> ComparedWindow:
        shown = dataclasses.replace(it.window.suffix, entropy_nats=None, log_probability_variance_nats2=None)
        return ComparedWindow(window=dataclasses.replace(it.window, suffix=shown))

    less = dataclasses.replace(whole, compared=tuple(bare(it) for it in whole.compared), reference=None)
    rows = rows_of(run(less, PARAMS, rng=rng()))
    assert [name for name, row in rows.items() if row["p, set level"] is not None] == [
        "loss (headline)",
        "zlib ratio",
        "Min-K% 20",
    ]
    assert any(name.startswith("Min-K%++ 20: the subject does not show") for name in rows)
    assert not any("mixture" in name for name in rows)


def test_the_curve_stands_beside_chance_on_a_log_axis() -> None:
    evidence = run(study(drawn(30, 0.3, 0.9, 1), drawn(100, 0.2, 0.7, 2)), PARAMS, rng=rng())
    (series,) = (e for e in evidence if isinstance(e, Series))
    assert series.x_is_log
    own, chance = series.lines
    assert [p.x for p in own.points] == [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9]
    assert all(p.x == p.y for p in chance.points)


@pytest.mark.parametrize("profile", ["quick", "standard", "full"])
def test_its_windows_are_those_of_extraction_so_that_they_are_scored_once(profile: str) -> None:
    theirs, *_ = EXTRACTION.needs(EXTRACTION.profiles[profile])  # type: ignore[index]
    mine, beside = AUDIT.needs(AUDIT.profiles[profile])  # type: ignore[index]
    assert mine == theirs
    assert isinstance(beside, ComparedWindowsNeed)
    assert beside.windows == mine
