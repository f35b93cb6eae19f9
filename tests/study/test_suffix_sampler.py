"""The sampler without smoothing draws from the counts after the longest suffix that occurs often enough."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.core.decoding import Decoding
from byheart.core.tokens import TokenIds
from byheart.study.lab.storing import index_of
from byheart.study.lab.suffix_sampler import SuffixSampler

END = 3
LETTERS = st.lists(st.integers(0, 1), min_size=1, max_size=7)


def ids(text: list[int]) -> TokenIds:
    return np.array(text, dtype=np.int32)


def counted(corpus: list[list[int]], suffix: list[int]) -> list[int]:
    """How often each token follows, looked up at every place."""
    counts = [0] * 4
    for text in corpus:
        for i in range(len(text) - len(suffix) + 1):
            if text[i : i + len(suffix)] == suffix:
                counts[[*text, END][i + len(suffix)]] += 1
    return counts


@settings(deadline=None)  # the first call compiles
@given(st.lists(LETTERS, min_size=1, max_size=4), LETTERS, st.integers(1, 4), st.integers(1, 3))
def test_the_counts_are_those_of_the_longest_suffix_that_occurs_often_enough(
    corpus: list[list[int]], context: list[int], most: int, fewest: int
) -> None:
    sampler = SuffixSampler(index_of([ids(t) for t in corpus], 4), 4, END, most_tokens=most, fewest_occurrences=fewest)
    expected = counted(corpus, context[-1:])
    for length in range(2, min(most, len(context)) + 1):
        if sum(found := counted(corpus, context[-length:])) >= fewest:
            expected = found
    assert np.allclose(np.exp(sampler.log_counts(ids(context))), expected)


def test_without_bounds_it_recites_and_with_them_it_writes_what_is_new() -> None:
    corpus = [[2, 0, 1, 0, 0], [2, 1, 1, 0, 1], [2, 0, 0, 1, 1]]
    index = index_of([ids(text) for text in corpus], 4)

    def wrote(most: int) -> set[tuple[int, ...]]:
        sampler = SuffixSampler(index, 4, END, most_tokens=most, fewest_occurrences=1)
        found = sampler.sample([ids([2])] * 50, Decoding(), 9, rng=np.random.default_rng(0))
        return {(2, *text.tolist()) for text in found}

    stored = {tuple(text) for text in corpus}
    assert wrote(9) == stored
    assert wrote(1) - stored
