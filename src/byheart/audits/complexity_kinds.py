"""Kinds of tokens whose forming layers are compared, counted by document."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from byheart.core.complexity_material import LayeredWindow
from byheart.core.tokens import Floats
from byheart.stats.bootstrap import cluster_totals

SURE_NATS = float(np.log(0.5))
"""A token of this log-probability or more is said for sure: more than all others together."""


class Kind(StrEnum):
    """Which tokens."""

    MEMORIZED = "trained-on, sure"
    SURE = "held-out, sure"
    OTHER = "trained-on, not sure"
    MEMBER = "trained-on, all"
    HELD_OUT = "held-out, all"


KINDS = tuple(Kind)


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Tokens of a kind, by document."""

    kind: Kind
    """Which."""
    num_layers: int
    """L of the subject."""
    tokens: Floats
    """Tokens of each document, shape [num_documents]."""
    depths: Floats
    """Sums of their shares of depth, shape [num_documents]."""
    formed_by: Floats
    """How many of them had formed by layer 0..L, shape [num_documents, L + 1]."""
    num_right: int
    """How many of them all the subject foresaw."""

    @property
    def num_documents(self) -> int:
        """Documents that have such a token."""
        return int(np.count_nonzero(self.tokens))

    @property
    def mean(self) -> float | None:
        """Share of depth, None without tokens."""
        return float(self.depths.sum() / self.tokens.sum()) if self.tokens.sum() else None

    @property
    def right_share(self) -> float | None:
        """Of the tokens that the last layer finds most probable, None without tokens."""
        return float(self.num_right / self.tokens.sum()) if self.tokens.sum() else None


def is_of_kind(window: LayeredWindow, kind: Kind) -> npt.NDArray[np.bool_]:
    """Which tokens of a window are of the kind, shape [num_tokens]."""
    is_sure = window.formation.log_probability_nats >= SURE_NATS
    is_stored = window.stored == window.token_ids
    everywhere = np.ones(window.token_ids.size, dtype=np.bool_)
    if window.role == "member":
        chosen = {Kind.MEMORIZED: is_sure & is_stored, Kind.OTHER: ~(is_sure & is_stored), Kind.MEMBER: everywhere}
    else:
        chosen = {Kind.SURE: is_sure & ~is_stored, Kind.HELD_OUT: everywhere}
    return chosen.get(kind, ~everywhere)


def count(windows: Sequence[LayeredWindow], kind: Kind, *, keep_empty: bool = False) -> Counted:
    """Tokens of a kind by document.

    Args:
        windows: of one subject, at least one.
        kind: which tokens.
        keep_empty: documents without such a token stay as rows of zeros, so that kinds of one side can be paired.
    """
    num_layers = windows[0].num_layers
    rows = [_row(window, is_of_kind(window, kind), num_layers) for window in windows]
    (totals,) = cluster_totals([window.document for window in windows], np.array(rows))
    if not keep_empty:
        totals = totals[totals[:, 0] > 0]
    return Counted(
        kind=kind,
        num_layers=num_layers,
        tokens=totals[:, 0],
        depths=totals[:, 1],
        formed_by=totals[:, 3:],
        num_right=int(totals[:, 2].sum()),
    )


def _row(window: LayeredWindow, chosen: npt.NDArray[np.bool_], num_layers: int) -> list[float]:
    layers = window.formation.layers[chosen]
    is_right = window.formation.argmax_id == window.token_ids
    formed = np.cumsum(np.bincount(layers, minlength=num_layers + 1))
    return [float(layers.size), float(layers.sum()) / num_layers, float(is_right[chosen].sum()), *formed.tolist()]
