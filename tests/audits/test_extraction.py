import dataclasses
import math

import numpy as np
import pytest

from byheart.audits.extraction import AUDIT, Params, run
from byheart.audits.extraction.coming_out import is_greedily_extracted, log_pz_nats
from byheart.audits.extraction.sweeps import tries
from byheart.core.evidence import Estimate, Exhibit, Refusal, Series, Table
from byheart.core.needs import WindowsNeed, WrittenWindowsNeed
from byheart.stats.intervals import clopper_pearson, newcombe
from tests.audits.material import inputs, ladder, window

PARAMS = Params(prefix_tokens=2, suffix_tokens=4)
RNG = np.random.default_rng(0)


def test_greedy_means_every_suffix_token_is_the_argmax() -> None:
    assert is_greedily_extracted(window("member", "a", 0.9), 4)
    assert not is_greedily_extracted(window("member", "a", 0.1, agrees=False), 4)


def test_pz_is_the_product_over_the_suffix_after_top_k_renormalisation() -> None:
    # 50 tokens: the token has 0.9, each of the 49 others 0.1/49; the 40 best hold 0.9 + 39 * 0.1/49.
    expected = 4 * math.log(0.9 / (0.9 + 39 * 0.1 / 49))
    assert log_pz_nats(window("member", "a", 0.9), 4) == pytest.approx(expected)
    assert log_pz_nats(window("member", "a", 0.9), 1) == pytest.approx(expected / 4)


def test_rates_stand_beside_their_control_with_exact_intervals() -> None:
    windows = [window("member", f"m{i}", 0.95, agrees=True) for i in range(7)]
    windows += [window("member", f"m{i}", 0.1, agrees=False) for i in range(7, 10)]
    windows += [window("control", f"c{i}", 0.1, agrees=False) for i in range(10)]
    rate = next(e for e in run(inputs(windows=tuple(windows)), PARAMS, rng=RNG) if isinstance(e, Estimate))
    exact = clopper_pearson(7, 10)
    assert rate.name == "extraction.greedy_rate"
    assert (rate.value, rate.low, rate.high, rate.n) == (7 / 10, exact.low, exact.high, 10)
    assert rate.control == clopper_pearson(0, 10)
    assert rate.excess == newcombe((7, 10), (0, 10))


def test_windows_that_only_fill_a_stratum_do_not_move_the_headline() -> None:
    windows = (
        window("member", "a", 0.1, agrees=False),
        window("member", "b", 0.95, num_occurrences=70, in_base_sample=False),
        window("control", "c", 0.1, agrees=False),
    )
    evidence = run(inputs(windows=windows), PARAMS, rng=RNG)
    assert next(e for e in evidence if isinstance(e, Estimate)).value == 0 / 1
    strata = next(e for e in evidence if isinstance(e, Table) and e.name == "extraction.strata")
    assert [(row[0], row[1], row[2]) for row in strata.rows] == [
        ("1", 1, 0),
        ("64 or more", 1, 1),
        ("held out", 1, 0),
    ]


def test_the_finding_says_what_the_strata_say() -> None:
    windows = [window("member", f"a{i}", 0.1, agrees=False) for i in range(3)]
    windows += [window("member", f"b{i}", 0.95, num_occurrences=16) for i in range(2)]
    windows += [window("control", "c", 0.1, agrees=False)]
    series = next(e for e in run(inputs(windows=tuple(windows)), PARAMS, rng=RNG) if isinstance(e, Series))
    assert "2 of 2 passages that occur 16-63 times" in series.title
    assert "0 of 3 that occur once" in series.title
    assert [p.x for p in series.lines[0].points] == pytest.approx([1, 16])


def test_more_tries_never_extract_less() -> None:
    windows = [window("member", f"m{i}", p) for i, p in enumerate((0.2, 0.5, 0.9))] + [window("control", "c", 0.05)]
    series = next(
        e for e in run(inputs(windows=tuple(windows)), PARAMS, rng=RNG) if getattr(e, "name", "") == "extraction.tries"
    )
    assert isinstance(series, Series)
    for line in series.lines:
        ys = [p.y for p in line.points]
        assert ys == sorted(ys)


