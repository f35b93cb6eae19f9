"""B4 capacity: how many bits of pure noise can a network of this shape hold?

Question: How many bits does a network hold, in all and per parameter, when there is nothing to learn but the data?
Statistic: Networks are trained from scratch on N sequences of S tokens, drawn uniformly from V, for a ladder of N.
    Memorized bits: sum over the sequences of max(0, log2 p_model - log2 p_uniform). While the data fit, they follow
    what a table that holds everything shows; then they flatten. Plateau: the height C of the curve
    min(table, C) that is nearest to the mean curve (least squares), seed by seed. Bits per parameter: plateau by
    parameters, the tied embedding counted once. Kink: the number of sequences that a table of C bits holds.
Null: The same sum over as many sequences that the network never saw. Noise cannot be inferred, so it must be near 0:
    of any predictor whatever an unseen sequence gains m bits or more with probability 2^-m at most, 1.44 on average.
Assumptions: Seeds (weights, data and orders drawn anew) are the independent units; intervals are Student's t over
    them, those of unseen sequences exact over sequences. A set of N sequences is asked without saying which one comes,
    so log2 N bits of each cannot be shown by anyone: the table is the entropy N S log2 V less N log2 N.
Fails when: Training stops early: bits that more steps would add are missing, so the plateau is a lower bound wherever
    a training of half as many steps (with a schedule of its own) shows less, and this page says by how much. It holds
    for this shape, optimizer and step size; others may hold more. Text is not noise: a model of text shares rules among
    its passages, and holds fewer or more of them than this number says.
Source: Morris et al. 2025, "How much do language models memorize?" (2505.24832): 3.5 to 3.6 bits per parameter in full
    training on GPUs, networks of 500 thousand parameters and more; theory.md B4.
"""

from collections.abc import Sequence

import numpy as np

from byheart.audits.capacity_params import Params
from byheart.audits.capacity_tables import curve, doubling_series, ladder_table
from byheart.audits.capacity_trainings import Ladder, Training
from byheart.core.evidence import Estimate, Evidence, Interval, Refusal
from byheart.stats.capacity import Plateau, fit_plateau, kink_sequences, unseen_bits
from byheart.stats.intervals import mean_of_few

LEAST_SEEDS, LEAST_BEYOND = 2, 2
"""Repetitions that carry an interval, and rungs beyond the kink that carry a plateau."""
EXACT_SHARE = 0.98
"""Memorized bits of data that fit must reach so much of the entropy."""
STILL_RISING = 0.05
"""Of the plateau: where the largest data show so much more, the curve is not said to stay."""
STILL_RISING = 0.01
"""A gain from doubling the steps that may be larger than this makes the plateau a lower bound."""
HEADS = (
    "capacity.bits_per_parameter",
    "capacity.plateau_bits",
    "capacity.kink_sequences",
    "capacity.gain_of_doubled_steps",
)


def evidence(trainings: Sequence[Training], params: Params) -> tuple[Evidence, ...]:
    """What the trained networks hold.

    Args:
        trainings: every rung of the ladder, every seed, whole and half of the steps.
        params: that they were trained by.
    """
    whole = Ladder.of(trainings, params, is_whole=True)
    half = Ladder.of(trainings, params, is_whole=False)
    chance = unseen_bits(whole.unseen, confidence=params.confidence)
    gain = _gain(whole, half, params)
    plateaus = _plateaus(whole, params)
    found: tuple[Evidence, ...]
    if isinstance(plateaus, str):
        found = tuple(Refusal(name=name, reason=plateaus) for name in HEADS[:3])
    else:
        found = _heights(plateaus, whole, chance, params)
    return (
        *found,
        gain,
        _exact(whole),
        _largest(whole.shown[:, -1].tolist(), chance, params),
        _chance(chance, params),
        curve(_title(plateaus, gain, whole, params), whole, params, half=half, chance=chance),
        *doubling_series(whole, half, params),
        ladder_table(whole, half, params),
    )


