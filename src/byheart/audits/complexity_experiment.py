"""A4 complexity from scratch: rules learned from cases, asked on cases of which a lookup table has none.

Question: Does a network answer cases of a rule that it never saw, which no table of its training cases holds, and how
    does depth matter?
Statistic: Share of unseen cases that are answered rightly: the most probable of the possible answers is the right one,
    at every place of an answer. Tasks: a + b mod p on pairs left out of training in either order; the closing bracket
    of Dyck-2 at depths beyond the trained ones; parity and sums modulo 5 of sequences longer than trained; commands
    with a pair of primitive and modifier that never stood together, the whole answer. Addition is watched while it is
    trained: the
    grokking delay is the steps until 95 % of the unseen pairs are right less those until all trained pairs are. Of
    the tasks that ask larger cases the accuracy on unseen cases of trained sizes stands beside: where that is low the
    rule was not learned at all, and the larger cases say nothing of size.
Null: A lookup table of the training cases has no answer: 0. The six memorizers M1 to M6 are built of the same cases
    and asked the same ones; the best of them, chosen on these very cases, is the control, and the excess over it the
    claim. Uniform guesses among the possible answers are the chance level. The network before its first step is the
    blind pole.
Assumptions: Unseen cases are drawn independently and share no sequence with the trained ones. Data, weights and orders
    are drawn anew for each seed. Intervals: Clopper-Pearson over all cases of all seeds; from three seeds on widened to
    Student's t over seeds; of two seeds nothing is said about a third. The excess is paired by case (Newcombe, method
    10 for paired data).
Fails when: Trained for too few steps: what does not generalize here may do so later. It holds for these shapes, sizes
    and this optimizer. To be right beyond trained lengths and depths is a claim about these lengths and depths only.
Source: theory.md A4; Power et al. 2022, "Grokking" (2201.02177); Delétang et al. 2023, "Neural Networks and the Chomsky
    Hierarchy" (2207.02098); Lake and Baroni 2018, SCAN (1711.00350).
"""

from collections.abc import Sequence

from byheart.audits.complexity_answers import (
    IN_WORDS,
    MODEL,
    TASKS,
    Answered,
    Experiment,
    first_step,
    shared,
    sizes,
    successes,
)
from byheart.audits.complexity_params import Params
from byheart.audits.complexity_tables import curves, depth_series, predictors_table, seeds_table
from byheart.core.evidence import Estimate, Evidence, Interval, Refusal
from byheart.stats.intervals import mean_of_few
from byheart.stats.seed_rates import LEAST_SEEDS, difference_over_seeds, rate_over_seeds

HEAD, WITHIN, DELAY, PLAIN = (
    "complexity.unseen_accuracy",
    "complexity.within_sizes_accuracy",
    "complexity.grokking_delay_steps",
    "complexity.unseen_accuracy_without_decay",
)
TRAINED_LEVEL, UNSEEN_LEVEL = 1.0, 0.95
"""Shares of trained and of unseen pairs between whose first steps the delay lies."""


def name_of(task: str) -> str:
    """The estimate of a task; addition gives the headline."""
    return HEAD if task == TASKS[0] else f"{HEAD}_{task}"


def evidence(experiment: Experiment, subject: str, params: Params) -> tuple[Evidence, ...]:
    """What one subject answered; of the trained networks the whole finding.

    Args:
        experiment: everybody.
        subject: of whom.
        params: sizes.
    """
    accuracies = tuple(_accuracy(experiment, subject, task, params) for task in TASKS)
    if subject != MODEL:
        return accuracies
    watched = experiment.of(MODEL, TASKS[0])
    plain = experiment.of(MODEL, TASKS[0], decays=False)
    return (
        *accuracies,
        *(it for task in TASKS if (it := _within_sizes(experiment, task, params)) is not None),
        _delay(watched, params),
        _estimate(PLAIN, plain, "The same networks, trained with weight decay 0", params),
        predictors_table(experiment, params),
        *curves(experiment, params),
        depth_series(experiment, params),
        seeds_table(experiment),
    )


