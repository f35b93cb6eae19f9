"""A comparison as JSON, and as a page where the report extra is installed."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from byheart.core.codec import evidence_to_json
from byheart.core.comparison import Compared, Comparison, Difference
from byheart.corpus.atomic_file import write_durably
from byheart.errors import CapabilityError
from byheart.study.pages import page


def write_comparison(comparison: Comparison, output: Path) -> None:
    """Writes the page of a comparison.

    Raises:
        CapabilityError: the report extra is not installed.
    """
    if page() is None:
        raise CapabilityError(
            "A page needs jinja2, altair and vl-convert.", next_step="pip install 'byheart[report]', or leave -o out."
        )
    from byheart.report.comparison_page import render_comparison

    write_durably(output, render_comparison(comparison).encode("utf-8"))


def comparison_to_json(comparison: Comparison) -> dict[str, Any]:
    """What `byheart compare --json` prints."""
    return {
        "schema": 1,
        "first": {"run": comparison.label, "subject": comparison.subject},
        "others": [_compared(one) for one in comparison.others],
        "trends": [evidence_to_json(series) for series in comparison.trends],
    }


def _compared(one: Compared) -> dict[str, Any]:
    return {
        "run": one.label,
        "subject": one.subject,
        "notes": list(one.notes),
        "differences": [_difference(it) for it in one.differences],
        "num_shared_passages": one.num_shared,
        "changed_passages": [asdict(it) for it in one.changed],
        "why_no_passages": one.why_no_passages or None,
    }


def _difference(it: Difference) -> dict[str, Any]:
    interval = it.difference
    return {
        "name": it.name,
        "unit": it.unit,
        "first": {"value": it.first.value, "low": it.first.low, "high": it.first.high, "n": it.first.n},
        "second": {"value": it.second.value, "low": it.second.low, "high": it.second.high, "n": it.second.n},
        "difference": None if interval is None else interval.value,
        "low": None if interval is None else interval.low,
        "high": None if interval is None else interval.high,
        "n": None if interval is None else interval.n,
        "confidence": 0.95,
        "is_paired": it.is_paired,
        "on_shared_texts": None if it.on_shared is None else list(it.on_shared),
        "p_value": it.p_value,
        "adjusted_p_value": it.adjusted_p_value,
        "more_than_chance": it.is_claimed,
        "how": it.how,
    }
