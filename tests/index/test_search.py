import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from byheart.index import definition
from byheart.index.layout import Unit, join_documents
from byheart.index.searching import matching, suffixes
from byheart.index.searching.intervals import span_intervals
from byheart.index.searching.matching import longest_matches
from byheart.index.searching.next_symbols import Rows, next_symbol_rows
from byheart.index.searching.search import pattern_interval
from byheart.index.searching.suffixes import longest_suffix_starts, suffix_intervals
from byheart.index.searching.threads import for_each_part
from byheart.index.sorted_text import NO_SAMPLES, SAMPLE_EVERY, SortedText, sort_text
from tests.index.corpora import KINDS, Documents, spread

Query = npt.NDArray[np.int64]
UNKNOWN = -1
letters = st.integers(0, 2)
documents_strategy = st.lists(st.lists(letters, max_size=40), max_size=4)
text_strategy = st.lists(st.integers(-1, 2), max_size=24)


def sorted_text(documents: list[list[int]] | list[Query], unit: Unit, alphabet_size: int) -> SortedText:
    text, _ = join_documents([np.array(document, dtype=np.int64) for document in documents], unit, alphabet_size)
    return sort_text(text, alphabet_size)


def all_spans(size: int) -> tuple[Query, Query]:
    spans = [(start, stop) for start in range(size) for stop in range(start + 1, size + 1)]
    starts, stops = np.array(spans, dtype=np.int64).reshape(-1, 2).T.copy()
    return starts, stops


def row(rows: Rows, i: int) -> tuple[list[int], list[int]]:
    entries = slice(int(rows.offsets[i]), int(rows.offsets[i + 1]))
    return rows.symbols[entries].tolist(), rows.counts[entries].tolist()


@pytest.mark.parametrize("sampled", [True, False])
@pytest.mark.parametrize(("unit", "alphabet_size"), KINDS)
@settings(max_examples=40, deadline=None)
@example(documents=[[0] * 40, [], [0, 0]], text=[0] * 20)
@example(documents=[], text=[0, -1])
@example(documents=[[]], text=[])
@example(documents=[[0, 1, 2] * 13] * 3, text=[0, 1, 2] * 8)
@given(documents=documents_strategy, text=text_strategy)
def test_every_answer_of_a_sorted_text_equals_the_definition(
    unit: Unit,
    alphabet_size: int,
    sampled: bool,
    documents: Documents,
    text: list[int],
) -> None:
    documents = [spread(document, alphabet_size) for document in documents]
    text = [UNKNOWN if letter < 0 else symbol for letter, symbol in zip(text, spread(text, alphabet_size), strict=True)]
    corpus = sorted_text(documents, unit, alphabet_size)
    if not sampled:
        corpus = corpus._replace(sampled_prefixes=NO_SAMPLES)
    query = np.array(text, dtype=np.int64)

    starts, stops = all_spans(query.size)
    lows, highs = span_intervals(corpus, query, starts, stops)
    patterns = [text[start:stop] for start, stop in zip(starts, stops, strict=True)]
    assert (highs - lows).tolist() == [definition.count(documents, pattern) for pattern in patterns]
    for start, stop, low, high in zip(starts, stops, lows, highs, strict=True):
        if low < high:
            assert pattern_interval(corpus, query, start, stop) == (low, high)

    lengths, counts = longest_matches(corpus, query)
    assert (lengths.tolist(), counts.tolist()) == definition.longest_matches(documents, text)

    first = longest_suffix_starts(lengths)
    lows, highs, next_counts = suffix_intervals(corpus, query, first)
    suffix_lengths = np.arange(query.size + 1) - first
    leading_separators = (suffix_lengths == 0).astype(np.int64)
    expected = definition.longest_suffixes(documents, text)
    assert (suffix_lengths.tolist(), (highs - lows - leading_separators).tolist(), next_counts.tolist()) == expected

    separator = int(corpus.text[-1])
    rows = next_symbol_rows(corpus, lows, highs, suffix_lengths)
    for end in range(query.size + 1):
        suffix = text[int(first[end]) : end]
        assert row(rows, end) == definition.next_symbol_counts(documents, suffix, separator=separator)


def copied_query(documents: list[Query], num_letters: int, rng: np.random.Generator) -> Query:
    """New text, copies with an unknown symbol here and there, and new text again."""
    copies = [document[int(rng.integers(0, 100)) :].copy() for document in documents]
    for copy in copies:
        copy[rng.random(copy.size) < 0.003] = UNKNOWN
    new = rng.integers(0, num_letters, (2, 300))
    return np.concatenate([new[0], *copies, new[1]]).astype(np.int64)


