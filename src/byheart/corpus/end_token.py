"""Which token of a foreign tokenizer stands for the end of a document."""

import json
from pathlib import Path
from typing import Any

END = "<|endoftext|>"
"""Preferred where it is special: instruction-tuned models keep it as the border of documents, while their eos_token
ends a turn of a conversation."""
LAST_RESORTS = ("</s>",)
"""Tried when nothing else is said."""


def hinted_ends(folder: Path) -> tuple[str | int, ...]:
    """What the files of a model folder call the end of a text, best hint first.

    Args:
        folder: may lack any of tokenizer_config.json, special_tokens_map.json, generation_config.json, config.json.
    Returns:
        tokens as text or as ids; files that are missing or damaged give none.
    Source: transformers' file formats (eos_token as text or as {"content": text}, eos_token_id as one id or a list).
    Differs: nothing.
    """
    hints: list[str | int] = []
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        token = _json_object(folder / name).get("eos_token")
        content = token.get("content") if isinstance(token, dict) else token
        if isinstance(content, str):
            hints.append(content)
    for name in ("generation_config.json", "config.json"):
        raw = _json_object(folder / name).get("eos_token_id")
        ids = raw if isinstance(raw, list) else [raw]
        hints.extend(i for i in ids if isinstance(i, int) and not isinstance(i, bool) and i >= 0)
    return tuple(hints)


def _json_object(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
