"""Streams as terminals, pipes and build servers want them: colours, characters that they lack, forged commands."""

import codecs
import os
import re
import sys
from typing import TextIO

CLOSED_PIPE = 141
"""Exit code when the reader closed the pipe, as of a program that SIGPIPE ended; 1 would say that a gate failed."""
_PLAIN = str.maketrans(
    {
        "\N{MINUS SIGN}": "-",
        "\N{EN DASH}": "-",
        "\N{EM DASH}": "-",
        "\N{HORIZONTAL ELLIPSIS}": "...",
        "\N{BOX DRAWINGS LIGHT HORIZONTAL}": "-",
        "\N{BOX DRAWINGS HEAVY HORIZONTAL}": "-",
        "\N{FULL BLOCK}": "#",
        "\N{MATHEMATICAL LEFT ANGLE BRACKET}": "<",
        "\N{MATHEMATICAL RIGHT ANGLE BRACKET}": ">",
        "\N{MATHEMATICAL LEFT WHITE SQUARE BRACKET}": "[[",
        "\N{MATHEMATICAL RIGHT WHITE SQUARE BRACKET}": "]]",
        "\N{MIDDLE DOT}": ".",
        "\N{MULTIPLICATION SIGN}": "x",
    }
)
_COMMANDS = re.compile(r"^([ \t]*):(?=:)|#(?=#(?:vso|teamcity)?\[)", re.MULTILINE)
"""What GitHub, Azure and TeamCity obey when a line of a log says it."""
_SERVERS = ("CI", "GITHUB_ACTIONS", "TF_BUILD", "TEAMCITY_VERSION")


def on_build_server() -> bool:
    """Whether a build server reads along."""
    return any(os.environ.get(name, "") not in ("", "0", "false") for name in _SERVERS)


def without_commands(text: str) -> str:
    """The same text, but a build server that reads it does not obey it: the first sign is shown as its code point.

    Elsewhere the text is left alone: `::` begins lines of ordinary C++.
    """
    if not on_build_server():
        return text
    return _COMMANDS.sub(lambda match: f"{match[1] or ''}⟨U+{ord(match[0][-1]):04X}⟩", text)


def has_colours(stream: TextIO | None = None) -> bool:
    """Whether a stream shows colours: NO_COLOR, then FORCE_COLOR and CLICOLOR_FORCE, else a terminal that is not dumb.

    Args:
        stream: stdout unless given.
    """
    if os.environ.get("NO_COLOR"):
        return False
    if any(os.environ.get(name, "") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return is_live(sys.stdout if stream is None else stream) and os.environ.get("CLICOLOR") != "0"


def is_live(stream: TextIO) -> bool:
    """Whether somebody looks at a stream that can be drawn on."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def _in_its_characters(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(_PLAIN)
    return "".join(one if one.isascii() else f"<U+{ord(one):04X}>" for one in text), error.end


def accept_every_character() -> None:
    """Where stdout and stderr cannot write a character, such as in the locale C, they write something like it."""
    codecs.register_error("byheart", _in_its_characters)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="byheart")


def discard_rest() -> None:
    """Sends what is still to be written nowhere, after the reader closed the pipe, so that Python's end is quiet."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
