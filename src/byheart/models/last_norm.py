"""The norm that a transformers model ends in, whatever its architecture calls it: what the logit lens reads through."""

from typing import Any

import torch
from torch import Tensor, nn

from byheart.errors import CapabilityError


def last_norm(body: Any, embeddings: Tensor) -> nn.Module:
    """The module whose output is what the head takes.

    Definition:
        of the modules that hold no others and keep the width, the last that gives exactly the body's last state, and
        whose input is not that state already
    Args:
        body: of a transformers model, in evaluation mode.
        embeddings: anything that it can read, [1, T, D].
    Raises:
        CapabilityError: there is none.
    Source: nostalgebraist 2020, "Interpreting GPT: the logit lens".
    Differs: nothing.
    """
    passed: list[tuple[nn.Module, Tensor, Tensor]] = []

    def keep(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        if inputs and isinstance(inputs[0], Tensor) and isinstance(output, Tensor):
            passed.append((module, inputs[0], output))

    handles = [module.register_forward_hook(keep) for module in body.modules() if not list(module.children())]
    try:
        with torch.inference_mode():
            last = body(inputs_embeds=embeddings, use_cache=False).last_hidden_state
    finally:
        for handle in handles:
            handle.remove()
    for module, given, output in reversed(passed):
        if output.shape == given.shape == last.shape and torch.equal(output, last) and not torch.equal(given, last):
            return module
    raise CapabilityError(
        "The layers of this model cannot be read.",
        why=f"{type(body).__name__} does not end in a norm of its own.",
        next_step="Leave the complexity audit out.",
    )
