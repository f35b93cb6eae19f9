"""Finds all rules of a corpus, shorter ones first, so that each is compared with those that might imply it.

Two facts keep it small, and neither loses a rule. What occurs too seldom, or is always followed by one token, is not
refined: with more literals it occurs no more often, and would say the same no more surely. And a rule is implied only
by rules with at least its support, so that raising the smallest support midway ends where starting with it would.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from byheart.core.progress import Progress, silent
from byheart.index.layout import SymbolArray
from byheart.index.searching.threads import usable_cores
from byheart.memorizers.rule_groups import (
    Bits,
    Columns,
    Parts,
    count_parts,
    group,
    keep_unimplied,
    places_with_past,
    sort_parts,
)
from byheart.memorizers.rules import Rules, Thresholds, make_rules

_PART_PLACES = 4096
"""Their groups and hash table fit the second cache."""
_MAX_PARTS = 4096
_PART_SHIFT = 40
"""Parts are told by other bits of the key than slots within a part."""


def mine_rules(
    text: SymbolArray,
    thresholds: Thresholds,
    *,
    end_id: int,
    num_threads: int | None = None,
    on_progress: Progress = silent,
) -> tuple[Rules, int]:
    """All rules of a corpus that no shorter rule implies.

    Definition:
        A rule is a set of literals [x-j = v], j in 1..window_tokens, that hold before n >= min_support places of
        documents, ends included, of which h are y, h / n >= min_confidence; dropped where a strict subset of its
        literals is a rule with the same y and at least the same h / n.
    Args:
        text: of the corpus, its last symbol the separator, shape [num_symbols].
        thresholds: which patterns are rules.
        end_id: the token that an end of a document is.
        num_threads: masks at a time; None for one per usable core.
        on_progress: hears of the stage "rules", mask by mask.
    Returns:
        the rules, shorter ones first, and the smallest support, which is larger than asked for where there would have
        been more than `max_rules`.
    Cost: beside the text at most 9 bytes for each of its symbols, for each thread 12 + 16 / min_support more (and 36 in
        a text of one symbol), and about 60 for each rule, of which there are at most `max_rules`. 10 million tokens:
        85 seconds on 2 cores, 0.9 GB with 7 million rules.
    Source: Agrawal and Srikant 1994, "Fast algorithms for mining association rules": supersets of the infrequent are
        not looked at. Bayardo, Agrawal and Gunopulos 2000: nor rules that add nothing to a shorter one's confidence.
    Differs: literals are tokens at offsets; what is deterministic is closed as well.
    """
    masks = range(1, 1 << thresholds.window_tokens)
    columns: tuple[npt.NDArray[np.generic], ...] = tuple(np.empty(0, np.int32) for _ in range(5))
    rules, min_support, done = make_rules(text, columns), thresholds.min_support, 0
    below: dict[int, Bits] = {}
    with ThreadPoolExecutor(num_threads or usable_cores()) as pool:
        for size in range(1, thresholds.window_tokens + 1):
            level = [mask for mask in masks if mask.bit_count() == size]
            found = pool.map(
                _mask_miner(text, rules, below, thresholds._replace(min_support=min_support), end_id), level
            )
            open_places: dict[int, Bits] = {}
            for mask, (open_places[mask], new) in zip(level, found, strict=True):
                added: tuple[npt.NDArray[np.generic], ...] = np.full(new[0].size, mask, np.uint8), *new
                columns = tuple(np.concatenate(pair) for pair in zip(columns, added, strict=True))
                if columns[0].size > thresholds.max_rules:
                    min_support = _enough_support(columns[4].astype(np.int64), thresholds.max_rules)
                    columns = tuple(column[columns[4].astype(np.int64) >= min_support] for column in columns)
                done += 1
                on_progress("rules", done, len(masks), f"{columns[0].size:,} rules")
            rules, below = make_rules(text, columns), open_places
    return rules, min_support


def _enough_support(supports: npt.NDArray[np.int64], max_rules: int) -> int:
    """The smallest support that at most `max_rules` rules have."""
    descending = np.sort(supports)[::-1]
    return int(descending[max_rules]) + 1


def _mask_miner(
    text: SymbolArray, rules: Rules, below: dict[int, Bits], thresholds: Thresholds, end_id: int
) -> Callable[[int], tuple[Bits, Columns]]:
    """Gives for a mask the places that stay open and the rules that `rules`, all shorter ones, do not imply."""

    def mine(mask: int) -> tuple[Bits, Columns]:
        bits = _places(text, mask, below)
        num_places = int(np.bitwise_count(bits.view(np.uint64)).sum())
        num_parts = min(1 << (num_places // _PART_PLACES).bit_length(), _MAX_PARTS)
        starts = count_parts(text, bits, mask, _PART_SHIFT, num_parts)
        places, keys = sort_parts(text, bits, mask, _PART_SHIFT, starts)
        bits[:] = 0
        room = num_places // thresholds.min_support
        out = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int32)
        size = group(text, mask, Parts(starts, places, keys), end_id, thresholds, bits, out)
        size = keep_unimplied(rules, text, mask, out, size)
        order = np.argsort(out[0][:size])
        return bits, (out[0][order], out[1][order], out[2][order], out[3][order])

    return mine


def _places(text: SymbolArray, mask: int, below: dict[int, Bits]) -> Bits:
    """Places that are open at all masks with one literal less."""
    if mask.bit_count() == 1:
        return places_with_past(text, mask.bit_length())
    first, *rest = (below[mask & ~(1 << bit)] for bit in range(mask.bit_length()) if mask >> bit & 1)
    bits = first.copy()
    for other in rest:
        bits &= other
    return bits
