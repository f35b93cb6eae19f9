"""A comparison of runs in rows and sentences, for the page and the terminal alike. Every string is safe to show."""

from collections.abc import Sequence
from dataclasses import replace

from byheart.core.comparison import Compared, Comparison, Difference
from byheart.report import format as fmt
from byheart.report.comparison import MEASURES, measure
from byheart.report.standing import Grid

MOST_PASSAGES = 100
"""Of a list of changed passages that a page shows."""


def label_of(text: str) -> str:
    """A run as it is called in sentences and headings."""
    return fmt.shown(text, 60)


def findings(compared: Compared, first: str) -> tuple[str, ...]:
    """What differs between two runs by more than chance, in sentences; says so where nothing does.

    Args:
        compared: a run beside the first.
        first: what the first is called.
    """
    decided = [it for it in compared.differences if it.difference is not None]
    claimed = [it for it in decided if it.is_claimed]
    refused = len(compared.differences) - len(decided)
    head = (
        f"Of {len(decided)} numbers that both runs have, {len(claimed) or 'none'} "
        f"{'differs' if len(claimed) == 1 else 'differ'} by more than chance"
        f"{f'; {refused} more cannot be compared' if refused else ''}."
    )
    found = [head, *(f"{_sentence(it)}" for it in claimed if it.name in MEASURES)]
    unnamed = sum(it.name not in MEASURES for it in claimed)
    found += [f"{unnamed} more that stand in the table alone."] if unnamed and len(claimed) > unnamed else []
    return (*found, *passages_said(compared))


def _sentence(it: Difference) -> str:
    assert it.difference is not None
    less = "more" if it.difference.value > 0 else "less"
    points, inside = fmt.excess_bounds(it.difference, it.unit)
    unit = "percentage points" if fmt.is_rate(it.unit) else fmt.shown(it.unit, 60)
    found = f"{points.lstrip('+' + fmt.MINUS)} {unit} {less} (95 % interval {inside})"
    if it.is_of_a_part:
        before, after = shared_values(it)
        return (
            f"{measure(it.name)}, on the texts that both runs measured: {before} before, {after} after: {found}; of "
            f"all that each run measured {value(it, 0)} and {value(it, 1)}."
        )
    return f"{measure(it.name)}: {value(it, 0)} before, {value(it, 1)} after: {found}."


def shared_values(it: Difference) -> tuple[str, str]:
    """The number in either run over the texts that both measured, where that is another than the runs' own; or blanks.

    Without it a difference would stand beside two numbers that it is not the difference of.
    """
    if it.on_shared is None or not it.is_of_a_part:
        return "", ""
    one, two = (replace(side, value=number) for side, number in zip((it.first, it.second), it.on_shared, strict=True))
    return fmt.value_and_interval(one)[0], fmt.value_and_interval(two)[0]


def passages_said(compared: Compared) -> tuple[str, ...]:
    """How many passages came out in one run alone."""
    if compared.why_no_passages:
        return (f"Passages were not compared: {fmt.shown(compared.why_no_passages, 200)}",)
    new = sum(it.is_new for it in compared.changed)
    gone = len(compared.changed) - new
    return (
        f"Of {compared.num_shared} trained-on passages that both runs asked for, {new or 'none'} newly "
        f"{'comes' if new == 1 else 'come'} out word for word and {gone or 'none'} no longer "
        f"{'does' if gone == 1 else 'do'}.",
    )


def value(it: Difference, run: int) -> str:
    """The number in one of the two runs, without its interval."""
    estimate = (it.first, it.second)[run]
    return fmt.value_and_interval(estimate)[0]


def difference_cells(it: Difference) -> tuple[str, str]:
    """The difference and its interval; of one that is refused the word and nothing."""
    if it.difference is None:
        return "refused", ""
    if it.difference.low == it.difference.high == it.difference.value == 0:
        return "0", "identical"
    return fmt.excess_bounds(it.difference, it.unit)


def shared_said(it: Difference) -> str:
    """What a difference is of, where only a part of the texts is shared; else nothing."""
    return "shared texts: {} to {}".format(*shared_values(it)) if it.is_of_a_part else ""


