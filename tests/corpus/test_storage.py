import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.corpus.documents import Corpus, Document
from byheart.corpus.readers import read
from byheart.corpus.storage import DOCUMENTS, HEADER, load, save
from byheart.errors import FormatError, StorageError

CORPUS = Corpus((Document("a", "über\r\nalles\n", "folder"), Document("b", ""), Document("\udcff", "\x00\u2028")))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.text(max_size=5), TEXTS), max_size=5))
def test_a_corpus_comes_back_as_it_was(pairs: list[tuple[str, str]]) -> None:
    corpus = Corpus(tuple(Document(name, text) for name, text in pairs))
    with tempfile.TemporaryDirectory() as folder:
        save(corpus, Path(folder))
        assert load(Path(folder)) == corpus


def test_a_saved_corpus_goes_over_an_older_one(tmp_path: Path) -> None:
    save(Corpus((Document("old", "old"),)), tmp_path / "new" / "folder")
    save(CORPUS, tmp_path / "new" / "folder")
    assert load(tmp_path / "new" / "folder") == CORPUS
    assert sorted(p.name for p in (tmp_path / "new" / "folder").iterdir()) == [HEADER, DOCUMENTS]


def test_equal_corpora_give_equal_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        save(CORPUS, tmp_path / name)
    for file in (HEADER, DOCUMENTS):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_the_documents_are_ordinary_json_lines(tmp_path: Path) -> None:
    corpus = Corpus((Document("a", "x"), Document("b", "y")))
    save(corpus, tmp_path)
    assert read(str(tmp_path / DOCUMENTS)).fingerprint == corpus.fingerprint


def test_no_flipped_bit_changes_what_is_loaded(tmp_path: Path) -> None:
    save(CORPUS, tmp_path)
    whole = (tmp_path / DOCUMENTS).read_bytes()
    num_noticed = 0
    for place in range(8 * len(whole)):
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << place % 8
        (tmp_path / DOCUMENTS).write_bytes(damaged)
        try:
            assert load(tmp_path) == CORPUS
        except FormatError:
            num_noticed += 1
    # Zstandard leaves a few bits without a meaning.
    assert num_noticed > 0.95 * 8 * len(whole)


def test_every_cut_is_noticed(tmp_path: Path) -> None:
    save(CORPUS, tmp_path)
    whole = (tmp_path / DOCUMENTS).read_bytes()
    for length in range(len(whole)):
        (tmp_path / DOCUMENTS).write_bytes(whole[:length])
        with pytest.raises(FormatError, match="cannot be used"):
            load(tmp_path)


def test_documents_of_another_corpus_are_noticed(tmp_path: Path) -> None:
    save(CORPUS, tmp_path / "one")
    save(Corpus((Document("a", "x"),)), tmp_path / "two")
    (tmp_path / "one" / DOCUMENTS).write_bytes((tmp_path / "two" / DOCUMENTS).read_bytes())
    with pytest.raises(FormatError, match="fingerprint"):
        load(tmp_path / "one")


@pytest.mark.parametrize("change", [{"version": 2}, {"format": "other"}])
def test_a_header_of_another_format_or_version_is_refused(change: dict[str, object], tmp_path: Path) -> None:
    save(CORPUS, tmp_path)
    header = json.loads((tmp_path / HEADER).read_text())
    (tmp_path / HEADER).write_text(json.dumps(header | change))
    with pytest.raises(FormatError, match=next(iter(change))):
        load(tmp_path)


def test_a_folder_without_a_header_is_incomplete(tmp_path: Path) -> None:
    save(CORPUS, tmp_path)
    (tmp_path / HEADER).unlink()
    with pytest.raises(FormatError, match="cut off"):
        load(tmp_path)


def test_a_document_of_another_shape_is_named(tmp_path: Path) -> None:
    import zstandard

    save(CORPUS, tmp_path)
    content = b'{"name": "a", "text": "b"}\n{"name": "a", "body": "b"}\n'
    (tmp_path / DOCUMENTS).write_bytes(zstandard.compress(content))
    with pytest.raises(FormatError, match="Document 2 is not"):
        load(tmp_path)


def test_a_place_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        save(CORPUS, tmp_path / "file")
