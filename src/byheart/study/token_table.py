"""Token by token: what a predictor made of a text, all of it or where it cost most."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from byheart.core.tokens import TokenIds
from byheart.core.units import nats_to_bits
from byheart.study.scorers import BatchScores, Scorer
from byheart.study.text_batches import Batch, Counts

WHOLE_TOKENS = 60
"""Of texts up to here the table of the costliest has every token."""
COSTLIEST_TOKENS = 20
"""Of longer ones so many."""
Wanted = Literal["none", "costliest", "all"]


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenRow:
    """One token of a text."""

    document: str
    """Name of its document, untrusted."""
    start: int
    """bytes; where it begins in its document."""
    stop: int
    """bytes; where it ends."""
    text: str
    """What stands there, untrusted; "" for the end of a document, and for all but one of the tokens of a character."""
    token_id: int
    """Of the tokenizer, or the byte."""
    is_end: bool
    """Whether it is the end of its document."""
    is_oov: bool
    """Whether it stands for a word outside the vocabulary."""
    bits: float
    """bits; - log2 P(token given those before it in its document)."""
    rank: int | None
    """1-based place by decreasing probability, ties by increasing id."""
    match_tokens: int | None = None
    """tokens of context that the prediction rests on; None of models."""
    match_count: int | None = None
    """How often they stand in the corpus; None of models."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A row that may come into the table, not yet explained."""

    row: TokenRow
    order: tuple[int, int]
    """Number of its document and its place there."""
    token_ids: TokenIds
    """Of its document up to the token."""


class TokenTable:
    """Collects the rows of a table while batches go by.

    Args:
        scorer: who scores.
        wanted: which tokens.
    """

    def __init__(self, scorer: Scorer, wanted: Wanted) -> None:
        self._scorer = scorer
        self._wanted = wanted
        self._rows: list[TokenRow] = []
        self._candidates: list[_Candidate] = []

    def add(self, batch: Batch, scores: BatchScores, first_document: int) -> None:
        """Takes what it needs of one batch.

        Args:
            batch: with the places of its tokens, unless no table is wanted.
            scores: of all its tokens; in full where all are wanted.
            first_document: number of its first document.
        """
        unknown_id = self._scorer.encoder.unknown_id
        if self._wanted == "all":
            self._rows += rows(batch, scores, np.arange(batch.token_ids.size), unknown_id)
        elif self._wanted == "costliest":
            order = np.argsort(scores.log_probabilities_nats, kind="stable")
            places = np.sort(order[:WHOLE_TOKENS])
            numbers = np.searchsorted(batch.stops, places, side="right").tolist()
            starts = [0, *batch.stops.tolist()]
            found = rows(batch, scores, places, unknown_id)
            for row, number, place in zip(found, numbers, places.tolist(), strict=True):
                start = starts[number]
                token_ids = batch.token_ids[start : place + 1]
                self._candidates.append(_Candidate(row, (first_document + number, place - start), token_ids))
            self._candidates = _costliest(self._candidates, WHOLE_TOKENS)

    def rows(self, num_tokens: int) -> tuple[TokenRow, ...]:
        """The table, in the order of the text.

        Args:
            num_tokens: of the whole text.
        """
        chosen = _costliest(self._candidates, WHOLE_TOKENS if num_tokens <= WHOLE_TOKENS else COSTLIEST_TOKENS)
        for candidate in sorted(chosen, key=lambda candidate: candidate.order):
            rank, length, count = self._scorer.last_token(candidate.token_ids, candidate.row.rank)
            self._rows.append(replace(candidate.row, rank=rank, match_tokens=length, match_count=count))
        return tuple(self._rows)


def _costliest(candidates: list[_Candidate], limit: int) -> list[_Candidate]:
    return sorted(candidates, key=lambda candidate: (-candidate.row.bits, candidate.order))[:limit]


def rows(batch: Batch, scores: BatchScores, places: Counts, unknown_id: int | None) -> Iterator[TokenRow]:
    """The rows of some tokens of a batch.

    Args:
        batch: with the places of its tokens.
        scores: of all its tokens; ranks and matches where they are known.
        places: of the tokens in the batch, ascending.
        unknown_id: the token that stands for words outside the vocabulary.
    """
    assert batch.byte_ends is not None
    at, data = -1, b""
    starts = [0, *batch.stops.tolist()]
    numbers = np.searchsorted(batch.stops, places, side="right").tolist()
    for number, place in zip(numbers, places.tolist(), strict=True):
        document, ends = batch.documents[number], batch.byte_ends[number]
        if number != at:
            at, data = number, document.text.encode()
        position = place - starts[number]
        is_end = position == ends.size
        start = len(data) if is_end else int(ends[position - 1]) if position else 0
        stop = len(data) if is_end else int(ends[position])
        token_id = int(batch.token_ids[place])
        yield TokenRow(
            document=document.name,
            start=start,
            stop=stop,
            text=data[start:stop].decode("utf-8", "replace"),
            token_id=token_id,
            is_end=is_end,
            is_oov=not is_end and token_id == unknown_id,
            bits=nats_to_bits(-float(scores.log_probabilities_nats[place])),
            rank=None if scores.ranks is None else int(scores.ranks[place]),
            match_tokens=None if scores.matches is None else int(scores.matches.lengths_tokens[place]),
            match_count=None if scores.matches is None else int(scores.matches.num_occurrences[place]),
        )
