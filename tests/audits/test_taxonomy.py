import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.audits.extraction.params import Params
from byheart.audits.extraction.taxonomy import is_templated, kind_of, taxonomy
from byheart.stats.intervals import clopper_pearson
from tests.audits.material import inputs, window

PARAMS = Params(prefix_tokens=2, suffix_tokens=4)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a, b, a, b, a, b", ", a, b, a, b"),
        ("----------", "--------"),
        ("\n".join(f"item {n}: x" for n in range(8, 11)), "\nitem 11: x\nitem 12: x\nit"),
        ("0x01 0x02 0x03 ", "0x04 0x05"),
        ("007 008 009", " 010 011"),
        ("90 80 70 ", "60 50 4"),
        ("v1.2, v1.3, v1.", "4, v1.5, v"),
        ("Of the releases it has seen these: v1.2, v1.3, v1.", "4, v1.5, v"),
        ("Dear sir! Yes. a, b, a, b, ", "a, b"),
    ],
)
def test_a_pattern_that_the_beginning_shows_is_a_template(before: str, after: str) -> None:
    assert is_templated(before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("We hold these truths to be", " self-evident, that all men"),
        ("1 2 3 ", "5 6"),
        ("1 2 4 ", "8 16"),
        ("a, b, a, b, a", ", b, c"),
        ("a, b, ", "a, b"),  # shown once: that it repeats is not yet to be seen
        ("Dear sir! Yes. a, b, ", "a, b"),  # likewise, with room before it
        ("# Copyright (c) The Authors. All rights reserved. name = value; ", "name = value; "),
        ("In the beginning there was the word: row 7; ", "row 7; ro"),
        ("The sum of all these was 12 and then x 3; ", "x 3; x 3"),
        ("", "x"),
    ],
)
def test_prose_and_broken_patterns_are_not(before: str, after: str) -> None:
    assert not is_templated(before, after)


@given(st.integers(0, 10**6), st.integers(0, 50), st.integers(3, 6), st.integers(1, 5), st.data())
def test_counting_is_foreseen_wherever_it_is_cut(
    start: int, step: int, shown: int, more: int, data: st.DataObject
) -> None:
    text = "".join(f"row {start + step * n};\n" for n in range(shown + more))
    shortest = len("".join(f"row {start + step * n};\n" for n in range(shown)))
    cut = data.draw(st.integers(shortest, len(text)))
    assert is_templated(text[:cut], text[cut:])


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_has_an_answer(before: str, after: str) -> None:
    assert is_templated(before, after) in (True, False)


def test_recitation_goes_before_reconstruction() -> None:
    assert kind_of(6, "- - - -", " - -") == "recite"
    assert kind_of(5, "- - - -", " - -") == "reconstruct"
    assert kind_of(5, "call me", " Ishmael") == "recollect"


def test_the_table_counts_what_came_out_of_each_sample_apart() -> None:
    windows = [window("member", f"m{i}", 0.95, num_occurrences=n) for i, n in enumerate((1, 1, 6))]
    windows += [window("member", "no", 0.1, agrees=False), window("member", "s", 0.95, in_base_sample=False)]
    controls = [window("control", "c", 0.95)]
    # As text the windows are <0><7><14>...: they count, so that they can be reconstructed.
    (table,) = taxonomy(windows, controls, inputs(), PARAMS)
    one, two = clopper_pearson(1, 3), clopper_pearson(2, 3)
    assert [row[1:5] for row in table.rows[:2]] == [(1, 1 / 3, one.low, one.high), (2, 2 / 3, two.low, two.high)]
    assert [(row[1], row[5], row[6]) for row in table.rows] == [(1, 0, 0), (2, 1, 1), (0, 0, 0)]
    prose = dataclasses.replace(inputs(), decode=lambda ids: f"words of {ids.size} ")
    (table,) = taxonomy(windows, controls, prose, PARAMS)
    assert [(row[1], row[5], row[6]) for row in table.rows] == [(1, 0, 0), (0, 0, 0), (2, 1, 1)]


def test_where_nothing_came_out_there_is_nothing_to_sort() -> None:
    assert taxonomy([window("member", "no", 0.1, agrees=False)], [], inputs(), PARAMS) == ()
