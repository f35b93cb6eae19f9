"""Token ids and how a run of them is identified."""

import hashlib

import numpy as np
import numpy.typing as npt

TokenIds = npt.NDArray[np.int32]
"""One text as token ids, shape [num_tokens]."""

Floats = npt.NDArray[np.float64]
"""Numbers in double precision; the shape is named where it is used."""


def fingerprint_tokens(token_ids: TokenIds) -> str:
    """An identifier of a run of tokens that does not depend on where it came from.

    Definition:
        the first 128 bits of BLAKE2b over the ids as little-endian 32-bit integers, in hexadecimal
    Args:
        token_ids: shape [num_tokens].
    Returns:
        32 hexadecimal digits.
    Source: definition.
    Differs: nothing.
    """
    return hashlib.blake2b(np.ascontiguousarray(token_ids, dtype="<i4").tobytes(), digest_size=16).hexdigest()
