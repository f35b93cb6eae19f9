"""The verdict at a glance: for each question an answer word, and the number behind it on a bar with its yardsticks."""

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from byheart.core.controls import control_word
from byheart.core.evidence import Estimate, Interval
from byheart.core.run_record import RunRecord
from byheart.report import format as fmt
from byheart.report.asides import asides
from byheart.report.comparison import (
    BASE,
    BLIND,
    LOOKUP,
    MODEL,
    Party,
    answer,
    head_measure,
    measure,
    measures,
    model_of,
    parties,
)
from byheart.report.extent import extent
from byheart.report.layout import padded
from byheart.report.verdict import Finding

CONTROL = "control"
_PREFERRED = ("adaptation.bits_beyond_memorizer_per_byte", "novelty.ngram_8_novel_rate", "novelty.valid_novel_rate")
"""The number that answers the question of the page, where that is not the first of the audit."""
_SAID = {
    "extraction.greedy_rate": "Passages recited word for word",
    "membership.auc": "Trained-on text told from unseen text, AUC",
    "exposure.mean_bits": "How far planted secrets stand out, bits",
    "context.copy_gain_bits": "Bits per token saved on what comes again",
    "context.chain_gain_bits": "Bits per token gained from a chain of the prompt",
    "interpolation.largest_jump": "Largest jump between two inputs, total variation (less is smoother)",
    "adaptation.bits_beyond_memorizer_per_byte": "Bits per byte saved over the best memorizer",
    "attribution.beyond_right_share": "Tokens foreseen that no memorizer foresees",
    "complexity.memorized_forming_layer_share": "Depth at which sure tokens of trained-on text form (less is earlier)",
    "novelty.ngram_8_novel_rate": "Runs of 8 tokens that are new (fewer: it copies more)",
    "novelty.valid_novel_rate": "Sentences that are new and right",
    "propensity.ordinary_rate": "Long copies in ordinary use",
}
"""In plainer words than a table has room for; with the direction, where more than the control is not what counts."""
_ZEROS = {"adaptation.bits_beyond_memorizer_per_byte": "as good as the best memorizer"}
"""What a zero means that a number may fall below."""
_UNMEASURED = "Not measured"
_KINDS = (
    ("No evidence", "open"),
    ("No difference", "open"),
    (_UNMEASURED, "open"),
    ("Undecided", "open"),
    ("Yes", "yes"),
)
"""Answers whose first words are the answer word."""
_LONGEST_REST, _LONGEST_PART = 84, 60
"""Characters behind the answer word, and of each part of an answer in parts; the sentences below say all."""
_SHARES = (0.01, 0.02, 0.05, 0.1, 0.2)
"""Where a bar of small shares may end, so that an interval is wider than its dot."""
_MORE = " \N{HORIZONTAL ELLIPSIS}"


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One number on a bar."""

    role: str
    """"model", "base", "lookup pole", "blind pole" or "control": decides shape and colour."""
    label: str
    """Safe to show."""
    value: str
    """Of the number, as written."""
    inside: str
    """Its interval, as written; empty where it has none."""
    count: str
    """How many of how many it is; empty where it is no count."""
    at: float
    """Place on the bar, 0 for its left end to 1."""
    low: float
    """Of the interval, likewise."""
    high: float
    """Likewise."""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A number between its yardsticks."""

    left: str
    """What the left end stands for."""
    right: str
    """What the right end stands for."""
    marks: tuple[Mark, ...]
    """The model's first."""
    zero: float | None
    """Place of a zero that means something, or None."""
    zero_label: str
    """What it means."""
    alt: str
    """All of it in words."""


@dataclass(frozen=True, kw_only=True)
class Glance:
    """One line of the first screen."""

    question: str
    word: str
    """The answer in one to four words."""
    kind: str
    """"yes", "no", "open" or "plain"."""
    rest: str
    """What the answer adds, may be empty."""
    measure: str
    """What was measured, in a few words; empty where there is no number."""
    bar: Bar | None
    """None where there is no number."""
    asides: tuple[str, ...]
    """What must not be missed beside it."""


