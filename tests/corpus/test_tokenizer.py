import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import decoders, models, normalizers, pre_tokenizers

from byheart.corpus.documents import Corpus, Document
from byheart.corpus.encoding import byte_ends_from_characters
from byheart.corpus.end_token import END
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import InputError, SourceError

CORPUS = Corpus(
    (
        Document("a", "def sum(values):\n    return values[0] + sum(values[1:])\n" * 5),
        Document("b", "die größte Übung 😀😀 über alles <|endoftext|> 12 345\n" * 5),
    )
)
BYTE_LEVEL = Tokenizer.train(CORPUS, 350)
WORDS = Tokenizer.words(CORPUS)


def byte_ends_by_definition(character_ends: list[int], text: str) -> list[int]:
    ends = [len(text[: max(character_ends[: t + 1])].encode()) for t in range(len(character_ends))]
    return [*ends[:-1], len(text.encode())] if ends else []


TEXTS = st.text(
    st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("aé😀 \n\r\t\x00\u0301\u2028sum")), max_size=40
)


@settings(deadline=None)
@given(TEXTS)
def test_byte_level_tokens_give_the_text_back(text: str) -> None:
    assert BYTE_LEVEL.decode(BYTE_LEVEL.encode(text).token_ids) == text


@settings(deadline=None)
@given(TEXTS)
def test_the_bytes_of_all_tokens_are_the_bytes_of_the_text(text: str) -> None:
    ends = BYTE_LEVEL.encode(text).byte_ends
    assert int(np.diff(ends, prepend=0).sum()) == len(text.encode())
    assert (np.diff(ends, prepend=0) >= 0).all()


@settings(deadline=None)
@given(TEXTS)
def test_each_byte_end_cuts_the_text_where_its_tokens_end(text: str) -> None:
    encoding = BYTE_LEVEL.encode(text)
    content = text.encode()
    for t, end in enumerate(encoding.byte_ends):
        written = BYTE_LEVEL.decode(encoding.token_ids[: t + 1]).rstrip("\N{REPLACEMENT CHARACTER}")
        consumed = content[:end].decode()
        # A token inside a character is charged with all of it, so at most one character more is consumed than written.
        assert consumed.startswith(written)
        assert len(consumed.rstrip("\N{REPLACEMENT CHARACTER}")) - len(written) <= 1


@settings(deadline=None)
@given(st.data(), TEXTS)
def test_byte_ends_equal_their_definition(data: st.DataObject, text: str) -> None:
    ends = data.draw(st.lists(st.integers(0, len(text)), max_size=10))
    result = byte_ends_from_characters(np.array(ends, dtype=np.int64), text)
    assert result.tolist() == byte_ends_by_definition(ends, text)


def test_byte_ends_hold_for_a_tokenizer_that_changes_and_drops_characters() -> None:
    backend = tokenizers.Tokenizer(models.WordLevel({"</s>": 0, "?": 1, "uber": 2, "alles": 3}, unk_token="?"))
    backend.normalizer = normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase()])
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    encoding = Tokenizer(backend, 0).encode("  Über  alles ")
    assert encoding.token_ids.tolist() == [2, 3]
    assert encoding.byte_ends.tolist() == [2 + 5, 2 + 5 + 2 + 5 + 1]


def test_byte_ends_hold_for_a_tokenizer_of_the_llama_kind() -> None:
    byte_tokens = {f"<0x{byte:02X}>": 4 + byte for byte in range(256)}
    backend = tokenizers.Tokenizer(
        models.BPE({"<unk>": 0, "</s>": 1, "▁": 2, "a": 3, **byte_tokens}, [], unk_token="<unk>", byte_fallback=True)
    )
    backend.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    backend.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer = Tokenizer(backend, 1)
    encoding = tokenizer.encode("a 😀</s>")
    assert encoding.token_ids.tolist() == [2, 3, 2, *(4 + byte for byte in "😀</s>".encode())]
    assert encoding.byte_ends.tolist() == [1, 1, 1 + 1, *([2 + 4] * 4), *(6 + i for i in (1, 2, 3, 4))]
    assert tokenizer.decode(encoding.token_ids) == "a 😀</s>"


def test_many_texts_are_encoded_as_each_by_itself() -> None:
    texts = [document.text for document in CORPUS] * 3 + ["", "é"]
    for text, encoding in zip(texts, BYTE_LEVEL.encode_many(texts), strict=True):
        alone = BYTE_LEVEL.encode(text)
        assert encoding.token_ids.tolist() == alone.token_ids.tolist()
        assert encoding.byte_ends.tolist() == alone.byte_ends.tolist()


