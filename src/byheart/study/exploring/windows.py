"""Every window that a run scored, as passages to look through: the results show only the worst few of them."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from byheart.core.evidence import Cell, Exhibit, Token
from byheart.core.token_scores import TOP_K
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import FormatError
from byheart.study.exploring.exhibits import OCCURRENCES, ShownPassage
from byheart.study.run_folder import SCORES, RunFolder

AUDIT = "every scored window"
"""What stands in the place of the audit's name."""
_COLUMNS = (
    "role", "document", "start_byte", "stop_byte", "given_ids", "num_occurrences", "token_ids", "argmax_id", "rank",
    "log_probability_nats", "log_top_k_mass_nats",
)  # fmt: skip


def scored_windows(
    folder: RunFolder, subject: str, tokenizer: Tokenizer, shown: tuple[ShownPassage, ...]
) -> tuple[ShownPassage, ...]:
    """The windows that one subject scored, trained-on text first, those left out that are shown already.

    Args:
        folder: of the run.
        subject: whose scores; the others' would be as many again.
        tokenizer: of the run.
        shown: passages of the results; the numbers go on behind theirs.
    Raises:
        FormatError: scores.parquet is not what the run wrote.
    """
    import pyarrow.parquet

    damaged = [fault for fault in folder.faults() if fault.startswith(SCORES)]
    if damaged:
        raise FormatError(f"{SCORES} of this run is damaged.", why=damaged[0], next_step="Run the audit again.")
    of_subject = [("subject", "=", subject), ("need", "=", "WindowsNeed")]
    try:
        # A laboratory's run has other columns.
        if not set(_COLUMNS) <= set(pyarrow.parquet.read_schema(folder.path / SCORES).names):
            return ()
        table = pyarrow.parquet.read_table(folder.path / SCORES, columns=list(_COLUMNS), filters=of_subject)
    except (pyarrow.ArrowException, OSError) as error:
        raise FormatError(f"{SCORES} of this run cannot be read.", why=str(error)) from error
    rows = table.to_pylist()
    known = {(it.exhibit.document, it.exhibit.start_byte) for it in shown if it.subject == subject and not _why(it)}
    new = [row for row in rows if (row["document"], row["start_byte"]) not in known and row["rank"] is not None]
    new.sort(key=lambda row: row["role"] != "member")
    return tuple(
        ShownPassage(number=number, audit=AUDIT, subject=subject, exhibit=_exhibit(row, tokenizer))
        for number, row in enumerate(new, start=len(shown) + 1)
    )


def _why(it: ShownPassage) -> bool:
    """Whether a passage shows what explains it: the same window may then stand here without."""
    return any(token.explanation for token in it.exhibit.tokens)


def _exhibit(row: dict[str, Any], tokenizer: Tokenizer) -> Exhibit:
    is_member = row["role"] == "member"
    tokens = tuple(_tokens(row, tokenizer))
    right = sum(bool(token.agrees) for token in tokens)
    facts: tuple[tuple[str, Cell], ...] = ((OCCURRENCES, row["num_occurrences"]),) if is_member else ()
    if row["log_top_k_mass_nats"] is not None:
        facts += (("p_z", _pz(row)),)
    return Exhibit(
        name="scores.window",
        label="Said word for word"
        if right == len(tokens)
        else f"Window of {'trained-on' if is_member else 'held-out'} text",
        document=row["document"],
        start_byte=row["start_byte"],
        stop_byte=row["stop_byte"],
        role="subject" if is_member else "control",
        given=tokenizer.decode(np.array(row["given_ids"], dtype=np.int32)),
        tokens=tokens,
        facts=facts,
    )


def _tokens(row: dict[str, Any], tokenizer: Tokenizer) -> Iterator[Token]:
    said = row["argmax_id"] or [None] * len(row["rank"])
    for token_id, rank, argmax in zip(row["token_ids"], row["rank"], said, strict=True):
        predicted = "" if rank == 1 or argmax is None else tokenizer.decode(np.array([argmax], dtype=np.int32))
        yield Token(tokenizer.decode(np.array([token_id], dtype=np.int32)), agrees=rank == 1, predicted=predicted)


def _pz(row: dict[str, Any]) -> float:
    """p_z of the whole window, as protocols.md B1 has it."""
    if max(row["rank"]) > TOP_K:
        return 0.0
    columns = zip(row["log_probability_nats"], row["log_top_k_mass_nats"], strict=True)
    return math.exp(sum(min(own - mass, 0.0) for own, mass in columns))
