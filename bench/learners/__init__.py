"""The parts of `bench/models.py`: the same work done by byheart and by its peers, each side in a process of its own."""

from pathlib import Path

WINDOWS, GIVEN, SCORED = 400, 50, 50
"""Texts to score; tokens of each that are context only; tokens whose log-probability is asked."""
PROMPTS, WRITTEN = 64, 50
"""Prompts to continue, each of GIVEN tokens; tokens to write after each."""
STEPS, WARM_UP = {"small": 150, "medium": 80}, 10
"""Steps of training by size of the network; the first of them warm up and are not counted."""
BATCH, CONTEXT, LEARNING_RATE = 8, 128, 4e-3
"""Windows of a training step, tokens of each, and AdamW's step size."""
SHAPES = {"small": (128, 344), "medium": (256, 688)}
"""Width of the states and of the gated MLP; four layers and four heads, 2,048 tokens."""


def place() -> Path:
    """Where the texts are kept between runs."""
    return Path(__file__).parents[2] / "runs" / "bench" / "models"
