"""Log-probabilities of a prompt as an endpoint shows them, made into TokenScores without inventing a number.

Shape legend: N tokens of the text, V vocabulary.
"""

import math
import re

import numpy as np

from byheart.core.token_scores import TOP_K, TokenScores
from byheart.core.tokens import TokenIds
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import BackendError
from byheart.models.endpoint.answer import Answer, wrong_answer
from byheart.models.endpoint.completions import choice

_BROKEN = "\N{REPLACEMENT CHARACTER}"
_TOKEN_ID = re.compile(r"token_id:(\d{1,9})")
_TIE_NATS = 1e-9
_SAME_NATS = 1e-3
"""nats; so close, two numbers of one place may be one token's, printed twice."""
_MASS_ROUNDING = 0.01
"""By so much the probabilities shown at one place may exceed 1 together: bfloat16 servers round each of them."""
_PADDING_NATS = 0.1
"""nats; a model's vocabulary may be padded beyond its tokenizer's, so the least largest one lies a little lower."""


class Misread(BackendError):
    """The server cut the text into other tokens than those that it was asked about."""


def scores_from_prompt_logprobs(
    answer: Answer, token_ids: TokenIds, top_tokens: int, tokenizer: Tokenizer, *, num_given: int = 0
) -> TokenScores:
    """Scores from vLLM's `prompt_logprobs`: tokens by id, so that nothing has to be guessed.

    Ranks are exact among the tokens shown; of the others the server's own rank is taken where it tells one. The mass of
    the top k is known where so many are shown. Entropy and variance are not: they need the whole distribution.

    Args:
        answer: to a prompt of the start token and then the text.
        token_ids: the text, shape [N].
        top_tokens: how many were asked for.
        tokenizer: that made the ids; the server's tokens must be the same.
        num_given: of the first so many tokens nothing is read; in [0, N - 1].
    Returns:
        scores of the N - num_given tokens after them.
    Raises:
        BackendError: a field is wrong, its numbers are none of a distribution, or the server has other tokens.
    """
    vocabulary_size = tokenizer.vocabulary_size
    places = choice(answer).member("prompt_logprobs").items(expected=1 + token_ids.size)[1 + num_given :]
    token_ids = token_ids[num_given:]
    shown = [_by_id(place, vocabulary_size) for place in places]
    size = min(top_tokens, vocabulary_size)
    for place, (logs, _), token_id in zip(places, shown, token_ids.tolist(), strict=True):
        if token_id not in logs:
            raise wrong_answer(place.place, f"it lacks the token {token_id} that was asked about")
        if len(logs) < size:
            raise wrong_answer(place.place, f"it must show {size} tokens, got {len(logs)}")
        _check_possible(place, list(logs.values()), vocabulary_size)
        entry = place.member(str(token_id))
        if entry.has("decoded_token"):
            _check_token(entry.member("decoded_token"), token_id, tokenizer)
    ranks, limited = np.empty(token_ids.size, dtype=np.int32), False
    argmax, argmax_nats = np.empty(token_ids.size, dtype=np.int32), np.empty(token_ids.size)
    mass = np.empty(token_ids.size)
    for number, ((logs, told), token_id) in enumerate(zip(shown, token_ids.tolist(), strict=True)):
        order = sorted(logs, key=lambda one: (-logs[one], one))
        # Beside the top ones stands the token itself, wherever it ranks.
        place_in_order = 1 + order.index(token_id)
        if place_in_order <= size:
            ranks[number] = place_in_order
        elif token_id in told:
            ranks[number] = max(told[token_id], size + 1)
        else:
            ranks[number], limited = size + 1, True
        argmax[number], argmax_nats[number] = order[0], logs[order[0]]
        # What is left above 0 is rounding.
        mass[number] = min(_log_sum([logs[one] for one in order[: min(TOP_K, size)]]), 0.0)
    return TokenScores(
        token_ids=token_ids.astype(np.int32),
        log_probability_nats=np.array([logs[one] for (logs, _), one in zip(shown, token_ids.tolist(), strict=True)]),
        rank=np.minimum(ranks, size + 1) if limited else ranks,
        ranked_tokens=size if limited else None,
        argmax_id=argmax,
        argmax_log_probability_nats=argmax_nats,
        log_top_k_mass_nats=mass if size >= TOP_K else None,
    )


def _by_id(place: Answer, vocabulary_size: int) -> tuple[dict[int, float], dict[int, int]]:
    """Log-probabilities and ranks of the tokens shown at one place."""
    logs: dict[int, float] = {}
    told: dict[int, int] = {}
    for name, entry in place.members():
        if not (name.isascii() and name.isdigit() and len(name) < 10 and int(name) < vocabulary_size):
            raise wrong_answer(entry.place, f"no token of {vocabulary_size:,} has this id: it has another tokenizer")
        number = entry.member("logprob")
        if number.is_minus_infinity():
            continue
        logs[int(name)] = number.log_probability_nats()
        if entry.has("rank"):
            told[int(name)] = entry.member("rank").whole_number(least=1, most=vocabulary_size)
    return logs, told


