"""What a predictor gains from the rule of each prompt, and what reading the prompt alone would give."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from byheart.core.context_material import Integers, LabelPrompts, RepeatedTokens, RuledPrompts
from byheart.core.tokens import Floats
from byheart.core.units import NATS_PER_BIT
from byheart.stats.chains import bayes_rows, log_of_realised_nats
from byheart.stats.languages import ngram_rows

BAYES, FREQUENCIES, BIGRAMS, TRIGRAMS, COPY_RULE = (
    "Bayes in the prompt",
    "frequencies in the prompt",
    "bigrams in the prompt",
    "trigrams in the prompt",
    "copy of the prompt",
)
REFERENCES = (FREQUENCIES, BIGRAMS, TRIGRAMS, BAYES)
"""Read the prompt so far and nothing else; they are told which k tokens may come."""


@dataclass(frozen=True)
class Gains:
    """Of N prompts, each a number of bits per token."""

    ruled: Floats
    """With the rule, shape [N]."""
    control: Floats
    """Without it, shape [N]."""

    @property
    def excess(self) -> Floats:
        """Paired, shape [N]."""
        return self.ruled - self.control


def copy_gains(told: RepeatedTokens, name: str) -> Gains:
    """Bits per token gained where random tokens come a second time, and where others come.

    Definition:
        mean over the run of log2 P(second) - log2 P(first)
    Args:
        told: what was said.
        name: of the predictor.
    Source: Olsson et al. 2022 (2209.11895), in-context learning on repeated random tokens.
    Differs: beside other random tokens in the same place.
    """
    first = told.first[name]
    return Gains(_mean_bits(told.again[name] - first), _mean_bits(told.other[name] - first))


def rule_gains(prompts: RuledPrompts, name: str) -> Gains:
    """Bits per token over knowing which k tokens may come, in the second half of each prompt.

    Definition:
        mean over t >= T/2 of log2 P(x_t given x_<t) + log2 k
    Args:
        prompts: what was said.
        name: of the predictor, or one of REFERENCES.
    Source: theory.md A1.
    Differs: nothing.
    """
    ruled, shuffled = rule_bits(prompts, name)
    half = ruled.shape[1] // 2
    return Gains(ruled[:, half:].mean(axis=1), shuffled[:, half:].mean(axis=1))


def rule_bits(prompts: RuledPrompts, name: str) -> tuple[Floats, Floats]:
    """The same for each token, with the rule and in random order, shape [N, T] each."""
    known = np.log2(prompts.num_symbols)
    if name in REFERENCES:
        nats = [reference_nats(name, ids, prompts.num_symbols) for ids in (prompts.symbols, prompts.shuffled)]
    else:
        nats = [prompts.ruled_nats[name], prompts.shuffled_nats[name]]
    return nats[0] / NATS_PER_BIT + known, nats[1] / NATS_PER_BIT + known


def reference_nats(name: str, symbols: Integers, num_symbols: int) -> Floats:
    """log-probability of each token by a reference, nats, shape [N, T].

    Args:
        name: of REFERENCES.
        symbols: numbers of the tokens, shape [N, T].
        num_symbols: k.
    """
    if name == BAYES:
        rows = bayes_rows(symbols, num_symbols)
    else:
        rows = ngram_rows(symbols, num_symbols, {FREQUENCIES: 1, BIGRAMS: 2, TRIGRAMS: 3}[name])
    return log_of_realised_nats(rows, symbols)


def label_hits(told: LabelPrompts, name: str) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Whether the right label is the likeliest, with the rule and with labels dealt at random, shape [N] each.

    Args:
        told: what was said.
        name: of the predictor, or COPY_RULE. Of equally likely labels the one with the smaller number counts, which the
            drawing of the labels makes fair.
    """
    if name == COPY_RULE:
        return told.copied == told.right, told.copied_dealt == told.right
    own, dealt = told.ruled_nats[name].argmax(axis=1), told.dealt_nats[name].argmax(axis=1)
    return own == told.right, dealt == told.right


def _mean_bits(nats: Floats) -> Floats:
    found: Floats = nats.mean(axis=1) / NATS_PER_BIT
    return found
