"""A1 context, from scratch: what networks trained on chains do with a chain that they never saw.

Question: Trained on sequences of which each is a Markov chain of its own, does a network predict a new chain by the
    rule that only this sequence follows, and do memorizers of the very training sequences?
Statistic: Sequences of T tokens over k symbols, each from a chain whose rows ~ Dirichlet(1). Of the second half of new
    chains: gain = log2 P(token) - log2 P_static(token), P_static the transition probabilities counted over all training
    sequences, in bits per token; distance to the Bayes predictor = mean of log P_Bayes(token) - log P(token) in nats,
    P_Bayes = (c_ij + 1) / (c_i + k) from counts in the sequence so far. While the network is trained: the exact
    KL(reference || network), mean over the same places, for the references uniform, frequencies in the sequence and
    Bayes; phases are the runs of looks with the same nearest reference. Likewise of sequences that random automata
    write, none of them shared between training and test, in whatever states it is written (smallest automata are
    compared): the same gain, that gain minus what bigrams counted in the sequence gain, and at the last place the
    probability of the symbols that may come and the total variation from the automaton.
Null: The best of those that only store (M1 to M6 and a table, of the very training sequences), chosen on the very
    sequences that are compared: the claimed excess is the gain of the network minus its gain, paired by sequence. The
    static mapping itself, whose gain is 0. The same tokens in random order stand in the table and are no chance level
    of who stores: an order that does not occur in the data costs it too. The network before its first step, and a table
    of all training sequences, which foresees those and no new one.
Assumptions: New chains are independent of the training sequences. Seeds (weights and data drawn anew) are the
    independent units: Student's t from three seeds on; with fewer, a bootstrap over the new chains of these very
    networks, which says nothing of other trainings, and every seed is shown.
Fails when: A memorizer's match of the last tokens tells something of the chain, and more the longer the match and the
    larger the corpus: the gain of the best is not 0 but bounded by what a few tokens can tell, and stands beside. The
    memorizers also expect the end of a sequence at every place, at about 0.01 nats per token. Chains of three symbols
    are the smallest of rules: what holds for them is not shown for language.
Source: Edelman et al. 2024, "The Evolution of Statistical Induction Heads: In-Context Learning Markov Chains"
    (2402.11004); Akyürek et al. 2024, "In-Context Language Learning" (2401.12973); theory.md A1.
"""

from collections.abc import Sequence

import numpy as np

from byheart.audits.context_lab_tables import predictors_table, prompt_curve, training_curve
from byheart.audits.context_params import LabParams
from byheart.audits.context_seeds import LEAST_SEEDS, best_storing, estimate_over_seeds
from byheart.audits.context_trials import EXPECTED, Trial, names_of
from byheart.core.evidence import Estimate, Evidence
from byheart.stats.intervals import clopper_pearson, mean_of_few

GAIN, DISTANCE, EXACT, SEEN, ORDERED = (
    "context.chain_gain_bits",
    "context.bayes_distance_nats",
    "context.end_bayes_kl_nats",
    "context.seen_gain_bits",
    "context.ordered_phases_rate",
)


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
    best = best_storing({one: [t.gains(one) for t in trials] for one in names_of(trials)}) if is_model else None
    found: list[Evidence] = [
        estimate_over_seeds(
            GAIN, "bits per token", [t.gains(name) for t in trials], f"{_GAIN} new chains", params.confidence,
            control=None if best is None else [t.gains(best) for t in trials],
            controlled_by=f"the best of those that only store, {best}", rng=rng,
        ),
        estimate_over_seeds(
            DISTANCE, "nats per token", [t.bayes_distances(name) for t in trials], _DISTANCE, params.confidence, rng=rng
        ),
        estimate_over_seeds(
            SEEN, "bits per token", [t.seen_gains(name) for t in trials],
            f"{_GAIN} sequences that were trained on", params.confidence, rng=rng,
        ),
    ]  # fmt: skip
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
_GAIN = "log2 P(token) - log2 P_static(token), mean over the second half of"


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
