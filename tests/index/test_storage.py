import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from byheart.errors import FormatError, InputError, SourceError, StorageError
from byheart.index import Index

FILES = [
    "document_names.jsonl",
    "document_offsets.bin",
    "first_symbol.bin",
    "suffix_array.bin",
    "text.bin",
]


def small(tokenizer_fingerprint: str | None = "abc") -> Index:
    return Index.build(
        [np.array([1, 0, 1]), np.array([], dtype=np.int32), np.array([1, 0])],
        ["a.py", "b\n\udc80\u202e.py", "c"],
        unit="tokens",
        alphabet_size=300,
        tokenizer_fingerprint=tokenizer_fingerprint,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    small().save(tmp_path / "idx")
    return tmp_path / "idx"


def test_a_saved_index_opens_as_it_was(folder: Path) -> None:
    built, opened = small(), Index.open(folder)
    assert opened.fingerprint == built.fingerprint
    assert opened.document_names == list(built.document_names)
    for field in ("unit", "alphabet_size", "separator", "num_documents", "num_symbols", "size_bytes"):
        assert getattr(opened, field) == getattr(built, field)
    assert opened.tokenizer_fingerprint == "abc"
    assert opened.count(np.array([1, 0])) == 2
    assert opened.longest_matches(np.array([0, 1, 0])).lengths.tolist() == [2, 2, 1]
    assert Index.verify(folder) == []


def test_nothing_but_the_index_is_left_in_the_parent(folder: Path) -> None:
    assert [path.name for path in folder.parent.iterdir()] == ["idx"]
    assert sorted(path.name for path in folder.iterdir()) == sorted([*FILES, "header.json"])


def test_the_bytes_on_disk_are_these(folder: Path) -> None:
    assert (folder / "text.bin").read_bytes() == np.array([65535, 1, 0, 1, 65535, 65535, 1, 0, 65535], "<u2").tobytes()
    assert (folder / "suffix_array.bin").read_bytes() == np.array([2, 7, 1, 6, 3, 8, 0, 5, 4], "<i4").tobytes()
    assert (folder / "document_offsets.bin").read_bytes() == np.array([1, 5, 6, 9], "<i8").tobytes()
    assert (folder / "document_names.jsonl").read_bytes() == b'"a.py"\n"b\\n\\udc80\\u202e.py"\n"c"\n'


def test_saving_an_opened_index_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    Index.open(folder).save(tmp_path / "copy")
    for path in folder.iterdir():
        assert (tmp_path / "copy" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_is_found_by_name(folder: Path, name: str) -> None:
    raw = bytearray((folder / name).read_bytes())
    raw[-1] ^= 1
    (folder / name).write_bytes(raw)
    assert Index.verify(folder) == [name]


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_or_missing_file_is_refused_at_once(folder: Path, name: str) -> None:
    raw = (folder / name).read_bytes()
    (folder / name).write_bytes(raw[:-1])
    with pytest.raises(FormatError, match=name) as caught:
        Index.open(folder)
    assert caught.value.exit_code == 6
    (folder / name).unlink()
    with pytest.raises(FormatError, match="missing"):
        Index.open(folder)
    assert Index.verify(folder) == [name]


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ('"alphabet_size":300', '"alphabet_size":301', "hash"),
        ('"version":1', '"version":2', "version 2"),
        ('"format":"byheart index"', '"format":"other"', "not the header"),
        ("{", "[", "header.json"),
    ],
)
def test_a_changed_header_is_refused(folder: Path, before: str, after: str, why: str) -> None:
    path = folder / "header.json"
    path.write_text(path.read_text().replace(before, after, 1))
    with pytest.raises(FormatError, match=why):
        Index.open(folder)
    assert Index.verify(folder) == ["header.json"]


def test_a_header_without_its_hash_is_refused(folder: Path) -> None:
    path = folder / "header.json"
    header = json.loads(path.read_text())
    del header["blake3"]
    path.write_text(json.dumps(header))
    with pytest.raises(FormatError, match="hash"):
        Index.open(folder)


def test_an_index_is_never_written_over_something(folder: Path) -> None:
    with pytest.raises(StorageError, match="exists already"):
        small().save(folder)
    assert Index.verify(folder) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match="could not be written"):
        small().save(tmp_path / "file" / "idx")


def test_a_missing_folder_is_a_missing_input(tmp_path: Path) -> None:
    for ask in (Index.open, Index.verify):
        with pytest.raises(SourceError):
            ask(tmp_path / "nothing")


def test_the_fingerprint_follows_text_names_and_tokenizer() -> None:
    document = [np.array([1, 0])]
    variants = {
        Index.build(document, ["x"], unit="tokens", alphabet_size=2).fingerprint,
        Index.build(document, ["y"], unit="tokens", alphabet_size=2).fingerprint,
        Index.build(document, ["x"], unit="tokens", alphabet_size=3).fingerprint,
        Index.build(document, ["x"], unit="bytes", alphabet_size=2).fingerprint,
        Index.build(document, ["x"], unit="tokens", alphabet_size=2, tokenizer_fingerprint="t").fingerprint,
        Index.build([np.array([0, 1])], ["x"], unit="tokens", alphabet_size=2).fingerprint,
    }
    assert len(variants) == 6
    assert small().fingerprint == small().fingerprint


def test_names_and_documents_must_correspond() -> None:
    with pytest.raises(InputError, match="name"):
        Index.build([np.array([0])], [], unit="bytes", alphabet_size=256)


def test_importing_the_room_is_light() -> None:
    heavy = "numba", "scipy", "pyarrow", "torch", "pydivsufsort"
    code = f"import byheart.index, sys; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
