"""Estimates in the form that every claim must have: beside the same statistic on text that cannot have been seen."""

from byheart.core.evidence import Estimate, Refusal
from byheart.stats.intervals import clopper_pearson, newcombe


def rate_beside_control(
    name: str, seen: tuple[int, int], unseen: tuple[int, int], *, method: str, confidence: float = 0.95
) -> Estimate | Refusal:
    """A rate with its control and the excess of one over the other.

    Definition:
        value = k1/n1, control = k2/n2 with Clopper-Pearson bounds; excess = value - control with Newcombe's bounds
    Args:
        name: dotted name of the estimate.
        seen: (successes, trials) on text that the subject was trained on.
        unseen: (successes, trials) on text that it cannot have seen.
        method: one sentence saying what a success is.
        confidence: coverage of each interval.
    Returns:
        the estimate, or a refusal when one side has no trial.
    Source: protocols.md, rules 1 and 3.
    Differs: nothing.
    """
    if not seen[1] or not unseen[1]:
        return Refusal(name=name, reason=f"Needs observations on both sides; has {seen[1]} and {unseen[1]}.")
    rate = clopper_pearson(*seen, confidence=confidence)
    return Estimate(
        name=name,
        value=rate.value,
        unit="rate",
        low=rate.low,
        high=rate.high,
        confidence=confidence,
        n=seen[1],
        method=f"{method} Clopper-Pearson intervals; excess over the control with Newcombe's interval.",
        control=clopper_pearson(*unseen, confidence=confidence),
        excess=newcombe(seen, unseen, confidence=confidence),
    )
