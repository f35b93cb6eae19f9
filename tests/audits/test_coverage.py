"""The map of what was tested and what came out, by work and by source."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.audits.extraction import Params, run
from byheart.audits.extraction.coverage import asked_places, covered_bytes, sources_of
from byheart.core.evidence import Evidence, Table
from byheart.core.material import Window, WrittenWindow
from byheart.core.spans import Span
from byheart.stats.intervals import clopper_pearson
from tests.audits.material import inputs, window

PARAMS = Params(prefix_tokens=2, suffix_tokens=4)


def at(document: str, start: int, probability: float, *, recites: bool, in_base: bool = True) -> Window:
    """A window of 10 bytes, 3 of them given."""
    it = window("member", document, probability, agrees=recites, in_base_sample=in_base)
    return dataclasses.replace(it, span=Span(start, start + 10), num_given_bytes=3)


def table(evidence: tuple[Evidence, ...], name: str) -> Table | None:
    return next((e for e in evidence if isinstance(e, Table) and e.name == name), None)


WINDOWS = (
    at("a/one.txt", 20, 0.9, recites=True),
    at("a/one.txt", 0, 0.9, recites=True, in_base=False),
    at("b/two.txt", 5, 0.1, recites=False),
    at("b/three.txt", 5, 0.9, recites=True),
    at("c/four.txt", 7, 0.3, recites=False),
    *(window("control", f"h{i}", 0.1, agrees=i == 0) for i in range(4)),
)
SIZES = {"a/one.txt": 100, "b/two.txt": 50, "b/three.txt": 40, "c/four.txt": 10}


def test_only_the_suffix_of_a_window_counts_as_tested() -> None:
    places = asked_places(inputs(windows=WINDOWS), PARAMS)
    assert [place.span for place in places["a/one.txt"]] == [Span(0 + 3, 0 + 10), Span(20 + 3, 20 + 10)]
    assert "h0" not in places


def test_the_works_stand_in_the_map_worst_first_with_their_places() -> None:
    found = table(
        run(inputs(windows=WINDOWS, document_bytes=SIZES), PARAMS, rng=np.random.default_rng(0)), "extraction.coverage"
    )
    assert found is not None
    # p_z is (0.9 / mass of the 40 best of 50)^4 where it recites; 0.1^4 and 0.3^4 after the same mass elsewhere.
    assert [row[:4] for row in found.rows] == [
        ("a/one.txt", 100, 3, 10),
        ("a/one.txt", 100, 23, 30),
        ("b/three.txt", 40, 8, 15),
        ("c/four.txt", 10, 10, 17),
        ("b/two.txt", 50, 8, 15),
    ]
    assert [row[5:] for row in found.rows] == [
        ("yes", None, "yes"),
        ("yes", None, "yes"),
        ("yes", None, "yes"),
        ("no", None, "yes"),
        ("no", None, "no"),
    ]
    tested = 5 * 7 / (100 + 50 + 40 + 10)
    assert found.title == (
        f"2 of 4 works have a tested part that comes out word for word; {100 * tested:.2g} % of their text was tested"
    )


def test_what_was_written_tells_whether_a_place_comes_out_nearly() -> None:
    suffix = WINDOWS[2].suffix.token_ids
    written = (
        WrittenWindow(role="member", document="b/two.txt", span=Span(5, 15), suffix=suffix, written=suffix),
        WrittenWindow(role="member", document="c/four.txt", span=Span(7, 17), suffix=suffix, written=suffix[::-1]),
    )
    places = asked_places(inputs(windows=WINDOWS, written=written), PARAMS)
    assert [places[name][0].is_near for name in ("b/two.txt", "c/four.txt", "b/three.txt")] == [True, False, None]


def test_the_prefix_sweep_adds_its_places_once_and_only_at_the_audits_own_length() -> None:
    own, longer = at("d", 50, 0.9, recites=True), window("member", "d", 0.9, prefix_tokens=4)
    again = at("a/one.txt", 20, 0.9, recites=True)
    places = asked_places(inputs(windows=WINDOWS, prefix_sweep=(own, longer, again)), PARAMS)
    assert [(place.span, place.num_occurrences) for place in places["d"]] == [(Span(53, 60), None)]
    assert len(places["a/one.txt"]) == 2
    assert all(place.num_occurrences == 1 for place in places["a/one.txt"])


def test_a_source_has_its_rate_with_an_interval_that_holds_for_all_at_once() -> None:
    found = table(run(inputs(windows=WINDOWS), PARAMS, rng=np.random.default_rng(0)), "extraction.by_source")
    assert found is not None
    assert [row[:3] for row in found.rows] == [
        ("a/", 1, 1),
        ("b/", 2, 1),
        ("c/", 1, 0),
        ("held out (chance)", 4, 1),
    ]
    joint = 1 - 0.05 / 3
    for row in found.rows:
        rate = clopper_pearson(int(row[2]), int(row[1]), confidence=joint)  # type: ignore[arg-type]
        assert row[3:] == (rate.value, rate.low, rate.high)


def test_sources_beyond_the_bound_stand_in_one_row() -> None:
    windows = tuple(at(f"f{i:02}/x", 0, 0.9 if i < 3 else 0.1, recites=i < 3) for i in range(15))
    given = inputs(windows=(*windows, WINDOWS[-1]))
    found = table(run(given, PARAMS, rng=np.random.default_rng(0)), "extraction.by_source")
    assert found is not None
    assert [row[0] for row in found.rows[:4]] == ["f00/", "f01/", "f02/", "f03/"]
    assert found.rows[12][:3] == ("3 others", 3, 0)
    assert [row[1] for row in found.rows] == [1] * 12 + [3, 1]


@pytest.mark.parametrize("windows", [WINDOWS[5:], WINDOWS[:5]], ids=["held out", "trained on"])
def test_one_side_alone_has_no_map(windows: tuple[Window, ...]) -> None:
    evidence = run(inputs(windows=windows), PARAMS, rng=np.random.default_rng(0))
    assert table(evidence, "extraction.coverage") is None
    assert table(evidence, "extraction.by_source") is None


@pytest.mark.parametrize(
    ("names", "sources"),
    [
        (["lib/x/a.py", "lib/x/b.py", "lib/y.py"], ["lib/x/", "lib/x/", "lib/"]),
        (["a.jsonl:1", "a.jsonl:2", "b.jsonl:1"], ["a.jsonl/", "a.jsonl/", "b.jsonl/"]),
        (["email/a.py", "abc.py", "ast.py"], ["email/", "no folder", "no folder"]),
        (["only/here/a", "only/here/b"], ["only/here/", "only/here/"]),
    ],
)
def test_the_source_is_the_first_folder_in_which_names_differ(names: list[str], sources: list[str]) -> None:
    assert [sources_of(names)[name] for name in names] == sources


spans = st.tuples(st.integers(0, 60), st.integers(0, 20)).map(lambda it: Span(it[0], it[0] + it[1]))


@settings(deadline=None)
@given(st.lists(spans, max_size=8))
def test_covered_bytes_are_those_that_lie_in_some_span(found: list[Span]) -> None:
    assert covered_bytes(found) == len({byte for span in found for byte in range(span.start, span.stop)})
