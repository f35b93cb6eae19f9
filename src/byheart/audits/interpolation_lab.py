"""A2 as an experiment: is the answer between two known inputs the one of the case between them?

Question: Trained on the mean of a few ordinal tokens, does a network answer rightly halfway between two contexts that
    it knows, where a memorizer of the same contexts steps from the one answer to the other?
Statistic: A context is a few ordinal tokens around a centre, its answer their rounded mean. Both ends of a path are
    trained on; every token of the second is larger by d. The input embeddings are mixed, E(l) = (1 - l) E_a + l E_b.
    Accuracy in the middle: the share of paths at which the most probable answer is right at both ends and at l = 1/2,
    where the right one is that of the context in the middle, a_i + d/2, which nobody saw. An answer is the most
    probable of all values. Largest jump: largest total
    variation between neighbouring points of the grid, mean over paths of the smallest d. Accuracy on contexts that were
    never seen. Damage: tokens are replaced by others of the same data; share of changed answers, and
    KL(P || P after the damage), of trained-on contexts beside never seen ones.
Null: The memorizers of the same contexts, M2 (the DNF) above all: without embeddings they answer as at the nearer end,
    never right at both ends and in the middle too, by construction. So they are asked the case in the middle as tokens
    as well, and it is the best of these, on the very paths, that the accuracy in the middle is compared with; likewise
    the accuracy on contexts that were never seen. The 0/1 output of the DNF jumps by 1 where its rules say different
    answers. The untrained network and the trained one with the rows of its embedding shuffled, but for the token that
    asks: continuous both, and right by chance only; they stand in the table.
Assumptions: Contexts are drawn independently, so that given the trained networks cases are independent: rates have
    exact intervals over cases of all repetitions together, widened from three repetitions on to Student's t over
    repetitions. Jumps and lost bits are Student's t over repetitions where there are three or more, else over cases,
    and then say nothing of other weights and data; the table shows every repetition.
Fails when: Read for more than it is: the mean is a linear function, and a task whose answer is none may leave nothing
    to be found halfway. Far apart, mixed embeddings lie where no token of the training data does, and the answer there
    is nobody's; the curve over d says where that begins.
Source: theory.md A2, L2 and M2; Zhang et al. 2017 (1611.03530) for controls that are continuous without knowing.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from byheart.audits.interpolation_lab_params import Params
from byheart.audits.interpolation_lab_tables import (
    between_curve,
    counted,
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
from byheart.stats.claims import MIN_TRIALS
from byheart.stats.intervals import difference_of_means, mean_of_few
from byheart.stats.seed_rates import LEAST_SEEDS, difference_over_seeds, rate_over_seeds

Everyone = Mapping[str, Sequence[Asked]]
"""By name of the predictor: one of each repetition, in the same order."""


def evidence(name: str, everyone: Everyone, params: Params, *, is_model: bool) -> tuple[Evidence, ...]:
    """What one predictor answered, beside the best of those that store and the DNF.

    Args:
        name: whose.
        everyone: of all predictors.
        params: of the experiment.
        is_model: whether it is compared with those that store, and shows the tables of everyone.
    """
    own = everyone[name]
    # Only the model is compared: whoever stores is what it is compared with.
    middle, other = (_best_storing(everyone, what, params) if is_model else None for what in (_of_tokens, _unseen))
    found: list[Evidence] = [
        _rate(
            "interpolation.midpoint_accuracy", _middle(own, params),
            None if middle is None else _of_tokens(everyone[middle], params), params,
            "Share of paths that are answered rightly at both ends and halfway, where nobody saw the case; "
            f"distance {params.distances[0]}",
            f"the best of those that store, {middle}, on the same paths, asked the case halfway as tokens",
        ),
        _rate(
            "interpolation.held_out_accuracy", _unseen(own, params),
            None if other is None else _unseen(everyone[other], params), params,
            "Share of contexts that were never seen whose answer is right",
            f"the best of those that store, {other}, on the same contexts",
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


def _middle(asked: Sequence[Asked], params: Params) -> list[Flags]:
    return [one.all_right[one.distance == params.distances[0]] for one in asked]


def _of_tokens(asked: Sequence[Asked], params: Params) -> list[Flags]:
    return [one.all_right_of_tokens[one.distance == params.distances[0]] for one in asked]


def _unseen(asked: Sequence[Asked], params: Params) -> list[Flags]:
    return [one.unseen_is_right for one in asked]


def _best_storing(
    everyone: Everyone, of: Callable[[Sequence[Asked], Params], list[Flags]], params: Params
) -> str | None:
    """Who of those that only store is right most often, on the very cases that are compared, which favours it."""
    stores = [name for name in everyone if name.startswith(("memorizer:", "lookup:"))]
    return max(stores, key=lambda name: int(np.concatenate(of(everyone[name], params)).sum()), default=None)


def _rate(
    name: str, own: Sequence[Flags], other: Sequence[Flags] | None, params: Params, method: str, beside: str, *,
    is_paired: bool = True,
) -> Estimate:  # fmt: skip
    """A rate, beside that of another on the same cases, or on as many others, of each repetition."""
    hits, sizes = counted(own)
    it = rate_over_seeds(hits, sizes, confidence=params.confidence)
    control = excess = None
    if other is not None:
        theirs, _ = counted(other)
        method += f"; control: {beside}"
        control = rate_over_seeds(theirs, sizes, confidence=params.confidence)
        both = [int((a & b).sum()) for a, b in zip(own, other, strict=True)] if is_paired else None
        excess = difference_over_seeds(hits, theirs, sizes, both=both, confidence=params.confidence)
        method += ", paired by case" if is_paired else ""
    return Estimate(
        name=name,
        value=it.value,
        unit="rate",
        low=it.low,
        high=it.high,
        confidence=params.confidence,
        n=it.n or sum(sizes),
        method=f"{method}; {_how_rates(len(own))}.",
        control=control,
        excess=excess,
    )


def _how_rates(num_seeds: int) -> str:
    exact = "Clopper-Pearson, and Newcombe for differences, over the cases of all repetitions together"
    if num_seeds < LEAST_SEEDS:
        return f"{exact}, and so of these {num_seeds} networks only"
    return f"{exact}, widened to Student's t over the {num_seeds} repetitions"


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
    seen, unseen = ([~getattr(one, f"{side}_is_kept")[:, column] for one in own] for side in ("seen", "unseen"))
    num = [min(a.size, b.size) for a, b in zip(seen, unseen, strict=True)]
    rate = _rate(
        "interpolation.changed_answer_rate",
        [flags[:n] for flags, n in zip(seen, num, strict=True)],
        [flags[:n] for flags, n in zip(unseen, num, strict=True)],
        params,
        f"Share of trained-on contexts whose answer changes when {params.headline_damaged} of its "
        f"{params.context_tokens} tokens are replaced",
        "contexts that were never seen",
        is_paired=False,
    )
    return rate, _lost(own, params)


def _lost(own: Sequence[Asked], params: Params) -> Estimate | Refusal:
    """Bits that damage costs, of repetitions, or, where there are too few of these, of cases."""
    members, others = (
        [getattr(one, f"{side}_lost_nats").mean(axis=1) / NATS_PER_BIT for one in own] for side in ("seen", "unseen")
    )
    name = "interpolation.member_brittleness_bits"
    if min(sum(it.size for it in side) for side in (members, others)) < MIN_TRIALS:
        return Refusal(name=name, reason=f"Needs {MIN_TRIALS} contexts on each side.")
    if len(own) >= LEAST_SEEDS:
        means = [[float(it.mean()) for it in side] for side in (members, others)]
        excess = mean_of_few([a - b for a, b in zip(*means, strict=True)], confidence=params.confidence)
        how = f"Student's t over {len(own)} repetitions, the excess paired by repetition"
    else:
        means = [np.concatenate(side).tolist() for side in (members, others)]
        excess = difference_of_means(*means, confidence=params.confidence)
        how = f"Student's t over cases of {len(own)} repetitions together, Welch's for the excess"
    value, control = (mean_of_few(side, confidence=params.confidence) for side in means)
    return Estimate(
        name=name,
        value=value.value,
        unit="bits",
        low=max(value.low, 0.0),
        high=value.high,
        confidence=params.confidence,
        n=len(means[0]),
        method="KL of the clean answer to the damaged one, mean over the numbers of replaced tokens; control: contexts "
        f"that were never seen; {how}.",
        control=Interval(control.value, max(control.low, 0.0), control.high, control.n),
        excess=excess,
    )
