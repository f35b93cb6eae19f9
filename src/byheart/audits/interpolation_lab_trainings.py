"""The material of the interpolation experiment: what each predictor of each repetition answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from byheart.core.tokens import Floats

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One predictor of one repetition. Arrays of shape [paths] unless said otherwise."""

    distance: npt.NDArray[np.int64]
    """What every token at the end of the path is larger by."""
    largest_jump: Floats
    """Largest total variation between neighbouring points."""
    end_to_end: Floats
    """Total variation between both ends."""
    num_changes: Floats
    """Changes of the most probable answer."""
    middle_is_right: Flags
    """Whether the most probable answer at the middle is that of the case in the middle, which nobody saw."""
    token_middle_is_right: Flags
    """Whether the case in the middle is answered rightly when it is asked as tokens, which everyone can be."""
    ends_are_right: Flags
    """Whether both ends, which were trained on, are answered rightly."""
    fired_jump: Floats
    """1 where the strongest rules of the DNF that fire at both ends say different answers, else 0; of all others 0."""
    right_between: Floats
    """Share of the points at which the right answer is that of neither end, that are answered rightly."""
    from_start: Floats
    """Total variation from the start at each point, mean over the paths of the shortest distance, shape [G]."""
    seen_is_right: Flags
    """Whether a context that was trained on is answered rightly, shape [windows]."""
    unseen_is_right: Flags
    """Likewise of a context that was not."""
    seen_is_kept: Flags
    """Whether the answer stays after damage, shape [windows, numbers of replaced tokens]."""
    unseen_is_kept: Flags
    """Likewise of contexts that were not trained on."""
    seen_lost_nats: Floats
    """nats; KL of the clean answer to the damaged one, of the same shape."""
    unseen_lost_nats: Floats
    """Likewise."""

    @property
    def all_right(self) -> Flags:
        """Whether both ends and the middle are answered rightly: of who goes in one step never."""
        return self.ends_are_right & self.middle_is_right

    @property
    def all_right_of_tokens(self) -> Flags:
        """Whether both ends and the middle are answered rightly, the middle asked as tokens."""
        return self.ends_are_right & self.token_middle_is_right

    @staticmethod
    def from_json(raw: Mapping[str, Any]) -> "Asked":
        """The inverse of what the experiment kept."""
        return Asked(**{name: np.array(values) for name, values in raw.items()})
