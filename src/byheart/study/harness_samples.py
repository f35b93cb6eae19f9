"""The samples of lm-evaluation-harness: `samples_TASK_*.jsonl`, a line for each item and filter."""

import math
from typing import Any

_FIELDS = ("doc_id", "doc", "arguments", "resps", "metrics")
_UNFILTERED = "none"


def is_sample(fields: dict[str, Any]) -> bool:
    """Whether a line is one that `--log_samples` wrote.

    Args:
        fields: of the line, untrusted.
    """
    return all(name in fields for name in _FIELDS) and isinstance(fields["doc"], dict)


def opened_sample(fields: dict[str, Any]) -> tuple[str, dict[str, Any], tuple[tuple[str, float], ...]]:
    """The item behind a sample, and what the tested model got for it.

    The item is the task's own "doc", not the "arguments" that the model was given: in these stand the examples of few
    shots, which are other items.

    Args:
        fields: of a line that `is_sample`, untrusted.
    Returns:
        its name; the fields of the doc; each metric with a finite number, "METRIC,FILTER" under a filter, as the
        harness names it.
    Raises:
        ValueError: it names no metrics, or has none of those that it names.
    """
    names = fields["metrics"]
    if not isinstance(names, list) or not all(isinstance(name, str) and name in fields for name in names):
        raise ValueError("a sample of lm-evaluation-harness that lacks its metrics")
    own = fields.get("filter", _UNFILTERED)
    suffix = "" if own == _UNFILTERED else f",{own}"
    scores = tuple(
        (f"{name}{suffix}", float(value))
        for name in names
        for value in (fields[name],)
        if isinstance(value, int | float) and math.isfinite(value)
    )
    return str(fields["doc_id"]), fields["doc"], scores
