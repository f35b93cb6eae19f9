"""What a gate says of a run, criterion by criterion, in words."""

import re
from dataclasses import dataclass

from byheart.core.judgement import GateRecord, Judgement, Outcome
from byheart.report import format as fmt
from byheart.report.comparison import measure

MAX_JUDGEMENTS = 200
"""Criteria on the page; a gate has some, not hundreds."""
_BOUNDS = {
    "low": "lower bound of the interval of",
    "high": "upper bound of the interval of",
    "value": "",
    "n": "number of observations of",
}
_PARTS = {"excess": "excess of", "control": "control of"}
_OPERATORS = {"<=": "at most", "<": "less than", ">=": "at least", ">": "more than", "==": "exactly"}
_CRITERION = re.compile(r"(?P<name>[\w.]+)\s*(?P<operator><=|>=|<|>|==)\s*(?P<rest>\S.*)", re.DOTALL)


@dataclass(frozen=True)
class OutcomeLook:
    """How an outcome is shown: by a word, a sign and a colour, so that none of them is alone."""

    word: str
    sign: str
    """One character."""
    style: str
    """Class of its colour in the style sheet."""


LOOKS = {
    Outcome.PASSED: OutcomeLook("passed", "\N{CHECK MARK}", "passed"),
    Outcome.FAILED: OutcomeLook("failed", "\N{MULTIPLICATION SIGN}", "failed"),
    Outcome.UNDECIDED: OutcomeLook("undecided", "?", "undecided"),
}


@dataclass(frozen=True, kw_only=True)
class JudgementRow:
    """One criterion as shown; all text safe to show, not escaped."""

    look: OutcomeLook
    asked: str
    """The criterion in plain words."""
    written: str
    """As it was written."""
    subject: str
    found: str
    interval: str
    limit: str
    said: str
    why: str


@dataclass(frozen=True, kw_only=True)
class GateTable:
    """A gate as shown."""

    look: OutcomeLook
    said: str
    """The outcome in one sentence, for the first screen."""
    source: str
    """Where the criteria come from, and what they are relative to."""
    rows: tuple[JudgementRow, ...]
    left_out: int
    """Criteria that are not shown."""


def gate_table(gate: GateRecord) -> GateTable:
    """The rows of a gate: those that failed first, then the undecided, each group in the order of the criteria."""
    order = (Outcome.FAILED, Outcome.UNDECIDED, Outcome.PASSED)
    ranked = sorted(gate.judgements, key=lambda it: order.index(it.outcome))
    baseline = f"; relative to the run {fmt.shown(gate.baseline, 100)}" if gate.baseline else ""
    return GateTable(
        look=LOOKS[gate.outcome],
        said=_said(gate),
        source=f"Criteria: {fmt.shown(gate.criteria, 200)}{baseline}.",
        rows=tuple(_row(it) for it in ranked[:MAX_JUDGEMENTS]),
        left_out=max(0, len(ranked) - MAX_JUDGEMENTS),
    )


def _said(gate: GateRecord) -> str:
    counts = {it: sum(one.outcome == it for one in gate.judgements) for it in Outcome}
    num = len(gate.judgements)
    if not num:
        return "no criterion was given, so nothing is decided"
    criteria = "criterion" if num == 1 else "criteria"
    if counts[gate.outcome] == num:
        every = "the one" if num == 1 else "both" if num == 2 else f"all {num}"
        return f"{every} {criteria} {LOOKS[gate.outcome].word}"
    parts = [f"{counts[it]} {LOOKS[it].word}" for it in (Outcome.FAILED, Outcome.UNDECIDED, Outcome.PASSED)]
    return f"of {num} {criteria} " + ", ".join(part for part in parts if not part.startswith("0 "))


def in_words(criterion: str) -> str:
    """A criterion as a phrase; as it was written where it has another form.

    Args:
        criterion: for example "extraction.greedy_rate.excess.high <= 0.001"; untrusted.
    Returns:
        for example "upper bound of the interval of excess of 'Recited word for word' at most 0.001".
    """
    match = _CRITERION.fullmatch(criterion.strip())
    if match is None or "." not in match["name"]:
        return fmt.shown(criterion, 200)
    parts, of = match["name"].split("."), []
    if len(parts) > 2 and parts[-1] in _BOUNDS:
        of.append(_BOUNDS[parts.pop()])
    if len(parts) > 2 and parts[-1] in _PARTS:
        of.append(_PARTS[parts.pop()])
    name = ".".join(parts)
    for ending, words in _PARTS.items():
        # Such as extraction.greedy_excess of extraction.greedy_rate.
        if name.endswith(f"_{ending}"):
            name = f"{name.removesuffix(ending)}rate"
            of.append(words)
    what = " ".join(
        (*filter(None, of), f"\N{LEFT DOUBLE QUOTATION MARK}{measure(name)}\N{RIGHT DOUBLE QUOTATION MARK}")
    )
    return f"{what[0].upper()}{what[1:]}: {_OPERATORS[match['operator']]} {fmt.shown(match['rest'], 80)}"


def _row(it: Judgement) -> JudgementRow:
    found, interval = _number(it), ""
    if it.interval is not None:
        value, interval = fmt.bounds(it.interval.value, it.interval.low, it.interval.high, it.unit)
        found = value if it.found == it.interval.value else found
    return JudgementRow(
        look=LOOKS[it.outcome],
        asked=in_words(it.criterion),
        written=fmt.shown(it.criterion, 200),
        subject=fmt.shown(it.subject, 60),
        found=found,
        interval=interval,
        limit=_in_unit(it.limit, it.unit),
        said=fmt.shown(it.said, 400),
        why=fmt.shown(it.why, 400),
    )


def _number(it: Judgement) -> str:
    """What was compared, in so many digits that it does not seem to keep what it breaks, at least three."""
    if it.found is None:
        return fmt.EM_DASH
    side = (it.found > it.limit) - (it.found < it.limit)
    rounded = (float(f"{it.found:.{digits}g}") for digits in range(3, 15))
    return _in_unit(next((x for x in rounded if (x > it.limit) - (x < it.limit) == side), it.found), it.unit)


def _in_unit(value: float, unit: str) -> str:
    is_rate = fmt.is_rate(unit)
    number = f"{100 * value if is_rate else value:.15g}".replace("-", fmt.MINUS)
    return f"{number} {'%' if is_rate else fmt.shown(unit, 40)}".strip()
