"""The figures and the tables of the adaptation experiment."""

from collections.abc import Sequence

import numpy as np

from byheart.audits.adaptation_repetitions import BLIND, MIXTURE, MODEL, TOLD, Experiment, PartName
from byheart.core.evidence import Cell, Line, Point, Role, Series, Table

_NAMES = {"made": "made text", "real": "real text"}


def _means(it: Experiment, name: str, part: PartName) -> list[float]:
    """Bits per byte for each N, mean over seeds."""
    rows = range(len(it.new_tokens)) if part != "seen" else range(1)
    return [float(np.mean(it.per_byte(part, lambda one: one.bits[name][part][row]))) for row in rows]  # noqa: B023


def _line(
    it: Experiment, label: str, role: Role, name: str, part: PartName, confidence: float, *,
    is_frozen: bool = False, rng: np.random.Generator,
) -> Line:  # fmt: skip
    points = []
    for row in range(1, len(it.new_tokens)):
        asked = 0 if is_frozen else row
        found = it.interval(part, lambda one: one.bits[name][part][asked], confidence, rng=rng)  # noqa: B023
        points.append(Point(float(it.new_tokens[row]), found.value, found.low, found.high, found.n))
    return Line(label, role, tuple(points))


def curve(it: Experiment, confidence: float, *, rng: np.random.Generator) -> Series:
    """Bits per byte on held-out text of the new domain against the tokens of it that were to be had."""
    last = len(it.new_tokens) - 1
    own, refitted = _means(it, MODEL, "new"), _means(it, MIXTURE, "new")
    best = it.best_memorizer("new", last)
    floor = "" if it.floor_bits_per_byte is None else f" The source itself needs {it.floor_bits_per_byte:.2f}."
    sign = it.sign(
        "new", lambda one: one.bits[MIXTURE]["new"][last] - one.bits[MODEL]["new"][last], confidence, rng=rng
    )
    word = {1: "below", -1: "above", 0: "not told apart from"}[sign]
    has_told = TOLD in it.repetitions[0].bits
    told = f"; {TOLD} needs {_means(it, TOLD, 'new')[last]:.2f}" if has_told and it.kind == "made" else ""
    return Series(
        name=f"adaptation.{it.kind}_new_domain",
        title=f"{_NAMES[it.kind].capitalize()}: with {it.new_tokens[last]:,} tokens of the new domain the network goes "
        f"from {own[0]:.2f} to {own[last]:.2f} bits per byte, {word} the re-fitted mixture's {refitted[last]:.2f}; "
        f"frozen it stays at {refitted[0]:.2f}{told}",
        x="tokens of the new domain",
        y="bits per byte, held-out text of the new domain",
        lines=(
            _line(it, "network, gradient steps", "subject", MODEL, "new", confidence, rng=rng),
            _line(it, "mixture, built anew", "control", MIXTURE, "new", confidence, rng=rng),
            _line(it, "mixture, frozen", "control", MIXTURE, "new", confidence, is_frozen=True, rng=rng),
            _line(it, "untrained, same steps", "control", BLIND, "new", confidence, rng=rng),
            *([_line(it, "table told the gap", "control", TOLD, "new", confidence, rng=rng)] if has_told else []),
        ),
        x_is_log=True,
        chance=it.chance_bits_per_byte,
        note=f"Gradient steps for each point: {', '.join(map(str, it.steps[1:]))}, from the weights of the old domain "
        f"each time. Best of all memorizers at the end: {best}. The table that is told the gap is none of the "
        f"six, and counted of these tokens alone.{floor} Intervals: {it.said_of_intervals()}.",
    )


def forgetting_curve(it: Experiment, confidence: float, *, rng: np.random.Generator) -> Series:
    """Bits per byte on held-out text of the old domain against the tokens of the new one that were learned."""
    own, refitted = _means(it, MODEL, "old"), _means(it, MIXTURE, "old")
    forgets, loses = (round(bits[-1] - bits[0], 2) + 0.0 for bits in (own, refitted))  # 0.00, never -0.00
    return Series(
        name=f"adaptation.{it.kind}_forgetting",
        title=f"{_NAMES[it.kind].capitalize()}: of the old domain the network forgets {forgets:.2f} bits per "
        f"byte on the way, the mixture that is built anew {loses:.2f}",
        x="tokens of the new domain",
        y="bits per byte, held-out text of the old domain",
        lines=(
            _line(it, "network, gradient steps", "subject", MODEL, "old", confidence, rng=rng),
            _line(it, "mixture, built anew", "control", MIXTURE, "old", confidence, rng=rng),
            _line(it, "mixture, frozen", "control", MIXTURE, "old", confidence, is_frozen=True, rng=rng),
        ),
        x_is_log=True,
        chance=it.chance_bits_per_byte,
        note=f"Before: network {own[0]:.2f}, mixture {refitted[0]:.2f}. The mixture's weights are fitted on the new "
        f"domain alone, as the steps are taken on it alone. Intervals: {it.said_of_intervals()}.",
    )


