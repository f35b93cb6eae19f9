"""Edelman et al. 2024 (2402.11004): a small transformer learns chains in phases: uniform, frequencies, Bayes.

Networks of two attention-only layers are trained on sequences of which each follows a Markov chain of its own (k = 3,
100 tokens, rows ~ Dirichlet(1)). Asked: is a network first nearest to the uniform prediction, then to the frequencies
of the sequence, then to the Bayes predictor, in every seed, and does it end within 0.03 nats of Bayes? The networks
are those of `byheart lab context`, without the memorizers.
"""

import dataclasses
import time
from collections.abc import Sequence

import numpy as np

from byheart.audits.context_params import PROFILES, LabParams
from byheart.audits.context_trials import BAYES, EXPECTED, FREQUENCIES, UNIFORM, Trial
from byheart.core.evidence import Point, Table
from byheart.models.transformer.parallel import threads
from byheart.study.lab.context_chains import train_seed
from studies.presentation import BLACK, BLUE, GREY, RED, Answer, Curve, curve_figure, options

NEAR_NATS = 0.03
"""Of Bayes: how near the paper's networks end, as issue 7 asks it."""
_COLOURS = {UNIFORM: GREY, FREQUENCIES: RED, BAYES: BLUE}


def verdict(trials: Sequence[Trial]) -> str:
    """Whether the finding holds, and by how much."""
    ordered = sum(trial.phases.is_in_order(EXPECTED) for trial in trials)
    ends = [trial.end_distance for trial in trials]
    near = sum(end <= NEAR_NATS for end in ends)
    holds = "Holds" if ordered == near == len(trials) else "Does not hold"
    return (
        f"{holds}: the phases come in order in {ordered} of {len(trials)} seeds; {near} of {len(trials)} end within "
        f"{NEAR_NATS} nats of Bayes, the farthest at {max(ends):.4f}"
    )


def table(trials: Sequence[Trial], seconds: Sequence[float]) -> Table:
    """A row for each seed."""
    rows = []
    for number, (trial, spent) in enumerate(zip(trials, seconds, strict=True)):
        found = trial.phases
        starts = [found.start_of(name) for name in (FREQUENCIES, BAYES)]
        rows.append((number + 1, " > ".join(found.names), *starts, trial.end_distance, _of_truth(trial), spent))
    return Table(
        name="edelman_phases",
        title=verdict(trials),
        columns=(
            "seed",
            "nearest, in order",
            "frequencies from step",
            "Bayes from step",
            "KL(Bayes || network), nats",
            "KL(chain || network), nats",
            "seconds of processor time",
        ),
        rows=tuple(rows),
    )


def _of_truth(trial: Trial) -> float:
    return float(trial.from_truth[-1])


def figure(trials: Sequence[Trial]) -> str:
    """KL from each reference along the training: mean and range over seeds."""
    drawn = []
    for name in EXPECTED:
        stacked = np.stack([trial.from_references[name] for trial in trials])
        columns = zip(trials[0].looks, stacked.mean(axis=0), stacked.min(axis=0), stacked.max(axis=0), strict=True)
        points = tuple(Point(float(x), float(y), float(low), float(high)) for x, y, low, high in columns)
        drawn.append(Curve(f"from {name}", _COLOURS[name], points))
    truth = np.stack([trial.from_truth for trial in trials]).mean(axis=0)
    points = tuple(Point(float(x), float(y)) for x, y in zip(trials[0].looks, truth, strict=True))
    drawn.append(Curve("from the chain itself", BLACK, points))
    return curve_figure(verdict(trials), "gradient steps", "KL to the network, nats per token", drawn)


def run(params: LabParams, seed: int) -> tuple[list[Trial], list[float]]:
    """One training a seed, and the processor time that each took."""
    trials, seconds = [], []
    for seed_index in range(params.num_seeds):
        began = time.process_time()
        trials.append(train_seed(params, seed_index, seed, has_memorizers=False))
        seconds.append(time.process_time() - began)
        said = trials[-1].phases
        print(f"seed {seed_index + 1}: {said.names} {said.starts} {trials[-1].end_distance:.4f} nats", flush=True)
    return trials, seconds


def references(trials: Sequence[Trial]) -> str:
    """What each reference loses against the chains themselves, second half of the sequences."""
    said = []
    for name in trials[0].along:
        along = np.mean([trial.along[name] for trial in trials], axis=0)
        said.append(f"{name} {along[along.size // 2 :].mean():.4f}")
    return "KL(chain || .) in nats, second half: " + ", ".join(said)


def main() -> None:
    parser = options("edelman_phases", __doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, help="gradient steps of each training")
    parser.add_argument("--learning-rate", type=float)
    asked = parser.parse_args()
    params = dataclasses.replace(PROFILES["quick" if asked.quick else "standard"], num_seeds=asked.seeds)
    for name in ("num_steps", "learning_rate"):
        value = getattr(asked, "steps" if name == "num_steps" else name)
        params = params if value is None else dataclasses.replace(params, **{name: value})
    answer = Answer("edelman_phases", asked)
    with threads(1):
        trials, seconds = run(params, asked.seed)
    answer.give(table(trials, seconds), figure(trials))
    print(references(trials))


if __name__ == "__main__":
    main()
