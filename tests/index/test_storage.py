import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from byheart.core.codec import dumps
from byheart.errors import FingerprintError, FormatError, InputError, SourceError, StorageError
from byheart.index import Index
from byheart.index.storing import stamps
from byheart.index.storing.shard_folder import FILES, HEADER, self_hashed

DATA = [f"shard-00001/{name}" for name in sorted(FILES)]
NAMES = ["a.py", "b\n\udc80\u202e.py", "c"]


def small(shard_symbols: int = 6, tokenizer_fingerprint: str | None = "abc") -> Index:
    return Index.build(
        [np.array([1, 0, 1]), np.array([], dtype=np.int32), np.array([1, 0])],
        NAMES,
        unit="tokens",
        alphabet_size=300,
        tokenizer_fingerprint=tokenizer_fingerprint,
        shard_symbols=shard_symbols,
    )


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr(stamps, "cache_folder", lambda: cache)
    monkeypatch.setattr(stamps, "SETTLED_SECONDS", 0.2)
    return cache


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    small().save(tmp_path / "idx")
    return tmp_path / "idx"


@pytest.fixture
def settled(folder: Path) -> Path:
    """The folder some time after it was written."""
    wait_until_settled(folder)
    return folder


def wait_until_settled(folder: Path) -> None:
    newest = max(path.stat().st_ctime for path in folder.rglob("*"))
    while time.time() - newest < stamps.SETTLED_SECONDS + 0.05:
        time.sleep(0.05)


def changed(path: Path, position: int = -1) -> None:
    raw = bytearray(path.read_bytes())
    raw[position] ^= 1
    path.write_bytes(raw)


def test_a_saved_index_opens_as_it_was(folder: Path) -> None:
    built, opened = small(), Index.open(folder)
    assert len(opened.shards) == 2
    assert opened.fingerprint == built.fingerprint == small(shard_symbols=100).fingerprint
    assert list(opened.document_names) == NAMES
    for field in ("unit", "alphabet_size", "separator", "num_documents", "num_symbols", "size_bytes"):
        assert getattr(opened, field) == getattr(built, field)
    assert opened.tokenizer_fingerprint == "abc"
    assert opened.count(np.array([1, 0])) == 2
    assert opened.longest_matches(np.array([0, 1, 0])).lengths.tolist() == [2, 2, 1]
    assert Index.verify(folder) == []


def test_nothing_but_the_index_is_left_in_the_parent(folder: Path) -> None:
    assert [path.name for path in folder.parent.iterdir()] == ["idx"]
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "shard-00000", "shard-00001"]
    assert {path.name for path in (folder / "shard-00000").iterdir()} == {*FILES, HEADER}


def test_the_bytes_on_disk_are_these(tmp_path: Path) -> None:
    small(shard_symbols=100).save(tmp_path / "idx")
    shard = tmp_path / "idx" / "shard-00000"
    assert (shard / "text.bin").read_bytes() == np.array([65535, 1, 0, 1, 65535, 65535, 1, 0, 65535], "<u2").tobytes()
    assert (shard / "suffix_array.bin").read_bytes() == np.array([2, 7, 1, 6, 3, 8, 0, 5, 4], "<i4").tobytes()
    assert (shard / "first_symbol.bin").read_bytes() == np.array([0, 2] + [5] * 299, "<i8").tobytes()
    assert (shard / "document_offsets.bin").read_bytes() == np.array([1, 5, 6, 9], "<i8").tobytes()
    encoded = [name.encode("utf-8", "surrogatepass") for name in NAMES]
    assert (shard / "names.bin").read_bytes() == b"".join(encoded)
    ends = np.cumsum([0, *map(len, encoded)])
    assert (shard / "name_offsets.bin").read_bytes() == ends.astype("<i8").tobytes()
    assert (shard / "document_digests.bin").stat().st_size == 3 * 32


def test_the_manifest_is_this_to_the_byte(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_bytes())
    entries = [
        {"folder": f"shard-0000{i}", "num_documents": documents, "num_symbols": symbols, "blake3": header["blake3"]}
        for i, (documents, symbols) in enumerate([(2, 3 + 0 + 3), (1, 2 + 2)])
        if (header := json.loads((folder / f"shard-0000{i}" / HEADER).read_bytes()))
    ]
    expected = {
        "format": "byheart index",
        "version": 2,
        "unit": "tokens",
        "alphabet_size": 300,
        "tokenizer_fingerprint": "abc",
        "normalisation": "none",
        "dtype": "uint16",
        "num_documents": 3,
        "num_symbols": 3 + 0 + 2 + (3 + 1),
        "fingerprint": small().fingerprint,
        "shards": entries,
        "files": {},
        "builds": [],
    }
    assert (folder / "manifest.json").read_bytes() == self_hashed(expected)
    assert dumps({**expected, "blake3": manifest["blake3"]}).encode() + b"\n" == self_hashed(expected)


