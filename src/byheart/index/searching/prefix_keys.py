"""Up to eight bytes of symbols as one number whose order is theirs, for queries, as `sampled_prefixes` has them."""

from byheart.index.compiled import compiled
from byheart.index.searching.search import Query
from byheart.index.sorted_text import SortedText

_SIGN = -(1 << 63)


@compiled
def pack_symbols(corpus: SortedText, query: Query, start: int, limit: int) -> tuple[int, int]:
    """The key of query[start : start + limit], zeros after an unknown symbol or its end; how many symbols it has."""
    bits = 8 * corpus.text.itemsize
    room = 64 // bits
    key, packed = 0, 0
    while packed < min(room, limit):
        symbol = query[start + packed]
        if symbol < 0 or symbol + 1 >= corpus.first_symbol.size:
            break
        key = (key << bits) | symbol
        packed += 1
    for _ in range(packed, room):
        key <<= bits
    return key ^ _SIGN, packed


@compiled
def shared_symbols(corpus: SortedText, one: int, other: int) -> int:
    """How many symbols two keys share from their start."""
    bits = 8 * corpus.text.itemsize
    different, shift, shared = one ^ other, 64 - bits, 0
    while shift >= 0 and (different >> shift) == 0:
        shared += 1
        shift -= bits
    return shared