def _plateaus(ladder: Ladder, params: Params) -> list[float] | str:
    """Each seed's plateau, or why there is none."""
    if ladder.num_seeds < LEAST_SEEDS:
        return f"An interval over seeds needs at least {LEAST_SEEDS}; there is {ladder.num_seeds}."
    fits: list[Plateau] = [
        fit_plateau(possible, shown) for possible, shown in zip(ladder.possible, ladder.shown, strict=True)
    ]
    beyond = min(fit.num_beyond for fit in fits)
    if beyond < LEAST_BEYOND:
        largest = params.ladder[-1]
        return (
            f"The data of only {beyond} of the ladder's rungs exceed what the network holds; a plateau needs "
            f"{LEAST_BEYOND}. The ladder ends at {largest} sequences: go on to {4 * largest} at least, or take a "
            "smaller network."
        )
    return [fit.bits for fit in fits]


def _heights(plateaus: list[float], ladder: Ladder, chance: Interval, params: Params) -> tuple[Estimate, ...]:
    largest = params.ladder[-1]
    total = Interval(chance.value * largest, 0.0, chance.high * largest, chance.n)
    method = (
        "Height of the plateau, least squares against min(table, C) for each seed; Student's t over seeds; control: as "
        f"many unseen sequences as the largest rung has ({largest})."
    )
    kinks = [
        kink_sequences(bits, num_tokens=params.sequence_tokens, vocabulary_size=params.vocabulary_size)
        for bits in plateaus
    ]
    by_parameter = [bits / ladder.num_parameters for bits in plateaus]
    each = 1.0 / ladder.num_parameters
    control = Interval(total.value * each, 0.0, total.high * each, total.n)
    return (
        _over_seeds("capacity.bits_per_parameter", "bits per parameter", by_parameter, method, params, control),
        _over_seeds("capacity.plateau_bits", "bits", plateaus, method, params, total),
        _over_seeds(
            "capacity.kink_sequences",
            "sequences",
            kinks,
            "The number N with N (S log2 V - log2 N) = plateau; Student's t over seeds.",
            params,
        ),
    )


def _over_seeds(
    name: str, unit: str, values: Sequence[float], method: str, params: Params, control: Interval | None = None
) -> Estimate:
    found = mean_of_few(values, confidence=params.confidence)
    # Bits cannot be fewer than none, whatever two seeds let t believe.
    low = found.low if name == HEADS[3] else max(found.low, 0.0)
    excess = None
    if control is not None:
        excess = Interval(found.value - control.value, low - control.high, found.high - control.low, found.n)
    return Estimate(
        name=name,
        value=found.value,
        unit=unit,
        low=low,
        high=found.high,
        confidence=params.confidence,
        n=len(values),
        method=method,
        control=control,
        excess=excess,
    )


def _gain(whole: Ladder, half: Ladder, params: Params) -> Estimate | Refusal:
    """By how much doubling the steps raised the bits of the rungs that do not fit, seed by seed."""
    name = HEADS[3]
    if whole.num_seeds < LEAST_SEEDS:
        return Refusal(name=name, reason=f"An interval over seeds needs at least {LEAST_SEEDS}.")
    # Rungs that fit are full with either number of steps and would dilute the gain.
    beyond = whole.possible.mean(axis=0) > whole.shown.max(axis=1).mean()
    if not beyond.any():
        return Refusal(name=name, reason="All data fit: no rung is left that more steps could raise.")
    totals = [ladder.shown[:, beyond].sum(axis=1) for ladder in (whole, half)]
    if not totals[1].all():
        return Refusal(name=name, reason="Half of the steps held nothing of the rungs beyond the kink.")
    gains = [float(more) / float(fewer) - 1.0 for more, fewer in zip(*totals, strict=True)]
    method = (
        f"Bits after {params.num_steps} steps by bits after {params.num_steps // 2}, less 1, over the rungs beyond the "
        "kink; each training has a schedule of its own; Student's t over seeds, paired."
    )
    return _over_seeds(name, "share", gains, method, params)


