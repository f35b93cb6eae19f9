"""Copies of a piece: as a reader with the two texts before him would mark them."""

import numpy as np
import pytest

from byheart.core.adaptation_material import COPY_BYTES
from byheart.core.tokens import TokenIds
from byheart.corpus.encoded import EncodedDocument
from byheart.index.corpus_index import Index
from byheart.study.adaptation_copies import copies_of, held_out_passage


def tokens_of(text: str) -> list[str]:
    """Tokens of one to three letters, by place."""
    cut, at = [], 0
    while at < len(text):
        size = 1 + at % 3
        cut.append(text[at : at + size])
        at += size
    return cut


def case(seed: int) -> tuple[list[TokenIds], EncodedDocument, list[str], str]:
    """A corpus, and a document that copies parts of it."""
    rng = np.random.default_rng(seed)
    corpus = ["".join(rng.choice(list("abc"), size=400)) for _ in range(3)]
    parts = []
    for _ in range(6):
        source, at, size = corpus[int(rng.integers(3))], 6 * int(rng.integers(40)), 6 * int(rng.integers(4, 14))
        parts += ["".join(rng.choice(list("abc"), size=18)), source[at : at + size]]
    pieces = tokens_of("".join(parts))
    names = {
        token: number for number, token in enumerate(sorted({*pieces, *(t for c in corpus for t in tokens_of(c))}))
    }

    def encode(tokens: list[str]) -> TokenIds:
        return np.array([names[token] for token in tokens], dtype=np.int32)

    document = EncodedDocument("d", encode(pieces), np.cumsum([len(token) for token in pieces]))
    return [encode(tokens_of(text)) for text in corpus], document, pieces, "".join(parts)


def marked_by_hand(corpus: list[TokenIds], document: EncodedDocument, pieces: list[str]) -> list[bool]:
    runs = {
        tuple(one[i:j].tolist()) for one in corpus for i in range(one.size) for j in range(i + 1, min(one.size, i + 60))
    }
    ids, covered = document.token_ids.tolist(), [False] * len(pieces)
    for start in range(len(ids)):
        for stop in range(start + 1, min(len(ids), start + 59) + 1):
            if sum(map(len, pieces[start:stop])) >= COPY_BYTES and tuple(ids[start:stop]) in runs:
                covered[start:stop] = [True] * (stop - start)
    return covered


@pytest.mark.parametrize("seed", [0, 1])
def test_tokens_in_long_runs_are_found_wherever_the_piece_is_cut(seed: int) -> None:
    corpus, document, pieces, _ = case(seed)
    index = Index.build(corpus, ["1", "2", "3"], unit="tokens", alphabet_size=int(max(c.max() for c in corpus)) + 1)
    expected = marked_by_hand(corpus, document, pieces)
    assert 0 < sum(expected) < len(expected)
    for start, stop in ((0, len(pieces)), (10, 30), (40, 41), (len(pieces) - 7, len(pieces))):
        found = copies_of(document, start, stop, index)
        assert found.is_copied.tolist() == expected[start:stop]
        assert found.num_bytes.tolist() == [len(token) for token in pieces[start:stop]]


def test_a_passage_is_that_of_its_tokens_and_says_what_is_scored() -> None:
    corpus, document, pieces, text = case(2)
    index = Index.build(corpus, ["1", "2", "3"], unit="tokens", alphabet_size=int(max(c.max() for c in corpus)) + 1)
    passage = held_out_passage(document, 5, 25, 8, index)
    assert text[passage.span.start : passage.span.stop] == "".join(pieces[5:25])
    assert passage.copies.num_bytes.size == 20 - 8
    assert int(passage.copies.num_bytes.sum()) == passage.num_scored_bytes


def test_a_copy_that_is_cut_otherwise_is_missed_and_one_that_begins_inside_a_token_counts_from_the_next() -> None:
    """Both texts hold the same 60 letters: in the corpus as pairs, in the document behind one letter more."""
    copied = np.tile(np.arange(2, 7, dtype=np.int32), 6)  # 30 tokens of 2 bytes
    index = Index.build([copied], ["1"], unit="tokens", alphabet_size=20)
    borders = np.concatenate([[3], 3 + 2 * np.arange(1, 30)])
    inside = EncodedDocument("inside", np.concatenate([[17], copied[1:]]).astype(np.int32), borders)
    # The first letter pair is swallowed by a token of 3 bytes that the corpus does not have.
    assert copies_of(inside, 0, 30, index).is_copied.tolist() == [False] + [True] * 29
    shifted = EncodedDocument("shifted", np.full(30, 18, dtype=np.int32), 2 * np.arange(1, 31))
    assert not copies_of(shifted, 0, 30, index).is_copied.any()
