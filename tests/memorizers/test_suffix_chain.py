import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.index import definition
from byheart.memorizers.definition import neighbours
from byheart.memorizers.infinigram import CLASS_FACTORS, NUM_DISCOUNTS, Infinigram, discount
from byheart.memorizers.suffix_chain import LEAST_LONG, MOST_LONG, MOST_SHORT, Chain, advance, empty_chain
from tests.memorizers.test_laws import ids, index_of

pieces = st.lists(st.tuples(st.integers(0, 1), st.integers(1, 450)), min_size=1, max_size=4)


def groups_by_count(documents: list[list[int]], text: list[int]) -> dict[int, int]:
    """Number of occurrences -> where the longest suffix of the text with so many starts."""
    by_count = {}
    for start in range(len(text) - 1, -1, -1):
        if not (count := definition.count(documents, text[start:])):
            break
        by_count[count] = start
    return by_count


def listed(chain: Chain) -> list[tuple[int, int]]:
    return [(int(chain.highs[i] - chain.lows[i]), int(chain.starts[i])) for i in range(int(chain.state[0]))]


def expanded(runs: list[tuple[int, int]]) -> list[int]:
    return [symbol for symbol, size in runs for _ in range(size)]


@settings(max_examples=8, deadline=None)
@given(document=pieces, runs=pieces)
def test_the_longest_groups_are_exact_after_runs_of_one_symbol(
    document: list[tuple[int, int]], runs: list[tuple[int, int]]
) -> None:
    documents, text = [expanded(document)], expanded(runs)
    chain = empty_chain(len(text))
    index = index_of(documents, 2)
    for position, symbol in enumerate(text):
        advance(index.sorted_text, chain, symbol)
        if position % 97 == 0 or position == len(text) - 1:
            expected = sorted(groups_by_count(documents, text[: position + 1]).items())
            assert listed(chain)[:LEAST_LONG] == expected[:LEAST_LONG]
            if len(expected) <= MOST_LONG:
                assert listed(chain) == expected


def test_groups_that_waited_are_listed_again_when_the_longer_ones_vanish() -> None:
    documents = [[0] * 1200, [1] + [0] * 600 + [1]]
    text = [0] * 1000 + [1]
    chain = empty_chain(len(text))
    index = index_of(documents, 2)
    for symbol in text[:-1]:
        advance(index.sorted_text, chain, symbol)
    assert chain.state[0] == MOST_LONG + MOST_SHORT
    assert listed(chain)[0] == (1200 - 1000 + 1, 0)
    advance(index.sorted_text, chain, text[-1])
    # 0^600 1 once, and 1 alone twice.
    assert listed(chain) == [(1, 1000 - 600), (2, 1000)]


@pytest.mark.parametrize("unit", ["tokens", "bytes"])
def test_what_waits_has_no_weight_that_the_infinigram_distinguishes(unit: str) -> None:
    largest = max(CLASS_FACTORS) * discount(MOST_SHORT + 1, unit="bytes" if unit == "bytes" else "tokens")
    assert LEAST_LONG * np.log10(largest) < -200
    assert NUM_DISCOUNTS > MOST_SHORT


def test_predictions_in_a_long_run_equal_the_sum_over_all_groups() -> None:
    documents, text = [[0] * 520, [2] + [0] * 300 + [1, 0], [1, 1]], [0] * 440
    memorizer = Infinigram(index_of(documents, 3), vocabulary_size=4, end_id=3)
    row = np.exp(memorizer.next_log_probabilities_nats([ids(*text)])[0])
    expected, weight = np.zeros(4), 1.0
    for _, start in sorted(groups_by_count(documents, text).items()):
        found = neighbours(documents, text[start:], end_id=3)
        amounts = {x: discount(len(text) - start) * CLASS_FACTORS[min(k, 3) - 1] for x, k in found.items()}
        for x, k in found.items():
            expected[x] += weight / found.total() * (k - amounts[x])
        weight *= sum(amounts.values()) / found.total()
    np.testing.assert_allclose(row[:1], expected[:1], rtol=1e-12)
    assert np.abs(row - expected).max() < 1e-12
    log = memorizer.log_probabilities_nats(ids(*text, 0))[-1]
    assert np.exp(log) == pytest.approx(expected[0], rel=1e-12)


def test_a_run_of_ten_thousand_tokens_lists_no_more_groups_than_the_bound() -> None:
    index, text = index_of([[0] * 6000, [1, 0, 1]], 2), np.zeros(10_000, dtype=np.int64)
    chain = empty_chain(text.size)
    sizes = np.empty(text.size, dtype=np.int64)
    for position in range(text.size):
        advance(index.sorted_text, chain, 0)
        sizes[position] = chain.state[0]
    assert sizes.max() == MOST_LONG + MOST_SHORT
    # The run of the corpus is matched to its end, and one place is left of it.
    assert listed(chain)[0] == (1, text.size - 6000)
