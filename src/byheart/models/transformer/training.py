"""L3, gradient descent: how the reference network learns a corpus."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from byheart.core.progress import Progress, silent
from byheart.core.tokens import Floats, TokenIds
from byheart.errors import InputError, NumericalError
from byheart.models.transformer.borders import Borders
from byheart.models.transformer.config import NetworkConfig
from byheart.models.transformer.evaluation import evaluate
from byheart.models.transformer.loss import TiedLoss
from byheart.models.transformer.network import Network
from byheart.models.transformer.optimizers import optimizers, set_step_size
from byheart.models.transformer.parallel import ALONE, Group
from byheart.models.transformer.precision import DTYPES
from byheart.models.transformer.recipe import TrainingRecipe
from byheart.models.transformer.saving import Saving, stop_requests
from byheart.models.transformer.state import History, load_state
from byheart.models.transformer.windows import Batch, Stream

_SPEED_SHARE = 0.1
"""Share of a time budget after which the speed counts as known, if the warm-up has not ended before."""
_LEAST_STEPS = 3
"""Steps before that: the first is slower than the rest."""
_LOOKS = 10
"""Evaluations of held-out text on the way, the last one at the end."""
_LOOKS_SHARE = 0.04
"""Share of a time budget that is left for them."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a training runs."""

    states: Path | None = None
    """Folder that states are kept in and resumed from, to the same last bit; None: neither."""
    group: Group = ALONE
    """The processes that train together; a batch is recipe.batch_windows for each of them."""


HERE = Place()
"""One process that keeps nothing."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """A trained network and how it came about."""

    network: Network
    """In evaluation mode."""
    losses_nats: Floats
    """nats per token; mean over each step's batch before the step, shape [num_steps]."""
    stream_tokens: int
    """Tokens of the packed corpus, one end token per document included."""
    seen_tokens: int
    """Targets of all steps, repetitions included."""
    seconds: float
    """Wall-clock seconds of all steps."""
    seconds_at: Floats
    """Seconds of training after each step, shape [num_steps]."""
    held_out_nats: dict[int, float]
    """nats per token of the held-out text, by the number of steps taken before."""

    @property
    def num_steps(self) -> int:
        """Gradient steps taken."""
        return self.losses_nats.size

    @property
    def tokens_per_second(self) -> float:
        """Training speed."""
        return self.seen_tokens / self.seconds


def train(
    documents: Sequence[TokenIds],
    config: NetworkConfig,
    recipe: TrainingRecipe,
    *,
    rng: np.random.Generator,
    held_out: Sequence[TokenIds] = (),
    place: Place = HERE,
    on_progress: Progress = silent,
    clock: Callable[[], float] = time.perf_counter,
) -> Training:
    """A network fitted to documents by gradient descent on the mean of -log P(token given its past).

    Definition:
        theta_{t+1} = theta_t - eta_t clip(grad L(theta_t; window batch t)), through AdamW or Muon unless the recipe
        says "descent"; attention does not cross the borders of documents
    Args:
        documents: token ids, each of shape [num_tokens].
        config: shape of the network.
        recipe: budget and step sizes.
        rng: fresh; draws initial weights and windows; with `num_steps`, equal streams give equal weights on a machine.
        held_out: looked at every tenth of the run, for the curve; small, or it costs time.
        place: where states are kept, and which processes train together.
        on_progress: hears each step under the stage "train", with the loss in nats per token.
        clock: seconds.
    Returns:
        the network with its history.
    Raises:
        InputError: no document has a token, or a token id lies outside the vocabulary.
        NumericalError: the loss is not finite.
        FormatError: the newest state is damaged.
        KeyboardInterrupt: the user asked to stop; the state was saved.
    Cost: 6 * parameters floating-point operations per token, and 12 * layers * width * context_tokens for attention.
    Source: theory.md L3; Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization" (arXiv 1711.05101).
    Differs: AdamW by default, gradients clipped, decay on matrices only.
    """
    states, group = place.states, place.group
    stream = Stream(documents, config.end_id)
    _check_ids(stream.token_ids, config.vocabulary_size)
    dtype = DTYPES[recipe.precision]
    generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
    network = Network(config).initialize(generator).train()
    parameters = list(network.parameters())
    moving = optimizers(network, recipe, dtype)
    history = (load_state(states, network, moving) if states else None) or History(num_steps=recipe.num_steps)
    saving = Saving(states if group.rank == 0 else None, clock)
    windows = recipe.batch_windows * group.size
    batches = stream.batches(config.context_tokens, windows, rng=rng, start=history.steps)
    began = clock() - history.seconds
    with stop_requests() as is_asked:
        while history.steps != history.num_steps:
            size = recipe.step_size(history.steps, history.num_steps or recipe.warmup_steps)
            set_step_size(moving, size / recipe.peak_size)
            loss_nats = _gradients(network, _own_rows(next(batches), group), dtype)
            group.average(parameters)
            torch.nn.utils.clip_grad_norm_(parameters, recipe.largest_gradient, foreach=True)
            for optimizer in moving:
                optimizer.step()
            history.losses_nats.append(_finite(group.mean(loss_nats), history.steps))
            history.seconds = group.agree(clock() - began)
            history.seconds_at.append(history.seconds)
            planned = history.num_steps or _planned(recipe, history, looks=bool(held_out))
            if history.num_steps is None and _is_known(recipe, history, planned):
                history.num_steps = planned
            on_progress("train", history.steps, planned, f"loss {history.losses_nats[-1]:.2f} nats/token")
            if held_out and history.num_steps and _is_tenth(history.steps, history.num_steps):
                seen = evaluate(network, held_out, precision=recipe.precision)
                history.held_out_nats[history.steps] = seen.nats_per_token
            is_stopping = bool(group.agree(is_asked()))
            saving.save(network, moving, history, at_once=is_stopping or history.steps == history.num_steps)
            if is_stopping:
                raise KeyboardInterrupt
    return Training(
        network=network.eval(),
        losses_nats=np.array(history.losses_nats),
        stream_tokens=stream.num_tokens,
        seen_tokens=history.steps * windows * config.context_tokens,
        seconds=history.seconds,
        seconds_at=np.array(history.seconds_at),
        held_out_nats=history.held_out_nats,
    )


