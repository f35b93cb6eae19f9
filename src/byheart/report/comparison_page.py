"""A comparison of runs as one static page: the same style, policy and care for foreign strings as the report's."""

from dataclasses import dataclass

import markupsafe

from byheart.core.comparison import Compared, Comparison
from byheart.report import format as fmt
from byheart.report.differences import (
    difference_grid,
    findings,
    how_grid,
    label_of,
    named,
    passage_grid,
    sentence_of_runs,
    shares_finding,
)
from byheart.report.drawing import Figure, unchecked
from byheart.report.page import environment
from byheart.report.palette import dark_rules
from byheart.report.standing import Grid
from byheart.report.trends import forest, trend


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A run beside the first, as the page shows it. Strings are safe to show but not escaped."""

    label: str
    head: str
    details: tuple[str, ...]
    notes: tuple[str, ...]
    numbers: Grid
    how: Grid
    passages: Grid
    figure: Figure | None


def render_comparison(comparison: Comparison) -> str:
    """The page of a comparison.

    Args:
        comparison: as `compare` gives it; its strings may be hostile.
    Returns:
        one HTML document that can be encoded as UTF-8; equal comparisons give equal bytes.
    Cost: about a tenth of a second per figure.
    """
    first = label_of(comparison.label)
    labels = [first, *(label_of(one.label) for one in comparison.others)]
    with unchecked():
        pairs = tuple(_pair(one, comparison.label) for one in comparison.others)
        trends = [(series.name, trend(series, labels)) for series in comparison.trends]
    claimed = {f"trend.{it.name}" for it in comparison.others[-1].differences if it.is_claimed}
    title = f"{first} and {labels[1]}" if len(labels) == 2 else f"{len(labels)} runs, {first} the first"
    template = environment().get_template("comparison.html.j2")
    runs = tuple(enumerate(labels, start=1))
    return template.render(
        title=title,
        dark_rules=markupsafe.Markup(dark_rules()),
        summary=sentence_of_runs(comparison),
        pairs=pairs,
        changing=[figure for name, figure in trends if name in claimed],
        steady=[figure for name, figure in trends if name not in claimed],
        first=first,
        runs=runs,
    )


def _pair(one: Compared, first: str) -> Pair:
    head, *details = findings(one, first)
    shares = named(one.differences)
    figure = forest(shares, shares_finding(shares))
    return Pair(
        label=label_of(one.label),
        head=head,
        details=tuple(details),
        notes=tuple(fmt.shown(note, 400) for note in one.notes),
        numbers=difference_grid(one, first),
        how=how_grid(one),
        passages=passage_grid(one),
        figure=figure,
    )
