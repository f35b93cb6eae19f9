"""The table and the figures of the context experiment."""

from collections.abc import Sequence

import numpy as np

from byheart.audits.context_seeds import pooled
from byheart.audits.context_trials import BAYES, EXPECTED, FREQUENCIES, REFERENCES, STATIC, UNIFORM, Trial, names_of
from byheart.core.evidence import Cell, Interval, Line, Point, Role, Series, Table
from byheart.core.tokens import Floats


def predictors_table(model: str, trials: Sequence[Trial], *, rng: np.random.Generator, confidence: float) -> Table:
    """Everyone's gain on new chains, beside random order and beside what was trained on.

    Intervals are over the chains of these very networks; the seeds stand beside.

    Args:
        model: whose row is the first.
        trials: one of each seed.
        rng: draws the resamples.
        confidence: coverage of the intervals.
    """
    names = [model, *(name for name in names_of(trials) if name != model)]
    gains, rows = {}, []
    for name in (*names, *REFERENCES):
        sides = [
            [trial.gains(name) for trial in trials],
            [trial.gains(name) - trial.shuffled_gains(name) for trial in trials],
            [trial.bayes_distances(name) for trial in trials],
            [trial.seen_gains(name) for trial in trials],
        ]
        found = [pooled(side, rng=rng, confidence=confidence) for side in sides]
        gains[name] = found[0]
        bounds: list[Cell] = [cell for it in found for cell in (it.value, it.low, it.high)]
        each = ", ".join(f"{trial.gains(name).mean():.3f}" for trial in trials)
        rows.append((name, *bounds, each, trials[0].sizes_bytes.get(name)))
    return Table(
        name="context.predictors",
        title=_title(names, gains),
        columns=(
            "predictor",
            "new chains, bits per token over the static mapping", "low", "high",
            "of it over random order", "low", "high",
            "from Bayes, nats per token", "low", "high",
            "trained-on sequences, bits per token over the static mapping", "low", "high",
            "new chains, seed by seed",
            "size, bytes",
        ),
        rows=tuple(rows),
    )  # fmt: skip


def _title(names: Sequence[str], gains: dict[str, Interval]) -> str:
    """How far the network and the best memorizer come of what Bayes gains."""
    best = max(
        (name for name in names if name.startswith("memorizer:")), key=lambda name: gains[name].value, default=""
    )
    most = gains[BAYES].value
    said = (
        f"Of {most:.2f} bits per token that a new chain is worth to Bayes, {names[0]} gains {gains[names[0]].value:.2f}"
    )
    if best:
        said += f", the best memorizer ({best.removeprefix('memorizer:')}) {gains[best].value:.2f}"
        automaton = gains.get("memorizer:automaton")
        if automaton is not None and best != "memorizer:automaton":
            said += f", the automaton {automaton.value:.2f}"
        said += f"; frequencies in the sequence {gains[FREQUENCIES].value:.2f}"
    return said


def training_curve(trials: Sequence[Trial]) -> Series:
    """Distance of the network to each reference along its training, mean and range over seeds."""
    steps = trials[0].looks
    lines = tuple(
        Line(name.removesuffix(" in the prompt"), "subject", _band(steps, [t.from_references[name] for t in trials]))
        for name in EXPECTED
    )
    truth = Line("the chain itself", "control", _band(steps, [trial.from_truth for trial in trials]))
    return Series(
        name="context.training_curve",
        title=_phases_said(trials),
        x="gradient steps",
        y="KL from each of these to the network, nats per token",
        lines=(*lines, truth),
        note="Mean over seeds; the bands span all seeds. Nearest is the lowest of the first three lines.",
    )


def _phases_said(trials: Sequence[Trial]) -> str:
    found = [trial.phases for trial in trials]
    ordered = [it for it in found if it.is_in_order(EXPECTED)]
    if not ordered:
        seen = "; ".join(dict.fromkeys(" then ".join(it.names) for it in found))
        return f"The expected order of phases is in none of {len(trials)} seeds: the network was nearest to {seen}"
    first, second = ([it.starts[at] for it in ordered] for at in (1, 2))
    return (
        f"In {len(ordered)} of {len(trials)} seeds the network is first nearest to {UNIFORM}, from step "
        f"{_range(first)} to {FREQUENCIES}, from step {_range(second)} to {BAYES}"
    )


def _range(steps: Sequence[int]) -> str:
    low, high = min(steps), max(steps)
    return str(low) if low == high else f"{low}-{high}"


def prompt_curve(name: str, trials: Sequence[Trial], *, is_model: bool) -> Series:
    """What a predictor loses against the chain itself, along the sequence; the model's beside the references.

    Args:
        name: of the predictor.
        trials: one of each seed.
        is_model: whether the references stand beside it.
    """
    ends = {at: float(np.mean([trial.along[at][-1] for trial in trials])) for at in (name, *REFERENCES)}
    roles: list[tuple[str, Role]] = [(name, "subject")]
    if is_model:
        roles += [(reference, "control") for reference in REFERENCES]
    return Series(
        name="context.prompt_curve",
        title=f"At the end of a new chain {name} loses {ends[name]:.3f} nats against the chain itself; "
        f"the best that reads the prompt alone {ends[BAYES]:.3f}, frequencies {ends[FREQUENCIES]:.3f}, "
        f"the static mapping {ends[STATIC]:.3f}",
        x="place in the sequence, tokens",
        y="KL from the chain itself, nats per token",
        lines=tuple(
            Line("loses" if role == "subject" else at, role, _band(places, [t.along[at] for t in trials]))
            for places in (tuple(range(1, 1 + trials[0].along[name].size)),)
            for at, role in roles
        ),
        note="Exact over the whole distribution, new chains only; the bands span all seeds.",
    )


def _band(xs: Sequence[int], of_seeds: Sequence[Floats]) -> tuple[Point, ...]:
    stacked = np.stack(of_seeds)
    columns = (stacked.mean(axis=0), stacked.min(axis=0), stacked.max(axis=0))
    return tuple(
        Point(float(x), float(mean), min(float(low), float(mean)), max(float(high), float(mean)), len(of_seeds))
        for x, mean, low, high in zip(xs, *columns, strict=True)
    )
