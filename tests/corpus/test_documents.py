import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.corpus.documents import Corpus, Document
from byheart.errors import InputError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
CORPORA = st.lists(st.tuples(TEXTS, TEXTS), max_size=8).map(
    lambda pairs: Corpus(tuple(Document(name, text) for name, text in pairs))
)


def corpus_of(*texts: str) -> Corpus:
    return Corpus(tuple(Document(f"{i}", text) for i, text in enumerate(texts)))


def test_bytes_are_counted_as_utf8() -> None:
    assert corpus_of("ab", "é", "😀").num_bytes == 2 + 2 + 4


def test_a_lone_surrogate_is_refused_with_its_place() -> None:
    with pytest.raises(InputError, match=r"U\+D800 at character 2"):
        Document("a", "é \ud800")


def test_the_fingerprint_sees_names_texts_and_order_but_not_the_source() -> None:
    base = Corpus((Document("a", "x"), Document("b", "y")))
    others = [
        Corpus((Document("b", "y"), Document("a", "x"))),
        Corpus((Document("a", "y"), Document("b", "x"))),
        Corpus((Document("a", "x"),)),
        Corpus((Document("ax", ""), Document("b", "y"))),
    ]
    assert len({corpus.fingerprint for corpus in (base, *others)}) == 1 + len(others)
    assert base.fingerprint == Corpus((Document("a", "x", "s"), Document("b", "y", "t"))).fingerprint


def test_a_file_name_that_is_not_utf8_has_a_fingerprint() -> None:
    assert Corpus((Document("\udcff", "x"),)).fingerprint != Corpus((Document("\udcfe", "x"),)).fingerprint


@settings(deadline=None)
@given(CORPORA)
def test_deduplication_keeps_the_first_document_of_every_text(corpus: Corpus) -> None:
    kept: list[Document] = []
    for document in corpus:
        if all(document.text != other.text for other in kept):
            kept.append(document)
    assert list(corpus.deduplicated()) == kept


@settings(deadline=None)
@given(CORPORA, CORPORA)
def test_without_drops_exactly_the_texts_of_the_other_corpus(corpus: Corpus, other: Corpus) -> None:
    texts = [document.text for document in other]
    assert list(corpus.without(other)) == [document for document in corpus if document.text not in texts]
