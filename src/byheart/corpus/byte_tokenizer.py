"""Bytes as tokens, for predictors whose own tokens nobody knows."""

import tokenizers
from tokenizers import decoders, models, pre_tokenizers

from byheart.corpus.tokenizer import NUM_BYTE_SYMBOLS, WORDS_END, Tokenizer


def byte_tokenizer() -> Tokenizer:
    """A token per byte: ids 0..255 are the bytes of UTF-8, 256 is the end of a document.

    Returns:
        the tokenizer; the same on every machine.
    Source: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", for bytes as visible characters.
    Differs: there are no merges, and ids are the values of the bytes.
    """
    vocabulary = {character: value for value, character in _characters()}
    backend = tokenizers.Tokenizer(models.BPE(vocabulary, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens([WORDS_END])
    return Tokenizer(backend, NUM_BYTE_SYMBOLS)


def _characters() -> list[tuple[int, str]]:
    """Each byte and the character that the library writes for it."""
    is_shown = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    shown = [(value, chr(value)) for value in is_shown]
    hidden = [value for value in range(NUM_BYTE_SYMBOLS) if value not in set(is_shown)]
    return sorted(shown + [(value, chr(NUM_BYTE_SYMBOLS + number)) for number, value in enumerate(hidden)])
