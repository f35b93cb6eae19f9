"""Any causal language model in a local folder of transformers, as a Predictor. Nothing is fetched, no code is run."""

import math
from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor
from transformers import AutoConfig, AutoModelForCausalLM, DynamicCache
from transformers import __version__ as transformers_version

from byheart.core.tokens import TokenIds
from byheart.core.visible import visible
from byheart.errors import BackendError, CapabilityError, FormatError
from byheart.models.adapter import CONFIG as ADAPTER_CONFIG
from byheart.models.adapter import check_adapter, merged
from byheart.models.causal import CausalPredictor
from byheart.models.consistency import check_consistent
from byheart.models.device import Placement
from byheart.models.fingerprint import fingerprint_network
from byheart.models.folders import read_config, weight_files
from byheart.models.fused.adoption import adopt
from byheart.models.last_norm import last_norm
from byheart.models.plausibility import check_plausible
from byheart.models.quiet import quiet_transformers


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
        model: an AutoModelForCausalLM in evaluation mode.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self._body = model.base_model
        self._embedding = model.get_input_embeddings()
        self._head = model.get_output_embeddings()
        self._after_head = _after_head(model.config)
        self._last_norm: torch.nn.Module | None = None

    @property
    def device(self) -> torch.device:
        """Where the weights live."""
        return self._embedding.weight.device

    @property
    def library(self) -> str:
        """Body and head are of transformers, whose releases change how they compute."""
        return f"transformers {transformers_version}"

    @property
    def dtype(self) -> torch.dtype:
        """What it computes in."""
        return self._embedding.weight.dtype

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

    @property
    def num_layers(self) -> int:
        """Steps of depth."""
        return int(self.model.config.get_text_config().num_hidden_layers)

    def read_states(self, states: Tensor) -> Tensor:
        """States between layers [..., D] as the head takes them: the logit lens.

        Raises:
            CapabilityError: the body ends in something else than a norm of its own, so that its layers cannot be read.
        """
        if self._last_norm is None:
            self._last_norm = last_norm(
                self._body, self.embed(torch.zeros(1, 2, dtype=torch.int64, device=self.device))
            )
        read: Tensor = self._last_norm(states)
        return read

    def logits(self, states: Tensor) -> Tensor:
        """States [..., D] -> logits [..., V]."""
        return self._after_head(self._head(states))


def _after_head(config: Any) -> Callable[[Tensor], Tensor]:
    """What a model does to each logit after its output matrix.

    Definition:
        Cohere: l -> logit_scale l; Granite: l -> l / logits_scaling; Falcon-H1: l -> lm_head_multiplier l;
        Gemma: l -> cap tanh(l / cap), cap = final_logit_softcapping; others: l -> l
    Source: the models of transformers.
    Differs: nothing; `huggingface_predictor` compares with the model's own logits.
    """
    text: Any = config.get_text_config()
    factors = [getattr(text, name, None) or 1.0 for name in ("logit_scale", "lm_head_multiplier")]
    scale = factors[0] * factors[1] / (getattr(text, "logits_scaling", None) or 1.0)
    cap = getattr(text, "final_logit_softcapping", None)

    def after_head(logits: Tensor) -> Tensor:
        scaled = logits if scale == 1.0 else logits * scale
        return scaled if cap is None else cap * torch.tanh(scaled / cap)

    return after_head


