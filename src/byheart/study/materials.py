"""What the audits need, cut out of the corpora: the same for every subject, and whatever else the study does.

Each material depends on its need, the corpora and the seed only, so adding or reordering audits moves no one's numbers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from byheart.core.batches import plan_batches
from byheart.core.material import ContinuationsNeed, HeldOutNeed, Need, WindowsNeed
from byheart.core.spans import Span
from byheart.core.streams import stream
from byheart.core.tokens import TokenIds, fingerprint_tokens
from byheart.corpus.encoded import EncodedCorpus, EncodedDocument
from byheart.index.corpus_index import Index
from byheart.study.subjects import Cast


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A run of tokens of a document, to be scored."""

    document: str
    """Name of its document, untrusted."""
    span: Span
    """Bytes of that document."""
    token_ids: TokenIds
    """shape [num_tokens]."""
    role: Literal["member", "control"]
    """Trained-on or held-out text."""
    num_occurrences: int = 0
    """Of the whole passage in the trained-on corpus; exact for windows."""
    in_base_sample: bool = True
    """Counts in headline rates."""
    num_given: int = 0
    """Tokens at the start that are context only."""
    num_scored_bytes: int
    """Bytes of the tokens after them."""

    @property
    def fingerprint(self) -> str:
        """Of its tokens and of how many of them are given: of what is asked."""
        return f"{fingerprint_tokens(self.token_ids)}/{self.num_given}"


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """The beginning of a piece of a held-out document, and how its author went on."""

    document: str
    """Name of its document, untrusted."""
    given: TokenIds
    """shape [prompt_tokens]."""
    human: TokenIds
    """shape [num_tokens]."""


Material = tuple[Passage, ...] | tuple[Prompt, ...]


def _byte(document: EncodedDocument, token_index: int) -> int:
    return int(document.byte_ends[token_index - 1]) if token_index else 0


def _passage(
    document: EncodedDocument, start: int, stop: int, role: Literal["member", "control"], num_given: int
) -> Passage:
    span = Span(_byte(document, start), _byte(document, stop))
    ids = np.ascontiguousarray(document.token_ids[start:stop], dtype=np.int32)
    scored = _byte(document, stop) - _byte(document, start + num_given)
    return Passage(
        document=document.name, span=span, token_ids=ids, role=role, num_given=num_given, num_scored_bytes=scored
    )


def _round_robin(
    corpus: EncodedCorpus, num_tokens: int, *, rng: np.random.Generator
) -> Iterator[tuple[EncodedDocument, int]]:
    """Non-overlapping places of num_tokens tokens, spread evenly over the documents, in random order.

    Yields every document's first pick before any document's second, so that a sample of n holds as many documents as
    it can.
    """
    queues = []
    for document in corpus.documents:
        room = len(document.token_ids) // num_tokens
        if room:
            shift = int(rng.integers(0, len(document.token_ids) - room * num_tokens + 1))
            queues.append((document, shift + num_tokens * rng.permutation(room)))
    order = rng.permutation(len(queues))
    longest = max((len(starts) for _, starts in queues), default=0)
    for turn in range(longest):
        for at in order:
            document, starts = queues[at]
            if turn < len(starts):
                yield document, int(starts[turn])


def windows(need: WindowsNeed, cast: Cast, *, rng: np.random.Generator) -> tuple[Passage, ...]:
    """Distinct windows of both sides; more of the trained-on side where strata of occurrences would stay thin.

    Args:
        need: sizes.
        cast: corpora and index.
        rng: draws the places.
    Returns:
        trained-on windows (base sample first, at most one of a document; then those that fill strata, at most one of a
        document in a stratum), then held-out windows, at most one of a document. Both sides by one rule: held-out
        windows that happen to occur in the corpus stay, as common text stays among the trained-on ones.
    """
    length = need.prefix_tokens + need.suffix_tokens
    num_candidates = max(20 * need.num_windows, 2000)
    members = _distinct(cast.trained_on, length, need.prefix_tokens, "member", cast.index, num_candidates, rng=rng)
    controls = _distinct(cast.held_out, length, need.prefix_tokens, "control", cast.index, num_candidates, rng=rng)
    base = _one_per_document(members)[: need.num_windows]
    have = np.zeros(len(need.strata), dtype=np.int64)

    def stratum(passage: Passage) -> int:
        return int(np.searchsorted(need.strata, passage.num_occurrences, side="right")) - 1

    used = {(passage.document, stratum(passage)) for passage in base}
    for passage in base:
        have[stratum(passage)] += 1
    fill = []
    for passage in members:
        place = (passage.document, stratum(passage))
        if place not in used and have[stratum(passage)] < need.num_per_stratum:
            used.add(place)
            have[stratum(passage)] += 1
            fill.append(replace(passage, in_base_sample=False))
    return (*base, *fill, *_one_per_document(controls)[: need.num_windows])