@pytest.mark.parametrize("num_letters", [2, 5, 250])
@pytest.mark.parametrize(("unit", "alphabet_size"), KINDS)
def test_interleaved_searches_equal_step_by_step_ones_where_many_suffixes_share_a_sampled_prefix(
    unit: Unit, alphabet_size: int, num_letters: int
) -> None:
    rng = np.random.default_rng(num_letters)
    documents = [rng.integers(0, num_letters, size) for size in (4000, 900, 30, 0)]
    documents += [documents[1], documents[1][200:], np.zeros(500, dtype=np.int64)]
    corpus = sorted_text(documents, unit, alphabet_size)
    assert corpus.sampled_prefixes.size > 200
    query = copied_query(documents[:2], num_letters, rng)
    lengths, counts = longest_matches(corpus, query)
    starts = longest_suffix_starts(lengths)
    lows, highs, next_counts = suffix_intervals(corpus, query, starts)
    assert lengths.max() > 300
    assert set(counts.tolist()) > {0, 1, 3}
    for i in range(query.size):
        end = i + int(lengths[i])
        low, high = pattern_interval(corpus, query, i, end) if lengths[i] else (0, 0)
        assert high - low == counts[i]
        if end < query.size:
            low, high = pattern_interval(corpus, query, i, end + 1)
            assert low == high
        low, high = pattern_interval(corpus, query, int(starts[i]), i + 1)
        assert high - low == next_counts[i]
        if starts[i] < i:
            assert pattern_interval(corpus, query, int(starts[i]), i) == (lows[i], highs[i])
            assert highs[i] > lows[i]
    depths = np.arange(query.size + 1) - starts
    rows = next_symbol_rows(corpus, lows, highs, depths)
    for i in range(0, query.size, 7):
        following = corpus.text[corpus.suffix_array[lows[i] : highs[i]] + depths[i]]
        if depths[i] == 0:
            following = following[:-1]  # the separator before the first document follows nothing
        symbols, numbers = np.unique(following, return_counts=True)
        assert row(rows, i) == (symbols.tolist(), numbers.tolist())


def test_answers_do_not_depend_on_threads_and_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    documents = [rng.integers(0, 20, 30_000), rng.integers(0, 3, 3000)]
    corpus = sorted_text(documents, "tokens", 20)
    query = np.concatenate([rng.integers(0, 20, 12_000), documents[0][5000:]])

    def answers(num_threads: int | None) -> list[list[int]]:
        lengths, counts = longest_matches(corpus, query, num_threads=num_threads)
        starts = longest_suffix_starts(lengths)
        lows, highs, next_counts = suffix_intervals(corpus, query, starts, num_threads=num_threads)
        depths = np.arange(query.size + 1) - starts
        rows = next_symbol_rows(corpus, lows, highs, depths, num_threads=num_threads)
        asked = np.arange(query.size - 3)
        bounds = span_intervals(corpus, query, asked, asked + 3, num_threads=num_threads)
        return [array.tolist() for array in (lengths, counts, lows, highs, next_counts, *rows, *bounds)]

    expected = answers(1)
    assert answers(3) == expected
    assert answers(None) == expected
    monkeypatch.setattr(matching, "BLOCK", 777)
    monkeypatch.setattr(suffixes, "BLOCK", 778)
    assert answers(2) == expected


@pytest.mark.parametrize(("unit", "alphabet_size"), KINDS)
def test_sampled_prefixes_are_the_first_eight_bytes_of_every_sampled_suffix(unit: Unit, alphabet_size: int) -> None:
    rng = np.random.default_rng(1)
    corpus = sorted_text([rng.integers(0, alphabet_size - 1, size) for size in (300, 0, 45)], unit, alphabet_size)
    text = corpus.text.astype(corpus.text.dtype.newbyteorder(">")).tobytes()
    width = corpus.text.itemsize
    positions = corpus.suffix_array[::SAMPLE_EVERY].tolist()
    prefixes = [text[position * width : position * width + 8].ljust(8, b"\0") for position in positions]
    assert corpus.sampled_prefixes.tolist() == [int.from_bytes(prefix) - 2**63 for prefix in prefixes]
    assert len(prefixes) == -(-(1 + 301 + 1 + 46) // SAMPLE_EVERY)


def test_parts_cover_everything_once_in_order() -> None:
    found: list[tuple[int, int]] = []
    for_each_part(lambda start, stop: found.append((start, stop)), 10, num_threads=3, smallest=2)
    assert sorted(found) == [(0, 10 * 1 // 3), (10 * 1 // 3, 10 * 2 // 3), (10 * 2 // 3, 10)]
    found.clear()
    for_each_part(lambda start, stop: found.append((start, stop)), 10, num_threads=3, smallest=6)
    assert found == [(0, 10)]


def test_an_error_in_a_part_is_not_lost() -> None:
    def work(start: int, stop: int) -> None:
        if start:
            raise ValueError(f"{start} to {stop}")

    with pytest.raises(ValueError, match="5 to 10"):
        for_each_part(work, 10, num_threads=2, smallest=1)
