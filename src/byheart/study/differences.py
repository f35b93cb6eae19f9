"""The difference of one number between two runs, by the sharpest interval that what they share allows."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from byheart.core.comparison import Difference
from byheart.core.evidence import Estimate, Interval
from byheart.core.streams import stream
from byheart.errors import InputError
from byheart.stats.bootstrap import ratio_difference
from byheart.stats.claims import MIN_TRIALS, excess_p_value, rate_beside_control
from byheart.stats.intervals import clopper_pearson
from byheart.stats.paired import (
    difference_of_intervals,
    paired_area_difference,
    paired_rate_difference,
    paired_rate_p_value,
)
from byheart.stats.roc import placements
from byheart.stats.shares import paired_differences
from byheart.study.pairing import Pairs, bits_and_bytes, comes_out, loss, new_ngrams, probability

CONFIDENCE = 0.95
Row = dict[str, Any]


@dataclass(frozen=True)
class Found:
    """A difference of the same texts."""

    difference: Interval
    p_value: float | None
    """None: to be read off the interval."""
    how: str
    values: tuple[float, float]
    """Of the first run and of the second over the texts that both measured."""


OF_TEXTS_ALONE = ("membership.split_auc", "adaptation.best_memorizer_bits_per_byte", "adaptation.copied_share")
"""Numbers in which no model is: equal where the texts and the seed are."""
RATES: dict[str, Callable[[Row], bool]] = {
    "extraction.greedy_rate": comes_out,
    "extraction.pz_half_rate": lambda row: probability(row) >= 0.5,
    "extraction.pz_1e3_rate": lambda row: probability(row) >= 0.001,
}
"""What a success is, window by window."""
NGRAMS = {f"novelty.ngram_{n}_novel_rate": n for n in (4, 8, 16)}


def paired(name: str, pairs: Pairs) -> Found | str | None:
    """A difference over the texts that both runs measured.

    Args:
        name: dotted name of the estimate.
        pairs: the texts of both.
    Returns:
        the difference; or why the shared texts cannot carry it; or None where the tables hold no number of it for each
        text.
    """
    try:
        if name in RATES:
            members = [(a, b) for a, b in pairs.windows if a["role"] == "member"]
            return _of_rates([(RATES[name](a), RATES[name](b)) for a, b in members])
        if name == "membership.auc":
            return _of_areas(pairs)
        if name == "adaptation.bits_per_byte":
            return _of_bits(pairs)
        if name in NGRAMS:
            return _of_ngrams(pairs, NGRAMS[name])
    except InputError as error:
        return f"{error.what} {error.why}".strip()
    return None


def _of_rates(answers: list[tuple[bool, bool]]) -> Found:
    first, second = (sum(answer[side] for answer in answers) for side in (0, 1))
    both = sum(a and b for a, b in answers)
    difference = paired_rate_difference(first, second, both, len(answers), confidence=CONFIDENCE)
    how = (
        f"Paired over the {len(answers):,} passages that both asked for: {first - both} came out in the first alone, "
        f"{second - both} in the second alone. Newcombe's interval for paired rates, McNemar's exact test."
    )
    values = first / len(answers), second / len(answers)
    return Found(difference, paired_rate_p_value(first, second, both, len(answers)), how, values)


def _of_areas(pairs: Pairs) -> Found:
    sides = [
        [
            np.array([loss(pair[run]) for pair in pairs.windows if pair[0]["role"] == role])
            for role in ("member", "control")
        ]
        for run in (0, 1)
    ]
    difference = paired_area_difference(tuple(sides[0]), tuple(sides[1]), confidence=CONFIDENCE)  # type: ignore[arg-type]
    how = f"Paired over {difference.n:,} documents that both scored (DeLong's variance of a difference, Student's t)."
    first, second = (float(placements(*side).mean()) for side in sides)
    return Found(difference, None, how, (first, second))


def _of_bits(pairs: Pairs) -> Found:
    first, second = (bits_and_bytes(rows) for rows in pairs.held_out)
    rng = stream(0, "compare", "adaptation.bits_per_byte")
    difference = ratio_difference(second, first, rng=rng, confidence=CONFIDENCE)
    other = "" if pairs.same_tokens else ", other pieces of them, since the tokenizers differ"
    how = f"Paired over {difference.n:,} held-out documents that both read{other}; bootstrap over documents."
    values = float(first[0].sum() / first[1].sum()), float(second[0].sum() / second[1].sum())
    return Found(difference, None, how, values)


def _of_ngrams(pairs: Pairs, n: int) -> Found:
    (first, of_first), (second, of_second) = (new_ngrams([pair[run] for pair in pairs.written], n) for run in (0, 1))
    if not len(first) or not of_first.sum() or not of_second.sum():
        raise InputError("Both wrote no continuation of the same prompt.")
    (difference,) = paired_differences(
        second[:, None], first[:, None], of_second, of_first[:, None], confidence=CONFIDENCE
    )
    how = f"Paired over {difference.n:,} prompts that both continued; Student's t over documents."
    return Found(difference, None, how, (float(first.sum() / of_first.sum()), float(second.sum() / of_second.sum())))


def independent(
    first: Estimate, second: Estimate, freedom: int | None = None
) -> tuple[Interval | None, float | None, str]:
    """A difference from two estimates alone, as if they were of other texts.

    Args:
        first: in one run.
        second: in the other.
        freedom: degrees of freedom where both are of networks that were trained again with other seeds, however many
            cases each of them answered.
    Returns:
        the difference, its p-value and how it was computed; None with the reason where the sample cannot carry it.
    """
    if first.low is None or first.high is None or second.low is None or second.high is None:
        return None, None, f"Refused: there is no interval. {first.no_interval or second.no_interval}"
    counts = (_counts(first), _counts(second)) if freedom is None else (None, None)
    if counts[0] is not None and counts[1] is not None:
        it = rate_beside_control(first.name, counts[1], counts[0], method="", confidence=CONFIDENCE)
        if not isinstance(it, Estimate) or it.excess is None:
            n = f"{first.n} and {second.n}"
            return None, None, f"Refused: it needs {MIN_TRIALS} observations on each side; there are {n}."
        return it.excess, excess_p_value(it), "Newcombe's interval of two rates, zero left out only with Fisher's test."
    one = Interval(first.value, first.low, first.high, first.n)
    two = Interval(second.value, second.low, second.high, second.n)
    difference = replace(difference_of_intervals(one, two, min(first.n, second.n)), degrees_of_freedom=freedom)
    it = replace(second, control=one, excess=difference, no_excess=None)
    of = "" if freedom is None else f", its p-value by Student's t over the seeds with {freedom} degrees of freedom"
    return difference, excess_p_value(it), f"From the two intervals (Zou and Donner's MOVER){of}."


def _counts(it: Estimate) -> tuple[int, int] | None:
    """Successes and trials of a rate, or None where it is no count of independent trials.

    That they are independent is read off the interval: bounds that are wider than those of a count hold something else
    that varies, such as the seeds of networks, and Newcombe's interval would forget it.
    """
    successes = round(it.value * it.n)
    is_count = it.unit == "rate" and abs(successes - it.value * it.n) < 1e-6 * max(it.n, 1)
    if not is_count or not 0 <= successes <= it.n or it.low is None or it.high is None:
        return None
    exact = clopper_pearson(successes, it.n, confidence=it.confidence)
    return (successes, it.n) if max(abs(exact.low - it.low), abs(exact.high - it.high)) < 1e-9 else None


def difference_of(
    first: Estimate,
    second: Estimate,
    pairs: Pairs,
    refused: str,
    *,
    same_texts: bool,
    same_model: bool,
    freedom: int | None = None,
) -> Difference:
    """One number in two runs.

    Args:
        first: in the run that the other is compared with.
        second: in the other.
        pairs: the texts of both.
        refused: why the two are not comparable; empty where they are.
        same_texts: whether both runs read the same texts with one tokenizer, one seed and the same settings.
        same_model: whether they are of the same model.
        freedom: degrees of freedom of seeds, as `independent` takes them.
    """

    def made(
        interval: Interval | None, how: str, p_value: float | None = None, values: tuple[float, float] | None = None, *,
        paired: bool = False,
    ) -> Difference:  # fmt: skip
        return Difference(
            name=first.name,
            unit=first.unit,
            first=first,
            second=second,
            difference=interval,
            is_paired=paired,
            how=how,
            p_value=p_value,
            on_shared=values,
        )

    if (first.confidence, second.confidence) != (CONFIDENCE, CONFIDENCE):
        levels = f"{100 * first.confidence:g} % and {100 * second.confidence:g} %"
        refused = refused or f"Refused: the intervals are at {levels}, and a comparison is at 95 %."
    if refused or first.unit != second.unit:
        return made(None, refused or f"Refused: the units differ, {first.unit} and {second.unit}.")
    if same_texts and first == second and (same_model or first.name in OF_TEXTS_ALONE):
        of = "model, texts, seed" if same_model else "texts and seed, and no model is in it: same"
        how = f"The same measurement twice: same {of} and version. The difference is 0 by identity."
        return made(Interval(0.0, 0.0, 0.0, first.n), how, 1.0, paired=True)
    found = paired(first.name, pairs)
    if isinstance(found, Found):
        p_value = found.p_value if found.p_value is not None else _p_value(second, found.difference)
        return made(found.difference, found.how, p_value, found.values, paired=True)
    interval, p_value, how = independent(first, second, freedom)
    why = (
        f"Unpaired, since the shared texts do not carry a paired one ({found.rstrip('.')}). "
        if found
        else "Unpaired: no number of it is kept for each text, so the two count as independent, which is too wide "
        "where they agree from text to text. "
    )
    return made(interval, how if interval is None else why + how, p_value)


def _p_value(second: Estimate, difference: Interval) -> float | None:
    """Read off an interval of a paired difference; of one with no width nothing can be read."""
    bare = replace(
        second,
        value=difference.value,
        low=difference.low,
        high=difference.high,
        n=max(difference.n or 2, 2),
        control=None,
        excess=None,
        no_interval=None,
        no_excess=None,
        unit="difference",
    )
    return excess_p_value(bare)
