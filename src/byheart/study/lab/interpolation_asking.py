"""Trains the networks of one repetition, builds the memorizers of the same data, and asks everyone the same."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.audits.interpolation_lab_params import Params
from byheart.core.interpolation_material import SHUFFLED
from byheart.core.predictor import Expands
from byheart.core.progress import Progress, silent
from byheart.core.streams import stream
from byheart.core.tokens import Floats, TokenIds
from byheart.stats.paths import divergences_nats, from_start_of_path, steps_of_path
from byheart.study.interpolation_asking import rows_between
from byheart.study.interpolation_material import damage
from byheart.study.lab.interpolation_data import Task, Values, answers, answers_between, asked, documents, draw_task

if TYPE_CHECKING:
    from byheart.models.causal import CausalPredictor
    from byheart.models.transformer.config import Form, NetworkConfig

MODEL, LOOKUP, BLIND, L2 = "transformer", "lookup:table", "blind:untrained", "transformer, L2 alone"
_DOUBT = 1e-3
"""What the table leaves to all answers together where it holds one: a probability of 0 has no logarithm."""


class Table:
    """Every context with its answer, and nothing else: elsewhere all tokens are equally probable.

    Args:
        contexts: with the token that asks, shape [N, n + 1].
        said: the answers, shape [N].
        vocabulary_size: V.
    """

    def __init__(self, contexts: TokenIds, said: TokenIds, vocabulary_size: int) -> None:
        self.vocabulary_size = vocabulary_size
        self._answers = {row.tobytes(): int(answer) for row, answer in zip(contexts, said, strict=True)}

    def next_log_probabilities_nats(self, contexts: list[TokenIds]) -> Floats:
        """The distribution after each context, nats, shape [num_contexts, V]."""
        rows = np.full((len(contexts), self.vocabulary_size), 1.0 / self.vocabulary_size)
        for row, context in zip(rows, contexts, strict=True):
            answer = self._answers.get(np.ascontiguousarray(context, dtype=np.int32).tobytes())
            if answer is not None:
                row[:] = _DOUBT / self.vocabulary_size
                row[answer] += 1.0 - _DOUBT
        return np.log(rows)


def config_of(params: Params, form: "Form" = "llama") -> "NetworkConfig":
    """The shape of the networks."""
    from byheart.models.transformer.config import NetworkConfig

    return NetworkConfig(
        vocabulary_size=params.vocabulary_size,
        end_id=params.end_id,
        width=params.width,
        num_layers=params.num_layers,
        num_heads=params.num_heads,
        hidden_width=params.hidden_width,
        context_tokens=params.context_tokens + 2,
        form=form,
    )


def train(
    params: Params, form: "Form", task: Task, *, rng: np.random.Generator, on_progress: Progress = silent
) -> tuple["CausalPredictor", "CausalPredictor"]:
    """A network of that form after its training on the answers alone, and as the training began."""
    import torch

    from byheart.models.transformer.fitting import Batch, fit
    from byheart.models.transformer.network import Network
    from byheart.models.transformer.predictor import reference_predictor
    from byheart.models.transformer.recipe import TrainingRecipe

    is_plain = form != "llama"
    recipe = TrainingRecipe(
        num_steps=params.num_steps,
        batch_windows=params.batch_sequences,
        learning_rate=params.learning_rate * (3 if is_plain else 1),
        warmup_steps=max(params.num_steps // 30, 1),
        final_share=0.0,
        weight_decay=0.0 if is_plain else params.weight_decay,
    )
    network = Network(config_of(params, form)).initialize(torch.Generator().manual_seed(int(rng.integers(2**63))))
    begun = Network(network.config)
    begun.load_state_dict(network.state_dict())
    texts = documents(task.seen, params)
    counted = np.zeros((params.batch_sequences, texts.shape[1]), dtype=np.bool_)
    counted[:, -1] = True

    def draw(step: int) -> Batch:
        chosen = rng.integers(len(texts), size=params.batch_sequences)
        return Batch.of(texts[chosen], params.end_id, counted=counted)

    fit(network, draw, recipe, on_progress=on_progress)
    return reference_predictor(network), reference_predictor(begun.eval())


def repetition(params: Params, seed_index: int, seed: int, *, on_progress: Progress = silent) -> dict[str, Any]:
    """Everyone of one repetition, asked: JSON values by name of the predictor.

    Args:
        params: of the experiment.
        seed_index: which repetition: other data and weights.
        seed: root of the random streams.
        on_progress: told the steps.
    """
    from byheart.models.controls import shuffled_embeddings
    from byheart.study.lab.storing import memorizers_of

    def rng(*names: str) -> np.random.Generator:
        return stream(seed, "lab", "interpolation", str(seed_index), *names)

    task = draw_task(params, rng=rng("data"))
    network, untrained = train(params, "llama", task, rng=rng("train"), on_progress=on_progress)
    layer, _ = train(params, "interpolation", task, rng=rng("train", "L2"))
    texts = documents(task.seen, params)
    everyone: dict[str, Any] = {
        MODEL: network,
        BLIND: untrained,
        SHUFFLED: shuffled_embeddings(network, kept_ids=(params.asks_id,), rng=rng("shuffle")),
        L2: layer,
        LOOKUP: Table(texts[:, :-1], texts[:, -1], params.vocabulary_size),
        **memorizers_of(
            list(texts),
            params.vocabulary_size,
            params.end_id,
            calibration=list(documents(task.calibration, params)),
        ),
    }
    damaged = {
        "seen": _damaged(task.seen[: params.num_windows], task, params, rng=rng("damage", "seen")),
        "unseen": _damaged(task.unseen, task, params, rng=rng("damage", "unseen")),
    }
    return {
        "size_bytes": {name: getattr(predictor, "size_bytes", texts.nbytes) for name, predictor in everyone.items()},
        "predictors": {name: _ask(predictor, task, damaged, params) for name, predictor in everyone.items()},
    }


def _damaged(contexts: Any, task: Task, params: Params, *, rng: np.random.Generator) -> list[tuple[TokenIds, ...]]:
    """Each context whole and damaged, with the token that asks behind it, which stays."""
    tokens = task.seen.reshape(-1).astype(np.int32)
    wholes = contexts.astype(np.int32)
    every = [damage(whole, params.num_damaged, tokens, rng=rng) for whole in wholes]
    return [tuple(asked(one[None].astype(np.int64), params)[0] for one in texts) for texts in every]


def _ask(
    predictor: Any, task: Task, damaged: Mapping[str, list[tuple[TokenIds, ...]]], params: Params
) -> dict[str, Any]:
    said = _along_paths(predictor, task, params)
    for side, contexts in (("seen", task.seen[: params.num_windows]), ("unseen", task.unseen)):
        rows = predictor.next_log_probabilities_nats([text for texts in damaged[side] for text in texts])
        rows = rows.reshape(len(contexts), 1 + len(params.num_damaged), -1)
        best = rows[..., : params.num_values].argmax(axis=2)
        said[f"{side}_is_right"] = (best[:, 0] == answers(contexts)).tolist()
        said[f"{side}_is_kept"] = (best[:, 1:] == best[:, :1]).tolist()
        said[f"{side}_lost_nats"] = [divergences_nats(one[0], one[1:]).tolist() for one in rows]
    return said


def _along_paths(predictor: Any, task: Task, params: Params) -> dict[str, Any]:
    """What it answers on every path: of a network by mixed embeddings, of all others by the nearer end."""
    right = answers_between(task, params.num_points)
    between = (right != right[:, :1]) & (right != right[:, -1:])
    walk = _walk(predictor, task, params)
    keys = ("largest_jump", "end_to_end", "num_changes", "middle_is_right", "ends_are_right", "right_between")
    found: dict[str, Any] = {"distance": task.distance.tolist()} | {key: [] for key in keys}
    curves = []
    for number in range(len(right)):
        rows = walk(number)
        said = _said(rows, params)
        is_right = said == right[number]
        curve = from_start_of_path(rows)
        middle = params.num_points // 2
        numbers = (
            steps_of_path(rows).max(),
            curve[-1],
            (np.diff(said) != 0).sum(),
            said[middle] == right[number, 0] + task.distance[number] // 2,
            is_right[[0, -1]].all(),
            is_right[between[number]].mean(),
        )
        for key, value in zip(keys, numbers, strict=True):
            found[key].append(bool(value) if key.startswith(("middle", "ends")) else float(value))
        curves.append(curve)
    nearest = task.distance == params.distances[0]
    middles = asked(task.first + task.distance[:, None] // 2, params)
    told = _said(predictor.next_log_probabilities_nats(list(middles)), params)
    found["token_middle_is_right"] = (told == right[:, 0] + task.distance // 2).tolist()
    found["fired_jump"] = _fired_jumps(predictor, task, params)
    return found | {"from_start": np.array(curves)[nearest].mean(axis=0).tolist()}


def _said(rows: Floats, params: Params) -> Values:
    """The most probable of all values: nobody is asked whether an answer comes, so no other token counts."""
    return rows[:, : params.num_values].argmax(axis=1)


def _fired_jumps(predictor: Any, task: Task, params: Params) -> list[float]:
    """1 where both ends of a path fire rules of a DNF that say different answers, else 0."""
    from byheart.memorizers.boolean import Boolean

    if not isinstance(predictor, Boolean):
        return [0.0] * len(task.first)
    ends = zip(asked(task.first, params), asked(task.second, params), strict=True)
    rules = [(predictor.explain(first), predictor.explain(second)) for first, second in ends]
    return [float(one is not None and other is not None and one.output != other.output) for one, other in rules]


def _walk(predictor: Any, task: Task, params: Params) -> Callable[[int], Floats]:
    first, second = asked(task.first, params), asked(task.second, params)
    if isinstance(predictor, Expands):
        return lambda number: rows_between(predictor, (first[number], second[number]), params.num_points)
    ends = predictor.next_log_probabilities_nats([*first, *second]).reshape(2, len(first), -1)
    nearer = (np.linspace(0.0, 1.0, params.num_points) >= 0.5).astype(np.int64)
    return lambda number: ends[nearer, number]
