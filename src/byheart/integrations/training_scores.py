"""What a model in training gives away so far, as the scalars that a Trainer logs."""

import logging
from collections.abc import Sequence

import numpy as np

from byheart.audits.exposure import AUDIT, Params
from byheart.core.batches import plan_batches
from byheart.core.evidence import Estimate, Evidence, Refusal
from byheart.core.material import Inputs
from byheart.core.predictor import Scores
from byheart.core.streams import stream
from byheart.core.token_scores import TokenScores
from byheart.core.tokens import TokenIds
from byheart.core.units import nats_to_bits
from byheart.corpus.secrets import SecretList
from byheart.corpus.tokenizer import Encoding, Tokenizer
from byheart.errors import CapabilityError, InputError
from byheart.stats.bootstrap import MIN_CLUSTERS, ratio_of_sums
from byheart.stats.claims import rate_beside_control
from byheart.study.canary_scoring import canary_passages, scored_canaries

logger = logging.getLogger(__name__)

PREFIX = "byheart/"
HELD_OUT_DOCUMENTS = 64
HELD_OUT_TOKENS = 512
"""Of each held-out text the first so many, where the context allows it: this is looked at again and again."""
_LOGGED = {
    "exposure.mean_bits": ("exposure_mean_bits", True),
    "exposure.right_guess_rate": ("exposure_right_guess_rate", False),
    "exposure.p_value": ("exposure_p_value", False),
    "exposure.epsilon_lower_bound": ("exposure_epsilon_lower_bound", False),
    "recited.rate": ("recited_rate", True),
    "held_out.bits_per_byte": ("held_out_bits_per_byte", True),
}
"""Name of the scalar, and whether bounds, chance level and excess stand beside it; of these a refusal is told."""
SCALARS = tuple(name for name, _ in _LOGGED.values())


