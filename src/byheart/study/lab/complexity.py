"""A4 as an experiment: networks and memorizers of equal cases, asked others (audits/complexity_experiment.py)."""

import inspect
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from byheart.audits import complexity_experiment
from byheart.audits.complexity_answers import BLIND, LOOKUP, MODEL, TASKS, Answered, Experiment
from byheart.audits.complexity_experiment import evidence
from byheart.audits.complexity_params import PROFILES, Params
from byheart.core.audit import method_parts
from byheart.core.progress import Progress
from byheart.core.provenance import SubjectProvenance
from byheart.stats.seed_rates import LEAST_SEEDS
from byheart.study.lab.axis import Axis, Finding, Piece, seeds_counted, subject_of
from byheart.study.lab.complexity_training import steps_of, store, train

_STEP_TOKENS = 2000
"""A step costs as much as so many tokens in one layer before it reads any: starting its operations takes time."""
_TIMED_STEPS = 12
_STORING_STEPS = 150
"""Building and asking the memorizers of a task takes as long as so many steps of addition, about."""


@dataclass(frozen=True)
class _Place:
    """What a piece does: trains a network of so many layers, or, with none, builds the memorizers."""

    task: str
    seed_index: int
    num_layers: int
    decays: bool = True


def _places(params: Params) -> dict[str, _Place]:
    """By key, seed by seed; the longest trainings first, so that two processes end together."""
    found: dict[str, _Place] = {}
    for seed_index in range(params.num_seeds):
        seed = f"seed {seed_index + 1}"
        for decays, how in ((True, ""), (False, ", no weight decay")):
            layers = params.addition_layers
            found[f"addition, {layers} layers{how}, {seed}"] = _Place("addition", seed_index, layers, decays)
        for task in TASKS[1:]:
            for depth in params.depths:
                found[f"{task}, {depth} layers, {seed}"] = _Place(task, seed_index, depth)
        for task in TASKS:
            found[f"{task}, memorizers, {seed}"] = _Place(task, seed_index, 0)
    return found


def pieces(params: Params) -> tuple[Piece, ...]:
    """Every training, and the memorizers of every task and seed."""
    return tuple(
        Piece(key=key, steps=_steps(place, params), step_cost=_step_cost(place, params))
        for key, place in _places(params).items()
    )


def _steps(place: _Place, params: Params) -> int:
    return steps_of(place.task, params) if place.num_layers else _STORING_STEPS


def _step_cost(place: _Place, params: Params) -> float:
    longest = {
        "dyck": params.dyck_tokens,
        "parity": 2 * params.parity_bits + 2,
        "arithmetic": 4 * params.arithmetic_numbers + 2,
        "composition": 15,
    }
    pairs = 4 * params.train_share * params.modulus**2
    read = pairs if place.task == "addition" or not place.num_layers else longest[place.task] * params.batch_cases
    return max(place.num_layers, 1) * (_STEP_TOKENS + read)


def _work(params: Params, piece: Piece, seed: int, on_progress: Progress) -> dict[str, Any]:
    place = _places(params)[piece.key]
    if not place.num_layers:
        return store(place.task, params, place.seed_index, seed)
    return train(
        place.task, params, place.seed_index, place.num_layers, seed, decays=place.decays, on_progress=on_progress
    )


def experiment_of(params: Params, kept: Mapping[str, dict[str, Any]]) -> Experiment:
    """Arranges finished pieces."""
    answered: list[Answered] = []
    sizes: dict[str, int] = {}

    def add(subject: str, place: _Place, marks: Mapping[str, Any], curve: Any = (), size_bytes: int = 0) -> None:
        sizes[subject] = max(sizes.get(subject, 0), size_bytes)
        flags = {kind: np.array(marks[kind], dtype=np.bool_) for kind in ("unseen", "fresh", "trained")}
        answered.append(
            Answered(
                subject=subject,
                task=place.task,
                seed_index=place.seed_index,
                num_layers=place.num_layers,
                decays=place.decays,
                curve=tuple((int(step), float(trained), float(unseen)) for step, trained, unseen in curve),
                **flags,
            )
        )

    for key, place in _places(params).items():
        found = kept[key]
        if place.num_layers:
            add(MODEL, place, found, found["curve"], found["size_bytes"])
            add(BLIND, place, found["before"], size_bytes=found["size_bytes"])
        else:
            for subject, marks in found.items():
                add(subject, place, marks, size_bytes=marks["size_bytes"])
    chances: dict[str, list[float]] = {task: [] for task in TASKS}
    for key, place in _places(params).items():
        if place.num_layers:
            chances[place.task].append(kept[key]["chance"])
    return Experiment(
        answered=tuple(answered),
        chances={task: float(np.mean(found)) for task, found in chances.items()},
        sizes_bytes=sizes,
    )


