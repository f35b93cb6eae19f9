from collections import Counter

import numpy as np
import pytest
from studies.nguyen_rules import WINDOW, Said, in_one_run, over_floor, rules_say, share, summary

from byheart.core.evidence import Table


def by_hand(corpus: list[list[int]], context: list[int], mask: int) -> int:
    """The token that most often follows places which agree with the context where the mask looks."""
    offsets = [offset for offset in range(1, WINDOW + 1) if mask >> (offset - 1) & 1]
    followed: Counter[int] = Counter()
    for one in corpus:
        padded = [-1] * WINDOW + one
        for at in range(WINDOW, len(padded)):
            if all(padded[at - offset] == context[WINDOW - offset] for offset in offsets):
                followed[padded[at]] += 1
    return min(followed, key=lambda token: (-followed[token], token)) if followed else -1


def test_every_rule_says_what_followed_most_often() -> None:
    rng = np.random.default_rng(0)
    corpus = [rng.integers(3, size=40).tolist() for _ in range(3)]
    contexts = np.concatenate([rng.integers(3, size=(6, WINDOW)), [[-1, -1, -1, -1, -1, 0, 1]]])
    said = rules_say(in_one_run([np.array(one, dtype=np.int32) for one in corpus]), contexts)
    for place, context in enumerate(contexts.tolist()):
        expected = [by_hand(corpus, context, mask) for mask in range(2**WINDOW)]
        assert said.by_mask[:, place].tolist() == expected


def test_hindsight_takes_any_rule_and_back_off_the_longest_suffix_that_occurs() -> None:
    by_mask = np.full((2**WINDOW, 2), -1)
    by_mask[0], by_mask[1], by_mask[3, 0], by_mask[5, 1] = 4, 5, 6, 7
    said = Said(by_mask)
    assert said.backed_off().tolist() == [6, 5]
    assert said.agrees(np.array([5, 7])).tolist() == [True, True]
    assert said.agrees(np.array([7, 6])).tolist() == [False, False]


def test_shares_and_their_difference_are_over_documents() -> None:
    places = np.repeat(np.arange(6), 2)
    own, floor = np.arange(12) % 2 == 0, np.zeros(12, dtype=np.bool_)
    assert share(own, places).value == 6 / 12
    excess = over_floor(own, floor, places)
    assert (excess.value, excess.n) == (6 / 12, 6)
    assert excess.low > 0


def summed(num_documents: int, own: list[int]) -> tuple[Table, str]:
    """Of two places a document, where every rule says 1 and the model says `own`, over and over."""
    num_places = 2 * num_documents
    by_mask = np.full((2**WINDOW, num_places), -1)
    by_mask[0] = 1
    argmax = {"trained on the corpus": np.resize(own, num_places), "other": np.arange(num_places) % 2}
    places = np.repeat(np.arange(num_documents), 2)
    return summary(Said(by_mask), argmax, np.ones(num_places, dtype=np.int64), places)


def test_the_floor_stands_in_the_title_and_its_paired_difference_in_the_table() -> None:
    table, figure = summed(60, [1])
    assert "50.0 points" in table.title
    assert [row[9] for row in table.rows] == [None, 0.5, None]
    low, high = table.rows[1][10:12]
    assert f"({100 * float(low or 0):.1f} to {100 * float(high or 0):.1f})" in table.title
    assert len(table.columns) == len(table.rows[0]) == 12
    assert [row[0] for row in table.rows] == ["trained on the corpus", "other", "the text itself"]
    assert figure.startswith("<svg")


@pytest.mark.parametrize(
    ("num_documents", "own", "word"),
    [
        (60, [1], "holds: "),
        (6, [1], "open: "),  # 12 of 12, whose interval reaches below 79 %
        (60, [1, 1, 1, 0], "open: "),  # 75 %, whose interval reaches above it
        (60, [1, 0], "does not hold: "),
    ],
)
def test_a_claim_holds_where_its_whole_interval_does(num_documents: int, own: list[int], word: str) -> None:
    assert summed(num_documents, own)[0].title.startswith(word)
