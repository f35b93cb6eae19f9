"""What `byheart attribute` answers, for a person and for a program."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from byheart.cli.session import terminal_columns
from byheart.cli.trace_view import FAINT, Piece
from byheart.core.evidence import Interval
from byheart.core.explanation import EXPLANATIONS, Explanation
from byheart.core.visible import visible_in_line
from byheart.report.explanations import LOOKS
from byheart.report.wrapping import wrapped
from byheart.study.attributed_text import AttributedToken, Attribution, ExplanationShare

_SHOWN_TOKENS = 2000
"""Tokens of a text that are shown without --all."""
_COLOURS = {
    Explanation.KNOWLEDGE: 172,
    Explanation.INFINIGRAM: 215,
    Explanation.MARKOV: 222,
    Explanation.BOOLEAN: 230,
    Explanation.COPY: 252,
    Explanation.BEYOND: 115,
}
"""Of the 256, behind black letters: as in the report, readable on a dark and on a light terminal."""
_HEADS = ("", "share", "interval", "floor", "its interval", "excess", "right", "bits saved")
_LEFT_OUT_FIRST = ("its interval", "bits saved", "interval", "right", "excess")
"""Where the terminal is narrow; --json has all."""
_BAR = "\N{FULL BLOCK}"
_WIDEST_BAR = 40


def attribution_lines(found: Attribution, *, colours: bool, show_all: bool) -> list[Piece]:
    """All that a person is told: the text with its explanations, what the signs mean, and the shares.

    Args:
        found: the answer.
        colours: whether the terminal shows them; without, each run stands in brackets with its letter.
        show_all: every token of a long text.
    """
    shown = found.tokens if show_all else found.tokens[:_SHOWN_TOKENS]
    width = terminal_columns()
    pieces = list(_painted(shown, colours=colours))
    left_out = len(found.tokens) - len(shown)
    if left_out:
        pieces.append((f"\n[... {left_out:,} more tokens: --all shows every one ...]", FAINT))
    pieces += [("\n\n", {}), *_legend(width, colours=colours), ("\n", {})]
    pieces += [(f"{line}\n", {}) for line in _share_lines(found, width)]
    pieces += [(f"{line}\n", {}) for note in found.notes for line in wrapped(note, width)]
    return pieces


def _style(explanation: Explanation) -> dict[str, Any]:
    return {"fg": 16, "bg": _COLOURS[explanation]}


def _painted(tokens: Sequence[AttributedToken], *, colours: bool) -> Iterator[Piece]:
    """The text, a run of tokens with one explanation after another; what was rightly said is underlined."""
    at = -1
    for (number, explanation), run in groupby(tokens, key=lambda token: (token.document_index, token.explanation)):
        members = list(run)
        if number != at and (number or tokens[-1].document_index):
            yield f"{chr(10) if at >= 0 else ''}{visible_in_line(members[0].document)}\n", FAINT
        at = number
        text = "".join(token.text for token in members)
        if not text:
            continue  # the end of a document, or the first bytes of a character
        letter = LOOKS[explanation].letter
        if not colours:
            yield f"[{letter}:{text}]", {}
            continue
        yield letter, FAINT
        for is_right, part in groupby(members, key=lambda token: token.is_right):
            style = _style(explanation)
            yield "".join(token.text for token in part), style | {"underline": True} if is_right else style


def _legend(width: int, *, colours: bool) -> Iterator[Piece]:
    for explanation in EXPLANATIONS:
        look = LOOKS[explanation]
        yield f" {look.letter} ", _style(explanation) if colours else {}
        said = wrapped(look.meaning, width - 4)
        yield " " + "\n    ".join(said) + "\n", {}
    if colours:
        yield " _  underlined: what the model says stands there\n", FAINT


def _share_lines(found: Attribution, width: int) -> Iterator[str]:
    """A line for each explanation, as many columns as the terminal has room for."""
    ends = "its end" if found.num_documents == 1 else f"{found.num_documents:,} ends of documents"
    intervals = "; 95 % intervals over documents" if found.has_intervals else ""
    yield from wrapped(
        f"{found.subject}: {len(found.tokens):,} tokens ({ends} included), by the weakest explanation of what it "
        f"says{intervals}",
        width,
    )
    rows = [_share_row(share, found) for share in found.shares]
    columns = [column for column in zip(_HEADS, *rows, strict=True) if any(column[1:])]
    widths = [max(map(len, column)) for column in columns]
    for head in _LEFT_OUT_FIRST:
        place = next((at for at, column in enumerate(columns) if column[0] == head), None)
        if place is not None and sum(widths) + 2 * len(widths) - 2 > width:
            del columns[place], widths[place]
    room = min(_WIDEST_BAR, width - sum(widths) - 2 * len(widths))
    for number, cells in enumerate(zip(*columns, strict=True)):
        shown = [cell.rjust(wide) for cell, wide in zip(cells[1:], widths[1:], strict=True)]
        bar = "" if number == 0 or room < 8 else _BAR * round(room * found.shares[number - 1].share.value)
        yield "  ".join((cells[0].ljust(widths[0]), *shown, bar)).rstrip()


def _share_row(it: ExplanationShare, found: Attribution) -> tuple[str, ...]:
    letters = {str(explanation): LOOKS[explanation].letter for explanation in EXPLANATIONS}
    saved = "" if it.bits_saved_per_token is None else f"{it.bits_saved_per_token:+.2f}"
    return (
        f"{letters.get(it.explanation, ' ')} {it.explanation}",
        f"{it.share.value:.1%}",
        _bounds(it.share, found),
        "" if it.floor is None else f"{it.floor.value:.1%}",
        "" if it.floor is None else _bounds(it.floor, found),
        "" if it.excess is None else _signed(it.excess, found),
        f"{it.right_tokens / it.tokens:.0%}" if it.tokens else "-",
        saved,
    )


def _bounds(it: Interval, found: Attribution) -> str:
    return f"{it.low:.1%} to {it.high:.1%}" if found.has_intervals else ""


def _signed(it: Interval, found: Attribution) -> str:
    bounds = f" ({100 * it.low:+.1f} to {100 * it.high:+.1f})" if found.has_intervals else ""
    return f"{100 * it.value:+.1f}{bounds}"


def attribution_json(found: Attribution) -> dict[str, Any]:
    """The same as plain JSON values: one entry for each token, then the shares.

    Args:
        found: the answer.
    """
    return {
        "with": found.subject,
        "documents": found.num_documents,
        "num_tokens": len(found.tokens),
        "tokens": [_token_json(token) for token in found.tokens],
        "shares": [_share_json(share, has_intervals=found.has_intervals) for share in found.shares],
        "notes": list(found.notes),
    }


def _token_json(token: AttributedToken) -> dict[str, Any]:
    return asdict(token) | {
        "explanation": str(token.explanation),
        "floor": None if token.floor is None else str(token.floor),
    }


def _share_json(it: ExplanationShare, *, has_intervals: bool) -> dict[str, Any]:
    def plain(interval: Interval | None) -> dict[str, float] | None:
        if interval is None:
            return None
        bounds = {"low": interval.low, "high": interval.high} if has_intervals else {}
        return {"value": interval.value, **bounds}

    return {
        "explanation": it.explanation,
        "tokens": it.tokens,
        "right_tokens": it.right_tokens,
        "share": plain(it.share),
        "floor": plain(it.floor),
        "excess": plain(it.excess),
        "bits_saved_per_token": it.bits_saved_per_token,
    }
