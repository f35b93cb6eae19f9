"""Numbers as a careful author writes them: no digit that the interval does not support."""

import math
from collections.abc import Sequence

from byheart.core.evidence import Cell, Estimate, Interval
from byheart.core.visible import visible

EN_DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
EM_DASH = "\N{EM DASH}"
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"


def supported_decimals(width: float) -> int:
    """Decimals that an interval of that width supports.

    Definition:
        the half-width keeps two digits when it starts with 100...354, else one
    Args:
        width: high - low, >= 0, in the unit of the number.
    Returns:
        decimals, in [0, 6]; 2 when the width is 0.
    Source: Particle Data Group, Review of Particle Physics, introduction, rounding rules.
    Differs: half-widths that start with 950...999 keep one digit and are not rounded up to 1000 first.
    """
    if width <= 0:
        return 2
    exponent = math.floor(math.log10(width / 2))
    leads_low = width / 2 / 10.0**exponent < 3.545
    return min(6, max(0, leads_low - exponent))


def percent_decimals(width: float) -> int:
    """Decimals of a percentage: 0 from 20 points of width on, else at least 1, more where the interval is narrow.

    Args:
        width: high - low as a share, in [0, 1].
    Returns:
        decimals, in [0, 4].
    """
    points = 100 * width
    if points >= 20:
        return 0
    if points <= 0:
        return 1
    return min(4, max(1, 1 - math.floor(math.log10(points))))


def number(value: float, decimals: int) -> str:
    """Fixed decimals, groups of three by comma, a true minus sign, and never a negative zero."""
    text = f"{value:,.{decimals}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def plain_number(value: float) -> str:
    """A number without interval: whole numbers whole, others with at most 3 significant digits, no zeros at the end."""
    if float(value).is_integer() and abs(value) < 1e15:
        return number(value, 0)
    magnitude = math.floor(math.log10(abs(value)))
    if magnitude < -4:
        return f"{value:.1e}".replace("e-0", "e-").replace("-", MINUS)
    text = number(value, max(0, 2 - magnitude))
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: float, decimals: int) -> str:
    """A share in percent, with 0 and 100 written without decimals only when they are exact."""
    if share in (0.0, 1.0):
        return f"{100 * share:.0f} %"
    return f"{number(100 * share, decimals)} %"


def span(low: float, high: float, decimals: int) -> str:
    """Both bounds, joined by an en dash, or by 'to' where a bound is negative."""
    joint = " to " if low < 0 else EN_DASH
    return f"{number(low, decimals)}{joint}{number(high, decimals)}"


def is_rate(unit: str) -> bool:
    """Whether a unit says that the number is a share of something."""
    return unit.strip().lower() in ("rate", "share", "probability")


def is_count(unit: str) -> bool:
    """Whether a unit says that the number is so many of n observations; a share need not be one."""
    return unit.strip().lower() == "rate"


def bounds(value: float, low: float, high: float, unit: str) -> tuple[str, str]:
    """A number and its interval in their unit, without the word 'interval'.

    Args:
        value: the point, in `unit`.
        low: lower bound, in `unit`.
        high: upper bound, in `unit`.
        unit: of all three.
    Returns:
        for example ("7.0 %", "2.9\N{EN DASH}13.9 %") or ("2.31", "2.25\N{EN DASH}2.38").
    """
    if is_rate(unit):
        decimals = percent_decimals(high - low)
        inside = f"{percent(low, decimals).removesuffix(' %')}{EN_DASH}{percent(high, decimals)}"
        return percent(value, decimals), inside if low >= 0 else f"{span(100 * low, 100 * high, decimals)} %"
    decimals = _readable(supported_decimals(high - low), value, low, high)
    return number(value, decimals), span(low, high, decimals)


def _readable(decimals: int, *numbers: float) -> int:
    """So many decimals that the largest of the numbers keeps at most five digits, however narrow its interval."""
    largest = max(map(abs, numbers))
    return decimals if largest == 0 else min(decimals, max(0, 4 - math.floor(math.log10(largest))))


def value_and_interval(it: Estimate) -> tuple[str, str]:
    """An estimate as two cells: the number without its unit, and its interval or why there is none."""
    if it.low is None or it.high is None:
        value = percent(it.value, 1) if is_rate(it.unit) else plain_number(it.value)
        return value, f"none: {shown(it.no_interval or '', 200)}"
    return bounds(it.value, it.low, it.high, it.unit)


def hits(value: float, n: int | None) -> int | None:
    """How many of n a rate is, or None where it is no count (weights, means of rates)."""
    if n is None or n <= 0:
        return None
    count = round(value * n)
    return count if math.isclose(count, value * n, abs_tol=1e-6 * n) else None


def confidence(share: float) -> str:
    """A coverage such as 0.95 as '95 %'."""
    return f"{100 * share:g} %"


