"""Whether a number keeps its limit, and the sentence that says so."""

from byheart.core.controls import control_word
from byheart.core.evidence import Estimate, Interval
from byheart.core.judgement import Outcome
from byheart.report import format as fmt
from byheart.study.criterion import Criterion

_ASKED = {"<=": "at most", "<": "below", ">=": "at least", ">": "above"}
_ASPECTS = {"": "", "excess": "excess over the control ({}) ", "control": "control ({}) "}


def decided(
    criterion: Criterion, it: Estimate, number: Interval, limit: float, *, aspect: str, has_bounds: bool
) -> tuple[Outcome, str]:
    """What a number says of its limit.

    Args:
        criterion: what is asked.
        it: the estimate.
        number: of it what the criterion compares; its bounds are the value where it has none.
        limit: in the unit of the number.
        aspect: "excess", "control" or "", which is the estimate itself.
        has_bounds: whether it has an interval.
    Returns:
        the outcome, as `judge` (criteria.py) defines it, and a sentence that is safe to show.
    """
    said = f"{_ASPECTS[aspect].format(control_word(it.name))}{_shown(it, number, aspect, has_bounds=has_bounds)}"
    relative = " (by the baseline)" if criterion.limit.factor is not None else ""
    bound = {"high": "upper bound ", "low": "lower bound ", "value": ""}[criterion.part]
    asked = f"asked: {bound}{_ASKED[criterion.comparison]} {_limit(limit, it, aspect)}{relative}"
    keeps = criterion.keeps(getattr(number, criterion.part), limit)
    if criterion.part == "value":
        others = {criterion.keeps(number.low, limit), criterion.keeps(number.high, limit)}
        by = "its interval says the same" if has_bounds and others == {keeps} else "the interval does not decide it"
        by = by if has_bounds else "there is no interval"
        return (Outcome.PASSED if keeps else Outcome.FAILED), f"{said}; {asked} by the point alone, and {by}."
    if not has_bounds:
        return Outcome.UNDECIDED, f"{said}; {asked}, and there is no bound."
    if keeps:
        return Outcome.PASSED, f"{said}; {asked}."
    if not criterion.keeps(number.low if criterion.is_upper else number.high, limit):
        return Outcome.FAILED, f"{said}; {asked}, and the whole interval is beyond that."
    return Outcome.UNDECIDED, f"{said}; {asked}, which lies inside the interval: a larger sample would decide."


def _limit(value: float, it: Estimate, aspect: str) -> str:
    """With all its digits: it is no measurement."""
    unit = "percentage points" if aspect == "excess" else "%"
    text = f"{100 * value:.6g} {unit}" if fmt.is_rate(it.unit) else f"{value:.6g}"
    return text.replace("-", fmt.MINUS)


def _shown(it: Estimate, number: Interval, aspect: str, *, has_bounds: bool) -> str:
    """The number as a careful author writes it, with its interval."""
    unit = "" if fmt.is_rate(it.unit) else f" {fmt.shown(it.unit, 40)}"
    if not has_bounds:
        value = fmt.percent(number.value, 1) if fmt.is_rate(it.unit) else fmt.plain_number(number.value)
        return f"{value}{unit} (no interval: {fmt.shown(it.no_interval or '', 200).rstrip('.')})"
    if aspect == "excess" and fmt.is_rate(it.unit):
        value, inside = fmt.excess_bounds(number, it.unit)
        unit = " percentage points"
    else:
        value, inside = fmt.bounds(number.value, number.low, number.high, it.unit)
    n = number.n if number.n is not None else it.n
    return f"{value}{unit} ({fmt.confidence(it.confidence)} interval {inside}, n = {fmt.number(n, 0)})"
