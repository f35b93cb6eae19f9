"""What `byheart trace` answers, for a person and for a program."""

from typing import Any

from byheart.cli.session import terminal_columns
from byheart.cli.trace_view import FAINT, SPANS_LISTED, Piece, by_length, legend, painted
from byheart.core.evidence import Refusal
from byheart.core.visible import visible, visible_in_line
from byheart.report.format import bounds, number
from byheart.report.wrapping import middle_left_out, wrapped
from byheart.study.tracing import Chance, Copied, Trace


def trace_lines(text: str, found: Trace, shortest: int, unit: str, *, colours: bool, width: int = 100) -> list[Piece]:
    """All that `byheart trace` tells a person: the text, its runs with their sources, and the chance level.

    Args:
        text: what was traced.
        found: the answer.
        shortest: symbols of the shortest run that was asked for.
        unit: of the index.
        colours: whether the terminal shows them.
        width: columns of the terminal.
    """
    pieces = painted(text, found, shortest, colours=colours)
    pieces.append(("\n" if text.endswith("\n") else "\n\n", {}))
    if colours and found.spans:
        pieces += [*legend(shortest, unit), ("\n\n", {})]
    data = text.encode("utf-8", "surrogatepass")
    ordered = by_length(found)
    for place, copied in enumerate(ordered[:SPANS_LISTED], start=1):
        mark = "*" if found.beyond_chance(copied) else " "
        pieces += _lines(_run_in_words(copied, unit), width, indent="     ", first=f"{place:3}{mark} ")
        words = data[copied.span.start : copied.span.stop].decode("utf-8", "replace")
        pieces.append((f"     {in_one_line(words, width - 5)}\n", FAINT))
    if len(ordered) > SPANS_LISTED:
        pieces += _lines(
            f"and {len(ordered) - SPANS_LISTED:,} shorter spans: --json names all.", width, indent="      "
        )
    if any(map(found.beyond_chance, ordered)):
        pieces += _lines("* longer than every match of every held-out window", width, indent="   ")
    pieces += _lines(
        f"{len(found.spans):,} span(s) of at least {shortest:,} {unit}; "
        f"longest match {found.longest_bytes:,} bytes; "
        f"{found.covered_share:.1%} of {found.num_bytes:,} bytes covered",
        width,
    )
    head, *rest = _chance_in_words(found, unit).split("\n")
    pieces += _lines(head, width)
    for line in rest:
        pieces += _lines(line.lstrip(), width, indent="    ", first="  - ")
    return pieces


def _run_in_words(copied: Copied, unit: str) -> str:
    """How long a run is, and where it stands."""
    places = ((visible_in_line(name), offset) for name, offset in copied.sources)
    sources = ", ".join(f"{name} at {'' if unit == 'bytes' else 'token '}{offset:,}" for name, offset in places)
    more = copied.count - len(copied.sources)
    sources += f" and {more:,} more" if more > 0 else ""
    size = f"{len(copied.span):,} bytes" + ("" if unit == "bytes" else f" ({copied.symbols:,} {unit})")
    return f"{size} at byte {copied.span.start:,}, {times(copied.count)} in {sources}"


def _lines(text: str, width: int, *, indent: str = "", first: str | None = None) -> list[Piece]:
    return [(f"{line}\n", {}) for line in wrapped(text, width, indent=indent, first=first)]


def _chance_in_words(found: Trace, unit: str) -> str:
    chance = found.chance
    if chance is None:
        return (
            "Chance level: not given, so nothing says whether this is much. It stands here with --held-out SOURCE: "
            "text of the same kind that is not in the corpus."
        )
    if isinstance(chance, Refusal):
        return f"Chance level: none. {chance.reason}"
    longest, covered = chance.longest_quantile, chance.covered_quantile
    rate = chance.at_least(found.longest_symbols)
    share, interval = bounds(rate.value, rate.low, rate.high, "rate")
    left_out = f"; {chance.num_in_corpus} held-out documents that stand in the corpus were left out"
    return (
        f"Chance level, from {chance.num_windows} held-out windows of the same length"
        f"{left_out if chance.num_in_corpus else ''}:\n"
        f"  longest match  {found.longest_symbols:,} {unit}; held-out median {longest(0.5):,}, 95 % quantile "
        f"{longest(0.95):,}\n"
        f"  covered share  {found.covered_share:.1%}; held-out median {covered(0.5):.1%}, 95 % quantile "
        f"{covered(0.95):.1%}\n"
        f"  {number(rate.value * chance.num_windows, 0)} of {chance.num_windows} held-out windows ({share}, "
        f"95 % interval {interval}) have a match at least as long."
    )


def times(number: int) -> str:
    """A number of occurrences in words."""
    return "once" if number == 1 else f"{number:,} times"


def in_one_line(text: str, width: int | None = None) -> str:
    """The beginning and the end of a text in so many columns, its line breaks written out.

    Args:
        text: anything.
        width: columns; what the terminal has beside an indent of 14 when left out.
    """
    width = terminal_columns() - 14 if width is None else width
    # Only what can be shown is made visible: a run may have a million characters.
    ends = text if len(text) <= width else f"{text[:width]}\0{text[-width:]}"
    shown = visible(ends.replace("\n", "\\n").replace("\t", "\\t"))
    return middle_left_out(shown, width)


def trace_json(found: Trace, shortest: int, unit: str) -> dict[str, Any]:
    """The same as plain JSON values."""
    return {
        "spans": [
            {
                "start": copied.span.start,
                "stop": copied.span.stop,
                "bytes": len(copied.span),
                "symbols": copied.symbols,
                "count": copied.count,
                "sources": [{"document": name, "offset": offset} for name, offset in copied.sources],
                "beyond_chance": found.beyond_chance(copied) if isinstance(found.chance, Chance) else None,
            }
            for copied in found.spans
        ],
        "longest_bytes": found.longest_bytes,
        "longest_symbols": found.longest_symbols,
        "covered_share": found.covered_share,
        "bytes": found.num_bytes,
        "unit": unit,
        "min_symbols": shortest,
        "chance": _chance_json(found),
    }


def _chance_json(found: Trace) -> dict[str, Any] | None:
    chance = found.chance
    if chance is None:
        return None
    if isinstance(chance, Refusal):
        return {"refused": chance.reason}
    rate = chance.at_least(found.longest_symbols)
    return {
        "windows": chance.num_windows,
        "held_out_documents_in_corpus": chance.num_in_corpus,
        "longest_symbols_median": chance.longest_quantile(0.5),
        "longest_symbols_95": chance.longest_quantile(0.95),
        "longest_symbols_max": chance.longest_symbols[-1],
        "covered_share_median": chance.covered_quantile(0.5),
        "covered_share_95": chance.covered_quantile(0.95),
        "at_least_as_long": {"value": rate.value, "low": rate.low, "high": rate.high, "n": chance.num_windows},
    }
