"""The words of a text, whatever its wrapping, case, punctuation and Unicode form.

A benchmark that leaked into a corpus rarely stands there byte for byte: it was re-wrapped, cased, typeset. Texts with
the same words have the same normalised bytes, and each word knows the bytes of the text that it came from.
"""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from byheart.core.scripts import WITHOUT_SPACES

NORMALISATION = "words"
"""What an index of normalised text records, so that no other rule answers in its place."""
_NOT_ASCII = re.compile(r"[\x00-\x7f]?[^\x00-\x7f]+")
_SPACE = 0x20
_WORDS = bytes(
    byte + 32 if 0x41 <= byte <= 0x5A else byte if byte >= 0x80 or chr(byte).isalnum() else _SPACE
    for byte in range(256)
)
"""ASCII letters in lower case, all other ASCII that is no digit a space; bytes of longer characters as they are."""
_SELECTORS = re.compile("[\u034f\u180b-\u180d\ufe00-\ufe0f\U000e0100-\U000e01ef]")


class Words(NamedTuple):
    """The words of a text, and where in it they stand."""

    normalised: bytes
    """As `normalise` gives it."""
    starts: npt.NDArray[np.int64]
    """First byte of the text that each word comes from, shape [num_words]."""
    stops: npt.NDArray[np.int64]
    """One past the last such byte, shape [num_words]."""


def normalise(text: str) -> bytes:
    """The words of a text, each between two spaces: whoever searches for " a b " finds whole words only.

    Definition:
        the text is cut before every ASCII character and before every other character that starts anew (no combining
        mark, no Hangul vowel or final consonant). Each piece becomes NFKC(casefold(NFKC(piece))); what does not show
        (category Cf, variation selectors) is dropped; letters, digits and marks stay; letters of scripts without spaces
        are words of their own; every run of anything else is one space. Empty when there is no word.
    Args:
        text: any text; a byte that was not UTF-8, as a surrogate escape, counts as punctuation.
    Returns:
        UTF-8.
    Cost: 20 to 40 ns per byte.
    Source: Unicode Standard Annex 15 (NFKC) and section 3.13 (caseless matching).
    Differs: characters that combine across the cuts above, of which Unicode 14 has none, would stay apart.
    """
    folded = text if text.isascii() else _NOT_ASCII.sub(_replacement, text)
    words = folded.encode().translate(_WORDS).split()
    return b" %b " % b" ".join(words) if words else b""


def words(text: str) -> Words:
    """The words of a text with the bytes that they come from.

    Args:
        text: as for `normalise`.
    Cost: as `normalise`, and 16 bytes of memory per byte of the text.
    Source: definition of `normalise`.
    Differs: nothing; a word that shares a character with its neighbour (as in a typeset fraction) spans all of it.
    """
    pieces: list[bytes] = []
    starts: list[npt.NDArray[np.int64]] = []
    widths: list[npt.NDArray[np.int64]] = []
    place, end = 0, 0

    def add_ascii(part: str) -> None:
        nonlocal place
        pieces.append(part.encode())
        starts.append(np.arange(place, place + len(part)))
        widths.append(np.ones(len(part), dtype=np.int64))
        place += len(part)

    for run in _NOT_ASCII.finditer(text):
        add_ascii(text[end : run.start()])
        fold = _known_with_places if len(run.group()) <= _LONGEST_KNOWN else _folded_with_places
        piece, start, width, size = fold(run.group())
        pieces.append(piece)
        starts.append(start + place)
        widths.append(width)
        place += size
        end = run.end()
    add_ascii(text[end:])
    data = b"".join(pieces).translate(_WORDS)
    start, width = np.concatenate(starts), np.concatenate(widths)
    inside = np.frombuffer(data, dtype=np.uint8) != _SPACE
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(np.int8)))
    first, last = edges[::2], edges[1::2] - 1
    joined = b" ".join(data.split())
    return Words(b" %b " % joined if joined else b"", start[first], start[last] + width[last])


def _replacement(run: re.Match[str]) -> str:
    fold = _known_run if len(run.group()) <= _LONGEST_KNOWN else _folded_run
    return fold(run.group())


def _starts_anew(character: str) -> bool:
    first = unicodedata.normalize("NFKD", character)[0]
    return unicodedata.category(first)[0] != "M" and not "\u1160" <= first <= "\u11ff"


def _clusters(run: str) -> list[str]:
    """An ASCII character and the others after it, cut where a character starts anew."""
    clusters: list[str] = []
    for character in run:
        if clusters and not _starts_anew(character):
            clusters[-1] += character
        else:
            clusters.append(character)
    return clusters


def _folded_run(run: str) -> str:
    return "".join(map(_folded, _clusters(run)))


def _folded_with_places(run: str) -> tuple[bytes, npt.NDArray[np.int64], npt.NDArray[np.int64], int]:
    """A folded run as UTF-8; for each byte of it the first byte and the width of its cluster; the run's own width."""
    clusters = _clusters(run)
    folded = [_folded(cluster).encode() for cluster in clusters]
    sizes = np.array([len(cluster.encode("utf-8", "surrogateescape")) for cluster in clusters])
    repeats = [len(piece) for piece in folded]
    return b"".join(folded), np.repeat(np.cumsum(sizes) - sizes, repeats), np.repeat(sizes, repeats), int(sizes.sum())


_known_run = lru_cache(maxsize=1 << 16)(_folded_run)
_known_with_places = lru_cache(maxsize=1 << 14)(_folded_with_places)
_LONGEST_KNOWN = 16
"""Characters: short runs, accents and dashes, come again and again; of long ones a cache would keep whole documents."""


@lru_cache(maxsize=1 << 16)
def _folded(cluster: str) -> str:
    """A piece of a text as letters, digits, marks and spaces."""
    once = unicodedata.normalize("NFKC", cluster).casefold()
    shown = _SELECTORS.sub("", unicodedata.normalize("NFKC", once))
    kept = "".join(_kept(character) for character in shown if unicodedata.category(character) != "Cf")
    return f"{kept} " if WITHOUT_SPACES.search(kept) else kept


def _kept(character: str) -> str:
    category = unicodedata.category(character)[0]
    if category not in "LNM":
        return " "
    return f" {character}" if category == "L" and WITHOUT_SPACES.match(character) else character