def test_saving_an_opened_index_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    Index.open(folder).save(tmp_path / "copy")
    for path in folder.rglob("*.*"):
        assert (tmp_path / "copy" / path.relative_to(folder)).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("name", DATA)
def test_a_flipped_bit_is_found_by_name_and_nothing_is_answered(folder: Path, name: str) -> None:
    changed(folder / name)
    assert Index.verify(folder) == [name]
    with pytest.raises(FormatError, match=name.rpartition("/")[2]) as caught:
        Index.open(folder)
    assert caught.value.exit_code == 6


@pytest.mark.parametrize("name", DATA)
def test_a_truncated_or_missing_file_is_refused(folder: Path, name: str) -> None:
    raw = (folder / name).read_bytes()
    (folder / name).write_bytes(raw[:-1])
    with pytest.raises(FormatError, match=name):
        Index.open(folder)
    (folder / name).unlink()
    with pytest.raises(FormatError, match="missing"):
        Index.open(folder)
    assert Index.verify(folder) == [name]


def test_what_was_found_whole_is_not_read_again_until_it_changes(
    settled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def note(path: Path, header: dict[str, object]) -> list[str]:
        read.append(path.name)
        return []

    monkeypatch.setattr("byheart.index.storing.folder.differing_files", note)
    for _ in range(3):
        Index.open(settled)
    assert read == ["shard-00000", "shard-00001"]
    os.utime(settled / "shard-00001" / "text.bin")
    Index.open(settled)
    assert read == ["shard-00000", "shard-00001"] * 2


def test_a_change_that_keeps_size_and_time_is_found(settled: Path) -> None:
    Index.open(settled)
    path = settled / "shard-00000" / "text.bin"
    before = path.stat()
    changed(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(FormatError, match=r"text\.bin"):
        Index.open(settled)


def test_what_was_just_written_is_not_trusted(folder: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stamps, "SETTLED_SECONDS", 60)
    Index.open(folder)
    assert list(own_cache.iterdir()) == []


def test_without_a_cache_folder_an_index_opens_all_the_same(settled: Path, own_cache: Path) -> None:
    (own_cache / "whole").write_text("a file stands in its place")
    for _ in range(2):
        assert Index.open(settled).num_documents == 3


@pytest.mark.parametrize(
    ("name", "before", "after", "why"),
    [
        ("manifest.json", '"alphabet_size":300', '"alphabet_size":301', "hash"),
        ("manifest.json", '"version":2', '"version":3', "version 3"),
        ("manifest.json", '"format":"byheart index"', '"format":"other"', "byheart index"),
        ("manifest.json", "{", "[", "manifest.json"),
        ("shard-00001/header.json", '"num_documents":1', '"num_documents":2', "hash"),
        ("shard-00001/header.json", "{", "[", "header.json"),
    ],
)
def test_a_changed_manifest_or_header_is_refused(folder: Path, name: str, before: str, after: str, why: str) -> None:
    path = folder / name
    path.write_text(path.read_text().replace(before, after, 1))
    with pytest.raises(FormatError, match=why):
        Index.open(folder)
    assert Index.verify(folder) == [name]


def test_a_shard_of_another_index_is_refused(folder: Path, tmp_path: Path) -> None:
    other = Index.build([np.array([1, 1])], ["c"], unit="tokens", alphabet_size=300)
    other.save(tmp_path / "other")
    for path in (tmp_path / "other" / "shard-00000").iterdir():
        path.rename(folder / "shard-00001" / path.name)
    with pytest.raises(FormatError, match="not the header that the manifest names"):
        Index.open(folder)


def rehashed(path: Path, **changes: object) -> None:
    content = json.loads(path.read_bytes())
    del content["blake3"]
    path.write_bytes(self_hashed({**content, **changes}))


def test_numbers_that_contradict_the_arrays_are_refused_though_every_hash_is_right(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_bytes())
    manifest["shards"][1]["num_documents"] = 2
    rehashed(folder / "manifest.json", shards=manifest["shards"])
    with pytest.raises(FormatError, match="contradict each other"):
        Index.open(folder)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("suffix_array", np.array([1, 2, 9, 0], "<i4"), "not a permutation"),
        ("first_symbol", np.array([0, 1, 99] + [99] * 298, "<i8"), "first symbols"),
        ("document_offsets", np.array([2, 4], "<i8"), "documents overlap"),
        ("text", np.array([65535, 1, 0, 0], "<u2"), "separator"),
        ("name_offsets", np.array([0, 2], "<i8"), "names overlap"),
    ],
)
def test_arrays_that_would_lead_a_search_outside_are_refused(
    folder: Path, name: str, content: np.ndarray[tuple[int], np.dtype[np.int64]], why: str
) -> None:
    from blake3 import blake3

    shard = folder / "shard-00001"
    header, manifest = json.loads((shard / HEADER).read_bytes()), json.loads((folder / "manifest.json").read_bytes())
    (shard / f"{name}.bin").write_bytes(content.tobytes())
    assert header["files"][f"{name}.bin"]["bytes"] == content.nbytes
    header["files"][f"{name}.bin"]["blake3"] = blake3(content.tobytes()).hexdigest()
    rehashed(shard / HEADER, files=header["files"])
    manifest["shards"][1]["blake3"] = json.loads((shard / HEADER).read_bytes())["blake3"]
    rehashed(folder / "manifest.json", shards=manifest["shards"])
    with pytest.raises(FormatError, match=why):
        Index.open(folder)


