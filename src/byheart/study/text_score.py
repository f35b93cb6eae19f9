"""How many bits a predictor needs for a text: per byte, per token, with and without the words that it does not know."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from byheart.core.progress import Progress, silent
from byheart.core.units import nats_to_bits
from byheart.corpus.documents import Document
from byheart.errors import InputError, NumericalError
from byheart.index.layout import Unit
from byheart.study.scorers import STAGE, Scorer
from byheart.study.text_batches import in_batches
from byheart.study.token_table import TokenRow, TokenTable, Wanted

_LARGEST_EXPONENT = 700.0
"""e to this is still a number of the machine."""


@dataclass(frozen=True, kw_only=True)
class TextScore:
    """What a predictor said of a text; the end of each document counts as a token of it."""

    subject: str
    """Who scored."""
    unit: Unit
    """What a token is: "tokens" of a tokenizer, or "bytes"."""
    num_documents: int
    """Documents, >= 1."""
    num_tokens: int
    """Tokens, the ends of the documents included."""
    num_bytes: int
    """bytes of the documents as UTF-8, >= 1."""
    num_oov_tokens: int
    """Tokens that stand for words outside the vocabulary."""
    total_nats: float
    """nats; - log P of all tokens."""
    oov_nats: float
    """nats; the part of it that the unknown words cost."""
    notes: tuple[str, ...] = ()
    """What a reader of the numbers should know."""
    table: tuple[TokenRow, ...] = ()
    """Tokens in the order of the text: none, the costliest or all."""

    @property
    def bits_per_token(self) -> float:
        """bits; total / tokens."""
        return nats_to_bits(self.total_nats) / self.num_tokens

    @property
    def bits_per_byte(self) -> float:
        """bits; total / bytes: the ends of the documents cost bits and add no byte."""
        return nats_to_bits(self.total_nats) / self.num_bytes

    @property
    def perplexity(self) -> float | None:
        """KenLM's 'Perplexity including OOVs'; None where it is larger than any number of the machine.

        Definition:
            exp(total_nats / num_tokens)
        Source: Heafield 2011, "KenLM: Faster and Smaller Language Model Queries", the command `query`.
        Differs: nothing.
        """
        return _exp(self.total_nats / self.num_tokens)

    @property
    def perplexity_without_oov(self) -> float | None:
        """KenLM's 'Perplexity excluding OOVs': the same over the tokens that the vocabulary has.

        Definition:
            exp((total_nats - oov_nats) / (num_tokens - num_oov_tokens))
        Source: Heafield 2011, "KenLM: Faster and Smaller Language Model Queries", the command `query`.
        Differs: nothing.
        """
        return _exp((self.total_nats - self.oov_nats) / (self.num_tokens - self.num_oov_tokens))


def _exp(nats: float) -> float | None:
    return math.exp(nats) if nats < _LARGEST_EXPONENT else None


def score_text(
    scorer: Scorer,
    documents: Iterable[Document],
    *,
    wanted: Wanted = "none",
    total_bytes: int = 0,
    on_progress: Progress = silent,
) -> TextScore:
    """Scores documents one after the other, each from its start to its end; they may be more than fit into memory.

    Args:
        scorer: who scores.
        documents: at least one that is not empty.
        wanted: tokens of the table: none, the costliest (of a short text every one), or all, which takes memory.
        total_bytes: of the documents, for the progress; 0 where it is not known.
        on_progress: told the bytes done under STAGE.
    Raises:
        InputError: there is no text.
        NumericalError: a log-probability is not finite.
    """
    num_documents = num_tokens = num_bytes = num_oov = 0
    total_nats = oov_nats = 0.0
    table = TokenTable(scorer, wanted)
    for chosen in in_batches(documents):
        batch = scorer.encoder.batch(chosen, with_places=wanted != "none")
        size = batch.num_bytes

        def share(
            stage: str, done: float, total: float, note: str = "", *, before: int = num_bytes, size: int = size
        ) -> None:
            on_progress(stage, before + size * done / total, total_bytes and max(total_bytes, before + size), note)

        share(STAGE, 0, 1)
        scores = scorer.score(batch, in_full=wanted == "all", on_progress=share)
        share(STAGE, 1, 1)
        logs = scores.log_probabilities_nats
        if not np.isfinite(logs).all():
            raise NumericalError(
                f"{scorer.name} gave a log-probability that is not finite.",
                why=f"Of the token {int(batch.token_ids[~np.isfinite(logs)][0])}.",
                next_step="Predictors must give every token a positive probability; please report it.",
            )
        is_oov = batch.token_ids == scorer.encoder.unknown_id
        is_oov[batch.stops - 1] = False
        table.add(batch, scores, num_documents)
        num_documents += len(chosen)
        num_tokens += logs.size
        num_bytes += size
        num_oov += int(np.count_nonzero(is_oov))
        total_nats -= float(logs.sum())
        oov_nats -= float(logs[is_oov].sum())
    if not num_bytes:
        raise InputError("There is no text to score.", next_step="Give at least one document that is not empty.")
    return TextScore(
        subject=scorer.name,
        unit=scorer.unit,
        num_documents=num_documents,
        num_tokens=num_tokens,
        num_bytes=num_bytes,
        num_oov_tokens=num_oov,
        total_nats=max(total_nats, 0.0),
        oov_nats=oov_nats,
        notes=(*scorer.notes, *_oov_notes(num_oov)),
        table=table.rows(num_tokens),
    )


def _oov_notes(num_oov: int) -> tuple[str, ...]:
    if not num_oov:
        return ()
    return (
        "How unknown words are spelled costs nothing here: the bits per byte are too few, and may be "
        "compared within one vocabulary only.",
    )