def test_ids_alone_are_those_of_the_whole_encoding() -> None:
    texts = [document.text for document in CORPUS] + ["", "é 😀", "<|endoftext|>"]
    for tokenizer in (BYTE_LEVEL, Tokenizer.words(CORPUS)):
        whole = tokenizer.encode_many(texts)
        for one, ids in zip(whole, tokenizer.token_ids_many(texts), strict=True):
            assert ids.tolist() == one.token_ids.tolist()


def test_no_texts_and_the_empty_text_have_no_tokens() -> None:
    assert BYTE_LEVEL.encode_many([]) == []
    assert BYTE_LEVEL.token_ids_many([]) == []
    assert len(BYTE_LEVEL.encode("")) == 0
    assert BYTE_LEVEL.decode(np.array([], dtype=np.int32)) == ""


def test_text_that_looks_like_the_end_token_is_ordinary_text() -> None:
    encoding = BYTE_LEVEL.encode(f"a{END}b")
    assert BYTE_LEVEL.end_id not in encoding.token_ids
    assert BYTE_LEVEL.decode(encoding.token_ids) == f"a{END}b"


def test_the_end_token_is_id_0_and_not_part_of_decoded_text() -> None:
    assert BYTE_LEVEL.end_id == 0
    inner = BYTE_LEVEL.encode("sum").token_ids
    assert BYTE_LEVEL.decode(np.concatenate(([0], inner, [0])).astype(np.int32)) == "sum"


def test_digits_are_tokens_of_their_own() -> None:
    assert len(BYTE_LEVEL.encode("345")) == 3


def test_training_twice_gives_the_same_file(tmp_path: Path) -> None:
    for name in ("one", "two"):
        Tokenizer.train(CORPUS, 350).save(tmp_path / name)
    one, two = ((tmp_path / name / "tokenizer.json").read_bytes() for name in ("one", "two"))
    assert one == two


def test_training_reports_the_bytes_read() -> None:
    seen: list[float] = []
    Tokenizer.train(CORPUS, 300, on_progress=lambda stage, done, total, note="": seen.append(done / total))
    assert seen == [CORPUS.documents[0].num_bytes / CORPUS.num_bytes, 1.0]


def test_another_vocabulary_has_another_fingerprint() -> None:
    assert Tokenizer.train(CORPUS, 300).fingerprint != BYTE_LEVEL.fingerprint


def test_a_vocabulary_smaller_than_the_bytes_is_refused() -> None:
    with pytest.raises(InputError, match="vocabulary_size=256"):
        Tokenizer.train(CORPUS, 256)


def test_an_empty_corpus_trains_the_bytes_alone() -> None:
    assert Tokenizer.train(Corpus(()), 1000).vocabulary_size == 1 + 256


@pytest.mark.parametrize("tokenizer", [BYTE_LEVEL, WORDS], ids=["byte level", "words"])
def test_a_saved_tokenizer_comes_back_equal(tokenizer: Tokenizer, tmp_path: Path) -> None:
    tokenizer.save(tmp_path)
    for again in (Tokenizer.from_folder(tmp_path), Tokenizer.from_file(tmp_path / "tokenizer.json")):
        assert again.fingerprint == tokenizer.fingerprint
        assert again.end_id == tokenizer.end_id
        assert again.vocabulary_size == tokenizer.vocabulary_size
        assert again.unknown_id == tokenizer.unknown_id
        text = f"sum über {END} ["
        assert again.encode(text).token_ids.tolist() == tokenizer.encode(text).token_ids.tolist()


