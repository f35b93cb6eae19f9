"""Languages of random automata and n-grams of one sequence, against slow definitions."""

from collections import Counter

import numpy as np
import pytest

from byheart.stats.languages import Languages, canonical_names, draw_languages, ngram_rows


def test_a_language_allows_its_edges_and_never_stays_in_a_state() -> None:
    found = draw_languages(50, 4, 5, num_edges=2, rng=np.random.default_rng(0))
    assert ((found.emissions == 0.5).sum(axis=2) == 2).all()
    assert found.emissions.sum(axis=2) == pytest.approx(np.ones((50, 4)))
    assert (found.successors != np.arange(4)[None, :, None]).all()
    assert set(np.unique(found.successors)) == {0, 1, 2, 3}


def test_every_word_is_in_its_language_and_rows_follow_the_states() -> None:
    languages = draw_languages(20, 4, 5, rng=np.random.default_rng(1))
    symbols = languages.write(30, rng=np.random.default_rng(2))
    rows = languages.rows(symbols)
    for number, word in enumerate(symbols.tolist()):
        state = 0
        for t, symbol in enumerate(word):
            assert rows[number, t] == pytest.approx(languages.emissions[number, state])
            assert rows[number, t, symbol] > 0
            state = int(languages.successors[number, state, symbol])


def test_symbols_of_a_state_come_equally_often() -> None:
    languages = draw_languages(1, 2, 3, rng=np.random.default_rng(3))
    symbols = languages.write(20_000, rng=np.random.default_rng(4))
    rows = languages.rows(symbols)[0]
    expected = rows.mean(axis=0)
    assert np.bincount(symbols[0], minlength=3) / 20_000 == pytest.approx(expected, abs=0.015)


def automaton(*states: dict[int, int], num_symbols: int = 3) -> Languages:
    """One automaton: of each state, the symbols that may come and where they lead."""
    emissions, successors = np.zeros((1, len(states), num_symbols)), np.zeros((1, len(states), num_symbols), dtype=int)
    for number, edges in enumerate(states):
        for symbol, to in edges.items():
            emissions[0, number, symbol], successors[0, number, symbol] = 1 / len(edges), to
    return Languages(emissions, successors)


def test_names_of_languages_see_neither_numbers_of_states_nor_states_without_a_way_to_them_nor_twins() -> None:
    two = automaton({0: 1, 1: 0}, {1: 0, 2: 1})
    renumbered = automaton({0: 2, 1: 0}, {0: 0, 1: 2}, {1: 0, 2: 2})  # state 1 is never reached
    twins = automaton({0: 2, 1: 1}, {0: 2, 1: 0}, {1: 1, 2: 2})  # 0 and 1 allow the same and lead to the same
    other = automaton({0: 1, 1: 0}, {1: 1, 2: 0})
    other_symbols = automaton({1: 1, 2: 0}, {2: 0, 0: 1})
    names = [canonical_names(one)[0] for one in (two, renumbered, twins, other, other_symbols)]
    assert names[0] == names[1] == names[2]
    assert len(set(names)) == 3


def test_languages_of_one_name_write_the_same_and_those_of_two_do_not() -> None:
    found = draw_languages(60, 3, 3, rng=np.random.default_rng(5))
    names = canonical_names(found)
    assert len(set(names)) < 60  # so that some have a fellow
    words = [_words(found, number, 5) for number in range(60)]
    for one in range(60):
        for other in range(one):
            assert (names[one] == names[other]) == (words[one] == words[other])


def _words(languages: Languages, number: int, length: int) -> frozenset[tuple[int, ...]]:
    found: list[tuple[tuple[int, ...], int]] = [((), 0)]
    for _ in range(length):
        found = [
            ((*word, symbol), int(languages.successors[number, state, symbol]))
            for word, state in found
            for symbol in np.flatnonzero(languages.emissions[number, state]).tolist()
        ]
    return frozenset(word for word, _ in found)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_ngrams_of_the_prompt_are_slow_witten_bell(order: int) -> None:
    k, word = 3, np.random.default_rng(5).integers(3, size=40).tolist()

    def slow(past: list[int], n: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        if n == 0:
            return np.full(k, 1 / k)
        below = slow(past, n - 1)
        context = past[len(past) - n + 1 :] if n > 1 else []
        if len(context) < n - 1:
            return below
        after = Counter(past[i + n - 1] for i in range(len(past) - n + 1) if past[i : i + n - 1] == context)
        if not after:
            return below
        kinds, total = len(after), sum(after.values())
        return np.array([(after[j] + kinds * below[j]) / (total + kinds) for j in range(k)])

    found = ngram_rows(np.array([word]), k, order)[0]
    assert found == pytest.approx(np.array([slow(word[:t], order) for t in range(40)]))
    assert found.sum(axis=1) == pytest.approx(np.ones(40))
