"""What `byheart score` answers, for a person and for a program."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from byheart.cli.trace_answer import in_one_line
from byheart.core.visible import visible_in_line
from byheart.study.text_score import TextScore
from byheart.study.token_table import TokenRow

END_TEXT = "<end of document>"
_TEXT_CHARACTERS = 40


def score_lines(found: TextScore) -> Iterator[str]:
    """All that a person is told: the table, then the numbers of the whole text, the most comparable last.

    Args:
        found: the answer.
    """
    if found.table:
        yield from _table_lines(found)
        yield ""
    ends = "its end" if found.num_documents == 1 else f"{found.num_documents:,} ends of documents"
    if found.unit == "bytes":
        yield f"{found.subject}: {found.num_bytes:,} bytes of text and {ends}"
        yield f"  {found.bits_per_byte:.4f} bits per byte"
        yield f"  perplexity {_perplexity(found.perplexity)}, of bytes and ends alike"
    else:
        yield f"{found.subject}: {found.num_tokens:,} tokens ({ends} included), {found.num_bytes:,} bytes of text"
        yield f"  {found.bits_per_byte:.4f} bits per byte"
        yield f"  {found.bits_per_token:.4f} bits per token, perplexity {_perplexity(found.perplexity)}"
    if found.num_oov_tokens:
        share = found.num_oov_tokens / found.num_tokens
        yield (
            f"  perplexity {_perplexity(found.perplexity_without_oov)} without the {found.num_oov_tokens:,} words "
            f"({share:.1%} of the tokens) that are not in the vocabulary"
        )
    yield from found.notes


def _perplexity(value: float | None) -> str:
    return "beyond every number of this machine" if value is None else f"{value:,.3f}"


def _table_lines(found: TextScore) -> Iterator[str]:
    if len(found.table) < found.num_tokens:
        yield f"The {len(found.table)} costliest of {found.num_tokens:,} {found.unit}; --all shows every one."
    has_matches = found.table[0].match_tokens is not None
    places = [_place(row, named=found.num_documents > 1) for row in found.table]
    width = max(len("byte"), *map(len, places))
    match = f"  {'match':>6}  {'times':>9}" if has_matches else ""
    yield f"{'byte':>{width}}  {'bits':>8}  {'rank':>9}{match}  token"
    for row, place in zip(found.table, places, strict=True):
        match = f"  {row.match_tokens:6,}  {row.match_count:9,}" if has_matches else ""
        rank = "not told" if row.rank is None else f"{row.rank:,}"
        yield f"{place:>{width}}  {row.bits:8.3f}  {rank:>9}{match}  {_shown(row)}"
    if has_matches:
        yield f"match: {found.unit} of context that the prediction rests on; times: how often they stand in the corpus"


def _place(row: TokenRow, *, named: bool) -> str:
    return f"{visible_in_line(row.document)}:{row.start}" if named else str(row.start)


def _shown(row: TokenRow) -> str:
    if row.is_end:
        return END_TEXT
    if not row.text:
        return "(part of a character)"
    unknown = "  (not in the vocabulary)" if row.is_oov else ""
    return f"'{in_one_line(row.text, _TEXT_CHARACTERS)}'{unknown}"


def score_json(found: TextScore, *, with_table: bool) -> dict[str, Any]:
    """The same as plain JSON values.

    Args:
        found: the answer.
        with_table: its rows too, by column.
    """
    plain: dict[str, Any] = {
        "tokens": found.num_tokens,
        "bytes": found.num_bytes,
        "oov_tokens": found.num_oov_tokens,
        "bits_per_token": found.bits_per_token,
        "bits_per_byte": found.bits_per_byte,
        "perplexity": found.perplexity,
        "perplexity_without_oov": found.perplexity_without_oov,
        "documents": found.num_documents,
        "unit": found.unit,
        "with": found.subject,
        "notes": list(found.notes),
    }
    if with_table:
        names = [field.name for field in fields(TokenRow)]
        plain["token_table"] = {name: [getattr(row, name) for row in found.table] for name in names}
    return plain
