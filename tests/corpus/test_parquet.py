from pathlib import Path
from typing import Any

import numpy as np
import pytest

from byheart.corpus.readers import UnreadableSourceError, read

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def write(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    pq.write_table(pa.table(columns), path, **options)
    return path


def unreadable(path: Path) -> UnreadableSourceError:
    with pytest.raises(UnreadableSourceError) as caught:
        read(str(path))
    return caught.value


@pytest.mark.parametrize("string", ["string", "large_string", "binary", "dictionary"])
def test_every_row_is_a_document(string: str, tmp_path: Path) -> None:
    kinds = {
        "string": pa.string(),
        "large_string": pa.large_string(),
        "binary": pa.binary(),
        "dictionary": pa.dictionary(pa.int32(), pa.string()),
    }
    texts = pa.array(["ä\r\n", "b", "b"]).cast(kinds[string])
    path = write(tmp_path / "x.parquet", {"name": ["n", None, ""], "id": [7, 8, 9], "text": texts})
    assert [(d.name, d.text) for d in read(str(path))] == [
        ("n", "ä\r\n"),
        ("x.parquet:2", "b"),
        ("x.parquet:3", "b"),
    ]


def test_bad_rows_are_named_and_the_others_are_kept(tmp_path: Path) -> None:
    texts = pa.array([b"a", None, b"", b"\xff", b"e"], pa.binary()).view(pa.string())
    error = unreadable(write(tmp_path / "x.parquet", {"text": texts}, row_group_size=2))
    assert [document.text for document in error.documents] == ["a", "e"]
    assert [problem.line for problem in error.problems] == [2, 3, 4]
    assert f"{tmp_path}/x.parquet:2: the field 'text' is not a string but null" in str(error)
    assert "not text in UTF-8" in error.problems[2].what


def test_a_table_without_the_column_is_named_with_the_columns_it_has(tmp_path: Path) -> None:
    error = unreadable(write(tmp_path / "x.parquet", {"body": ["a"], "id": ["b"]}))
    assert "no column 'text' among body, id" in str(error)


def test_a_column_of_another_type_is_named(tmp_path: Path) -> None:
    error = unreadable(write(tmp_path / "x.parquet", {"text": [1, 2]}))
    assert [problem.line for problem in error.problems] == [1, 2]
    assert "not a string but a number" in str(error)


def test_an_empty_table_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "x.parquet", {"text": pa.array([], pa.string())})
    assert "no text in this Parquet file" in str(unreadable(path))


def test_a_file_that_is_no_table_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"PAR1 but not really PAR1")
    assert "not a readable Parquet file" in str(unreadable(tmp_path / "x.parquet"))


def test_a_damaged_row_group_does_not_take_the_others_with_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    texts = [rng.bytes(500).hex() for _ in range(30)]
    path = write(
        tmp_path / "x.parquet",
        {"text": texts},
        row_group_size=10,
        write_page_checksum=True,
        compression="none",
        use_dictionary=False,
    )
    content = bytearray(path.read_bytes())
    content[content.index(texts[14].encode()) + 5] ^= 1
    path.write_bytes(content)
    error = unreadable(path)
    assert [document.text for document in error.documents] == texts[:10] + texts[20:]
    assert [problem.line for problem in error.problems] == [10 + 1]
    assert "rows 11 to 20 are damaged" in str(error)
