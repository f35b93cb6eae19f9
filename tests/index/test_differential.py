"""The index against answers found otherwise: windows counted one by one, an automaton, and three other programs."""

import importlib.util
import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.corpus.readers import read
from byheart.index import Index, definition
from byheart.index.layout import Unit
from tests.index import suffix_automaton
from tests.index.suffix_automaton import SuffixAutomaton

Symbols = npt.NDArray[Any]
KINDS: tuple[tuple[Unit, int], ...] = (("bytes", 256), ("tokens", 1000), ("tokens", 70_000))
NUM_SHARDS = (1, 2, 5)
LONGEST = 14
PATTERNS_PER_CORPUS = 25_000
REAL_PATTERNS = 10_000


def build(documents: Sequence[Symbols], unit: Unit, alphabet_size: int, num_shards: int = 1) -> Index:
    """An index of at least that many shards, as far as the documents' borders allow."""
    total = sum(document.size + 1 for document in documents) + 1
    longest = max((document.size for document in documents), default=0)
    return Index.build(
        documents,
        [str(i) for i in range(len(documents))],
        unit=unit,
        alphabet_size=alphabet_size,
        shard_symbols=total if num_shards == 1 else max(longest + 2, total // num_shards),
    )


def window_counts(documents: Sequence[Symbols]) -> Counter[bytes]:
    """How often each run of 1 to LONGEST symbols stands in the documents: every window of each, one by one."""
    found: Counter[bytes] = Counter()
    for document in documents:
        letters = bytes(document.tolist())
        for size in range(1, LONGEST + 1):
            found.update(letters[start : start + size] for start in range(len(letters) - size + 1))
    return found


def patterns_of(documents: Sequence[Symbols], num_letters: int, num: int, rng: np.random.Generator) -> list[Symbols]:
    """Half of them windows of documents, a third of those with one letter changed; half made up."""
    whole = np.concatenate(documents)
    found = []
    for i in range(num):
        size = int(rng.integers(1, LONGEST + 1))
        if i % 2:
            found.append(rng.integers(0, num_letters, size))
            continue
        start = int(rng.integers(0, whole.size - size))
        window = whole[start : start + size].copy()
        if i % 3 == 0:
            window[rng.integers(0, size)] = rng.integers(0, num_letters)
        found.append(window)
    return found


def disagreements_with_brute_force(seed: int) -> tuple[int, int, int]:
    """Counts of one random corpus that differ from its windows; how many were asked, and how many were not zero."""
    rng = np.random.default_rng(seed)
    num_letters = 2 + seed % 3
    unit, alphabet_size = KINDS[seed % len(KINDS)]
    sizes = rng.integers(0, 120, 50)
    documents = [rng.integers(0, num_letters, int(size)) for size in sizes]
    documents += [documents[i].copy() for i in rng.integers(0, len(documents), 5)]
    index = build(documents, unit, alphabet_size, NUM_SHARDS[seed // 3 % len(NUM_SHARDS)])
    asked = patterns_of(documents, num_letters, PATTERNS_PER_CORPUS, rng)
    windows = window_counts(documents)
    expected = np.array([windows[bytes(pattern.tolist())] for pattern in asked])
    found = index.counts(asked)
    return int((found != expected).sum()), len(asked), int((expected > 0).sum())


@pytest.mark.parametrize("seed", [0, 4])
def test_25_000_counts_equal_windows_counted_one_by_one(seed: int) -> None:
    differing, asked, present = disagreements_with_brute_force(seed)
    assert (differing, asked) == (0, PATTERNS_PER_CORPUS)
    assert asked / 4 < present < asked


@pytest.mark.slow
def test_a_million_counts_equal_windows_counted_one_by_one() -> None:
    results = [disagreements_with_brute_force(seed) for seed in range(1000, 1040)]
    assert sum(asked for _, asked, _ in results) == 40 * 25_000
    assert sum(differing for differing, _, _ in results) == 0


def test_windows_counted_one_by_one_are_the_definition() -> None:
    rng = np.random.default_rng(5)
    documents = [rng.integers(0, 2, size) for size in (30, 0, 1, 17)]
    lists = [document.tolist() for document in documents]
    windows = window_counts(documents)
    for pattern in patterns_of(documents, 2, 200, rng):
        assert windows[bytes(pattern.tolist())] == definition.count(lists, pattern.tolist())


letters = st.integers(0, 2)
some_documents = st.lists(st.lists(letters, max_size=16), min_size=1, max_size=6)


@pytest.mark.slow
@pytest.mark.parametrize("num_shards", NUM_SHARDS)
@settings(max_examples=1500, deadline=None)
@given(documents=some_documents, text=st.lists(letters, max_size=30), copies=st.integers(1, 3))
def test_matching_statistics_equal_the_definition_for_every_sharding(
    num_shards: int, documents: list[list[int]], text: list[int], copies: int
) -> None:
    documents = documents * copies
    index = build([np.array(document, dtype=np.int64) for document in documents], "tokens", 3, num_shards)
    found = index.longest_matches(np.array(text, dtype=np.int64))
    assert (found.lengths.tolist(), found.counts.tolist()) == definition.longest_matches(documents, text)


def assert_equals_the_automaton(index: Index, documents: Sequence[Symbols], text: Symbols) -> None:
    lists = [document.tolist() for document in documents]
    lengths, counts = suffix_automaton.longest_matches(lists, text.tolist())
    found = index.longest_matches(text)
    assert np.array_equal(found.lengths, lengths)
    assert np.array_equal(found.counts, counts)
    ends, end_counts, next_counts = SuffixAutomaton(lists).longest_suffixes(text.tolist())
    suffixes = index.longest_suffixes(text)
    assert np.array_equal(suffixes.lengths, ends)
    known = np.array(ends) > 0
    assert np.array_equal(suffixes.counts[known], np.array(end_counts)[known])
    assert np.array_equal(suffixes.next_counts[known[:-1]], np.array(next_counts)[known[:-1]])


def fibonacci_word(num_symbols: int) -> Symbols:
    one, two = [0], [0, 1]
    while len(two) < num_symbols:
        one, two = two, two + one
    return np.array(two[:num_symbols])


def de_bruijn_like(num_symbols: int, rng: np.random.Generator) -> Symbols:
    return rng.integers(0, 2, num_symbols)


def copies_with_noise(num_symbols: int, rng: np.random.Generator) -> Symbols:
    text = np.tile(rng.integers(0, 4, num_symbols // 8), 8)
    text[rng.integers(0, text.size, num_symbols // 300)] = 3
    return text


REPETITIVE: dict[str, Callable[[int, np.random.Generator], Symbols]] = {
    "one letter": lambda size, _: np.zeros(size, dtype=np.int64),
    "two letters in turn": lambda size, _: np.arange(size) % 2,
    "Fibonacci word": lambda size, _: fibonacci_word(size),
    "random": de_bruijn_like,
    "copies with noise": copies_with_noise,
}


@pytest.mark.parametrize("num_shards", NUM_SHARDS)
@pytest.mark.parametrize("kind", REPETITIVE)
def test_long_repetitive_texts_equal_the_automaton(kind: str, num_shards: int) -> None:
    rng = np.random.default_rng(len(kind))
    corpus = REPETITIVE[kind](3000, rng)
    documents = [corpus[:700], corpus[700:1500], corpus[1300:2000], corpus[:0], corpus[2000:], corpus[650:720]]
    text = np.concatenate([corpus[100:1900], [9, 1], corpus[::-1][:900], corpus[500:2500]])
    unit, alphabet_size = KINDS[num_shards % len(KINDS)]
    assert_equals_the_automaton(build(documents, unit, alphabet_size, num_shards), documents, text)


@cache
def library_texts(num_bytes: int) -> tuple[str, ...]:
    """Documents of the standard library, in random order, up to that size."""
    documents = read("stdlib").documents
    found, size = [], 0
    for i in np.random.default_rng(11).permutation(len(documents)):
        if size > num_bytes:
            break
        found.append(documents[i].text)
        size += len(documents[i].text)
    return tuple(found)


@cache
def library_words(num_bytes: int) -> tuple[Symbols, ...]:
    """The same as numbers of words, blanks and marks: a vocabulary of real text."""
    numbers: dict[str, int] = {}
    return tuple(
        np.array(
            [numbers.setdefault(word, len(numbers)) for word in re.findall(r"\w+|\s+|[^\w\s]", text)], dtype=np.int64
        )
        for text in library_texts(num_bytes)
        if text
    )


@pytest.mark.slow
@pytest.mark.parametrize("num_shards", NUM_SHARDS)
def test_real_text_and_its_noisy_copies_equal_the_automaton(num_shards: int) -> None:
    rng = np.random.default_rng(num_shards)
    words = library_words(2_000_000)
    documents, held_out = words[: len(words) * 3 // 4], words[len(words) * 3 // 4 :]
    copy = np.concatenate(documents[: len(documents) // 4]).copy()
    copy[rng.integers(0, copy.size, copy.size // 1000)] = 1
    text = np.concatenate([*held_out, copy])
    assert text.size > 100_000
    assert_equals_the_automaton(build(documents, "tokens", 60_000, num_shards), documents, text)


def windows_of(texts: Sequence[Any], num: int, longest: int, rng: np.random.Generator) -> list[Any]:
    """Windows of real documents; the last part of every third comes from elsewhere, so that some do not occur."""
    found: list[Any] = []
    while len(found) < num:
        text, other = (texts[int(i)] for i in rng.integers(0, len(texts), 2))
        size = int(rng.integers(1, longest + 1))
        if min(len(text), len(other)) <= size:
            continue
        start, middle = int(rng.integers(0, len(text) - size)), int(rng.integers(0, size + 1))
        window = text[start : start + size]
        if len(found) % 3 == 0:
            window = window[:middle] + other[start % (len(other) - size) :][: size - middle]
        found.append(window)
    return found


def library_bytes_index(num_bytes: int, num_shards: int) -> Index:
    documents = [np.frombuffer(text.encode(), dtype=np.uint8) for text in library_texts(num_bytes)]
    return build(documents, "bytes", 256, num_shards)


@pytest.mark.slow
@pytest.mark.parametrize("num_shards", NUM_SHARDS)
def test_counts_in_real_text_equal_those_of_pydivsufsort(num_shards: int) -> None:
    pydivsufsort = pytest.importorskip("pydivsufsort")
    texts = library_texts(4_000_000)
    joined = b"\xff".join(text.encode() for text in texts)
    order = pydivsufsort.divsufsort(joined)
    asked = windows_of(texts, REAL_PATTERNS, 30, np.random.default_rng(21))
    expected = [pydivsufsort.sa_search(joined, order, pattern.encode())[0] for pattern in asked]
    assert library_bytes_index(4_000_000, num_shards).counts(asked).tolist() == expected
    assert 0 < expected.count(0) < len(expected) / 3


@pytest.mark.slow
def test_counts_in_real_text_equal_those_of_fm_index() -> None:
    fm_index = pytest.importorskip("fm_index")
    texts = library_texts(2_000_000)
    peer = fm_index.MultiFMIndex(list(texts))
    asked = windows_of(texts, REAL_PATTERNS, 30, np.random.default_rng(22))
    expected = [peer.count_all(pattern) for pattern in asked]
    assert library_bytes_index(2_000_000, 2).counts(asked).tolist() == expected


@cache
def tokengrams() -> ModuleType:
    """The compiled part of tokengrams; its front door needs `datasets`, which nothing here does. To be loaded once."""
    found = importlib.util.find_spec("tokengrams")
    if found is None or not found.submodule_search_locations:
        pytest.skip("tokengrams is not installed: pip install --no-deps tokengrams")
    file = next(Path(found.submodule_search_locations[0]).glob("tokengrams*.so"))
    spec = importlib.util.spec_from_file_location("tokengrams", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize("num_shards", NUM_SHARDS)
def test_counts_and_next_symbols_of_real_tokens_equal_those_of_tokengrams(num_shards: int) -> None:
    border = 65_535
    documents = library_words(4_000_000)
    tokens = [token for document in documents for token in (border, *document.tolist())] + [border]
    peer = tokengrams().InMemoryIndex(tokens, 65_536)
    index = build(documents, "tokens", 60_000, num_shards)
    lists = [document.tolist() for document in documents]
    asked = windows_of(lists, REAL_PATTERNS, 12, np.random.default_rng(23))
    expected = [peer.count(pattern) for pattern in asked]
    assert index.counts([np.array(pattern) for pattern in asked]).tolist() == expected
    assert 0 < expected.count(0) < len(expected) / 3
    for context in windows_of(lists, 300, 4, np.random.default_rng(24)):
        following = np.array(peer.count_next(context))
        found = index.next_symbol_counts(np.array(context))
        assert np.array_equal(found.symbols, np.flatnonzero(following))
        assert np.array_equal(found.counts, following[following > 0])
