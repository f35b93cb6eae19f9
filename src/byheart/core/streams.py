"""Named random streams: adding or reordering work moves no one else's numbers.

A stream is addressed by a path of names, not by a position in a sequence of draws. Only `study` and `cli` open streams;
everything else takes `*, rng: np.random.Generator` without a default.
"""

import hashlib

import numpy as np


def stream(root_seed: int, *path: str) -> np.random.Generator:
    """An independent generator for one named purpose.

    Definition:
        PCG64(SeedSequence(root_seed, spawn_key = the first 128 bits of BLAKE2b(path), as four 32-bit words))
    Args:
        root_seed: the study's seed, >= 0.
        path: names from the general to the particular, for example ("audit", "extraction", "windows").
    Returns:
        a fresh generator; equal arguments give equal draws on every machine.
    Source: numpy's SeedSequence (O'Neill's seed_seq), spawn keys used as addresses.
    Differs: keys are hashes of names where numpy counts 0, 1, 2, ...
    """
    digest = hashlib.blake2b("\x1f".join(path).encode(), digest_size=16).digest()
    spawn_key = tuple(int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4))
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(root_seed, spawn_key=spawn_key)))
