"""Many searches side by side: while one waits for memory, the others work.

A bisection reads memory at places that depend on what it read before, so alone it waits 200-300 ns for each. Here up to
`LANES` searches go through the same phases together, one probe of each in turn, and each probe ends by asking for what
the next one of its lane reads. The sampled prefixes of `SortedText` leave few probes that read the text at all.

Phases: the sampled suffixes around the query; its place among the suffixes between them, whose neighbours have the
longest prefix in common with it; the two borders of the suffixes that have this prefix.
"""

import numpy as np
import numpy.typing as npt

from byheart.index.compiled import compiled
from byheart.index.layout import SymbolArray
from byheart.index.searching.prefetch import prefetch
from byheart.index.searching.prefix_keys import pack_symbols, shared_symbols
from byheart.index.searching.search import Query, symbol_interval
from byheart.index.sorted_text import SAMPLE_EVERY, SortedText

LANES = 128
"""Searches side by side. More would outgrow the nearest cache."""
_LONG_SYMBOLS = 64
"""From here on a comparison goes by blocks of symbols, which the processor compares side by side."""
LONGEST, WHOLE = 0, 1
"""Which runs are asked for."""
_UNKNOWN = -2
"""No rank: the border lies beyond the sampled suffixes between which the place was searched."""

# What a lane holds; rows of an array of shape [_ROWS, LANES].
_START, _LIMIT, _KEY, _PACKED, _FIRST_LOW, _FIRST_HIGH = 0, 1, 2, 3, 4, 5
_LOW, _HIGH, _SHARED_LOW, _SHARED_HIGH, _POSITION, _LENGTH = 6, 7, 8, 9, 10, 11
_INSIDE, _OUTSIDE, _INSIDE_LOW, _OUTSIDE_LOW, _INSIDE_HIGH, _OUTSIDE_HIGH = 12, 13, 14, 15, 16, 17
_ROWS = 18


@compiled
def agreed_symbols(text: SymbolArray, place: int, query: Query, asked: int, agreed: int, limit: int) -> int:
    """How many symbols, at most `limit`, text[place:] and query[asked:] begin with alike, of which `agreed` are known.

    By blocks it is ten times as fast, which is what makes runs of one symbol bearable: their matches overlap.
    """
    while agreed < limit and text[place + agreed] == query[asked + agreed]:
        agreed += 1
        if agreed & (_LONG_SYMBOLS - 1) == 0:
            most = min(limit - agreed, text.size - place - agreed) // _LONG_SYMBOLS
            for _ in range(most):
                # Unsigned: an index that might count from the end keeps the compiler from comparing side by side.
                here, there, differing = np.uint64(place + agreed), np.uint64(asked + agreed), 0
                for i in range(np.uint64(_LONG_SYMBOLS)):
                    differing |= np.int64(text[here + i]) ^ query[there + i]
                if differing:
                    break
                agreed += _LONG_SYMBOLS
    return agreed