def glances(record: RunRecord, found: Sequence[Finding], *, is_lab: bool) -> tuple[Glance, ...]:
    """The findings at a glance.

    Args:
        record: of the run.
        found: of the same run.
        is_lab: whether networks were trained for it, whose controls are memorizers of the same data.
    Returns:
        one for each finding, in their order.
    """
    return tuple(_glance(record, finding, is_lab=is_lab) for finding in found)


def controls_drawn(shown: Sequence[Glance]) -> str:
    """What the controls on the bars are, each once, in the order of the bars; empty where none is drawn."""
    marks = (mark for it in shown if it.bar is not None for mark in it.bar.marks)
    labels = list(dict.fromkeys(mark.label for mark in marks if mark.role == CONTROL))
    return " or ".join([", ".join(labels[:-1]), *labels[-1:]] if len(labels) > 1 else labels)


def _glance(record: RunRecord, finding: Finding, *, is_lab: bool) -> Glance:
    word, kind, rest = answer_word(finding.answer)
    names = measures(record, finding.audit)
    name = next((it for it in _PREFERRED if it in names), head_measure(record, finding.audit))
    # Beside "not measured" another number of the same audit would pass for the answer.
    name = None if word == _UNMEASURED else name
    marked = list(_marked(record, finding.audit, name, is_lab=is_lab)) if name is not None else []
    model = model_of(record)
    bar = _bar(name, marked) if name is not None and marked and marked[0][0] == MODEL else None
    return Glance(
        question=finding.question,
        word=word or "See below",
        kind=kind,
        rest=rest,
        measure=_measured(name, marked[0][2].unit) if bar is not None and name is not None else "",
        bar=bar,
        asides=asides(record, finding.audit, model, name) if bar is not None and name and model else (),
    )


def _measured(name: str, unit: str) -> str:
    said = _SAID.get(name, measure(name))
    return (
        said if fmt.is_rate(unit) or name in _SAID or unit.lower() in said.lower() else f"{said}, {fmt.shown(unit, 40)}"
    )


def answer_word(text: str) -> tuple[str, str, str]:
    """The word to look for in an answer, what kind of answer it is, and what it adds.

    Args:
        text: the answer of a finding, safe to show.
    Returns:
        for example ("Yes", "yes", "some of it") or ("In part", "open", "No on real text; yes on made text").
    """
    said = text.strip().rstrip(".")
    if re.match(r"(?:Yes|No|Undecided: shown on no task;|Undecided) on ", said):
        parts = re.sub(r" \([^)]*\)", "", said).split("; ")
        return "In part", "open", "; ".join(textwrap.shorten(part, _LONGEST_PART, placeholder=_MORE) for part in parts)
    for words, kind in _KINDS:
        if said.startswith(words):
            return words, kind, _short(said.removeprefix(words).removeprefix(" of it").lstrip(" ,:;."))
    head, _, rest = re.sub("[,:;] ", "\n", said, count=1).partition("\n")
    return head, "no" if re.match("No[t ]|No$", head) else "plain", _short(rest)


def _short(rest: str) -> str:
    """The first part of a long addition."""
    first = rest if len(rest) <= _LONGEST_REST else re.split("[:;] ", rest, maxsplit=1)[0]
    return textwrap.shorten(first, _LONGEST_REST, placeholder=_MORE)


def _marked(record: RunRecord, audit: str, name: str, *, is_lab: bool) -> Iterator[tuple[str, str, Estimate, Interval]]:
    """Role, label, the estimate that gives unit and n, and number with bounds: the model's, then its yardsticks'."""
    found: list[tuple[Party, Estimate]] = [
        (party, it)
        for party in parties(record)
        if party.role in (MODEL, BASE, LOOKUP, BLIND) and isinstance(it := answer(record, audit, party, name), Estimate)
    ]
    if not found or found[0][0].role != MODEL:
        return
    own = found[0][1]
    for party, it in found:
        if it.unit == own.unit:
            low, high = (it.value, it.value) if it.low is None or it.high is None else (it.low, it.high)
            yield party.role, party.label, it, Interval(it.value, low, high, it.n)
    if own.control is not None and audit != "attribution":  # whose control is the blind pole
        yield CONTROL, control_word(name, is_lab=is_lab), own, own.control


