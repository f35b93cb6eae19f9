"""A half-open range of positions."""

from dataclasses import dataclass

from byheart.errors import InputError


@dataclass(frozen=True, order=True)
class Span:
    """Positions start, start + 1, ..., stop - 1 of a sequence."""

    start: int
    """First position, 0-based."""
    stop: int
    """One past the last position."""

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.stop:
            raise InputError(
                "A span must satisfy 0 <= start <= stop.",
                why=f"Got start={self.start}, stop={self.stop}.",
                next_step="Swap or correct the two positions.",
            )

    def __len__(self) -> int:
        return self.stop - self.start