def _accuracy(experiment: Experiment, subject: str, task: str, params: Params) -> Estimate:
    """Share of the unseen cases of a task; of the networks beside the best memorizer."""
    own = experiment.of(subject, task)
    what = f"Unseen cases answered rightly: {IN_WORDS[task]}"
    if subject != MODEL:
        return _estimate(name_of(task), own, what, params)
    best = experiment.best_memorizer(task)
    what += f"; chance {100 * experiment.chances[task]:.1f} %; control: the best memorizer of the same cases ({best})"
    return _estimate(name_of(task), own, what, params, experiment.of(best, task))


def _within_sizes(experiment: Experiment, task: str, params: Params) -> Estimate | None:
    """Share of the unseen cases of trained sizes, or None where the unseen cases are such themselves."""
    own = experiment.of(MODEL, task)
    asked = [int(it.fresh.size) for it in own]
    if not all(asked):
        return None
    hits = [int(it.fresh.sum()) for it in own]
    found = rate_over_seeds(hits, asked, confidence=params.confidence)
    return Estimate(
        name=f"{WITHIN}_{task}",
        value=found.value,
        unit="rate",
        low=found.low,
        high=found.high,
        confidence=params.confidence,
        n=found.n or 0,
        method=f"Unseen cases of trained sizes answered rightly, {task}; chance where one place is asked "
        f"{100 * experiment.chances[task]:.1f} %; {_how(len(own))}.",
    )


def _estimate(
    name: str, own: Sequence[Answered], what: str, params: Params, control: Sequence[Answered] = ()
) -> Estimate:
    found = rate_over_seeds(successes(own), sizes(own), confidence=params.confidence)
    beside = excess = None
    if control:
        beside = rate_over_seeds(successes(control), sizes(control), confidence=params.confidence)
        excess = difference_over_seeds(
            successes(own),
            successes(control),
            sizes(own),
            both=shared(own, control),
            confidence=params.confidence,
        )
    return Estimate(
        name=name,
        value=found.value,
        unit="rate",
        low=found.low,
        high=found.high,
        confidence=params.confidence,
        n=found.n or 0,
        method=f"{what}; {_how(len(own))}.",
        control=beside,
        excess=excess,
    )


def _how(num_seeds: int) -> str:
    exact = f"Clopper-Pearson over the cases of {num_seeds} seed{'s' if num_seeds > 1 else ''}"
    return f"{exact}, widened to Student's t over seeds" if num_seeds >= LEAST_SEEDS else f"{exact}, these very seeds"


def delays(watched: Sequence[Answered]) -> list[int | None]:
    """Steps between both levels, seed by seed; None where one was not reached."""
    found: list[int | None] = []
    for one in watched:
        trained = first_step(one.curve, column=1, least=TRAINED_LEVEL)
        unseen = first_step(one.curve, column=2, least=UNSEEN_LEVEL)
        found.append(None if trained is None or unseen is None else unseen - trained)
    return found


def _step_by_step(watched: Sequence[Answered]) -> str:
    """Both steps of every seed, in words."""
    return ", ".join(
        f"{first_step(one.curve, column=1, least=TRAINED_LEVEL):,} and "
        f"{first_step(one.curve, column=2, least=UNSEEN_LEVEL):,}"
        for one in watched
    )


def _delay(watched: Sequence[Answered], params: Params) -> Estimate | Refusal:
    found = delays(watched)
    known = [float(delay) for delay in found if delay is not None]
    if len(known) < len(found):
        short = min(max(row[2] for row in one.curve) for one in watched)
        return Refusal(
            name=DELAY,
            reason=f"{len(found) - len(known)} of {len(found)} networks did not reach 100 % of the trained and 95 % of "
            f"the unseen pairs within {params.num_steps} steps; the least had {100 * short:.0f} % of the unseen. Train "
            "for more steps.",
        )
    interval: Interval | None = mean_of_few(known, confidence=params.confidence) if len(known) > 1 else None
    step = params.num_steps / params.curve_points
    return Estimate(
        name=DELAY,
        value=sum(known) / len(known),
        unit="steps",
        low=None if interval is None else interval.low,
        high=None if interval is None else interval.high,
        confidence=params.confidence,
        n=len(known),
        method="Steps until 95 % of the unseen pairs are right less those until all trained pairs are, looked at every "
        f"{step:.0f} steps or more often; Student's t over seeds. All trained pairs and 95 % of the unseen ones, "
        f"seed by seed: {_step_by_step(watched)} steps.",
        no_interval="An interval over seeds needs at least 2; there is 1." if interval is None else None,
    )