def predictors_table(experiments: Sequence[Experiment], confidence: float, *, rng: np.random.Generator) -> Table:
    """Everyone on the same documents."""
    rows: list[tuple[Cell, ...]] = []
    for it in experiments:
        for name in it.repetitions[0].bits:
            old, new = _means(it, name, "old"), _means(it, name, "new")
            size = round(float(np.mean([one.sizes_bytes[name] for one in it.repetitions])))
            seen = _means(it, name, "seen")[0]
            rows.append(
                (_NAMES[it.kind], name, size, seen, old[0], new[0], new[-1], new[0] - new[-1], old[-1] - old[0])
            )
        if it.floor_bits_per_byte is not None:
            source = it.floor_bits_per_byte
            rows.append((_NAMES[it.kind], "the source itself", None, source, source, None, source, None, None))
    return Table(
        name="adaptation.predictors",
        title="Network : best memorizer, bits per byte. "
        + "; ".join(_finding(it, confidence, rng=rng) for it in sorted(experiments, key=lambda it: it.kind != "real")),
        columns=(
            "text",
            "predictor",
            "size, bytes",
            "seen text, bits per byte",
            "old domain, unseen",
            "new domain, before",
            f"new domain, after {experiments[0].new_tokens[-1]:,} tokens",
            "gained",
            "forgotten",
        ),
        rows=tuple(rows),
    )


def _finding(it: Experiment, confidence: float, *, rng: np.random.Generator) -> str:
    """Whether the network needs fewer bits than the best memorizer, before and after, on one kind of text."""
    last = len(it.new_tokens) - 1
    known, new = (_standing(it, "old", 0, confidence, rng=rng), _standing(it, "new", last, confidence, rng=rng))
    # A table's title has room for 200 characters, of both kinds of text.
    return f"{_NAMES[it.kind]}, unseen {known}; new domain {new}"


def _standing(it: Experiment, part: PartName, row: int, confidence: float, *, rng: np.random.Generator) -> str:
    """Both numbers, and what the paired interval of their difference says."""
    best = it.best_memorizer(part, row)
    own, theirs = _means(it, MODEL, part)[row], _means(it, best, part)[row]
    sign = it.sign(part, lambda one: one.bits[best][part][row] - one.bits[MODEL][part][row], confidence, rng=rng)
    word = {1: "fewer", -1: "more", 0: "undecided"}[sign]
    return f"{own:.2f} : {theirs:.2f}, {word}"


def seeds_table(experiments: Sequence[Experiment]) -> Table:
    """The network beside the mixture, seed by seed, and of how many documents they learned."""
    rows: list[tuple[Cell, ...]] = []
    for it in experiments:
        places: tuple[tuple[PartName, int], ...] = (("old", 0), ("new", 0), ("new", -1), ("old", -1))
        columns = [
            it.per_byte(part, lambda one: one.bits[name][part][row])  # noqa: B023
            for part, row in places
            for name in (MODEL, MIXTURE)
        ]
        learned = [(one.num_learned["old"], one.num_learned["new"]) for one in it.repetitions]
        rows += [
            (_NAMES[it.kind], number + 1, *learned[number], *values)
            for number, values in enumerate(zip(*columns, strict=True))
        ]
    heads = ("old domain", "new domain, before", "new domain, after", "old domain, after")
    return Table(
        name="adaptation.seeds",
        title="Seed by seed, held-out bits per byte of the network and of the mixture (built anew)",
        columns=(
            "text",
            "seed",
            "old documents",
            "new documents",
            *(f"{head}, {who}" for head in heads for who in ("network", "mixture")),
        ),
        rows=tuple(rows),
    )
