"""One text as tokens, each with its place in the bytes of the text.

Evidence is reported in bytes, so that it does not depend on the tokenizer. The map from tokens to bytes is made here,
from the character offsets that the `tokenizers` library gives for any tokenizer.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from byheart.core.tokens import TokenIds


@dataclass(frozen=True)
class Encoding:
    """One text as tokens."""

    token_ids: TokenIds
    """Shape [num_tokens]."""
    byte_ends: npt.NDArray[np.int64]
    """bytes, shape [num_tokens]; how much of the text, as UTF-8, is consumed after each token. Non-decreasing, the last
    equals the length of the text; a token inside a character counts with the character's first token."""

    def __len__(self) -> int:
        return int(self.token_ids.size)


def byte_ends_from_characters(character_ends: npt.NDArray[np.int64], text: str) -> npt.NDArray[np.int64]:
    """Where each token ends, in bytes.

    Definition:
        byte_ends[t] = UTF-8 length of text[: max(character_ends[0..t])], and byte_ends[-1] = UTF-8 length of text
    Args:
        character_ends: one past the last character of each token, shape [num_tokens], each in [0, len(text)].
        text: without lone surrogates.
    Returns:
        bytes, shape [num_tokens], non-decreasing.
    Cost: O(len(text) + num_tokens); no pass over the characters when the text is ASCII.
    Source: definition.
    Differs: nothing.
    """
    ends = np.maximum.accumulate(character_ends)
    if not text.isascii():
        code_points = np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
        widths = 1 + (code_points >= 0x80).astype(np.int64) + (code_points >= 0x800) + (code_points >= 0x10000)
        ends = np.concatenate(([0], np.cumsum(widths)))[ends]
        num_bytes = int(widths.sum())
    else:
        num_bytes = len(text)
    if ends.size:
        # Blanks that a tokenizer drops at the end still belong to someone.
        ends[-1] = num_bytes
    return ends
