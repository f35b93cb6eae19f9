"""What is drawn where: lines of several subjects in one figure, and labels that do not overlap. No drawing here."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from byheart.core.evidence import Line, Point, Role, Series
from byheart.report import palette
from byheart.report.comparison import COLOURS, HUMAN, MEMORIZER, MODEL, Party
from byheart.report.format import shown

MAX_POINTS = 200
"""Points drawn of one line; longer lines are thinned evenly, first and last kept."""

_SHARED_COLOUR = palette.SHARED.light
_RATE_WORDS = frozenset(("rate", "share", "probability", "fraction", "accuracy"))


@dataclass(frozen=True, kw_only=True)
class Stroke:
    """One line as drawn."""

    label: str
    """Safe to show."""
    role: Role
    """As in the evidence."""
    colour: str
    """By the role of its subject."""
    dash: tuple[int, ...]
    """Pixels on and off; empty for a solid line."""
    is_model: bool
    """Drawn last and thicker."""
    points: tuple[Point, ...]
    """At most MAX_POINTS."""

    @property
    def text_colour(self) -> str:
        """Of the words beside it."""
        return palette.text_colour(self.colour)


def strokes(shared: Sequence[tuple[Party, Series]]) -> tuple[Stroke, ...]:
    """The lines of one figure.

    Lines that lie on each other are one stroke with a common label: within a subject always, between subjects when
    they are controls or human text (every subject brings the same human curve along). Of the subjects beside the model
    only the first line is drawn, so that the model's stay legible; the rest is in the results.

    Args:
        shared: the series of one name, subject by subject, the model's first.
    Returns:
        strokes, the model's first.
    """
    groups: dict[tuple[object, ...], list[tuple[Party, Line]]] = {}
    for party, series in shared:
        for line in _shown(party, series):
            owner = party.name if line.role == "subject" else ""
            groups.setdefault((line.role, owner, line.points), []).append((party, line))
    drawn = tuple(_stroke(members, shared) for members in groups.values() if members[0][1].points)
    return drawn + _chance(shared[0][1], drawn)


def _shown(party: Party, series: Series) -> list[Line]:
    own = [line for line in series.lines if line.role == "subject"]
    return [line for line in series.lines if line.role != "subject" or party.role == MODEL or line is own[0]]


def _chance(series: Series, drawn: tuple[Stroke, ...]) -> tuple[Stroke, ...]:
    """The chance level as a dotted line over the whole width, where it is one number that the axis can show."""
    at = series.chance
    if at is None or (series.y_is_log and at <= 0):
        return ()
    if any(stroke.role == "control" and all(p.y == at for p in stroke.points) for stroke in drawn):
        return ()  # it is drawn already, with its interval
    xs = [p.x for stroke in drawn for p in stroke.points]
    ends = (Point(min(xs), at), Point(max(xs), at))
    return (Stroke(label="chance", role="control", colour=COLOURS[HUMAN], dash=(1, 3), is_model=False, points=ends),)


def _stroke(members: list[tuple[Party, Line]], shared: Sequence[tuple[Party, Series]]) -> Stroke:
    party, line = members[0]
    owners = dict.fromkeys(member.name for member, _ in members)
    dash: tuple[int, ...]
    if line.role == "human":
        colour, dash = COLOURS[HUMAN], ()
    elif line.role == "control":
        colour, dash = (party.colour if len(owners) == 1 else _SHARED_COLOUR), (5, 4)
    else:
        colour, dash = party.colour, ((2, 2) if party.role == MEMORIZER else ())
    return Stroke(
        label=_label(members, shared),
        role=line.role,
        colour=colour,
        dash=dash,
        is_model=party.role == MODEL and line.role == "subject",
        points=_thinned(line.points),
    )


def _label(members: list[tuple[Party, Line]], shared: Sequence[tuple[Party, Series]]) -> str:
    role = members[0][1].role
    owners = tuple(dict.fromkeys(party for party, _ in members))
    names = tuple(dict.fromkeys(line.label for _, line in members))
    rivals = {line.label for _, series in shared for line in series.lines if line.role == role}
    # What all rivals start with ("trained-on, ") tells none of them apart and would push out what does.
    is_common = len({rival.rpartition(", ")[0] for rival in rivals}) == 1
    tails = (name.rpartition(", ")[2] if is_common else name for name in names)
    own = "" if rivals == set(names) else ", ".join(tails)
    if role == "subject":
        return shown(f"{owners[0].label}, {own}" if own else owners[0].label, 60)
    everyone = {party.name for party, series in shared if any(line.role == role for line in series.lines)}
    if {party.name for party in owners} == everyone:
        return shown(names[0] if len(names) == 1 else role, 60)
    owner = ", ".join(party.label for party in owners)
    return shown(f"{owner}, {role}" + (f", {own}" if own else ""), 60)


def _thinned(points: tuple[Point, ...]) -> tuple[Point, ...]:
    if len(points) <= MAX_POINTS:
        return points
    step = (len(points) - 1) / (MAX_POINTS - 1)
    return tuple(points[round(index * step)] for index in range(MAX_POINTS))


def is_percent(series: Series) -> bool:
    """Whether y is a share: its name says so and every number lies in [0, 1]. Such axes run from 0 to 100 %."""
    words = {word.strip("(),.:;").lower() for word in series.y.split()}
    return bool(words & _RATE_WORDS) and all(0 <= p.y <= 1 for line in series.lines for p in line.points)


def y_domain(series: Series, drawn: Sequence[Stroke], *, is_log: bool) -> tuple[float, float]:
    """The range of the y axis: 0 to 1 for shares, else all points and intervals with a margin of 5 %.

    Args:
        series: gives names and chance level.
        drawn: the lines, at least one.
        is_log: the margin is multiplicative.
    Returns:
        low < high.
    """
    if is_percent(series):
        return 0.0, 1.0
    values = [
        v for s in drawn for p in s.points for v in (p.y, p.low, p.high) if v is not None and (v > 0 or not is_log)
    ]
    values += [series.chance] if series.chance is not None and (series.chance > 0 or not is_log) else []
    return padded(min(values), max(values), is_log=is_log)


def padded(low: float, high: float, *, is_log: bool) -> tuple[float, float]:
    """A range with a margin of 5 % on both sides, never empty; starts at 0 when it nearly does."""
    if is_log:
        factor = max((high / low) ** 0.05, 1.05)
        return low / factor, high * factor
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    starts_at_zero = 0 <= low < 0.3 * high
    return (0.0 if starts_at_zero else low - margin), high + margin


def pixel(value: float, domain: tuple[float, float], height: int, *, is_log: bool) -> float:
    """Distance of a value from the top of the plot, pixels."""
    low, high = domain
    if is_log:
        value, low, high = math.log(max(value, low)), math.log(low), math.log(high)
    return height * (1 - (value - low) / (high - low))


def spread(wanted: Sequence[float], separation: float, low: float, high: float) -> list[float]:
    """Positions as near as possible to the wanted ones with at least `separation` between any two.

    Args:
        wanted: positions, pixels.
        separation: pixels.
        low: least position; kept when everything fits between low and high.
        high: greatest position; likewise.
    Returns:
        positions, in the order of `wanted`.
    """
    order = sorted(range(len(wanted)), key=lambda index: (wanted[index], index))
    blocks: list[tuple[float, int]] = []
    for index in order:
        centre, count = wanted[index], 1
        while True:
            half = separation * (count - 1) / 2
            centre = max(low + half, min(high - half, centre))
            if not blocks or centre - half - blocks[-1][0] - separation * (blocks[-1][1] - 1) / 2 >= separation:
                break
            other, others = blocks.pop()
            centre = (centre * count + other * others) / (count + others)
            count += others
        blocks.append((centre, count))
    places = [centre + separation * (i - (count - 1) / 2) for centre, count in blocks for i in range(count)]
    return [place for _, place in sorted(zip(order, places, strict=True))]
