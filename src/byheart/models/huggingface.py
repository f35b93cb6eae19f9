"""Any causal language model in a local folder of transformers, as a Predictor. Nothing is fetched, no code is run."""

from copy import copy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, DynamicCache

from byheart.core.visible import visible
from byheart.errors import BackendError, CapabilityError
from byheart.models.causal import CausalPredictor
from byheart.models.fingerprint import fingerprint_network
from byheart.models.folders import read_config
from byheart.models.quiet import quiet_transformers

_PROBE_TOKENS = 8


class HuggingFaceCache(DynamicCache):
    """transformers' cache, which can also give its rows to a new one."""

    def rows(self, row_indices: Tensor) -> "HuggingFaceCache":
        """A new cache with the same past for the chosen rows, int64 [B'], in that order; a row may be repeated."""
        chosen = copy(self)
        chosen.layers = [copy(layer) for layer in self.layers]
        # Replaces the tensors of the copied layers; those of this cache stay as they are.
        chosen.batch_select_indices(row_indices)
        return chosen


class HuggingFaceNetwork:
    """A `CausalNetwork` over a transformers model: its body and its head, called apart.

    Args:
        model: an AutoModelForCausalLM in evaluation mode, float32.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self._body = model.base_model
        self._embedding = model.get_input_embeddings()
        self._head = model.get_output_embeddings()

    @property
    def device(self) -> torch.device:
        """Where the weights live."""
        return self._embedding.weight.device

    def embed(self, token_ids: Tensor) -> Tensor:
        """Ids [B, T] -> embeddings [B, T, D]."""
        return self._embedding(token_ids)

    def new_cache(self) -> Any:
        """An empty cache."""
        return HuggingFaceCache(config=self.model.config)

    def final_states(self, embeddings: Tensor, cache: Any = None) -> Tensor:
        """Embeddings [B, T, D] -> the states [B, T, D] that the head takes."""
        output = self._body(inputs_embeds=embeddings, past_key_values=cache, use_cache=cache is not None)
        return output.last_hidden_state

    def layer_states(self, embeddings: Tensor) -> list[Tensor]:
        """States after the embedding and after every layer."""
        output = self._body(inputs_embeds=embeddings, use_cache=False, output_hidden_states=True)
        return list(output.hidden_states)

    def logits(self, states: Tensor) -> Tensor:
        """States [..., D] -> logits [..., V]."""
        return self._head(states)


def load_huggingface(folder: Path, *, name: str | None = None, end_id: int) -> CausalPredictor:
    """The model in a folder, in float32 on the processor.

    Args:
        folder: config.json and *.safetensors.
        name: how the report calls it; "model:" and the folder's name unless given.
        end_id: the token that starts a document, from the model's tokenizer.
    Returns:
        the predictor.
    Raises:
        SourceError: no such folder, or no model in it.
        UnsafeError: its only weights are pickles, or it wants to run code of its own.
        BackendError: transformers cannot load it, or some of its weights are missing.
        CapabilityError: it changes its logits after the head, so that scoring by blocks would be wrong.
    """
    read_config(folder)
    shown = visible(str(folder))
    try:
        with quiet_transformers():
            # Its annotations do not know that output_loading_info makes it return two things.
            from_pretrained: Any = AutoModelForCausalLM.from_pretrained
            model, report = from_pretrained(
                folder,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                dtype=torch.float32,
                output_loading_info=True,
            )
    except Exception as error:
        raise BackendError(
            f"transformers cannot load the model in {shown}.",
            why=visible(f"{type(error).__name__}: {error}")[:400],
            next_step="Check that AutoModelForCausalLM of the installed transformers has this architecture.",
        ) from error
    absent = sorted(report["missing_keys"])
    if absent:
        # transformers would go on with random numbers in their place.
        raise BackendError(
            f"The model in {shown} lacks weights.",
            why=f"{len(absent)} are missing, the first is {visible(absent[0])}.",
            next_step="Copy the model again.",
        )
    return huggingface_predictor(model.eval(), name=name or f"model:{visible(folder.resolve().name)}", end_id=end_id)


def huggingface_predictor(model: Any, *, name: str, end_id: int) -> CausalPredictor:
    """Puts a transformers model that is already in memory behind the common interface.

    Args:
        model: in evaluation mode; later changes of its weights make the fingerprint a lie.
        name: how the report calls it.
        end_id: the token that starts a document.
    Raises:
        CapabilityError: its body and head, called apart, do not give its logits.
    """
    network = HuggingFaceNetwork(model)
    probe = torch.arange(_PROBE_TOKENS)[None] % model.config.vocab_size
    with torch.inference_mode(), quiet_transformers():
        whole = model(probe, use_cache=False).logits
        if not torch.allclose(network.logits(network.final_states(network.embed(probe))), whole, rtol=1e-4, atol=1e-4):
            raise CapabilityError(
                f"{name} changes its logits after the output matrix.",
                why=f"A {type(model).__name__} scales or caps them, which scoring by blocks does not know.",
                next_step="Use a Llama, Qwen, GPT-2, GPT-NeoX or similar model.",
            )
    config = model.config.to_dict()
    # Where a model lies and which transformers opened it do not change what it predicts.
    facts = {key: value for key, value in config.items() if key not in ("_name_or_path", "transformers_version")}
    tied = {id(parameter): parameter for parameter in model.parameters()}
    return CausalPredictor(
        network,
        name=name,
        end_id=end_id,
        vocabulary_size=int(whole.shape[-1]),
        num_positions=getattr(model.config, "max_position_embeddings", None),
        fingerprint=fingerprint_network(model.state_dict(), {"config": facts, "end_id": end_id}),
        size_bytes=sum(parameter.numel() * parameter.element_size() for parameter in tied.values()),
    )
