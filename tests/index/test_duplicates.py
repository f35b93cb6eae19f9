import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from byheart.index import Index, definition
from byheart.index.duplicates import repeated_spans

Documents = list[list[int]]
documents_strategy = st.lists(st.lists(st.integers(0, 2), max_size=12), max_size=6)


def build(documents: Documents, num_shards: int, *, tokens: bool = False) -> Index:
    longest = max((len(document) for document in documents), default=0)
    size = sum(len(document) + 1 for document in documents)
    arrays = [np.array(document, dtype=np.int32) for document in documents]
    return Index.build(
        arrays,
        [str(number) for number in range(len(arrays))],
        unit="tokens" if tokens else "bytes",
        alphabet_size=70_000 if tokens else 256,
        shard_symbols=max(longest + 2, size // num_shards + 1),
    )


def spans(index: Index, min_symbols: int, other: Index | None = None) -> list[tuple[int, ...]]:
    found = repeated_spans(index, min_symbols=min_symbols, other=other)
    return list(zip(*(column.tolist() for column in found), strict=True))


@pytest.mark.parametrize("num_shards", [1, 2, 5])
@settings(max_examples=60, deadline=None)
@example(documents=[[0] * 12, [], [0] * 12, [0]], min_symbols=1)
@example(documents=[], min_symbols=1)
@given(documents=documents_strategy, min_symbols=st.integers(1, 4))
def test_repeated_spans_equal_the_definition_for_every_sharding(
    num_shards: int, documents: Documents, min_symbols: int
) -> None:
    expected = definition.repeated_spans(documents, min_symbols=min_symbols)
    assert spans(build(documents, num_shards), min_symbols) == expected


@pytest.mark.parametrize("num_shards", [1, 3])
@settings(max_examples=40, deadline=None)
@given(documents=documents_strategy, others=documents_strategy, min_symbols=st.integers(1, 3))
def test_spans_of_another_corpus_equal_the_definition(
    num_shards: int, documents: Documents, others: Documents, min_symbols: int
) -> None:
    expected = definition.repeated_spans(documents, min_symbols=min_symbols, other=others)
    index, other = build(documents, 2, tokens=True), build(others, num_shards, tokens=True)
    assert spans(index, min_symbols, other) == expected


def test_what_runs_cover_is_counted_once() -> None:
    # "abab" stands twice in the first document; overlapping runs cover each symbol once.
    documents = [[1, 2, 1, 2, 9, 1, 2, 1, 2], [5, 6, 7], [5, 6, 7, 8]]
    repeats = repeated_spans(build(documents, 1), min_symbols=2)
    covered = [set[int]() for _ in documents]
    for document, offset, size in definition.repeated_spans(documents, min_symbols=2):
        covered[document] |= set(range(offset, offset + size))
    assert [int(repeats.covered_symbols[repeats.documents == i].sum()) for i in range(3)] == [len(c) for c in covered]
    assert [len(c) for c in covered] == [4 + 4, 3, 3]


def test_a_text_longer_than_a_block_has_the_same_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    part = rng.integers(0, 3, 400).tolist()
    documents = [rng.integers(0, 3, 500).tolist() + part, part + rng.integers(0, 3, 700).tolist()]
    index = build(documents, 1)
    whole = spans(index, 8)
    assert max(size for _, _, size in whole) >= 400
    monkeypatch.setattr("byheart.index.duplicates._BLOCK_SYMBOLS", 128)
    monkeypatch.setattr("byheart.index.duplicates._QUERY_SYMBOLS", 128)
    assert spans(index, 8) == whole
    assert spans(build(documents, 2), 8) == whole