@compiled
def _begin(corpus: SortedText, query: Query, lanes: Query, active: Query, num_active: int) -> int:
    """Finds the interval of each first symbol; keeps active those that must look further."""
    prefixes, first_low, first_high = corpus.sampled_prefixes, lanes[_FIRST_LOW], lanes[_FIRST_HIGH]
    start, limit, key, packed, length = lanes[_START], lanes[_LIMIT], lanes[_KEY], lanes[_PACKED], lanes[_LENGTH]
    low, high = lanes[_LOW], lanes[_HIGH]
    kept = 0
    for j in range(num_active):
        i = active[j]
        first_low[i], first_high[i] = symbol_interval(corpus, query[start[i]])
        low[i], high[i], length[i] = first_low[i], first_high[i], min(first_high[i] - first_low[i], 1)
        if length[i] and limit[i] > 1:
            key[i], packed[i] = pack_symbols(corpus, query, start[i], limit[i])
            prefetch(prefixes, ((first_low[i] + first_high[i]) // SAMPLE_EVERY) >> 1)
            active[kept] = i
            kept += 1
    return kept


@compiled
def _search_samples(corpus: SortedText, lanes: Query, active: Query, num_active: int) -> None:
    """Sets _LOW and _HIGH to the samples before which the key stands, without and with samples equal to it."""
    prefixes, key, low, high = corpus.sampled_prefixes, lanes[_KEY], lanes[_LOW], lanes[_HIGH]
    first_low, first_high, inside, outside = lanes[_FIRST_LOW], lanes[_FIRST_HIGH], lanes[_INSIDE], lanes[_OUTSIDE]
    waiting, required = np.empty(LANES, dtype=np.int64), np.empty(LANES, dtype=np.int64)
    num_waiting = 0
    for j in range(num_active):
        i = active[j]
        low[i] = (first_low[i] + SAMPLE_EVERY - 1) // SAMPLE_EVERY
        high[i] = (first_high[i] + SAMPLE_EVERY - 1) // SAMPLE_EVERY
        if low[i] < high[i]:
            waiting[num_waiting] = i
            num_waiting += 1
    while num_waiting:
        kept = 0
        for j in range(num_waiting):
            i = waiting[j]
            left, right = low[i], high[i]
            middle = (left + right) >> 1
            below = prefixes[middle] < key[i]
            left, right = middle + 1 if below else left, right if below else middle
            prefetch(prefixes, (left + right) >> 1)
            low[i], high[i] = left, right
            waiting[kept] = i
            kept += left < right
        num_waiting = kept
    for j in range(num_active):
        i = active[j]
        last = (first_high[i] + SAMPLE_EVERY - 1) // SAMPLE_EVERY
        high[i] = low[i]
        if low[i] < last and prefixes[low[i]] == key[i]:
            inside[i], outside[i], required[i] = low[i], last, 8
            waiting[num_waiting] = i
            num_waiting += 1
    _search_sample_borders(corpus, lanes, required, waiting, num_waiting)
    for j in range(num_waiting):
        high[waiting[j]] = outside[waiting[j]]


@compiled
def _search_sample_borders(corpus: SortedText, lanes: Query, required: Query, active: Query, num_active: int) -> None:
    """Moves _INSIDE and _OUTSIDE together: a sample sharing the required symbols with the key beside one that does not.

    More symbols than a key has are required where only the whole key counts.
    """
    prefixes, key, inside, outside = corpus.sampled_prefixes, lanes[_KEY], lanes[_INSIDE], lanes[_OUTSIDE]
    waiting = active[:num_active].copy()
    num_waiting = num_active
    room = 8 // corpus.text.itemsize
    while num_waiting:
        kept = 0
        for j in range(num_waiting):
            i = waiting[j]
            here, there = inside[i], outside[i]
            if abs(there - here) > 1:
                middle = (here + there) >> 1
                shares = shared_symbols(corpus, prefixes[middle], key[i]) >= min(required[i], room)
                here, there = middle if shares else here, there if shares else middle
                prefetch(prefixes, (here + there) >> 1)
                inside[i], outside[i] = here, there
                waiting[kept] = i
                kept += 1
        num_waiting = kept


@compiled
def _enter_ranks(corpus: SortedText, lanes: Query, active: Query, num_active: int) -> None:
    """From samples to the ranks between them, and what the samples at both ends share with the query."""
    prefixes, order = corpus.sampled_prefixes, corpus.suffix_array
    key, packed, low, high = lanes[_KEY], lanes[_PACKED], lanes[_LOW], lanes[_HIGH]
    for j in range(num_active):
        i = active[j]
        first, last = lanes[_FIRST_LOW, i], lanes[_FIRST_HIGH, i]
        below, above = low[i] - 1, high[i]
        lanes[_SHARED_LOW, i] = lanes[_SHARED_HIGH, i] = 0
        low[i], high[i] = first, last
        if prefixes.size and below * SAMPLE_EVERY >= first:
            low[i] = below * SAMPLE_EVERY + 1
            lanes[_SHARED_LOW, i] = min(shared_symbols(corpus, prefixes[below], key[i]), packed[i])
            lanes[_INSIDE_LOW, i], lanes[_OUTSIDE_LOW, i] = below * SAMPLE_EVERY, _UNKNOWN
        if prefixes.size and above * SAMPLE_EVERY < last:
            high[i] = above * SAMPLE_EVERY
            lanes[_SHARED_HIGH, i] = min(shared_symbols(corpus, prefixes[above], key[i]), packed[i])
            lanes[_INSIDE_HIGH, i], lanes[_OUTSIDE_HIGH, i] = above * SAMPLE_EVERY, _UNKNOWN
        prefetch(order, (low[i] + high[i]) >> 1)


@compiled
def _search_places(corpus: SortedText, query: Query, lanes: Query, active: Query, num_active: int) -> None:
    """Moves _LOW and _HIGH together at the place of the query among the suffixes.

    What both ends of the bisection share with the query is not compared again. On each side it is noted which suffix
    has the longest prefix so far, and which one certainly has not.
    """
    text, order = corpus.text, corpus.suffix_array
    start, limit, low, high, position = lanes[_START], lanes[_LIMIT], lanes[_LOW], lanes[_HIGH], lanes[_POSITION]
    shared_low, shared_high = lanes[_SHARED_LOW], lanes[_SHARED_HIGH]
    waiting = active[:num_active].copy()
    num_waiting = num_active
    while num_waiting:
        kept = 0
        for j in range(num_waiting):
            i = waiting[j]
            if low[i] < high[i]:
                position[i] = order[(low[i] + high[i]) >> 1]
                prefetch(text, position[i] + min(shared_low[i], shared_high[i]))
                waiting[kept] = i
                kept += 1
        num_waiting = kept
        for j in range(num_waiting):
            i = waiting[j]
            middle, place, asked = (low[i] + high[i]) >> 1, position[i], start[i]
            shared = max(min(shared_low[i], shared_high[i]), 1)
            shared = agreed_symbols(text, place, query, asked, shared, limit[i])
            if shared < limit[i] and text[place + shared] < query[asked + shared]:
                if shared > shared_low[i]:
                    lanes[_OUTSIDE_LOW, i], lanes[_INSIDE_LOW, i], shared_low[i] = low[i] - 1, middle, shared
                low[i] = middle + 1
            else:
                if shared > shared_high[i]:
                    lanes[_OUTSIDE_HIGH, i], lanes[_INSIDE_HIGH, i], shared_high[i] = high[i], middle, shared
                high[i] = middle
            prefetch(order, (low[i] + high[i]) >> 1)


@compiled
def _search_borders(corpus: SortedText, query: Query, lanes: Query, active: Query, num_active: int) -> None:
    """Moves _INSIDE and _OUTSIDE together: a suffix sharing _LENGTH symbols with the query beside one that does not.

    Both are ranks; or _OUTSIDE is unknown, and _INSIDE the rank of a sample with the last one to look at in _POSITION.
    """
    text, order = corpus.text, corpus.suffix_array
    start, length, inside, outside = lanes[_START], lanes[_LENGTH], lanes[_INSIDE], lanes[_OUTSIDE]
    position, first_low, first_high = lanes[_POSITION], lanes[_FIRST_LOW], lanes[_FIRST_HIGH]
    waiting, shared = np.empty(LANES, dtype=np.int64), np.empty(LANES, dtype=np.int64)
    num_waiting = 0
    for j in range(num_active):
        i = active[j]
        shared[i] = 1
        if outside[i] == _UNKNOWN:
            inside[i], outside[i] = inside[i] // SAMPLE_EVERY, position[i]
            waiting[num_waiting] = i
            num_waiting += 1
    _search_sample_borders(corpus, lanes, length, waiting, num_waiting)
    for j in range(num_waiting):
        i = waiting[j]
        inside[i] *= SAMPLE_EVERY
        outside[i] = min(max(outside[i] * SAMPLE_EVERY, first_low[i] - 1), first_high[i])
    for j in range(num_active):
        i = waiting[j] = active[j]
        prefetch(order, (inside[i] + outside[i]) >> 1)
    num_waiting = num_active
    while num_waiting:
        kept = 0
        for j in range(num_waiting):
            i = waiting[j]
            if abs(outside[i] - inside[i]) > 1:
                position[i] = order[(inside[i] + outside[i]) >> 1]
                prefetch(text, position[i] + length[i] - 1)
                waiting[kept] = i
                kept += 1
        num_waiting = kept
        for j in range(num_waiting):
            i = waiting[j]
            middle, place, asked = (inside[i] + outside[i]) >> 1, position[i], start[i]
            if length[i] < _LONG_SYMBOLS:
                fits = place + length[i] <= text.size
                left = length[i] - 1 if fits else 0
                while left > 0 and text[place + left] == query[asked + left]:
                    left -= 1
                shares = fits and left == 0
            else:
                # What the suffix outside shares, all between share: long runs are compared once, not once a probe.
                agreed = agreed_symbols(text, place, query, asked, shared[i], length[i])
                shares = agreed == length[i]
                shared[i] = shared[i] if shares else agreed
            inside[i], outside[i] = middle if shares else inside[i], outside[i] if shares else middle
            prefetch(order, (inside[i] + outside[i]) >> 1)


@compiled
def _bound(corpus: SortedText, query: Query, lanes: Query, active: Query, num_active: int, wanted: int) -> None:
    """Sets _LENGTH, _LOW and _HIGH to what the places answer."""
    length, low, high, limit = lanes[_LENGTH], lanes[_LOW], lanes[_HIGH], lanes[_LIMIT]
    inside, outside, position = lanes[_INSIDE], lanes[_OUTSIDE], lanes[_POSITION]
    waiting = np.empty(LANES, dtype=np.int64)
    num_waiting = 0
    for j in range(num_active):
        i = active[j]
        length[i] = max(lanes[_SHARED_LOW, i], lanes[_SHARED_HIGH, i])
        if wanted == WHOLE and length[i] < limit[i]:
            length[i] = 0
        elif length[i] == 1:
            low[i], high[i] = lanes[_FIRST_LOW, i], lanes[_FIRST_HIGH, i]
        elif lanes[_SHARED_LOW, i] == length[i]:
            inside[i], outside[i] = lanes[_INSIDE_LOW, i], lanes[_OUTSIDE_LOW, i]
            position[i] = (lanes[_FIRST_LOW, i] + SAMPLE_EVERY - 1) // SAMPLE_EVERY - 1
            waiting[num_waiting] = i
            num_waiting += 1
    _search_borders(corpus, query, lanes, waiting, num_waiting)
    for j in range(num_waiting):
        low[waiting[j]] = inside[waiting[j]]
    num_waiting = 0
    for j in range(num_active):
        i = active[j]
        if length[i] > 1 and lanes[_SHARED_HIGH, i] == length[i]:
            inside[i], outside[i] = lanes[_INSIDE_HIGH, i], lanes[_OUTSIDE_HIGH, i]
            position[i] = (lanes[_FIRST_HIGH, i] + SAMPLE_EVERY - 1) // SAMPLE_EVERY
            waiting[num_waiting] = i
            num_waiting += 1
    _search_borders(corpus, query, lanes, waiting, num_waiting)
    for j in range(num_waiting):
        high[waiting[j]] = outside[waiting[j]]


@compiled
def find_runs(
    corpus: SortedText,
    query: Query,
    starts: Query,
    limits: Query,
    wanted: int,
    out: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]],
) -> None:
    """For each start, the longest run of the query of at most its limit that occurs, and the suffixes that start so.

    Args:
        starts: shape [num_runs].
        limits: in symbols, at least 1 and not beyond the query, shape [num_runs].
        wanted: LONGEST; or WHOLE, then runs shorter than their limit are answered with length 0 and low == high.
        out: lengths, lows, highs; shape [num_runs] each.
    """
    lanes, active = np.empty((_ROWS, LANES), dtype=np.int64), np.empty(LANES, dtype=np.int64)
    for first in range(0, starts.size, LANES):
        size = min(LANES, starts.size - first)
        for i in range(size):
            lanes[_START, i], lanes[_LIMIT, i], active[i] = starts[first + i], limits[first + i], i
        num_active = _begin(corpus, query, lanes, active, size)
        if corpus.sampled_prefixes.size:
            _search_samples(corpus, lanes, active, num_active)
        _enter_ranks(corpus, lanes, active, num_active)
        _search_places(corpus, query, lanes, active, num_active)
        _bound(corpus, query, lanes, active, num_active, wanted)
        for i in range(size):
            out[0][first + i], out[1][first + i], out[2][first + i] = lanes[_LENGTH, i], lanes[_LOW, i], lanes[_HIGH, i]
