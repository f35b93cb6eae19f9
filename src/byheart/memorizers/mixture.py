"""M6 `mixture`: the best memorizer, a convex combination of the others whose weights are fitted on other text."""

import math
from collections.abc import Sequence

import numpy as np

from byheart.core.tokens import Floats, TokenIds
from byheart.errors import InputError
from byheart.index import Index
from byheart.index.compiled import compiled
from byheart.index.searching.search import Query
from byheart.index.searching.suffixes import longest_suffix_starts
from byheart.index.sorted_text import SortedText
from byheart.memorizers.dense_row import row_statistics, take_logs
from byheart.memorizers.memorizer import NUM_STATISTICS, Memorizer
from byheart.memorizers.mixture_fitting import buckets_of, fit
from byheart.memorizers.suffix_automaton import next_state

COPY_TOKENS = 32
"""A shorter text may stand in a corpus by chance."""
MOST_COPIED_SHARE = 0.1
"""Of the calibration tokens may be in texts of COPY_TOKENS or more that the corpus holds whole."""
MOST_KNOWN_SHARE = 0.5
"""Of the calibration tokens may be in runs of COPY_TOKENS or more, or in texts of any length, that the corpus holds:
lines of one kind repeat one another often, and editions of a text their passages."""
_TELLING_TOKENS = 10 * COPY_TOKENS
"""A few short texts stand in any corpus."""
_BLOCK_BYTES = 1 << 22
"""Of the members' distributions that are held at a time."""
_NO_TOKENS = np.empty(0, dtype=np.int32)


@compiled
def follow(corpus: SortedText, suffix: Query, symbols: Query, lengths: Query) -> None:
    """Moves the longest suffix that occurs past the symbols.

    Args:
        corpus: of the index.
        suffix: its length, low and high, shape [3]; changed in place.
        symbols: shape [num_symbols].
        lengths: become its lengths before each symbol, and after the last where there is room.
    """
    for position in range(lengths.size):
        lengths[position] = suffix[0]
        if position < symbols.size:
            suffix[0], suffix[1], suffix[2] = next_state(corpus, suffix[0], suffix[1], suffix[2], symbols[position])


@compiled
def mix_row(rows: Floats, position: int, weights: Floats, out: Floats) -> None:
    """Writes sum_k weights_k rows_k at a position, shape [vocabulary].

    Args:
        rows: probabilities, shape [num_members, num_positions, vocabulary].
        position: which of them.
        weights: of the context's bucket.
        out: becomes the distribution.
    """
    out[:] = 0.0
    for k in range(weights.size):
        weight, row = weights[k], rows[k, position]
        if weight > 0.0:
            for token in range(out.size):
                out[token] += weight * row[token]


@compiled
def mix_rows(rows: Floats, weights: Floats, buckets: Query, out: Floats) -> None:
    """Writes the distributions as probabilities, shape [num_positions, vocabulary]."""
    for position in range(buckets.size):
        mix_row(rows, position, weights[buckets[position]], out[position])


@compiled
def score_rows(rows: Floats, weights: Floats, buckets: Query, tokens: Query, out: Floats) -> None:
    """Statistics of the token at each position."""
    probabilities, logs = np.empty(rows.shape[2]), np.empty(rows.shape[2])
    for position in range(tokens.size):
        mix_row(rows, position, weights[buckets[position]], probabilities)
        take_logs(probabilities, logs)
        row_statistics(probabilities, logs, tokens[position], out[position])


@compiled
def mix_log_probabilities(logs: Floats, weights: Floats, buckets: Query) -> Floats:
    """nats; log sum_k w_k exp(logs_k) of each token, shape [num_tokens]; `logs` is [num_members, num_tokens]."""
    out = np.empty(buckets.size)
    for token in range(buckets.size):
        row, best, mixed = weights[buckets[token]], -np.inf, 0.0
        for k in range(row.size):
            if row[k] > 0.0:
                best = max(best, logs[k, token])
        for k in range(row.size):
            if row[k] > 0.0:
                mixed += row[k] * math.exp(logs[k, token] - best)
        out[token] = min(best + math.log(mixed), 0.0)
    return out


