"""Trains the networks of A4 and asks them and the memorizers of the same cases."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.audits.complexity_answers import LOOKUP
from byheart.audits.complexity_params import Params
from byheart.core.predictor import Distributes
from byheart.core.progress import Progress, silent
from byheart.core.streams import stream
from byheart.memorizers.memorizer import Memorizer
from byheart.study.lab.complexity_cases import Case, Task, padded
from byheart.study.lab.complexity_tasks import TASKS
from byheart.study.lab.storing import memorizers_of

if TYPE_CHECKING:
    from byheart.models.transformer.config import NetworkConfig
    from byheart.models.transformer.fitting import Batch
    from byheart.models.transformer.network import Network
    from byheart.models.transformer.recipe import TrainingRecipe

Flags = list[int]
"""1 for a case that is right, else 0."""


def task_of(name: str, params: Params, seed_index: int, seed: int) -> Task:
    """The data of a task: the same for its networks and for its memorizers."""
    return TASKS[name](params, rng=stream(seed, "lab", "complexity", name, str(seed_index), "data"))


def steps_of(name: str, params: Params) -> int:
    """Gradient steps of a training."""
    return params.num_steps if name == "addition" else max(round(params.num_steps * params.other_steps_share), 1)


def network_config(task: Task, params: Params, num_layers: int) -> "NetworkConfig":
    """The shape of a network."""
    from byheart.models.transformer.config import NetworkConfig

    return NetworkConfig(
        vocabulary_size=task.vocabulary_size,
        end_id=task.end_id,
        width=params.width,
        num_layers=num_layers,
        num_heads=params.num_heads,
        hidden_width=params.hidden_width,
        context_tokens=task.num_tokens,
    )


def _recipe(name: str, params: Params, *, decays: bool) -> "TrainingRecipe":
    from byheart.models.transformer.recipe import TrainingRecipe

    if name == "addition":
        # A step size that stays: what comes late is to come from the decay, not from a schedule.
        return TrainingRecipe(
            num_steps=params.num_steps,
            learning_rate=params.addition_rate,
            weight_decay=params.weight_decay if decays else 0.0,
            final_share=1.0,
            warmup_steps=10,
        )
    steps = steps_of(name, params)
    return TrainingRecipe(num_steps=steps, learning_rate=params.other_rate, weight_decay=params.other_decay)


def watched_steps(params: Params) -> tuple[int, ...]:
    """Steps after which a network that adds is looked at: evenly, and more often early, as the axis is logarithmic."""
    even = np.linspace(0, params.num_steps, params.curve_points + 1)
    early = np.geomspace(1, params.num_steps, params.curve_points // 3)
    return tuple(int(step) for step in np.unique(np.round(np.concatenate([even, early]))))


def train(
    name: str, params: Params, seed_index: int, num_layers: int, seed: int, *, decays: bool = True,
    on_progress: Progress = silent,
) -> dict[str, Any]:  # fmt: skip
    """Trains one network on one task and asks it, before and after.

    Args:
        name: of the task.
        params: sizes.
        seed_index: which repetition: other data, weights and orders.
        num_layers: of the network.
        seed: root of the random streams.
        decays: with the weight decay of the task, or none.
        on_progress: told the steps.
    Returns:
        JSON values: "unseen", "fresh", "trained" as flags, the same "before" the first step, "curve", "size_bytes",
        "chance".
    """
    import torch

    from byheart.models.transformer.fitting import fit
    from byheart.models.transformer.network import Network
    from byheart.models.transformer.predictor import reference_predictor

    task = task_of(name, params, seed_index, seed)
    rng = stream(seed, "lab", "complexity", name, str(seed_index), "train", str(num_layers))
    generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
    network = Network(network_config(task, params, num_layers)).initialize(generator).eval()
    before = marks_of(reference_predictor(network), task, params)
    trained, unseen = _batch(task.trained, task), _batch(task.unseen, task)
    curve: list[tuple[int, float, float]] = []

    def look(num_steps: int, seen: Network) -> None:
        curve.append((num_steps, _share_right(seen, trained, task), _share_right(seen, unseen, task)))

    def draw(step: int) -> "Batch":
        return trained if name == "addition" else _some(trained, params.batch_cases, rng=rng)

    fit(
        network,
        draw,
        _recipe(name, params, decays=decays),
        watch=look,
        watch_at=watched_steps(params) if name == "addition" else (),
        on_progress=on_progress,
    )
    predictor = reference_predictor(network)
    return {
        **marks_of(predictor, task, params),
        "before": before,
        "curve": curve,
        "size_bytes": predictor.size_bytes,
        "chance": task.chance,
    }


def _batch(cases: Sequence[Case], task: Task) -> "Batch":
    from byheart.models.transformer.fitting import Batch

    ids, counted = padded(cases, task.num_tokens, task.end_id)
    return Batch.of(ids, task.end_id, counted=counted)


def _some(whole: "Batch", num: int, *, rng: np.random.Generator) -> "Batch":
    import torch

    from byheart.models.transformer.fitting import Batch

    rows = torch.from_numpy(rng.integers(whole.inputs.shape[0], size=num))
    assert whole.counted is not None
    return Batch(whole.inputs[rows], whole.targets[rows], whole.counted[rows])


def _share_right(network: "Network", batch: "Batch", task: Task) -> float:
    """As `right` counts, in one pass of the network itself, for a look while it is trained."""
    import torch

    answers = torch.tensor(task.answer_ids)
    said = answers[network(batch.inputs)[..., answers].argmax(dim=-1)]
    assert batch.counted is not None
    return float(((said == batch.targets) | ~batch.counted).all(dim=1).float().mean())


def right(predictor: Distributes, cases: Sequence[Case], task: Task) -> Flags:
    """Which cases a predictor answers rightly: at each place of the answer the right token is the most probable one.

    Definition:
        argmax over the task's answers of P(token given all before it), equals by the smaller id; a memorizer that
        abstains has no answer, and is wrong
    Args:
        predictor: network or memorizer.
        cases: to ask.
        task: whose answers are possible.
    """
    places = [(number, place) for number, case in enumerate(cases) for place in case.places]
    contexts = [cases[number].token_ids[:place] for number, place in places]
    if not contexts:
        return []
    answers = np.array(task.answer_ids)
    said = answers[predictor.next_log_probabilities_nats(contexts)[:, answers].argmax(axis=1)]
    flags = np.ones(len(cases), dtype=np.int64)
    abstained: dict[int, Any] = {}
    if isinstance(predictor, Memorizer):
        abstained = {number: predictor.abstentions(case.token_ids) for number, case in enumerate(cases)}
    for (number, place), token in zip(places, said, strict=True):
        if token != cases[number].token_ids[place] or (abstained and abstained[number][place]):
            flags[number] = 0
    return [int(flag) for flag in flags]


def marks_of(predictor: Distributes, task: Task, params: Params) -> dict[str, Flags]:
    """What a predictor answers rightly, of each kind of cases."""
    return {
        "unseen": right(predictor, task.unseen, task),
        "fresh": right(predictor, task.fresh, task),
        "trained": right(predictor, task.trained[: params.num_cases], task),
    }


def store(name: str, params: Params, seed_index: int, seed: int) -> dict[str, Any]:
    """Builds the lookup table and M1 to M6 of a task's training cases and asks them.

    Returns:
        JSON values: by subject what `marks_of` gives, and "size_bytes".
    """
    task = task_of(name, params, seed_index, seed)
    documents = [case.token_ids for case in task.trained]
    calibration = [case.token_ids for case in task.calibration]
    memorizers = memorizers_of(documents, task.vocabulary_size, task.end_id, calibration=calibration)
    kept: dict[str, Any] = {LOOKUP: _table(task, params)}
    for subject, memorizer in memorizers.items():
        kept[subject] = {**marks_of(memorizer, task, params), "size_bytes": memorizer.size_bytes}
    return kept


def _table(task: Task, params: Params) -> dict[str, Any]:
    """The pole that stores every question with its answer, and has none for others."""
    stored: dict[bytes, int] = {}
    for case in task.trained:
        for place in case.places:
            stored.setdefault(case.token_ids[:place].tobytes(), int(case.token_ids[place]))

    def known(case: Case) -> int:
        return int(all(stored.get(case.token_ids[:p].tobytes()) == case.token_ids[p] for p in case.places))

    size = sum(len(question) for question in stored) + 4 * len(stored)
    return {
        "unseen": [known(case) for case in task.unseen],
        "fresh": [known(case) for case in task.fresh],
        "trained": [known(case) for case in task.trained[: params.num_cases]],
        "size_bytes": size,
    }
