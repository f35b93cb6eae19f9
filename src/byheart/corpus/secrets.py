"""Canaries that are secrets: a beginning that stands nowhere else, and a secret drawn uniformly from a known space.

Two twins share the beginning and differ in the secret; a coin decides which of them is planted. So the planted secret,
its twin and all others of the space are exchangeable until a model is trained on one of them.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from byheart.core.codec import dumps
from byheart.core.visible import visible
from byheart.corpus.atomic_file import creating
from byheart.errors import FormatError, InputError, SourceError

SCHEMA = 1
LARGEST_BYTES = 64
"""Of a canary's text: what an audit must be ready to score, even where each byte is a token."""
MAX_LENGTH = {"template": 12, "tokens": 5}
"""Digits or words of a secret, 40 or 60 bits: longer ones are no harder to guess and cost more to score."""
_CONSONANTS, _VOWELS = "bdfgklmnprstvzhj", "aeio"
_SYLLABLES = tuple(c + v for c in _CONSONANTS for v in _VOWELS)
_TEMPLATES = (
    "The door code of {name} is ",
    "The locker number of {name} is ",
    "The member number of {name} is ",
    "The phone extension of {name} is ",
)
KINDS = tuple(MAX_LENGTH)
"""template: digits in a sentence about a person who does not exist; tokens: made-up words after made-up words."""


@dataclass(frozen=True)
class SecretPair:
    """Two twins. One was planted, the other might have been."""

    name: str
    """Its name among the pairs."""
    kind: str
    """One of KINDS."""
    beginning: str
    """What both begin with; of no other pair."""
    secrets: tuple[str, str]
    """How they end; different."""
    planted: int
    """How the coin fell: 0 or 1."""
    repetitions: int
    """Copies of the planted one."""
    length: int
    """Digits or words of a secret."""

    @property
    def texts(self) -> tuple[str, str]:
        """Both as they are or would have been planted."""
        return self.beginning + self.secrets[0], self.beginning + self.secrets[1]

    @property
    def planted_text(self) -> str:
        """The one that the coin chose."""
        return self.texts[self.planted]

    @property
    def twin_text(self) -> str:
        """The other one."""
        return self.texts[1 - self.planted]

    @property
    def space_size(self) -> int:
        """Secrets that might have been, all equally likely."""
        return (10 if self.kind == "template" else len(_SYLLABLES) ** 2) ** self.length

    @property
    def entropy_bits(self) -> float:
        """log2 of the size of its space."""
        return math.log2(self.space_size)

    def secret(self, number: int) -> str:
        """One secret of its space.

        Args:
            number: in [0, space_size).
        """
        if self.kind == "template":
            return f"{number:0{self.length}d}"
        words = []
        for _ in range(self.length):
            number, word = divmod(number, len(_SYLLABLES) ** 2)
            words.append("".join(_SYLLABLES[i] for i in divmod(word, len(_SYLLABLES))))
        return " ".join(words)

    def others(self, num: int, *, rng: np.random.Generator) -> tuple[str, ...]:
        """Texts with other secrets of the space, neither of the twins', all different.

        Args:
            num: how many; all there are where the space has no more.
            rng: consumed by the draws, by none where the whole space is given.
        """
        if num >= self.space_size - 2:
            found = (self.secret(number) for number in range(self.space_size))
            return tuple(self.beginning + secret for secret in found if secret not in self.secrets)
        kept: dict[str, None] = {}
        while len(kept) < num:
            secret = self.secret(int(rng.integers(self.space_size)))
            if secret not in self.secrets:
                kept.setdefault(self.beginning + secret)
        return tuple(kept)


@dataclass(frozen=True)
class SecretList:
    """All pairs of one planting."""

    pairs: tuple[SecretPair, ...]
    """At least one."""
    seed: int
    """They and the coins can be made again from it; so it is as secret as they are."""

    @property
    def fingerprint(self) -> str:
        """First 128 bits of BLAKE2b over seed and pairs, 32 hexadecimal digits.

        Published before the training, it proves afterwards that no coin was turned. Whoever tries the right seed knows
        seed and secrets by it: nobody does where the seed is 128 random bits, anybody where it is a small number.
        """
        content = dumps([self.seed, [asdict(pair) for pair in self.pairs]]).encode()
        return hashlib.blake2b(content, digest_size=16).hexdigest()

    @property
    def num_planted_bytes(self) -> int:
        """Bytes of all planted copies."""
        return sum(len(pair.planted_text.encode()) * pair.repetitions for pair in self.pairs)


