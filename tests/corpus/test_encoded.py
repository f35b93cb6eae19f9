import pytest

from byheart.corpus.documents import Corpus, Document
from byheart.corpus.encoded import encode_corpus
from byheart.corpus.tokenizer import Tokenizer

CORPUS = Corpus((Document("a", "über alles\n"), Document("b", ""), Document("c", "alles")))


def test_every_document_keeps_its_name_and_its_bytes() -> None:
    tokenizer = Tokenizer.train(CORPUS, 300)
    seen: list[float] = []
    encoded = encode_corpus(CORPUS, tokenizer, on_progress=lambda stage, done, total, note="": seen.append(done))
    assert [document.name for document in encoded] == ["a", "b", "c"]
    assert [document.num_bytes for document in encoded] == [12, 0, 5]
    assert encoded.num_bytes == CORPUS.num_bytes == 12 + 5
    assert encoded.num_tokens == sum(len(tokenizer.encode(document.text)) for document in CORPUS)
    assert [tokenizer.decode(document.token_ids) for document in encoded] == [d.text for d in CORPUS]
    assert encoded.tokenizer_fingerprint == tokenizer.fingerprint
    assert seen[-1] == len(encoded) == 3


def test_a_long_corpus_is_encoded_in_batches_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("byheart.corpus.tokenizer._CHARACTERS_PER_BATCH", 100)
    corpus = Corpus(tuple(Document(f"{i}", f"word{i} " * 4 * (i + 1)) for i in range(10)))
    words = Tokenizer.words(corpus)
    seen: list[float] = []
    encoded = encode_corpus(corpus, words, on_progress=lambda stage, done, total, note="": seen.append(done))
    for i, document in enumerate(encoded):
        assert words.decode(document.token_ids) == " ".join([f"word{i}"] * 4 * (i + 1))
    assert seen == sorted(set(seen))
    assert 2 < len(seen) <= len(corpus)
    assert seen[-1] == len(corpus)
