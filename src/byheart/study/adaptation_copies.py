"""Pieces of held-out documents that know which of their tokens the trained-on corpus holds in long runs."""

from dataclasses import dataclass

import numpy as np

from byheart.core.adaptation_material import COPY_BYTES, Copies
from byheart.corpus.encoded import EncodedDocument
from byheart.index.corpus_index import Index
from byheart.stats.copied_runs import in_long_matches
from byheart.study.passages import Passage, passage_of


@dataclass(frozen=True, kw_only=True)
class HeldOutPassage(Passage):
    """A piece of a held-out document."""

    copies: Copies
    """Of its scored tokens."""


def held_out_passage(
    document: EncodedDocument, start: int, stop: int, num_given: int, index: Index
) -> HeldOutPassage:  # fmt: skip
    """Tokens start to stop of a held-out document, the first num_given of them context only.

    Args:
        document: held out.
        start: first token.
        stop: one past the last.
        num_given: tokens of context.
        index: of the trained-on tokens.
    """
    passage = passage_of(document, start, stop, "control", num_given)
    return HeldOutPassage(**vars(passage), copies=copies_of(document, start + num_given, stop, index))


def copies_of(document: EncodedDocument, start: int, stop: int, index: Index) -> Copies:
    """Which tokens from start to stop stand in a run of COPY_BYTES or more that the corpus holds.

    Runs are of whole tokens: of a copy that begins or ends inside a token the rest counts, if it is long enough, and
    a copy whose bytes are other tokens in the corpus is missed. The run may reach beyond them on either side: so much
    of the document is asked about as can decide it.
    """
    borders = np.concatenate([[0], document.byte_ends])
    first = max(int(np.searchsorted(borders, borders[start] - COPY_BYTES, side="right")) - 1, 0)
    last = min(int(np.searchsorted(borders, borders[stop] + COPY_BYTES, side="left")), document.num_tokens)
    lengths = index.longest_matches(index.known_symbols(document.token_ids[first:last])).lengths
    covered = in_long_matches(lengths, borders[first : last + 1], COPY_BYTES)
    return Copies(
        num_bytes=np.diff(borders[start : stop + 1]).astype(np.int64),
        is_copied=covered[start - first : stop - first],
    )
