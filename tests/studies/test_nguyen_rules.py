from collections import Counter

import numpy as np
from studies.nguyen_rules import WINDOW, Said, in_one_run, over_floor, rules_say, share, summary


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


def test_the_floor_stands_in_the_title() -> None:
    by_mask = np.full((2**WINDOW, 12), -1)
    by_mask[0] = 1
    argmax = {"trained on the corpus": np.ones(12, dtype=np.int64), "other": np.arange(12) % 2}
    table, figure = summary(Said(by_mask), argmax, np.ones(12, dtype=np.int64), np.repeat(np.arange(6), 2))
    assert table.title.startswith("holds: ")
    assert "50.0 points" in table.title
    assert [row[0] for row in table.rows] == ["trained on the corpus", "other", "the text itself"]
    assert figure.startswith("<svg")
