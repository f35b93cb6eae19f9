"""A network that is being trained, asked in passing: a Predictor for one block, then it trains on as if nothing was."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from byheart.core.tokens import TokenIds
from byheart.errors import CapabilityError
from byheart.models.causal import CausalPredictor
from byheart.models.consistency import check_consistent
from byheart.models.huggingface import HuggingFaceNetwork
from byheart.models.quiet import quiet_transformers

NAME = "model in training"


@contextmanager
def predictor_in_training(model: Any, *, end_id: int, start_ids: TokenIds | None = None) -> Iterator[CausalPredictor]:
    """The network of a transformers model as a Predictor, for the length of a block.

    Inside the block every module is in evaluation mode. After it, whatever happened, each module has its own mode and
    its own buffers again and torch's random generators stand where they stood: training goes on to the same bits.

    Args:
        model: an AutoModelForCausalLM, or a PEFT model around one, whose adapter then counts; its weights whole on this
            process.
        end_id: the token that ends a document.
        start_ids: put before every text; the end token unless given.
    Raises:
        CapabilityError: the model is of a kind that cannot be scored rightly, see `check_consistent`.
    Cost: two small passes for the check; no copy of the weights.
    """
    body = _causal_model(model)
    modules = list(model.modules())
    modes = [module.training for module in modules]
    # Some position embeddings keep what a longer text needed in a buffer of their own.
    buffers = [dict(module._buffers) for module in modules]
    # In mixed precision accelerate wraps forward, which then says other numbers than body and head by themselves.
    wrapped, plain = (model.__dict__.get(name) for name in ("forward", "_original_forward"))
    devices = {one.device for one in model.parameters() if one.device.type == "cuda"}
    with torch.random.fork_rng(devices=sorted(devices, key=str)):
        try:
            if wrapped is not None and plain is not None:
                model.forward = plain
            model.eval()
            network = HuggingFaceNetwork(body)
            with quiet_transformers():
                vocabulary_size = check_consistent(body, network, NAME)
            yield CausalPredictor(
                network,
                name=NAME,
                end_id=end_id,
                start_ids=start_ids,
                vocabulary_size=vocabulary_size,
                num_positions=getattr(body.config.get_text_config(), "max_position_embeddings", None),
                fingerprint="",  # its weights change with every step, so nothing that it says is kept
                size_bytes=sum(one.numel() * one.element_size() for one in body.parameters()),
            )
        finally:
            if wrapped is not None and plain is not None:
                model.forward = wrapped
            for module, mode, own in zip(modules, modes, buffers, strict=True):
                module.training = mode
                module._buffers.clear()
                module._buffers.update(own)


def _causal_model(model: Any) -> Any:
    """The model that predicts: of a PEFT model the base, in whose layers the adapter stands."""
    if not hasattr(model, "get_base_model"):
        return model
    if any(getattr(config, "is_prompt_learning", False) for config in model.peft_config.values()):
        raise CapabilityError(
            "A model with learned prompts is not scored while it trains.",
            why="Its prompts stand before the text, where the pass does not put them.",
            next_step="Audit the saved model afterwards.",
        )
    return model.get_base_model()
