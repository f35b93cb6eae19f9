"""What the study hands to the audit of interpolation: answers between two known inputs, and to damaged contexts."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from byheart.core.tokens import Floats, TokenIds

UNTRAINED, SHUFFLED = "untrained network", "shuffled embeddings"
"""Names of the two controls of a network: continuous as it is, without what it learned."""


@dataclass(frozen=True, kw_only=True)
class Path:
    """What one predictor answers on the line between two contexts, at G equally spaced points.

    Of a network the input embeddings are mixed, E(l) = (1 - l) E_a + l E_b. What has no embeddings answers as at the
    nearer end, at the middle as at the second.
    """

    documents: tuple[str, str]
    """Names of the documents of both ends, untrusted; both are in no pair with a third."""
    following: tuple[int, int]
    """The tokens that follow the two contexts in their documents."""
    fired: tuple[int, int] | None
    """What the strongest rule of the DNF says after each end; None in a study without one."""
    steps: Floats
    """Total variation between neighbouring points, shape [G - 1]."""
    from_start: Floats
    """Total variation between the first point and each, shape [G]."""
    argmax_ids: TokenIds
    """The most probable token at each point, shape [G]."""
    start_nats: Floats
    """nats; log-probability at each point of the token that is the most probable at the first, shape [G]."""
    derivatives: tuple[float, float, float] | None = None
    """nats; that log-probability at the first point and its first two derivatives by l; None where not asked or where
    there are no embeddings."""

    @property
    def largest_jump(self) -> float:
        """The largest total variation between neighbouring points."""
        return float(self.steps.max())

    @property
    def end_to_end(self) -> float:
        """Total variation between both ends."""
        return float(self.from_start[-1])

    @property
    def num_changes(self) -> int:
        """How often the most probable token changes between neighbouring points."""
        return int((np.diff(self.argmax_ids) != 0).sum())

    @property
    def num_right(self) -> int:
        """Points at which the most probable token is one that follows the one or the other context in the text."""
        return int(np.isin(self.argmax_ids, self.following).sum())


@dataclass(frozen=True, kw_only=True)
class DamagedWindow:
    """What one predictor answers after a context when some of its tokens are replaced."""

    role: Literal["member", "control"]
    """Trained-on text, or held-out text."""
    document: str
    """Name of its document, untrusted."""
    num_damaged: tuple[int, ...]
    """Tokens replaced, ascending."""
    is_kept: npt.NDArray[np.bool_]
    """Whether the most probable token is still that of the whole context, for each number of replaced tokens."""
    divergence_nats: Floats
    """nats; KL(P || P after the damage) of the next token, likewise."""
