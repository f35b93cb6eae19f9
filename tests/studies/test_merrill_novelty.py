"""The deciding parts of studies/merrill_novelty.py, on texts whose n-grams are known."""

import numpy as np
import pytest
from studies.merrill_novelty import CLAIMED, HUMAN, LENGTHS, Written, summary

from byheart.core.material import Continuation


def texts(longest: int, num_tokens: int = 110) -> list[Continuation]:
    """Twenty documents in which every n-gram of at most so many tokens stands in the corpus and no longer one does."""
    matches = np.minimum(np.full(num_tokens, longest), np.arange(num_tokens, 0, -1))
    return [
        Continuation(
            prompt_index=at,
            document=f"d{at}",
            token_ids=np.zeros(num_tokens, dtype=np.int32),
            longest_match_tokens=matches,
        )
        for at in range(20)
    ]


def found(written: int, human: int, copier: int = 0) -> Written:
    authors = texts(human)
    for at in range(copier):
        authors[at] = texts(100)[at]
    kept = frozenset(f"d{at}" for at in range(copier, 20))
    return Written({HUMAN: authors, "plain": texts(written), "cold": texts(100)}, kept)


def test_the_finding_is_about_deduplicated_text_and_n_above_four() -> None:
    assert min(CLAIMED) == 5
    assert max(CLAIMED) < 32
    table, figure = summary(found(written=31, human=1, copier=12))
    assert ": holds (" in table.title
    assert "at n = 8 it is 100.0 points less novel" in table.title
    assert figure.startswith("<svg")
    row = next(row for row in table.rows if row[:2] == ("plain", 8))
    # As they are, 12 of 20 authors copy and 8 of 20 write what is new: 0 - 8/20. Deduplicated: 0 - 1.
    assert row[4] == pytest.approx(-8 / 20)
    assert row[9] == pytest.approx(-1.0)


def test_text_that_is_newer_than_people_s_does_not_hold() -> None:
    table, _ = summary(found(written=1, human=31))
    assert ": does not hold (0 of" in table.title
    assert "at n = 8 it is" in table.title
    assert "points more novel" in table.title
    assert f"cold: {len([n for n in CLAIMED if n > 31])} of" in table.title
    assert [row[1] for row in table.rows if row[0] == "plain"] == list(LENGTHS)


def test_some_n_are_a_part() -> None:
    table, _ = summary(found(written=12, human=7))
    assert f": holds in part ({len([n for n in CLAIMED if 7 < n <= 12])} of" in table.title
