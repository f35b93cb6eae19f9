"""A1 context, from scratch: what networks trained on chains do with a chain that they never saw.

Question: Trained on sequences of which each is a Markov chain of its own, does a network predict a new chain by the
    rule that only this sequence follows, and do memorizers of the very training sequences?
Statistic: Sequences of T tokens over k symbols, each from a chain whose rows ~ Dirichlet(1). Of the second half of new
    chains: gain = log2 P(token) - log2 P_static(token), P_static the transition probabilities counted over all training
    sequences, in bits per token; distance to the Bayes predictor = mean of log P_Bayes(token) - log P(token) in nats,
    P_Bayes = (c_ij + 1) / (c_i + k) from counts in the sequence so far. While the network is trained: the exact
    KL(reference || network), mean over the same places, for the references uniform, frequencies in the
    sequence and Bayes; phases are the runs of looks with the same nearest reference.
Null: The same tokens in random order: no chain is left, only frequencies. The static mapping itself, whose gain is 0.
    The network before its first step, and a table of all training sequences, which foresees those and no new one.
Assumptions: New chains are independent of the training sequences. Seeds (weights and data drawn anew) are the
    independent units: Student's t from three seeds on; with fewer, a bootstrap over the new chains of these very
    networks, which says nothing of other trainings, and every seed is shown.
Fails when: A memorizer's match of the last tokens tells something of the chain, and more the longer the match and the
    larger the corpus: the gain of the best is not 0 but bounded by what a few tokens can tell, and stands beside. The
    memorizers also expect the end of a sequence at every place, at about 0.01 nats per token. Chains of three symbols
    are the smallest of rules: what holds for them is not shown for language.
Source: Edelman et al. 2024, "The Evolution of Statistical Induction Heads: In-Context Learning Markov Chains"
    (2402.11004); theory.md A1.
"""

from collections.abc import Sequence

import numpy as np

from byheart.audits.context_lab_tables import predictors_table, prompt_curve, training_curve
from byheart.audits.context_params import LabParams
from byheart.audits.context_trials import EXPECTED, Trial
from byheart.core.evidence import Estimate, Evidence, Interval, Refusal
from byheart.core.tokens import Floats
from byheart.stats.bootstrap import MIN_CLUSTERS, ratio_of_sums
from byheart.stats.intervals import clopper_pearson, mean_of_few

GAIN, DISTANCE, EXACT, SEEN, ORDERED = (
    "context.chain_gain_bits",
    "context.bayes_distance_nats",
    "context.end_bayes_kl_nats",
    "context.seen_gain_bits",
    "context.ordered_phases_rate",
)
LEAST_SEEDS = 3
"""Fewer carry no interval of Student's t that says anything."""


def evidence(
    name: str, trials: Sequence[Trial], params: LabParams, *, is_model: bool, rng: np.random.Generator
) -> tuple[Evidence, ...]:
    """What one predictor gains from chains that exist in their own sequence only.

    Args:
        name: of the predictor.
        trials: one of each seed.
        params: of the experiment.
        is_model: whether it is the trained network, which has phases and shows everyone beside it.
        rng: draws the resamples.
    """
    found: list[Evidence] = [
        _gain(name, trials, params, rng=rng),
        _mean(DISTANCE, "nats per token", [t.bayes_distances(name) for t in trials], _DISTANCE, params, rng=rng),
        _mean(SEEN, "bits per token", [t.seen_gains(name) for t in trials], _SEEN, params, rng=rng),
    ]
    if is_model:
        found += [
            _exact(trials, params),
            _ordered(trials, params),
            predictors_table(name, trials, rng=rng, confidence=params.confidence),
            training_curve(trials),
        ]
    if all(name in trial.along for trial in trials):
        found.append(prompt_curve(name, trials, is_model=is_model))
    return tuple(found)


_DISTANCE = "log P_Bayes(token) - log P(token), mean over the second half of new chains"
_SEEN = "log2 P(token) - log2 P_static(token), mean over the second half of sequences that were trained on"
_GAIN = "log2 P(token) - log2 P_static(token), mean over the second half of new chains"


