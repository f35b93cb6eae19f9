"""tokengrams, in the peers' environment: `python -m contest.tokengrams_side ask MATERIAL WORK BUDGET RESULT`."""

import sys
from pathlib import Path

import numpy as np

from contest import CONTEXT_LENGTHS, pieces
from contest.process import write_result
from contest.timing import best_affordable, each_seconds, timed


def main() -> None:
    """Builds its index in memory and asks counts and next-token counts, which are exact."""
    from tokengrams import InMemoryIndex

    _, material, work, budget, result = sys.argv[1:]
    path = Path(work) / "tokens.u16"
    np.load(Path(material) / "tokens.npy", mmap_mode="r").astype("<u2").tofile(path)
    build_seconds, index = timed(lambda: InMemoryIndex.from_token_file(str(path), None, 65_536))
    path.unlink()
    asked = np.load(Path(work) / "questions.npz")
    flat, offsets = asked["patterns"].tolist(), asked["pattern_offsets"].tolist()
    listed = pieces(flat, offsets)
    num, seconds, counts = best_affordable(lambda n: [index.count(p) for p in listed[:n]], len(listed), float(budget))
    found = {"build_seconds": build_seconds, "count_patterns": num, "count_seconds": seconds}
    answers = {"counts": np.array(counts)}
    for length in CONTEXT_LENGTHS:
        contexts = asked[f"contexts_{length}"].tolist()
        each, rows = each_seconds([lambda c=c: np.array(index.count_next(c)) for c in contexts], float(budget) / 4)
        found[f"next_{length}_seconds"] = each
        there = [np.flatnonzero(row) for row in rows]
        answers[f"next_{length}_offsets"] = np.cumsum([0, *(t.size for t in there)])
        answers[f"next_{length}_symbols"] = np.concatenate(there)
        answers[f"next_{length}_counts"] = np.concatenate([row[t] for row, t in zip(rows, there, strict=True)])
    np.savez(Path(work) / "tokengrams.npz", **answers)
    write_result(result, found)


if __name__ == "__main__":
    main()
