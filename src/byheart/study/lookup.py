"""An index on disk as people ask it: built from sources, asked with text."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from byheart.core.progress import Progress, silent
from byheart.corpus.documents import Corpus
from byheart.corpus.encoded import encode_corpus
from byheart.corpus.readers import read
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import ConfigError, FingerprintError, SourceError
from byheart.index.corpus_index import Index
from byheart.models import load_model
from byheart.study.subjects import build_index, open_tokenizer, whole_index

TOKENIZER_FOLDER = "tokenizer"
BYTES_PER_SYMBOL = {"bytes": 1 + 4, "tokens": 2 + 4}
"""On disk: the symbol and its place in the suffix array."""


def chosen_tokenizer(spec: str, corpus: Corpus) -> Tokenizer:
    """The tokenizer that `--tokenizer` names: `whitespace`, `smollm2`, a model's folder or a tokenizer.json."""
    if spec == "whitespace":
        return Tokenizer.words(corpus)
    if spec == "smollm2":
        return load_model(spec).tokenizer
    return open_tokenizer(spec)


@dataclass(frozen=True, kw_only=True)
class IndexPlan:
    """What to index, and how."""

    sources: tuple[str, ...]
    """Sources as on the command line."""
    unit: str = "bytes"
    """"bytes" or "tokens"."""
    tokenizer: str = ""
    """Needed for tokens: `whitespace`, `smollm2`, a model's folder or a tokenizer.json."""
    lines: bool = False
    """Each line of a .txt source is a document."""
    skip_bad: bool = False
    """Leave out what cannot be read instead of stopping."""

    def __post_init__(self) -> None:
        if self.unit not in BYTES_PER_SYMBOL:
            raise ConfigError(f"Unknown unit {self.unit!r}.", next_step="Use --unit bytes or --unit tokens.")
        if (self.unit == "tokens") != bool(self.tokenizer):
            raise ConfigError(
                "An index of tokens needs a tokenizer, an index of bytes has none.",
                why=f"Got --unit {self.unit} and --tokenizer {self.tokenizer or '(none)'}.",
                next_step="Use --unit tokens --tokenizer MODEL|smollm2|whitespace|FILE, or leave both out for bytes.",
            )


def make_index(
    plan: IndexPlan,
    folder: Path,
    *,
    announce: Callable[[str], None] = lambda text: None,
    on_progress: Progress = silent,
) -> Index:
    """Reads sources and writes their index to a folder, whole or not at all.

    Args:
        plan: what to index.
        folder: where to; must not exist.
        announce: told the size, the disk and the time before the work starts.
        on_progress: told about every stage.

    Raises:
        ConfigError: the folder exists.
        SourceError: a source cannot be read.
    """
    if folder.exists():
        raise ConfigError(
            f"{folder} exists.", why="An index is never overwritten.", next_step="Choose another -o, or delete it."
        )
    corpora = [read(s, lines=plan.lines, skip_bad=plan.skip_bad, on_progress=on_progress) for s in plan.sources]
    corpus = Corpus(tuple(document for part in corpora for document in part))
    if plan.unit == "bytes":
        size = corpus.num_bytes + len(corpus) + 1
        announce(_forecast(len(corpus), size, plan.unit))
        arrays = [np.frombuffer(document.text.encode(), dtype=np.uint8) for document in corpus]
        names = [document.name for document in corpus]
        index = Index.build(arrays, names, unit="bytes", alphabet_size=256, on_progress=on_progress)
        index.save(folder)
        return index
    chosen = chosen_tokenizer(plan.tokenizer, corpus)
    encoded = encode_corpus(corpus, chosen, on_progress=on_progress)
    announce(_forecast(len(corpus), encoded.num_tokens + len(corpus) + 1, plan.unit))
    index = build_index(encoded, chosen, on_progress=on_progress)
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    index.save(partial)
    chosen.save(partial / TOKENIZER_FOLDER)
    partial.rename(folder)
    return index


def _forecast(num_documents: int, num_symbols: int, unit: str) -> str:
    disk = num_symbols * BYTES_PER_SYMBOL[unit] / 1e6
    seconds = num_symbols / (6e6 if unit == "bytes" else 3e6)
    size = f"{num_documents:,} documents, {num_symbols:,} {unit}"
    return f"{size}: about {disk:,.1f} MB on disk, {seconds:,.0f} s to sort"


@dataclass(frozen=True)
class Lookup:
    """An index from disk with the tokenizer that its queries need."""

    index: Index
    """The index."""
    tokenizer: Tokenizer | None
    """Its tokenizer, when its unit is tokens."""

    @staticmethod
    def open(folder: Path) -> "Lookup":
        """Opens an index that `make_index` wrote.

        Raises:
            SourceError, FormatError, FingerprintError: it is missing, damaged, or its tokenizer is another's.
        """
        if not folder.is_dir():
            raise SourceError(
                f"There is no index at {folder}.", next_step=f"Make one: byheart index SOURCE -o {folder}"
            )
        index = whole_index(folder)
        if index.unit == "bytes":
            return Lookup(index, None)
        tokenizer = Tokenizer.from_folder(folder / TOKENIZER_FOLDER)
        if tokenizer.fingerprint != index.tokenizer_fingerprint:
            raise FingerprintError(
                f"The tokenizer inside {folder} is not the one that the index was made with.",
                next_step="Make the index again.",
            )
        return Lookup(index, tokenizer)

    def symbols(self, text: str) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.int64]]:
        """The text in the index's unit, and the bytes of the text consumed after each symbol."""
        if self.tokenizer is None:
            data = np.frombuffer(text.encode("utf-8", "surrogatepass"), dtype=np.uint8)
            return data, np.arange(1, data.size + 1, dtype=np.int64)
        encoding = self.tokenizer.encode(text)
        return encoding.token_ids, encoding.byte_ends

    def text(self, symbols: npt.NDArray[np.generic]) -> str:
        """The text of a run of symbols; U+FFFD where it starts or ends inside a character."""
        if self.tokenizer is None:
            return symbols.astype(np.uint8).tobytes().decode("utf-8", "replace")
        return self.tokenizer.decode(symbols.astype(np.int32))

    def counts(self, texts: Sequence[str]) -> list[int]:
        """How often each text stands in the corpus, overlapping occurrences counted, never across documents."""
        return [int(number) for number in self.index.counts([self.symbols(text)[0] for text in texts])]

    def count_near(self, text: str, near: str, *, within: int) -> int:
        """How many places of a text have another text near them: in the same document, starts at most so far apart.

        Args:
            text: whose places are counted.
            near: the other text.
            within: symbols between the two starts, on either side.
        Raises:
            InputError: one of the texts is empty.
        """
        first, second = self.symbols(text)[0], self.symbols(near)[0]
        return self.index.cooccurrences(first, second, within=within, limit=0).num_places
