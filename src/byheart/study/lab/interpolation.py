"""A2 as an experiment: networks and memorizers of one mean, asked between two inputs (audits/interpolation_lab.py)."""

import inspect
import time
from collections.abc import Mapping
from typing import Any

from byheart.audits import interpolation_lab as audit
from byheart.audits.interpolation_lab import Everyone, evidence
from byheart.audits.interpolation_lab_params import PROFILES, Params
from byheart.audits.interpolation_lab_trainings import Asked
from byheart.core.audit import method_parts
from byheart.core.interpolation_material import SHUFFLED
from byheart.core.progress import Progress
from byheart.core.provenance import SubjectProvenance
from byheart.core.streams import stream
from byheart.stats.seed_rates import LEAST_SEEDS
from byheart.study.lab.axis import Axis, Finding, Piece, seeds_counted, subject_of
from byheart.study.lab.interpolation_asking import BLIND, L2, LOOKUP, MODEL, repetition, train
from byheart.study.lab.interpolation_data import draw_task

_TIMED_STEPS, _OTHER_COST = 60, 2.5
"""Steps that are timed; and what L2's network, the memorizers and the asking cost beside one training of quick."""
_ROLES = {MODEL: "model", LOOKUP: "lookup pole", BLIND: "blind pole"}


def pieces(params: Params) -> tuple[Piece, ...]:
    """One for each repetition: a training, and everyone asked."""
    other = _OTHER_COST * PROFILES["quick"].num_steps
    return tuple(
        Piece(key=_key(number), steps=params.num_steps, step_cost=1.0 + other / params.num_steps)
        for number in range(params.num_seeds)
    )


def _key(seed_index: int) -> str:
    return f"seed {seed_index + 1}"


def _work(params: Params, piece: Piece, seed: int, on_progress: Progress) -> dict[str, Any]:
    numbers = {_key(number): number for number in range(params.num_seeds)}
    return repetition(params, numbers[piece.key], seed, on_progress=on_progress)


def _everyone(params: Params, kept: Mapping[str, dict[str, Any]]) -> Everyone:
    found = [kept[_key(number)]["predictors"] for number in range(params.num_seeds)]
    return {name: [Asked.from_json(one[name]) for one in found] for name in found[0]}


def _findings(params: Params, kept: Mapping[str, dict[str, Any]]) -> tuple[Finding, ...]:
    everyone = _everyone(params, kept)
    # The network with shuffled embeddings and L2's network are rows of the tables, and no subjects.
    subjects = [name for name in (MODEL, LOOKUP, BLIND, *everyone) if name not in (SHUFFLED, L2)]
    return tuple(
        Finding(
            subject=_subject(name, kept),
            evidence=evidence(name, everyone, params, is_model=name == MODEL),
        )
        for name in dict.fromkeys(subjects)
    )


def _subject(name: str, kept: Mapping[str, dict[str, Any]]) -> SubjectProvenance:
    numbers = [one["predictors"][name] for one in kept.values()]
    size = max(int(one["size_bytes"][name]) for one in kept.values())
    role = _ROLES.get(name, "memorizer")
    return subject_of(name, role, size, numbers)


def _scores(params: Params, kept: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """A row for each path and for each context of each predictor and repetition."""
    rows: list[dict[str, Any]] = []
    of_path = (
        "largest_jump",
        "end_to_end",
        "num_changes",
        "middle_is_right",
        "token_middle_is_right",
        "ends_are_right",
        "fired_jump",
        "right_between",
    )
    for number in range(params.num_seeds):
        for name, said in kept[_key(number)]["predictors"].items():
            head = {"predictor": name, "seed_index": number}
            empty = dict.fromkeys((*of_path, "distance", "is_right", "is_kept", "lost_nats"))
            for at, distance in enumerate(said["distance"]):
                one = {"kind": "path", "distance": distance} | {key: said[key][at] for key in of_path}
                rows.append(head | empty | one)
            for side in ("seen", "unseen"):
                parts = (said[f"{side}_{part}"] for part in ("is_right", "is_kept", "lost_nats"))
                for is_right, is_kept, lost in zip(*parts, strict=True):
                    one = {"kind": side, "is_right": is_right, "is_kept": is_kept, "lost_nats": lost}
                    rows.append(head | empty | one)
    return rows


def seconds_per_cost(params: Params) -> float:
    """Seconds of one step of the training, measured."""
    from dataclasses import replace

    task = draw_task(params, rng=stream(0, "lab", "interpolation", "speed"))
    few = replace(params, num_steps=_TIMED_STEPS)
    train(replace(params, num_steps=5), "llama", task, rng=stream(0, "lab", "speed"))
    began = time.perf_counter()
    train(few, "llama", task, rng=stream(0, "lab", "speed"))
    return (time.perf_counter() - began) / _TIMED_STEPS


def _data(params: Params) -> tuple[dict[str, str | int], dict[str, str | int]]:
    source = f"rounded means of {params.context_tokens} of {params.num_values} ordinal tokens"
    paths = params.num_paths * len(params.distances)
    documents = params.num_documents + 2 * paths
    return (
        {"source": f"{source}, the ends of {paths} paths among them", "documents": documents},
        {"source": f"{source}, never trained on", "documents": params.num_windows},
    )


def _notes(params: Params) -> tuple[str, ...]:
    if params.num_seeds >= LEAST_SEEDS:
        return ()
    return (
        f"Interpolation: only {seeds_counted(params.num_seeds)}: a look, not a result; its intervals are over cases of "
        "these networks. The standard profile has 5.",
    )


def _title(params: Params) -> str:
    return f"answers between two known inputs, of a transformer of width {params.width} trained on means"


def _method() -> dict[str, str]:
    return method_parts(inspect.getdoc(audit) or "")


AXIS = Axis(
    name="interpolation",
    version=2,
    question="Between two known inputs, does its answer move smoothly or jump?",
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