def load_huggingface(
    folder: Path,
    *,
    name: str | None = None,
    end_id: int,
    start_ids: TokenIds | None = None,
    adapter: Path | None = None,
    place: Placement = Placement(),  # noqa: B008, a frozen value
) -> CausalPredictor:
    """The model in a folder.

    Args:
        folder: config.json and *.safetensors.
        name: how the report calls it; "model:" and the folder's name unless given.
        end_id: the token that ends a document, from the model's tokenizer.
        start_ids: put before every text; the end token unless given.
        adapter: folder of a LoRA adapter, merged into the weights.
        place: device and precision.
    Returns:
        the predictor.
    Raises:
        SourceError: no such folder, or no model or adapter in it.
        UnsafeError: its only weights are pickles, or it wants to run code of its own.
        FormatError: its files are damaged, or some of its weights are missing.
        BackendError: transformers cannot load it, or the adapter does not fit it.
        CapabilityError: the folder holds an adapter beside the model, or see `check_consistent`.
    """
    read_config(folder)
    shown = visible(str(folder))
    if (folder / ADAPTER_CONFIG).exists():
        # transformers would put it on unasked.
        raise CapabilityError(
            f"The folder {shown} holds a model and an adapter.",
            why=f"With its {ADAPTER_CONFIG} beside it, it is not clear which of the two is meant.",
            next_step="Move the adapter's files to a folder of their own and name that with --adapter.",
        )
    if adapter is not None:
        check_adapter(adapter)
    try:
        with quiet_transformers():
            local: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
            config = AutoConfig.from_pretrained(folder, **local)
            num_tensors, num_elements, num_bytes = _stored_numbers(folder)
            check_plausible(config, num_tensors, num_elements, shown, num_bytes=num_bytes)
            # Its annotations do not know that output_loading_info makes it return two things.
            from_pretrained: Any = AutoModelForCausalLM.from_pretrained
            model, report = from_pretrained(
                folder,
                use_safetensors=True,
                # A product of low rank loses digits when it is added in less than float32.
                dtype=torch.float32 if adapter is not None else place.torch_dtype,
                output_loading_info=True,
                **local,
            )
    except FormatError:
        raise
    except Exception as error:
        raise BackendError(
            f"transformers cannot load the model in {shown}.",
            why=visible(f"{type(error).__name__}: {error}")[:400],
            next_step="Check that AutoModelForCausalLM of the installed transformers has this architecture.",
        ) from error
    absent = sorted(report["missing_keys"])
    if absent:
        # transformers would go on with random numbers in their place.
        raise FormatError(
            f"The model in {shown} lacks weights.",
            why=f"{len(absent)} are missing, the first is {visible(absent[0])}.",
            next_step="Copy the model again.",
        )
    if adapter is not None:
        model = merged(model, adapter)
    model = model.to(device=place.device, dtype=place.torch_dtype).eval()
    own = name or f"model:{visible(folder.resolve().name)}"
    return huggingface_predictor(model, name=own, end_id=end_id, start_ids=start_ids)


def _stored_numbers(folder: Path) -> tuple[int, int, int]:
    """Tensors and numbers in the weights of a folder, from the headers of its files, and the bytes of these."""
    num_tensors = num_elements = num_bytes = 0
    for path in weight_files(folder):
        num_bytes += path.stat().st_size
        with safe_open(path, framework="pt") as file:
            shapes = [file.get_slice(key).get_shape() for key in file.keys()]
        num_tensors += len(shapes)
        num_elements += sum(math.prod(shape) for shape in shapes)
    return num_tensors, num_elements, num_bytes


def huggingface_predictor(model: Any, *, name: str, end_id: int, start_ids: TokenIds | None = None) -> CausalPredictor:
    """Puts a transformers model that is already in memory behind the common interface.

    Args:
        model: in evaluation mode; later changes of its weights make the fingerprint a lie.
        name: how the report calls it.
        end_id: the token that ends a document.
        start_ids: put before every text; the end token unless given.
    Raises:
        CapabilityError: see `check_consistent`.
    """
    network = HuggingFaceNetwork(model)
    with quiet_transformers():
        vocabulary_size = check_consistent(model, network, name)
    config = model.config.to_dict()
    # Where a model lies and which transformers opened it do not change what it predicts; its dtype says how it was
    # stored, and is told as it computes.
    unsaid = ("_name_or_path", "transformers_version", "dtype", "torch_dtype")
    facts = {
        "config": {key: value for key, value in config.items() if key not in unsaid},
        "end_id": end_id,
        "start_ids": [end_id] if start_ids is None else start_ids.tolist(),
        "device": network.device.type,
        "dtype": str(network.dtype),
    }
    tied = {id(parameter): parameter for parameter in model.parameters()}
    with quiet_transformers():
        fused = adopt(model)
    return CausalPredictor(
        network if fused is None else fused,
        name=name,
        end_id=end_id,
        start_ids=start_ids,
        vocabulary_size=vocabulary_size,
        num_positions=getattr(model.config.get_text_config(), "max_position_embeddings", None),
        fingerprint=fingerprint_network(model.state_dict(), facts),
        size_bytes=sum(parameter.numel() * parameter.element_size() for parameter in tied.values()),
    )
