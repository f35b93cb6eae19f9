"""The text behind the floor of `byheart attribute`: nothing of it may stand in the index or in what is explained."""

from collections.abc import Sequence

import numpy as np

from byheart.core.progress import Progress, silent
from byheart.corpus.documents import Corpus, Document
from byheart.corpus.encoded import EncodedCorpus, EncodedDocument, encode_corpus
from byheart.corpus.readers import read
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import SourceError
from byheart.index.corpus_index import Index
from byheart.memorizers.memorizer import Memorizer
from byheart.memorizers.mixture import COPY_TOKENS
from byheart.study.attribution_plan import AttributionPlan
from byheart.study.subjects import build_index
from byheart.study.yardstick import build_pole

LARGEST_SEEN_SHARE = 0.5
"""A document of which more is known is no stranger."""


def seen_share(document: EncodedDocument, index: Index) -> float:
    """How much of a document an index holds.

    Definition:
        1 where it stands there as a whole, however short; else the share of its tokens inside runs of at least
        COPY_TOKENS tokens that stand there
    Args:
        document: with at least one token.
        index: of the same tokens.
    Returns:
        in [0, 1].
    Cost: that of the longest matches of its tokens.
    """
    lengths = index.longest_matches(document.token_ids).lengths
    if lengths[0] == lengths.size:
        return 1.0
    starts = np.flatnonzero(lengths >= COPY_TOKENS)
    edges = np.zeros(lengths.size + 1, dtype=np.int64)
    np.add.at(edges, starts, 1)
    np.add.at(edges, starts + lengths[starts], -1)
    return float((np.cumsum(edges[:-1]) > 0).mean())


def unrelated_predictor(
    plan: AttributionPlan,
    index: Index,
    tokenizer: Tokenizer,
    explained: Sequence[Document],
    *,
    on_progress: Progress = silent,
) -> tuple[Memorizer, tuple[str, ...]]:
    """The blind pole of the floor's text, without documents that the index or the explained text largely holds.

    Args:
        plan: names the floor's sources.
        index: of the text that is known.
        tokenizer: of the index.
        explained: the text that is explained.
        on_progress: hears of every stage.
    Returns:
        it, and what a reader of its numbers should know.
    Raises:
        SourceError: a source cannot be read, or nothing of it is left.
    """
    given = encode_corpus(_floor_text(plan, on_progress), tokenizer, on_progress=on_progress)
    text = build_index(encode_corpus(Corpus(tuple(explained)), tokenizer), tokenizer)
    unseen = [
        document
        for document in given
        if document.token_ids.size and max(seen_share(document, it) for it in (index, text)) <= LARGEST_SEEN_SHARE
    ]
    size, left = (sum(d.token_ids.size for d in documents) for documents in (given.documents, unseen))
    if not unseen:
        raise SourceError(
            "The floor's text has no document that is not in the index or in the text that is explained.",
            why="A predictor of it would be no stranger to them.",
            next_step="Give --floor other text of the same kind.",
        )
    notes = []
    if left < size:
        notes.append(
            f"{len(given.documents) - len(unseen):,} of {len(given.documents):,} documents of the floor's text, "
            f"{100 * (1 - left / size):.1f} % of its tokens, stand in the index or in the text that is explained for "
            f"more than half ({COPY_TOKENS} tokens in a row, or as a whole), and were left out."
        )
    notes.append(
        f"Floor: an infinigram of {left:,} tokens of other documents. Who predicts worse than the model agrees less "
        "often with whoever is right, so that this floor may be too low."
    )
    return build_pole(build_index(EncodedCorpus(tuple(unseen), given.tokenizer_fingerprint), tokenizer), tokenizer), (
        *notes,
    )


def _floor_text(plan: AttributionPlan, on_progress: Progress) -> Corpus:
    documents: list[Document] = []
    for source in plan.floor:
        documents += read(source, lines=plan.lines, skip_bad=plan.skip_bad, on_progress=on_progress)
    return Corpus(tuple(documents)).deduplicated()
