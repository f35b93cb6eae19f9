"""What must hold of a shard's arrays so that no compiled search can read outside them.

Hashes show that a file is as it was written; this shows that it was written by someone who knew how.
"""

import numpy as np

from byheart.index.meaning import Meaning
from byheart.index.shard import DIGEST_BYTES, Shard

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
    faults = [
        f"The {what} have {found:,} entries, not {expected:,}."
        for what, (found, expected) in sizes.items()
        if found != expected
    ]
    if faults or not size or num_documents < 0:
        return faults or ["It has no text."]
    separator = np.iinfo(text.dtype).max
    blocks = (order[start : start + _BLOCK] for start in range(0, size, _BLOCK))
    checks = {
        "The text does not end with a separator.": text[-1] == separator,
        "The suffix array points outside the text.": all(b.min() >= 0 and b.max() < size for b in blocks),
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