def _gain(name: str, trials: Sequence[Trial], params: LabParams, *, rng: np.random.Generator) -> Estimate | Refusal:
    """With its control, paired chain by chain."""
    own = [trial.gains(name) for trial in trials]
    control = [trial.shuffled_gains(name) for trial in trials]
    sides = [own, control, [a - b for a, b in zip(own, control, strict=True)]]
    intervals = [over_seeds(side, rng=rng, confidence=params.confidence) for side in sides]
    value, beside, excess = intervals
    if value is None:
        return Refusal(name=GAIN, reason=_too_few(own))
    return Estimate(
        name=GAIN,
        value=value.value,
        unit="bits per token",
        low=value.low,
        high=value.high,
        confidence=params.confidence,
        n=value.n or len(trials),
        method=f"{_GAIN}; {_how(trials)}; control: the same tokens in random order, paired.",
        control=beside,
        excess=excess,
    )


def _mean(
    name: str, unit: str, values: Sequence[Floats], method: str, params: LabParams, *, rng: np.random.Generator
) -> Estimate | Refusal:
    found = over_seeds(values, rng=rng, confidence=params.confidence)
    if found is None:
        return Refusal(name=name, reason=_too_few(values))
    return Estimate(
        name=name,
        value=found.value,
        unit=unit,
        low=found.low,
        high=found.high,
        confidence=params.confidence,
        n=found.n or len(values),
        method=f"{method}; {_how(values)}.",
    )


def over_seeds(values: Sequence[Floats], *, rng: np.random.Generator, confidence: float) -> Interval | None:
    """The mean over seeds, each the mean of its chains; with fewer than LEAST_SEEDS, over all chains of these networks.

    Args:
        values: of each seed, one number for each chain.
        rng: draws the resamples of chains.
        confidence: coverage.
    Returns:
        n is the number of seeds, or of chains; None where there are too few of both.
    """
    if len(values) >= LEAST_SEEDS:
        return mean_of_few([float(one.mean()) for one in values], confidence=confidence)
    column = np.concatenate(values)[:, None]
    if column.size < MIN_CLUSTERS:
        return None
    (found,) = ratio_of_sums(column, np.ones_like(column), rng=rng, confidence=confidence)
    return found


def _too_few(values: Sequence[Floats]) -> str:
    num = sum(one.size for one in values)
    return f"An interval needs {LEAST_SEEDS} seeds or {MIN_CLUSTERS} new chains; there are {len(values)} and {num}."


def _how(values: Sequence[object]) -> str:
    if len(values) >= LEAST_SEEDS:
        return "Student's t over seeds"
    return f"bootstrap over the chains of these {len(values)} networks: other trainings may differ"


def _exact(trials: Sequence[Trial], params: LabParams) -> Estimate:
    """KL(Bayes || network) after the training."""
    ends = [trial.end_distance for trial in trials]
    method = "KL(Bayes || network) after the training, exact, mean over the second half of new chains"
    if len(ends) < LEAST_SEEDS:
        return Estimate(
            name=EXACT,
            value=float(np.mean(ends)),
            unit="nats per token",
            low=None,
            high=None,
            confidence=params.confidence,
            n=len(ends),
            method=f"{method}.",
            no_interval=f"An interval over seeds needs {LEAST_SEEDS}; they show "
            + ", ".join(f"{end:.4f}" for end in ends)
            + ".",
        )
    found = mean_of_few(ends, confidence=params.confidence)
    return Estimate(
        name=EXACT,
        value=found.value,
        unit="nats per token",
        low=max(found.low, 0.0),
        high=found.high,
        confidence=params.confidence,
        n=len(ends),
        method=f"{method}; Student's t over seeds.",
    )


def _ordered(trials: Sequence[Trial], params: LabParams) -> Estimate:
    """In how many seeds the phases came in the order of the paper."""
    num = sum(trial.phases.is_in_order(EXPECTED) for trial in trials)
    found = clopper_pearson(num, len(trials), confidence=params.confidence)
    return Estimate(
        name=ORDERED,
        value=found.value,
        unit="rate",
        low=found.low,
        high=found.high,
        confidence=params.confidence,
        n=len(trials),
        method="Seeds whose nearest reference was " + ", then ".join(EXPECTED) + "; Clopper-Pearson over seeds.",
    )
