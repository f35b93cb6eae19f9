"""What `byheart contaminated` says of the scores that a tested model got, for a person and for a program."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from byheart.core.evidence import Interval
from byheart.core.visible import visible_in_line
from byheart.report.format import bounds, control
from byheart.study.contamination import Finding
from byheart.study.leaked_scores import LeakedScore, leaked_scores

_CONFIDENCE = 0.95


def score_lines(found: Sequence[Finding]) -> Iterator[str]:
    """Each metric on leaked and on clean items; nothing where the items have no scores.

    Args:
        found: of the benchmark.
    """
    scores = leaked_scores(found)
    for score in scores:
        unit = "rate" if score.is_rate else "score"
        sides = (("leaked", score.leaked, score.counts[0]), ("clean", score.clean, score.counts[1]))
        told = "; ".join(f"{_side(it, unit, number)} on {side} items" for side, it, number in sides)
        yield f"{visible_in_line(score.metric)}: {told}"
        yield f"  leaked less clean: {_difference(score, unit)}"
    if scores:
        yield "Leaked items may be easier for other reasons than the leak: the difference is no proof of its cause."


def _side(it: Interval | None, unit: str, number: int) -> str:
    if it is None:
        return f"no number of {number:,}"
    return control(it, unit, _CONFIDENCE)


def _difference(score: LeakedScore, unit: str) -> str:
    if score.difference is None:
        return f"not to be said. {score.reason}"
    it = score.difference
    value, inside = bounds(it.value, it.low, it.high, unit)
    return f"{value} (95 % interval {inside})"


def scores_json(found: Sequence[Finding]) -> list[dict[str, Any]]:
    """The same as plain JSON values, an entry for each metric.

    Args:
        found: of the benchmark.
    """
    return [
        {
            "metric": score.metric,
            "is_rate": score.is_rate,
            "leaked": _json(score.leaked, score.counts[0]),
            "clean": _json(score.clean, score.counts[1]),
            "difference": None if score.difference is None else _json(score.difference, None),
            "reason": score.reason or None,
        }
        for score in leaked_scores(found)
    ]


def _json(it: Interval | None, number: int | None) -> dict[str, Any]:
    known = {} if it is None else {key: asdict(it)[key] for key in ("value", "low", "high")}
    return known | ({} if number is None else {"n": number})
