"""How much of what predictors wrote was new, in the language, and both: counts, rates, and whom to compare with."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from byheart.core.evidence import Interval
from byheart.stats.claims import excess_over_control
from byheart.stats.intervals import clopper_pearson, mean_of_few

FEWEST_SEEDS = 3
"""Student's interval over two seeds is 13 standard errors wide on each side: of fewer, sentences are the units."""

Count = tuple[int, int]
"""Successes and trials."""


@dataclass(frozen=True, kw_only=True)
class Writing:
    """What one predictor of one seed wrote at one temperature."""

    subject: str
    """Its name."""
    seed_index: int
    """0-based."""
    temperature: float
    """Of the sampling."""
    num_written: int
    """Sentences."""
    num_novel: int
    """Of them, those that do not stand in the training data."""
    num_valid: int
    """Of them, those that are in the language."""
    num_valid_novel: int
    """Of them, those that are both."""


Rate = Callable[[Writing], Count]
"""Which count of which."""


def novel(it: Writing) -> Count:
    """P(novel)."""
    return it.num_novel, it.num_written


def valid(it: Writing) -> Count:
    """P(valid)."""
    return it.num_valid, it.num_written


def valid_novel(it: Writing) -> Count:
    """P(valid and novel)."""
    return it.num_valid_novel, it.num_written


def valid_given_novel(it: Writing) -> Count:
    """P(valid given novel)."""
    return it.num_valid_novel, it.num_novel


def pooled(writings: Iterable[Writing], rate: Rate) -> Count:
    """Successes and trials of all seeds together."""
    counts = [rate(it) for it in writings]
    return sum(k for k, _ in counts), sum(n for _, n in counts)


def share(writings: Iterable[Writing], rate: Rate) -> float | None:
    """The rate of all seeds together, or None without a trial."""
    successes, trials = pooled(writings, rate)
    return successes / trials if trials else None


def interval(writings: Sequence[Writing], rate: Rate, *, confidence: float) -> Interval | None:
    """A rate with its interval.

    Definition:
        of fewer than FEWEST_SEEDS seeds the Clopper-Pearson interval of all sentences; else the hull of that and of
        Student's interval over the rates of the seeds, which has no width where they are equal
    Args:
        writings: one per seed, of one predictor at one temperature.
        rate: which.
        confidence: 1 - alpha.
    Returns:
        n sentences, or seeds where these are the units; None without a trial.
    Source: Clopper and Pearson 1934; Student 1908.
    Differs: the hull covers at least as often as each.
    """
    successes, trials = pooled(writings, rate)
    if not trials:
        return None
    exact = clopper_pearson(successes, trials, confidence=confidence)
    of_seeds = [k / n for k, n in map(rate, writings) if n]
    if len(of_seeds) < FEWEST_SEEDS:
        return exact
    over = mean_of_few(of_seeds, confidence=confidence)
    low, high = max(0.0, min(exact.low, over.low)), min(1.0, max(exact.high, over.high))
    return Interval(exact.value, low, high, len(of_seeds))


def excess(own: Sequence[Writing], other: Sequence[Writing], rate: Rate, *, confidence: float) -> Interval | None:
    """By how much one predictor's rate is above another's, of the same seeds.

    Definition:
        of fewer than FEWEST_SEEDS seeds as `excess_over_control` has it over all sentences; else the hull of that and
        of Student's interval over the differences of the seeds
    Args:
        own: one per seed.
        other: one per seed, in the same order.
        rate: which.
        confidence: 1 - alpha.
    Returns:
        None where either has too few trials.
    Source: Newcombe 1998; Student 1908.
    Differs: the hull covers at least as often as each.
    """
    exact = excess_over_control(pooled(own, rate), pooled(other, rate), confidence=confidence)
    if exact is None:
        return None
    counts = zip(map(rate, own), map(rate, other), strict=True)
    of_seeds = [k / n - j / m for (k, n), (j, m) in counts if n and m]
    if len(of_seeds) < FEWEST_SEEDS:
        return exact
    over = mean_of_few(of_seeds, confidence=confidence)
    return Interval(
        exact.value, max(-1.0, min(exact.low, over.low)), min(1.0, max(exact.high, over.high)), len(of_seeds)
    )


def by_point(writings: Iterable[Writing]) -> dict[tuple[str, float], list[Writing]]:
    """All seeds of each predictor at each temperature, in the order of the seeds."""
    points: dict[tuple[str, float], list[Writing]] = {}
    for it in sorted(writings, key=lambda it: it.seed_index):
        points.setdefault((it.subject, it.temperature), []).append(it)
    return points


def best_memorizer(
    others: Iterable[Writing], rate: Rate, *, least_novel: float = 0.0, confidence: float
) -> tuple[str, float, list[Writing]] | None:
    """Who else, and at which temperature, has the highest rate, of those that write as much that is new.

    Definition:
        argmax of the pooled rate over all predictors and temperatures whose P(novel) has an upper bound of at least
        `least_novel`
    Args:
        others: of the predictors to compare with, at all temperatures, all of the same seeds.
        rate: which.
        least_novel: the P(novel) of whoever is compared; 0 for a rate that counts what is new itself.
        confidence: 1 - alpha.
    Returns:
        its name, temperature and writings; None where nobody writes as much that is new. The best of many is chosen on
        the very sentences that it is then compared with, which favours it. Who writes more that is new can be brought
        to equal novelty by reciting training sentences now and then, which leaves P(valid given novel) as it is.
    Source: theory.md A5.
    Differs: nothing.
    """
    found = [
        (value, name, temperature, writings)
        for (name, temperature), writings in by_point(others).items()
        if (as_new := interval(writings, novel, confidence=confidence)) is not None
        and as_new.high >= least_novel
        and (value := share(writings, rate)) is not None
    ]
    if not found:
        return None
    _, name, temperature, writings = max(found, key=lambda it: it[0])
    return name, temperature, writings


def control_of(
    own: Sequence[Writing], others: Iterable[Writing], rate: Rate, *, confidence: float
) -> tuple[str, float, list[Writing]] | None:
    """The best memorizer that a rate of the network is compared with.

    Args:
        own: one per seed, of the network at one temperature.
        others: of the memorizers, at all temperatures.
        rate: `valid_given_novel`, which is compared at equal novelty, or `valid_novel`, which is not.
        confidence: 1 - alpha.
    Returns:
        as `best_memorizer`.
    """
    least = share(own, novel) or 0.0 if rate is valid_given_novel else 0.0
    return best_memorizer(others, rate, least_novel=least, confidence=confidence)
