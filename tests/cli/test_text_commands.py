from pathlib import Path

import pytest

from tests.cli.command import answer, byheart

TEXTS = {"a.txt": "the cat sat on the mat\n" * 3, "b.txt": "the dog sat on the Füße log\n"}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("texts")
    (folder / "docs").mkdir()
    for name, text in TEXTS.items():
        (folder / "docs" / name).write_text(text, "utf-8")
    done = byheart("index", str(folder / "docs"), "-o", str(folder / "idx"))
    assert done.returncode == 0, done.stderr
    assert "MB on disk" in done.stderr
    assert done.stdout.startswith(str(folder / "idx"))
    return folder / "idx"


@pytest.mark.parametrize(
    ("text", "expected"), [("the cat", 3), ("sat on the", 4), ("mat\nthe", 2), ("log\nthe", 0), ("Füße", 1)]
)
def test_count_is_exact_and_never_crosses_a_document(index: Path, text: str, expected: int) -> None:
    assert answer("count", text, "--index", str(index)) == {"count": expected}


def test_trace_names_the_copied_spans_with_their_sources(index: Path) -> None:
    text = "He said the dog sat on the Füße log today"
    found = answer("trace", "-", "--index", str(index), "--min", "12", text=text)
    (span,) = found["spans"]
    data = text.encode()
    assert data[span["start"] : span["stop"]].decode() == "the dog sat on the Füße log"
    assert span["bytes"] == span["stop"] - span["start"] == len("the dog sat on the Füße log".encode())
    assert span["count"] == 1
    assert span["sources"] == [{"document": "b.txt", "offset": 0}]
    assert found["longest_bytes"] == span["bytes"]
    assert found["covered_share"] == pytest.approx(span["bytes"] / len(data))


def test_trace_for_people_shows_the_same(index: Path) -> None:
    done = byheart("trace", "-", "--index", str(index), "--min", "12", text="x the cat sat on the mat y")
    assert "in a.txt at" in done.stdout
    assert "1 span(s)" in done.stdout


def test_a_text_from_elsewhere_has_no_long_span(index: Path) -> None:
    found = answer("trace", "-", "--index", str(index), text="Quarterly figures rose by 7 %.")
    assert found["spans"] == []
    assert 0 < found["longest_bytes"] < 12
    assert found["covered_share"] == 0.0


def test_an_index_of_tokens_answers_in_bytes_too(index: Path, tmp_path: Path) -> None:
    docs = index.parent / "docs"
    made = answer("index", str(docs), "-o", str(tmp_path / "tok"), "--unit", "tokens", "--tokenizer", "whitespace")
    assert made["unit"] == "tokens"
    assert answer("count", "sat on the", "--index", str(tmp_path / "tok")) == {"count": 4}
    found = answer("trace", "-", "--index", str(tmp_path / "tok"), "--min", "3", text="xx dog sat on the Füße yy")
    assert [(s["start"], s["count"]) for s in found["spans"]] == [(2, 1)]


def test_a_damaged_index_is_refused_and_verify_names_the_file(index: Path, tmp_path: Path) -> None:
    import shutil

    copy = shutil.copytree(index, tmp_path / "copy")
    assert byheart("verify", str(copy)).returncode == 0
    data = bytearray((copy / "shard-00000" / "text.bin").read_bytes())
    data[5] ^= 4
    (copy / "shard-00000" / "text.bin").write_bytes(bytes(data))
    done = byheart("verify", str(copy))
    assert done.returncode == 6
    assert "text.bin" in done.stderr
    (copy / "shard-00000" / "text.bin").write_bytes(bytes(data[:-1]))
    assert byheart("count", "the", "--index", str(copy)).returncode == 6


def test_the_same_command_on_a_finished_index_does_nothing(index: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in index.rglob("*")}
    done = byheart("index", str(index.parent / "docs"), "-o", str(index))
    assert done.returncode == 0
    assert "already complete" in done.stderr
    assert {path: path.stat().st_mtime_ns for path in index.rglob("*")} == before


def test_an_index_is_never_overwritten(index: Path) -> None:
    done = byheart("index", str(index.parent / "docs" / "a.txt"), "-o", str(index))
    assert done.returncode == 2
    assert "exists" in done.stderr
    assert "--add" in done.stderr
