"""Builds an index again and again and kills each build at a random moment; run in a process of its own.

Arguments: source, a folder to work in, how many builds to kill, "build" or "add". Writes one JSON object: kills, how
many completed indexes were compared with the undisturbed one, and how many of them differed.
"""

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import numpy as np

from byheart.index.sorting.suffix_array import sort_suffixes
from byheart.study import indexing
from byheart.study.index_plan import IndexPlan

SHARD_SYMBOLS = 2_000


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def start(plan: IndexPlan, folder: Path) -> int:
    """A build in a process of its own: forked, so that nothing is imported or compiled again."""
    process = os.fork()
    if process == 0:
        try:
            indexing.make_index(plan, folder)
        finally:
            os._exit(0)
    return process


def timed(plan: IndexPlan, folder: Path) -> float:
    """Seconds of an undisturbed build."""
    began = time.monotonic()
    os.waitpid(start(plan, folder), 0)
    return time.monotonic() - began


def kill(plan: IndexPlan, before: Path | None, work: Path, num_kills: int) -> dict[str, int]:
    """Kills builds that start from a copy of the folder `before`, or from none."""
    rng = np.random.default_rng(0)
    reference, folder = work / "reference", work / "idx"
    for path in (reference, folder):
        if before is not None:
            shutil.copytree(before, path)
    seconds = timed(plan, reference)
    expected = content(reference)
    found = {"killed": 0, "compared": 0, "differing": 0}
    while True:
        process = start(plan, folder)
        if found["killed"] < num_kills:
            time.sleep(float(rng.uniform(0, seconds)))
            os.kill(process, signal.SIGKILL)
        _, status = os.waitpid(process, 0)
        found["killed"] += os.WIFSIGNALED(status)
        if os.WIFSIGNALED(status):
            continue
        # Not killed: what all the kills before it left has been made whole.
        found["compared"] += 1
        found["differing"] += content(folder) != expected
        if found["killed"] >= num_kills:
            return found
        shutil.rmtree(folder)
        if before is not None:
            shutil.copytree(before, folder)


def main(source: Path, work: Path, num_kills: int, mode: str) -> None:
    vars(indexing)["shard_symbols"] = lambda memory_bytes, symbol_bytes: SHARD_SYMBOLS
    sort_suffixes(np.array([1, 0, 1, 255], dtype=np.uint8))
    plan, before = IndexPlan(sources=(str(source),)), None
    if mode == "add":
        before = work / "before"
        timed(plan, before)
        more = work / "more.jsonl"
        more.write_text("".join(source.read_text().splitlines(keepends=True)[:30]))
        plan = IndexPlan(sources=(str(more),), add=True)
    sys.stdout.write(json.dumps(kill(plan, before, work, num_kills)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
