import logging
import os
import sysconfig
from pathlib import Path

import pytest

from byheart.corpus.documents import Corpus
from byheart.corpus.readers import UnreadableSourceError, read, stored_bytes


def contents(corpus: Corpus) -> list[tuple[str, str]]:
    return [(document.name, document.text) for document in corpus]


def unreadable(source: Path, *, lines: bool = False, skip_bad: bool = False) -> UnreadableSourceError:
    with pytest.raises(UnreadableSourceError) as caught:
        read(str(source), lines=lines, skip_bad=skip_bad)
    assert caught.value.exit_code == 3
    assert "--skip-bad" in caught.value.next_step
    return caught.value


def faults(error: UnreadableSourceError) -> list[tuple[str, int | None]]:
    return [(Path(problem.file).name, problem.line) for problem in error.problems]


def test_a_folder_is_read_in_the_order_of_relative_paths(tmp_path: Path) -> None:
    for name in ("b.md", "a/z.txt", "a/y.py", "a-b.txt", "Makefile"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    corpus = read(str(tmp_path))
    assert contents(corpus) == [(n, n) for n in ("Makefile", "a-b.txt", "a/y.py", "a/z.txt", "b.md")]
    assert {document.source for document in corpus} == {str(tmp_path)}


def test_a_folder_gives_only_its_own_visible_text(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("outside")
    root = tmp_path / "root"
    (root / ".git").mkdir(parents=True)
    (root / "inner").mkdir()
    (root / ".git" / "config.txt").write_text("hidden")
    (root / ".hidden.txt").write_text("hidden")
    (root / "empty.py").write_text("")
    (root / "image.png").write_bytes(b"\x89PNG\x00")
    (root / "late.bin").write_bytes(b"a" * (1 << 16) + b"\xff")
    (root / "out.txt").symlink_to(outside)
    (root / "nowhere.txt").symlink_to(root / "absent")
    (root / "loop").symlink_to(root)
    os.mkfifo(root / "pipe.txt")
    (root / "text").write_text("text")
    (root / "inner" / "in.txt").symlink_to(root / "text")
    assert contents(read(str(root))) == [("inner/in.txt", "text"), ("text", "text")]


def test_files_of_records_in_a_folder_are_read_as_records(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    import gzip

    caplog.set_level("INFO", logger="byheart")
    (tmp_path / "a.txt").write_text("plain")
    (tmp_path / "b.jsonl").write_text('{"text": "one\\ntwo"}\n{"text": "three"}\n')
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(b'{"text": "four", "name": "d"}\n'))
    (tmp_path / "picture.bin").write_bytes(b"\x00\x01")
    (tmp_path / "empty.txt").write_bytes(b"")
    assert [(document.name, document.text) for document in read(str(tmp_path))] == [
        ("a.txt", "plain"),
        ("b.jsonl:1", "one\ntwo"),
        ("b.jsonl:2", "three"),
        ("d", "four"),
    ]
    assert "2 file(s) are empty or no text and were passed over" in caplog.text


def test_a_bad_file_of_a_folder_is_named_and_the_others_are_kept(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "b.txt").write_bytes(b"one\ntwo\nth\xffree")
    (tmp_path / "c.txt").write_bytes("wide".encode("utf-16-le"))
    (tmp_path / "d.txt").write_text("d")
    error = unreadable(tmp_path)
    assert faults(error) == [("b.txt", 3), ("c.txt", 1)]
    assert contents(error.documents) == [("a.txt", "a"), ("d.txt", "d")]
    assert f"{tmp_path}/b.txt:3: not UTF-8 (byte 0xff)" in str(error)
    assert "NUL" in str(error)


def test_bad_parts_can_be_skipped_but_not_in_silence(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "b.txt").write_bytes(b"\xff")
    with caplog.at_level(logging.WARNING):
        assert contents(read(str(tmp_path), skip_bad=True)) == [("a.txt", "a")]
    assert f"{tmp_path}/b.txt:1: not UTF-8" in caplog.text


def test_skipping_does_not_help_where_nothing_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_bytes(b"\xff")
    assert faults(unreadable(tmp_path, skip_bad=True)) == [("b.txt", 1)]


def test_a_folder_without_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "image.png").write_bytes(b"\x00")
    error = unreadable(tmp_path)
    assert f"{tmp_path}: no text in this folder" in str(error)
    assert len(error.documents) == 0


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    assert f"{tmp_path}/absent: no such file or folder" in str(unreadable(tmp_path / "absent"))


def test_only_the_first_problems_are_named_and_the_rest_counted(tmp_path: Path) -> None:
    for i in range(8):
        (tmp_path / f"{i}.txt").write_bytes(b"\xff")
    error = unreadable(tmp_path)
    assert error.why.splitlines()[-1] == f"and {8 - 5} more"
    assert "4.txt:1" in error.why
    assert "5.txt:1" not in error.why
    assert len(error.problems) == 8


def test_names_of_files_cannot_drive_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[2J\n.txt").write_bytes(b"\xff")
    message = str(unreadable(tmp_path))
    assert "a⟨U+001B⟩[2J⟨U+000A⟩.txt:1: not UTF-8" in message


def test_a_text_file_is_one_document_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"\xef\xbb\xbfone\r\n\n  two\rthree")
    assert contents(read(str(tmp_path / "a.md"))) == [("a.md", "one\r\n\n  two\rthree")]


def test_an_empty_text_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("")
    assert f"{tmp_path}/a.txt: the file is empty" in str(unreadable(tmp_path / "a.txt"))


def test_a_binary_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"a\n\x00")
    assert faults(unreadable(tmp_path / "a.bin")) == [("a.bin", 2)]


