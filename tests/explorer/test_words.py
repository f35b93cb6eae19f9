"""Numbers in words."""

import math

import pytest

from byheart.core.evidence import Interval, Refusal
from byheart.explorer.words import continuation_said, cut_said, probability, tries_said, usual_said
from byheart.study.exploring.continuation import Cut, Said
from tests.models.networks import texts


def said(log_pz: float | None, tries: float | None, *, tells: bool = True) -> Said:
    return Said(name="m", log_pz_nats=log_pz, tells_pz=tells, bits=3.0, num_right=1, is_greedy=False, tries=tries)


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


def test_a_moved_border_and_unread_tokens_are_named() -> None:
    (ids,) = texts(6)
    it = Cut(token_ids=ids, num_given=4, moved_bytes=2, left_out_tokens=1000)
    assert it.num_tokens == 2
    assert "2 bytes earlier" in cut_said(it)
    assert "first 1,000 tokens" in cut_said(it)
    assert cut_said(Cut(token_ids=ids, num_given=4, moved_bytes=0, left_out_tokens=0)) == ""


def test_chance_has_its_interval_or_its_reason() -> None:
    assert "0 of 77 windows" in usual_said(Interval(0.0, 0.0, 0.047, n=77), 50, 50, whole=True)
    assert usual_said(Refusal(name="x", reason="Too few."), 50, None, whole=False) == "Chance level: none. Too few."
