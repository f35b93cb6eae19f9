"""rusty-dawg, in the peers' environment: `python -m contest.rusty_dawg_side NUM_TOKENS MATERIAL WORK BUDGET RESULT`.

Its automaton gives the longest run that *ends* at each position, which says the same as ours that start at each. It
takes 130 bytes and more a token, so it is given the first part of the corpus only, which makes it faster, not slower.
"""

import sys
from pathlib import Path

import numpy as np

from contest import SEPARATOR
from contest.process import write_result
from contest.timing import best_affordable, timed


def main() -> None:
    """Builds the automaton and walks held-out text through it, one call a token: it has no batched question."""
    import rusty_dawg

    num_tokens, material, work, budget, result = sys.argv[1:]
    tokens = np.load(Path(material) / "tokens.npy", mmap_mode="r")[: int(num_tokens)]
    last = int(np.flatnonzero(tokens == SEPARATOR)[-1])
    dawg = rusty_dawg.Dawg()
    build_seconds, _ = timed(lambda: dawg.build(tokens[: last + 1].tolist()))
    held_out = np.load(Path(material) / "held_out.npy").tolist()

    def walk(num: int) -> list[int]:
        state, length, lengths = dawg.get_initial(), 0, []
        for token in held_out[:num]:
            state, length = dawg.transition_and_count(state, token, length)
            lengths.append(length)
        return lengths

    num, seconds, lengths = best_affordable(walk, len(held_out), float(budget))
    np.savez(Path(work) / "rusty-dawg.npz", ends=np.array(lengths))
    write_result(result, {"build_seconds": build_seconds, "tokens": num, "seconds": seconds, "corpus_tokens": last + 1})


if __name__ == "__main__":
    main()
