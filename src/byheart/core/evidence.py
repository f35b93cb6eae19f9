"""What an audit may say: a closed grammar, so that the report needs no code per audit.

    Evidence = Estimate | Refusal | Series | Table | Exhibit

No number that is not finite can be stored: an empty sample is a Refusal, never 0.0 or NaN.
"""

import math
from dataclasses import dataclass
from typing import Literal

from byheart.core.explanation import Explanation
from byheart.errors import NumericalError

Role = Literal["subject", "control", "human"]
"""Whose line or passage it is: the audited subject's, the same statistic on text it cannot have seen, or human text."""


def _require_finite(where: str, *numbers: float | None) -> None:
    for number in numbers:
        if number is not None and not math.isfinite(number):
            raise NumericalError(
                f"{where} holds {number}, which is not a finite number.",
                why="Evidence is stored as JSON and read by gates; both would misread it.",
                next_step="Return a Refusal with the reason instead.",
            )


@dataclass(frozen=True)
class Interval:
    """A number with its uncertainty."""

    value: float
    """The point."""
    low: float
    """Lower bound."""
    high: float
    """Upper bound."""
    n: int | None = None
    """Observations behind it, when it differs from the estimate's."""
    degrees_of_freedom: float | None = None
    """Of Student's t where its bounds are those of few repetitions, however many cases each of them had; else None."""

    def __post_init__(self) -> None:
        _require_finite("An interval", self.value, self.low, self.high)
        if self.low > self.high:
            raise NumericalError("An interval has low > high.", why=f"low={self.low}, high={self.high}.")


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One number that survives a hostile reviewer."""

    name: str
    """Stable dotted name that scripts rely on, for example "extraction.greedy_rate"."""
    value: float
    """The number, in `unit`."""
    unit: str
    """"rate", "bits per byte", "bits", "tokens", ..."""
    low: float | None
    """Lower bound of the interval, or None with `no_interval` saying why there is none."""
    high: float | None
    """Upper bound of the interval, or None."""
    confidence: float
    """Coverage of the interval, 0.95 unless said otherwise."""
    n: int
    """Number of independent observations (documents or windows, not tokens)."""
    method: str
    """How value and interval were computed, one sentence."""
    control: Interval | None = None
    """The same statistic on text that the subject cannot have seen, where it exists."""
    excess: Interval | None = None
    """value - control, where a control exists."""
    no_interval: str | None = None
    """Why there is no interval, when there is none."""
    no_excess: str | None = None
    """Why there is no excess, where there is a control and the sample cannot carry it."""

    def __post_init__(self) -> None:
        _require_finite(self.name, self.value, self.low, self.high, self.confidence)
        if (self.low is None) != (self.high is None) or (self.low is None) == (self.no_interval is None):
            raise NumericalError(
                f"{self.name} must have either both bounds or the reason why it has none.",
                why=f"low={self.low}, high={self.high}, no_interval={self.no_interval!r}.",
            )


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A number that the sample cannot carry, and why."""

    name: str
    """The dotted name that the estimate would have had."""
    reason: str
    """What is missing and how much of it would be enough."""


@dataclass(frozen=True)
class Point:
    """One point of a line."""

    x: float
    """In the x unit of its series."""
    y: float
    """In the y unit of its series."""
    low: float | None = None
    """Lower bound of y."""
    high: float | None = None
    """Upper bound of y."""
    n: int | None = None
    """Observations behind y."""

    def __post_init__(self) -> None:
        _require_finite("A point", self.x, self.y, self.low, self.high)


@dataclass(frozen=True)
class Line:
    """A named run of points."""

    label: str
    """What to write beside the line."""
    role: Role
    """Decides its colour and dash together with the subject's role."""
    points: tuple[Point, ...]
    """In order of x."""


@dataclass(frozen=True, kw_only=True)
class Series:
    """A figure in numbers; the report draws it."""

    name: str
    """Dotted name, the same for every subject, so that subjects can share one figure."""
    title: str
    """The finding in one sentence, about this subject; never the axes."""
    x: str
    """Name and unit of x."""
    y: str
    """Name and unit of y."""
    lines: tuple[Line, ...]
    """At least one."""
    x_is_log: bool = False
    """Draw x on a logarithmic axis."""
    y_is_log: bool = False
    """Draw y on a logarithmic axis."""
    chance: float | None = None
    """y at chance level, drawn as a line, when it is one number."""
    note: str = ""
    """What the reader must know to read it rightly."""

    def __post_init__(self) -> None:
        _require_finite(self.name, self.chance)


Cell = str | int | float | None
"""One cell of a table; None shows as an em dash."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of numbers."""

    name: str
    """Dotted name."""
    title: str
    """The finding in one sentence."""
    columns: tuple[str, ...]
    """Headings with units."""
    rows: tuple[tuple[Cell, ...], ...]
    """Each as long as `columns`."""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise NumericalError(f"{self.name}: a row has {len(row)} cells for {len(self.columns)} columns.")
            _require_finite(self.name, *(cell for cell in row if isinstance(cell, float)))


@dataclass(frozen=True)
class Token:
    """One token of a shown passage."""

    text: str
    """Its text, untrusted."""
    agrees: bool | None = None
    """Whether the subject's most probable token is this one; None where it was not asked."""
    predicted: str = ""
    """The subject's most probable token, untrusted, where it disagrees."""
    explanation: Explanation | None = None
    """The weakest explanation of the subject's most probable token; None where it was not looked for."""


@dataclass(frozen=True, kw_only=True)
class Exhibit:
    """A passage to look at: the evidence itself."""

    name: str
    """Dotted name."""
    label: str
    """What it shows, one sentence."""
    document: str
    """Name of the source document, untrusted."""
    start_byte: int
    """First byte of the passage in its document."""
    stop_byte: int
    """One past its last byte."""
    role: Role
    """Whose text: "subject" for text that the subject was trained on, "control" for text it cannot have seen."""
    given: str
    """What the subject was shown, untrusted."""
    tokens: tuple[Token, ...]
    """What it was to continue with."""
    facts: tuple[tuple[str, Cell], ...]
    """Named numbers about the passage, for example ("occurrences in the corpus", 16)."""

    def __post_init__(self) -> None:
        _require_finite(self.name, *(fact for _, fact in self.facts if isinstance(fact, float)))


Evidence = Estimate | Refusal | Series | Table | Exhibit
