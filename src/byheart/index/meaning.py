"""What the symbols of an index stand for, and what identifies it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from blake3 import blake3

from byheart.core.codec import dumps
from byheart.index.layout import Unit
from byheart.index.shard import Shard


@dataclass(frozen=True)
class Meaning:
    """What must be the same for two answers to be comparable."""

    unit: Unit
    """"bytes" or "tokens"."""
    alphabet_size: int
    """Symbols are 0..alphabet_size-1."""
    tokenizer_fingerprint: str | None = None
    """Who made the token ids."""
    normalisation: str = "none"
    """What was done to the text before: "none", or as corpus/normalisation names it."""

    def in_words(self) -> str:
        """For messages."""
        tokenizer = f" of the tokenizer {self.tokenizer_fingerprint[:12]}" if self.tokenizer_fingerprint else ""
        return f"{self.unit}{tokenizer}{'' if self.normalisation == 'none' else f', normalised ({self.normalisation})'}"


def fingerprint(meaning: Meaning, shards: Sequence[Shard]) -> str:
    """What identifies an index.

    Definition:
        the BLAKE3 of the meaning and of three hashes over all documents in order: their digests, the lengths of their
        names in bytes, their names
    Returns:
        64 hexadecimal digits; the same for every sharding.
    Source: definition.
    Differs: nothing.
    """
    digests, lengths, names = blake3(), blake3(), blake3()
    for shard in shards:
        digests.update(shard.document_digests.reshape(-1).data)
        lengths.update(np.diff(shard.names.offsets).astype("<i8").view(np.uint8).data)
        names.update(shard.names.content.data)
    parts = [asdict(meaning), digests.hexdigest(), lengths.hexdigest(), names.hexdigest()]
    return str(blake3(dumps(parts).encode()).hexdigest())