def _gradients(network: Network, batch: Batch, dtype: torch.dtype) -> float:
    """Leaves the gradients of the mean loss in the parameters; gives the loss, nats per token."""
    inputs, targets = torch.from_numpy(batch.inputs), torch.from_numpy(batch.targets).flatten()
    borders = Borders(torch.from_numpy(batch.pieces))
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == torch.bfloat16):
        states = network.final_states(network.embed(inputs), borders).flatten(0, 1)
        if network.output is None:
            loss: Tensor = TiedLoss.apply(states.to(dtype), network.embedding.to(dtype), targets)  # type: ignore[no-untyped-call]
        else:
            loss = F.cross_entropy(network.logits(states).float(), targets)
    network.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    return loss.item()


def _own_rows(batch: Batch, group: Group) -> Batch:
    """Every size-th window, from rank on: windows of one piece stay first."""
    rows = slice(group.rank, None, group.size)
    return Batch(inputs=batch.inputs[rows], targets=batch.targets[rows], pieces=batch.pieces[rows])


def _planned(recipe: TrainingRecipe, history: History, *, looks: bool) -> int:
    """Steps that fit into the time budget at the speed so far, that of the first one aside: it also warms up."""
    assert recipe.seconds is not None
    seconds = recipe.seconds * (1 - _LOOKS_SHARE if looks else 1)
    first, last = history.seconds_at[0], history.seconds_at[-1]
    per_step = (last - first) / (history.steps - 1) if history.steps > 1 else first
    # A little more than what is left, so that rounding loses no step.
    return (
        max(history.steps + int((seconds - last) / per_step + 1e-6), history.steps) if per_step > 0 else history.steps
    )


def _is_known(recipe: TrainingRecipe, history: History, planned: int) -> bool:
    """Whether the speed so far may fix the number of steps; it must before the warm-up ends."""
    assert recipe.seconds is not None
    timed = history.steps >= _LEAST_STEPS and history.seconds >= _SPEED_SHARE * recipe.seconds
    return timed or history.steps == recipe.warmup_steps or planned == history.steps


def _is_tenth(step: int, num_steps: int) -> bool:
    """Whether a step ends a tenth of the run."""
    return step * _LOOKS // num_steps != (step - 1) * _LOOKS // num_steps


def _check_ids(token_ids: TokenIds, vocabulary_size: int) -> None:
    if not (0 <= int(token_ids.min()) and int(token_ids.max()) < vocabulary_size):
        raise InputError(
            "A token id lies outside the network's vocabulary.",
            why=f"Ids run from {token_ids.min()} to {token_ids.max()}; the vocabulary has {vocabulary_size}.",
            next_step="Take vocabulary_size from the tokenizer that encoded the documents.",
        )


def _finite(loss_nats: float, step_index: int) -> float:
    if not math.isfinite(loss_nats):
        raise NumericalError(
            "Training diverged: the loss is not finite.",
            why=f"First at step {step_index + 1}.",
            next_step="Lower learning_rate or largest_gradient.",
        )
    return loss_nats
