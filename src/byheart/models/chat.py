"""An instruct model asked to write: what its own chat template puts before a text.

Every text and every context then stands where the assistant's answer stands, so that the audits measure what the model
says when it is asked, and not what it completes.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import tokenizers

from byheart.core.tokens import TokenIds
from byheart.core.visible import visible
from byheart.corpus.end_token import hinted_ends
from byheart.errors import BackendError, CapabilityError, FormatError, UnsafeError
from byheart.models.folders import read_json_object

_TEMPLATE_FILE, _TOKENIZER_CONFIG = "chat_template.jinja", "tokenizer_config.json"
_MOST_TEMPLATE_CHARACTERS = 1 << 17
"""The longest known templates, with tools and documents, have a quarter of it."""
_MOST_START_TOKENS = 1024
_MOST_START_CHARACTERS = _MOST_START_TOKENS * 256
"""The longest tokens of known vocabularies are runs of some 128 blanks: what is longer has too many tokens."""
_MOST_ANSWER_BYTES = 12 * _MOST_START_CHARACTERS + 1024
"""JSON takes 12 bytes at most for a character."""
_CPU_SECONDS = 10
"""Of the process that renders: a real template takes milliseconds, the imports two seconds."""
_SECONDS = 120.0
"""The same of wall clock, on a machine that is busy."""


@dataclass(frozen=True)
class Chat:
    """How a conversation begins and where its answer ends."""

    start_ids: TokenIds
    """The instruction in the template, and the assistant's turn opened; shape [num_tokens >= 1]."""
    end_id: int
    """The token that ends the assistant's turn."""
    text: str
    """start_ids as text."""


def open_chat(folder: Path, instruction: str) -> Chat:
    """The beginning of a conversation with the model of a folder.

    Args:
        folder: with a tokenizer.json and a chat template.
        instruction: the user's turn.
    Raises:
        CapabilityError: the folder has no chat template.
        FormatError: its template or its tokenizer is damaged.
        UnsafeError: its template takes more time than any real one, or writes more.
        BackendError: its template refuses the conversation.
    Cost: two seconds, for a process of its own.
    """
    shown = visible(str(folder))
    config = read_json_object(folder / _TOKENIZER_CONFIG) or {}
    template = _template(folder, config)
    if template is None:
        raise CapabilityError(
            f"The model in {shown} has no chat template.",
            why=f"Neither {_TEMPLATE_FILE} nor {_TOKENIZER_CONFIG} holds one: it was not trained to take instructions.",
            next_step="Leave --chat out.",
        )
    if len(template) > _MOST_TEMPLATE_CHARACTERS:
        raise UnsafeError(
            f"The chat template in {shown} is too long.",
            why=f"It has {len(template):,} characters, at most {_MOST_TEMPLATE_CHARACTERS:,} are read.",
            next_step="Leave --chat out, or write a shorter template.",
        )
    text = _rendered(template, _special_tokens(config), instruction, shown)
    try:
        backend = tokenizers.Tokenizer.from_str((folder / "tokenizer.json").read_text(encoding="utf-8"))
        backend.no_truncation()
        backend.no_padding()
        # The template writes its control tokens itself, and here they are meant.
        ids = backend.encode(text, add_special_tokens=False).ids
    except Exception as error:  # the library raises nothing more particular
        raise FormatError(
            f"The chat template in {shown} cannot be encoded.", why=visible(str(error)), next_step="Copy it again."
        ) from error
    ends = [backend.token_to_id(hint) if isinstance(hint, str) else hint for hint in hinted_ends(folder)]
    known = [end for end in ends if end is not None and backend.id_to_token(end) is not None]
    if not (0 < len(ids) <= _MOST_START_TOKENS) or not known:
        raise BackendError(
            f"The chat template in {shown} cannot be used.",
            why=f"The beginning of a conversation has {len(ids):,} tokens; 1 to {_MOST_START_TOKENS:,} are taken."
            if known
            else f"No eos_token in {_TOKENIZER_CONFIG} says how a turn ends.",
            next_step="Leave --chat out, or use a shorter instruction.",
        )
    return Chat(np.array(ids, dtype=np.int32), known[0], text)


def _template(folder: Path, config: dict[str, Any]) -> str | None:
    """The file of its own first, as transformers does; of several named templates the default."""
    path = folder / _TEMPLATE_FILE
    if path.is_file():
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise FormatError(
                f"{visible(str(path))} cannot be read.", why=visible(str(error)), next_step="Copy the model again."
            ) from error
    written = config.get("chat_template")
    if isinstance(written, list):
        named = [one for one in written if isinstance(one, dict) and one.get("name") == "default"]
        written = named[0].get("template") if named else None
    return written if isinstance(written, str) else None


def _special_tokens(config: dict[str, Any]) -> dict[str, str]:
    """Those that templates write by name: "bos_token" and the like."""
    found = {}
    for name in ("bos_token", "eos_token", "pad_token", "unk_token"):
        token = config.get(name)
        content = token.get("content") if isinstance(token, dict) else token
        if isinstance(content, str):
            found[name] = content
    return found


def _rendered(template: str, special_tokens: dict[str, str], instruction: str, shown: str) -> str:
    asked = {
        "template": template,
        "special_tokens": special_tokens,
        "instruction": instruction,
        "cpu_seconds": _CPU_SECONDS,
        "most_characters": _MOST_START_CHARACTERS,
    }
    # Files, not pipes: the process decides how much it writes, this one how much it reads.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as faults:
        try:
            done = subprocess.run(
                [sys.executable, "-m", "byheart.models.chat_rendering"],
                input=json.dumps(asked).encode(),
                stdout=out,
                stderr=faults,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise _endless(shown, f"No answer within {_SECONDS:.0f} seconds.") from error
        if done.returncode < 0:
            raise _endless(shown, f"Its process was stopped by signal {-done.returncode}.")
        answer = _answer(out) if done.returncode == 0 else {"fault": _ending(faults)}
    if "fault" in answer:
        raise BackendError(
            f"The chat template in {shown} cannot be rendered.",
            why=visible(answer["fault"])[:400],
            next_step="Leave --chat out, or correct the template.",
        )
    text = answer.get("text", "")
    if "text" not in answer or len(text) > _MOST_START_CHARACTERS:
        raise UnsafeError(
            f"The chat template in {shown} writes more than any real one.",
            why=f"It wrote {answer.get('num_characters', len(text)):,} characters; an opening of "
            f"{_MOST_START_TOKENS:,} tokens has at most {_MOST_START_CHARACTERS:,}.",
            next_step="Leave --chat out, use a shorter instruction, or a model whose template you trust.",
        )
    return str(text)


def _answer(out: BinaryIO) -> dict[str, Any]:
    """What the process wrote, unless that is longer than its longest answer."""
    size = out.seek(0, os.SEEK_END)
    if size > _MOST_ANSWER_BYTES:
        return {"num_characters": size}
    out.seek(0)
    answer: dict[str, Any] = json.loads(out.read())
    return answer


def _ending(faults: BinaryIO) -> str:
    faults.seek(max(faults.seek(0, os.SEEK_END) - 400, 0))
    return faults.read().decode(errors="replace")


def _endless(shown: str, why: str) -> UnsafeError:
    return UnsafeError(
        f"The chat template in {shown} takes more time than any real one.",
        why=why,
        next_step="Leave --chat out, or use a model whose template you trust.",
    )
