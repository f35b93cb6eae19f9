"""Scores of membership: one number per text, larger where the text looks more like trained-on text."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from byheart.core.evidence import Interval
from byheart.core.material import ComparedWindow, Inputs
from byheart.core.tokens import Floats
from byheart.stats.roc import auc

LOWEST_SHARE = 0.2
"""k of Min-K% and Min-K%++."""
_LEAST_DEVIATION_NATS = 1e-6
_LEAST_LOSS_NATS = 1e-12

Score = Callable[[ComparedWindow, bytes], float]
"""Of a window and the bytes of its suffix."""


def loss(it: ComparedWindow, suffix: bytes) -> float:
    """Mean log-probability of the tokens: the negative loss.

    Definition:
        1/T sum_t log P(x_t given x_<t), t over the tokens of the suffix
    Args:
        it: the window.
        suffix: its bytes; not used.
    Returns:
        nats per token, <= 0.
    Source: Yeom, Giacomelli, Fredrikson and Jha 2018, "Privacy risk in machine learning" (1709.01604).
    Differs: nothing.
    """
    return float(it.window.suffix.log_probability_nats.mean())


def zlib_ratio(it: ComparedWindow, suffix: bytes) -> float:
    """The loss by what the text is worth to a general compressor.

    Definition:
        (1/T sum_t log P(x_t given x_<t)) / bytes of zlib(suffix), zlib at level 6
    Args:
        it: the window.
        suffix: its bytes.
    Returns:
        nats per token and byte, <= 0.
    Source: Carlini et al. 2021, "Extracting training data from large language models" (2012.07805), section 5.2.
    Differs: nothing.
    """
    return loss(it, suffix) / len(zlib.compress(suffix, 6))


def lowercase_ratio(it: ComparedWindow, suffix: bytes) -> float:
    """How much easier the text is as it stands than in lower case.

    Definition:
        - loss(x) / loss(lower(x)), both per token of their own encoding
    Args:
        it: the window, with its lower case scored.
        suffix: its bytes; not used.
    Returns:
        a ratio, <= 0.
    Source: Carlini et al. 2021 (2012.07805), section 5.2.
    Differs: the ratio of log-perplexities, as their code and Shi et al. 2024 have it, where the text says perplexities.
    """
    assert it.lowercase is not None
    return loss(it, suffix) / max(-float(it.lowercase.mean()), _LEAST_LOSS_NATS)


def _mean_of_lowest(values: Floats) -> float:
    num = max(1, int(LOWEST_SHARE * values.size + 1e-9))
    return float(np.partition(values, num - 1)[:num].mean())


def min_k(it: ComparedWindow, suffix: bytes) -> float:
    """Min-K%: how unlikely the unlikeliest tokens are.

    Definition:
        mean log-probability of the K % of tokens with the least, at least one token
    Args:
        it: the window.
        suffix: its bytes; not used.
    Returns:
        nats per token, <= 0.
    Source: Shi et al. 2024, "Detecting pretraining data from large language models" (2310.16789).
    Differs: nothing.
    """
    return _mean_of_lowest(it.window.suffix.log_probability_nats)


def min_k_plus(it: ComparedWindow, suffix: bytes) -> float:
    """Min-K%++: the same with each token measured against what its place allows.

    Definition:
        mean of the K % least (log P(x_t) - mu_t) / sigma_t, mu_t and sigma_t mean and standard deviation of log P(w)
        for w drawn from P(. given x_<t)
    Args:
        it: the window, with entropy and variance known.
        suffix: its bytes; not used.
    Returns:
        standard deviations.
    Source: Zhang et al. 2025, "Min-K%++: improved baseline for detecting pre-training data from large language models"
        (2404.02936).
    Differs: sigma_t is at least 1e-6 nats, so that a certain token counts as foreseen and not as a division by zero.
    """
    scores = it.window.suffix
    above = scores.log_probability_nats - scores.mean_log_probability_nats
    return _mean_of_lowest(above / np.sqrt(np.maximum(scores.log_probability_variance_nats2, _LEAST_DEVIATION_NATS**2)))


def reference_ratio(it: ComparedWindow, suffix: bytes) -> float:
    """How much likelier the text is to the subject than to a reference that has not seen it.

    Definition:
        1/T sum_t (log P(x_t given x_<t) - log R(x_t given x_<t)): the log of the ratio of likelihoods
    Args:
        it: the window, scored by the reference R.
        suffix: its bytes; not used.
    Returns:
        nats per token.
    Source: Carlini et al. 2021 (2012.07805), section 5.2, a smaller model as R; Ye et al. 2022, "Enhanced membership
        inference attacks against machine learning models" (2111.09679).
    Differs: Carlini et al. divide the log-perplexities; the difference is the likelihood ratio that tests are built on.
    """
    assert it.reference is not None
    return loss(it, suffix) - float(it.reference.mean())


def mixture_loss(it: ComparedWindow, suffix: bytes) -> float:
    """The loss of the mixture of memorizers, which holds the trained-on text: what membership looks like.

    Definition:
        1/T sum_t log P_M6(x_t given x_<t)
    Args:
        it: the window, scored by the mixture.
        suffix: its bytes; not used.
    Returns:
        nats per token, <= 0.
    Source: theory.md M6.
    Differs: nothing.
    """
    assert it.mixture is not None
    return float(it.mixture.mean())


@dataclass(frozen=True)
class Sides:
    """One score of every document."""

    members: Floats
    """Shape [num_members]."""
    controls: Floats
    """Shape [num_controls]."""

    def auc(self, confidence: float) -> Interval:
        """Chance that a member outscores a control, with its interval of that coverage."""
        return auc(self.members, self.controls, confidence=confidence)


def known_scores(inputs: Inputs) -> tuple[dict[str, Score], dict[str, str]]:
    """Which scores this subject can be given, by name in reading order, and why not the others.

    Args:
        inputs: with at least one compared window.
    """
    every = inputs.compared
    found: dict[str, Score] = {"loss": loss, "zlib ratio": zlib_ratio}
    missing: dict[str, str] = {}
    if all(it.lowercase is not None for it in every):
        found["lowercase ratio"] = lowercase_ratio
    else:
        missing["lowercase ratio"] = "not every text could be asked in lower case"
    found["Min-K% 20"] = min_k
    columns = ("entropy_nats", "log_probability_variance_nats2")
    if all(it.window.suffix.knows(column) for it in every for column in columns):
        found["Min-K%++ 20"] = min_k_plus
    else:
        missing["Min-K%++ 20"] = "the subject does not show its whole distribution"
    if all(it.reference is not None for it in every):
        found["reference ratio"] = reference_ratio
    else:
        missing["reference ratio"] = "there is no reference other than the subject"
    return found, missing


def sides_of(inputs: Inputs, score: Score) -> Sides:
    """One score of every compared window, member or control."""

    def of(role: str) -> Floats:
        return np.array([score(it, _suffix(inputs, it)) for it in inputs.compared if it.window.role == role])

    return Sides(of("member"), of("control"))


def _suffix(inputs: Inputs, it: ComparedWindow) -> bytes:
    return inputs.decode(it.window.suffix.token_ids).encode("utf-8", "replace")
