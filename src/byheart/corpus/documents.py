"""Documents and corpora: text with an address."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from byheart.errors import InputError


@dataclass(frozen=True)
class Document:
    """One text. Its name and its content are untrusted."""

    name: str
    """Its address inside its source, for example a relative path or "file.jsonl:12"; unique by custom, not by force."""
    text: str
    """What it says: any text that can be written as UTF-8, so no lone surrogates."""
    source: str = ""
    """The source that it was read from, as the user typed it; "" when it was made here."""

    def __post_init__(self) -> None:
        if not self.text.isascii():
            try:
                self.text.encode()
            except UnicodeEncodeError as error:
                raise InputError(
                    "A document holds half a character.",
                    why=f"Lone surrogate U+{ord(self.text[error.start]):04X} at character {error.start}.",
                    next_step="Decode the text with errors='replace', or leave the document out.",
                ) from error

    @cached_property
    def num_bytes(self) -> int:
        """Length of the text as UTF-8."""
        return len(self.text) if self.text.isascii() else len(self.text.encode())


@dataclass(frozen=True)
class Corpus:
    """Documents in a fixed order."""

    documents: tuple[Document, ...]
    """In reading order."""

    @cached_property
    def num_bytes(self) -> int:
        """Bytes of all texts as UTF-8, names not counted."""
        return sum(document.num_bytes for document in self.documents)

    @cached_property
    def fingerprint(self) -> str:
        """An identifier of names, texts and their order.

        Definition:
            the first 128 bits of BLAKE2b over, for each document, the byte lengths of name and text as little-endian
            64-bit integers and then both as UTF-8 (lengths first, so that no two corpora run together alike)
        Returns:
            32 hexadecimal digits; where the documents were read from does not enter.
        Source: definition.
        Differs: nothing.
        """
        digest = hashlib.blake2b(digest_size=16)
        for document in self.documents:
            # File names that are not UTF-8 arrive as lone surrogates.
            name, text = document.name.encode("utf-8", "surrogatepass"), document.text.encode()
            digest.update(len(name).to_bytes(8, "little") + len(text).to_bytes(8, "little"))
            digest.update(name)
            digest.update(text)
        return digest.hexdigest()

    def __len__(self) -> int:
        return len(self.documents)

    def __iter__(self) -> Iterator[Document]:
        return iter(self.documents)

    def deduplicated(self) -> "Corpus":
        """The corpus with each text once: of equal texts the first document stays."""
        first: dict[str, Document] = {}
        for document in self.documents:
            first.setdefault(document.text, document)
        return Corpus(tuple(first.values()))

    def without(self, other: "Corpus") -> "Corpus":
        """The documents whose text is not, as a whole, the text of a document of `other`."""
        texts = {document.text for document in other}
        return Corpus(tuple(document for document in self.documents if document.text not in texts))
