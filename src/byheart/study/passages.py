"""Runs of tokens of documents: what is scored, what is written after, and where they are cut."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from byheart.core.spans import Span
from byheart.core.tokens import TokenIds, fingerprint_tokens
from byheart.corpus.encoded import EncodedCorpus, EncodedDocument
from byheart.corpus.secrets import SecretPair


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """What is given, and how the author of its document went on."""

    document: str
    """Name of its document, untrusted."""
    given: TokenIds
    """shape [prompt_tokens]."""
    human: TokenIds
    """shape [num_tokens]."""
    start: int = 0
    """Where it begins in its document, tokens."""


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

    def as_prompt(self) -> Prompt:
        """Its given tokens, and the others as what the author wrote."""
        given, human = self.token_ids[: self.num_given], self.token_ids[self.num_given :]
        return Prompt(document=self.document, given=given, human=human)


def prompts_of(items: Iterable[object]) -> list[Prompt]:
    """Prompts, and passages as prompts, in their order; of what is neither there is none."""
    found = (item.as_prompt() if isinstance(item, Passage) else item for item in items)
    return [item for item in found if isinstance(item, Prompt)]


@dataclass(frozen=True, kw_only=True)
class CanaryPassage(Passage):
    """A secret after what all of its pair begin with. What it says is kept out of every table."""

    pair: SecretPair
    """Whose."""
    part: Literal["planted", "twin", "other"]
    """Which."""
    is_whole_space: bool
    """Whether the passages of its pair are all that might have been."""


def _byte(document: EncodedDocument, token_index: int) -> int:
    return int(document.byte_ends[token_index - 1]) if token_index else 0


def passage_of(
    document: EncodedDocument, start: int, stop: int, role: Literal["member", "control"], num_given: int
) -> Passage:
    """Tokens start to stop of a document, the first num_given of them context only."""
    span = Span(_byte(document, start), _byte(document, stop))
    ids = np.ascontiguousarray(document.token_ids[start:stop], dtype=np.int32)
    scored = _byte(document, stop) - _byte(document, start + num_given)
    return Passage(
        document=document.name, span=span, token_ids=ids, role=role, num_given=num_given, num_scored_bytes=scored
    )


def round_robin(
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


def round_robin_of_texts(
    corpus: EncodedCorpus, num_tokens: int, *, rng: np.random.Generator
) -> Iterator[tuple[EncodedDocument, int]]:
    """The places of `round_robin`, of documents with the same text only those of the one that comes first.

    Copies are no independent observations, however many windows are cut out of them. Near copies count as documents.
    """
    text_of = {id(document): fingerprint_tokens(document.token_ids) for document in corpus.documents}
    first: dict[str, EncodedDocument] = {}
    for document, start in round_robin(corpus, num_tokens, rng=rng):
        if first.setdefault(text_of[id(document)], document) is document:
            yield document, start
