"""Windows explained token by token: totals by document, and shares with their intervals."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from byheart.core.evidence import Interval
from byheart.core.explanation import EXPLANATIONS, Explanation, Rungs, copy_answers, weakest_explanations
from byheart.core.material import Ladder, Window
from byheart.core.tokens import Floats
from byheart.core.units import NATS_PER_BIT
from byheart.stats.bootstrap import cluster_totals
from byheart.stats.shares import means_where, paired_differences, token_shares

Flags = npt.NDArray[np.bool_]
BEYOND = EXPLANATIONS.index(Explanation.BEYOND)
"""Its column; each explanation has one."""
BEYOND_RIGHT, ALL = len(EXPLANATIONS), len(EXPLANATIONS) + 1
"""Columns behind those of the explanations: beyond and the token that stands there; every token."""


class Explained(NamedTuple):
    """A window with the explanation of each of its scored tokens."""

    window: Window
    ladder: Ladder
    own: Rungs
    """Of what the subject says."""
    floor: Rungs | None
    """Of what the blind pole says."""
    text: Rungs
    """Of the tokens that stand there."""


def explain(window: Window, ladder: Ladder) -> Explained:
    """The weakest explanation of each scored token of a window.

    Args:
        window: whose subject tells its arg-max.
        ladder: what the memorizers and the blind pole say of the same tokens.
    """
    suffix = window.suffix
    copies = copy_answers(np.concatenate([window.prefix, suffix.token_ids]))[window.prefix.size :]
    answers = {**ladder.answers, Explanation.COPY: (copies,)}
    floor = None if ladder.unrelated is None else weakest_explanations(ladder.unrelated, answers)
    own, text = (weakest_explanations(said, answers) for said in (suffix.argmax_id, suffix.token_ids))
    return Explained(window, ladder, own, floor, text)


def _columns(rungs: Rungs, is_right: Flags) -> Flags:
    """Which tokens count in which column: one for each explanation, beyond and right, all; shape [num_tokens, 8]."""
    by_rung = rungs[:, None] == np.arange(len(EXPLANATIONS))
    return np.column_stack([by_rung, by_rung[:, BEYOND] & is_right, np.ones(rungs.size, dtype=np.bool_)])


class Totals(NamedTuple):
    """One side in numbers: a row for each document, columns as `_columns` has them."""

    own: Floats
    """Tokens of the subject."""
    right: Floats
    """Those of them that stand there."""
    bits: Floats | None
    """bits that the subject saves on them over the mixture."""
    floor: Floats | None
    """Tokens of the blind pole."""
    text: Floats
    """Tokens of the text itself."""

    @property
    def sizes(self) -> Floats:
        """All tokens of each document."""
        sizes: Floats = self.own[:, ALL]
        return sizes


def totals_of(explained: Sequence[Explained]) -> Totals:
    """Sums by document; what not every window has is None.

    Args:
        explained: windows, at least one.
    """
    documents = [it.window.document for it in explained]

    def total(rows: list[Floats]) -> Floats:
        return cluster_totals(documents, np.array(rows, dtype=np.float64))[0]

    own: list[Floats] = []
    right: list[Floats] = []
    bits: list[Floats] = []
    floor: list[Floats] = []
    text: list[Floats] = []
    for it in explained:
        suffix, mixture, unrelated = it.window.suffix, it.ladder.mixture_nats, it.ladder.unrelated
        columns = _columns(it.own, suffix.is_argmax)
        own.append(columns.sum(axis=0))
        right.append((columns & suffix.is_argmax[:, None]).sum(axis=0))
        text.append(_columns(it.text, np.ones(len(suffix), dtype=np.bool_)).sum(axis=0))
        if mixture is not None:
            bits.append((suffix.log_probability_nats - mixture) / NATS_PER_BIT @ columns)
        if it.floor is not None and unrelated is not None:
            floor.append(_columns(it.floor, unrelated == suffix.token_ids).sum(axis=0))
    num = len(documents)
    return Totals(
        total(own),
        total(right),
        total(bits) if len(bits) == num else None,
        total(floor) if len(floor) == num else None,
        total(text),
    )


class Numbers(NamedTuple):
    """One side with intervals; a list has one entry for each column but the last."""

    own: list[Interval]
    floor: list[Interval] | None
    excess: list[Interval] | None
    bits: Sequence[Interval | None]
    """With the last column: of all tokens."""


def numbers_of(totals: Totals, *, rng: np.random.Generator, confidence: float = 0.95) -> Numbers:
    """Shares and bits of one side with intervals over its documents.

    Args:
        totals: of MIN_CLUSTERS documents or more.
        rng: draws the resamples of the bits.
        confidence: coverage of each interval.
    Raises:
        InputError: fewer documents.
    """
    own, sizes = totals.own[:, :ALL], totals.sizes
    floor = own[:, :0] if totals.floor is None else totals.floor[:, :ALL]
    shares = token_shares(np.hstack([own, floor]), sizes, confidence=confidence)
    has_floor = totals.floor is not None
    bits: Sequence[Interval | None] = [None] * (ALL + 1)
    if totals.bits is not None:
        bits = means_where(totals.bits, totals.own, rng=rng, confidence=confidence)
    excess = paired_differences(own, floor, sizes, confidence=confidence) if has_floor else None
    return Numbers(shares[:ALL], shares[ALL:] if has_floor else None, excess, bits)
