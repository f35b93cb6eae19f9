"""The figure and the tables of the novelty experiment."""

from collections.abc import Mapping, Sequence

from byheart.audits.novelty_lab_params import Params
from byheart.audits.novelty_writings import (
    Rate,
    Writing,
    best_memorizer,
    by_point,
    control_of,
    excess,
    interval,
    novel,
    share,
    valid,
    valid_given_novel,
    valid_novel,
)
from byheart.core.evidence import Cell, Line, Point, Series, Table


def curve(own: Sequence[Writing], others: Sequence[Writing], params: Params) -> Series:
    """Validity against novelty, a point for each temperature; the title compares with the others, if any."""
    points = []
    for (_, temperature), writings in by_point(own).items():
        x, y = share(writings, novel), interval(writings, valid, confidence=params.confidence)
        if x is not None and y is not None:
            points.append((temperature, Point(x, y.value, y.low, y.high, y.n)))
    at_one = [it for it in own if it.temperature == 1.0]
    return Series(
        name="novelty.validity_against_novelty",
        title=finding(own, others, confidence=params.confidence)
        if others
        else f"At temperature 1, {_percent(share(at_one, novel))} of its sentences are new and "
        f"{_percent(share(at_one, valid))} are in the language",
        x="share of its sentences that are new",
        y="share of its sentences that are in the language",
        lines=(Line("temperatures", "subject", tuple(sorted((p for _, p in points), key=lambda p: p.x))),),
        note="One point for each temperature, joined in the order of novelty "
        f"({', '.join(f'{t:g}' for t in params.temperatures)}). What copies stands at the left, noise "
        "at the bottom, the language itself in the upper right corner.",
    )


def predictors_table(
    own: Sequence[Writing],
    everyone: Sequence[Writing],
    compared: Sequence[str],
    sizes: Mapping[str, int],
    params: Params,
) -> Table:
    """A row for every predictor at temperature 1, and each memorizer at its best temperature."""
    least = share([it for it in own if it.temperature == 1.0], novel) or 0.0
    rows: list[tuple[Cell, ...]] = []
    for name in dict.fromkeys(it.subject for it in everyone):
        wrote = [it for it in everyone if it.subject == name]
        at_one = [it for it in wrote if it.temperature == 1.0]
        right = interval(at_one, valid_given_novel, confidence=params.confidence)
        both = interval(at_one, valid_novel, confidence=params.confidence)
        best = (
            best_memorizer(wrote, valid_given_novel, least_novel=least, confidence=params.confidence)
            if name in compared
            else None
        )
        most = best_memorizer(wrote, valid_novel, confidence=params.confidence) if name in compared else None
        rows.append(
            (
                name,
                sum(it.num_written for it in at_one),
                share(at_one, novel),
                share(at_one, valid),
                *((right.value, right.low, right.high) if right else (None, None, None)),
                *((both.value, both.low, both.high) if both else (None, None, None)),
                *((best[1], share(best[2], valid_given_novel)) if best else (None, None)),
                *((most[1], share(most[2], valid_novel)) if most else (None, None)),
                sizes.get(name),
            )
        )
    return Table(
        name="novelty.predictors",
        title=finding(own, [it for it in everyone if it.subject in compared], confidence=params.confidence),
        columns=(
            "predictor", "sentences", "new, share", "in the language, share", "of the new in the language, share",
            "low", "high", "new and in the language, share", "low", "high",
            "best temperature with as much that is new", "of the new in the language there, share",
            "best temperature for new and in the language", "new and in the language there, share", "size, bytes",
        ),
        rows=tuple(rows),
    )  # fmt: skip


def finding(own: Sequence[Writing], memorizers: Sequence[Writing], *, confidence: float) -> str:
    """What came out, in one sentence: the network beside the best memorizer, by the intervals of the differences."""
    at_one = [it for it in own if it.temperature == 1.0]
    mine = share(at_one, valid_novel)
    if mine is None or not share(at_one, novel):
        return "The network writes no new sentence"
    said = f"Of the sentences that the network writes {_percent(mine)} are new and in the language"
    return f"{said}; {_beside(at_one, memorizers, valid_novel, confidence)}; of its new ones " + (
        f"{_percent(share(at_one, valid_given_novel))} are in the language; "
        f"{_beside(at_one, memorizers, valid_given_novel, confidence)}"
    )


def _beside(at_one: Sequence[Writing], memorizers: Sequence[Writing], rate: Rate, confidence: float) -> str:
    best = control_of(at_one, memorizers, rate, confidence=confidence)
    if best is None:
        return "no memorizer writes as much that is new"
    name, temperature, writings = best
    theirs = f"{_percent(share(writings, rate))} ({name}, temperature {temperature:g})"
    gain = excess(at_one, writings, rate, confidence=confidence)
    if gain is None:
        return f"the best memorizer's {theirs} are too few to compare"
    if gain.low > 0:
        return f"the best memorizer only {theirs}"
    if gain.high < 0:
        return f"the best memorizer more, {theirs}"
    return f"the best memorizer no different as far as can be told, {theirs}"


def seeds_table(
    own: Sequence[Writing], everyone: Sequence[Writing], compared: Sequence[str], *, confidence: float
) -> Table:
    """All seeds: the network at temperature 1, and the memorizer that writes most that is new and right beside it."""
    at_one = sorted((it for it in own if it.temperature == 1.0), key=lambda it: it.seed_index)
    memorizers = [it for it in everyone if it.subject in compared]
    best = control_of(at_one, memorizers, valid_novel, confidence=confidence)
    beside = {it.seed_index: it for it in best[2]} if best else {}
    rows = []
    for it in at_one:
        other = beside.get(it.seed_index)
        rows.append(
            (
                it.seed_index + 1,
                share([it], novel),
                share([it], valid),
                share([it], valid_given_novel),
                share([it], valid_novel),
                share([other], novel) if other else None,
                share([other], valid_given_novel) if other else None,
                share([other], valid_novel) if other else None,
            )
        )
    found = [share([it], valid_given_novel) for it in at_one]
    known = [value for value in found if value is not None]
    span = f"from {_percent(min(known))} to {_percent(max(known))}" if known else "of nothing"
    return Table(
        name="novelty.seeds",
        title=f"Seed by seed, {span} of the new sentences of the network are in the language",
        columns=(
            "seed", "new, share", "in the language, share", "of the new in the language, share",
            "new and in the language, share", "best memorizer: new, share", "of its new in the language, share",
            "new and in the language of the memorizer, share",
        ),
        rows=tuple(rows),
    )  # fmt: skip


def _percent(value: float | None) -> str:
    return (
        "none"
        if value is None
        else f"{100 * value:.0f} %"
        if 0.01 <= value <= 0.99 or value in (0, 1)
        else f"{100 * value:.1f} %"
    )
