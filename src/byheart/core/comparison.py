"""What a comparison of runs says: differences with intervals, texts that changed, and lines over runs."""

from dataclasses import dataclass

from byheart.core.evidence import Estimate, Interval, Series


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One number in two runs."""

    name: str
    """Dotted name of the estimate."""
    unit: str
    """Of both; that of the first where they differ."""
    first: Estimate
    """In the run that the other is compared with."""
    second: Estimate
    """In the other."""
    difference: Interval | None
    """Second less first, with an interval; None where it is refused."""
    is_paired: bool
    """Whether both were measured on the same texts and compared text by text."""
    how: str
    """How it was computed and why so, or why it is refused; one sentence."""
    p_value: float | None = None
    """Two-sided; at most 0.05 where the 95 % interval leaves 0 out. None where there is no difference."""
    adjusted_p_value: float | None = None
    """After Holm's correction over all differences of the comparison."""
    on_shared: tuple[float, float] | None = None
    """Of a paired difference the number in the first run and in the second, over the texts that both measured alone."""

    @property
    def is_of_a_part(self) -> bool:
        """Whether the texts that both measured give other numbers than the whole runs do."""
        whole = self.first.value, self.second.value
        shared = whole if self.on_shared is None else self.on_shared
        return any(abs(a - b) > 1e-6 * max(1.0, abs(b)) for a, b in zip(shared, whole, strict=True))

    @property
    def is_claimed(self) -> bool:
        """Whether it is more than chance, all differences of the comparison considered."""
        return self.adjusted_p_value is not None and self.adjusted_p_value <= 0.05


@dataclass(frozen=True, kw_only=True)
class ChangedPassage:
    """A passage that came out in one run alone."""

    document: str
    """Name of its document, untrusted."""
    start_byte: int
    """First byte of the window: prefix and suffix."""
    stop_byte: int
    """One past its last byte."""
    occurrences: int
    """In the trained-on corpus of the second run."""
    is_new: bool
    """It came out in the second run alone; else in the first alone."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A run beside the first."""

    label: str
    """What the run is called, untrusted."""
    subject: str
    """Its model, untrusted."""
    notes: tuple[str, ...]
    """What a reader must know, for example that the two read other texts."""
    differences: tuple[Difference, ...]
    """Of every number that both have, in the order of the first run."""
    changed: tuple[ChangedPassage, ...]
    """Passages that both asked for and that came out in one alone, new ones first."""
    num_shared: int
    """Passages that both asked for."""
    why_no_passages: str = ""
    """Why passages were not compared, where they were not."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two or more runs."""

    label: str
    """What the first run is called, untrusted."""
    subject: str
    """Its model, untrusted."""
    others: tuple[Compared, ...]
    """The other runs, each beside the first, in the order given."""
    trends: tuple[Series, ...] = ()
    """Of three runs or more: a line for each number that all have, over the runs."""
