"""The order of the suffixes: equal to the definition on small texts, to another sorter on real text, always fast."""

import sysconfig
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.index import definition
from byheart.index.sorting.suffix_array import sort_suffixes

DTYPES = (np.uint8, np.uint16, np.uint32)


def _assert_sorted(text: npt.NDArray[Any], suffix_array: npt.NDArray[np.int32]) -> None:
    """A permutation in which each suffix and the next are in order: by first symbols, then by what follows."""
    assert suffix_array.dtype == np.int32
    assert (np.bincount(suffix_array, minlength=text.size) == 1).all()
    rank = np.empty(text.size + 1, dtype=np.int64)
    rank[suffix_array] = np.arange(text.size)
    rank[text.size] = -1
    first, second = suffix_array[:-1].astype(np.int64), suffix_array[1:].astype(np.int64)
    smaller = text[first] < text[second]
    equal = text[first] == text[second]
    assert (smaller | (equal & (rank[first + 1] < rank[second + 1]))).all()


def _real_bytes(num_bytes: int) -> npt.NDArray[np.uint8]:
    folder = Path(sysconfig.get_paths()["stdlib"])
    raw = b"\xff".join(path.read_bytes() for path in sorted(folder.glob("*.py")))
    return np.frombuffer(raw[: num_bytes - 1] + b"\xff", dtype=np.uint8)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("alphabet_size", [1, 2, 3, 200])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_the_order_is_the_definition_s(dtype: type[Any], alphabet_size: int, data: st.DataObject) -> None:
    symbols = data.draw(st.lists(st.integers(0, alphabet_size - 1), max_size=80))
    largest = np.iinfo(dtype).max
    if data.draw(st.booleans()):  # the largest symbols there are, so that padding meets real ones
        symbols = [largest - symbol for symbol in symbols]
    text = np.array(symbols, dtype=dtype)
    assert sort_suffixes(text).tolist() == definition.suffix_array(symbols)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(0, 2), min_size=1, max_size=14),
    st.integers(2, 20),
    st.lists(st.integers(0, 2), max_size=3),
    st.sampled_from(DTYPES),
)
def test_repeated_blocks_longer_than_a_window_are_told_apart(
    block: list[int], times: int, end: list[int], dtype: type[Any]
) -> None:
    symbols = block * times + end
    scaled = [symbol * (np.iinfo(dtype).max // 2) for symbol in symbols]  # as few symbols in a window as can be
    text = np.array(scaled, dtype=dtype)
    assert sort_suffixes(text).tolist() == definition.suffix_array(scaled)


@pytest.mark.parametrize("dtype", DTYPES)
def test_texts_of_none_one_and_two_symbols_are_sorted(dtype: type[Any]) -> None:
    largest = np.iinfo(dtype).max
    assert sort_suffixes(np.array([], dtype=dtype)).tolist() == []
    assert sort_suffixes(np.array([largest], dtype=dtype)).tolist() == [0]
    assert sort_suffixes(np.array([0, 0], dtype=dtype)).tolist() == [1, 0]
    assert sort_suffixes(np.array([0, largest], dtype=dtype)).tolist() == [0, 1]
    assert sort_suffixes(np.array([largest, 0], dtype=dtype)).tolist() == [1, 0]


@pytest.mark.parametrize("dtype", DTYPES)
def test_real_text_is_ordered_as_by_another_sorter_for_all_dtypes_and_threads(dtype: type[Any]) -> None:
    import pydivsufsort

    text = _real_bytes(2_000_000)
    expected = pydivsufsort.divsufsort(text.copy())
    wide = text.astype(dtype) * dtype(np.iinfo(dtype).max // 255)
    for num_threads in (1, 2, 3):
        assert (sort_suffixes(wide, num_threads=num_threads) == expected).all()


def test_pairs_of_bytes_as_one_symbol_are_sorted() -> None:
    raw = _real_bytes(1_500_000)
    text = raw[: raw.size // 2 * 2].view(np.uint16)
    one, two = sort_suffixes(text, num_threads=1), sort_suffixes(text, num_threads=2)
    assert (one == two).all()
    _assert_sorted(text, one)


def _fibonacci(num_symbols: int) -> npt.NDArray[np.uint8]:
    previous, word = b"\x01", b"\x01\x00"
    while len(word) < num_symbols:
        previous, word = word, word + previous
    return np.frombuffer(word[:num_symbols], dtype=np.uint8)


def _adversarial(num_symbols: int) -> dict[str, npt.NDArray[Any]]:
    rng = np.random.default_rng(0)
    half = rng.integers(0, 30_000, num_symbols // 2).astype(np.uint16)
    ramp = np.arange(num_symbols) % 5_000
    return {
        "all equal": np.zeros(num_symbols, np.uint16),
        "all equal to the largest": np.full(num_symbols, 65_535, np.uint16),
        "rising": np.arange(num_symbols, dtype=np.uint32),
        "falling": np.arange(num_symbols, dtype=np.uint32)[::-1],
        "period 2": np.tile(np.array([0, 65_535], np.uint16), num_symbols // 2),
        "period 2, ending low": np.append(np.tile(np.array([7, 3], np.uint16), num_symbols // 2), np.uint16(3)),
        "period 5,000, rising": ramp.astype(np.uint16),
        "period 5,000, falling": ramp[::-1].astype(np.uint16),
        "runs of 4,999 and one": (ramp == 0).astype(np.uint8),
        "runs of 4,999 and one lower": (ramp != 0).astype(np.uint8),
        "Fibonacci": _fibonacci(num_symbols),
        "Thue-Morse": np.bitwise_count(np.arange(num_symbols, dtype=np.uint32)) % 2,
        "a long copy": np.concatenate([half, half]),
        "random bits": rng.integers(0, 2, num_symbols).astype(np.uint8),
        "random 32-bit symbols": rng.integers(0, 2**32, num_symbols).astype(np.uint32),
    }


@pytest.mark.parametrize("name", list(_adversarial(2)))
def test_no_text_takes_long(name: str) -> None:
    text = _adversarial(400_000)[name]
    suffix_array = sort_suffixes(text, num_threads=1)  # compiles what this text needs
    start = time.process_time()
    with_two_threads = sort_suffixes(text, num_threads=2)
    # Real text takes 0.05 s; quadratic work would take minutes.
    assert time.process_time() - start < 5
    _assert_sorted(text, suffix_array)
    assert (suffix_array == with_two_threads).all()


def test_the_text_may_be_read_only_and_is_left_as_it_is() -> None:
    text = np.array([2, 1, 3, 1, 3, 0, 3], dtype=np.uint16)
    before = text.copy()
    text.flags.writeable = False
    assert sort_suffixes(text).tolist() == [5, 3, 1, 0, 6, 4, 2]
    assert (text == before).all()
