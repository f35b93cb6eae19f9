"""The near-verbatim search driven over a memorizer: it agrees with the scores, and resumes from the journal."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from byheart.core.needs import NearMassNeed, WindowsNeed
from byheart.core.predictor import Access
from byheart.core.spans import Span
from byheart.core.token_scores import token_scores
from byheart.core.tokens import Floats, TokenIds
from byheart.study.asking import lacking
from byheart.study.journal import Journal
from byheart.study.near_texts import search_passages
from byheart.study.passages import Passage
from byheart.study.subjects import Subject

VOCABULARY, END = 60, 59
NEED = NearMassNeed(windows=WindowsNeed(prefix_tokens=3, suffix_tokens=10), num_windows=2, beam_width=4)


class Counting:
    """Mostly says the next number; counts its contexts."""

    name, fingerprint, access = "counting", "ab", Access.WEIGHTS
    vocabulary_size, context_tokens, size_bytes = VOCABULARY, None, 8

    def __init__(self) -> None:
        self.asked = 0

    def next_log_probabilities_nats(self, contexts: Sequence[TokenIds]) -> Floats:
        self.asked += len(contexts)
        rows = np.full((len(contexts), VOCABULARY), math.log(0.2 / (VOCABULARY - 1)))
        for row, context in zip(rows, contexts, strict=True):
            row[(int(context[-1]) + 1) % END] = math.log(0.8)
        return rows


class Mute:
    """Shows nothing."""

    name, fingerprint, access = "mute", "cd", Access.TEXT
    vocabulary_size, context_tokens, size_bytes = VOCABULARY, None, None


def passages() -> list[Passage]:
    """One that it counts through, one with a slip in the middle."""
    plain = np.arange(13, dtype=np.int32)
    slipped = plain.copy()
    slipped[8] = 40
    return [
        Passage(document="d", span=Span(0, 13), token_ids=ids, role="member", num_given=3, num_scored_bytes=10)
        for ids in (plain, slipped)
    ]


def pz(predictor: Counting, passage: Passage) -> float:
    """From the scores, as the extraction audit has it."""
    contexts = [passage.token_ids[:stop] for stop in range(3, 13)]
    scores = token_scores(passage.token_ids[3:], predictor.next_log_probabilities_nats(contexts))
    return math.exp(float(scores.top_k_log_probability_nats.sum()))


def test_the_search_agrees_with_the_scores_and_finds_more(tmp_path: Path) -> None:
    predictor = Counting()
    subject = Subject("counting", "model", predictor)
    journal = Journal(tmp_path / "journal", "study")
    plain, slipped = search_passages(subject, NEED, passages(), journal, end_id=END)
    for passage, it in zip(passages(), (plain, slipped), strict=True):
        assert math.exp(it.log_verbatim_nats) == pytest.approx(pz(predictor, passage))
        assert it.log_mass_nats >= it.log_verbatim_nats
    # One edit of ten is near: what counts on instead of slipping is met, and likelier than the slip by far.
    assert slipped.log_mass_nats - slipped.log_verbatim_nats > math.log(100)
    assert slipped.num_texts > 1
    journal.close()


def test_what_was_found_is_read_back_and_nobody_is_asked_again(tmp_path: Path) -> None:
    first = Counting()
    journal = Journal(tmp_path / "journal", "study")
    once = search_passages(Subject("counting", "model", first), NEED, passages(), journal, end_id=END)
    assert first.asked > 0
    journal.close()
    second = Counting()
    journal = Journal(tmp_path / "journal", "study")
    again = search_passages(Subject("counting", "model", second), NEED, passages(), journal, end_id=END)
    assert second.asked == 0
    assert again == once
    journal.close()


def test_what_cannot_be_drawn_at_all_goes_through_the_journal_too(tmp_path: Path) -> None:
    impossible = Passage(
        document="d",
        span=Span(0, 13),
        token_ids=np.array([0, 1, 2, *([50] * 10)], dtype=np.int32),
        role="member",
        num_given=3,
        num_scored_bytes=10,
    )
    for _ in range(2):
        journal = Journal(tmp_path / "journal", "study")
        (it,) = search_passages(Subject("counting", "model", Counting()), NEED, [impossible], journal, end_id=END)
        journal.close()
        assert (it.log_mass_nats, it.num_texts) == (-math.inf, 0)


def test_a_subject_that_shows_no_distribution_says_so() -> None:
    found = tuple(passages())
    assert lacking(Subject("counting", "model", Counting()), NEED, found) is None
    assert lacking(Subject("mute", "model", Mute()), NEED, found) == (
        "mute does not show the whole distribution of the next token."
    )