@pytest.mark.parametrize("change", [{"bytes": 8}, {"dtype": "int8"}])
def test_a_crafted_table_of_prefixes_is_refused_by_opening_and_by_verify(
    folder: Path, change: dict[str, object]
) -> None:
    from blake3 import blake3

    shard = folder / "shard-00000"
    header, manifest = json.loads((shard / HEADER).read_bytes()), json.loads((folder / "manifest.json").read_bytes())
    entry = header["files"]["sampled_prefixes.bin"]
    raw = (shard / "sampled_prefixes.bin").read_bytes() * 2 if "bytes" in change else b"\0" * entry["bytes"]
    (shard / "sampled_prefixes.bin").write_bytes(raw)
    entry |= change | {"bytes": len(raw), "blake3": blake3(raw).hexdigest()}
    rehashed(shard / HEADER, files=header["files"])
    manifest["shards"][0]["blake3"] = json.loads((shard / HEADER).read_bytes())["blake3"]
    rehashed(folder / "manifest.json", shards=manifest["shards"])
    with pytest.raises(FormatError):
        Index.open(folder)
    assert Index.verify(folder) != []


@pytest.mark.parametrize(
    "changes",
    [
        {"shards": None},
        {"shards": ["x"]},
        {"shards": []},
        {"shards": [{"folder": "/tmp", "num_documents": 3, "num_symbols": 4, "blake3": ""}]},
        {"files": [1]},
        {"files": {"../outside": {"bytes": 1, "blake3": ""}}},
        {"builds": None},
        {"unit": []},
        {"alphabet_size": 0},
        {"alphabet_size": 100},
        {"normalisation": "words"},
        {"num_documents": 7},
    ],
)
def test_a_manifest_that_byheart_would_not_write_is_refused_by_opening_and_by_verify(
    folder: Path, changes: dict[str, object]
) -> None:
    rehashed(folder / "manifest.json", **changes)
    with pytest.raises(FormatError):
        Index.open(folder)
    assert Index.verify(folder) == ["manifest.json"]


@pytest.mark.parametrize("name", ["manifest.json", "shard-00000/header.json"])
def test_not_even_a_last_line_feed_may_be_missing(folder: Path, name: str) -> None:
    (folder / name).write_bytes((folder / name).read_bytes()[:-1])
    with pytest.raises(FormatError):
        Index.open(folder)
    assert Index.verify(folder) == [name]


def test_an_index_of_another_tokenizer_is_refused_when_asked_for_one(folder: Path) -> None:
    assert Index.open(folder, tokenizer_fingerprint="abc").num_documents == 3
    with pytest.raises(FingerprintError, match="another tokenizer"):
        Index.open(folder, tokenizer_fingerprint="abd")


def test_an_index_of_version_1_is_to_be_built_again(tmp_path: Path) -> None:
    (tmp_path / "header.json").write_text('{"format":"byheart index","version":1}')
    with pytest.raises(FormatError, match="version 1") as caught:
        Index.open(tmp_path)
    assert "again" in caught.value.next_step


def test_names_are_decoded_when_they_are_asked_for(tmp_path: Path) -> None:
    names = [f"document {i}" for i in range(20_000)]
    Index.build([np.array([0])] * len(names), names, unit="bytes", alphabet_size=2).save(tmp_path / "idx")
    opened = Index.open(tmp_path / "idx").document_names
    assert (len(opened), opened[17_000], opened[-1]) == (20_000, "document 17000", "document 19999")
    with pytest.raises(IndexError):
        _ = opened[20_000]


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
        Index.build(document, ["x"], unit="tokens", alphabet_size=2, normalisation="words").fingerprint,
        Index.build([np.array([0, 1])], ["x"], unit="tokens", alphabet_size=2).fingerprint,
    }
    assert len(variants) == 7
    assert small().fingerprint == small().fingerprint


def test_names_and_documents_must_correspond() -> None:
    with pytest.raises(InputError, match="name"):
        Index.build([np.array([0])], [], unit="bytes", alphabet_size=256)


def test_importing_the_room_is_light() -> None:
    heavy = "numba", "scipy", "pyarrow", "torch", "pydivsufsort"
    code = f"import byheart.index, sys; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
