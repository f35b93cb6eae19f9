"""Numbers in words."""

import math
from dataclasses import replace

import pytest

from byheart.core.evidence import Interval, Refusal
from byheart.explorer.words import (
    as_far_said,
    chance_said,
    continuation_said,
    cut_said,
    greedy_said,
    probability,
    tries_said,
    usual_said,
)
from byheart.study.exploring.continuation import Cut, Said
from byheart.study.tracing import Chance, Trace
from tests.models.networks import texts


def said(log_pz: float | None, tries: float | None, *, tells: bool = True, num_right: int = 1) -> Said:
    return Said(
        name="m", log_pz_nats=log_pz, tells_pz=tells, bits=3.0, num_right=num_right,
        log_pz_right_nats=math.log(0.896) if tells else None, is_greedy=False, tries=tries,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("log_nats", "words"),
    [(None, "0"), (0.0, "100 %"), (math.log(0.5), "50.0 %"), (math.log(7.24e-17), "7.2 \N{MULTIPLICATION SIGN} 10⁻¹⁷"),
     (math.log(9.96e-5), "1.0 \N{MULTIPLICATION SIGN} 10⁻⁴"), (-5000.0, "3.4 \N{MULTIPLICATION SIGN} 10⁻²¹⁷²")],
)  # fmt: skip
def test_probabilities_are_shares_or_powers_of_ten(log_nats: float | None, words: str) -> None:
    assert probability(log_nats) == words


def test_tries_are_whole_and_never_is_said() -> None:
    half = math.log(1 - 0.5) / math.log(1 - 0.1)
    assert tries_said(said(math.log(0.1), half)) == str(math.ceil(half)) == "7"
    assert tries_said(said(math.log(1e-9), math.log(2) / 1e-9)) == "6.9 \N{MULTIPLICATION SIGN} 10⁸"
    assert tries_said(said(None, None)) == "never"
    assert tries_said(said(-900.0, None)) == "more than can be counted"


def test_what_is_never_written_and_what_is_not_told_are_different_sentences() -> None:
    assert "never writes" in continuation_said(said(None, None), 5)
    assert "does not tell" in continuation_said(said(None, None, tells=False), 5)
    assert "In one try" in continuation_said(said(math.log(0.9), 1.0), 5)


def test_how_much_comes_out_by_itself_is_said_before_anything_else() -> None:
    never = continuation_said(said(None, None, num_right=23), 24)
    assert never.startswith("Of 24 tokens the first 23 tokens come out by themselves (greedy), then the model says")
    assert "p_z of that part is 89.6 %" in never
    assert "end it with a whole word" in never
    # The last token alone differs, and may be the wrong one, also where it is among the 40.
    assert "end it with a whole word" in continuation_said(said(-14.0, 1e6, num_right=23), 24)
    assert "end it with a whole word" not in continuation_said(said(-14.0, 1e6, num_right=5), 24)
    assert "p_z of that part" not in continuation_said(said(None, None, tells=False), 5)
    assert continuation_said(said(None, None, num_right=0), 24).startswith("The model would begin otherwise")
    assert continuation_said(replace(said(0.0, 1.0, num_right=24), is_greedy=True), 24).startswith("All 24 tokens")
    assert (greedy_said(said(0.0, 1.0), 5), greedy_said(replace(said(0.0, 1.0), is_greedy=True), 5)) == (
        "first 1 of 5",
        "all 5",
    )


def test_the_chance_of_a_run_names_the_part_of_the_held_out_text_that_it_is_of() -> None:
    found = Trace((), 5, 5, 9, 0.0, Chance(tuple(range(20)), (0.0,) * 20, 0))
    assert chance_said(found, "bytes").startswith("By chance: 15 of 20 windows of held-out text of this length")
    assert "half of the held-out text that the blind pole is built of is left out" in chance_said(found, "bytes")


def test_what_comes_out_by_itself_stands_beside_chance() -> None:
    assert "0 of 77 windows" in as_far_said(Interval(0.0, 0.0, 0.047, n=77), 23)
    assert "the first 23 tokens" in as_far_said(Interval(0.0, 0.0, 0.047, n=77), 23)
    assert as_far_said(Interval(1.0, 0.953, 1.0, n=77), 0) == ""


def test_a_moved_border_and_unread_tokens_are_named() -> None:
    (ids,) = texts(6)
    it = Cut(token_ids=ids, num_given=4, moved_bytes=2, left_out_tokens=1000)
    assert it.num_tokens == 2
    assert "2 bytes earlier" in cut_said(it)
    assert "first 1,000 tokens" in cut_said(it)
    assert "(2 bytes) are left out" in cut_said(replace(it, blank_bytes=2))
    assert cut_said(Cut(token_ids=ids, num_given=4, moved_bytes=0, left_out_tokens=0)) == ""


def test_chance_has_its_interval_or_its_reason() -> None:
    assert "0 of 77 windows" in usual_said(Interval(0.0, 0.0, 0.047, n=77), 50, 50, whole=True)
    assert usual_said(Refusal(name="x", reason="Too few."), 50, None, whole=False) == "Chance level: none. Too few."
