"""A text explained token by token, and the shares of its explanations."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from byheart.core.evidence import Interval
from byheart.core.explanation import EXPLANATIONS, Explanation
from byheart.core.tokens import Floats
from byheart.stats.bootstrap import MIN_CLUSTERS, cluster_totals
from byheart.stats.shares import paired_differences, token_shares

BEYOND_AND_RIGHT = "beyond and right"


@dataclass(frozen=True, kw_only=True, slots=True)
class AttributedToken:
    """One token of a text, what was said in its place, and why that may be."""

    document: str
    """Name of its document, untrusted."""
    document_index: int
    """Number of its document, from 0."""
    start: int
    """bytes; where it begins in its document."""
    stop: int
    """bytes; where it ends."""
    text: str
    """What stands there, untrusted; "" for the end of a document, and for all but one of the tokens of a character."""
    token_id: int
    """What stands there."""
    is_end: bool
    """Whether it is the end of its document."""
    predicted_id: int
    """The predictor's most probable token."""
    predicted: str
    """Its text, untrusted."""
    is_right: bool
    """Whether the two are the same."""
    explanation: Explanation
    """The weakest one of what was predicted."""
    bits: float
    """bits; - log2 P(what stands there) of the predictor."""
    bits_saved: float | None
    """bits; by the predictor over the mixture of memorizers; None without a mixture."""
    floor: Explanation | None
    """The weakest explanation of what the unrelated predictor says there; None without one."""
    floor_is_right: bool | None
    """Whether that is what stands there; None without one."""


@dataclass(frozen=True, kw_only=True)
class ExplanationShare:
    """How much of a text has one explanation."""

    explanation: str
    """One of the explanations, or BEYOND_AND_RIGHT."""
    tokens: int
    """Tokens whose prediction has it."""
    right_tokens: int
    """Those of them where what was predicted stands there."""
    share: Interval
    """Of all tokens; without an interval (low = value = high, n None) where the documents carry none."""
    floor: Interval | None
    """The same share of the unrelated predictor; None without one."""
    excess: Interval | None
    """share - floor, paired; None without one."""
    bits_saved_per_token: float | None
    """bits over the mixture, mean over these tokens; None without a mixture or without tokens."""


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """A text explained."""

    subject: str
    """Who predicted."""
    num_documents: int
    """Documents, >= 1."""
    tokens: tuple[AttributedToken, ...]
    """In the order of the text, the ends of documents included."""
    shares: tuple[ExplanationShare, ...]
    """In the order of the ladder, BEYOND_AND_RIGHT last."""
    has_intervals: bool
    """Whether the documents are enough for intervals."""
    notes: tuple[str, ...]
    """What a reader of the numbers should know."""


def shares_of(tokens: Sequence[AttributedToken], num_documents: int) -> tuple[ExplanationShare, ...]:
    """The shares of all explanations, with intervals from MIN_CLUSTERS documents on.

    Args:
        tokens: of the whole text, at least one.
        num_documents: that they come from.
    Returns:
        one for each explanation, then BEYOND_AND_RIGHT.
    """
    documents = [str(token.document_index) for token in tokens]
    own = np.array([_columns(token.explanation, is_right=token.is_right) for token in tokens])
    right = own & np.array([[token.is_right] for token in tokens])
    sizes = np.ones(len(tokens))
    own_by_document, sizes_by_document = cluster_totals(documents, own, sizes)
    carries = num_documents >= MIN_CLUSTERS
    shares = _intervals(own_by_document, sizes_by_document, carries=carries)
    floors: list[Interval] | list[None] = [None] * own.shape[1]
    excesses: list[Interval] | list[None] = [None] * own.shape[1]
    if tokens[0].floor is not None:
        floor = np.array([_columns(token.floor, is_right=bool(token.floor_is_right)) for token in tokens])
        (by_document,) = cluster_totals(documents, floor)
        floors = _intervals(by_document, sizes_by_document, carries=carries)
        if carries:
            excesses = paired_differences(own_by_document, by_document, sizes_by_document)
        else:
            excesses = [
                _bare(one.value - other.value) for one, other in zip(shares, floors, strict=True) if other is not None
            ]
    saved = np.array([np.nan if token.bits_saved is None else token.bits_saved for token in tokens])
    return tuple(
        ExplanationShare(
            explanation=label,
            tokens=int(own[:, column].sum()),
            right_tokens=int(right[:, column].sum()),
            share=shares[column],
            floor=floors[column],
            excess=excesses[column],
            bits_saved_per_token=None
            if not own[:, column].any() or np.isnan(saved[0])
            else float(saved[own[:, column]].mean()),
        )
        for column, label in enumerate((*map(str, EXPLANATIONS), BEYOND_AND_RIGHT))
    )


def _columns(explanation: Explanation | None, *, is_right: bool) -> list[bool]:
    return [
        *(explanation is one for one in EXPLANATIONS),
        explanation is Explanation.BEYOND and is_right,
    ]


def _intervals(counts: Floats, sizes: Floats, *, carries: bool) -> list[Interval]:
    if carries:
        return token_shares(counts, sizes)
    return [_bare(float(total)) for total in counts.sum(axis=0) / sizes.sum()]


def _bare(value: float) -> Interval:
    """A number of this very text, which is no sample of others."""
    return Interval(value, value, value)
