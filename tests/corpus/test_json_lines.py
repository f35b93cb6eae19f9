import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zstandard

from byheart.corpus.documents import Document
from byheart.corpus.readers import Problem, UnreadableSourceError, read
from byheart.corpus.readers.json_lines import read_json_lines
from byheart.corpus.readers.kind import Limits, Options

Compress = Callable[[bytes], bytes]
ENDINGS: list[tuple[str, Compress]] = [
    (".jsonl", bytes),
    (".jsonl.gz", gzip.compress),
    (".jsonl.zst", zstandard.ZstdCompressor(write_checksum=True).compress),
]
COMPRESSED = ENDINGS[1:]


def parts(path: Path, **limits: int) -> tuple[list[Document], list[Problem]]:
    documents: list[Document] = []
    problems: list[Problem] = []
    for one in read_json_lines(path, Options(source=str(path), limits=Limits(**limits))):
        if isinstance(one, Document):
            documents.append(one)
        else:
            problems.append(one)
    return documents, problems


def record(text: str, **fields: object) -> bytes:
    return json.dumps({"text": text, **fields}).encode() + b"\n"


@pytest.mark.parametrize(("ending", "compress"), ENDINGS)
def test_every_line_is_a_document_with_a_name(ending: str, compress: Compress, tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + b"".join(
        [
            record("a\r\nü\x00", name="n", id="i"),
            record("b", name=3, id="i"),
            b" \n",
            record("c", path="p"),
            record("d", name=""),
        ]
    )
    path = tmp_path / ("x" + ending)
    path.write_bytes(compress(content.removesuffix(b"\n")))
    assert [(d.name, d.text, d.source) for d in read(str(path))] == [
        ("n", "a\r\nü\x00", str(path)),
        ("i", "b", str(path)),
        ("p", "c", str(path)),
        (f"x{ending}:5", "d", str(path)),
    ]


BAD_LINES = {
    b'{"text": "\xff"}': "not UTF-8",
    b'{"text": ': "not JSON",
    b"[1, 2]": "not a JSON object but a list",
    b'{"body": "a"}': "no field 'text'",
    b'{"text": 3}': "not a string but a number",
    b'{"text": null}': "not a string but null",
    b'{"text": true}': "not a string but a truth value",
    b'{"text": ""}': "empty",
    b'{"text": "\\ud800"}': "half a character",
    b'{"text": "a", "x": ' + b"[" * 200_000 + b"]" * 200_000 + b"}": "nested too deeply",
    b'{"text": "a", "x": ' + b"9" * 5_000 + b"}": "not JSON",
}


@pytest.mark.parametrize(("line", "what"), BAD_LINES.items(), ids=BAD_LINES.values())
def test_a_bad_line_is_named_and_the_others_are_kept(line: bytes, what: str, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(record("a") + line + b"\n" + record("c"))
    with pytest.raises(UnreadableSourceError) as caught:
        read(str(path))
    assert [document.text for document in caught.value.documents] == ["a", "c"]
    assert [problem.line for problem in caught.value.problems] == [2]
    assert f"{path}:2: " in str(caught.value)
    assert what in str(caught.value)
    assert [document.text for document in read(str(path), skip_bad=True)] == ["a", "c"]


@pytest.mark.parametrize(("ending", "compress"), ENDINGS)
@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_a_file_without_records_is_named(content: bytes, ending: str, compress: Compress, tmp_path: Path) -> None:
    path = tmp_path / ("x" + ending)
    path.write_bytes(compress(content))
    with pytest.raises(UnreadableSourceError, match="no text in this JSON lines file"):
        read(str(path), skip_bad=True)


def random_records(num: int) -> list[bytes]:
    rng = np.random.default_rng(5)
    return [record(rng.bytes(600).hex(), name=str(i)) for i in range(num)]


@pytest.mark.parametrize(("ending", "compress"), COMPRESSED)
def test_a_cut_off_file_gives_every_line_before_the_cut(ending: str, compress: Compress, tmp_path: Path) -> None:
    lines = random_records(300)
    whole = compress(b"".join(lines))
    path = tmp_path / ("x" + ending)
    path.write_bytes(whole[: len(whole) * 3 // 4])
    with pytest.raises(UnreadableSourceError) as caught:
        read(str(path))
    num_read = len(caught.value.documents)
    assert [d.name for d in caught.value.documents] == [str(i) for i in range(num_read)]
    # A zstd block is decoded as a whole: at most 128 KiB of text before the cut cannot be had.
    assert num_read >= 300 * 3 // 4 - (128 * 1024) // len(lines[0]) - 1
    assert [problem.line for problem in caught.value.problems] == [num_read + 1]
    assert "damaged or cut off" in str(caught.value)


@pytest.mark.parametrize(("ending", "compress"), COMPRESSED)
@pytest.mark.parametrize("missing_bytes", [1, 4])
def test_a_file_that_lacks_only_its_checksum_gives_all_lines(
    missing_bytes: int, ending: str, compress: Compress, tmp_path: Path
) -> None:
    path = tmp_path / ("x" + ending)
    path.write_bytes(compress(record("a") + record("b").removesuffix(b"\n"))[:-missing_bytes])
    documents, problems = parts(path)
    assert [document.text for document in documents] == ["a", "b"]
    assert [problem.line for problem in problems] == [2]


@pytest.mark.parametrize(("ending", "compress"), COMPRESSED)
def test_no_flipped_bit_of_a_compressed_file_goes_unnoticed(ending: str, compress: Compress, tmp_path: Path) -> None:
    whole = compress(b"".join(random_records(4)))
    path = tmp_path / ("x" + ending)
    path.write_bytes(whole)
    undamaged = parts(path)
    # The ten bytes of a gzip header hold a time and an operating system, which change nothing.
    places = range(10, len(whole), 97)
    num_noticed = 0
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        path.write_bytes(damaged)
        documents, problems = parts(path)
        assert problems or (documents, problems) == undamaged
        num_noticed += bool(problems)
    assert num_noticed > 0.9 * len(places)


@pytest.mark.parametrize(("ending", "compress"), COMPRESSED)
def test_several_compressed_members_are_one_file(ending: str, compress: Compress, tmp_path: Path) -> None:
    path = tmp_path / ("x" + ending)
    path.write_bytes(compress(record("a")) + compress(record("b")))
    assert [document.text for document in read(str(path))] == ["a", "b"]


def test_a_file_that_the_system_refuses_is_not_called_damaged(tmp_path: Path) -> None:
    documents, problems = parts(tmp_path / "absent.jsonl")
    assert documents == []
    assert [problem.what for problem in problems] == ["No such file or directory"]


def test_a_file_that_is_not_compressed_in_spite_of_its_name_is_named(tmp_path: Path) -> None:
    for name in ("x.jsonl.gz", "x.jsonl.zst"):
        (tmp_path / name).write_bytes(record("a"))
        with pytest.raises(UnreadableSourceError, match=rf"{name}:1: .*damaged"):
            read(str(tmp_path / name))


@pytest.mark.parametrize("length", [63, 64, 65])
def test_a_line_over_the_limit_is_passed_over(length: int, tmp_path: Path) -> None:
    head = len(record("")) - 1
    path = tmp_path / "x.jsonl"
    path.write_bytes(record("a") + record("b" * (length - head)) + record("c"))
    documents, problems = parts(path, line_bytes=64)
    is_read = length <= 64
    assert len(documents) == 2 + is_read
    assert [problem.line for problem in problems] == ([] if is_read else [2])


@pytest.mark.parametrize(("ending", "compress"), COMPRESSED)
def test_a_decompression_bomb_is_stopped(ending: str, compress: Compress, tmp_path: Path) -> None:
    path = tmp_path / ("x" + ending)
    path.write_bytes(compress(record("a") + b"\n" * (8 << 20)))
    documents, problems = parts(path, free_expansion_bytes=1 << 16, expansion_factor=1)
    assert [document.text for document in documents] == ["a"]
    assert "expand to more than" in problems[0].what


@pytest.mark.parametrize(("ending", "compress"), COMPRESSED)
def test_a_bomb_without_line_ends_is_never_held_in_memory(ending: str, compress: Compress, tmp_path: Path) -> None:
    path = tmp_path / ("x" + ending)
    path.write_bytes(compress(record("a") + b" " * (32 << 20) + b"\n" + record("c")))
    documents, problems = parts(path, line_bytes=1 << 10)
    assert [document.text for document in documents] == ["a", "c"]
    assert [problem.line for problem in problems] == [2]
