"""A Parquet table: one document per row, from the column `text`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from byheart.corpus.documents import Document
from byheart.corpus.readers.json_lines import NAME_FIELDS, TEXT_FIELD, document
from byheart.corpus.readers.kind import Kind, Options
from byheart.corpus.readers.problems import Problem

_ROWS_PER_BATCH = 256
_NOT_UTF8 = object()


def read_parquet(path: Path, options: Options) -> Iterator[Document | Problem]:
    """The documents of a Parquet file.

    Args:
        path: the file.
        options: limits and progress, which counts row groups.
    Returns:
        one document per row, named as in JSON lines with the row for the line, and problems. A row group that cannot be
        read is one problem at its first row; the others are read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # Without checksums a flipped bit passes unseen.
        table = pq.ParquetFile(path, page_checksum_verification=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        yield Problem(str(path), None, f"not a readable Parquet file ({error})")
        return
    with table:
        schema = table.schema_arrow
        columns = [TEXT_FIELD, *(name for name in NAME_FIELDS if _is_string(schema, name))]
        if TEXT_FIELD not in schema.names:
            yield Problem(str(path), None, f"no column {TEXT_FIELD!r} among {', '.join(schema.names)}")
            return
        row, num_bytes = 0, 0
        limit = options.limits.expanded_bytes(path.stat().st_size)
        for group in range(table.num_row_groups):
            first_row, num_read = row, 0
            row += table.metadata.row_group(group).num_rows
            try:
                for batch in table.iter_batches(_ROWS_PER_BATCH, row_groups=[group], columns=columns):
                    for fields in _records(batch):
                        num_read += 1
                        yield (one := _row(fields, path, first_row + num_read, options.source))
                        num_bytes += one.num_bytes if isinstance(one, Document) else 0
                        if num_bytes > limit:
                            yield Problem(
                                str(path), first_row + num_read, f"the table expands to more than {limit:,} bytes"
                            )
                            return
            except (pa.ArrowException, OSError, ValueError) as error:
                what = f"rows {first_row + num_read + 1:,} to {row:,} are damaged ({error})"
                yield Problem(str(path), first_row + num_read + 1, what)
            options.on_progress("read", group + 1, table.num_row_groups)


def _is_string(schema: Any, name: str) -> bool:
    return name in schema.names and str(schema.field(name).type) in ("string", "large_string")


def _records(batch: Any) -> Iterator[dict[str, Any]]:
    """Rows as Python values; a text that is not UTF-8 spoils its own row only."""
    for i in range(batch.num_rows):
        record: dict[str, Any] = {}
        for name in batch.schema.names:
            try:
                value = batch.column(name)[i].as_py()
                # Writers that know no strings store bytes.
                record[name] = value.decode() if isinstance(value, bytes) else value
            except UnicodeDecodeError:
                record[name] = _NOT_UTF8
        yield record


def _row(fields: dict[str, Any], path: Path, row: int, source: str) -> Document | Problem:
    if fields[TEXT_FIELD] is _NOT_UTF8:
        return Problem(str(path), row, f"the field {TEXT_FIELD!r} is not text in UTF-8")
    try:
        return document(fields, f"{path.name}:{row}", source)
    except ValueError as error:
        return Problem(str(path), row, str(error))


PARQUET = Kind("Parquet file", lambda _source, path: path.name.lower().endswith(".parquet"), read_parquet)
