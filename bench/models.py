"""How fast byheart's learned models train, score and write, beside what people would otherwise use, in one run.

`make bench`, or

    python bench/models.py [--quick] [--only training scoring generation] [--peers PYTHON] [--json]

PYTHON is the interpreter of an environment with lm-evaluation-harness; without it that row is left out.
docs/benchmarks.md says what each row means.
"""

import argparse
import datetime
import json
import platform
import sys
from pathlib import Path
from typing import Any

from contest.process import finished
from learners import WINDOWS
from learners.table import generation_rows, markdown, scoring_rows, training_rows
from learners.texts import prepare
from yardstick.library import say

HERE = Path(__file__).parent
PARTS = ("training", "scoring", "generation")
Found = dict[str, dict[str, Any]]


def side(name: str, *arguments: str, python: str = sys.executable) -> dict[str, Any]:
    """What one side found, in a process of its own; empty where it failed."""
    done = finished([python, "-m", f"learners.{name}", *arguments, "RESULT"], folder=HERE)
    if done.code:
        say(f"  {name} {' '.join(arguments)} failed:\n{done.output[-2000:]}")
    return done.result


def rounds(sides: dict[str, tuple[str, ...]], num: int, best: str, pythons: dict[str, str]) -> Found:
    """Each side once a round, the rounds one after the other, so that a slow minute of the machine hits all.

    Args:
        sides: module and arguments by the name of the side.
        num: rounds.
        best: of each side the round with the largest such figure counts.
        pythons: interpreters of the sides that need another.
    """
    found: Found = {}
    for _ in range(num):
        for name, (module, *arguments) in sides.items():
            say(f"  {name}")
            one = side(module, *arguments, python=pythons.get(name, sys.executable))
            if one and (name not in found or one[best] > found[name][best]):
                found[name] = one
    return found


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description="Training, scoring and writing beside the peers, in one run.")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--rounds", type=int, default=2, help="passes of each side; the best counts")
    parser.add_argument("--quick", action="store_true", help="80 windows, one round")
    parser.add_argument("--peers", default=str(HERE.parent / ".venv-bench" / "bin" / "python"))
    parser.add_argument("--json", action="store_true", help="all figures as one JSON document")
    asked = parser.parse_args()
    num_windows, num_rounds = ("80", 1) if asked.quick else (str(WINDOWS), asked.rounds)
    texts = str(prepare())
    figures: dict[str, Any] = {
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "windows": int(num_windows),
    }
    rows = []
    if "training" in asked.only:
        for size in ("small", "medium"):
            say(f"training, {size}")
            sides = {
                "byheart, float32": ("training", "float32", size, texts),
                "byheart, bfloat16": ("training", "bfloat16", size, texts),
                "plain loop, float32": ("training_peers", "plain", size, texts),
                "plain loop, bfloat16": ("training_peers", "plain-bfloat16", size, texts),
                "Trainer, float32": ("training_peers", "trainer", size, texts),
            }
            figures[f"training {size}"] = rounds(sides, num_rounds, "tokens_per_second", {})
            rows += training_rows(figures[f"training {size}"])
    if "scoring" in asked.only:
        say("scoring")
        sides = {
            "byheart": ("scoring", texts, num_windows),
            "plain loop, batch 16": ("scoring_peers", "plain", "16", texts, num_windows),
            "plain loop, batch 1": ("scoring_peers", "plain", "1", texts, num_windows),
        }
        if Path(asked.peers).exists():
            sides["lm-evaluation-harness, batch 16"] = ("scoring_peers", "harness", "16", texts, num_windows)
        else:
            say("  lm-evaluation-harness is not here (make bench installs it); its row is left out")
        pythons = {"lm-evaluation-harness, batch 16": asked.peers}
        figures["scoring"] = rounds(sides, num_rounds, "tokens_per_second", pythons)
        rows += scoring_rows(figures["scoring"])
    if "generation" in asked.only:
        say("generation")
        sides = {
            "byheart": ("generation", texts),
            "generate, batch 64": ("generation_peer", "64", texts),
            "generate, batch 16": ("generation_peer", "16", texts),
        }
        figures["generation"] = rounds(sides, num_rounds, "tokens_per_second", {})
        rows += generation_rows(figures["generation"])
    if asked.json:
        for part in figures.values():
            for one in part.values() if isinstance(part, dict) else ():
                one.pop("nats", None)
                one.pop("written", None)
        print(json.dumps(figures, indent=1))
    else:
        print(markdown(rows))


if __name__ == "__main__":
    main()