def _one_per_document(passages: Sequence[Passage]) -> list[Passage]:
    first: dict[str, Passage] = {}
    for passage in passages:
        first.setdefault(passage.document, passage)
    return list(first.values())


def _distinct(
    corpus: EncodedCorpus,
    length: int,
    num_given: int,
    role: Literal["member", "control"],
    index: Index,
    limit: int,
    *,
    rng: np.random.Generator,
) -> list[Passage]:
    seen: set[str] = set()
    passages: list[Passage] = []
    for document, start in _round_robin(corpus, length, rng=rng):
        passage = _passage(document, start, start + length, role, num_given)
        if passage.fingerprint not in seen:
            seen.add(passage.fingerprint)
            passages.append(passage)
        if len(passages) == limit:
            break
    counts = index.counts([passage.token_ids for passage in passages])
    return [replace(p, num_occurrences=int(c)) for p, c in zip(passages, counts, strict=True)]


def pieces(need: HeldOutNeed, cast: Cast, *, rng: np.random.Generator) -> tuple[Passage, ...]:
    """Pieces of held-out documents: context first, then the tokens whose bits count.

    Documents that are long enough come first, so that every counted token has its context; shorter ones, whole and all
    of their tokens counted, only fill up what is missing.
    """
    length = need.context_tokens + need.scored_tokens
    short = [d for d in cast.held_out.documents if 0 < len(d.token_ids) < length]
    whole = [(short[i], 0, len(short[i].token_ids), 0) for i in rng.permutation(len(short))]
    cut = [(d, at, at + length, need.context_tokens) for d, at in _round_robin(cast.held_out, length, rng=rng)]
    places = [*cut, *whole][: need.num_pieces]
    return tuple(_passage(d, start, stop, "control", given) for d, start, stop, given in places)


def prompts(need: ContinuationsNeed, cast: Cast, *, rng: np.random.Generator) -> tuple[Prompt, ...]:
    """Beginnings of pieces of held-out documents with the authors' own continuations."""
    length = need.prompt_tokens + need.num_tokens
    found: list[Prompt] = []
    for document, start in _round_robin(cast.held_out, length, rng=rng):
        if len(found) == need.num_prompts:
            break
        ids = np.ascontiguousarray(document.token_ids[start : start + length], dtype=np.int32)
        found.append(Prompt(document=document.name, given=ids[: need.prompt_tokens], human=ids[need.prompt_tokens :]))
    return tuple(found)


def material(need: Need, cast: Cast, seed: int) -> Material:
    """The material of one need, from its own named stream."""
    rng = stream(seed, "material", repr(need))
    match need:
        case WindowsNeed():
            return windows(need, cast, rng=rng)
        case HeldOutNeed():
            return pieces(need, cast, rng=rng)
        case ContinuationsNeed():
            return prompts(need, cast, rng=rng)


def longest_tokens(need: Need) -> int:
    """Tokens of context that a subject must be able to take for this need."""
    match need:
        case WindowsNeed():
            return need.prefix_tokens + need.suffix_tokens
        case HeldOutNeed():
            return need.context_tokens + need.scored_tokens
        case ContinuationsNeed():
            return need.prompt_tokens + need.num_tokens


def batches(passages: Sequence[Passage]) -> list[list[Passage]]:
    """Distinct passages in batches planned from content alone, so that a rerun or a resumption meets the same batches.

    Args:
        passages: what to score; equal ones are scored once.
    """
    # Sorted, so that where a passage was found moves no batch.
    distinct = sorted({passage.fingerprint: passage for passage in passages}.items())
    chosen = [passage for _, passage in distinct]
    return [[chosen[i] for i in batch] for batch in plan_batches([passage.token_ids for passage in chosen])]
