"""The rates over searched windows; the search itself is tested in tests/stats/test_near_mass.py."""

import dataclasses

import numpy as np

from byheart.audits.extraction import AUDIT, Params, needs, run
from byheart.audits.extraction.params import mass_needs, windows_need, written_need
from byheart.core.evidence import Estimate, Evidence, Refusal, Table
from byheart.core.material import NearMassNeed, SearchedWindow
from byheart.core.spans import Span
from byheart.stats.intervals import clopper_pearson, newcombe
from tests.audits.material import inputs

PARAMS = Params(num_searched=4)
NAME = "extraction.near_verbatim_pz_1e3_rate"


def searched(role: str, verbatim: float, mass: float) -> SearchedWindow:
    side = "member" if role == "member" else "control"
    return SearchedWindow(
        role=side,  # type: ignore[arg-type]
        document="d",
        span=Span(0, 9),
        verbatim=verbatim,
        mass=mass,
        num_texts=3,
        is_whole=mass == 1.0,
    )


SEARCHED = (
    *(searched("member", v, m) for v, m in ((0.9, 1.0), (0.0005, 0.002), (0.0, 0.0), (1e-9, 1e-9))),
    *(searched("control", v, m) for v, m in ((0.0, 0.001), (0.0, 0.0), (0.0, 0.0))),
)


def found(params: Params, **parts: object) -> dict[str, Evidence]:
    return {e.name: e for e in run(inputs(**parts), params, rng=np.random.default_rng(0))}


def test_the_rate_counts_masses_beside_those_of_held_out_windows() -> None:
    it = found(PARAMS, searched=4 * SEARCHED)[NAME]
    assert isinstance(it, Estimate)
    expected = clopper_pearson(4 * 2, 4 * 4)
    assert (it.value, it.low, it.high, it.n) == (expected.value, expected.low, expected.high, 16)
    assert it.control == clopper_pearson(4 * 1, 4 * 3)
    assert it.excess == newcombe((4 * 2, 4 * 4), (4 * 1, 4 * 3))
    assert "Of 4 of 28 windows it is the whole mass." in it.method


def test_each_level_has_both_the_suffix_itself_and_what_is_near_it() -> None:
    table = found(PARAMS, searched=SEARCHED)["extraction.near_verbatim_mass"]
    assert isinstance(table, Table)
    # Levels 0.5, 0.1, 0.01, 0.001, 1e-6: word for word and nearly of four, nearly of three held-out.
    assert [row[1:6] for row in table.rows] == [
        (1, 1, 4, 0, 3),
        (1, 1, 4, 0, 3),
        (1, 1, 4, 0, 3),
        (1, 2, 4, 1, 3),
        (2, 2, 4, 1, 3),
    ]
    assert "and 1 of 3 held-out ones nearly; near texts add to the probability of 2 of the trained-on" in table.title


def test_a_subject_without_distributions_is_refused_with_the_reason() -> None:
    (need,) = mass_needs(PARAMS)
    it = found(PARAMS, lacking={need: "It does not show the whole distribution."})[NAME]
    assert it == Refusal(name=NAME, reason="It does not show the whole distribution.")


def test_the_quick_profile_searches_nothing_and_says_nothing() -> None:
    quick = AUDIT.profiles["quick"]
    assert not [need for need in needs(quick) if isinstance(need, NearMassNeed)]
    assert not [name for name in found(quick, searched=()) if "near_verbatim_pz" in name]
    for profile in ("standard", "full"):
        assert [need for need in needs(AUDIT.profiles[profile]) if isinstance(need, NearMassNeed)]


def test_what_is_asked_is_within_a_tenth_of_the_suffix_and_told_before() -> None:
    (need,) = mass_needs(Params(prefix_tokens=3, suffix_tokens=20, num_searched=2, beam_width=5))
    assert need.at_most == 2
    contexts = [3, *(3 + written for written in range(1, 20) for _ in range(5))]
    assert need.num_read_tokens == 2 * 2 * sum(contexts)


def test_searching_moves_no_other_number() -> None:
    without = dataclasses.replace(PARAMS, num_searched=0)
    more, fewer = found(PARAMS, searched=SEARCHED), found(without, searched=SEARCHED)
    assert fewer == {name: it for name, it in more.items() if name not in (NAME, "extraction.near_verbatim_mass")}
    assert (windows_need(PARAMS), written_need(PARAMS)) == (windows_need(without), written_need(without))