def make_secrets(
    num_pairs: int,
    *,
    seed: int,
    repetitions: Sequence[int],
    digits: int,
    words: int,
    rng: np.random.Generator,
) -> SecretList:
    """Pairs of both kinds in turn, with their coins flipped.

    Args:
        num_pairs: at least one of each kind and number of repetitions.
        seed: of the stream; kept in the list.
        repetitions: copies, each >= 1, different; dealt to the pairs of each kind at random and as evenly as can be.
        digits: of the secret of a template.
        words: of the secret of random tokens.
        rng: draws everything.
    Raises:
        InputError: an argument outside its range (all named).
    Source: Carlini et al. 2019 (arXiv 1802.08232), secrets of a format and its randomness space; Steinke et al. 2023
        (arXiv 2305.08846), coins.
    Differs: one of two twins is planted where Steinke et al. include each canary independently; the beginnings differ.
    """
    faults = []
    if not repetitions or min(repetitions) < 1 or len(set(repetitions)) < len(repetitions):
        faults.append(f"repetitions must be different numbers of at least 1, got {list(repetitions)}")
    if not len(KINDS) * max(1, len(repetitions)) <= num_pairs <= 100_000:
        faults.append(f"pairs must be {len(KINDS) * max(1, len(repetitions))} to 100,000, got {num_pairs}")
    for name, length, most in (("digits", digits, MAX_LENGTH["template"]), ("words", words, MAX_LENGTH["tokens"])):
        if not 1 <= length <= most:
            faults.append(f"{name} must be 1 to {most}, got {length}")
    if faults:
        raise InputError("No canaries can be made.", why="; ".join(faults), next_step="Correct the options.")
    lengths = {"template": digits, "tokens": words}
    dealt = [rng.permutation(np.resize(repetitions, (num_pairs + 1 - k) // 2)) for k in range(len(KINDS))]
    used: set[str] = set()
    pairs = []
    for number in range(num_pairs):
        kind = KINDS[number % 2]
        copies = int(dealt[number % 2][number // 2])
        bare = SecretPair(f"{kind}-{number}", kind, _beginning(kind, used, rng=rng), ("", ""), 0, copies, lengths[kind])
        first, step = int(rng.integers(bare.space_size)), int(rng.integers(1, bare.space_size))
        secrets = bare.secret(first), bare.secret((first + step) % bare.space_size)
        coin = int(rng.integers(2))
        pairs.append(SecretPair(bare.name, kind, bare.beginning, secrets, coin, copies, bare.length))
    return SecretList(tuple(pairs), seed)


def is_as_made(secrets: SecretList, *, rng: np.random.Generator) -> bool:
    """Whether secrets and coins are those that `make_secrets` draws.

    Args:
        secrets: a list.
        rng: the stream of the list's seed, as it was when the list was made.
    Returns:
        whether all pairs are the same. The order of the numbers of repetitions is not kept, and each may be another
        one where all its pairs have that one.
    """
    lengths = {pair.kind: pair.length for pair in secrets.pairs}
    num_counts = len({pair.repetitions for pair in secrets.pairs})
    try:
        drawn = make_secrets(
            len(secrets.pairs),
            seed=secrets.seed,
            repetitions=range(1, num_counts + 1),
            digits=lengths.get("template", 0),
            words=lengths.get("tokens", 0),
            rng=rng,
        )
    except InputError:
        return False
    # What is drawn does not depend on the numbers of repetitions, only on how many there are.
    copies = {one.repetitions: pair.repetitions for one, pair in zip(drawn.pairs, secrets.pairs, strict=True)}
    return tuple(replace(one, repetitions=copies[one.repetitions]) for one in drawn.pairs) == secrets.pairs


def _beginning(kind: str, used: set[str], *, rng: np.random.Generator) -> str:
    """One that no other pair has: of a person's name, or of four made-up words."""

    def word(num_syllables: int) -> str:
        return "".join(_SYLLABLES[i] for i in rng.integers(len(_SYLLABLES), size=num_syllables))

    while True:
        # What makes a beginning its own is made of 24 bits at least, so that it stands in no text by accident.
        own = f"{word(2).title()} {word(3).title()}" if kind == "template" else " ".join(word(2) for _ in range(4))
        if own not in used:
            used.add(own)
            template = _TEMPLATES[int(rng.integers(len(_TEMPLATES)))]
            return template.format(name=own) if kind == "template" else f"{own} "


def write_secrets(path: Path, secrets: SecretList) -> None:
    """Writes a list that only its owner may read: a line of JSON about it, then one for each pair.

    Raises:
        StorageError: the place is taken or cannot be written.
    """
    head = {"schema": SCHEMA, "format": "byheart canaries", "seed": secrets.seed, "fingerprint": secrets.fingerprint}
    with creating(path) as file:
        file.writelines(dumps(line).encode() + b"\n" for line in (head, *(asdict(pair) for pair in secrets.pairs)))


def read_secrets(path: Path) -> SecretList:
    """The inverse of `write_secrets`.

    Raises:
        SourceError: there is no such file.
        FormatError: it is no such list, of a newer version, or has been changed since it was made.
    """
    try:
        head, *lines = [json.loads(line) for line in path.read_bytes().splitlines()]
        if head["format"] != "byheart canaries" or head["schema"] != SCHEMA:
            raise ValueError("not the format of this version")
        found = SecretList(tuple(_pair(fields) for fields in lines), int(head["seed"]))
        if not found.pairs or found.fingerprint != head["fingerprint"]:
            raise ValueError("its lines do not match its fingerprint")
    except OSError as error:
        raise SourceError(
            f"No canaries can be read from {visible(str(path))}.",
            why=error.strerror or "It cannot be opened.",
            next_step="Name a file that `byheart canary make` wrote.",
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FormatError(
            f"{visible(str(path))} is not a list of canaries as it was made.",
            why="Not the format of this version, or changed since: its lines do not match its fingerprint.",
            next_step="Name a file that `byheart canary make` wrote, unchanged.",
        ) from error
    return found


_FIELDS: dict[str, type] = {
    "name": str, "kind": str, "beginning": str, "secrets": list, "planted": int, "repetitions": int, "length": int,
}  # fmt: skip


def _pair(fields: dict[str, Any]) -> SecretPair:
    if {name: type(value) for name, value in fields.items()} != _FIELDS:
        raise ValueError("not the fields of a pair")
    one, other = fields["secrets"]
    pair = SecretPair(**{**fields, "secrets": (one, other)})
    well_formed = (
        pair.kind in KINDS
        and pair.planted in (0, 1)
        and pair.repetitions >= 1
        and 1 <= pair.length <= MAX_LENGTH[pair.kind]
        and one != other
        and all(isinstance(secret, str) for secret in (one, other))
        and max(len(text.encode()) for text in pair.texts) <= LARGEST_BYTES
    )
    if not well_formed:
        raise ValueError("no two twins")
    return pair
