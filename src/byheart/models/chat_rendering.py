"""Renders a chat template in a process of its own: `python -m byheart.models.chat_rendering`, JSON in, JSON out.

A template is a program that a stranger wrote. transformers runs it in jinja's immutable sandbox, so that it reaches no
code; what the sandbox does not bound is time, memory and the length of the answer, and that is what the process is for.
"""

import json
import resource
import sys
from datetime import datetime
from typing import Any

_MEMORY_BYTES = 4 << 30
_FAULT_CHARACTERS = 400


class _FixedDate(datetime):
    """Templates may write the date; the same command must give the same prompt tomorrow."""

    @classmethod
    def now(cls, tz: Any = None) -> "_FixedDate":
        return cls(2024, 7, 26, tzinfo=tz)


def render(template: str, special_tokens: dict[str, str], instruction: str) -> str:
    """The text that a conversation begins with: the user's instruction, and the assistant's turn opened.

    Args:
        template: jinja.
        special_tokens: "bos_token" and the like.
        instruction: the user's turn.
    Raises:
        ValueError: the template is ill-formed, refuses the conversation, or takes too much memory.
    """
    from transformers.utils import chat_template_utils

    library: Any = chat_template_utils
    conversation = [{"role": "user", "content": instruction}]
    try:
        rendered, _ = library.render_jinja_template(
            conversations=[conversation], chat_template=template, add_generation_prompt=True, **special_tokens
        )
    except Exception as error:  # a template can raise anything
        raise ValueError(f"{type(error).__name__}: {error}") from error
    return str(rendered[0])


def fix_date() -> None:
    """From here on every template in this process is told the same date."""
    from transformers.utils import chat_template_utils

    library: Any = chat_template_utils
    library.datetime = _FixedDate


def main() -> None:
    """Reads {"template", "special_tokens", "instruction", "cpu_seconds", "most_characters"}.

    Writes {"text"}, or {"num_characters"} in place of a longer one, or {"fault"}.
    """
    asked = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_CPU, (asked["cpu_seconds"],) * 2)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    fix_date()
    answer: dict[str, str | int]
    try:
        text = render(asked["template"], asked["special_tokens"], asked["instruction"])
        answer = {"text": text} if len(text) <= asked["most_characters"] else {"num_characters": len(text)}
    except ValueError as error:
        # A template chooses what its error says, too.
        answer = {"fault": str(error)[:_FAULT_CHARACTERS]}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
