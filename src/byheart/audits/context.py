"""A1 context: does the subject follow a rule that exists in this prompt and nowhere else?

Question: Does the subject predict by a rule that it can only have read in the prompt before it?
Statistic: Prompts are made of random ordinary tokens, each by a rule of its own. Copies: a run of random tokens comes a
    second time; gain = log2 P(token, second time) - log2 P(token, first time), mean over the run. Chains: tokens of a
    Markov chain over k of them, rows ~ Dirichlet(1); languages: tokens that a random automaton writes. Of both the
    second half of the prompt counts: gain = log2 P(token) + log2 k, in bits over knowing no more than which k tokens
    they are. Labels: k classes are shown by examples, a word and a label that means nothing, and of the labels that
    follow the last word the likeliest is taken; accuracy. The distance to the Bayes predictor of a chain is the mean of
    log P_Bayes(token) - log P(token), P_Bayes = (c_ij + 1) / (c_i + k) from counts in the prompt so far.
Null: The same without the rule: other random tokens the second time, the same tokens in random order, labels dealt at
    random. A memorizer answers from its training text, which holds none of these rules, so rule or no rule is the same
    to it: excess 0, accuracy 1/k. Beside all stand references that read the prompt and nothing else: copying what
    followed before, frequencies, n-grams, Bayes.
Assumptions: Prompts are drawn anew, so they are independent and in no training text. Intervals: bootstrap over prompts,
    paired with the control; Clopper-Pearson for the accuracy, its excess by Newcombe and Fisher.
Fails when: A rule is asked in a form that the subject was never shown: that it does not follow this one does not mean
    that it follows none. Probabilities are over the whole vocabulary, so a gain below 0 mixes not knowing which k
    tokens may come with not knowing the rule; only the excess tells of the rule. Random order also changes how often a
    token follows itself, of which a memorizer may have an opinion: a gain counts where it is above theirs. Following a
    rule in the prompt is no learning in weights (that is A3).
Source: theory.md A1; Olsson et al. 2022, "In-context Learning and Induction Heads" (2209.11895), repeated tokens;
    Edelman et al. 2024 (2402.11004), chains; Akyürek et al. 2024 (2401.12973), languages; Wei et al. 2023, "Larger
    language models do in-context learning differently" (2303.03846), labels without a meaning.
"""

from dataclasses import dataclass

import numpy as np

from byheart.audits.context_gains import Gains, copy_gains, label_hits, rule_gains
from byheart.audits.context_tables import copy_curve, predictors_table, rule_curve
from byheart.core.audit import Audit
from byheart.core.context_material import ContextAnswers, RuledPrompts
from byheart.core.evidence import Estimate, Evidence, Refusal
from byheart.core.material import Inputs
from byheart.core.needs import ChainsNeed, LabelsNeed, LanguagesNeed, Need, RepeatedTokensNeed
from byheart.stats.bootstrap import MIN_CLUSTERS, ratio_difference, ratio_of_sums
from byheart.stats.claims import rate_beside_control

COPY, CHAIN, LANGUAGE, LABEL, DISTANCE = (
    "context.copy_gain_bits",
    "context.chain_gain_bits",
    "context.language_gain_bits",
    "context.label_accuracy",
    "context.bayes_distance_nats",
)


@dataclass(frozen=True, kw_only=True)
class Params:
    """Sizes of the context audit."""

    num_sequences: int = 32
    """Runs of random tokens that come twice."""
    sequence_tokens: int = 32
    """Tokens of a run."""
    num_prompts: int = 32
    """Chains, and as many languages, each of a prompt of its own."""
    prompt_tokens: int = 64
    """Tokens of such a prompt."""
    chain_symbols: int = 3
    """k of a chain."""
    language_symbols: int = 5
    """k of a language, at most."""
    language_states: int = 4
    """States of the automaton that writes a language."""
    num_label_prompts: int = 48
    """Prompts that show classes by examples."""
    num_classes: int = 2
    """Classes of such a prompt; chance is 1 by their number."""
    num_shots: int = 8
    """Examples of each class."""
    confidence: float = 0.95
    """Coverage of the intervals."""


