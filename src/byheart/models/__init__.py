"""Predictors that learn. Importing this room imports no torch; `load_model` does.

It tells OpenMP, before torch is loaded, that threads which wait shall sleep and not spin: on cores that another program
uses, spinning threads slow each other tenfold (bench/waiting.py). Whoever sets OMP_WAIT_POLICY is obeyed.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from byheart.core.progress import Progress, silent
from byheart.core.visible import visible
from byheart.errors import CapabilityError, ConfigError
from byheart.models.device import check_placement

if TYPE_CHECKING:
    from byheart.corpus.tokenizer import Tokenizer
    from byheart.models.causal import CausalPredictor
    from byheart.models.endpoint.limits import Limits
    from byheart.models.endpoint.predictor import Endpoint

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

GGUF = "gguf:"
"""What stands before a file of llama.cpp."""
SMOLLM2 = "smollm2"
_ENDPOINT = ("http://", "https://")
SUPPORTED = "a folder with config.json and *.safetensors, gguf:FILE, `smollm2`, or http://host:port/v1#name"
_PACKAGES = ("torch", "transformers", "safetensors", "gguf", "accelerate", "peft", "httpx2")


def is_endpoint(spec: str) -> bool:
    """Whether a model is asked over HTTP."""
    return spec.startswith(_ENDPOINT)


@dataclass(frozen=True, kw_only=True)
class LoadedModel:
    """A model ready to be audited."""

    predictor: "CausalPredictor | Endpoint"
    """Scores, Distributes, Samples and Exposes; an endpoint samples, and scores where it is a ScoringEndpoint."""
    tokenizer: "Tokenizer"
    """The one that it was trained with; bytes for an endpoint whose tokenizer was not given."""
    folder: Path | None
    """Where it was loaded from; None for an endpoint."""
    loaded_as: Mapping[str, str] = field(default_factory=dict)
    """How: device, dtype, adapter, chat; empty for an endpoint."""
    weights_blake3: Mapping[str, str] = field(default_factory=dict)
    """BLAKE3 of each file of weights, by its name; empty for an endpoint."""
    notes: tuple[str, ...] = ()
    """What a reader of its numbers should know."""


def check_options(
    spec: str, *, adapter: str = "", tokenizer: str = "", chat: str = "", device: str = "auto", dtype: str = "auto"
) -> None:
    """Nothing, when a model of this kind takes these options; arguments as in `load_model`.

    Raises:
        ConfigError: it does not, or a name means nothing.
    """
    if not spec:
        raise ConfigError("There is no model without a name.", next_step=f"Name {SUPPORTED}.")
    check_placement(device, dtype)
    if is_endpoint(spec):
        own = {"adapter": adapter, "chat": chat, "device": device != "auto", "dtype": dtype != "auto"}
        why = "Whoever serves it decides that."
    else:
        own, why = {"tokenizer": tokenizer}, "It brings the one that it was trained with; only endpoints need one."
    given = [name for name, value in own.items() if value]
    if given:
        raise ConfigError(
            f"The model {visible(spec)!r} takes no {' and no '.join(given)}.",
            why=why,
            next_step=f"Leave out {' and '.join(f'--{name}' for name in given)}.",
        )


def load_model(
    spec: str,
    *,
    adapter: str = "",
    tokenizer: str = "",
    chat: str = "",
    limits: "Limits | None" = None,
    device: str = "auto",
    dtype: str = "auto",
    on_progress: Progress = silent,
) -> LoadedModel:
    """Opens a model by what the user typed.

    Args:
        spec: a folder, of our reference (told by the "byheart" key of its config.json) or of transformers; or
            gguf:FILE; or "smollm2"; or an endpoint, http://host:port/v1#name. A folder called smollm2 is "./smollm2".
        adapter: folder of a LoRA adapter that PEFT wrote for this model.
        tokenizer: of an endpoint's model: a folder, a tokenizer.json or "smollm2"; "" where it is not known. Models in
            folders bring their own.
        chat: what an instruct model is asked; every text then stands as its answer, in the model's own chat template.
            "": texts stand at the start of a document.
        limits: how hard an endpoint may be asked.
        device: auto, cpu, cuda or mps; auto is CUDA where there is one, else the processor.
        dtype: auto, float32, bfloat16 or float16; auto is float32, but on a GPU bfloat16 for weights stored so.
        on_progress: hears stages that take seconds.
    Returns:
        the predictor and its tokenizer.
    Raises:
        ConfigError: an option that this kind of model does not take, an ill-formed address, or a name that means
            nothing.
        CapabilityError: torch, transformers, peft or httpx2 is not installed, there is no such device, no chat
            template, or the adapter is of a kind that cannot be merged.
        SourceError: no such folder or file, no weights or no tokenizer in it, or smollm2 is not installed.
        UnsafeError: pickle weights, remote code, a chat template without end, or a key that would be sent unencrypted.
        FormatError: a file is damaged, weights are missing, or our checkpoint is from a newer version.
        BackendError: transformers cannot load it, the adapter does not fit, or the endpoint does not answer as it
            should.
    """
    check_options(spec, adapter=adapter, tokenizer=tokenizer, chat=chat, device=device, dtype=dtype)
    try:
        if is_endpoint(spec):
            return _ask(spec, tokenizer, limits, on_progress)
        from byheart.models.local import open_local

        return open_local(spec, adapter=adapter, chat=chat, device=device, dtype=dtype, on_progress=on_progress)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _PACKAGES:
            raise
        raise CapabilityError(
            "Models cannot be opened by this installation.",
            why=f"The package {error.name} is not installed.",
            next_step="pip install 'byheart[models]'",
        ) from error


def _ask(spec: str, tokenizer: str, limits: "Limits | None", on_progress: Progress) -> LoadedModel:
    from byheart.corpus.tokenizer import Tokenizer
    from byheart.models.endpoint.opening import open_endpoint

    known = None
    if tokenizer == "smollm2":
        from byheart.models.smollm2 import smollm2_folder

        known = Tokenizer.from_folder(smollm2_folder(on_progress=on_progress))
    elif tokenizer:
        path = Path(tokenizer)
        known = Tokenizer.from_folder(path) if path.is_dir() else Tokenizer.from_file(path)
    endpoint = open_endpoint(spec, tokenizer=known, limits=limits, on_progress=on_progress)
    note = f"The model is asked over HTTP. {' '.join(endpoint.found.in_words())}"
    return LoadedModel(predictor=endpoint, tokenizer=endpoint.tokenizer, folder=None, notes=(note,))
