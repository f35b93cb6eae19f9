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


def test_a_long_corpus_is_encoded_in_batches_without_a_seam() -> None:
    corpus = Corpus(tuple(Document(f"{i}", f"word{i} " * 200_000) for i in range(6)))
    words = Tokenizer.words(corpus)
    seen: list[float] = []
    encoded = encode_corpus(corpus, words, on_progress=lambda stage, done, total, note="": seen.append(done / total))
    assert [(document.num_tokens, int(document.token_ids[0])) for document in encoded] == [
        (200_000, 2 + i) for i in range(6)
    ]
    assert len(seen) > 1
    assert seen[-1] == 1.0