class Mixture(Memorizer):
    """A convex combination of memorizers, with weights of their own for each range of match lengths.

    Definition:
        P(x) = sum_k w_bk P_k(x); b: the last bucket that starts at or below the length of the longest suffix of the
        context that the first member's corpus holds; w: `mixture_fitting.fit` of the calibration text
    Args:
        members: at least one, of one vocabulary; they may know different corpora.
        calibration: texts that the corpus does not hold, token ids, shape [num_tokens] each, each from the start of a
            document; at least one token in all.
        name: how the report calls it.
    Raises:
        InputError: no members, or of different vocabularies; no calibration text, or more than MOST_COPIED_SHARE or
            MOST_KNOWN_SHARE of it in the first member's corpus.
        CapabilityError: the first member's index has several shards.
    Example:
        tokens a and end. One member says a with 3/4, the other with 1/4, whatever came before, and the calibration text
        is "aa" and its end. With weight w of the first, P(a) = 1/4 + w/2; two of three tokens are a, and P(a) = 2/3 at
        w = 5/6.
    Cost: fitting takes the members' log-probabilities of the calibration text, and EM 6 microseconds a token;
        log-probabilities cost those of the members and about 0.6 microseconds, statistics the members' whole
        distributions and 10 nanoseconds for each token of the vocabulary.
    Source: theory.md M6; Jelinek and Mercer 1980.
    Differs: buckets that the calibration text hardly reaches are joined to their neighbours.
    """

    def __init__(
        self, members: Sequence[Memorizer], *, calibration: Sequence[TokenIds], name: str = "memorizer:mixture"
    ) -> None:
        self.members = tuple(members)
        """In the order of the weights."""
        _check_members(self.members)
        first = self.members[0]
        texts = texts_with_tokens(calibration)
        lengths = _unknown_texts_match_lengths(first, texts)
        logs = [np.concatenate([member.log_probabilities_nats(text) for text in texts]) for member in self.members]
        found = fit(np.stack(logs, axis=1), lengths)
        self.bucket_starts = found.bucket_starts
        """Tokens; smallest match length of each bucket, ascending from 0, shape [num_buckets]."""
        self.weights = found.weights
        """Each row sums to 1, shape [num_buckets, num_members]."""
        self.calibration_tokens = found.calibration_tokens
        """How many tokens each row of weights was fitted on, shape [num_buckets]."""
        asked = np.flatnonzero((self.weights > 0).any(axis=0))
        self._asked = [self.members[k] for k in asked]
        self._weights = np.ascontiguousarray(self.weights[:, asked])
        super().__init__(first.index, vocabulary_size=first.vocabulary_size, end_id=first.end_id, name=name)
        self.size_bytes = self._size_bytes()

    def parameters(self) -> dict[str, list[str] | list[float] | list[list[float]]]:
        """Fingerprints of the members, and how they are weighed."""
        return {
            "members": [member.fingerprint for member in self.members],
            "bucket_starts": self.bucket_starts.tolist(),
            "weights": self.weights.tolist(),
        }

    def _size_bytes(self) -> int:
        indexes = {self.index.fingerprint: self.index.size_bytes}
        for member in self._asked:
            known = member.index.fingerprint
            indexes[known] = max(indexes.get(known, 0), member.index_bytes)
        beside = sum(member.size_bytes - member.index_bytes for member in self._asked)
        return sum(indexes.values()) + beside + self.weights.nbytes + self.bucket_starts.nbytes

    def _log_probabilities(self, token_ids: TokenIds) -> Floats:
        logs = np.empty((len(self._asked), token_ids.size))
        for row, member in zip(logs, self._asked, strict=True):
            row[:] = member.log_probabilities_nats(token_ids)
        lengths = _match_lengths(_run_lengths(self.index, token_ids))[:-1]
        return mix_log_probabilities(logs, self._weights, buckets_of(self.bucket_starts, lengths))

    def _statistics(self, token_ids: TokenIds) -> Floats:
        return self._statistics_after(token_ids, 0)

    def _statistics_after(self, token_ids: TokenIds, num_given: int) -> Floats:
        walk = self._walk(token_ids.size)
        walk.read(token_ids[:num_given])
        scored = token_ids[num_given:]
        out = np.zeros((scored.size, NUM_STATISTICS))
        size = max(1, _BLOCK_BYTES // (8 * self.vocabulary_size * len(self._asked)))
        for start in range(0, scored.size, size):
            walk.score(scored[start : start + size], out[start : start + size])
        return out

    def _walk(self, capacity_tokens: int) -> "_Walk":
        return _Walk(self, capacity_tokens)


class _Walk:
    """The members' walks, and the longest suffix of the context that occurs."""

    def __init__(self, mixture: Mixture, capacity_tokens: int) -> None:
        self._mixture = mixture
        self._walks = [member._walk(capacity_tokens) for member in mixture._asked]
        self._corpus = mixture.index.sorted_text
        self._suffix = np.array([0, 0, self._corpus.text.size])

    def read(self, token_ids: TokenIds) -> None:
        for walk in self._walks:
            walk.read(token_ids)
        self._buckets(token_ids, token_ids.size)

    def write(self, out: Floats) -> None:
        self.write_rows(_NO_TOKENS, out[None])
        take_logs(out, out)

    def write_rows(self, token_ids: TokenIds, out: Floats) -> None:
        rows = self._rows(token_ids, len(out))
        mix_rows(rows, self._mixture._weights, self._buckets(token_ids, len(out)), out)

    def score(self, token_ids: TokenIds, out: Floats) -> None:
        """Writes the statistics of each token, shape [num_tokens, NUM_STATISTICS], and reads them."""
        rows = self._rows(token_ids, token_ids.size)
        buckets = self._buckets(token_ids, token_ids.size)
        score_rows(rows, self._mixture._weights, buckets, token_ids.astype(np.int64), out)

    def _rows(self, token_ids: TokenIds, num_rows: int) -> Floats:
        rows = np.empty((len(self._walks), num_rows, self._mixture.vocabulary_size))
        for walk, own in zip(self._walks, rows, strict=True):
            walk.write_rows(token_ids, own)
        return rows

    def _buckets(self, token_ids: TokenIds, num_rows: int) -> Query:
        lengths = np.empty(num_rows, dtype=np.int64)
        follow(self._corpus, self._suffix, self._mixture.index.known_symbols(token_ids), lengths)
        return buckets_of(self._mixture.bucket_starts, lengths)


def texts_with_tokens(calibration: Sequence[TokenIds]) -> list[TokenIds]:
    """The texts that a mixture can be fitted on.

    Raises:
        InputError: there are none.
    """
    texts = [text for text in calibration if text.size]
    if not texts:
        raise InputError(
            "A mixture needs text to fit its weights on.",
            why="There is no calibration text.",
            next_step="Pass texts of the same kind as the corpus that the corpus does not hold.",
        )
    return texts


def _check_members(members: Sequence[Memorizer]) -> None:
    if not members:
        raise InputError("A mixture needs members.", next_step="Pass at least one memorizer.")
    vocabularies = {(member.vocabulary_size, member.end_id) for member in members}
    tokenizers = {member.index.tokenizer_fingerprint for member in members} - {None}
    if len(vocabularies) > 1 or len(tokenizers) > 1:
        raise InputError(
            "Members of a mixture must have one vocabulary.",
            why=f"They have {len(vocabularies)} pairs of vocabulary and end token, {len(tokenizers)} tokenizers.",
            next_step="Build them from corpora of one tokenizer.",
        )


def _run_lengths(index: Index, text: TokenIds) -> Query:
    """Length of the longest run of the corpus that starts at each token, shape [num_tokens]."""
    return index.longest_matches(index.known_symbols(text)).lengths


def _match_lengths(run_lengths: Query) -> Query:
    """Length of the longest suffix before each token and at the end, shape [num_tokens + 1]."""
    starts = longest_suffix_starts(run_lengths)
    return np.arange(starts.size) - starts


def _unknown_texts_match_lengths(member: Memorizer, texts: Sequence[TokenIds]) -> Query:
    """The longest match before each token of texts that its corpus does not hold, shape [num_tokens]."""
    found, copied_tokens, known_tokens = [], 0, 0
    for text in texts:
        member._check(text)
        runs = _run_lengths(member.index, text)
        size = text.size - int(text[-1] == member.end_id)
        is_whole = size > 0 and bool(runs[0] >= size)
        copied_tokens += size if is_whole and size >= COPY_TOKENS else 0
        known_tokens += size if is_whole else _tokens_in_long_runs(runs)
        found.append(_match_lengths(runs)[:-1])
    joined = np.concatenate(found)
    is_known = joined.size >= _TELLING_TOKENS and known_tokens > MOST_KNOWN_SHARE * joined.size
    if is_known or copied_tokens > MOST_COPIED_SHARE * joined.size:
        raise InputError(
            "The corpus holds the calibration text, so that its weights would praise whoever recites.",
            why=f"It holds {known_tokens} of its {joined.size} tokens, as runs of {COPY_TOKENS} tokens or more or "
            f"as whole texts; {copied_tokens} of them as whole texts of {COPY_TOKENS} tokens or more.",
            next_step="Pass texts of the same kind that the corpus does not hold.",
        )
    return joined


def _tokens_in_long_runs(run_lengths: Query) -> int:
    places = np.arange(run_lengths.size)
    stops = np.maximum.accumulate(np.where(run_lengths >= COPY_TOKENS, places + run_lengths, 0))
    return int(np.count_nonzero(stops > places))