def p_value(level: float | None) -> str:
    """A p-value with the digits that matter."""
    if level is None:
        return fmt.EM_DASH
    return "< 0.001" if level < 0.001 else f"{level:.3f}"


def difference_grid(compared: Compared, first: str) -> Grid:
    """Every number of both runs with the difference, those that differ by more than chance first."""
    rows = [
        (
            _measure(it),
            "\n".join(fmt.value_and_interval(it.first)),
            "\n".join(fmt.value_and_interval(it.second)),
            "\n".join(part for part in (*difference_cells(it), shared_said(it)) if part),
            p_value(it.adjusted_p_value),
            "yes" if it.is_claimed else fmt.EM_DASH if it.difference is None else "no",
            "paired" if it.is_paired else "unpaired" if it.difference is not None else fmt.EM_DASH,
        )
        for it in sorted(compared.differences, key=lambda it: not it.is_claimed)
    ]
    runs = label_of(first), label_of(compared.label)
    columns = ("measure", *runs, "difference", "p (Holm)", "more than chance", "texts")
    return Grid(title="Every number that both runs have", columns=columns, rows=tuple(rows))


def _measure(it: Difference) -> str:
    """With its unit, unless it is a share or says so itself."""
    words = measure(it.name)
    is_said = fmt.is_rate(it.unit) or it.unit.split()[0].lower() in words.lower()
    return words if is_said else f"{words}, {fmt.shown(it.unit, 40)}"


def shares_finding(differences: Sequence[Difference]) -> str:
    """What the figure of shares shows, in one sentence."""
    shares = [it for it in differences if fmt.is_rate(it.unit) and it.difference is not None]
    claimed = [
        f"\N{LEFT SINGLE QUOTATION MARK}{measure(it.name)}\N{RIGHT SINGLE QUOTATION MARK}"
        for it in shares
        if it.is_claimed
    ]
    if not claimed:
        return f"None of {len(shares)} shares differs by more than chance"
    if len(claimed) > 3:
        return f"{len(claimed)} of {len(shares)} shares differ by more than chance"
    verb = "differs" if len(claimed) == 1 else "differ"
    return f"{' and '.join(claimed)} {verb} by more than chance, {len(shares) - len(claimed)} other shares do not"


def how_grid(compared: Compared) -> Grid:
    """How each difference was computed, or why it was refused."""
    rows = tuple((measure(it.name), fmt.shown(it.how, 600)) for it in compared.differences)
    return Grid(title="How each difference was computed", columns=("measure", "how, or why not"), rows=rows)


def passage_grid(compared: Compared) -> Grid:
    """Passages that came out in one run alone."""
    rows = tuple(
        (
            fmt.shown(it.document, 120),
            f"{fmt.number(it.start_byte, 0)}{fmt.EN_DASH}{fmt.number(it.stop_byte, 0)}",
            fmt.number(it.occurrences, 0),
            "newly" if it.is_new else "no longer",
        )
        for it in compared.changed[:MOST_PASSAGES]
    )
    left = len(compared.changed) - len(rows)
    title = "Passages that came out in one run alone" + (f", {left} more are in the JSON" if left > 0 else "")
    return Grid(title=title, columns=("document", "bytes", "occurrences", "comes out"), rows=rows)


def sentence_of_runs(comparison: Comparison) -> str:
    """What is compared with what."""
    others = [label_of(one.label) for one in comparison.others]
    models = dict.fromkeys([comparison.subject, *(one.subject for one in comparison.others)])
    names = " and ".join(fmt.shown(name, 60) for name in list(models)[:4])
    runs = others[0] if len(others) == 1 else f"{len(others)} runs after it, {others[-1]} the last"
    return f"Compared: {label_of(comparison.label)} with {runs}. Model{'s' if len(models) > 1 else ''}: {names}."


def named(differences: Sequence[Difference]) -> tuple[Difference, ...]:
    """Those of the headline measures, or all where there is none."""
    return tuple(it for it in differences if it.name in MEASURES) or tuple(differences)
