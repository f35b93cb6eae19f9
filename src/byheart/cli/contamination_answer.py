"""What `byheart contaminated` answers, for a person and for a program."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from byheart.cli.leaked_score_answer import score_lines, scores_json
from byheart.cli.trace_answer import in_one_line, times
from byheart.core.codec import evidence_to_json
from byheart.core.evidence import Estimate, Refusal
from byheart.core.visible import visible_in_line
from byheart.report.format import bounds, estimate
from byheart.stats.claims import rate_beside_control
from byheart.stats.intervals import clopper_pearson
from byheart.study.contamination import FEWEST_WORDS, Finding, leaked_by_field, leaked_of_judged

_LISTED = 20
_METHOD = (
    "An item leaked when a run of {words} of its words, or all of its words if these are fewer, stands in a document."
)


def contamination_lines(found: Sequence[Finding], beside: Sequence[Finding] | None, *, min_words: int) -> Iterator[str]:
    """All that a person is told: the leaked items with their evidence, then the rates.

    Args:
        found: of the benchmark, in order.
        beside: of the control items, or None.
        min_words: as asked.
    """
    leaked = [finding for finding in found if finding.verdict == "leaked"]
    for finding in leaked[:_LISTED]:
        yield f"{visible_in_line(finding.item.name)} (line {finding.item.line}): leaked"
        for one in finding.evidence:
            place = f"first in {visible_in_line(one.document)} at {one.place.start:,}"
            yield f"    {one.field}: {one.num_words} words, {times(one.count)}, {place}"
            yield f"      item    {in_one_line(one.text)}"
            yield f"      corpus  {in_one_line(one.passage)}"
    if len(leaked) > _LISTED:
        yield f"and {len(leaked) - _LISTED:,} more leaked items: --json names all."
    short = sum(finding.verdict == "too short" for finding in found)
    if leaked_of_judged(found)[1]:
        yield f"{_rate(leaked_of_judged(found))} of the items leaked, at {min_words} words"
    else:
        yield "No item could be judged: none has a field with enough words."
    if short:
        fewest = min(FEWEST_WORDS, min_words)
        yield f"{short:,} of {len(found):,} items are too short to say (under {fewest} words) and not counted"
    by_field = leaked_by_field(found)
    if len(by_field) > 1:
        yield from (f"  {visible_in_line(field)}: {_rate(rate)} leaked" for field, rate in by_field.items())
    yield from score_lines(found)
    if beside is None:
        yield "Chance level: not given. It stands here with --control OTHER.jsonl: items that cannot be in the corpus."
        return
    claim = rate_of_leaks(found, beside, min_words=min_words)
    if isinstance(claim, Refusal):
        yield f"Chance level: none. {claim.reason}"
        return
    yield f"Chance level: {_rate(leaked_of_judged(beside))} of the control items leaked"
    if claim.excess is None:
        yield f"Beyond chance: not to be said. {claim.no_excess}"
        return
    difference, inside = bounds(claim.excess.value, claim.excess.low, claim.excess.high, "rate")
    yield f"Beyond chance: {difference} (95 % interval {inside})"


def _rate(counts: tuple[int, int]) -> str:
    leaked, number = counts
    if not number:
        return "0 of 0"
    interval = clopper_pearson(leaked, number)
    share = Estimate(
        name="contaminated.leaked_rate",
        value=interval.value,
        unit="rate",
        low=interval.low,
        high=interval.high,
        confidence=0.95,
        n=number,
        method="",
    )
    return estimate(share)


def rate_of_leaks(found: Sequence[Finding], beside: Sequence[Finding] | None, *, min_words: int) -> Estimate | Refusal:
    """The rate of leaks beside that of the control items, of those that are long enough to say."""
    seen = leaked_of_judged(found)
    method = _METHOD.format(words=min_words)
    return rate_beside_control("contaminated.leaked_rate", seen, leaked_of_judged(beside or ()), method=method)


def contamination_json(found: Sequence[Finding], beside: Sequence[Finding] | None, *, min_words: int) -> dict[str, Any]:
    """The same as plain JSON values, with every item."""
    verdicts = Counter(finding.verdict for finding in found)
    return {
        "min_words": min_words,
        "fewest_words": min(FEWEST_WORDS, min_words),
        "leaked": verdicts["leaked"],
        "clean": verdicts["clean"],
        "too_short": verdicts["too short"],
        "leaked_rate": _interval_json(leaked_of_judged(found)),
        "by_field": {field: _interval_json(rate) for field, rate in leaked_by_field(found).items()},
        "control": None if beside is None else evidence_to_json(rate_of_leaks(found, beside, min_words=min_words)),
        "scores": scores_json(found),
        "items": [_item_json(finding) for finding in found],
    }


def _interval_json(counts: tuple[int, int]) -> dict[str, Any] | None:
    leaked, number = counts
    if not number:
        return None
    interval = clopper_pearson(leaked, number)
    return {"leaked": leaked, "n": number, "value": interval.value, "low": interval.low, "high": interval.high}


def _item_json(finding: Finding) -> dict[str, Any]:
    return {
        "item": finding.item.name,
        "line": finding.item.line,
        "verdict": finding.verdict,
        "longest_words": finding.longest_words,
        "evidence": [
            {
                "field": one.field,
                "start": one.span.start,
                "stop": one.span.stop,
                "words": one.num_words,
                "count": one.count,
                "document": one.document,
                "document_start": one.place.start,
                "document_stop": one.place.stop,
                "text": one.text,
                "passage": one.passage,
                "before": one.around[0],
                "after": one.around[1],
            }
            for one in finding.evidence
        ],
    }
