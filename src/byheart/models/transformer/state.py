"""A training under way, on disk: killed at any moment, it goes on from its last state to the same weights.

A state is two files, `step-00000200.safetensors` (weights, moments, history) and `step-00000200.json`, written last,
which names the hash of the first and its own. The state before is kept until a newer one is whole.
"""

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from blake3 import blake3
from safetensors import SafetensorError
from torch import Tensor
from torch.optim import Optimizer

from byheart.core.visible import visible
from byheart.corpus.atomic_file import write_durably
from byheart.errors import FormatError
from byheart.models.transformer.network import Network

SCHEMA = 1
_KEPT = 2
"""States on disk: the newest, and one that was whole before it."""
_NAME = re.compile(r"step-(\d{8})\.json")


@dataclass(kw_only=True)
class History:
    """What has happened so far, beside the weights."""

    num_steps: int | None = None
    """Steps of the whole run, once they are fixed; the schedule depends on them."""
    seconds: float = 0.0
    """Wall-clock seconds of training so far, in all processes that were killed too, from their last states."""
    losses_nats: list[float] = field(default_factory=list)
    """nats per token; of each step's batch before the step."""
    seconds_at: list[float] = field(default_factory=list)
    """Seconds of training after each step."""
    held_out_nats: dict[int, float] = field(default_factory=dict)
    """nats per token of held-out text, by the number of steps taken before."""

    @property
    def steps(self) -> int:
        """Steps taken."""
        return len(self.losses_nats)


def save_state(folder: Path, network: Network, found: list[Optimizer], history: History) -> None:
    """Writes a state and removes all but the newest two.

    Args:
        folder: exists.
        network: its weights.
        found: its optimizers.
        history: so far.
    Raises:
        StorageError: the folder cannot be written.
    """
    tensors = {f"weights.{name}": tensor.detach() for name, tensor in network.state_dict().items()}
    for index, optimizer in enumerate(found):
        for number, state in optimizer.state_dict()["state"].items():
            tensors |= {
                f"optimizer.{index}.{number}.{name}": value for name, value in state.items() if value is not None
            }
    for name in ("losses_nats", "seconds_at"):
        tensors[name] = torch.from_numpy(np.array(getattr(history, name), dtype=np.float64))
    content = safetensors.torch.save({name: tensor.cpu().contiguous() for name, tensor in tensors.items()})
    about = {name: value for name, value in asdict(history).items() if name not in tensors}
    about["held_out_nats"] = sorted(history.held_out_nats.items())
    about |= {"schema": SCHEMA, "steps": history.steps, "tensors_blake3": blake3(content).hexdigest()}
    path = folder / f"step-{history.steps:08}.json"
    write_durably(path.with_suffix(".safetensors"), content)
    write_durably(path, _hashed(about))
    for old in _states(folder)[:-_KEPT]:
        _remove(old)


def load_state(folder: Path, network: Network, found: list[Optimizer]) -> History | None:
    """Brings network and optimizers back to the newest state, or leaves them alone where there is none.

    Raises:
        FormatError: the newest state is damaged; the one before is still there.
    """
    if not (states := _states(folder)):
        return None
    path = states[-1]
    try:
        raw = path.read_bytes()
        about = json.loads(raw)
        del about["blake3"]
        # The bytes, not what they say: the last digits of a number can be others and mean the same one.
        if raw != _hashed(about) or about["schema"] != SCHEMA:
            raise _damaged(path, "Its hash or its version is another.")
        content = path.with_suffix(".safetensors").read_bytes()
        if blake3(content).hexdigest() != about.pop("tensors_blake3"):
            raise _damaged(path.with_suffix(".safetensors"), "Its hash is not the one that was noted.")
        tensors = safetensors.torch.load(content)
        network.load_state_dict({name: tensors[f"weights.{name}"] for name in network.state_dict()})
        for index, optimizer in enumerate(found):
            _load_optimizer(optimizer, f"optimizer.{index}.", tensors)
        return History(
            num_steps=about["num_steps"],
            seconds=about["seconds"],
            losses_nats=tensors["losses_nats"].tolist(),
            seconds_at=tensors["seconds_at"].tolist(),
            held_out_nats={int(step): nats for step, nats in about["held_out_nats"]},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, SafetensorError) as error:
        if isinstance(error, FormatError):
            raise
        raise _damaged(path, f"{type(error).__name__}: {error}") from error


def remove_states(folder: Path) -> None:
    """Takes all states away, also those that a killed process began to write: the training is finished."""
    for path in _states(folder):
        _remove(path)
    for orphan in (*folder.glob("step-*.safetensors"), *folder.glob(".step-*")):
        orphan.unlink(missing_ok=True)


def _states(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))


def _remove(path: Path) -> None:
    # The name first: tensors without it are nobody's state, a name without tensors would be a damaged one.
    path.unlink(missing_ok=True)
    path.with_suffix(".safetensors").unlink(missing_ok=True)


def _load_optimizer(optimizer: Optimizer, prefix: str, tensors: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith(prefix):
            number, key = name.removeprefix(prefix).split(".")
            state.setdefault(int(number), {})[key] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _hashed(about: dict[str, Any]) -> bytes:
    """A JSON line whose last entry is the BLAKE3 of the rest."""
    digest = blake3(json.dumps(about, sort_keys=True).encode()).hexdigest()
    return (json.dumps(about | {"blake3": digest}) + "\n").encode()


def _damaged(path: Path, why: str) -> FormatError:
    return FormatError(
        f"{visible(str(path))} is damaged.",
        why=visible(why),
        next_step="Delete the files of that step; training goes on from the state before it.",
    )