def estimate(it: Estimate) -> str:
    """An estimate with what it is out of and its interval.

    Returns:
        '7 of 100 (7.0 %, 95 % interval 2.9\N{EN DASH}13.9 %)' for a rate,
        '2.31 bits per byte (95 % interval 2.25\N{EN DASH}2.38)' for others,
        '(no interval: ...)' where there is none.
    """
    if it.low is None or it.high is None:
        value = percent(it.value, 1) if is_rate(it.unit) else f"{plain_number(it.value)} {shown(it.unit, 60)}"
        return f"{value} (no interval: {shown(it.no_interval or '', 300)})"
    value, inside = bounds(it.value, it.low, it.high, it.unit)
    inside = f"{confidence(it.confidence)} interval {inside}"
    if not is_rate(it.unit):
        return f"{value} {shown(it.unit, 60)} ({inside})"
    count = hits(it.value, it.n) if is_count(it.unit) else None
    if count is None:
        return f"{value} ({inside})"
    return f"{number(count, 0)} of {number(it.n, 0)} ({value}, {inside})"


def control(it: Interval, unit: str, coverage: float) -> str:
    """A control, like `estimate`; one that is known exactly, as chance is, without interval."""
    if it.low == it.high == it.value and it.n is None:
        return percent(it.value, 1) if is_rate(unit) else f"{plain_number(it.value)} {shown(unit, 60)}"
    value, inside = bounds(it.value, it.low, it.high, unit)
    inside = f"{confidence(coverage)} interval {inside}"
    count = hits(it.value, it.n) if is_count(unit) else None
    if count is not None and it.n is not None:
        return f"{number(count, 0)} of {number(it.n, 0)} ({value}, {inside})"
    return f"{value} ({inside})" if is_rate(unit) else f"{value} {shown(unit, 60)} ({inside})"


def _signed(value: float, decimals: int) -> str:
    text = number(value, decimals)
    return text if text.startswith(MINUS) or float(text.replace(",", "")) == 0 else f"+{text}"


def excess(it: Interval, unit: str, coverage: float) -> str:
    """A difference with its sign; percentage points for rates."""
    value, inside = excess_bounds(it, unit)
    noun = "percentage points" if is_rate(unit) else shown(unit, 60)
    return f"{value} {noun} ({confidence(coverage)} interval {inside})"


def excess_bounds(it: Interval, unit: str) -> tuple[str, str]:
    """A difference with its sign and its interval; points of percent for rates."""
    scale = 100.0 if is_rate(unit) else 1.0
    low, high = scale * it.low, scale * it.high
    decimals = percent_decimals(it.high - it.low) if is_rate(unit) else supported_decimals(high - low)
    inside = span(low, high, decimals) if low >= 0 else f"{_signed(low, decimals)} to {_signed(high, decimals)}"
    return _signed(scale * it.value, decimals), inside


def cell(value: Cell) -> str:
    """One cell of a table of evidence; None is an em dash."""
    match value:
        case None:
            return EM_DASH
        case str():
            return shown(value, 200)
        case _:
            return plain_number(value)


def columns(rows: Sequence[Sequence[Cell]]) -> tuple[tuple[str, ...], ...]:
    """Rows of cells, each column of numbers with the same decimals so that they align.

    Args:
        rows: all of the same length.
    Returns:
        the cells, as `cell` gives them where a column is not of plain numbers or its numbers differ by many orders.
    """
    shown_columns = [_column(column) for column in zip(*rows, strict=True)]
    return tuple(zip(*shown_columns, strict=True))


def _column(values: Sequence[Cell]) -> list[str]:
    numbers = [abs(v) for v in values if isinstance(v, int | float)]
    fractions = [v for v in numbers if v != int(v)]
    decimals = max(0, 2 - math.floor(math.log10(max(numbers)))) if fractions else 0
    if not fractions or min(fractions) < 10.0**-decimals:
        return [cell(v) for v in values]
    while decimals > 1 and all(math.isclose(v, round(v, decimals - 1), rel_tol=1e-9) for v in numbers):
        decimals -= 1  # zeros at the end of every number say nothing
    return [number(v, decimals) if isinstance(v, int | float) else cell(v) for v in values]


def shortened(text: str, limit: int) -> str:
    """The text, cut at `limit` characters with an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1] + _ELLIPSIS


def shown(text: str, limit: int) -> str:
    """Untrusted text, cut and then made visible: the only way that foreign words reach a page or a terminal."""
    return visible(shortened(text, limit))


def size(num_bytes: int | None) -> str:
    """Bytes in the unit that gives one to three digits before the point (powers of 1,000)."""
    if num_bytes is None:
        return "size not told"
    scaled = float(num_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if scaled < 999.5:
            return f"{number(scaled, 0 if unit == 'B' or scaled >= 100 else 1)} {unit}"
        scaled /= 1000
    return f"{number(scaled, 1)} TB"
