"""B4 as an experiment: trains the reference transformer on ladders of random sequences (audits/capacity.py)."""

import inspect
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.audits import capacity as audit
from byheart.audits.capacity import blind_evidence, evidence, lookup_evidence
from byheart.audits.capacity_params import PROFILES, Params
from byheart.audits.capacity_trainings import Training
from byheart.core.audit import method_parts
from byheart.core.progress import Progress, silent
from byheart.core.provenance import SubjectProvenance
from byheart.core.streams import stream
from byheart.study.lab.axis import Axis, Finding, Piece, seeds_counted, subject_of

if TYPE_CHECKING:
    from byheart.models.transformer.config import NetworkConfig
    from byheart.models.transformer.memorization import Sequences
    from byheart.models.transformer.recipe import TrainingRecipe

MODEL, LOOKUP, BLIND = "transformer", "lookup:table", "blind:untrained"
_TIMED_STEPS, _WARM_STEPS = 12, 3
_OVERHEAD_TOKENS = 700
"""A step costs as much as so many tokens before it reads any: what starting its operations takes on a CPU."""


def pieces(params: Params) -> tuple[Piece, ...]:
    """Every training: seed by seed, rung by rung, with all steps and with half of them."""
    return tuple(
        Piece(
            key=_key(rung, seed_index, is_whole),
            steps=params.num_steps if is_whole else params.num_steps // 2,
            step_cost=_OVERHEAD_TOKENS + min(rung, params.batch_sequences) * params.sequence_tokens,
        )
        for seed_index in range(params.num_seeds)
        for rung in params.ladder
        for is_whole in (True, False)
    )


def _key(rung: int, seed_index: int, is_whole: bool) -> str:  # noqa: FBT001
    return f"{rung} sequences, seed {seed_index + 1}, {'all' if is_whole else 'half of the'} steps"


def draw(num_sequences: int, params: Params, *, rng: np.random.Generator) -> "Sequences":
    """Token ids drawn uniformly and independently, shape [num_sequences, sequence_tokens]."""
    return rng.integers(params.vocabulary_size, size=(num_sequences, params.sequence_tokens))


