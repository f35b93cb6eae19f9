"""The questions that both sides are asked, drawn once from the material."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from byheart.core.streams import stream

Tokens = npt.NDArray[np.uint16]
NUM_CONTEXTS = 200
NUM_PATTERNS = 400_000
MOST_PATTERN_TOKENS = 8


def patterns(held_out: Tokens, copied: Tokens) -> tuple[Tokens, npt.NDArray[np.int64]]:
    """Runs of 1 to 8 tokens, half from held-out text and half from (noisy) text of the corpus.

    Returns:
        all of them in one array, and where each starts in it, shape [NUM_PATTERNS + 1].
    """
    rng = stream(0, "bench", "index", "patterns")
    lengths = rng.integers(1, MOST_PATTERN_TOKENS + 1, NUM_PATTERNS)
    parts = []
    for i, length in enumerate(lengths):
        text = held_out if i % 2 else copied
        start = int(rng.integers(0, text.size - MOST_PATTERN_TOKENS))
        parts.append(text[start : start + length])
    return np.concatenate(parts), np.concatenate([[0], np.cumsum(lengths)])


def context_starts(held_out: Tokens, length: int) -> npt.NDArray[np.int64]:
    """Places in held-out text where a context of that many tokens may be read, in random order."""
    rng = stream(0, "bench", "index", "contexts", str(length))
    return rng.permutation(held_out.size - length)[: 100 * NUM_CONTEXTS]


def save_questions(work: Path, arrays: dict[str, npt.NDArray[np.int64] | Tokens]) -> None:
    """Writes patterns and contexts for the sides that cannot draw them."""
    np.savez(work / "questions.npz", **arrays)
