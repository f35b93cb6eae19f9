"""A3 without copies: held-out text that stands in the corpus word for word is memory's home ground, and is left out."""

from collections.abc import Sequence

import numpy as np

from byheart.audits.adaptation_totals import Totals, estimate, totals_of_copies
from byheart.core.adaptation_material import COPY_BYTES
from byheart.core.evidence import Cell, Estimate, Evidence, Interval, Refusal, Table
from byheart.core.material import Piece
from byheart.stats.bootstrap import MIN_CLUSTERS, cluster_totals
from byheart.stats.shares import token_shares

_WITHOUT = "adaptation.bits_beyond_memorizer_per_byte_without_copies"
_SHARE = "adaptation.copied_share"


def copies_evidence(
    pieces: Sequence[Piece], confidence: float, *, rng: np.random.Generator
) -> tuple[Estimate | Refusal, ...]:
    """Bits beyond the best memorizer on what is no copy, and the share of bytes that are copies.

    Args:
        pieces: with the same memorizers; nothing is said where one does not know its copies.
        confidence: of the intervals.
        rng: draws the resamples.
    """
    if any(piece.copies is None for piece in pieces):
        return ()
    left = totals_of_copies(pieces, is_copied=False)
    share = _share(pieces, confidence)
    if not left.num_documents:
        reason = (
            f"Every byte of the {len(pieces)} held-out pieces stands in a run of {COPY_BYTES} bytes or more that the "
            "trained-on text holds too; give held-out documents that repeat it less."
        )
        return Refusal(name=_WITHOUT, reason=reason), share
    per_byte = left.per_byte()
    best = min(per_byte, key=lambda name: per_byte[name])
    method = (
        f"Bits per byte of the best memorizer ({best}) minus those of the subject, without the tokens that stand in a "
        f"run of {COPY_BYTES} bytes or more, of whole tokens, that the trained-on text holds too"
    )
    saved = left.saved_over(best, confidence, rng=rng)
    return estimate(_WITHOUT, saved, left.num_documents, method, confidence, paired=True), share


def _copied_bytes(piece: Piece) -> int:
    assert piece.copies is not None
    return int(piece.copies.num_bytes[piece.copies.is_copied].sum())


def _share(pieces: Sequence[Piece], confidence: float) -> Estimate:
    names = [piece.document for piece in pieces]
    columns = [_copied_bytes(piece) for piece in pieces], [piece.num_bytes for piece in pieces]
    copied, whole = cluster_totals(names, *columns)
    n, value = copied.size, float(copied.sum() / whole.sum())
    carries = n >= MIN_CLUSTERS
    found = Interval(value, value, value, n)
    if carries:
        (found,) = token_shares(copied[:, None], whole, confidence=confidence)
    return Estimate(
        name=_SHARE,
        value=value,
        unit="share",
        low=found.low if carries else None,
        high=found.high if carries else None,
        confidence=confidence,
        n=n,
        method=f"Bytes of the scored tokens that stand in a run of {COPY_BYTES} bytes or more that the trained-on text "
        "holds too, by all bytes of the scored tokens. Runs are of whole tokens: copies that the tokenizer cuts "
        "otherwise are missed, so that this is a lower bound; interval over documents (Korn and Graubard).",
        no_interval=None if carries else f"An interval needs {MIN_CLUSTERS} documents; there are {n}.",
    )


def copies_table(pieces: Sequence[Piece], subject: str) -> tuple[Evidence, ...]:
    """Everyone's bits per byte outside copies and inside them, fewest outside first.

    Args:
        pieces: as for `copies_evidence`.
        subject: its name; where it is one of the memorizers it is one row.
    """
    if any(piece.copies is None for piece in pieces):
        return ()
    outside, inside = (_per_byte(totals_of_copies(pieces, is_copied=it), subject) for it in (False, True))
    if not outside or not inside:
        return ()
    rows: list[tuple[Cell, ...]] = [(name, outside[name], inside[name]) for name in outside]
    rows.sort(key=lambda row: float(row[1] or 0.0))
    copied = sum(map(_copied_bytes, pieces)) / sum(piece.num_bytes for piece in pieces)
    leader_inside = min(inside, key=lambda name: inside[name])
    title = f"{100 * copied:.1f} % of the bytes are copies of the corpus: " + (
        f"inside and outside of them {leader_inside} needs fewest bits"
        if leader_inside == rows[0][0]
        else f"there {leader_inside} needs fewest bits, outside them {rows[0][0]}"
    )
    columns = ("predictor", "outside copies, bits per byte", "inside copies, bits per byte")
    return (Table(name="adaptation.copies", title=title, columns=columns, rows=tuple(rows)),)


def _per_byte(found: Totals, subject: str) -> dict[str, float]:
    if not found.num_documents:
        return {}
    own = float(found.bits[:, 0].sum() / found.num_bytes.sum())
    return {subject: own} | dict(found.per_byte())
