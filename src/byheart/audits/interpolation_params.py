"""How large the audit of interpolation is."""

from collections.abc import Mapping
from dataclasses import dataclass

from byheart.core.audit import Profile
from byheart.core.needs import DamageNeed, PathsNeed


@dataclass(frozen=True, kw_only=True)
class Params:
    """Sizes of the interpolation audit."""

    num_pairs: int = 24
    """Pairs of held-out contexts."""
    path_tokens: int = 16
    """Tokens of each of them."""
    num_points: int = 65
    """Points of the grid between the two."""
    num_control_pairs: int = 24
    """Pairs that the untrained network and the one with shuffled embeddings are asked about."""
    num_expanded: int = 12
    """Pairs of which the derivatives are computed."""
    expanded_steps: tuple[float, ...] = (1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
    """Shares of the line at which the expansion at its start is compared with the answer, ascending; on the grid."""
    num_windows: int = 16
    """Contexts of each side that are damaged."""
    context_tokens: int = 50
    """Tokens of each of them."""
    num_damaged: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    """Tokens that are replaced, ascending."""
    headline_damaged: int = 8
    """Of these: the number at which the share of changed answers is told."""
    confidence: float = 0.95
    """Coverage of the intervals."""

    @property
    def paths(self) -> PathsNeed:
        """Pairs of contexts and the grid between them."""
        return PathsNeed(
            num_pairs=self.num_pairs,
            context_tokens=self.path_tokens,
            num_points=self.num_points,
            num_control_pairs=self.num_control_pairs,
            num_expanded=self.num_expanded,
        )

    @property
    def damage(self) -> DamageNeed:
        """Contexts that are damaged, and by how much."""
        return DamageNeed(
            context_tokens=self.context_tokens, num_damaged=self.num_damaged, num_windows=self.num_windows
        )


PROFILES: Mapping[Profile, Params] = {
    "quick": Params(),
    "standard": Params(num_pairs=96, path_tokens=24, num_control_pairs=48, num_expanded=48, num_windows=100),
    "full": Params(num_pairs=256, path_tokens=32, num_control_pairs=128, num_expanded=128, num_windows=400),
}
