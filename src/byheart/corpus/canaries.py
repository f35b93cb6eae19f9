"""Canaries: passages planted into a corpus by coin flip, each with a twin that might have been planted instead.

The flip makes planted and unplanted passages exchangeable: whatever a model says about the one and not about the other
comes from having been trained on it.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from byheart.core.codec import dumps
from byheart.core.visible import visible
from byheart.corpus.atomic_file import replacing
from byheart.corpus.documents import Corpus, Document
from byheart.corpus.passages import passages
from byheart.errors import FormatError, InputError

__all__ = ["Canary", "absent", "flip_pairs", "passages", "plant", "read_canaries", "twins", "write_canaries"]

SOURCE = "canary"


@dataclass(frozen=True)
class Canary:
    """One of two twins."""

    name: str
    """Its name among the canaries."""
    kind: str
    """Where its text comes from, for example "passage"."""
    text: str
    """What is planted."""
    repetitions: int
    """Copies in the corpus when planted; of an unplanted twin, the copies that it would have had."""
    is_planted: bool
    """How the coin fell."""
    twin: str
    """Name of its twin, which is planted if and only if this one is not."""


def flip_pairs(
    texts: Sequence[str], *, kind: str, repetitions: Sequence[int], rng: np.random.Generator
) -> tuple[Canary, ...]:
    """Makes twins of consecutive texts and plants one of each pair.

    Args:
        texts: an even number, all different.
        kind: becomes part of the names.
        repetitions: each >= 1; dealt to the pairs at random and as evenly as their number allows.
        rng: consumed by one permutation and one flip per pair.
    Returns:
        twins side by side, in the order of the texts.
    Raises:
        InputError: an odd number of texts, equal texts, or no or non-positive repetitions.
    Source: Steinke, Nasr and Jagielski 2023, "Privacy Auditing with One (1) Training Run" (arXiv 2305.08846).
    Differs: one of two is planted where the paper includes each canary independently.
    """
    faults = []
    if len(texts) % 2:
        faults.append(f"the texts must come in pairs, got {len(texts)}")
    if len(set(texts)) < len(texts):
        faults.append(f"the texts must differ, only {len(set(texts))} of {len(texts)} do")
    if not repetitions or min(repetitions) < 1:
        faults.append(f"repetitions must be at least 1, got {list(repetitions)}")
    if faults:
        raise InputError("No canaries can be made.", why="; ".join(faults), next_step="Correct the arguments.")
    num_pairs = len(texts) // 2
    dealt = rng.permutation(np.resize(np.asarray(repetitions, dtype=np.int64), num_pairs))
    flips = rng.integers(2, size=num_pairs)
    canaries = []
    for pair in range(num_pairs):
        names = (f"{kind}-{pair}a", f"{kind}-{pair}b")
        for side in (0, 1):
            is_planted = bool(flips[pair] == side)
            text = texts[2 * pair + side]
            canaries.append(Canary(names[side], kind, text, int(dealt[pair]), is_planted, names[1 - side]))
    return tuple(canaries)


def plant(corpus: Corpus, canaries: Sequence[Canary], *, rng: np.random.Generator) -> Corpus:
    """The corpus with every planted canary in it, `repetitions` times.

    Args:
        corpus: must not hold a twin already; `absent` tells.
        canaries: unplanted ones are left out.
        rng: consumed by one permutation.
    Returns:
        the documents in their order, with the copies "canary/NAME#COPY" at random places between them, each
        interleaving equally likely.
    """
    copies = [
        Document(f"canary/{canary.name}#{copy}", canary.text, SOURCE)
        for canary in canaries
        if canary.is_planted
        for copy in range(canary.repetitions)
    ]
    places = rng.permutation(len(corpus) + len(copies))[: len(copies)]
    copy_at = dict(zip(places.tolist(), copies, strict=True))
    rest = iter(corpus)
    return Corpus(tuple(copy_at[i] if i in copy_at else next(rest) for i in range(len(corpus) + len(copies))))


def twins(canaries: Sequence[Canary]) -> Corpus:
    """The unplanted canaries as documents "canary/NAME": the held-out side."""
    return Corpus(tuple(Document(f"canary/{c.name}", c.text, SOURCE) for c in canaries if not c.is_planted))


def absent(texts: Sequence[str], corpus: Corpus) -> list[str]:
    """The texts that stand nowhere in the corpus, not even inside a longer document.

    Cost: O(number of texts times bytes of the corpus); for more than a few hundred texts count with the index.
    """
    return [text for text in texts if not any(text in document.text for document in corpus)]


def write_canaries(path: Path, canaries: Sequence[Canary]) -> None:
    """Writes canaries as JSON lines that only their owner may read: they are secrets while a model is under test.

    Raises:
        StorageError: the place cannot be written.
    """
    with replacing(path) as file:
        for canary in canaries:
            file.write(dumps(asdict(canary)).encode() + b"\n")


def read_canaries(path: Path) -> tuple[Canary, ...]:
    """The inverse of `write_canaries`.

    Raises:
        FormatError: missing, or a line is not a canary.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise FormatError(
            f"No canaries can be read from {visible(str(path))}.",
            why=str(error),
            next_step="Name a file that `byheart canary make` wrote.",
        ) from error
    return tuple(_canaries(lines, path))


def _canaries(lines: Sequence[bytes], path: Path) -> Iterator[Canary]:
    kinds = {"name": str, "kind": str, "text": str, "repetitions": int, "is_planted": bool, "twin": str}
    for number, line in enumerate(lines, start=1):
        try:
            fields = json.loads(line)
            if {name: type(value) for name, value in fields.items()} != kinds:
                raise ValueError(f"expected the fields {', '.join(kinds)}")
        except (AttributeError, ValueError, RecursionError) as error:
            raise FormatError(
                f"{visible(str(path))}:{number} is not a canary.",
                why=visible(str(error)),
                next_step="Make the canaries again.",
            ) from error
        yield Canary(**fields)