_ROLES = {MODEL: "model", LOOKUP: "lookup pole", BLIND: "blind pole"}


def _findings(params: Params, kept: Mapping[str, dict[str, Any]]) -> tuple[Finding, ...]:
    experiment = experiment_of(params, kept)
    order = sorted(experiment.subjects, key=lambda name: [MODEL, LOOKUP, BLIND].index(name) if name in _ROLES else 3)
    return tuple(
        Finding(
            subject=_subject(name, experiment.sizes_bytes[name], kept),
            evidence=evidence(experiment, name, params),
        )
        for name in order
    )


def _subject(name: str, size_bytes: int, kept: Mapping[str, Any]) -> SubjectProvenance:
    role = _ROLES.get(name, "memorizer")
    return subject_of(name, role, size_bytes, dict(kept))


def _scores(params: Params, kept: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "subject": one.subject,
            "task": one.task,
            "seed_index": one.seed_index,
            "num_layers": one.num_layers,
            "weight_decay": one.decays,
            "kind": kind,
            "case_index": number,
            "is_right": bool(flag),
        }
        for one in experiment_of(params, kept).answered
        for kind, flags in (("unseen", one.unseen), ("fresh", one.fresh), ("trained", one.trained))
        for number, flag in enumerate(flags.tolist())
    ]


def seconds_per_cost(params: Params) -> float:
    """Seconds of one unit of cost, from a few steps of addition."""
    import dataclasses

    few = dataclasses.replace(params, num_steps=_TIMED_STEPS, curve_points=1, num_cases=1)
    seconds = 0.0
    for _ in range(2):  # the first time also loads what it needs
        began = time.perf_counter()
        train("addition", few, 0, params.addition_layers, 0)
        seconds = time.perf_counter() - began
    return seconds / (_TIMED_STEPS * _step_cost(_Place("addition", 0, params.addition_layers), params))


def _data(params: Params) -> tuple[dict[str, str | int], dict[str, str | int]]:
    p = params.modulus
    trained = round(params.train_share * p * (p + 1) / 2)
    return (
        {"source": f"cases of five rules, drawn; of a + b mod {p} {trained} pairs without order", "documents": trained},
        {"source": "cases of the same rules that share no sequence with them", "documents": params.num_cases},
    )


def _notes(params: Params) -> tuple[str, ...]:
    said = [
        "Networks as small as these are trained for minutes on a CPU: where they do not generalize, larger or longer "
        "trained ones may.",
        "A transformer is expected to fail on parity and modular arithmetic beyond trained lengths (2207.02098); only "
        "where it is right on unseen cases of trained lengths does that speak of length.",
    ]
    if params.num_seeds < 5:
        of_what = (
            "are over cases of these very networks"
            if params.num_seeds < LEAST_SEEDS
            else "cover other seeds as far as so few can tell"
        )
        said.append(
            f"Only {seeds_counted(params.num_seeds)}: a look, not a result; intervals of "
            f"accuracies {of_what}. The standard profile has 5."
        )
    return tuple(said)


def _title(params: Params) -> str:
    return f"rules learned from cases by transformers of width {params.width}"


def _method() -> dict[str, str]:
    return method_parts(inspect.getdoc(complexity_experiment) or "")


AXIS = Axis(
    name="complexity",
    version=2,
    question="Does it answer cases of a rule of which a lookup table has none?",
    profiles=PROFILES,
    method=_method,
    title=_title,
    pieces=pieces,
    seconds_per_cost=seconds_per_cost,
    work=_work,
    findings=_findings,
    scores=_scores,
    data=_data,
    notes=_notes,
)
