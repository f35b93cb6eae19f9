"""A1 as an experiment: networks and memorizers of sequences, each with a rule of its own (audits/context_lab.py)."""

import dataclasses
import inspect
import time
from collections.abc import Mapping, Sequence
from typing import Any

from byheart.audits import context_lab
from byheart.audits.context_lab import evidence
from byheart.audits.context_languages import LanguageTrial, language_evidence
from byheart.audits.context_params import PROFILES, LabParams
from byheart.audits.context_seeds import LEAST_SEEDS
from byheart.audits.context_trials import Trial, names_of
from byheart.core.audit import method_parts
from byheart.core.progress import Progress
from byheart.core.provenance import SubjectProvenance
from byheart.core.streams import stream
from byheart.study.lab.axis import Axis, Finding, Piece, seeds_counted, subject_of
from byheart.study.lab.context_chains import draw_sequences, train_seed
from byheart.study.lab.context_languages import train_languages
from byheart.study.lab.context_training import BLIND, LOOKUP, MODEL, fit_sequences, new_network

_TIMED_STEPS, _WARM_STEPS = 12, 3
_STEPS_PER_SEQUENCE = 0.1
"""Building and asking the memorizers takes as long as so many steps for each sequence that they are built of."""


def pieces(params: LabParams) -> tuple[Piece, ...]:
    """A training on chains and one on languages, each with its memorizers, seed by seed."""
    tokens = params.batch_sequences * params.sequence_tokens
    share = 1.0 + _STEPS_PER_SEQUENCE * params.num_sequences / params.num_steps
    return tuple(
        Piece(key=f"{kind}, seed {index + 1}", steps=params.num_steps, step_cost=share * tokens)
        for index in range(params.num_seeds)
        for kind in ("chains", "languages")
    )


def _work(params: LabParams, piece: Piece, seed: int, on_progress: Progress) -> dict[str, Any]:
    kind, _, number = piece.key.partition(", seed ")
    if kind == "chains":
        return train_seed(params, int(number) - 1, seed, on_progress=on_progress).to_json()
    return train_languages(params, int(number) - 1, seed, on_progress=on_progress).to_json()


def _trials(params: LabParams, kept: Mapping[str, dict[str, Any]]) -> list[Trial]:
    return [Trial.from_json(kept[one.key]) for one in pieces(params) if one.key.startswith("chains")]


def _language_trials(params: LabParams, kept: Mapping[str, dict[str, Any]]) -> list[LanguageTrial]:
    return [LanguageTrial.from_json(kept[one.key]) for one in pieces(params) if one.key.startswith("languages")]


def _findings(params: LabParams, kept: Mapping[str, dict[str, Any]]) -> tuple[Finding, ...]:
    trials, languages = _trials(params, kept), _language_trials(params, kept)
    roles = {MODEL: "model", LOOKUP: "lookup pole", BLIND: "blind pole"}
    order = [MODEL, LOOKUP, BLIND, *(name for name in names_of(trials) if name not in roles)]
    found = []
    for name in order:
        # The same stream for everyone, so that what is the same for all has the same interval beside each.
        rng = stream(0, "lab", "context", "intervals")
        chains = evidence(name, trials, params, is_model=name == MODEL, rng=rng)
        rest = language_evidence(name, languages, params, is_model=name == MODEL, rng=rng)
        subject = _subject(name, roles.get(name, "memorizer"), trials)
        found.append(Finding(subject=subject, evidence=(*chains, *rest)))
    return tuple(found)


def _subject(name: str, role: str, trials: list[Trial]) -> SubjectProvenance:
    said = [trial.ruled_nats[name].tolist() for trial in trials]
    size_bytes = trials[0].sizes_bytes[name]
    return subject_of(name, role, size_bytes, said)


def _scores(params: LabParams, kept: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    sides: tuple[tuple[str, Sequence[Trial | LanguageTrial]], ...] = (
        ("chains", _trials(params, kept)),
        ("languages", _language_trials(params, kept)),
    )
    return [
        {
            "axis": "context",
            "rule": rule,
            "seed_index": seed_index,
            "predictor": name,
            "sequence": sequence,
            "nats_per_token": float(nats),
            "random_order_nats_per_token": float(trial.shuffled_nats[name][sequence]),
            "trained_on_nats_per_token": float(trial.seen_nats[name][sequence]) if isinstance(trial, Trial) else None,
            "validity": None if isinstance(trial, Trial) else float(trial.valid[name][sequence]),
            "total_variation": None if isinstance(trial, Trial) else float(trial.variation[name][sequence]),
        }
        for rule, trials in sides
        for seed_index, trial in enumerate(trials)
        for name, said in trial.ruled_nats.items()
        for sequence, nats in enumerate(said)
    ]


def seconds_per_cost(params: LabParams) -> float:
    """Seconds of one unit of cost, measured on a few steps."""
    seconds = 0.0
    data, _ = draw_sequences(params, params.batch_sequences, 0, "lab", "context", "speed")
    for num_steps, is_timed in ((_WARM_STEPS, False), (_TIMED_STEPS, True)):
        network = new_network(params, params.num_symbols, 0, "lab", "context", "speed")
        few = dataclasses.replace(params, num_steps=num_steps)
        began = time.perf_counter()
        fit_sequences(network, data, few, rng=stream(0, "lab", "context", "speed"))
        if is_timed:
            seconds = time.perf_counter() - began
    return seconds / (_TIMED_STEPS * params.batch_sequences * params.sequence_tokens)


def _data(params: LabParams) -> tuple[dict[str, str | int], dict[str, str | int]]:
    source = (
        f"Markov chains of {params.num_symbols} symbols and automata of {params.language_states} states, one for each "
        f"sequence of {params.sequence_tokens} tokens"
    )
    return (
        {"source": source, "documents": 2 * params.num_sequences},
        {"source": f"{source}, drawn anew", "documents": 2 * params.num_held_out},
    )


def _notes(params: LabParams) -> tuple[str, ...]:
    if params.num_seeds >= LEAST_SEEDS:
        return ()
    return (
        f"Only {seeds_counted(params.num_seeds)}: a look, not a result; its intervals are over new chains, not over "
        "trainings. The standard profile has 5.",
    )


def _title(params: LabParams) -> str:
    return f"rules that exist in one sequence only, in {params.num_layers} layers of attention"


def _method() -> dict[str, str]:
    return method_parts(inspect.getdoc(context_lab) or "")


AXIS = Axis(
    name="context",
    version=2,
    question="Does it follow a rule that exists only in its prompt?",
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
