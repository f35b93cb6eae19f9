"""A2 as an experiment: is the answer between two known inputs the one of the case between them?

Question: Trained on the mean of a few ordinal tokens, does a network answer rightly halfway between two contexts that
    it knows, where a memorizer of the same contexts steps from the one answer to the other?
Statistic: A context is a few ordinal tokens around a centre, its answer their rounded mean. Both ends of a path are
    trained on; every token of the second is larger by d. The input embeddings are mixed, E(l) = (1 - l) E_a + l E_b.
    Accuracy in the middle: the share of paths at which the most probable answer is right at both ends and at l = 1/2,
    where the right one is that of the context in the middle, a_i + d/2, which nobody saw. Largest jump: largest total
    variation between neighbouring points of the grid, mean over paths of the smallest d. Accuracy on contexts that were
    never seen. Damage: tokens are replaced by others of the same data; share of changed answers, and
    KL(P || P after the damage), of trained-on contexts beside never seen ones.
Null: The memorizers of the same contexts, M2 (the DNF) above all: without embeddings they answer as at the nearer end,
    never right at both ends and in the middle too, whatever they hold (wrong at an end, they may be right in the middle
    by luck; the table shows it). The 0/1 output of the DNF jumps by 1 where its rules say different answers. The
    untrained network and the trained one with the rows of its embedding shuffled: continuous both, and right by chance
    only.
Assumptions: Contexts are drawn independently, so that given the trained networks cases are independent: rates have
    exact intervals over cases of all repetitions together. Jumps are Student's t over repetitions where there are three
    or more, else over cases, and then say nothing of other weights and data; the table shows every repetition.
Fails when: Read for more than it is: the mean is a linear function, and a task whose answer is none may leave nothing
    to be found halfway. Far apart, mixed embeddings lie where no token of the training data does, and the answer there
    is nobody's; the curve over d says where that begins.
Source: theory.md A2, L2 and M2; Zhang et al. 2017 (1611.03530) for controls that are continuous without knowing.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from byheart.audits.interpolation_lab_params import Params
from byheart.audits.interpolation_lab_tables import (
    between_curve,
    damage_curve,
    path_curve,
    predictors,
    repetitions,
)
from byheart.audits.interpolation_lab_trainings import Asked, Flags
from byheart.audits.interpolation_paths import DNF, LEAST_END_TO_END
from byheart.core.evidence import Estimate, Evidence, Interval, Refusal
from byheart.core.tokens import Floats
from byheart.core.units import NATS_PER_BIT
from byheart.stats.claims import MIN_TRIALS, rate_beside_control
from byheart.stats.intervals import clopper_pearson, difference_of_means, mean_of_few

LEAST_SEEDS = 3
"""Repetitions that carry an interval of their own."""
Everyone = Mapping[str, Sequence[Asked]]
"""By name of the predictor: one of each repetition, in the same order."""


def evidence(name: str, everyone: Everyone, params: Params, *, blind: str, is_model: bool) -> tuple[Evidence, ...]:
    """What one predictor answered, beside the untrained network and the DNF.

    Args:
        name: whose.
        everyone: of all predictors.
        params: of the experiment.
        blind: name of the untrained network, whose rates are the chance level.
        is_model: whether to add the tables of everyone.
    """
    own = everyone[name]
    chance = everyone[blind] if name != blind else None
    found: list[Evidence] = [
        _rate(
            "interpolation.midpoint_accuracy", [_middle(it, params) for it in (own, chance) if it], params,
            "Share of paths that are answered rightly at both ends and halfway, where nobody saw the case; "
            f"distance {params.distances[0]}",
        ),
        _rate(
            "interpolation.held_out_accuracy", [_all(it, "unseen_is_right") for it in (own, chance) if it], params,
            "Share of contexts that were never seen whose answer is right",
        ),
        *_jump(own, everyone.get(DNF) if name != DNF else None, params),
        *_damage(own, params),
        path_curve(name, everyone, params, is_model=is_model),
        between_curve(own, params),
        damage_curve(own, params),
    ]  # fmt: skip
    if is_model:
        found += [predictors(everyone, params), repetitions(own, params)]
    return tuple(found)


def _middle(asked: Sequence[Asked], params: Params) -> tuple[int, int]:
    return _count([one.all_right[one.distance == params.distances[0]] for one in asked])


def _all(asked: Sequence[Asked], name: str) -> tuple[int, int]:
    return _count([getattr(one, name) for one in asked])


def _count(flags: Sequence[Flags]) -> tuple[int, int]:
    together = np.concatenate(flags)
    return int(together.sum()), int(together.size)


def _rate(name: str, counts: Sequence[tuple[int, int]], params: Params, method: str) -> Estimate | Refusal:
    """A rate beside that of the untrained network, where that is another."""
    if len(counts) > 1:
        said = f"{method}; control: the untrained network, the same cases; over cases of all repetitions together."
        return rate_beside_control(name, *counts, method=said, confidence=params.confidence)
    own = counts[0]
    it = clopper_pearson(*own, confidence=params.confidence)
    return Estimate(
        name=name,
        value=it.value,
        unit="rate",
        low=it.low,
        high=it.high,
        confidence=params.confidence,
        n=own[1],
        method=f"{method}; Clopper-Pearson intervals over cases of all repetitions together.",
    )


def _jump(own: Sequence[Asked], dnf: Sequence[Asked] | None, params: Params) -> tuple[Estimate, ...]:
    """The largest jump beside the DNF's 0/1 output, and its share of the way beside the DNF's."""
    jumps, ends = (_nearest(own, name, params) for name in ("largest_jump", "end_to_end"))
    shares = [jump / np.maximum(end, LEAST_END_TO_END) for jump, end in zip(jumps, ends, strict=True)]
    fired = None if dnf is None else _nearest(dnf, "fired_jump", params)
    steps = None if dnf is None else [np.ones(end.size) for end in ends]
    return (
        _over_repetitions(
            "interpolation.largest_jump", "total variation", jumps, fired, params,
            "Largest total variation between neighbouring points, mean over paths of the smallest distance; control: "
            "the jump of the 0/1 output of the DNF (M2) on the same paths",
        ),
        _over_repetitions(
            "interpolation.jump_share", "share", shares, steps, params,
            "Largest total variation between neighbouring points over that between both ends, mean over paths of the "
            "smallest distance; control: the DNF, which goes the whole way at once",
        ),
    )  # fmt: skip


def _nearest(asked: Sequence[Asked], name: str, params: Params) -> list[Floats]:
    return [getattr(one, name)[one.distance == params.distances[0]].astype(np.float64) for one in asked]


def _over_repetitions(
    name: str, unit: str, own: Sequence[Floats], control: Sequence[Floats] | None, params: Params, method: str
) -> Estimate:
    """A mean over paths, over repetitions or, where there are too few of these, over cases."""
    over_seeds = len(own) >= LEAST_SEEDS

    def interval(values: Sequence[Floats]) -> Interval:
        numbers = [float(v.mean()) for v in values] if over_seeds else np.concatenate(list(values)).tolist()
        return mean_of_few(numbers, confidence=params.confidence)

    it = interval(own)
    how = (
        "Student's t over repetitions"
        if over_seeds
        else f"Student's t over cases of {len(own)} repetitions, and so of these networks only"
    )
    return Estimate(
        name=name,
        value=it.value,
        unit=unit,
        low=max(it.low, 0.0),
        high=min(it.high, 1.0),
        confidence=params.confidence,
        n=it.n or len(own),
        method=f"{method}; {how}" + ("." if control is None else ", paired."),
        control=None if control is None else interval(control),
        excess=None if control is None else interval([a - b for a, b in zip(own, control, strict=True)]),
    )


def _damage(own: Sequence[Asked], params: Params) -> tuple[Estimate | Refusal, ...]:
    column = params.num_damaged.index(params.headline_damaged)
    moved = [_count([~getattr(one, f"{side}_is_kept")[:, column] for one in own]) for side in ("seen", "unseen")]
    rate = rate_beside_control(
        "interpolation.changed_answer_rate",
        moved[0],
        moved[1],
        method=f"Share of trained-on contexts whose answer changes when {params.headline_damaged} of its "
        f"{params.context_tokens} tokens are replaced; control: contexts that were never seen; over cases of all "
        "repetitions together.",
        confidence=params.confidence,
    )
    seen, unseen = (
        np.concatenate([getattr(one, f"{side}_lost_nats").mean(axis=1) for one in own]) / NATS_PER_BIT
        for side in ("seen", "unseen")
    )
    name = "interpolation.member_brittleness_bits"
    if min(seen.size, unseen.size) < MIN_TRIALS:
        return rate, Refusal(name=name, reason=f"Needs {MIN_TRIALS} contexts on each side.")
    value, control = (mean_of_few(side.tolist(), confidence=params.confidence) for side in (seen, unseen))
    lost = Estimate(
        name=name,
        value=value.value,
        unit="bits",
        low=max(value.low, 0.0),
        high=value.high,
        confidence=params.confidence,
        n=seen.size,
        method="KL of the clean answer to the damaged one, mean over the numbers of replaced tokens; control: contexts "
        "that were never seen; Student's t over cases of all repetitions together, Welch's for the excess.",
        control=Interval(control.value, max(control.low, 0.0), control.high, control.n),
        excess=difference_of_means(seen.tolist(), unseen.tolist(), confidence=params.confidence),
    )
    return rate, lost
