"""Sizes of the extraction audit, and the material that it asks for."""

from dataclasses import dataclass

from byheart.core.material import NearMassNeed, PrefixSweepNeed, UnrelatedPrefixesNeed, WindowsNeed, WrittenWindowsNeed

NEAR = 0.1
"""Largest normalised edit distance that counts as near-verbatim."""
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
    num_written: int = 20
    """Windows of each side, of the base sample, that it continues by writing."""
    num_searched: int = 0
    """Windows of each side, of the base sample, whose near-verbatim mass is searched; it reads up to 30,000 tokens
    for each, so that the quick profile searches none."""
    beam_width: int = 8
    """Beginnings that the search follows at a time."""
    num_behind_unrelated: int = 20
    """Trained-on windows of the base sample whose suffix is scored behind unrelated prefixes; as many that fill
    strata."""
    num_unrelated_prefixes: int = 3
    """Prefixes that are not a window's own."""
    num_swept: int = 12
    """Windows of each side whose prefix is made longer and shorter."""
    false_positive_rate: float = 0.05
    """Declared share of unseen passages above the threshold of memory; and of the flags that may be wrong."""
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


def written_need(params: Params) -> WrittenWindowsNeed:
    """The same windows, continued by the subject."""
    return WrittenWindowsNeed(windows=windows_need(params), num_windows=params.num_written)


def mass_needs(params: Params) -> tuple[NearMassNeed, ...]:
    """The same windows, around whose suffixes the probability mass is searched; none where none is asked for."""
    if not params.num_searched:
        return ()
    windows = windows_need(params)
    return (NearMassNeed(windows=windows, num_windows=params.num_searched, beam_width=params.beam_width, share=NEAR),)


def unrelated_need(params: Params) -> UnrelatedPrefixesNeed:
    """The suffixes of the same windows, behind prefixes that are not their own."""
    return UnrelatedPrefixesNeed(
        windows=windows_need(params),
        num_windows=params.num_behind_unrelated,
        num_prefixes=params.num_unrelated_prefixes,
    )


def sweep_need(params: Params) -> PrefixSweepNeed:
    """The same suffixes after half, all and twice the tokens given."""
    given = params.prefix_tokens
    return PrefixSweepNeed(
        prefixes_tokens=(given // 2, given, 2 * given), suffix_tokens=params.suffix_tokens, num_windows=params.num_swept
    )
