"""Answers of the explorer as plain JSON values: every foreign string made visible, every number beside its words.

The page's script shows them as text; it makes no markup of them.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from byheart.core.evidence import Interval, Refusal, Token
from byheart.core.explanation import EXPLANATIONS
from byheart.core.visible import visible, visible_in_line
from byheart.explorer import words
from byheart.explorer.painting import by_length, pieces
from byheart.report import format as fmt
from byheart.report.explanations import LOOKS
from byheart.report.passages import pieces_of
from byheart.study.attributed_text import Attribution
from byheart.study.exploring.continuation import Cut, Said
from byheart.study.tracing import Copied, Trace
from byheart.study.yardstick import BLIND

MOST_LISTED = 50
"""Runs that are listed; the longest first."""
_SHOWN_CHARACTERS = 160


def document_address(document_index: int, start: int, stop: int) -> str:
    """Where the explorer shows a passage of a document, in the index's unit."""
    return f"/documents/{document_index}?{urlencode({'start': start, 'stop': stop})}#passage"


def spans_json(text: str, found: Trace, shortest: int, unit: str, note: str = "") -> dict[str, Any]:
    """Which parts of a text stand where.

    Args:
        text: that was asked.
        found: its trace.
        shortest: length of the shortest run that is shown, in the unit.
        unit: of the index.
        note: what a reader should know.
    """
    ordered = by_length(found)
    listed, data = ordered[:MOST_LISTED], text.encode()
    return {
        "said": words.spans_said(found, shortest, unit),
        "chance": words.chance_said(found, unit),
        "notes": [note] if note else [],
        "pieces": [{"text": visible(piece.text), "number": piece.number} for piece in pieces(text, found)],
        "runs": [
            _run(n, it, data, found, unit) | {"step": _step(it, shortest)} for n, it in enumerate(listed, start=1)
        ],
        "left_out": max(0, len(ordered) - MOST_LISTED),
    }


def _step(it: Copied, shortest: int) -> int:
    """How strong its colour is: 1 to 3, darker from twice and from four times the shortest run on."""
    return 1 + (it.symbols >= 2 * shortest) + (it.symbols >= 4 * shortest)


def _run(number: int, it: Copied, data: bytes, found: Trace, unit: str) -> dict[str, Any]:
    size = f"{len(it.span):,} bytes" + ("" if unit == "bytes" else f" ({it.symbols:,} {unit})")
    often = "once" if it.count == 1 else f"{it.count:,} times"
    beyond = found.beyond_chance(it)
    return {
        "number": number,
        "text": _in_one_line(data[it.span.start : it.span.stop].decode("utf-8", "replace")),
        "said": f"{size}, {often}" + ("; longer than in every held-out window" if beyond else ""),
        "places": [
            {
                "name": visible_in_line(fmt.shortened(name, 80)),
                "at": f"{'byte' if unit == 'bytes' else 'token'} {offset:,}",
                "address": document_address(document, offset, offset + it.symbols),
            }
            for (name, offset), document in zip(it.sources, it.documents, strict=True)
        ],
        "more_places": it.count - len(it.sources),
    }


def _in_one_line(text: str) -> str:
    return visible_in_line(fmt.shortened(text, _SHOWN_CHARACTERS)).replace(
        "⟨U+000A⟩", "\N{DOWNWARDS ARROW WITH CORNER LEFTWARDS}"
    )


def explanation_json(found: Attribution) -> dict[str, Any]:
    """What explains each token."""
    shown = pieces_of(
        [Token(it.text, agrees=it.is_right, predicted=it.predicted, explanation=it.explanation) for it in found.tokens]
    )
    return {
        "said": words.explanation_said(found),
        "notes": [visible(note) for note in found.notes],
        "tokens": [
            {
                "text": piece.text,
                "letter": LOOKS[token.explanation].letter,
                "begins": piece.begins,
                "said": piece.said,
                "after": piece.after,
                "bits": f"{token.bits:.1f}",
            }
            for token, piece in zip(found.tokens, shown, strict=True)
        ],
        "shares": [
            {
                "letter": LOOKS[explanation].letter,
                "name": str(explanation),
                "meaning": LOOKS[explanation].meaning.partition(": ")[2],
                "share": words.counted(it.share.value, found),
                "floor": words.counted(None if it.floor is None else it.floor.value, found),
            }
            for explanation, it in zip(EXPLANATIONS, found.shares, strict=False)
        ],
    }


def continuation_json(
    it: Cut,
    said: Sequence[Said],
    usual: Interval | Refusal,
    as_far: Interval | Refusal,
    usual_given: int | None,
    notes: Sequence[str],
) -> dict[str, Any]:
    """What model and memorizers give a continuation.

    Args:
        it: the cut text.
        said: the model's first.
        usual: how many held-out windows the model finds as probable.
        as_far: how many come out by themselves as far.
        usual_given: tokens before those.
        notes: what a reader should know.
    """
    model, *others = said
    memorizers = [one for one in others if one.name != BLIND]
    best = min(memorizers, key=lambda one: one.bits, default=None)
    return {
        "said": words.continuation_said(model, it.num_tokens),
        "formula": words.FORMULA,
        "border": words.cut_said(it),
        "chance": words.usual_said(usual, it.num_tokens, usual_given, whole=model.log_pz_nats is None),
        "chance_by_itself": words.as_far_said(as_far, model.num_right),
        "beside": _beside(model, best),
        "notes": [visible(note) for note in notes],
        "num_given": it.num_given,
        "num_tokens": it.num_tokens,
        "rows": [
            {
                "name": visible_in_line(one.name),
                "is_model": one is model,
                "is_best": one is best,
                "pz": words.probability(one.log_pz_nats) if one.tells_pz else "not told",
                "log_pz_nats": one.log_pz_nats,
                "bits": f"{one.bits:,.1f}",
                "greedy": words.greedy_said(one, it.num_tokens),
                "tries": words.tries_said(one) if one.tells_pz else "not told",
            }
            for one in said
        ],
    }


def _beside(model: Said, best: Said | None) -> str:
    if best is None:
        return ""
    saved = best.bits - model.bits
    return (
        f"The best of the memorizers that are asked here, {visible_in_line(best.name)}, needs {best.bits:,.1f} bits: "
        f"{abs(saved):,.1f} {'more' if saved > 0 else 'fewer'} than the model."
    )
