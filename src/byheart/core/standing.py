"""Where a rate stands against what guesses reach and what another one does: one rule for tables, verdicts and pages."""

from byheart.core.evidence import Interval


def standing(rate: Interval, gain: Interval, chance: float) -> int:
    """1 where a rate is beyond chance and beyond another, -1 where it is plainly not, 0 where the sample cannot tell.

    Definition:
        1 if rate.low > chance and gain.low > 0; -1 if rate.high < chance or gain.high < 0; else 0
    Args:
        rate: with its interval.
        gain: rate less that of the other, with its interval.
        chance: rate of uniform guesses, in [0, 1].
    """
    if rate.low > chance and gain.low > 0:
        return 1
    return -1 if rate.high < chance or gain.high < 0 else 0


def goes_beyond(rate: Interval, gain: Interval, chance: float) -> bool:
    """Whether a rate is beyond chance and beyond another one, both intervals apart."""
    return standing(rate, gain, chance) > 0