def run(inputs: Inputs, params: Params, *, rng: np.random.Generator) -> tuple[Evidence, ...]:
    """What the subject gains from each kind of rule, and everyone beside it."""
    told = inputs.context
    if told is None:
        return (Refusal(name=COPY, reason="No prompts could be made of this tokenizer's tokens."),)
    evidence: list[Evidence] = []
    if told.repeated is not None:
        method = "log2 P(token the second time) - log2 P(token the first time), mean over the run"
        without = "other random tokens the second time"
        evidence.append(_gain(COPY, copy_gains(told.repeated, inputs.subject), method, without, params, rng=rng))
    for name, prompts in ((CHAIN, told.chains), (LANGUAGE, told.languages)):
        if prompts is not None:
            gains = rule_gains(prompts, inputs.subject)
            method = f"log2 P(token) + log2 {prompts.num_symbols}, mean over the second half of the prompt"
            evidence.append(_gain(name, gains, method, "the same tokens in random order", params, rng=rng))
            if name == CHAIN:
                evidence.append(_distance(prompts, inputs.subject, params, rng=rng))
    if told.labels is not None:
        own, dealt = label_hits(told.labels, inputs.subject)
        method = (
            f"Prompts where the right one of {params.num_classes} labels is the likeliest; chance is 1 in "
            f"{params.num_classes}; control: labels dealt at random."
        )
        sides = [(int(hits.sum()), int(hits.size)) for hits in (own, dealt)]
        evidence.append(rate_beside_control(LABEL, sides[0], sides[1], method=method, confidence=params.confidence))
    named = zip(needs(params), (COPY, CHAIN, LANGUAGE, LABEL), strict=True)
    evidence += [Refusal(name=name, reason=inputs.lacking[need]) for need, name in named if need in inputs.lacking]
    return (*evidence, *_figures(inputs.subject, told, params, rng=rng))


def _figures(subject: str, told: ContextAnswers, params: Params, *, rng: np.random.Generator) -> tuple[Evidence, ...]:
    found: list[Evidence] = [predictors_table(told, rng=rng, confidence=params.confidence)]
    if told.repeated is not None:
        found.append(copy_curve(told.repeated, subject, rng=rng, confidence=params.confidence))
    for kind, prompts in (("chain", told.chains), ("language", told.languages)):
        if prompts is not None:
            found.append(rule_curve(kind, prompts, subject, rng=rng, confidence=params.confidence))
    return tuple(found)


def _gain(
    name: str, gains: Gains, method: str, without: str, params: Params, *, rng: np.random.Generator
) -> Estimate | Refusal:
    n = gains.ruled.size
    if n < MIN_CLUSTERS:
        return Refusal(name=name, reason=f"An interval over prompts needs {MIN_CLUSTERS} of them; there are {n}.")
    both, ones = np.stack([gains.ruled, gains.control], axis=1), np.ones((n, 2))
    value, control = ratio_of_sums(both, ones, rng=rng, confidence=params.confidence)
    single = ones[:, 0]
    excess = ratio_difference((both[:, 0], single), (both[:, 1], single), rng=rng, confidence=params.confidence)
    return Estimate(
        name=name,
        value=value.value,
        unit="bits per token",
        low=value.low,
        high=value.high,
        confidence=params.confidence,
        n=n,
        method=f"{method}; percentile bootstrap over prompts; control: {without}, paired.",
        control=control,
        excess=excess,
    )


def _distance(prompts: RuledPrompts, subject: str, params: Params, *, rng: np.random.Generator) -> Estimate | Refusal:
    lost = rule_gains(prompts, "Bayes in the prompt").ruled - rule_gains(prompts, subject).ruled
    if lost.size < MIN_CLUSTERS:
        reason = f"An interval over prompts needs {MIN_CLUSTERS} of them; there are {lost.size}."
        return Refusal(name=DISTANCE, reason=reason)
    nats = lost[:, None] * np.log(2.0)
    (found,) = ratio_of_sums(nats, np.ones_like(nats), rng=rng, confidence=params.confidence)
    return Estimate(
        name=DISTANCE,
        value=found.value,
        unit="nats per token",
        low=found.low,
        high=found.high,
        confidence=params.confidence,
        n=lost.size,
        method="log P_Bayes(token) - log P(token), mean over the second half of each chain; P_Bayes is told which "
        "tokens may come, P is over the whole vocabulary; percentile bootstrap over prompts.",
    )


def needs(params: Params) -> tuple[Need, ...]:
    """Four kinds of made prompts."""
    return (
        RepeatedTokensNeed(num_sequences=params.num_sequences, num_tokens=params.sequence_tokens),
        ChainsNeed(num_prompts=params.num_prompts, num_symbols=params.chain_symbols, num_tokens=params.prompt_tokens),
        LanguagesNeed(
            num_prompts=params.num_prompts,
            num_states=params.language_states,
            num_symbols=params.language_symbols,
            num_tokens=params.prompt_tokens,
        ),
        LabelsNeed(num_prompts=params.num_label_prompts, num_classes=params.num_classes, num_shots=params.num_shots),
    )


AUDIT = Audit(
    name="context",
    version=1,
    question="Does it follow a rule that exists only in its prompt?",
    profiles={
        "quick": Params(),
        "standard": Params(
            num_sequences=128, sequence_tokens=64, num_prompts=128, prompt_tokens=192, num_label_prompts=256
        ),
        "full": Params(
            num_sequences=256,
            sequence_tokens=128,
            num_prompts=256,
            prompt_tokens=384,
            language_symbols=6,
            language_states=8,
            num_label_prompts=512,
            num_classes=4,
        ),
    },
    needs=needs,
    run=run,
    needs_all=False,
)
