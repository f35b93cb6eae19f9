"""Power et al. 2022 (arXiv 2201.02177): a network knows every trained pair long before it adds the others.

a + b mod p on a share of all pairs, with weight decay and, as a control, without; the lookup table beside it. Pairs
are left out in both orders, so that a + b = b + a answers nothing that is asked.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from byheart.audits.complexity_answers import LOOKUP, first_step
from byheart.audits.complexity_experiment import TRAINED_LEVEL, UNSEEN_LEVEL
from byheart.audits.complexity_params import Params
from byheart.core.evidence import Cell, Point, Table
from byheart.models.transformer.parallel import threads
from byheart.study.journal import Journal
from byheart.study.lab import axes_named
from byheart.study.lab.complexity_training import store, train
from byheart.study.lab.plan import LabPlan
from studies.presentation import BLUE, GREY, RED, Answer, Curve, curve_figure, options

LONG_BEFORE = 2.0
"""The unseen pairs must take at least so many times the steps of the trained ones."""
STEPS, SHARE = 1500, 0.5


class Found(NamedTuple):
    """One training."""

    seed: int
    decays: bool
    curve: tuple[tuple[int, float, float], ...]
    """Steps, share of trained and of unseen pairs that are right."""

    @property
    def trained_at(self) -> int | None:
        """Steps until every trained pair is right."""
        return first_step(self.curve, column=1, least=TRAINED_LEVEL)

    @property
    def unseen_at(self) -> int | None:
        """Steps until 95 % of the unseen pairs are."""
        return first_step(self.curve, column=2, least=UNSEEN_LEVEL)


def verdict(found: Sequence[Found], table_right: float) -> tuple[bool, str]:
    """Whether every network with decay grokked late, the table never, and in words.

    Args:
        found: of every seed, with decay and without.
        table_right: share of the unseen pairs that the lookup table answers.
    """
    decaying = [it for it in found if it.decays]
    pairs = [(it.trained_at, it.unseen_at) for it in decaying]
    late = [
        trained is not None and unseen is not None and unseen >= LONG_BEFORE * max(trained, 1)
        for trained, unseen in pairs
    ]
    holds = all(late) and table_right == 0.0
    plain = [it for it in found if not it.decays]
    slow = sum(it.unseen_at is None for it in plain)
    times = [unseen / trained for trained, unseen in pairs if trained and unseen]
    by = f"{min(times):.1f} to {max(times):.1f} times as many steps" if times else "no steps that were tried"
    said = (
        f"In {sum(late)} of {len(late)} seeds 95 % of the unseen pairs come long after all trained ones ({by}); the "
        f"table has {100 * table_right:.0f} %; without decay {slow} of {len(plain)} never get there"
    )
    return holds, said


def parser() -> argparse.ArgumentParser:
    made = options("power_grokking", __doc__)
    made.add_argument("--seeds", type=int, default=5, help="repetitions (default 5)")
    made.add_argument("--steps", type=int, default=STEPS, help=f"of each training (default {STEPS})")
    made.add_argument("--modulus", type=int, default=59, help="p (default 59)")
    made.add_argument("--share", type=float, default=SHARE, help=f"of the pairs that is trained on (default {SHARE})")
    made.add_argument("--run", type=Path, help="folder of `byheart lab complexity`: its trainings instead of new ones")
    return made


def _of_run(folder: Path) -> tuple[list[Found], float, Params]:
    """The trainings of a run of the laboratory: those on addition must be done, others need not be."""
    plan = LabPlan.from_toml((folder / "plan.toml").read_text("utf-8"))
    (axis,) = (it for it in axes_named(plan.axis) if it.name == "complexity")
    params = plan.params(axis)
    assert isinstance(params, Params)
    journal = Journal(folder / "journal", plan.fingerprint((axis,)))
    found, right = [], []
    for seed in range(params.num_seeds):
        for decays, how in ((True, ""), (False, ", no weight decay")):
            key = f"complexity: addition, {params.addition_layers} layers{how}, seed {seed + 1}"
            found.append(Found(seed, decays, _curve(journal.get(key))))
        right.append(float(np.mean(store("addition", params, seed, plan.seed)[LOOKUP]["unseen"])))
    return found, float(np.mean(right)), params


def main() -> None:
    asked = parser().parse_args()
    answer = Answer("power_grokking", asked)
    if asked.run is not None:
        give(answer, *_of_run(asked.run))
        return
    params = replace(
        Params(),
        num_steps=300 if asked.quick else asked.steps,
        train_share=asked.share,
        modulus=23 if asked.quick else asked.modulus,
        num_cases=1000,
        curve_points=100,
    )
    found, right = [], []
    with threads(1):
        for seed in range(1 if asked.quick else asked.seeds):
            for decays in (True, False):
                done = train("addition", params, seed, params.addition_layers, asked.seed, decays=decays)
                found.append(Found(seed, decays, _curve(done)))
            right.append(float(np.mean(store("addition", params, seed, asked.seed)[LOOKUP]["unseen"])))
    give(answer, found, float(np.mean(right)), params)


def _curve(done: dict[str, Any]) -> tuple[tuple[int, float, float], ...]:
    return tuple((int(step), float(trained), float(unseen)) for step, trained, unseen in done["curve"])


def give(answer: Answer, found: Sequence[Found], table_right: float, params: Params) -> None:
    holds, said = verdict(found, table_right)
    rows: list[tuple[Cell, ...]] = [
        (
            it.seed + 1,
            params.weight_decay if it.decays else 0.0,
            it.trained_at,
            it.unseen_at,
            *it.curve[-1][1:],
            table_right,
        )
        for it in found
    ]
    table = Table(
        name="power_grokking",
        title=f"{said}: {'holds' if holds else 'does not hold'}",
        columns=(
            "seed", "weight decay", "steps to 100 % of the trained pairs", "steps to 95 % of the unseen pairs",
            "trained at the end, share", "unseen at the end, share", "lookup table on unseen, share",
        ),
        rows=tuple(rows),
    )  # fmt: skip
    curves = [
        Curve(label, colour, tuple(Point(float(row[0]), row[column]) for row in it.curve if row[0] > 0))
        for it in found
        for label, colour, column, wanted in (
            (f"unseen, seed {it.seed + 1}", BLUE, 2, True),
            (f"trained, seed {it.seed + 1}", GREY, 1, True),
            (f"unseen without decay, seed {it.seed + 1}", RED, 2, False),
        )
        if it.decays == wanted
    ]
    y = f"share of pairs that are right (p = {params.modulus})"
    answer.give(table, curve_figure(said, "steps", y, curves, x_is_log=True, chance=1.0 / params.modulus))


if __name__ == "__main__":
    main()
