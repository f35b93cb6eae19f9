"""Is a network that transformers made what the passes take it for? Asked with a few tokens, whenever one is opened.

Shape legend: B batch, T tokens, V vocabulary.
"""

from typing import Any

import torch
from torch import Tensor

from byheart.core.visible import visible
from byheart.errors import ByheartError, CapabilityError
from byheart.models.network import CausalNetwork

NUM_TOKENS = 8
_FIRST = 5
"""Of them that a cache remembers before the rest is read."""
_TOLERANCES = {torch.float32: 1e-4, torch.float64: 1e-4}
_LOOSE = 0.05
"""Largest difference of two logits as a share of the largest logit; the second for halved precisions, whose rounding
changes with the shape of a batch. What is wrong in kind is wrong by far more."""


def check_consistent(model: Any, network: CausalNetwork, name: str) -> int:
    """Compares the model's own logits with the network's, read in whole, with another future, and from a cache.

    Args:
        model: an AutoModelForCausalLM in evaluation mode.
        network: over the same model, its body and its head called apart.
        name: how messages call it.
    Returns:
        V.
    Raises:
        CapabilityError: body and head apart give other logits; a token sees its future; or the tokens after remembered
            ones, with rows of the cache chosen anew, are read otherwise.
    """
    vocabulary_size = model.config.get_text_config().vocab_size
    rows = torch.arange(2 * NUM_TOKENS, device=network.device).view(2, NUM_TOKENS) % vocabulary_size
    try:
        with torch.inference_mode():
            whole, apart = model(rows, use_cache=False).logits, _logits(network, rows)
            other = _logits(network, _with_another_end(rows))
            faults = {
                "its logits are changed after the output matrix in a way that scoring by blocks does not know": (
                    apart,
                    whole,
                ),
                "its tokens see their future": (other[:, :-1], apart[:, :-1]),
                "it goes on otherwise from tokens that it remembers": (_from_cache(network, rows), whole[[1, 0, 1]]),
            }
    except ByheartError:
        raise
    except Exception as error:
        raise _unfit(model, name, f"it cannot be asked as a causal model ({type(error).__name__}: {error})") from error
    for fault, (one, other) in faults.items():
        if not _agree(one, other):
            raise _unfit(model, name, fault)
    return int(whole.shape[-1])


def _logits(network: CausalNetwork, rows: Tensor) -> Tensor:
    return network.logits(network.final_states(network.embed(rows)))


def _with_another_end(rows: Tensor) -> Tensor:
    """The same tokens, but for the last of each row."""
    return torch.cat((rows[:, :-1], rows[:, :1]), dim=1)


def _from_cache(network: CausalNetwork, rows: Tensor) -> Tensor:
    """Logits of rows 1, 0 and 1, the first tokens remembered before the rows were chosen."""
    cache = network.new_cache()
    first = network.final_states(network.embed(rows[:, :_FIRST]), cache)
    chosen = torch.tensor([1, 0, 1], device=rows.device)
    cache = cache.rows(chosen)
    # Two passes after it, so that what was chosen is written to as well.
    rest = [network.final_states(network.embed(rows[chosen][:, at : at + 1]), cache) for at in (_FIRST, _FIRST + 1)]
    rest.append(network.final_states(network.embed(rows[chosen][:, _FIRST + 2 :]), cache))
    return network.logits(torch.cat((first[chosen], *rest), dim=1))


def _agree(one: Tensor, other: Tensor) -> bool:
    """A comparison with what is not finite is false."""
    tolerance = _TOLERANCES.get(other.dtype, _LOOSE)
    return one.shape == other.shape and bool((one - other).abs().max() <= tolerance * other.abs().max().clamp(min=1.0))


def _unfit(model: Any, name: str, fault: str) -> CapabilityError:
    return CapabilityError(
        f"{name} cannot be scored rightly.",
        why=visible(f"A {type(model).__name__}: {fault}.")[:400],
        next_step="Use a Llama, Qwen, Gemma, Cohere, GPT-2, GPT-NeoX or similar causal model.",
    )
