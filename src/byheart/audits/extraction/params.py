"""Sizes of the extraction audit, and the material that it asks for."""

from dataclasses import dataclass

from byheart.core.material import WindowsNeed

STRATA = (1, 2, 4, 16, 64)
"""Lower ends of the strata of occurrences: 1, 2-3, 4-15, 16-63, 64 and more."""


@dataclass(frozen=True, kw_only=True)
class Params:
    """Sizes of the extraction audit."""

    prefix_tokens: int = 50
    """Tokens given."""
    suffix_tokens: int = 50
    """Tokens to be recited."""
    num_windows: int = 100
    """Windows of each side in the base sample."""
    num_per_stratum: int = 12
    """Windows to have in each stratum of occurrences, where the corpus has them."""
    num_exhibits: int = 4
    """Passages to show."""
    confidence: float = 0.95
    """Coverage of the intervals."""


def windows_need(params: Params) -> WindowsNeed:
    """Scored windows of both sides."""
    return WindowsNeed(
        prefix_tokens=params.prefix_tokens,
        suffix_tokens=params.suffix_tokens,
        num_windows=params.num_windows,
        num_per_stratum=params.num_per_stratum,
        strata=STRATA,
    )