def train_rung(
    params: Params, rung: int, seed_index: int, is_whole: bool, seed: int, *,  # noqa: FBT001
    device: str = "cpu", on_progress: Progress = silent,
) -> Training:  # fmt: skip
    """Trains one network on one rung and asks it for what it saw and for what it never saw.

    Args:
        params: of the experiment.
        rung: N.
        seed_index: which repetition: other weights, data and orders.
        is_whole: all steps, or half of them; the data and first weights are the same.
        seed: root of the random streams.
        device: of torch.
        on_progress: told the steps.
    """
    from byheart.models.transformer.memorization import memorize, sequence_log_probabilities_nats
    from byheart.models.transformer.network import Network

    path = ("lab", "capacity", str(rung), str(seed_index))
    seen = draw(rung, params, rng=stream(seed, *path, "seen"))
    unseen = draw(params.num_unseen, params, rng=stream(seed, *path, "unseen"))
    config, recipe = network_config(params), _recipe(params, params.num_steps if is_whole else params.num_steps // 2)
    untrained = _untrained(config, rng=stream(seed, *path, "train"))
    network: Network = memorize(
        seen, config, recipe, rng=stream(seed, *path, "train"), device=device, on_progress=on_progress
    )
    return Training(
        num_sequences=rung,
        seed_index=seed_index,
        is_whole=is_whole,
        num_parameters=network.num_parameters,
        seen_nats=sequence_log_probabilities_nats(network, seen),
        unseen_nats=sequence_log_probabilities_nats(network, unseen),
        untrained_nats=sequence_log_probabilities_nats(untrained, seen),
    )


def _untrained(config: "NetworkConfig", *, rng: np.random.Generator) -> Any:
    """The network as its training begins."""
    import torch

    from byheart.models.transformer.network import Network

    return Network(config).initialize(torch.Generator().manual_seed(int(rng.integers(2**63)))).eval()


def network_config(params: Params) -> "NetworkConfig":
    """The shape of the networks; the start token is one more than the vocabulary."""
    from byheart.models.transformer.config import NetworkConfig

    return NetworkConfig(
        vocabulary_size=params.vocabulary_size + 1,
        end_id=params.vocabulary_size,
        width=params.width,
        num_layers=params.num_layers,
        num_heads=params.num_heads,
        hidden_width=params.hidden_width,
        context_tokens=params.sequence_tokens,
    )


def _recipe(params: Params, num_steps: int) -> "TrainingRecipe":
    from byheart.models.transformer.recipe import TrainingRecipe

    # Decay would forget what is to be held, and a step size that ends at 0 lets the last bits settle.
    return TrainingRecipe(
        num_steps=num_steps,
        batch_windows=params.batch_sequences,
        learning_rate=params.learning_rate,
        warmup_steps=max(num_steps // 50, 1),
        final_share=0.0,
        weight_decay=0.0,
    )


def _work(params: Params, piece: Piece, seed: int, on_progress: Progress) -> dict[str, Any]:
    rung, seed_index, is_whole = _places(params)[piece.key]
    done = train_rung(params, rung, seed_index, is_whole, seed, on_progress=on_progress)
    return {
        "num_parameters": done.num_parameters,
        "seen_nats": done.seen_nats.tolist(),
        "unseen_nats": done.unseen_nats.tolist(),
        "untrained_nats": done.untrained_nats.tolist(),
    }


def _places(params: Params) -> dict[str, tuple[int, int, bool]]:
    return {
        _key(rung, seed_index, is_whole): (rung, seed_index, is_whole)
        for seed_index in range(params.num_seeds)
        for rung in params.ladder
        for is_whole in (True, False)
    }


def _trainings(params: Params, kept: Mapping[str, dict[str, Any]]) -> list[Training]:
    return [
        Training(
            num_sequences=rung,
            seed_index=seed_index,
            is_whole=is_whole,
            num_parameters=int(kept[key]["num_parameters"]),
            **{name: np.array(kept[key][name]) for name in ("seen_nats", "unseen_nats", "untrained_nats")},
        )
        for key, (rung, seed_index, is_whole) in _places(params).items()
    ]


def _findings(params: Params, kept: Mapping[str, dict[str, Any]]) -> tuple[Finding, ...]:
    trainings = _trainings(params, kept)
    size_bytes = 4 * trainings[0].num_parameters
    table_bytes = int(np.ceil(params.ladder[-1] * params.sequence_tokens * np.log2(params.vocabulary_size) / 8))
    return (
        Finding(
            subject=_subject(MODEL, "model", size_bytes, kept),
            evidence=evidence(trainings, params),
        ),
        Finding(subject=_subject(LOOKUP, "lookup pole", table_bytes, {}), evidence=lookup_evidence(params)),
        Finding(subject=_subject(BLIND, "blind pole", size_bytes, kept), evidence=blind_evidence(trainings, params)),
    )


def _subject(name: str, role: str, size_bytes: int, numbers: Mapping[str, Any]) -> SubjectProvenance:
    return subject_of(name, role, size_bytes, dict(numbers))


def _scores(params: Params, kept: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "num_sequences": one.num_sequences,
            "seed_index": one.seed_index,
            "num_steps": params.num_steps if one.is_whole else params.num_steps // 2,
            "num_parameters": one.num_parameters,
            "role": role,
            "log_probability_nats": nats,
        }
        for one in _trainings(params, kept)
        for role, found in (("seen", one.seen_nats), ("unseen", one.unseen_nats), ("untrained", one.untrained_nats))
        for nats in found.tolist()
    ]


def seconds_per_cost(params: Params) -> float:
    """Seconds of one unit of cost, measured at the middle and the last rung."""
    from byheart.models.transformer.memorization import memorize

    seconds = cost = 0.0
    costs = {rung: piece.step_cost for rung, piece in zip(params.ladder, pieces(params)[::2], strict=False)}
    for rung in dict.fromkeys((params.ladder[len(params.ladder) // 2], params.ladder[-1])):
        data = draw(rung, params, rng=stream(0, "lab", "capacity", "speed"))
        for num_steps, is_timed in ((_WARM_STEPS, False), (_TIMED_STEPS, True)):
            began = time.perf_counter()
            memorize(data, network_config(params), _recipe(params, num_steps), rng=stream(0, "lab", "speed"))
            if is_timed:
                seconds += time.perf_counter() - began
                cost += num_steps * costs[rung]
    return seconds / cost


def _data(params: Params) -> tuple[dict[str, str | int], dict[str, str | int]]:
    largest = params.ladder[-1]
    source = f"uniform random tokens, {params.sequence_tokens} of {params.vocabulary_size} a sequence"
    return (
        {"source": f"{source}, {params.ladder[0]} to {largest} sequences", "documents": largest},
        {"source": source, "documents": params.num_unseen},
    )


def _notes(params: Params) -> tuple[str, ...]:
    said = [
        "Trained on a CPU for a bounded number of steps: the plateau is a lower bound of what the shape could hold, "
        "unless the same trainings with half of the steps show as much.",
    ]
    if params.num_seeds < 5:
        said.append(
            f"Only {seeds_counted(params.num_seeds)}: a look, not a result; intervals over so few are wide. "
            "The standard profile has 5."
        )
    return tuple(said)


def _title(params: Params) -> str:
    layers = f"{params.num_layers} layer{'s' if params.num_layers > 1 else ''}"
    return f"the capacity of a transformer of width {params.width} and {layers}"


def _method() -> dict[str, str]:
    return method_parts(inspect.getdoc(audit) or "")


AXIS = Axis(
    name="capacity",
    version=1,
    question="How many bits does a network of this shape hold?",
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
