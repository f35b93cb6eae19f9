"""Das et al. 2024 (2406.16201): the gate finds sets of texts that differ by topic or by time, and passes shuffled ones.

Members are modules of the Python standard library. Shuffled: both sides are drawn from it. Topic: the other side is
prose, the descriptions of the installed packages. Time: the other side is modules of packages that were first
published years after the texts of the standard library were written. In between, only a share of one side is replaced.
No model is asked at all; the gate is that of the audit.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import distributions
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from byheart.core.evidence import Cell, Interval, Point, Table
from byheart.core.streams import stream
from byheart.stats.intervals import clopper_pearson
from byheart.stats.split_gate import split_auc
from studies.learners import library
from studies.presentation import BLUE, GREY, RED, Answer, Curve, curve_figure, options

CHARACTERS = 400
"""Of each text, as the audit gives the gate equally long beginnings."""
LATER = ("annotated-doc", "httpcore2", "httpx2", "librt", "narwhals", "numpy-typing-compat", "optype")
"""Packages first published after 2023 that come with byheart's own."""
SHARES = (0.1, 0.2, 0.35, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Size:
    """Of one run."""

    texts: int
    """Of each side."""
    shuffles: int
    draws: int
    """Of each share."""


FULL = Size(texts=60, shuffles=200, draws=20)
QUICK = Size(texts=40, shuffles=24, draws=4)


def passages_of(texts: Sequence[str]) -> list[str]:
    """From the middle of each text that is long enough, so that headers do not decide."""
    long = sorted({text for text in texts if len(text) >= 3 * CHARACTERS})
    return [text[len(text) // 2 : len(text) // 2 + CHARACTERS] for text in long]


def kinds() -> dict[str, list[str]]:
    """Passages of each kind of text: at most one of a document."""
    found = {"standard library": passages_of([d.text for d in library()])}
    found["prose"] = passages_of([str(it.metadata.json.get("description", "")) for it in distributions()])
    later = []
    for it in distributions():
        if it.metadata["Name"].lower().replace("_", "-") in LATER:
            files = [file for file in it.files or () if file.suffix == ".py" and "test" not in str(file)]
            paths = [Path(str(file.locate())) for file in files]
            later += [path.read_text("utf-8") for path in paths if path.is_file()]
    found["later packages"] = passages_of(later)
    return found


def gate(members: Sequence[str], others: Sequence[str], share: float, num: int, rng: np.random.Generator) -> Interval:
    """The gate's area for so many texts of each side, a share of the second side taken from `others`."""
    drawn = [members[i] for i in rng.permutation(len(members))[: 2 * num]]
    num_other = round(share * num)
    other = [others[i] for i in rng.permutation(len(others))[:num_other]] if num_other else []
    return split_auc(drawn[:num], [*drawn[num : 2 * num - num_other], *other], rng=rng)


def _one(texts: dict[str, list[str]], other: str, share: float, num: int, seed: int, number: int) -> Interval:
    rng = stream(seed, "das", other, f"{share:g}", str(number))
    return gate(texts["standard library"], texts[other], share, num, rng)


def measure(size: Size, seed: int, processes: int) -> dict[tuple[str, float], list[Interval]]:
    """Areas by kind of the other side and its share; share 0 is the shuffled split."""
    texts = kinds()
    cases = [("prose", 0.0, size.shuffles)]
    cases += [(kind, share, size.draws) for kind in ("prose", "later packages") for share in SHARES]
    found = {}
    with get_context("spawn").Pool(processes) as workers:
        for kind, share, num_draws in cases:
            num = min(size.texts, len(texts["standard library"]) // 2, len(texts[kind]))
            rows = zip(*map(repeat, (texts, kind, share, num, seed)), range(num_draws), strict=False)
            found[kind, share] = workers.starmap(_one, list(rows))
    return found


def summary(found: dict[tuple[str, float], list[Interval]]) -> tuple[Table, str]:
    """How often the gate says 'different', and its areas; and the figure of its power."""
    rows: list[tuple[Cell, ...]] = []
    refused = {}
    for (kind, share), areas in found.items():
        hits = sum(not it.low <= 0.5 <= it.high for it in areas)
        rate = clopper_pearson(hits, len(areas))
        refused[kind, share] = hits, rate
        middle = [float(q) for q in np.quantile([it.value for it in areas], (0.5, 0.05, 0.95))]
        label = "shuffled" if share == 0 else f"{100 * share:.0f} % {kind}"
        rows.append((label, areas[0].n, *middle, hits, len(areas), rate.value, rate.low, rate.high))
    alarms, alarm = refused["prose", 0.0]
    curves = []
    for kind, colour in (("prose", BLUE), ("later packages", RED)):
        at = [
            (0.0, alarm),
            *((share, rate) for (name, share), (_, rate) in refused.items() if name == kind and share > 0),
        ]
        curves.append(Curve(kind, colour, tuple(Point(x, r.value, r.low, r.high, r.n) for x, r in at)))
    curves.append(Curve("declared, 5 %", GREY, (Point(0.0, 0.05), Point(1.0, 0.05))))
    title = (
        f"The gate passes shuffled splits of one source ({alarms} false alarms of {alarm.n}) and "
        f"refuses {100 * refused['prose', 1.0][1].value:.0f} % of code against prose and "
        f"{100 * refused['later packages', 1.0][1].value:.0f} % of old against later packages"
    )
    columns = ("second side", "texts", "AUC, median", "5 %", "95 %", "refused", "of", "rate", "low", "high")
    figure = curve_figure(title, "share of the second side that is shifted", "share of splits refused", curves)
    return Table(name="das_split_gate", title=title, columns=columns, rows=tuple(rows)), figure


def main() -> None:
    parser = options("das_split_gate", __doc__)
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="splits at a time (default: all cores)")
    asked = parser.parse_args()
    answer = Answer("das_split_gate", asked)
    os.environ["OMP_NUM_THREADS"] = "1"
    answer.give(*summary(measure(QUICK if asked.quick else FULL, asked.seed, asked.processes)))


if __name__ == "__main__":
    main()
