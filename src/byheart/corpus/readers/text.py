"""A text file: one document, or one per line."""

from collections.abc import Iterator
from pathlib import Path

from byheart.corpus.documents import Document
from byheart.corpus.readers.kind import Kind, Options
from byheart.corpus.readers.lines import numbered_lines
from byheart.corpus.readers.problems import Problem


class NotTextError(Exception):
    """Bytes that are no text.

    Args:
        line: 1-based line of the first fault.
        what: the fault.
    """

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line
        self.what = what


def decoded(content: bytes) -> str:
    """Bytes as text, line ends as they are, without a byte order mark.

    Raises:
        NotTextError: not UTF-8, or with a NUL byte (as in UTF-16).
    """
    zero = content.find(b"\x00")
    if zero >= 0:
        raise NotTextError(content.count(b"\n", 0, zero) + 1, "a NUL byte: this is not text in UTF-8")
    try:
        return content.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise NotTextError(line, f"not UTF-8 (byte 0x{content[error.start]:02x})") from error


def read_text(path: Path, options: Options, *, name: str | None = None) -> Iterator[Document | Problem]:
    """The documents of one text file.

    Args:
        path: the file.
        options: with `lines`, each line that is not blank is a document "NAME:LINE" without its line end.
        name: of the document; the file's name when None.
    Returns:
        documents and problems in reading order.
    """
    name = path.name if name is None else name
    if options.lines:
        yield from _read_lines(path, options, name)
        return
    try:
        text = decoded(path.read_bytes())
    except OSError as error:
        yield Problem(str(path), None, error.strerror or "cannot be read")
    except NotTextError as error:
        yield Problem(str(path), error.line, error.what)
    else:
        yield Document(name, text, options.source) if text else Problem(str(path), None, "the file is empty")


def _read_lines(path: Path, options: Options, name: str) -> Iterator[Document | Problem]:
    for line in numbered_lines(path, options):
        if isinstance(line, Problem):
            yield line
            continue
        try:
            text = decoded(line.content.removesuffix(b"\r"))
        except NotTextError as error:
            yield Problem(str(path), line.number, error.what)
            continue
        if text.strip():
            yield Document(f"{name}:{line.number}", text, options.source)


TEXT = Kind("text file", lambda _source, _path: True, read_text)
