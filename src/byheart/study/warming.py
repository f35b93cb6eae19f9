"""Compiling the kernels of a study in a process of its own, while the network trains.

The first run on a machine compiles for most of a minute on one core. A process of lowest priority takes what other work
leaves idle and never what it uses; the machine code waits in the cache that `index/compiled.py` keeps.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from byheart.core.progress import Progress, silent
from byheart.core.streams import stream
from byheart.models.reduction_kernel import compile_reduction
from byheart.study.execute import execute
from byheart.study.plan import StudyPlan

_WORDS, _WORDS_PER_DOCUMENT, _DOCUMENTS = 2000, 300, 12


def write_text(folder: Path) -> tuple[Path, Path]:
    """Two sides of text without meaning, one document of the first twice: a study of it calls every kernel."""
    rng = stream(0, "warming")
    words = ["".join(chr(97 + letter) for letter in rng.integers(0, 26, 5)) for _ in range(_WORDS)]
    sides = folder / "seen", folder / "unseen"
    for side in sides:
        side.mkdir()
        for number in range(_DOCUMENTS):
            text = " ".join(words[int(place)] for place in rng.zipf(1.3, _WORDS_PER_DOCUMENT) % _WORDS)
            (side / f"{number}.txt").write_text(text, "utf-8")
    (sides[0] / "again.txt").write_bytes((sides[0] / "0.txt").read_bytes())
    return sides


def compile_kernels() -> None:
    """Studies a memorizer of a small text and reduces a model's logits, so that every kernel of a study is kept."""
    compile_reduction()
    with tempfile.TemporaryDirectory() as folder:
        seen, unseen = write_text(Path(folder))
        plan = StudyPlan(model="memorizer:mixture", trained_on=(str(seen),), held_out=(str(unseen),))
        execute(plan, Path(folder) / "run")


@contextmanager
def compiling(*, on_progress: Progress = silent) -> Iterator[None]:
    """Compiles beside the work of the block, and waits at its end until that is done.

    Args:
        on_progress: told before and after the wait.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", __name__], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
        on_progress("compile, once", 0, 1)
        process.wait()
        on_progress("compile, once", 1, 1)
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(19)
    compile_kernels()
