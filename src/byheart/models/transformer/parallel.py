"""Several processes that train one network: each reads its share of every batch, and gradients are averaged.

And the threads of one process: sums are cut among them, so that their number moves the last bits.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor


@dataclass(frozen=True)
class Group:
    """The processes of one training and the place of this one among them."""

    rank: int = 0
    """0 writes; the others only compute."""
    size: int = 1
    """Processes."""

    def average(self, parameters: Sequence[Tensor]) -> None:
        """Replaces every gradient by its mean over the processes; one message for all of them."""
        if self.size == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        message = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(message)
        message /= self.size
        pieces = torch.split(message, [gradient.numel() for gradient in gradients])
        for gradient, piece in zip(gradients, pieces, strict=True):
            gradient.copy_(piece.view_as(gradient))

    def mean(self, value: float) -> float:
        """The mean over the processes."""
        if self.size == 1:
            return value
        message = torch.tensor([value], dtype=torch.float64)
        dist.all_reduce(message)
        return float(message) / self.size

    def agree(self, value: float) -> float:
        """What the first process says: clocks and speeds differ, decisions must not."""
        if self.size == 1:
            return value
        message = torch.tensor([value], dtype=torch.float64)
        dist.broadcast(message, src=0)
        return float(message)


ALONE = Group()


@contextmanager
def join() -> Iterator[Group]:
    """The group that `torchrun` started this process in, or a group of one.

    Yields:
        the group; processes talk over gloo, so that graphics cards are not needed.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or "MASTER_ADDR" not in os.environ:
        yield ALONE
        return
    dist.init_process_group("gloo")
    try:
        yield Group(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()


@contextmanager
def threads(num: int | None) -> Iterator[int]:
    """So many threads of torch inside the block, those of the process where num is None; gives their number."""
    before = torch.get_num_threads()
    torch.set_num_threads(num or before)
    try:
        yield num or before
    finally:
        torch.set_num_threads(before)
