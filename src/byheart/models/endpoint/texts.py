"""Token ids as text for a server that reads text, and its text as token ids."""

import numpy as np

from byheart.core.tokens import TokenIds
from byheart.corpus.tokenizer import Tokenizer
from byheart.models.endpoint.answer import wrong_answer
from byheart.models.endpoint.completions import Written

_BROKEN = "\N{REPLACEMENT CHARACTER}"


def prompt_text(token_ids: TokenIds, tokenizer: Tokenizer) -> str:
    """The text of a context; a character that it has only in part, at its start or end, is left out.

    Args:
        token_ids: shape [num_tokens].
        tokenizer: that made them.
    """
    return tokenizer.decode(token_ids).strip(_BROKEN)


def sent_text(token_ids: TokenIds, tokenizer: Tokenizer) -> str:
    """The text of a run of tokens, its ends of documents included, for a server that reads text.

    Args:
        token_ids: shape [num_tokens].
        tokenizer: that made them.
    """
    return tokenizer.end_token.join(tokenizer.decode(part) for part in _documents(token_ids, tokenizer))


def _documents(token_ids: TokenIds, tokenizer: Tokenizer) -> list[TokenIds]:
    """What stands between the end tokens."""
    parts = np.split(token_ids, np.flatnonzero(token_ids == tokenizer.end_id))
    return [parts[0], *(part[1:] for part in parts[1:])]


def is_expressible(token_ids: TokenIds, tokenizer: Tokenizer) -> bool:
    """Whether the text of these tokens has these tokens: a window cut inside a word may have others.

    Args:
        token_ids: shape [num_tokens].
        tokenizer: that made them.
    """
    parts = _documents(token_ids, tokenizer)
    again = tokenizer.token_ids_many([tokenizer.decode(part) for part in parts])
    return all(np.array_equal(one, other) for one, other in zip(again, parts, strict=True))


def written_ids(written: Written, num_tokens: int, tokenizer: Tokenizer) -> TokenIds:
    """A continuation as token ids, without the end of its document and what comes after.

    Args:
        written: by the server.
        num_tokens: most to keep.
        tokenizer: makes ids of its text where the server told none.
    Raises:
        BackendError: the server told ids that are not this tokenizer's.
    """
    if written.token_ids is None:
        return tokenizer.encode(written.text).token_ids[:num_tokens]
    for index, token_id in enumerate(written.token_ids):
        if token_id >= tokenizer.vocabulary_size:
            raise wrong_answer(
                f"choices[0].token_ids[{index}]",
                f"{token_id} is no token of the tokenizer given, which has {tokenizer.vocabulary_size:,}",
            )
    ids = np.array(written.token_ids[:num_tokens], dtype=np.int32)
    ends = np.flatnonzero(ids == tokenizer.end_id)
    kept = ids[: ends[0]] if ends.size else ids
    text = tokenizer.decode(kept).strip().strip(_BROKEN)
    if text not in written.text:
        raise wrong_answer(
            "choices[0].token_ids", "they are not the tokens of its text, so the tokenizer given is not the model's"
        )
    return kept
