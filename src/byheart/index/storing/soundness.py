"""What must hold of a shard's arrays so that no compiled search can read outside them.

Hashes show that a file is as it was written; this shows that it was written by someone who knew how.
"""

import numpy as np
import numpy.typing as npt

from byheart.index.meaning import Meaning
from byheart.index.shard import DIGEST_BYTES, Shard
from byheart.index.sorted_text import SAMPLE_EVERY

_BLOCK = 1 << 22


def structural_faults(shard: Shard, meaning: Meaning) -> list[str]:
    """What is wrong with the arrays of a shard; empty when the kernels may have them.

    Args:
        shard: mapped or in memory.
        meaning: of its index.
    Cost: reads the suffix array and the small tables once.
    """
    text, order, first = shard.sorted.text, shard.sorted.suffix_array, shard.sorted.first_symbol
    offsets, names = shard.document_offsets, shard.names
    size, num_documents = text.size, shard.num_documents
    sizes = {
        "suffix array": (order.size, size),
        "first symbols": (first.size, meaning.alphabet_size + 1),
        "digests": (shard.document_digests.size, DIGEST_BYTES * num_documents),
        "names": (len(names), num_documents),
    }
    prefixes = shard.sorted.sampled_prefixes
    if prefixes.size:
        sizes["sampled prefixes"] = prefixes.size, -(-size // SAMPLE_EVERY)
    faults = [
        f"The {what} have {found:,} entries, not {expected:,}."
        for what, (found, expected) in sizes.items()
        if found != expected
    ]
    if faults or not size or num_documents < 0:
        return faults or ["It has no text."]
    separator = np.iinfo(text.dtype).max
    checks = {
        "The text does not end with a separator.": text[-1] == separator,
        "The suffix array is not a permutation of the text's positions.": _is_permutation(order),
        "The sampled prefixes are not in order.": bool(np.all(prefixes[:-1] <= prefixes[1:])),
        "The table of first symbols is no table.": first[0] == 0
        and first[-1] <= size
        and bool(np.all(np.diff(first) >= 0)),
        "The documents overlap.": offsets[0] == 1 and offsets[-1] == size and bool(np.all(np.diff(offsets) > 0)),
        "A document does not end with a separator.": bool(np.all(text[offsets - 1] == separator)),
        "The names overlap.": names.offsets[0] == 0
        and names.offsets[-1] == names.content.size
        and bool(np.all(np.diff(names.offsets) >= 0)),
    }
    return [fault for fault, holds in checks.items() if not holds]


def _is_permutation(order: npt.NDArray[np.int32]) -> bool:
    """Whether each of 0..n-1 stands there once."""
    seen = np.zeros(order.size, dtype=np.bool_)
    for start in range(0, order.size, _BLOCK):
        block = order[start : start + _BLOCK]
        if block.min() < 0 or block.max() >= order.size:
            return False
        seen[block] = True
    return bool(seen.all())