def _check_possible(place: Answer, nats: list[float], vocabulary_size: int) -> None:
    """Refuses numbers that no distribution has: together more than all, or the largest below that of equal shares.

    Args:
        place: where they stand.
        nats: log-probabilities of different tokens, the most probable one among them.
        vocabulary_size: tokens in all.
    """
    together = float(np.exp(_log_sum(nats)))
    if together > 1.0 + _MASS_ROUNDING:
        raise wrong_answer(
            place.place, f"the probabilities of the {len(nats)} tokens shown sum to {together:.4g}, over 1"
        )
    least = -math.log(vocabulary_size)
    if max(nats) < least - _PADDING_NATS:
        raise wrong_answer(
            place.place,
            f"no token has more than {max(nats):.4g} nats, and the most probable of {vocabulary_size:,} has at least "
            f"{least:.4g}",
        )


def _log_sum(nats: list[float]) -> float:
    values = np.array(nats)
    return float(np.log(np.exp(values - values.max()).sum()) + values.max())


def scores_from_echo(answer: Answer, token_ids: TokenIds, tokenizer: Tokenizer, *, num_given: int = 0) -> TokenScores:
    """Scores from the echo of OpenAI's first API: tokens by their text.

    Of the ranks only 1 is told, since tokens of equal text are one in such an answer; so `ranked_tokens` is 1.

    Args:
        answer: to a prompt of the start token and then the text.
        token_ids: the text, shape [N].
        tokenizer: that made the ids; the server's tokens must be the same.
        num_given: of the first so many tokens no number is read; in [0, N - 1].
    Returns:
        scores of the N - num_given tokens after them.
    Raises:
        Misread: the server cuts the text into other tokens.
        BackendError: a field is wrong, or its numbers are none of a distribution.
    """
    logprobs = choice(answer).member("logprobs")
    tokens = logprobs.member("tokens").items()
    size = 1 + token_ids.size
    if not size <= len(tokens) <= size + 1:
        raise _misread(
            logprobs.member("tokens"),
            f"the text has {size} tokens with its start, the server read {len(tokens) - 1}: it has another tokenizer, "
            "or puts other tokens before a text",
        )
    for token, token_id in zip(tokens[1:size], token_ids.tolist(), strict=True):
        _check_token(token, token_id, tokenizer)
    first = 1 + num_given
    numbers = logprobs.member("token_logprobs").items(expected=len(tokens))[first:size]
    logs = np.array([number.log_probability_nats() for number in numbers])
    tops = logprobs.member("top_logprobs").items(expected=len(tokens))[first:size]
    size = tokenizer.vocabulary_size
    top_nats = np.array([_largest(top, float(own), size) for top, own in zip(tops, logs, strict=True)])
    is_argmax = logs >= top_nats - _TIE_NATS
    return TokenScores(
        token_ids=token_ids[num_given:].astype(np.int32),
        log_probability_nats=logs,
        rank=np.where(is_argmax, 1, 2).astype(np.int32),
        ranked_tokens=1,
        argmax_log_probability_nats=np.where(is_argmax, logs, top_nats),
    )


def _largest(top: Answer, own: float, vocabulary_size: int) -> float:
    """The largest log-probability at one place; the token's own is among those that are known."""
    entries = [entry for _, entry in top.members()]
    if not entries:
        raise wrong_answer(top.place, "it shows no token")
    shown = [entry.log_probability_nats() for entry in entries if not entry.is_minus_infinity()]
    # Names may differ between the two lists, but a number that is not shown is another token's.
    is_shown = any(abs(nats - own) <= _SAME_NATS for nats in shown)
    _check_possible(top, shown if is_shown else [*shown, own], vocabulary_size)
    return max([own, *shown])


def _check_token(token: Answer, token_id: int, tokenizer: Tokenizer) -> None:
    """Refuses an echo of another token than the one asked about; pieces of characters cannot be compared."""
    text = token.text()
    named = _TOKEN_ID.fullmatch(text)
    if named is not None:
        if int(named[1]) != token_id:
            raise _misread(token, f"token {token_id} was asked about, the server read token {named[1]}")
        return
    own = tokenizer.decode(np.array([token_id], dtype=np.int32))
    if not text or not own or _BROKEN in text or _BROKEN in own or text.startswith("bytes:"):
        return
    # Some tokenizers keep the blank before a word apart from it.
    if text.strip() != own.strip():
        raise _misread(token, f"{own!r} was asked about, the server read {text!r}: it has another tokenizer")


def _misread(place: Answer, why: str) -> Misread:
    error = wrong_answer(place.place, why)
    return Misread(
        error.what, why=error.why, next_step="Give the tokenizer that the endpoint's model was trained with."
    )
