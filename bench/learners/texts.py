"""The texts that all sides read: windows of the standard library as SmolLM2's tokens, and a stream to train on."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from yardstick import SMALL_VOCABULARY
from yardstick.library import encoded, library

from byheart.core.streams import stream
from byheart.corpus.tokenizer import Tokenizer
from byheart.models.smollm2 import smollm2_folder
from learners import GIVEN, SCORED, WINDOWS, place


def prepare() -> Path:
    """Writes them where they are not there: one window from each of so many files, drawn by a fixed stream."""
    folder = place()
    path = folder / "texts.npz"
    if path.exists():
        return path
    parts = library()
    rng = stream(0, "bench", "models")
    large = Tokenizer.from_folder(smollm2_folder())
    length = GIVEN + SCORED
    documents = [ids for ids in encoded(parts.train, large).tokens if ids.size >= length]
    chosen = rng.permutation(len(documents))[:WINDOWS]
    starts = [int(rng.integers(documents[i].size - length + 1)) for i in chosen]
    windows = np.stack([documents[i][at : at + length] for i, at in zip(chosen, starts, strict=True)])
    small = Tokenizer.train(parts.train, SMALL_VOCABULARY)
    tokens = encoded(parts.train, small).tokens
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(
        path,
        windows=windows,
        start_id=large.end_id,
        stream=np.concatenate(tokens),
        sizes=[ids.size for ids in tokens],
        end_id=small.end_id,
        vocabulary_size=small.vocabulary_size,
        folder=str(smollm2_folder()),
    )
    return path


def read(path: str) -> dict[str, npt.NDArray[np.generic]]:
    """What `prepare` wrote, by name."""
    with np.load(path) as file:
        return {name: file[name] for name in file.files}
