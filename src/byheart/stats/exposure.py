"""How far a planted secret stands out from the secrets that might have been."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr, ndtr, owens_t, roots_laguerre

from byheart.core.evidence import Interval
from byheart.core.tokens import Floats
from byheart.core.units import NATS_PER_BIT
from byheart.errors import InputError
from byheart.stats.bootstrap import ratio_of_sums
from byheart.stats.intervals import clopper_pearson

LARGEST_SKEWNESS = 0.99
"""A skew-normal distribution has a skewness below 0.9953; samples beyond are fitted with this one."""


def exposure_bits(rank: int, num_candidates: int) -> float:
    """How far a planted secret stands out from the secrets that might have been.

    Definition:
        exposure = log2(num_candidates) - log2(rank)
    Args:
        rank: 1-based place of the secret by log-probability, 1 = likeliest; in [1, num_candidates].
        num_candidates: the secrets it is ranked among, itself included.
    Returns:
        bits, in [0, log2(num_candidates)].
    Raises:
        InputError: rank outside its range.
    Source: Carlini et al. 2019, "The Secret Sharer", exposure (arXiv 1802.08232).
    Differs: nothing.
    """
    if not 1 <= rank <= num_candidates:
        raise InputError(
            "A rank must be in [1, number of candidates].",
            why=f"Got rank {rank} of {num_candidates}.",
            next_step="Count the secret itself among the candidates.",
        )
    return math.log2(num_candidates) - math.log2(rank)


def rank_among(score: float, others: Floats) -> int:
    """Place of a secret among others that might have been, equals counted against it.

    Definition:
        1 + number of others at least as likely
    Args:
        score: log-probability of the secret, nats.
        others: of the others, nats, shape [num_others].
    Returns:
        1-based, in [1, num_others + 1].
    Source: Carlini et al. 2019 (arXiv 1802.08232), rank.
    Differs: equals stand before the secret, so that a subject that cannot tell secrets apart exposes none.
    """
    return 1 + int((np.asarray(others) >= score).sum())


def random_rank_among(score: float, others: Floats, *, rng: np.random.Generator) -> int:
    """Place of a secret among others, its place among equals drawn at random: exactly uniform under the null.

    Args:
        score: log-probability of the secret, nats.
        others: of the others, nats, shape [num_others].
        rng: consumed by one draw.
    Returns:
        1-based, in [1, num_others + 1].
    """
    values = np.asarray(others)
    return 1 + int((values > score).sum()) + int(rng.integers(0, int((values == score).sum()) + 1))


def twin_p_value(score: float, twins: Floats) -> float:
    """Probability that an unplanted twin would be as likely as this secret, or likelier.

    Definition:
        p = (1 + number of twins at least as likely) / (1 + number of twins)
    Args:
        score: log-probability of the secret, nats.
        twins: of unplanted secrets drawn by the same rule, nats, shape [num_twins].
    Returns:
        in [1 / (1 + num_twins), 1]; under the null P(p <= u) <= u for every u.
    Source: Phipson and Smyth 2010, "Permutation P-values should never be zero".
    Differs: nothing.
    """
    return rank_among(score, twins) / (1 + np.asarray(twins).size)


def chance_bits(num_candidates: int) -> float:
    """Mean exposure of a secret that was never planted.

    Definition:
        sum over ranks r of (log2 num_candidates - log2 r) / num_candidates; tends to 1/ln 2 = 1.44 bits
    Args:
        num_candidates: the secrets it is ranked among, itself included, >= 1.
    Returns:
        bits.
    Source: the uniform rank under the null, Carlini et al. 2019 (arXiv 1802.08232).
    Differs: nothing.
    """
    ranks = np.arange(1, num_candidates + 1)
    return float(math.log2(num_candidates) - np.log2(ranks).mean())


@dataclass(frozen=True)
class SkewNormal:
    """A normal distribution with a skew: location, scale > 0 and shape."""

    location: float
    """nats."""
    scale: float
    """nats, > 0."""
    shape: float
    """0: a normal distribution; positive: a longer upper tail."""

    @classmethod
    def fit(cls, sample: Floats) -> "SkewNormal | None":
        """The one with the sample's mean, variance and skewness.

        Definition:
            |d| = sqrt(pi/2 g^(2/3) / (g^(2/3) + ((4-pi)/2)^(2/3))), g the sample's |skewness|, at most
            LARGEST_SKEWNESS; shape = d / sqrt(1-d^2), scale^2 = variance / (1 - 2 d^2 / pi),
            location = mean - scale d sqrt(2/pi)
        Args:
            sample: nats, shape [n].
        Returns:
            None where the sample has no spread.
        Source: Azzalini 1985, "A class of distributions which includes the normal ones"; Carlini et al. 2019
            (arXiv 1802.08232) fit exposure with it.
        Differs: by moments, where the paper does not say how.
        """
        values = np.asarray(sample, dtype=np.float64)
        mean, deviation = float(values.mean()), float(values.std())
        # What is only rounding is no spread.
        if deviation <= 1e-9 * max(1.0, abs(mean)):
            return None
        skewness = float((((values - mean) / deviation) ** 3).mean())
        power = min(abs(skewness), LARGEST_SKEWNESS) ** (2 / 3)
        delta = math.copysign(math.sqrt(math.pi / 2 * power / (power + ((4 - math.pi) / 2) ** (2 / 3))), skewness)
        scale = deviation / math.sqrt(1 - 2 * delta**2 / math.pi)
        return cls(mean - scale * delta * math.sqrt(2 / math.pi), scale, delta / math.sqrt(1 - delta**2))

    def log_density(self, z: Floats) -> Floats:
        """Of standardised values, nats."""
        return math.log(2) - 0.5 * z**2 - 0.5 * math.log(2 * math.pi) + log_ndtr(self.shape * z)

    def log_upper_tail_nats(self, value: float) -> float:
        """Logarithm of the probability of more than a value, exact far into the tail.

        Definition:
            log(1 - Phi(z) + 2 T(z, shape)), T Owen's function, z = (value - location) / scale; in the tail, where that
            cancels, log of the integral of the density from z on by Gauss-Laguerre quadrature
        Args:
            value: nats.
        Returns:
            nats, <= 0.
        Source: Azzalini 1985.
        Differs: nothing.
        """
        z = (value - self.location) / self.scale
        tail = float(ndtr(-z) + 2 * owens_t(z, self.shape))
        if tail > 1e-6:
            return min(0.0, math.log(tail))
        # The density is log-concave: from z on it falls at least as fast as at z, which the quadrature's weight takes.
        slope = math.exp(-0.5 * (self.shape * z) ** 2 - 0.5 * math.log(2 * math.pi) - float(log_ndtr(self.shape * z)))
        rate = max(z - self.shape * slope, 1e-3)
        nodes, weights = roots_laguerre(64)
        here = float(self.log_density(np.array(z)))
        integral = float(weights @ np.exp(self.log_density(z + nodes / rate) - here + nodes)) / rate
        return here + math.log(integral)


def fitted_exposure_bits(score: float, twins: Floats, entropy_bits: float) -> float:
    """Exposure by the distribution of unplanted twins: an extrapolation beyond their number.

    Definition:
        min(entropy, -log2 P(X >= score)), X the skew-normal distribution fitted to the twins' log-probabilities
    Args:
        score: log-probability of the secret, nats.
        twins: of unplanted secrets drawn by the same rule, nats, shape [num_twins].
        entropy_bits: log2 of the number of secrets that might have been: no secret stands out by more.
    Returns:
        bits, in [0, entropy_bits]; 0 where the twins have no spread and the secret does not exceed them.
    Source: Carlini et al. 2019 (arXiv 1802.08232), "Efficiently approximating exposure": the skew-normal fit.
    Differs: on log-probabilities where the paper has log-perplexities; bounded by the entropy.
    """
    fitted = SkewNormal.fit(twins)
    if fitted is None:
        return entropy_bits if score > float(np.max(twins)) else 0.0
    return max(0.0, min(entropy_bits, -fitted.log_upper_tail_nats(score) / NATS_PER_BIT))


def mean_exposure(
    values: Sequence[float], most: float, *, rng: np.random.Generator, confidence: float = 0.95
) -> Interval:
    """Mean of exposures over secrets.

    Definition:
        the mean with the percentile bootstrap of `ratio_of_sums` over secrets; where all are equal and a
        bootstrap has no width, at least a share s of secrets has this exposure and the others lie in [0, most], s the
        Clopper-Pearson bound of n of n
    Args:
        values: bits, each in [0, most]; at least MIN_CLUSTERS.
        most: largest exposure that the candidates allow, bits.
        rng: draws the resamples.
        confidence: coverage.
    Returns:
        bits, n the number of secrets.
    Raises:
        InputError: fewer secrets than a bootstrap can carry.
    Source: Efron and Tibshirani 1993, percentile interval; Clopper and Pearson 1934.
    Differs: nothing.
    """
    bits = np.asarray(values, dtype=np.float64)[:, None]
    interval = ratio_of_sums(bits, np.ones_like(bits), rng=rng, confidence=confidence)[0]
    if bits.max() > bits.min():
        return interval
    share = clopper_pearson(bits.size, bits.size, confidence=confidence).low
    value = float(bits[0, 0])
    return Interval(value, value * share, value + (most - value) * (1 - share), bits.size)


def sign_flip_p_value(differences: Sequence[float], *, rng: np.random.Generator, num_flips: int = 9999) -> float:
    """Probability that other falls of the same coins would have given as large a mean difference.

    Definition:
        (1 + number of random sign vectors s with sum s_i d_i >= sum d_i) / (1 + num_flips)
    Args:
        differences: planted minus unplanted, of each pair whose planted one a fair coin chose; shape [num_pairs].
        rng: flips the coins.
        num_flips: how often all coins are flipped.
    Returns:
        in [1 / (1 + num_flips), 1]; one-sided.
    Source: Fisher 1935, "The Design of Experiments", the randomisation test.
    Differs: random flips in place of all 2^n.
    """
    values = np.asarray(differences, dtype=np.float64)
    signs = rng.integers(0, 2, size=(num_flips, values.size)) * 2 - 1
    # A sum that differs from the observed one by rounding only is an equal one.
    least = values.sum() - 1e-9 * np.abs(values).sum()
    return float((1 + (signs @ values >= least).sum()) / (1 + num_flips))
