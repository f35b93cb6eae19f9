"""The measured points of the figure: lines of a CSV file, each written as soon as it is known."""

import csv
from collections.abc import Collection
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Self

from byheart.core.evidence import Interval
from yardstick.library import Texts, say


@dataclass(frozen=True)
class Point:
    """One subject that knows one corpus."""

    subject: str
    text_bytes: int
    """Of the corpus."""
    text_tokens: int
    steps: int
    """Of gradient descent; 0 for a memorizer."""
    calibration_bits_per_byte: float
    bits_per_byte: float
    """Of the reported part."""
    low: float
    """95 % interval over documents."""
    high: float
    seconds: float
    """Of building or training."""
    size_bytes: int

    @classmethod
    def of(
        cls,
        subject: str,
        texts: Texts,
        found: Interval,
        *,
        calibration: float,
        seconds: float,
        size_bytes: int,
        steps: int = 0,
    ) -> Self:
        """A point with its numbers cut to the digits that are kept."""
        rounded = [round(value, 4) for value in (calibration, found.value, found.low, found.high)]
        return cls(subject, texts.num_bytes, texts.num_tokens, steps, *rounded, round(seconds, 1), size_bytes)


class Points:
    """A CSV file of points of one library; its first line says of which, and what guessing costs."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.head = ""
        self.points: list[Point] = []
        if path.exists():
            self.head, *lines = path.read_text("utf-8").splitlines()
            kinds = [field.type for field in fields(Point)]
            rows = list(csv.reader(lines))[1:]
            self.points = [
                Point(*(kind(value) for kind, value in zip(kinds, row, strict=True)))
                for row in rows  # type: ignore[operator, misc]
            ]

    @property
    def uniform_bits_per_byte(self) -> float:
        """What guessing costs."""
        return float(self.head.split()[-1])

    @property
    def library(self) -> str:
        """Which library."""
        return self.head.removeprefix("# ").partition("; ")[0]

    def open(self, library: str, uniform_bits_per_byte: float, *, without: Collection[str]) -> None:
        """Starts a new file where the old one is of another library; leaves the points of some subjects out."""
        head = f"# {library}; uniform distribution, bits per byte: {uniform_bits_per_byte:.4f}"
        kept = [point for point in self.points if point.subject not in without] if head == self.head else []
        self.head, self.points = head, []
        names = ",".join(field.name for field in fields(Point))
        self._path.write_text(f"{head}\n{names}\n", "utf-8")
        for point in kept:
            self._keep(point)

    def add(self, point: Point) -> None:
        """Keeps a new point."""
        self._keep(point)
        say(f"  {point.subject} {point.bits_per_byte:.4f} bits per byte, {point.seconds:,.0f} s")

    def _keep(self, point: Point) -> None:
        self.points.append(point)
        with self._path.open("a", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerow(asdict(point).values())

    def at(self, text_bytes: int) -> list[Point]:
        """The points of one corpus."""
        return [point for point in self.points if point.text_bytes == text_bytes]

    def curve(self, subject: str) -> list[Point]:
        """One for each size, ascending: of several numbers of steps the best on the calibration part."""
        best: dict[int, Point] = {}
        for point in self.points:
            if point.subject == subject:
                other = best.setdefault(point.text_bytes, point)
                if point.calibration_bits_per_byte < other.calibration_bits_per_byte:
                    best[point.text_bytes] = point
        return [best[size] for size in sorted(best)]

    def subjects(self) -> list[str]:
        """In the order of their first points."""
        return list(dict.fromkeys(point.subject for point in self.points))