class TrainingScores:
    """The texts to ask about, each kind encoded once, and what a model says of them again and again.

    Args:
        tokenizer: of the model.
        secrets: planted before the training; None for none.
        held_out: texts that are not trained on; the first HELD_OUT_DOCUMENTS count.
        params: of the exposure audit.
        seed: root of the random streams: with the seed of an audit and its parameters, exposure is the audit's own.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        secrets: SecretList | None,
        held_out: Sequence[str] = (),
        *,
        params: Params,
        seed: int = 0,
    ) -> None:
        self._tokenizer, self._params, self._seed = tokenizer, params, seed
        (need,) = AUDIT.needs(params)
        rng = stream(seed, "material", repr(need))
        self._passages = () if secrets is None else canary_passages(secrets, need, tokenizer, rng=rng)  # type: ignore[arg-type]
        self._held_out_texts = [text for text in held_out if text][:HELD_OUT_DOCUMENTS]
        self._held_out: list[Encoding] = []

    def exposure(self, model: Scores) -> list[Evidence]:
        """Exposure with its interval and its chance level, and how many secrets come out; nothing without secrets.

        Args:
            model: as it is now.
        Raises:
            CapabilityError: its context is too short for a canary.
            NumericalError: it gives what is not finite.
        Cost: for each pair 2 + num_candidates short texts with a common beginning.
        """
        if not self._passages:
            return []
        texts = {p.fingerprint: (p.token_ids, p.num_given) for p in self._passages}
        longest = max(ids.size for ids, _ in texts.values())
        if model.context_tokens is not None and longest > model.context_tokens:
            raise CapabilityError(
                "The model's context is too short for the canaries.",
                why=f"A canary has up to {longest} tokens; the model takes {model.context_tokens}.",
                next_step="Make canaries with fewer digits and words.",
            )
        scores = dict(zip(texts, _score(model, list(texts.values())), strict=True))
        canaries = scored_canaries(self._passages, scores)
        inputs = Inputs(subject=model.name, decode=self._tokenizer.decode, canaries=canaries)
        found = AUDIT.run(inputs, self._params, rng=stream(self._seed, "audit", AUDIT.name))
        said: dict[str, dict[str, bool]] = {p.pair.name: {} for p in self._passages}
        for passage in self._passages:
            if passage.part != "other":
                said[passage.pair.name][passage.part] = bool(scores[passage.fingerprint].is_argmax.all())
        recited, by_chance = (sum(one[part] for one in said.values()) for part in ("planted", "twin"))
        rate = rate_beside_control(
            "recited.rate",
            (recited, len(said)),
            (by_chance, len(said)),
            method="Planted secrets that greedy decoding completes after their beginning; control: their twins.",
        )
        return [*found, rate]

    def held_out(self, model: Scores) -> list[Evidence]:
        """Bits per byte on held-out text; nothing without any.

        Args:
            model: as it is now.
        Raises:
            InputError: a text has lone surrogates.
            NumericalError: it gives what is not finite.
        Cost: the held-out tokens once.
        """
        if not self._held_out:
            self._held_out = self._tokenizer.encode_many(self._held_out_texts)
        return [self._held_out_bits(model)] if self._held_out else []

    def _held_out_bits(self, model: Scores) -> Evidence:
        context = HELD_OUT_TOKENS if model.context_tokens is None else min(HELD_OUT_TOKENS, model.context_tokens)
        cut = [one for one in self._held_out if len(one)]
        if len(cut) < MIN_CLUSTERS:
            reason = f"An interval over documents needs at least {MIN_CLUSTERS} held-out texts; there are {len(cut)}."
            return Refusal(name="held_out.bits_per_byte", reason=reason)
        scores = _score(model, [(one.token_ids[:context], 0) for one in cut])
        bits = np.array([[nats_to_bits(-float(one.log_probability_nats.sum()))] for one in scores])
        sizes = np.array([[float(one.byte_ends[:context][-1])] for one in cut])
        it = ratio_of_sums(bits, sizes, rng=stream(self._seed, "training", "held-out"))[0]
        return Estimate(
            name="held_out.bits_per_byte",
            value=it.value,
            unit="bits per byte",
            low=it.low,
            high=it.high,
            confidence=0.95,
            n=len(cut),
            method=f"The first {context} tokens of each text; percentile bootstrap over texts.",
        )


def held_out_texts(texts: Sequence[str]) -> tuple[str, ...]:
    """The texts that can be scored: those that can be written as UTF-8; how many cannot is logged.

    Args:
        texts: as a user gave them.
    Raises:
        InputError: it is one text, or something that is none stands among them.
    """
    given = tuple(texts)
    if isinstance(texts, str) or not all(isinstance(text, str) for text in given):
        raise InputError(
            "The held-out texts must be a list of texts.",
            why="Got one text." if isinstance(texts, str) else "One of them is no text.",
            next_step="Give held_out=[text, ...].",
        )
    whole = tuple(text for text in given if _is_whole(text))
    if len(whole) < len(given):
        num_left_out = len(given) - len(whole)
        logger.warning("byheart: held-out texts with half a character (lone surrogate) left out: %d", num_left_out)
    return whole


def _is_whole(text: str) -> bool:
    """Whether it can be written as UTF-8: no lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _score(model: Scores, texts: Sequence[tuple[TokenIds, int]]) -> list[TokenScores]:
    """In batches planned from content, so that the same weights give the same numbers."""
    found: dict[int, TokenScores] = {}
    for batch in plan_batches([ids for ids, _ in texts]):
        scores = model.score([texts[at][0] for at in batch], [texts[at][1] for at in batch])
        found |= dict(zip(batch, scores, strict=True))
    return [found[at] for at in range(len(texts))]


def scalars(evidence: Sequence[Evidence]) -> dict[str, float]:
    """What is logged of it: each value with its bounds, its chance level and its excess, under stable names.

    Args:
        evidence: of `TrainingScores`.
    Returns:
        "byheart/exposure_mean_bits", "..._low", "..._high", "..._chance", "..._excess", "..._excess_low" and so on;
        nothing for what was refused.
    """
    found: dict[str, float] = {}
    for one in evidence:
        if not isinstance(one, Estimate) or one.name not in _LOGGED:
            continue
        name, is_in_full = _LOGGED[one.name]
        found[PREFIX + name] = float(one.value)
        parts = {
            "_low": one.low,
            "_high": one.high,
            "_chance": one.control.value if one.control else None,
            "_excess": one.excess.value if one.excess else None,
            "_excess_low": one.excess.low if one.excess else None,
            "_excess_high": one.excess.high if one.excess else None,
        }
        if is_in_full:
            found |= {PREFIX + name + suffix: float(value) for suffix, value in parts.items() if value is not None}
    return found


def refusals(evidence: Sequence[Evidence]) -> list[str]:
    """Why the main numbers that are not there are not there."""
    refused = [one for one in evidence if isinstance(one, Refusal)]
    return [f"{one.name}: {one.reason}" for one in refused if _LOGGED.get(one.name, ("", False))[1]]
