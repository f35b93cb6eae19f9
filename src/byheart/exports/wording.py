"""What all exports say alike: numbers with their intervals, and foreign strings on one safe line."""

import re
from collections.abc import Iterator

from byheart.core.controls import control_word
from byheart.core.evidence import Estimate, Interval, Refusal
from byheart.core.result import Completed, Failed, NotApplicable, Result
from byheart.core.run_record import RunRecord
from byheart.core.strings import without_folders
from byheart.core.visible import visible_in_line

MODEL = "model"
LEAST_SHARE = 1e-6
"""What is nearer to zero is not written out: no sample bounds a share so closely."""
EACH_BY_ITSELF = (
    "Each criterion is judged by itself, at the confidence of its own interval; nothing corrects for their number."
)
_SPECIAL = re.compile(r"([\\`*_\[\]<>#!|~&@$^:{}]|(?<=www)\.|^[-+=]|(?<=^\d)[.)]|(?<=^\d\d)[.)])", re.IGNORECASE)


def line(text: str, limit: int = 300) -> str:
    """Foreign text on one line: cut, then every control, direction, surrogate and line break made visible."""
    return visible_in_line(text if len(text) <= limit else text[: limit - 3] + "...")


def title(record: RunRecord, limit: int = 300) -> str:
    """A run's title on one line; of one that is a path, which older runs have, the last part."""
    return line(without_folders(record.title), limit)


def markdown(text: str, limit: int = 300) -> str:
    """Foreign text for Markdown: `line`, with a backslash before every mark, so that nothing of it is markup.

    Definition:
        escaped are the ASCII characters that open or close a span, a link, a tag, an entity, a cell of a table, a
        formula or a mention anywhere in a line, and those that open a block at its beginning; with the colon and the
        dot of `www.` also what GitHub would make a link of
    Source: CommonMark 0.31.2, section 2.4, backslash escapes; GitHub Flavored Markdown 0.29, tables and autolinks.
    Differs: nothing.
    """
    return _SPECIAL.sub(r"\\\1", line(text, limit))


def number(value: float) -> str:
    """Four significant digits, without trailing zeros."""
    return f"{value:.4g}"


def is_share(unit: str) -> bool:
    """Whether numbers of a unit are shown in per cent."""
    return unit in ("rate", "share", "probability")


def amount(value: float | None, unit: str) -> str:
    """A number without its unit, shares in per cent; nothing where there is none."""
    if value is None:
        return ""
    if is_share(unit):
        return f"{100 * value:.3g} %" if value == 0 or abs(value) >= LEAST_SHARE else f"under {100 * LEAST_SHARE:g} %"
    return number(value)


def difference(it: Interval, unit: str) -> str:
    """A difference with its bounds, of shares in percentage points."""
    if not is_share(unit):
        return span(it, unit)
    value, low, high = (f"{100 * end:.3g}" for end in (it.value, it.low, it.high))
    return f"{value} points ({low} to {high})"


def span(it: Interval, unit: str) -> str:
    """A number with its bounds."""
    return f"{amount(it.value, unit)} ({amount(it.low, unit)} to {amount(it.high, unit)})"


def beside(it: Estimate) -> tuple[str, str]:
    """Control, with what it is, and excess of an estimate; empty where it has none."""
    control = f"{span(it.control, it.unit)}, {control_word(it.name)}" if it.control is not None else ""
    return control, difference(it.excess, it.unit) if it.excess is not None else ""


def interval(it: Estimate) -> str:
    """Bounds of an estimate with their confidence, or why there are none."""
    if it.low is None or it.high is None:
        return f"no interval: {line(it.no_interval or '', 200)}"
    return f"{100 * it.confidence:g} % interval {amount(it.low, it.unit)} to {amount(it.high, it.unit)}"


def in_unit(it: Estimate) -> str:
    """The value of an estimate in its unit."""
    return amount(it.value, it.unit) + ("" if is_share(it.unit) else f" {line(it.unit, 60)}")


def estimate(it: Estimate) -> str:
    """An estimate in one sentence, beside its control."""
    said = f"{in_unit(it)} ({interval(it)}, n = {it.n:,})"
    if it.control is not None:
        said += f"; control, {control_word(it.name)}, {span(it.control, it.unit)}"
    if it.excess is not None:
        said += f"; excess {difference(it.excess, it.unit)}"
    elif it.no_excess:
        said += f"; no excess: {line(it.no_excess, 200)}"
    return said


def roles(record: RunRecord) -> dict[str, str]:
    """Role of each subject, by name."""
    return {subject.name: subject.role for subject in record.provenance.subjects}


def model_of(record: RunRecord) -> str | None:
    """Name of the model under test, or None where only memorizers were audited."""
    return next((name for name, role in roles(record).items() if role == MODEL), None)


def numbers(record: RunRecord, subject: str) -> Iterator[tuple[Result, Estimate | Refusal]]:
    """Every number of a subject, refused ones too, in the order of the audits."""
    for result in record.results:
        if result.subject == subject:
            yield from ((result, it) for it in result.evidence if isinstance(it, Estimate | Refusal))


def without_numbers(result: Result) -> tuple[str, str] | None:
    """Status and reason of a result that did not complete, or None."""
    match result.status:
        case NotApplicable(reason):
            return "not_applicable", reason
        case Failed(kind, message):
            return "failed", f"{kind}: {message}"
        case Completed():
            return None
