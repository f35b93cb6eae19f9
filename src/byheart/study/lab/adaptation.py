"""A3 as an experiment: gradient steps on a new domain against memorizers of it (audits/adaptation_lab.py)."""

import copy
import inspect
import math
import time
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np

from byheart.audits import adaptation_lab as audit
from byheart.audits.adaptation_lab_params import PROFILES, Params, TextSize
from byheart.audits.adaptation_repetitions import BLIND, LOOKUP, MODEL, TOLD, Experiment, Kind, Repetition
from byheart.core.audit import method_parts
from byheart.core.progress import Progress
from byheart.core.provenance import SubjectProvenance
from byheart.core.streams import stream
from byheart.study.lab.adaptation_asking import Asked, ask_memorizers, ask_network, ask_told
from byheart.study.lab.adaptation_texts import Domains, made_domains, real_domains
from byheart.study.lab.adaptation_training import train_on, untrained
from byheart.study.lab.axis import Axis, Finding, Piece, seeds_counted, subject_of

KINDS: tuple[Kind, ...] = get_args(Kind)
_TIMED_STEPS = 12
"""Of the forecast."""
_MEMORIZERS_SHARE = 0.25
"""Of the time of the gradient steps, what building and asking memorizers takes beside them."""


def size_of(params: Params, kind: Kind) -> TextSize:
    """Sizes of one kind of text."""
    return params.made if kind == "made" else params.real


def main_steps(params: Params, kind: Kind) -> int:
    """Gradient steps on the old domain."""
    return max(round(size_of(params, kind).steps_share * params.num_steps), 1)


def pieces(params: Params) -> tuple[Piece, ...]:
    """Seed by seed, each kind of text: one training, and the steps on the new domain from it and from nothing."""
    found = []
    for seed_index in range(params.num_seeds):
        for kind in KINDS:
            size = size_of(params, kind)
            adapting = sum(params.steps_on(num, size) for num in params.new_tokens)
            found.append(
                Piece(
                    key=_key(kind, seed_index),
                    steps=main_steps(params, kind) + 2 * adapting,
                    step_cost=size.step_cost,
                )
            )
    return tuple(found)


def _key(kind: Kind, seed_index: int) -> str:
    return f"{kind} text, seed {seed_index + 1}"


def _places(params: Params) -> dict[str, tuple[Kind, int]]:
    return {_key(kind, number): (kind, number) for number in range(params.num_seeds) for kind in KINDS}


def domains_of(params: Params, kind: Kind, seed_index: int, seed: int) -> Domains:
    """The text of a piece."""
    draw = made_domains if kind == "made" else real_domains
    return draw(params, rng=stream(seed, "lab", "adaptation", kind, str(seed_index), "text"))


def _work(params: Params, piece: Piece, seed: int, on_progress: Progress) -> dict[str, Any]:
    kind, seed_index = _places(params)[piece.key]
    size, path = size_of(params, kind), ("lab", "adaptation", kind, str(seed_index))
    domains = domains_of(params, kind, seed_index, seed)
    blind = untrained(size, domains, rng=stream(seed, *path, "weights"))
    before = 0

    def told(stage: str, done: float, total: float, note: str = "") -> None:
        on_progress("train", before + done, piece.steps, note)

    network, num_steps = copy.deepcopy(blind), main_steps(params, kind)
    rng = stream(seed, *path, "train")
    train_on(network, domains.old.documents, num_steps, size, rng=rng, on_progress=told)
    before += num_steps
    asked = Asked(domains)
    for name, it in ((MODEL, network), (BLIND, blind)):
        ask_network(asked, name, it, parts=("seen",))
    for num_tokens in (0, *params.new_tokens):
        ask_memorizers(asked, num_tokens, size.context_tokens)
        ask_told(asked, num_tokens, size.context_tokens, params.lag)
        for name, start in ((MODEL, network), (BLIND, blind)):
            steps = params.steps_on(num_tokens, size)
            moved = train_on(
                copy.deepcopy(start), asked.new_documents(num_tokens), steps, size, rate=size.adapting_rate,
                rng=stream(seed, *path, "adapt", str(num_tokens)), on_progress=told,
            )  # fmt: skip
            ask_network(asked, name, moved)
            before += steps
    return asked.as_json() | {"num_parameters": network.num_parameters}


def experiments_of(params: Params, kept: Mapping[str, dict[str, Any]]) -> tuple[Experiment, ...]:
    """The finished pieces as numbers, made text first."""
    found = []
    for kind in KINDS:
        own = [kept[_key(kind, number)] for number in range(params.num_seeds)]
        found.append(
            Experiment(
                kind=kind,
                repetitions=tuple(_repetition(one) for one in own),
                new_tokens=(0, *params.new_tokens),
                steps=(0, *(params.steps_on(num, size_of(params, kind)) for num in params.new_tokens)),
                floor_bits_per_byte=own[0]["floor_bits_per_byte"],
                chance_bits_per_byte=math.log2(params.made_symbols) if kind == "made" else None,
            )
        )
    return tuple(found)


