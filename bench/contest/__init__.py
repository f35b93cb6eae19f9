"""The parts of `bench/index.py`: one corpus, two sides, each measured in a process of its own."""

from itertools import pairwise
from pathlib import Path
from typing import Any

SEPARATOR = 65_535
"""Between documents, in the files of tokens that all sides read."""
VOCABULARY_SIZE = 32_000
"""Tokens are 0..VOCABULARY_SIZE-1."""
CONTEXT_LENGTHS = (1, 2, 3, 5)
"""Tokens of the contexts whose next-token distribution is asked."""
MATERIAL_VERSION = 1


def corpus_place(source: str, num_bytes: int) -> Path:
    """Where the material of a source is kept: beside the file, or under runs/ for the standard library."""
    if source == "stdlib":
        beside = Path(__file__).parents[2] / "runs" / "bench" / "stdlib"
    else:
        beside = Path(source).resolve().with_suffix(".bench")
    return beside / f"{num_bytes // 1_000_000}MB-v{MATERIAL_VERSION}"


def pieces(whole: Any, offsets: Any) -> list[Any]:
    """Consecutive parts of a list or array: whole[offsets[i] : offsets[i + 1]]."""
    return [whole[a:b] for a, b in pairwise(offsets)]
