"""B3 exposure: do secrets that were planted in the training text stand out from secrets that might have been?

Question: Does the subject find a planted secret more probable than the secrets that a coin or the draw left out?
Statistic: Canaries come in pairs that begin alike and end in different secrets, drawn uniformly from a space of known
    size; a fair coin chose which of the two was planted, 1, 4 or 16 times. Score: log-probability of the secret given
    the beginning. exposure = log2(candidates) - log2(rank of the secret among candidates), the candidates being other
    secrets of the same space that were never planted (all there are where the space is scored whole, which makes the
    rank exact; else a random sample) and the secret itself; equals count against the secret. p-value: (1 + candidates
    at least as likely) / (1 + candidates). Beyond the number of candidates: -log2 of the upper tail of a skew-normal
    distribution fitted to their scores, at most the secret's entropy. Guess: of each pair the likelier one was planted.
Null: The unplanted twin of each pair, ranked among the same candidates, is what its planted twin would be without the
    planting: the excess is the mean paired difference. Self-test on every run: P(exposure of a twin >= m) = 2^-m
    within Clopper-Pearson bounds for every m; where it fails, every number here is refused. The p-value of all pairs
    together flips the coins again; a claim
    needs both, an excess whose interval is above 0 and so small a p-value.
Assumptions: The list of canaries is as old as the training and says truly which were planted; coins and secrets were
    drawn by `byheart canary make`; nothing but the planted copies tells the subject of them. Epsilon: each pair's coin
    decides one record (canaries planted once), neighbouring data sets differ by one record replaced by its twin; under
    neighbours that differ by a record left out, half of the bound holds.
Fails when: Both twins, or neither, reached the training; the training saw the copies fewer times than planted (they
    were removed as duplicates or fell outside the sampled part). Canaries are unlike natural text: their exposure says
    what this training does with such records, and random tokens are the easier kind to remember. No exposure is no
    proof of privacy: a lower bound of epsilon may lie far below it.
Source: Carlini et al. 2019, "The Secret Sharer" (1802.08232), exposure and skew-normal fit; Steinke, Nasr and
    Jagielski 2023, "Privacy Auditing with One (1) Training Run" (2305.08846), epsilon; Phipson and Smyth 2010,
    p-values.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from byheart.audits.exposure_tables import (
    Ranked,
    by_repetitions,
    guesses,
    most_exposed,
    null_table,
    ranked,
    series,
)
from byheart.core.audit import Audit
from byheart.core.evidence import Estimate, Evidence, Interval, Refusal
from byheart.core.material import CanariesNeed, Inputs, Need, ScoredCanary
from byheart.stats.bootstrap import MIN_CLUSTERS, ratio_difference
from byheart.stats.claims import rate_beside_control
from byheart.stats.exposure import fitted_exposure_bits, mean_exposure, random_rank_among, sign_flip_p_value
from byheart.stats.intervals import clopper_pearson
from byheart.stats.null_levels import NullLevel, fitted_levels, null_levels
from byheart.stats.privacy import epsilon_lower_bound

MIN_PAIRS = 12
"""Where every secret stands out wholly, 87 of 100 intervals of 5 pairs cover the excess, and 93 of 12 pairs; and no
fall of 5 coins is rare enough for a claim."""
MIN_OTHERS = 3
"""Fewer other secrets let none stand out by two bits."""
_RANK_METHOD = "log2 candidates - log2 rank, equals against the secret."
HEADS = (
    "exposure.mean_bits",
    "exposure.fitted_mean_bits",
    "exposure.significant_rate",
    "exposure.right_guess_rate",
    "exposure.p_value",
    "exposure.epsilon_lower_bound",
)


@dataclass(frozen=True, kw_only=True)
class Params:
    """Sizes of the exposure audit."""

    num_candidates: int = 63
    """Other secrets that each pair is ranked among."""
    max_enumerated: int = 0
    """Spaces of at most so many secrets are scored whole, so that the rank is exact."""
    num_shown: int = 12
    """Canaries to list, the most exposed first."""
    significance: float = 0.05
    """A canary whose p-value is at most this counts as standing out."""
    delta: float = 1e-5
    """Of the (epsilon, delta)-differential privacy that is bounded."""
    confidence: float = 0.95
    """Coverage of the intervals, and of the one-sided bound of epsilon."""


def run(inputs: Inputs, params: Params, *, rng: np.random.Generator) -> tuple[Evidence, ...]:
    """The evidence of the audit, or why there is none."""
    canaries = inputs.canaries
    reason = _unusable(canaries)
    if reason:
        return tuple(Refusal(name=name, reason=reason) for name in HEADS)
    ranks = np.array([random_rank_among(c.twin_nats, c.others_nats, rng=rng) for c in canaries])
    levels = null_levels(ranks, np.array([1 + c.others_nats.size for c in canaries]))
    if not all(level.holds for level in levels):
        reason = _failed(levels, len(canaries))
        return (*(Refusal(name=name, reason=reason) for name in HEADS), null_table(levels))
    found = [ranked(canary) for canary in canaries]
    headline = _mean("exposure.mean_bits", found, _RANK_METHOD, params, rng=rng)
    table = by_repetitions(
        found, significance=params.significance, delta=params.delta, confidence=params.confidence, rng=rng
    )
    return (
        headline,
        *_fitted(canaries, params, rng=rng),
        _significant(found, params),
        _right_guesses(canaries, params),
        _p_value(found, rng=rng),
        _epsilon([c for c in canaries if c.repetitions == 1], params),
        series(table, headline, found),
        table,
        null_table(levels),
        most_exposed(found, params.num_shown),
    )


def _unusable(canaries: Sequence[ScoredCanary]) -> str:
    """Why these canaries carry no number; empty where they do."""
    if len(canaries) < MIN_PAIRS:
        return f"An interval over canaries needs at least {MIN_PAIRS} pairs; there are {len(canaries)}."
    spoiled = sum(c.num_twin_found > 0 for c in canaries)
    if spoiled:
        return (
            f"{spoiled} of {len(canaries)} unplanted twins stand in the trained-on text, so this is not the list of "
            "canaries that was planted there, and nothing is left to compare with."
        )
    fewest = min(c.others_nats.size for c in canaries)
    return "" if fewest >= MIN_OTHERS else f"A rank needs at least {MIN_OTHERS} other secrets; a pair has {fewest}."


def _failed(levels: Sequence[NullLevel], num_pairs: int) -> str:
    worst = next(level for level in levels if not level.holds)
    return (
        f"The self-test failed: of {num_pairs} secrets that were never planted {100 * worst.found.value:.0f} % stand "
        f"out by {worst.bits} bits or more, where chance gives {100 * worst.nominal:.0f} %. The list of canaries is "
        "not the one of this training, or the subject knows of the twins. A sound run fails once in a hundred."
    )


def _mean(name: str, found: Sequence[Ranked], method: str, params: Params, *, rng: np.random.Generator) -> Estimate:
    planted, twins = [x.planted_bits for x in found], [x.twin_bits for x in found]
    most = max(x.most_bits for x in found)
    own, control = (mean_exposure(v, most, rng=rng, confidence=params.confidence) for v in (planted, twins))
    ones = np.ones(len(found))
    excess = ratio_difference((np.array(planted), ones), (np.array(twins), ones), rng=rng, confidence=params.confidence)
    if excess.low == excess.high:  # all pairs differ alike, of which a bootstrap knows no width
        excess = Interval(excess.value, own.low - control.high, own.high - control.low, len(found))
    return Estimate(
        name=name,
        value=own.value,
        unit="bits",
        low=own.low,
        high=own.high,
        confidence=params.confidence,
        n=len(found),
        method=f"{method} Percentile bootstrap over pairs, widened for their number; control: the unplanted twins; "
        "excess: paired.",
        control=control,
        excess=excess,
    )


def _fitted(canaries: Sequence[ScoredCanary], params: Params, *, rng: np.random.Generator) -> tuple[Evidence, ...]:
    """Exposure beyond the number of candidates; none where every rank is exact."""
    sampled = [c for c in canaries if not c.is_whole_space]
    name = "exposure.fitted_mean_bits"
    if len(sampled) < MIN_CLUSTERS:
        return ()
    found = []
    for c in sampled:
        planted, twin = (fitted_exposure_bits(v, c.others_nats, c.entropy_bits) for v in (c.planted_nats, c.twin_nats))
        found.append(Ranked(c, c.entropy_bits, planted, twin, 2.0**-planted, 2.0**-twin))
    levels = fitted_levels([x.twin_bits for x in found], min(x.most_bits for x in found))
    if not all(level.holds for level in levels):
        reason = "The scores of unplanted secrets are not spread as a skew-normal distribution; the ranks stand."
        return (Refusal(name=name, reason=reason),)
    return (
        _mean(name, found, "Upper tail of a skew-normal fit, an extrapolation, at most the entropy.", params, rng=rng),
    )


def _significant(found: Sequence[Ranked], params: Params) -> Evidence:
    name = "exposure.significant_rate"
    fewest, needed = min(x.num_candidates for x in found), math.ceil(1 / params.significance - 1e-9)
    if fewest < needed:
        reason = (
            f"A p-value of at most {params.significance:g} needs {needed} candidates, the secret included; a pair has "
            f"{fewest}. Secrets of one digit have no more: make them with 2 digits or more."
        )
        return Refusal(name=name, reason=reason)
    return rate_beside_control(
        name,
        (sum(x.p_value <= params.significance for x in found), len(found)),
        (sum(x.twin_p_value <= params.significance for x in found), len(found)),
        method=f"Secrets with a p-value of at most {params.significance:g}; control: their unplanted twins.",
        confidence=params.confidence,
    )


def _right_guesses(canaries: Sequence[ScoredCanary], params: Params) -> Evidence:
    right, num = guesses(canaries)
    name = "exposure.right_guess_rate"
    if not num:
        return Refusal(name=name, reason="Every planted secret is exactly as likely as its twin: nothing to guess by.")
    rate = clopper_pearson(right, num, confidence=params.confidence)
    return Estimate(
        name=name,
        value=rate.value,
        unit="rate",
        low=rate.low,
        high=rate.high,
        confidence=params.confidence,
        n=num,
        method="Pairs whose planted secret is the likelier one, equal pairs left out; Clopper-Pearson; chance is 1/2.",
        control=Interval(0.5, 0.5, 0.5),
        excess=Interval(rate.value - 0.5, rate.low - 0.5, rate.high - 0.5),
    )


def _p_value(found: Sequence[Ranked], *, rng: np.random.Generator) -> Estimate:
    return Estimate(
        name="exposure.p_value",
        value=sign_flip_p_value([x.planted_bits - x.twin_bits for x in found], rng=rng),
        unit="p",
        low=None,
        high=None,
        confidence=1.0,
        n=len(found),
        method="Share of 9,999 new falls of all coins, and this one, with at least this mean difference; one-sided.",
        no_interval="a p-value has none",
    )


def _epsilon(once: Sequence[ScoredCanary], params: Params) -> Evidence:
    name = "exposure.epsilon_lower_bound"
    if len(once) < MIN_CLUSTERS:
        reason = f"A bound for one record needs canaries planted once, at least {MIN_CLUSTERS}; there are {len(once)}."
        return Refusal(name=name, reason=reason)
    right, num = guesses(once)
    bound = epsilon_lower_bound(right, num, len(once), delta=params.delta, confidence=params.confidence)
    return Estimate(
        name=name,
        value=bound,
        unit="epsilon",
        low=None,
        high=None,
        confidence=params.confidence,
        n=len(once),
        method=f"{right} right of {num} guesses about canaries planted once; (epsilon, {params.delta:g})-differential "
        "privacy, neighbours differ by one record replaced; half of it where they differ by one left out.",
        no_interval=f"it is a one-sided bound at {100 * params.confidence:g} % confidence; 0 says nothing",
    )


def needs(params: Params) -> tuple[Need, ...]:
    """Scored canaries."""
    return (CanariesNeed(num_candidates=params.num_candidates, max_enumerated=params.max_enumerated),)


AUDIT = Audit(
    name="exposure",
    version=2,
    question="Do secrets that were planted in its training text stand out from secrets that might have been?",
    profiles={
        "quick": Params(),
        "standard": Params(num_candidates=255),
        "full": Params(num_candidates=1023, max_enumerated=10_000),
    },
    needs=needs,
    run=run,
)