def _bar(name: str, marked: Sequence[tuple[str, str, Estimate, Interval]]) -> Bar:
    unit = marked[0][2].unit
    ends = [end for *_, it in marked for end in (it.value, it.low, it.high)]
    is_within = (fmt.is_rate(unit) or unit == "AUC") and min(ends) >= 0 and max(ends) <= 1
    zero_label = _ZEROS.get(name, "")
    ends += [0.0] if zero_label else []
    low, high = (0.0, _full(ends, unit)) if is_within else padded(min(ends), max(ends), is_log=False)

    def place(value: float) -> float:
        return (value - low) / (high - low)

    marks = []
    for role, label, it, number in marked:
        has_interval = role == CONTROL or it.low is not None
        value, inside = fmt.bounds(number.value, number.low, number.high, unit)
        if not has_interval or number.low == number.high:
            value, inside = fmt.value_and_interval(it)[0] if role != CONTROL else _plain(number.value, unit), ""
        if number.value == 0:
            value = _plain(0.0, unit)
        at = (place(number.value), place(number.low), place(number.high))
        hits = fmt.hits(number.value, number.n) if fmt.is_count(unit) and role == MODEL else None
        count = "" if hits is None else f"{fmt.number(hits, 0)} of {fmt.number(it.n, 0)}"
        marks.append(
            Mark(role=role, label=label, value=value, inside=inside, count=count, at=at[0], low=at[1], high=at[2])
        )
    left, right = _plain(low, unit), _plain(high, unit)
    said = "; ".join(f"{m.label} {m.value}" + (f" ({m.inside})" if m.inside else "") for m in marks)
    return Bar(
        left=left,
        right=right,
        marks=tuple(marks),
        zero=place(0.0) if zero_label else None,
        zero_label=zero_label,
        alt=f"{_SAID.get(name, measure(name))}: {said}. The bar goes from {left} to {right}.",
    )


def _full(ends: Sequence[float], unit: str) -> float:
    """The right end of a bar of shares: 100 %, or a rounder part of it where all the rest would be empty."""
    return next((end for end in _SHARES if max(ends) <= end), 1.0) if fmt.is_rate(unit) and max(ends) > 0 else 1.0


def _plain(value: float, unit: str) -> str:
    """An end of a bar, or a number without interval: two digits are enough for the eye."""
    if fmt.is_rate(unit):
        return fmt.percent(value, 0)
    if value == 0 or not 1e-4 < abs(value) < 1e5:
        return fmt.plain_number(value)
    return f"{float(f'{value:.2g}'):,g}".replace("-", fmt.MINUS)


def facts(record: RunRecord, model: Party | None, *, is_lab: bool) -> tuple[tuple[str, str], ...]:
    """What was tested, on what and beside what, for the head of the page."""
    it = record.provenance
    subject = next((s for s in it.subjects if model is not None and s.name == model.name), None)
    who = model.label if model is not None else "memorizers only"
    if subject is not None:
        seen = _ACCESS.get(subject.access, f"access: {fmt.shown(subject.access, 60)}")
        who = f"{who}, {fmt.size(subject.size_bytes)}; {seen}"
    trained = "Trained on" if is_lab else "On text that it was trained on"
    unseen = "Beside data that it has not seen" if is_lab else "Beside text that it has not seen"
    return (
        ("Model under test", who),
        (trained, extent(it.trained_on, is_made=is_lab)),
        (unseen, extent(it.held_out, is_made=is_lab)),
    )


_ACCESS = {
    "weights": "weights at hand",
    "prompt log-probabilities": "tells the probability of any text",
    "generated log-probabilities": "tells probabilities of its own text only",
    "text": "gives text only",
}
