"""Secrets planted into training texts that are in memory, before a Trainer is made."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from byheart.corpus.secrets import SecretList
from byheart.errors import InputError
from byheart.study.canary_planting import LARGEST_SHARE, canary_warnings, make_canaries, plant_texts, read_canaries

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PlantedTexts:
    """Training texts with secrets among them, and the list that says which were planted."""

    texts: tuple[str, ...]
    """What to train on, as it is: without removing duplicates, each text a record of its own."""
    secrets: SecretList
    """The pairs and their coins."""
    canaries: Path
    """Where the list is kept; only its owner may read it, and `byheart audit --canaries` takes it."""
    warnings: tuple[str, ...] = ()
    """What is wrong with the list for an audit, in sentences; logged too."""

    @property
    def fingerprint(self) -> str:
        """Of the list: published before the training, it proves afterwards that no coin was turned."""
        return self.secrets.fingerprint


def plant(
    texts: Sequence[str],
    canaries: str | Path,
    *,
    pairs: int = 48,
    repetitions: Sequence[int] = (1, 4, 16),
    digits: int = 4,
    words: int = 3,
    seed: int | None = None,
    largest_share: float = LARGEST_SHARE,
) -> PlantedTexts:
    """Plants secrets into training texts by coin flip; a list that is there already is planted again.

    Args:
        texts: of the training, one for each record.
        canaries: where the list is kept. A file that `byheart canary make` or this function wrote is read, and the
            arguments about secrets do not count; else it is made.
        pairs: of twins, of which one each is planted; 12 carry an interval, 48 a good one.
        repetitions: copies of the planted ones.
        digits: of the secrets in sentences.
        words: of the secrets of made-up words.
        seed: None draws 128 bits from the operating system; with a number, whoever guesses it knows every secret.
        largest_share: of the bytes that may be copies: more would change what is trained, not only be remembered by it.
    Raises:
        InputError: an argument outside its range, or the copies would be more than that share (how much text is needed
            is said).
        SourceError: a text holds a canary of the list already.
        FormatError, StorageError: the list cannot be read or written.
    Source: `byheart canary make` and `byheart canary plant`.
    Differs: the texts are in memory.
    """
    if isinstance(texts, str):
        raise InputError("The training texts must be a list of texts.", why="Got one text.", next_step="Give [text].")
    path = Path(canaries)
    if path.exists():
        secrets = read_canaries(path)
        return _planted(plant_texts(secrets, texts, largest_share=largest_share), secrets, path)
    secrets = make_canaries(path, num_pairs=pairs, repetitions=repetitions, digits=digits, words=words, seed=seed)
    try:
        planted = plant_texts(secrets, texts, largest_share=largest_share)
    except InputError:
        path.unlink()  # a list that nothing was planted from would be taken for one of this training
        raise
    return _planted(planted, secrets, path)


def _planted(texts: tuple[str, ...], secrets: SecretList, path: Path) -> PlantedTexts:
    warnings = canary_warnings(secrets)
    for warning in warnings:
        logger.warning("byheart: %s", warning)
    return PlantedTexts(texts, secrets, path, warnings)
