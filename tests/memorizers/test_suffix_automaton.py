import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.errors import CapabilityError
from byheart.index import definition
from byheart.memorizers.infinigram import Infinigram
from byheart.memorizers.suffix_automaton import SuffixAutomaton
from tests.memorizers.test_laws import ids, index_of

A, B, C, END = range(4)
ABAC_AB = [[A, B, A, C], [A, B]]
documents_strategy = st.lists(st.lists(st.integers(0, 2), max_size=14), max_size=4)
text_strategy = st.lists(st.integers(0, 2), max_size=16)


def test_the_worked_example_of_the_docstring() -> None:
    automaton = SuffixAutomaton(index_of(ABAC_AB, 3))
    states = list(automaton.states(ids(A, B, A, B)))
    assert [(state.length_tokens, state.high - state.low) for state in states[1:]] == [(1, 3), (2, 2), (3, 1), (2, 2)]
    alone = automaton.step(automaton.root, B)
    assert alone.length_tokens == 1
    assert automaton.ends(alone) == automaton.ends(states[2])
    linked = automaton.link(states[3])
    assert (linked.length_tokens, linked.high - linked.low) == (1, 3)
    assert automaton.step(linked, B) == states[4]


@settings(max_examples=80, deadline=None)
@given(documents=documents_strategy, text=text_strategy)
def test_the_walk_is_the_longest_match_of_the_index_and_of_the_infinigram(
    documents: list[list[int]], text: list[int]
) -> None:
    index = index_of(documents, 3)
    found = index.longest_suffixes(ids(*text))
    infinigram = Infinigram(index, vocabulary_size=4, end_id=END)
    for stop, state in enumerate(SuffixAutomaton(index).states(ids(*text))):
        assert state.length_tokens == found.lengths[stop]
        explanation = infinigram.explain(ids(*text[:stop]))
        assert explanation.match_length_tokens == state.length_tokens
        if state.length_tokens:
            suffix = text[stop - state.length_tokens : stop]
            occurrences = definition.count(documents, suffix)
            assert state.high - state.low == found.counts[stop] == explanation.num_occurrences == occurrences


@settings(max_examples=60, deadline=None)
@given(documents=documents_strategy, text=text_strategy)
def test_a_step_follows_the_suffix_links_until_one_goes_on(documents: list[list[int]], text: list[int]) -> None:
    automaton = SuffixAutomaton(index_of(documents, 3))
    states = list(automaton.states(ids(*text)))
    for token, state, after in zip(text, states, states[1:], strict=False):
        linked, grown = state, automaton.step(state, token)
        while linked.length_tokens and grown.length_tokens != linked.length_tokens + 1:
            shorter = automaton.link(linked)
            assert set(automaton.ends(shorter)) > set(automaton.ends(linked))
            linked, grown = shorter, automaton.step(shorter, token)
        assert grown == after


@settings(max_examples=40, deadline=None)
@given(documents=documents_strategy, text=text_strategy)
def test_the_written_tensor_walks_as_the_index_does(documents: list[list[int]], text: list[int]) -> None:
    index = index_of(documents, 3)
    automaton = SuffixAutomaton(index)
    machine, numbers = automaton.written_out(vocabulary_size=4, end_id=END)
    assert machine.is_deterministic
    num_symbols = sum(map(len, documents)) + len(documents) + 1
    assert machine.num_states <= 2 * num_symbols
    for stop, state in enumerate(automaton.states(ids(*text))):
        context = text[:stop]
        assert machine.state(ids(*context)).argmax() == numbers[automaton.ends(state)]
        suffix = context[stop - state.length_tokens :]
        symbols, counts = definition.next_symbol_counts(documents, suffix, separator=END)
        expected = np.zeros(4)
        expected[symbols] = counts
        np.testing.assert_allclose(machine.next_weights(ids(*context)), expected / max(sum(counts), 1), rtol=1e-12)


def test_a_token_that_the_corpus_does_not_hold_leads_to_the_root() -> None:
    automaton = SuffixAutomaton(index_of(ABAC_AB, 9))
    state = automaton.step(automaton.root, A)
    for token in (5, 8, 100):
        assert automaton.step(state, token) == automaton.root
    assert automaton.link(automaton.root) == automaton.root


def test_a_corpus_with_too_many_states_is_walked_and_not_written() -> None:
    automaton = SuffixAutomaton(index_of([[A, B, A, C, B, B, A, C]], 3))
    with pytest.raises(CapabilityError, match="more than 5 states"):
        automaton.written_out(vocabulary_size=4, end_id=END, most_states=5)
