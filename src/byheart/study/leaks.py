"""Does a page hold text of a corpus? Runs of eight words of the one are looked for in the other.

Words, not tokens: eight tokens of a small vocabulary are two or three words, which any page of English shares with any
corpus by accident. In scripts without spaces each letter counts as a word (corpus/normalisation.py).
"""

import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import numpy as np

from byheart.corpus.normalisation import normalise

RUN_WORDS = 8
"""A shorter run of words is found by accident."""
Run = tuple[bytes, ...]
_OWN_FILES = (".py", ".j2", ".css")
_PREFIX_OF_STRING = re.compile(r"\b[rRfF]{1,2}(?=[\"'])")
_SIGN = re.compile("⟨U[+]([0-9A-F]{4,6})⟩")
"""A character that byheart shows by its number (core/visible.py): a line break between two words, say."""


@dataclass(frozen=True)
class Leak:
    """A run of words of a corpus that stands in a text."""

    words: str
    """The run, normalised; untrusted."""
    document: str
    """First document that has it, untrusted."""


def runs(text: str) -> set[Run]:
    """Every run of eight words of a text that has a word in it: eight numbers or Latin letters label any figure.

    Characters that byheart shows by their numbers count as what they are.
    """
    words = normalise(_SIGN.sub(lambda sign: chr(min(int(sign[1], 16), sys.maxunicode)), text)).split()
    found = {tuple(words[at : at + RUN_WORDS]) for at in range(len(words) - RUN_WORDS + 1)}
    return {run for run in found if not all(word.isdigit() or len(word) == 1 for word in run)}


@cache
def own_runs() -> frozenset[Run]:
    """Every run of eight words in byheart's own source: what it says by itself says nothing of a corpus.

    Cost: half a second, once.
    """
    found: set[Run] = set()

    def look(place: Traversable) -> None:
        for inner in place.iterdir():
            if inner.is_dir():
                look(inner)
            elif inner.name.endswith(_OWN_FILES):
                # The pieces of a long string stand on lines of their own, each behind its quotation mark.
                found.update(runs(_PREFIX_OF_STRING.sub("", inner.read_text("utf-8"))))

    look(files("byheart"))
    return frozenset(found)


def leaks(texts: Sequence[str], corpus: Iterable[tuple[str, str]]) -> dict[Run, Leak]:
    """Which runs of eight words of some texts stand in a corpus, those of byheart's own source left out.

    Definition:
        {r : r a run of eight words of a text, not all numbers or single Latin letters; r in a document; r not in
        byheart's source}, words being those of `normalise`
    Args:
        texts: of a page, or strings of a record.
        corpus: name and text of each document.
    Returns:
        by run; the document is the first that has it.
    Cost: 0.2 microseconds for each word of the corpus; memory of one document.
    Source: definition.
    Differs: nothing.
    """
    asked = set().union(*map(runs, texts)) - own_runs()
    known = {word for run in asked for word in run}
    found: dict[Run, Leak] = {}
    for name, text in corpus:
        if not asked:
            break
        words = normalise(text).split()
        # Only where eight words in a row are known at all is it worth to look closer.
        is_known = np.fromiter((word in known for word in words), dtype=np.int64, count=len(words))
        sums = np.concatenate([[0], np.cumsum(is_known)])
        for at in np.flatnonzero(sums[RUN_WORDS:] - sums[:-RUN_WORDS] == RUN_WORDS).tolist():
            run = tuple(words[at : at + RUN_WORDS])
            if run in asked:
                found.setdefault(run, Leak(b" ".join(run).decode("utf-8", "replace"), name))
    return found