def test_each_line_can_be_a_document(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("\ufeffone\r\n\n \nzwei ü\u2028\nlast".encode())
    expected = [("a.txt:1", "one"), ("a.txt:4", "zwei ü\u2028"), ("a.txt:5", "last")]
    assert contents(read(str(tmp_path / "a.txt"), lines=True)) == expected
    assert contents(read(str(tmp_path), lines=True)) == expected


def test_a_bad_line_spoils_only_itself(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one\n\xff\nthree\n")
    error = unreadable(tmp_path / "a.txt", lines=True)
    assert faults(error) == [("a.txt", 2)]
    assert contents(error.documents) == [("a.txt:1", "one"), ("a.txt:3", "three")]


def test_progress_reaches_the_end(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "b.txt").write_text("b")
    seen: list[tuple[str, float]] = []
    read(str(tmp_path), on_progress=lambda stage, done, total, note="": seen.append((stage, done / total)))
    assert seen == [("read", 1 / 2), ("read", 2 / 2)]


@pytest.fixture(scope="module")
def standard_library() -> Corpus:
    return read("stdlib")


def test_the_standard_library_is_python_without_tests_and_packages(standard_library: Corpus) -> None:
    names = [document.name for document in standard_library]
    assert {"abc.py", "json/decoder.py", "asyncio/events.py"} <= set(names)
    assert names == sorted(names)
    parts = {part for name in names for part in name.split("/")[:-1]}
    assert parts.isdisjoint({"test", "tests", "idle_test", "site-packages", "__pycache__"})
    assert all(name.endswith(".py") for name in names)
    assert next(d.text for d in standard_library if d.name == "abc.py") == (
        Path(sysconfig.get_path("stdlib")) / "abc.py"
    ).read_text(encoding="utf-8")


def test_the_tests_of_the_standard_library_come_when_asked(standard_library: Corpus) -> None:
    root = Path(sysconfig.get_path("stdlib"))
    names = {document.name for document in read("stdlib", include_tests=True)}
    assert names >= {document.name for document in standard_library}
    # Some distributions install the tests apart.
    assert any(name.startswith("unittest/test/") for name in names) == (root / "unittest/test").is_dir()
    assert not any(name.startswith("site-packages/") for name in names)


def test_a_folder_called_stdlib_is_reached_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stdlib").mkdir()
    (tmp_path / "stdlib" / "a.txt").write_text("mine")
    monkeypatch.chdir(tmp_path)
    assert contents(read("./stdlib")) == [("a.txt", "mine")]


def test_the_size_of_the_standard_library_is_that_of_what_is_read() -> None:
    assert stored_bytes("stdlib") == pytest.approx(read("stdlib").num_bytes, rel=0.02)