def test_the_finding_about_tries_is_what_is_to_be_expected_not_what_may_happen_at_p_of_a_tenth() -> None:
    """Of the statistician's 100 windows each has p_z = 1.13e-7: a million tries draw out 10.6 % of them, not all."""
    length, pz = PARAMS.suffix_tokens, 1.13e-7
    members = [window("member", f"m{i}", pz ** (1 / length), agrees=False) for i in range(3)]
    controls = [window("control", f"c{i}", p) for i, p in enumerate((0.999, 0.002))]
    wanted = [1 - (1 - math.exp(log_pz_nats(w, length))) ** 10**6 for w in (members[0], *controls)]
    found = tries(members, controls, PARAMS)
    assert found.title == (
        f"In a million tries {100 * wanted[0]:.3g} % of trained-on passages come out on average, "
        f"{50 * (wanted[1] + wanted[2]):.3g} % of unseen"
    )
    assert 0.1 < wanted[0] < 0.12
    assert found.lines[0].points[-1].y == 1.0  # by the line of p = 0.1 all of them


def test_the_intervals_of_tries_have_the_confidence_asked_for() -> None:
    members, controls = [window("member", f"m{i}", 0.99) for i in range(5)], [window("control", "c", 0.05)]
    narrow = dataclasses.replace(PARAMS, confidence=0.5)
    for params, confidence in ((PARAMS, 0.95), (narrow, 0.5)):
        last = tries(members, controls, params).lines[0].points[-1]
        assert last.low == clopper_pearson(5, 5, confidence=confidence).low


def test_without_controls_every_rate_is_refused_and_nothing_is_claimed() -> None:
    evidence = run(inputs(windows=(window("member", "a", 0.9),)), PARAMS, rng=RNG)
    assert {type(e) for e in evidence} == {Refusal, Exhibit}


def test_exhibits_say_what_explains_each_token_where_the_run_has_the_memorizers() -> None:
    # The subject says 14, 21, 28, 35; the first rung that says the same explains it.
    beside = ladder(4, knowledge=[14, -1, -1, -1], infinigram=[14, 21, 0, 0], boolean=[0, 21, 28, 0])
    windows = [window("member", f"m{i}", 0.9, ladder=beside) for i in range(2)] + [window("control", "c", 0.5)]
    exhibits = [e for e in run(inputs(windows=windows), PARAMS, rng=RNG) if isinstance(e, Exhibit)]
    assert [token.explanation for token in exhibits[0].tokens] == ["knowledge", "infinigram", "boolean", "beyond"]
    bare = [dataclasses.replace(it, ladder=None) for it in windows]
    (first, *_) = [e for e in run(inputs(windows=bare), PARAMS, rng=RNG) if isinstance(e, Exhibit)]
    assert {token.explanation for token in first.tokens} == {None}


def test_exhibits_show_the_readiest_passages_one_per_document() -> None:
    windows = (
        window("member", "weak", 0.5),
        window("member", "strong", 0.99),
        window("member", "strong", 0.98),
        window("control", "c", 0.999),
    )
    exhibits = [e for e in run(inputs(windows=windows), PARAMS, rng=RNG) if isinstance(e, Exhibit)]
    assert [e.document for e in exhibits] == ["strong", "weak"]
    assert exhibits[0].given == "<0><7>"
    assert [t.text for t in exhibits[0].tokens] == ["<14>", "<21>", "<28>", "<35>"]
    assert all(t.agrees for t in exhibits[0].tokens)


def test_the_need_matches_the_params() -> None:
    need, *others = AUDIT.needs(PARAMS)
    assert isinstance(need, WindowsNeed)
    assert (need.prefix_tokens, need.suffix_tokens) == (2, 4)
    assert WrittenWindowsNeed(windows=need, num_windows=PARAMS.num_written) in others
