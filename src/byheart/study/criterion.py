"""One criterion: a dotted name, a comparison and a limit, read from one line.

    extraction.greedy_excess.high <= 0.001
    ^ estimate  ^ aspect    ^ part   ^ limit

A line is `NAME[.excess|.control][.value|.low|.high] <=|<|>=|> LIMIT`. NAME is that of an estimate. `NAME_excess` and
`NAME_control` are short for the excess and the control of the one estimate that is called NAME, or NAME and one word
more: extraction.greedy_excess is extraction.greedy_rate.excess. Without a part the value is compared. LIMIT is a
number, or `baseline`, `baseline + NUMBER`, `baseline - NUMBER` or `baseline * NUMBER`, where `baseline` is the value of
the same number in the run that the gate is given as one.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from byheart.core.evidence import Estimate, Interval
from byheart.study.criterion_names import meant

Part = Literal["value", "low", "high"]
Aspect = Literal["", "excess", "control"]

PARTS: tuple[Part, ...] = ("value", "low", "high")
ASPECTS: tuple[Aspect, ...] = ("excess", "control")
COMPARISONS = ("<=", "<", ">=", ">")
_REVERSED = {"=<": "<=", "=>": ">="}
MAX_CHARACTERS = 300
"""Of a line."""
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_LINE = re.compile(r"([A-Za-z0-9_.]+)\s*(<=|>=|=<|=>|==|=|!=|<|>)\s*(.+)", re.DOTALL)
_LIMIT = re.compile(rf"({_NUMBER})|baseline(?:\s*([-+*])\s*({_NUMBER}))?")


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What a number is held against: the baseline's, if any, moved by a share of its size, plus `offset`."""

    offset: float
    """In the unit of the estimate."""
    factor: float | None
    """By which the baseline's number is enlarged, 1 for as it is; None where the limit is a number by itself."""

    def at(self, baseline: float | None) -> float:
        """The limit in numbers.

        Definition:
            of a baseline b: b + (factor - 1) |b| + offset, so that a factor of 1.1 allows more of a negative one too
        Args:
            baseline: value of the same number in the baseline; it must be there where `factor` is.
        """
        if self.factor is None:
            return self.offset
        assert baseline is not None
        return (self.factor if baseline >= 0 else 2.0 - self.factor) * baseline + self.offset


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """One line of a criteria file."""

    text: str
    """As it was written, untrusted."""
    name: str
    """Dotted name, aspect and part taken off; still to be found among those of a run."""
    aspect: Aspect
    """What of the estimate is compared; "" is itself."""
    part: Part
    """The point or a bound of its interval."""
    comparison: str
    """One of COMPARISONS."""
    limit: Limit
    """What it is held against."""
    subject: str = "model"
    """Name or role of the subject whose number it is."""
    why: str = ""
    """The reason of whoever wrote it, untrusted."""

    @property
    def is_upper(self) -> bool:
        """Whether large numbers break it."""
        return self.comparison.startswith("<")

    def keeps(self, number: float, limit: float) -> bool:
        """Whether a number keeps the limit."""
        match self.comparison:
            case "<=":
                return number <= limit
            case "<":
                return number < limit
            case ">=":
                return number >= limit
        return number > limit

    def asks_nothing(self, limit: float, least: float, most: float) -> bool:
        """Whether every number from `least` to `most` keeps the limit."""
        return self.keeps(most if self.is_upper else least, limit)


def parse(text: str) -> Criterion | str:
    """A criterion, or what is wrong with the line, to go on its name in a sentence."""
    if len(text) > MAX_CHARACTERS:
        return f"has {len(text):,} characters; {MAX_CHARACTERS} are enough"
    found = _LINE.fullmatch(text.strip())
    if found is None:
        return "is not of the form NAME <= LIMIT, for example extraction.greedy_excess.high <= 0.001"
    path, comparison, right = found.groups()
    if comparison in _REVERSED:
        return f"compares with {comparison}. Did you mean {_REVERSED[comparison]!r}?"
    if comparison not in COMPARISONS:
        return f"compares with {comparison}, which no measured number keeps exactly; write <=, <, >= or >"
    limit = _limit(right.strip())
    if isinstance(limit, str):
        return limit
    name, aspect, part = _taken_apart(path)
    return Criterion(text=text.strip(), name=name, aspect=aspect, part=part, comparison=comparison, limit=limit)


def path_of(text: str) -> str:
    """What stands before the comparison of a line, empty where it has none."""
    found = _LINE.fullmatch(text.strip())
    return found[1] if found is not None else ""


def _limit(text: str) -> Limit | str:
    found = _LIMIT.fullmatch(text)
    if found is None:
        return f"has the limit {text!r}; write a number, or baseline, baseline + NUMBER or baseline * NUMBER"
    number, sign, amount = found.groups()
    numbers = [float(it) for it in (number, amount) if it is not None]
    if not all(math.isfinite(it) for it in numbers):
        return f"has the limit {text!r}, which is not finite"
    if number is not None:
        return Limit(offset=numbers[0], factor=None)
    if sign is None:
        return Limit(offset=0.0, factor=1.0)
    if sign == "*":
        return Limit(offset=0.0, factor=numbers[0])
    return Limit(offset=numbers[0] if sign == "+" else -numbers[0], factor=1.0)


def _taken_apart(path: str) -> tuple[str, Aspect, Part]:
    rest, _, last = path.rpartition(".")
    part: Part = "value"
    for known in PARTS:
        if last == known:
            path, part = rest, known
    rest, _, last = path.rpartition(".")
    for aspect in ASPECTS:
        if last == aspect:
            return rest, aspect, part
    return path, "", part


def named(text: str) -> Criterion | None:
    """A line as far as its name goes, whatever is wrong with its comparison or limit; None where it has no name."""
    read = parse(f"{path_of(text)} <= 0") if path_of(text) else None
    return replace(read, text=text.strip()) if isinstance(read, Criterion) else None


def resolved(criterion: Criterion, known: Sequence[str]) -> tuple[str, Aspect] | str:
    """The estimate that a criterion is about, and what of it, or what is wrong with its name.

    Args:
        criterion: as it was read.
        known: dotted names of all estimates that there are.
    """
    if criterion.name in known:
        return criterion.name, criterion.aspect
    for aspect in ASPECTS:
        stem = criterion.name.removesuffix(f"_{aspect}")
        if stem == criterion.name or criterion.aspect:
            continue
        found = [name for name in known if stem in (name, name.rpartition("_")[0])]
        if len(found) == 1:
            return found[0], aspect
        if found:
            return f"could be the {aspect} of {', '.join(found)}; write one of them and .{aspect}"
    return f"names no number that there is. {meant(path_of(criterion.text), known)}"


def compared(it: Estimate, aspect: Aspect) -> Interval | str:
    """The number with its interval that a criterion compares, or why there is none; a point where no bounds are known.

    Args:
        it: the estimate.
        aspect: itself, its excess or its control.
    """
    if not aspect:
        low, high = (it.value, it.value) if it.low is None or it.high is None else (it.low, it.high)
        return Interval(it.value, low, high, it.n)
    found = it.excess if aspect == "excess" else it.control
    if found is not None:
        return found
    if aspect == "excess" and it.no_excess:
        return it.no_excess
    return f"{it.name} has no {aspect}: it was measured without a control."


def all_names(*groups: Iterable[str]) -> list[str]:
    """Every name once, in order."""
    return list(dict.fromkeys(name for group in groups for name in group))
