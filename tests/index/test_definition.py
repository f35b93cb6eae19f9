import itertools

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from byheart.errors import InputError
from byheart.index import Index, definition
from byheart.index.layout import Unit, join_documents
from byheart.index.suffix_array import sort_suffixes

Documents = list[list[int]]
KINDS: tuple[tuple[Unit, int], ...] = (("bytes", 256), ("tokens", 65_534), ("tokens", 70_000))
letters = st.integers(0, 2)
documents_strategy = st.lists(st.lists(letters, max_size=14), max_size=4)
text_strategy = st.lists(letters, max_size=24)


def build(documents: Documents, unit: Unit, alphabet_size: int) -> Index:
    arrays = [np.array(document, dtype=np.int32) for document in documents]
    return Index.build(arrays, [str(i) for i in range(len(arrays))], unit=unit, alphabet_size=alphabet_size)


def spread(symbols: list[int], alphabet_size: int) -> list[int]:
    """Letters 0, 1, 2 as symbols whose order differs when bytes are read in the wrong order."""
    return [(0, min(255, alphabet_size) - 1, alphabet_size // 2 + 2)[letter] for letter in symbols]


@pytest.mark.parametrize(("unit", "alphabet_size"), KINDS)
@settings(max_examples=80, deadline=None)
@example(documents=[[0] * 14, [], [0, 0]], text=[0] * 20)
@example(documents=[], text=[0])
@given(documents=documents_strategy, text=text_strategy)
def test_every_answer_equals_the_definition(
    unit: Unit, alphabet_size: int, documents: Documents, text: list[int]
) -> None:
    documents = [spread(document, alphabet_size) for document in documents]
    text = spread(text, alphabet_size)
    index = build(documents, unit, alphabet_size)
    query = np.array(text, dtype=np.int32)
    lengths, counts = definition.longest_matches(documents, text)
    matches = index.longest_matches(query)
    assert (matches.lengths.tolist(), matches.counts.tolist()) == (lengths, counts)
    patterns = [text[i : i + n] for n in (0, 1, 2, 3, 5) for i in range(0, len(text), 3)] or [[]]
    expected = [definition.count(documents, pattern) for pattern in patterns]
    assert index.counts([np.array(pattern, dtype=np.int32) for pattern in patterns]).tolist() == expected
    for pattern in patterns:
        array = np.array(pattern, dtype=np.int32)
        symbols, following = definition.next_symbol_counts(documents, pattern, separator=index.separator)
        found = index.next_symbol_counts(array)
        assert (found.symbols.tolist(), found.counts.tolist()) == (symbols, following)
        if pattern:
            assert index.occurrences(array, limit=3) == definition.occurrences(documents, pattern)[:3]


@pytest.mark.parametrize("num_different", [2, 200, 300, 70_000])
def test_the_suffix_array_orders_the_suffixes_for_alphabets_of_one_two_and_three_bytes(num_different: int) -> None:
    rng = np.random.default_rng(num_different)
    tail = rng.integers(0, min(num_different, 4), 300)
    text = np.concatenate([rng.permutation(num_different), tail]).astype(np.uint32) * 3
    found = sort_suffixes(text)
    as_bytes = text.astype(">u4").tobytes()
    assert sorted(found.tolist()) == list(range(text.size))
    keys = [as_bytes[4 * start : 4 * start + 800] for start in found.tolist()]
    assert all(a <= b for a, b in itertools.pairwise(keys))


def test_the_suffix_array_of_the_definition_is_the_fast_one() -> None:
    documents = [np.array([1, 0, 1]), np.array([]), np.array([1, 0])]
    text, offsets = join_documents(documents, "bytes", 2)
    assert text.tolist() == [255, 1, 0, 1, 255, 255, 1, 0, 255]
    assert offsets.tolist() == [1, 1 + 3 + 1, 5 + 0 + 1, 6 + 2 + 1]
    assert sort_suffixes(text).tolist() == definition.suffix_array(text.tolist())


@pytest.mark.parametrize("num_copies", [1, 3])
def test_long_copies_with_an_edit_equal_the_definition(num_copies: int) -> None:
    rng = np.random.default_rng(7)
    document = rng.integers(0, 3, 150)
    text = np.concatenate([document[10:100], [2, 2, 2], document[40:]])
    documents = [document.tolist()] * num_copies + [document[60:].tolist()]
    index = build(documents, "tokens", 4)
    lengths, counts = definition.longest_matches(documents, text.tolist())
    matches = index.longest_matches(text)
    assert matches.lengths.tolist() == lengths
    assert matches.counts.tolist() == counts
    assert max(lengths) >= 90


def test_overlapping_occurrences_are_all_counted() -> None:
    index = build([[0, 0, 0, 0], [0, 0]], "bytes", 256)
    assert index.count(np.array([0, 0])) == 3 + 1
    assert index.occurrences(np.array([0, 0]), limit=10) == [(0, 0), (0, 1), (0, 2), (1, 0)]
    assert index.count(np.array([], dtype=np.int32)) == 5 + 3


def test_a_symbol_outside_the_alphabet_never_occurs() -> None:
    index = build([[0, 1]], "tokens", 2)
    assert index.count(np.array([0, 2])) == 0
    assert index.longest_matches(np.array([-1, 0, 9])).lengths.tolist() == [0, 1, 0]
    assert index.next_symbol_counts(np.array([7])).symbols.tolist() == []


@pytest.mark.parametrize(("unit", "alphabet_size"), KINDS)
def test_a_query_with_the_separator_is_refused(unit: Unit, alphabet_size: int) -> None:
    index = build([[0, 1]], unit, alphabet_size)
    query = np.array([0, index.separator])
    for ask in (index.count, index.longest_matches, index.next_symbol_counts, lambda q: index.occurrences(q, 1)):
        with pytest.raises(InputError, match="separator"):
            ask(query)


@pytest.mark.parametrize(
    ("symbol", "unit", "alphabet_size"), [(255, "bytes", 256), (-1, "tokens", 9), (9, "tokens", 9)]
)
def test_a_document_with_a_symbol_outside_the_alphabet_is_refused(symbol: int, unit: Unit, alphabet_size: int) -> None:
    with pytest.raises(InputError, match="outside the alphabet"):
        build([[0, symbol]], unit, alphabet_size)


def test_the_limit_on_positions_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("byheart.index.layout.MAX_SYMBOLS", 5)
    with pytest.raises(InputError, match="at most 5"):
        build([[0, 0], [0]], "bytes", 256)
    assert build([[0, 0]], "bytes", 256).num_symbols == 1 + 2 + 1
