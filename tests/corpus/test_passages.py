from itertools import pairwise

import numpy as np
import pytest

from byheart.corpus.documents import Corpus, Document
from byheart.corpus.passages import passages
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import InputError, SourceError


def prose(seed: int, num_lines: int) -> str:
    rng = np.random.default_rng(seed)
    syllables = np.array(["ka", "zé", "mo", "über", " ", " ", "12", "x = ", "😀", "\t"])
    return "".join("".join(rng.choice(syllables, size=12)) + "\n" for _ in range(num_lines))


DOCUMENTS = Corpus(tuple(Document(f"{i}", prose(i, 30)) for i in range(12)))
TOKENIZER = Tokenizer.train(DOCUMENTS, 320)


def drawn(documents: Corpus, num: int, *, num_tokens: int = 20, seed: int = 0) -> list[str]:
    return passages(documents, TOKENIZER, num_tokens=num_tokens, num=num, rng=np.random.default_rng(seed))


def sources(text: str) -> list[str]:
    return [document.name for document in DOCUMENTS if text in document.text]


@pytest.mark.parametrize("num_tokens", [1, 7, 20])
def test_each_passage_has_exactly_its_tokens_when_encoded_alone(num_tokens: int) -> None:
    found = drawn(DOCUMENTS, 12, num_tokens=num_tokens)
    assert [len(TOKENIZER.encode(text)) for text in found] == [num_tokens] * 12


def test_each_passage_stands_at_a_line_start() -> None:
    assert all(any("\n" + text in "\n" + document.text for document in DOCUMENTS) for text in drawn(DOCUMENTS, 30))


def test_as_long_as_there_are_enough_documents_each_gives_one() -> None:
    names = [name for text in drawn(DOCUMENTS, 12) for name in sources(text)]
    assert sorted(names) == sorted(document.name for document in DOCUMENTS)


def test_then_each_gives_more_none_twice_and_none_overlapping() -> None:
    found = drawn(DOCUMENTS, 40)
    assert len(set(found)) == 40
    assert max(sum(name in sources(text) for text in found) for name in "0123456789") <= 40 // 12 + 1
    for document in DOCUMENTS:
        places = sorted((document.text.index(text), len(text)) for text in found if text in document.text)
        assert all(start + length <= after for (start, length), (after, _) in pairwise(places))


def test_equal_documents_give_different_passages() -> None:
    twice = Corpus((Document("a", "one two three\nfour five six\n"), Document("b", "one two three\nfour five six\n")))
    words = Tokenizer.words(twice)
    found = passages(twice, words, num_tokens=3, num=2, rng=np.random.default_rng(0))
    assert sorted(found) == ["four five six\n", "one two three"]
    with pytest.raises(SourceError, match="2 of the 3"):
        passages(twice, words, num_tokens=3, num=3, rng=np.random.default_rng(0))


def test_equal_streams_give_equal_passages_and_others_do_not() -> None:
    assert drawn(DOCUMENTS, 8, seed=1) == drawn(DOCUMENTS, 8, seed=1)
    assert drawn(DOCUMENTS, 8, seed=1) != drawn(DOCUMENTS, 8, seed=2)


def test_a_blank_passage_is_none() -> None:
    with pytest.raises(SourceError, match="0 of the 1"):
        drawn(Corpus((Document("a", " \n" * 50),)), 1, num_tokens=4)


def test_short_documents_cannot_give_long_passages() -> None:
    with pytest.raises(SourceError, match=r"0 of the 1 passages of 100 tokens"):
        drawn(Corpus((Document("a", "short\n"),)), 1, num_tokens=100)


@pytest.mark.parametrize(("num_tokens", "num"), [(0, 1), (1, -1)])
def test_counts_outside_their_range_are_refused(num_tokens: int, num: int) -> None:
    with pytest.raises(InputError, match="num_tokens"):
        drawn(DOCUMENTS, num, num_tokens=num_tokens)


def test_no_passages_are_asked_of_no_documents() -> None:
    assert drawn(Corpus(()), 0) == []
