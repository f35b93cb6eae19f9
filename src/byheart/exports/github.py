"""A run and its gate for GitHub Actions: annotations by workflow commands, and a step summary in Markdown."""

from byheart.core.evidence import Estimate
from byheart.core.judgement import GateRecord, Judgement, Outcome
from byheart.core.run_record import RunRecord
from byheart.core.strings import without_folders
from byheart.exports.wording import (
    EACH_BY_ITSELF,
    amount,
    beside,
    in_unit,
    line,
    markdown,
    model_of,
    numbers,
    title,
)

MOST_ANNOTATIONS = 10
"""Of a kind and step that GitHub shows; the last one then says how many more there are."""
MOST_BYTES = 1024 * 1024 - 4096
"""Of a summary, a little less than what GitHub takes."""


def annotations(record: RunRecord, gate: GateRecord | None) -> str:
    """Workflow commands: an error for each failed criterion, a warning for each undecided one, a notice of the rest.

    Args:
        record: the run.
        gate: held against it; None where no criteria were given, which leaves a notice.
    Returns:
        lines that each begin with a command; what is foreign can neither begin a line nor end its command.
    Source: GitHub, "Workflow commands for GitHub Actions": escapes %25, %0D, %0A and in properties %3A, %2C; at most 10
        errors and 10 warnings of a step are shown.
    Differs: nothing.
    """
    name = title(record, 120)
    if gate is None:
        return _command("notice", "byheart", f"{name}: no criteria were given, so nothing was judged.")
    counts = f"gate {gate.outcome.value} ({_counts(gate)})"
    lines = [_command("notice", f"byheart gate {gate.outcome.value}", f"{name}: {counts}. {EACH_BY_ITSELF}")]
    for outcome, command in ((Outcome.FAILED, "error"), (Outcome.UNDECIDED, "warning")):
        found = [it for it in gate.judgements if it.outcome is outcome]
        shown = found if len(found) <= MOST_ANNOTATIONS else found[: MOST_ANNOTATIONS - 1]
        lines += [_command(command, f"{outcome.value}: {line(it.criterion, 120)}", _said(it)) for it in shown]
        if len(found) > len(shown):
            more = f"{len(found) - len(shown)} more criteria are {outcome.value}; the summary has them all."
            lines.append(_command(command, f"{outcome.value}: more", more))
    return "".join(lines)


def _said(it: Judgement) -> str:
    why = f" Why it is asked: {line(it.why, 300)}" if it.why else ""
    return f"{line(it.subject, 80)}: {line(it.said, 600)}{why}"


def _command(name: str, title: str, message: str) -> str:
    data = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    value = title.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A").replace(":", "%3A").replace(",", "%2C")
    return f"::{name} title={value}::{data}\n"


def _counts(gate: GateRecord) -> str:
    return ", ".join(f"{sum(it.outcome is one for it in gate.judgements)} {one.value}" for one in Outcome)


def summary(record: RunRecord, gate: GateRecord | None) -> str:
    """The step summary: the gate's table first, then every number of the model with its control.

    Args:
        record: the run.
        gate: held against it, or None.
    Returns:
        Markdown of at most MOST_BYTES as UTF-8; rows that did not fit are counted in its last line.
    """
    parts = [f"## byheart: {markdown(without_folders(record.title), 200)}", ""]
    rows = []
    if gate is not None:
        against = f" Baseline: {markdown(gate.baseline, 80)}." if gate.baseline else ""
        parts += [f"**Gate {gate.outcome.value}** ({_counts(gate)}). {EACH_BY_ITSELF}", ""]
        parts += ["| outcome | criterion | subject | found | why it is asked |", "|---|---|---|---|---|"]
        rows += [_judgement(it) for it in gate.judgements]
        rows += ["", f"Criteria: {markdown(gate.criteria, 200)}.{against}", ""]
    model = model_of(record)
    if model is not None:
        rows += [f"### Every number of {markdown(model, 80)}", ""]
        rows += ["| number | value | interval | n | control | excess |", "|---|---|---|---:|---|---|"]
        rows += [
            _number(it) if isinstance(it, Estimate) else f"| {markdown(it.name, 100)} | refused | | | | |"
            for _, it in numbers(record, model)
        ]
    return _fitting(parts, rows)


def _judgement(it: Judgement) -> str:
    cells = (
        f"**{it.outcome.value}**",
        markdown(it.criterion),
        markdown(it.subject, 80),
        markdown(it.said, 600),
        markdown(it.why),
    )
    return f"| {' | '.join(cells)} |"


def _number(it: Estimate) -> str:
    has_bounds = it.low is not None and it.high is not None
    inside = f"{amount(it.low, it.unit)} to {amount(it.high, it.unit)}" if has_bounds else "none"
    value = in_unit(it)
    cells = (markdown(it.name, 100), markdown(value), markdown(inside), f"{it.n:,}", *map(markdown, beside(it)))
    return f"| {' | '.join(cells)} |"


def _fitting(parts: list[str], rows: list[str]) -> str:
    """As many rows as a summary may hold."""
    size = sum(len(part.encode()) + 1 for part in parts)
    for place, row in enumerate(rows):
        size += len(row.encode()) + 1
        if size > MOST_BYTES:
            return "\n".join([*parts, "", f"{len(rows) - place:,} more lines do not fit into a step summary.", ""])
        parts.append(row)
    return "\n".join([*parts, ""])
