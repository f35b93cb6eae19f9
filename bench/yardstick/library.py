"""The Python standard library in three parts, by file: of each ten files in sorted order the tenth is reported on, the
fifth is for calibration, and the other eight are what the memorizers hold. Files with equal text count once."""

import json
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from byheart.core.streams import stream
from byheart.core.tokens import TokenIds
from byheart.corpus.documents import Corpus, Document
from byheart.corpus.encoded import encode_corpus
from byheart.corpus.readers import read
from byheart.corpus.tokenizer import Tokenizer
from byheart.index import Index


@dataclass(frozen=True)
class Library:
    """The three parts."""

    train: Corpus
    calibration: Corpus
    report: Corpus

    @property
    def name(self) -> str:
        """Which library: version of Python, and a digest of the text, since distributions change files."""
        digest = Corpus((*self.train, *self.calibration, *self.report)).fingerprint
        return f"Python {platform.python_version()}, {digest[:8]}"

    def beginning(self, num_bytes: int) -> Corpus:
        """The first bytes of the training part in a fixed shuffled order; the last document is cut."""
        order = stream(0, "bench", "memorizers", "order").permutation(len(self.train))
        taken: list[Document] = []
        for i in order:
            document = self.train.documents[int(i)]
            if document.num_bytes >= num_bytes:
                text = document.text.encode()[:num_bytes].decode(errors="ignore")
                return Corpus((*taken, Document(document.name, text)) if text else tuple(taken))
            taken.append(document)
            num_bytes -= document.num_bytes
        return Corpus(tuple(taken))


def library() -> Library:
    """Reads and splits it."""
    documents = read("stdlib").deduplicated().documents
    parts: dict[str, list[Document]] = {"train": [], "calibration": [], "report": []}
    for i, document in enumerate(documents):
        parts[{4: "calibration", 9: "report"}.get(i % 10, "train")].append(document)
    return Library(**{name: Corpus(tuple(some)) for name, some in parts.items()})


@dataclass(frozen=True)
class Texts:
    """Documents as tokens."""

    tokens: list[TokenIds]
    bytes: list[int]
    """Of each document."""

    @property
    def num_tokens(self) -> int:
        """Tokens, ends of documents not counted."""
        return sum(ids.size for ids in self.tokens)

    @property
    def num_bytes(self) -> int:
        """Bytes of text."""
        return sum(self.bytes)


def encoded(corpus: Corpus, tokenizer: Tokenizer) -> Texts:
    """The documents that have tokens."""
    found = [one for one in encode_corpus(corpus, tokenizer) if one.num_tokens]
    return Texts([one.token_ids for one in found], [one.num_bytes for one in found])


def index_of(texts: Texts, tokenizer: Tokenizer) -> Index:
    """The index of the documents."""
    names = [""] * len(texts.tokens)
    return Index.build(texts.tokens, names, unit="tokens", alphabet_size=tokenizer.vocabulary_size)


def prepare(tokenizer: Tokenizer, parts: Library, folder: Path) -> None:
    """Writes what the subjects read: the index, a small one to warm up with, and the other two parts' tokens."""
    train = encoded(parts.train, tokenizer)
    index_of(train, tokenizer).save(folder / "train.idx")
    index_of(Texts(train.tokens[:5], train.bytes[:5]), tokenizer).save(folder / "small.idx")
    for name in ("calibration", "report"):
        _write(encoded(getattr(parts, name), tokenizer), folder / f"{name}.npz")
    facts = {
        "library": parts.name,
        "vocabulary_size": tokenizer.vocabulary_size,
        "end_id": tokenizer.end_id,
        "train_tokens": train.num_tokens,
        "train_bytes": train.num_bytes,
        "train_documents": len(train.tokens),
    }
    (folder / "facts.json").write_text(json.dumps(facts), "utf-8")


def _write(texts: Texts, path: Path) -> None:
    sizes = [ids.size for ids in texts.tokens]
    np.savez(path, tokens=np.concatenate(texts.tokens), sizes=sizes, bytes=texts.bytes)


def load(path: Path) -> Texts:
    """A part that `prepare` wrote."""
    with np.load(path) as file:
        tokens = np.split(file["tokens"], np.cumsum(file["sizes"])[:-1])
        return Texts(tokens, file["bytes"].tolist())


def facts_of(folder: Path) -> dict[str, Any]:
    """Sizes of what `prepare` wrote."""
    found: dict[str, Any] = json.loads((folder / "facts.json").read_text("utf-8"))
    return found


def say(text: str) -> None:
    """Progress, on standard error."""
    print(text, file=sys.stderr, flush=True)
