import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from byheart.errors import CapabilityError, InputError
from byheart.index import Index, definition
from byheart.index.layout import Unit, join_documents
from tests.index.corpora import KINDS, Documents, build, spread

letters = st.integers(0, 2)
documents_strategy = st.lists(st.lists(letters, max_size=14), max_size=4)
text_strategy = st.lists(letters, max_size=24)
SHARDS = (1, 2, 5)


def array(symbols: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    return np.array(symbols, dtype=np.int32)


@pytest.mark.parametrize(("unit", "alphabet_size"), KINDS)
@pytest.mark.parametrize("num_shards", SHARDS)
@settings(max_examples=40, deadline=None)
@example(documents=[[0] * 14, [], [0, 0]], text=[0] * 20)
@example(documents=[], text=[0])
@given(documents=documents_strategy, text=text_strategy)
def test_every_answer_equals_the_definition_however_many_shards(
    num_shards: int, unit: Unit, alphabet_size: int, documents: Documents, text: list[int]
) -> None:
    documents = [spread(document, alphabet_size) for document in documents]
    text = spread(text, alphabet_size)
    index = build(documents, unit, alphabet_size, num_shards=num_shards)
    assert len(index.shards) <= max(1, len(documents))
    matches = index.longest_matches(array(text))
    assert (matches.lengths.tolist(), matches.counts.tolist()) == definition.longest_matches(documents, text)
    patterns = [text[i : i + n] for n in (0, 1, 2, 3, 5) for i in range(0, len(text), 3)] or [[]]
    expected = [definition.count(documents, pattern) for pattern in patterns]
    assert index.counts([array(pattern) for pattern in patterns]).tolist() == expected
    for pattern in patterns:
        symbols, following = definition.next_symbol_counts(documents, pattern, separator=index.separator)
        found = index.next_symbol_counts(array(pattern))
        assert (found.symbols.tolist(), found.counts.tolist()) == (symbols, following)
        if pattern:
            assert index.occurrences(array(pattern), limit=3) == definition.occurrences(documents, pattern)[:3]


@pytest.mark.parametrize(("unit", "alphabet_size"), KINDS)
@pytest.mark.parametrize("num_shards", SHARDS)
@settings(max_examples=30, deadline=None)
@example(documents=[[], [0, 1, 0]], text=[2, 0, 1, 2])
@given(documents=documents_strategy, text=text_strategy)
def test_the_longest_suffixes_and_what_follows_them_equal_the_definition(
    num_shards: int, unit: Unit, alphabet_size: int, documents: Documents, text: list[int]
) -> None:
    documents = [spread(document, alphabet_size) for document in documents]
    text = spread(text, alphabet_size)
    index = build(documents, unit, alphabet_size, num_shards=num_shards)
    expected = definition.longest_suffixes(documents, text)
    suffixes, rows = index.suffix_distributions(array(text))
    assert tuple(part.tolist() for part in suffixes) == expected
    assert tuple(part.tolist() for part in index.longest_suffixes(array(text))) == expected
    assert rows.offsets.size == len(text) + 2
    for end, length in enumerate(expected[0]):
        row = slice(int(rows.offsets[end]), int(rows.offsets[end + 1]))
        symbols, counts = definition.next_symbol_counts(documents, text[end - length : end], separator=index.separator)
        assert (rows.symbols[row].tolist(), rows.counts[row].tolist()) == (symbols, counts)
    _, of_long = index.suffix_distributions(array(text), shortest=2)
    kept = [size if length >= 2 else 0 for size, length in zip(np.diff(rows.offsets), expected[0], strict=True)]
    assert np.diff(of_long.offsets).tolist() == kept


@pytest.mark.parametrize("num_shards", SHARDS)
@settings(max_examples=60, deadline=None)
@example(documents=[[0, 1], [1, 0, 0, 0, 1]], first=[0], second=[1], within=1)
@given(
    documents=documents_strategy,
    first=st.lists(letters, min_size=1, max_size=2),
    second=st.lists(letters, min_size=1, max_size=2),
    within=st.integers(0, 6) | st.just(2**40),
)
def test_cooccurrences_equal_the_definition(
    num_shards: int, documents: Documents, first: list[int], second: list[int], within: int
) -> None:
    index = build(documents, "tokens", 3, num_shards=num_shards)
    expected = definition.cooccurrences(documents, first, second, within=within)
    found = index.cooccurrences(array(first), array(second), within=within, limit=4)
    assert found == (len(expected), expected[:4])


@pytest.mark.parametrize("num_shards", SHARDS)
def test_what_an_index_is_does_not_depend_on_its_shards(num_shards: int) -> None:
    documents = [[0, 1, 2], [], [1], [2, 2, 2, 2], [0]]
    whole = build(documents, "tokens", 3)
    index = build(documents, "tokens", 3, num_shards=num_shards)
    assert len(index.shards) == {1: 1, 2: 2, 5: 4}[num_shards]
    assert index.fingerprint == whole.fingerprint
    assert (index.num_documents, index.num_symbols) == (5, 3 + 0 + 1 + 4 + 1 + (5 + 1))
    assert list(index.document_names) == ["0", "1", "2", "3", "4"]
    assert index.document_names[1:3] == ["1", "2"]
    assert index.document_names[-1] == "4"
    assert [index.document(i).tolist() for i in range(5)] == documents
    assert index.holds([array(document) for document in documents])
    assert not index.holds([array(document) for document in documents[:-1]])
    assert not index.holds([array(document) for document in [*documents[:-1], [1]]])
    assert not index.holds([array(document) for document in [*documents[:-1], [65_536]]])


def test_only_an_index_in_one_piece_has_one_sorted_text() -> None:
    documents = [[0, 1], [1, 0]]
    assert build(documents, "tokens", 2).sorted_text.text.size == 2 + 2 + 3
    with pytest.raises(CapabilityError, match="2 shards"):
        _ = build(documents, "tokens", 2, num_shards=2).sorted_text


def test_there_is_no_document_beyond_the_last() -> None:
    index = build([[0, 1], [1, 0]], "tokens", 2, num_shards=2)
    for number in (-1, 2):
        with pytest.raises(InputError, match="no document"):
            index.document(number)


def test_the_text_has_a_separator_before_each_document_and_at_the_end() -> None:
    documents = [np.array([1, 0, 1]), np.array([]), np.array([1, 0])]
    text, offsets = join_documents(documents, "bytes", 2)
    assert text.tolist() == [255, 1, 0, 1, 255, 255, 1, 0, 255]
    assert offsets.tolist() == [1, 1 + 3 + 1, 5 + 0 + 1, 6 + 2 + 1]


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


def test_a_document_that_no_shard_can_hold_is_named() -> None:
    def cut(documents: Documents) -> Index:
        arrays, names = [array(document) for document in documents], [str(i) for i in range(len(documents))]
        return Index.build(arrays, names, unit="bytes", alphabet_size=256, shard_symbols=1 + 3 + 1)

    assert len(cut([[0, 0, 0], [0]]).shards) == 2
    with pytest.raises(InputError, match="Document 1 has 4 symbols"):
        cut([[0], [0, 0, 0, 0]])
