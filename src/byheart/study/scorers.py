"""Who scores a text: a memorizer by its fastest road, or a model in windows of its context."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from byheart.core.batches import plan_batches
from byheart.core.predictor import Scores
from byheart.core.progress import Progress, silent
from byheart.core.tokens import Floats, TokenIds
from byheart.index.layout import Unit
from byheart.memorizers.markov import Markov
from byheart.memorizers.memorizer import Matches, Memorizer
from byheart.study.score_cache import ScoreCache, scores_of
from byheart.study.text_batches import Batch, Counts, Encoder

STAGE = "score"
WINDOW_TOKENS = 2048
"""Longest window, where the context allows it: the memory of attention grows with its square."""
_CONTEXT_TOKENS = 1 << 16


@dataclass(frozen=True)
class BatchScores:
    """What a predictor said of each token of a batch."""

    log_probabilities_nats: Floats
    """nats, <= 0, shape [num_tokens]."""
    ranks: Counts | None = None
    """1-based place of each token, shape [num_tokens]; None where it would cost more and was not asked for."""
    matches: Matches | None = None
    """What each prediction rests on; None of models, and where it was not asked for."""
    argmax_ids: TokenIds | None = None
    """The most probable token at each place, shape [num_tokens]; None where it is not told or was not asked for."""


class Scorer(Protocol):
    """A predictor with the encoding that it reads."""

    name: str
    """As the answer calls it."""
    unit: Unit
    """What its tokens are."""
    encoder: Encoder
    """Of text."""
    notes: tuple[str, ...]
    """What a reader of its numbers should know; may grow while it scores."""

    def score(self, batch: Batch, *, in_full: bool, on_progress: Progress = silent) -> BatchScores:
        """What it says of each document of a batch, from its start to its end.

        Args:
            batch: encoded by its own encoder.
            in_full: with ranks and matches, whatever they cost.
            on_progress: told the tokens done under STAGE.
        """

    def last_token(self, token_ids: TokenIds, rank: int | None) -> tuple[int | None, int | None, int | None]:
        """Of the last token: its rank, the match in tokens that its prediction rests on, how often that stands there.

        Args:
            token_ids: a document up to that token, shape [num_tokens >= 1].
            rank: where it is known already.
        """


class MemorizerScorer:
    """A memorizer: log-probabilities by its fast road, ranks and matches only where they are asked for.

    Args:
        memorizer: who scores.
        encoder: of its index.
        unit: of its index.
        notes: what a reader of its numbers should know.
    """

    def __init__(self, memorizer: Memorizer, encoder: Encoder, unit: Unit, notes: tuple[str, ...] = ()) -> None:
        self.name, self.unit, self.encoder, self.notes = memorizer.name, unit, encoder, notes
        self.memorizer = memorizer

    def score(self, batch: Batch, *, in_full: bool, on_progress: Progress = silent) -> BatchScores:
        """As `Scorer.score`; ranks take the whole distribution of each token."""
        memorizer = self.memorizer
        if not in_full and isinstance(memorizer, Markov):
            # It begins anew after an end token, so one call serves many short documents.
            return BatchScores(memorizer.log_probabilities_nats(batch.token_ids))
        documents = [batch.token_ids[start:stop] for start, stop in batch.spans()]
        if not in_full:
            return BatchScores(np.concatenate([memorizer.log_probabilities_nats(document) for document in documents]))
        logs, ranks, said, lengths, counts = [], [], [], [], []
        for document, stop in zip(documents, batch.stops.tolist(), strict=True):
            (scores,) = memorizer.score([document])
            matches = memorizer.matches(document)
            logs.append(scores.log_probability_nats)
            ranks.append(scores.rank.astype(np.int64))
            said.append(scores.argmax_id)
            lengths.append(matches.lengths_tokens)
            counts.append(matches.num_occurrences)
            on_progress(STAGE, stop, batch.token_ids.size)
        matches = Matches(np.concatenate(lengths), np.concatenate(counts))
        return BatchScores(np.concatenate(logs), np.concatenate(ranks), matches, np.concatenate(said))

    def last_token(self, token_ids: TokenIds, rank: int | None) -> tuple[int | None, int | None, int | None]:
        """As `Scorer.last_token`.

        Differs: of a longer document only the last 65,536 tokens before the token are read.
        """
        near, token = token_ids[-1 - _CONTEXT_TOKENS :], int(token_ids[-1])
        if rank is None:
            row = self.memorizer.next_log_probabilities_nats([near[:-1]])[0]
            rank = 1 + int(np.count_nonzero(row > row[token])) + int(np.count_nonzero(row[:token] == row[token]))
        matches = self.memorizer.matches(near)
        return rank, int(matches.lengths_tokens[-1]), int(matches.num_occurrences[-1])


class ModelScorer:
    """A model: a document in one pass as far as memory and context allow, a longer one in windows that overlap by half.

    Args:
        model: gives log-probabilities.
        encoder: of the tokenizer that it was trained with.
        cache: keeps its scores between runs; None for none.
        notes: what a reader of its numbers should know.
    """

    unit: Unit = "tokens"

    def __init__(
        self, model: Scores, encoder: Encoder, cache: ScoreCache | None = None, notes: tuple[str, ...] = ()
    ) -> None:
        self.name, self.encoder = model.name, encoder
        self.notes = self._given_notes = notes
        # The last token of a window is predicted and never read, so that it needs no place in the context.
        allowed = WINDOW_TOKENS if model.context_tokens is None else model.context_tokens + 1
        self.window_tokens = min(allowed, WINDOW_TOKENS)
        self._model, self._cache = model, cache

    def score(self, batch: Batch, *, in_full: bool, on_progress: Progress = silent) -> BatchScores:
        """As `Scorer.score`; the ranks come with the same pass."""
        cut = [
            (begin + start, begin + stop, begin + first)
            for begin, end in batch.spans()
            for start, stop, first in windows(end - begin, self.window_tokens)
        ]
        if len(cut) > len(batch.documents):
            kept = self.window_tokens - max(self.window_tokens // 2, 1)
            note = (
                f"Documents of more than {self.window_tokens:,} tokens were read in windows of as many that overlap "
                f"by half: each token after the first window had at least {kept:,} tokens of context."
            )
            self.notes = (*self._given_notes, note)
        texts = [batch.token_ids[start:stop] for start, stop, _ in cut]
        logs, ranks = np.empty(batch.token_ids.size), np.empty(batch.token_ids.size, dtype=np.int64)
        said = np.empty(batch.token_ids.size, dtype=np.int32)
        done, are_exact, are_told = 0, True, True
        for chosen in plan_batches(texts):
            places = [cut[index] for index in chosen]
            given = [first - start for start, _, first in places]
            scored, _ = scores_of(self._model, [texts[index] for index in chosen], given, self._cache)
            for (_, stop, first), scores in zip(places, scored, strict=True):
                logs[first:stop] = scores.log_probability_nats
                ranks[first:stop] = scores.rank
                are_exact = are_exact and scores.ranked_tokens is None
                are_told = are_told and scores.knows("argmax_id")
                if are_told:
                    said[first:stop] = scores.argmax_id
                done += stop - first
            on_progress(STAGE, done, batch.token_ids.size)
        return BatchScores(logs, ranks if are_exact else None, argmax_ids=said if are_told else None)

    def last_token(self, token_ids: TokenIds, rank: int | None) -> tuple[int | None, int | None, int | None]:
        """As `Scorer.last_token`: a model tells its ranks with the scores or not at all, and rests on no match."""
        return rank, None, None


def windows(num_tokens: int, longest: int) -> list[tuple[int, int, int]]:
    """How a document is cut: start and stop of each window, and the first of its tokens that counts.

    Definition:
        with L the longest window: the first L tokens; then windows that end L // 2 tokens later (at least 1, at most at
        the end of the document) and begin L tokens before that, of which the tokens behind the previous window count
    Args:
        num_tokens: of the document.
        longest: L >= 1.
    Returns:
        (start, stop, first) with start <= first < stop; the ranges first..stop cover each token once.
    Source: the strided perplexity of the transformers documentation.
    Differs: the step is half a window, so that no token has less than half of it as context.
    """
    found = []
    step, first = max(longest // 2, 1), 0
    while first < num_tokens:
        stop = min(num_tokens, longest if first == 0 else first + step)
        found.append((max(stop - longest, 0), stop, first))
        first = stop
    return found