def test_transformers_reads_a_saved_tokenizer(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    BYTE_LEVEL.save(tmp_path)
    other = transformers.AutoTokenizer.from_pretrained(tmp_path)
    text = "def größe(x):\n    return 'é😀 12'\n"
    ids = BYTE_LEVEL.encode(text).token_ids.tolist()
    assert other(text)["input_ids"] == ids
    assert other.decode(ids) == text
    assert other.eos_token_id == BYTE_LEVEL.end_id


def test_words_are_numbered_by_count_and_then_by_text() -> None:
    words = Tokenizer.words(Corpus((Document("a", "b a\tb\r\nc  <unk>"), Document("b", "a\x00b\x0bd\u00a0e"))))
    ids = words.encode("b a c d\u00a0e new <unk> <|end of text|>").token_ids.tolist()
    assert ids == [2, 3, 4, 5, 1, 1, 1, 1, 1]
    assert (words.end_id, words.unknown_id, words.vocabulary_size) == (0, 1, 6)


def test_words_know_where_they_end() -> None:
    assert WORDS.encode(" größte  new \n").byte_ends.tolist() == [1 + 8, 1 + 8 + 2 + 3 + 2]


def test_words_are_written_with_blanks_between() -> None:
    assert WORDS.decode(WORDS.encode("über\n\nalles").token_ids) == "über alles"


def test_a_lone_surrogate_cannot_be_encoded() -> None:
    with pytest.raises(InputError, match="surrogate"):
        BYTE_LEVEL.encode("a\ud800")
    with pytest.raises(InputError, match="surrogate"):
        BYTE_LEVEL.token_ids_many(["a\ud800"])


@pytest.mark.parametrize("token_id", [-1, 350])
def test_ids_outside_the_vocabulary_are_refused(token_id: int) -> None:
    with pytest.raises(InputError, match="outside the vocabulary"):
        BYTE_LEVEL.decode(np.array([1, token_id], dtype=np.int32))


def foreign(folder: Path, words: list[str], special: list[str]) -> None:
    backend = tokenizers.Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token=words[0]))
    backend.add_special_tokens(special)
    backend.enable_truncation(1)
    backend.enable_padding(length=9)
    backend.save(str(folder / "tokenizer.json"))


HINTS: list[tuple[str, object, int]] = [
    ("tokenizer_config.json", {"eos_token": "<eos>"}, 2),
    ("tokenizer_config.json", {"eos_token": {"content": "<eos>"}}, 2),
    ("special_tokens_map.json", {"eos_token": "<eos>"}, 2),
    ("generation_config.json", {"eos_token_id": [3, 2]}, 3),
    ("config.json", {"eos_token_id": 3}, 3),
    ("config.json", {"eos_token_id": None}, 1),
    ("tokenizer_config.json", ["eos_token"], 1),
    ("tokenizer_config.json", {"eos_token": "<absent>"}, 1),
]


@pytest.mark.parametrize(("file", "content", "end_id"), HINTS)
def test_the_end_token_follows_the_hints(file: str, content: object, end_id: int, tmp_path: Path) -> None:
    foreign(tmp_path, ["?", "</s>", "<eos>", "<turn>"], ["<eos>"])
    (tmp_path / file).write_text(json.dumps(content))
    assert Tokenizer.from_folder(tmp_path).end_id == end_id


def test_a_special_endoftext_goes_before_the_hints(tmp_path: Path) -> None:
    foreign(tmp_path, ["?", "</s>", "<eos>", END], [END])
    (tmp_path / "tokenizer_config.json").write_text('{"eos_token": "<eos>"}')
    assert Tokenizer.from_folder(tmp_path).end_id == 3


def test_an_ordinary_endoftext_does_not(tmp_path: Path) -> None:
    foreign(tmp_path, ["?", "</s>", "<eos>", END], [])
    (tmp_path / "tokenizer_config.json").write_text('{"eos_token": "<eos>"}')
    assert Tokenizer.from_folder(tmp_path).end_id == 2


def test_truncation_and_padding_of_a_foreign_tokenizer_are_switched_off(tmp_path: Path) -> None:
    foreign(tmp_path, ["?", "</s>", "a"], [])
    backend = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    backend.save(str(tmp_path / "tokenizer.json"))
    assert Tokenizer.from_folder(tmp_path).encode("a a a").token_ids.tolist() == [2, 2, 2]


def no_end(folder: Path) -> None:
    foreign(folder, ["?", "a"], [])


def not_json(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{]")


def not_utf8(folder: Path) -> None:
    (folder / "tokenizer.json").write_bytes(b"\xff")


def missing(folder: Path) -> None:
    assert not list(folder.iterdir())


@pytest.mark.parametrize("damage", [no_end, not_json, not_utf8, missing])
def test_an_unusable_tokenizer_is_an_unreadable_source(damage: Callable[[Path], None], tmp_path: Path) -> None:
    damage(tmp_path)
    with pytest.raises(SourceError, match=r"tokenizer\.json"):
        Tokenizer.from_folder(tmp_path)