def _repetition(one: Mapping[str, Any]) -> Repetition:
    return Repetition(
        num_parameters=int(one["num_parameters"]),
        documents={part: tuple(names) for part, names in one["documents"].items()},
        num_learned={part: int(number) for part, number in one["num_learned"].items()},
        num_bytes={part: np.array(sizes, dtype=np.float64) for part, sizes in one["num_bytes"].items()},
        bits={
            name: {part: np.array(rows, dtype=np.float64) for part, rows in parts.items()}
            for name, parts in one["bits"].items()
        },
        sizes_bytes={name: int(size) for name, size in one["sizes_bytes"].items()},
    )


def _findings(params: Params, kept: Mapping[str, dict[str, Any]]) -> tuple[Finding, ...]:
    experiments = experiments_of(params, kept)
    found = []
    for name in experiments[0].repetitions[0].bits:
        if name == TOLD:
            continue
        rng = stream(0, "lab", "adaptation", "intervals", name)
        evidence = (
            audit.model_evidence(experiments, params.confidence, rng=rng)
            if name == MODEL
            else audit.predictor_evidence(experiments, name, params.confidence, rng=rng)
        )
        found.append(Finding(subject=_subject(name, experiments, kept), evidence=evidence))
    return tuple(found)


def _subject(name: str, experiments: Sequence[Experiment], kept: Mapping[str, Any]) -> SubjectProvenance:
    role = {MODEL: "model", LOOKUP: "lookup pole", BLIND: "blind pole"}.get(name, "memorizer")
    own = [[one["bits"][name], one["sizes_bytes"][name]] for one in kept.values()]
    size = max(one.sizes_bytes[name] for it in experiments for one in it.repetitions)
    return subject_of(name, role, size, own)


def _scores(params: Params, kept: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "text": it.kind,
            "seed_index": seed_index,
            "predictor": name,
            "part": part,
            "new_tokens": it.new_tokens[row],
            "document": document,
            "bytes": num_bytes,
            "bits": bits,
        }
        for it in experiments_of(params, kept)
        for seed_index, one in enumerate(it.repetitions)
        for name, parts in one.bits.items()
        for part, rows in parts.items()
        for row, values in enumerate(rows)
        for document, num_bytes, bits in zip(
            one.documents[part], one.num_bytes[part].tolist(), values.tolist(), strict=True
        )
    ]


def seconds_per_cost(params: Params) -> float:
    """Seconds of one unit of cost, measured on a few steps of the main training on each kind of text."""
    seconds = cost = 0.0
    for kind, piece in zip(KINDS, pieces(params), strict=False):
        size = size_of(params, kind)
        domains = domains_of(params, kind, 0, 0)
        network = untrained(size, domains, rng=stream(0, "lab", "adaptation", "speed"))
        for is_timed in (False, True):
            began = time.perf_counter()
            rng = stream(0, "lab", "adaptation", "speed", kind)
            train_on(network, domains.old.documents, _TIMED_STEPS, size, rng=rng)
            if is_timed:
                seconds += (time.perf_counter() - began) / _TIMED_STEPS * piece.steps
                cost += piece.cost
    return (1 + _MEMORIZERS_SHARE) * seconds / cost


def _data(params: Params) -> tuple[dict[str, str | int], dict[str, str | int]]:
    num_made = params.made.old_tokens // params.made.context_tokens
    made = (
        f"{num_made:,} documents of made text of {params.made.vocabulary_size - 1} symbols with a lag of {params.lag}"
    )
    real = (
        "files of this machine's Python standard library without comments, as many as hold "
        f"{params.real.old_tokens:,} tokens (their number for each seed: table adaptation.seeds)"
    )
    other = "the same; as new domains another permutation, and docstrings of other files"
    return (
        {"source": f"{made}; {real}", "tokens": params.made.old_tokens + params.real.old_tokens},
        {"source": other, "documents": 2 * (params.made.num_documents + params.real.num_documents)},
    )


def _notes(params: Params) -> tuple[str, ...]:
    steps = main_steps(params, "real")
    said = [
        f"Made text shows the contrast where its rule is known, beyond these memorizers: its lag of {params.lag} is "
        "longer than they reach (rules over 7 tokens, order 5, longest suffix). A table of counts that is told the gap "
        "holds it too, and is recounted as cheaply; it stands in the table. On real text a network that "
        f"was trained for {steps} steps on a CPU may need more bits than the memorizers; the page says so where it "
        "does, and by how much.",
        f"The steps on the new domain read it {params.num_passes} times, are at least {params.least_steps}, and begin "
        "from the weights of the old domain.",
    ]
    if params.num_seeds < 5:
        said.append(f"Only {seeds_counted(params.num_seeds)}: a look, not a result. The standard profile has 5.")
    return tuple(said)


def _title(params: Params) -> str:
    return "adaptation to a new domain, by gradient steps and by recounting"


def _method() -> dict[str, str]:
    return method_parts(inspect.getdoc(audit) or "")


AXIS = Axis(
    name="adaptation",
    version=2,
    question="What does a gradient step on new text buy beside recounting, and at what cost in what was known?",
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
