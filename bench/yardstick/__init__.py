"""The parts of `bench/memorizers.py` and `bench/against_size.py`: one library in three parts, and what each memorizer
makes of it."""

from pathlib import Path

SMALL_VOCABULARY = 2048
"""Tokens of the BPE that is trained on the training part."""
ALL_NAMES = ("knowledge", "boolean", "automaton", "markov", "infinigram", "mixture")
"""Order of the rows."""

TRANSFORMER = "transformer"


def place() -> Path:
    """Where indexes and tokens are kept between runs."""
    return Path(__file__).parents[2] / "runs" / "bench" / "memorizers"