def _exact(ladder: Ladder) -> Estimate | Refusal:
    """Up to which rung the memorized bits are the entropy, in every seed."""
    name = "capacity.exact_sequences"
    is_exact = (ladder.shown >= EXACT_SHARE * ladder.entropy).all(axis=0)
    count = int(np.cumprod(is_exact).sum())
    if count == 0:
        share = float((ladder.shown[:, 0] / ladder.entropy[0]).min())
        return Refusal(
            name=name,
            reason=f"At the smallest rung, {ladder.rungs[0]} sequences, the least seed shows {100 * share:.1f} % of "
            f"the entropy; {100 * EXACT_SHARE:.0f} % are needed. Train for more steps.",
        )
    return Estimate(
        name=name,
        value=float(ladder.rungs[count - 1]),
        unit="sequences",
        low=None,
        high=None,
        confidence=0.95,
        n=ladder.num_seeds,
        method=f"Largest rung up to which every seed shows {100 * EXACT_SHARE:.0f} % of N S log2 V or more.",
        no_interval="A rung of the ladder, the same for every seed.",
    )


def _largest(shown: Sequence[float], chance: Interval | None, params: Params) -> Estimate | Refusal:
    """Memorized bits at the largest rung: the number that stands beside the poles."""
    name, largest = "capacity.largest_rung_bits", params.ladder[-1]
    if len(shown) < LEAST_SEEDS:
        return Refusal(name=name, reason=f"An interval over seeds needs at least {LEAST_SEEDS}.")
    control = None
    if chance is not None:
        control = Interval(chance.value * largest, 0.0, chance.high * largest, chance.n)
    method = f"Memorized bits of {largest} sequences; Student's t over seeds; control: as many unseen sequences."
    return _over_seeds(name, "bits", shown, method, params, control)


def _chance(chance: Interval, params: Params) -> Estimate:
    return Estimate(
        name="capacity.unseen_bits_per_sequence",
        value=chance.value,
        unit="bits",
        low=chance.low,
        high=chance.high,
        confidence=params.confidence,
        n=chance.n or 0,
        method="Mean memorized bits of sequences that were never seen; bound by Markov's inequality for the "
        "gain of any predictor and the Clopper-Pearson bound of the share that gains anything.",
    )


def _title(plateaus: list[float] | str, gain: Estimate | Refusal, ladder: Ladder, params: Params) -> str:
    """What the curve shows: that it follows the data, and that it stays, only where it does."""
    if isinstance(plateaus, str):
        return "The ladder of data does not leave the slope: no plateau was reached"
    bits, last = float(np.mean(plateaus)), float(ladder.shown[:, -1].mean())
    word = "at least " if is_lower_bound(gain) else ""
    height = f"{word}about {bits:,.0f} bits, {bits / ladder.num_parameters:.1f} per parameter"
    exact = _exact(ladder)
    if isinstance(exact, Refusal):
        begins = f"Memorized bits reach {height}; not even the smallest data are held whole"
    else:
        begins = f"Memorized bits follow the data up to {height}"
    if last > (1.0 + STILL_RISING) * bits:
        return f"{begins}; they still rise, to {last:,.0f} at the largest data"
    return begins if isinstance(exact, Refusal) else f"{begins}, then stay there"


def is_lower_bound(gain: Estimate | Refusal) -> bool:
    """Whether more steps may still raise the plateau noticeably."""
    return not isinstance(gain, Estimate) or gain.high is None or gain.high > STILL_RISING


def lookup_evidence(params: Params) -> tuple[Evidence, ...]:
    """The pole that must score as memorization: a table that stores every sequence. It has no plateau."""
    possible = Ladder.possible_of(params)
    reason = (
        "A table grows with the data and has no plateau: "
        f"{possible[-1]:,.0f} bits at {params.ladder[-1]} sequences, and more with more."
    )
    return (
        *(Refusal(name=name, reason=reason) for name in HEADS[:3]),
        Estimate(
            name="capacity.largest_rung_bits",
            value=float(possible[-1]),
            unit="bits",
            low=None,
            high=None,
            confidence=params.confidence,
            n=params.num_seeds,
            method="Counted: entropy N S log2 V, which the table stores to the bit, less N log2 N for not being told "
            "which sequence comes.",
            no_interval="Counted, not estimated.",
        ),
        curve("A table shows all that it was given, and grows with it", None, params),
    )


def blind_evidence(trainings: Sequence[Training], params: Params) -> tuple[Evidence, ...]:
    """The pole that must not: the networks before their first step, asked for the very sequences."""
    ladder = Ladder.of(trainings, params, is_whole=True)
    untrained = ladder.untrained
    return (
        _largest(untrained[:, -1].tolist(), None, params),
        curve("Before training it holds nothing", ladder, params, shown=untrained),
    )
