"""Predictors that learn. Importing this room imports no torch; `load_model` does."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from byheart.core.progress import Progress, silent
from byheart.core.visible import visible
from byheart.errors import CapabilityError, ConfigError, FingerprintError

if TYPE_CHECKING:
    from byheart.corpus.tokenizer import Tokenizer
    from byheart.models.causal import CausalPredictor
    from byheart.models.endpoint.limits import Limits
    from byheart.models.endpoint.predictor import Endpoint

_LATER = ("gguf:",)
_ENDPOINT = ("http://", "https://")
SUPPORTED = "a folder with config.json and *.safetensors, `smollm2`, or http://host:port/v1#name"
_PACKAGES = ("torch", "transformers", "safetensors", "gguf", "accelerate", "httpx2")


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
    notes: tuple[str, ...] = ()
    """What a reader of its numbers should know."""


def load_model(
    spec: str, *, tokenizer: str = "", limits: "Limits | None" = None, on_progress: Progress = silent
) -> LoadedModel:
    """Opens a model by what the user typed.

    Args:
        spec: a folder, of our reference (told by the "byheart" key of its config.json) or of transformers; or
            "smollm2"; or an endpoint, http://host:port/v1#name. A folder called smollm2 is "./smollm2".
        tokenizer: of an endpoint's model: a folder, a tokenizer.json or "smollm2"; "" where it is not known. Models in
            folders bring their own.
        limits: how hard an endpoint may be asked.
        on_progress: hears stages that take seconds.
    Returns:
        the predictor and its tokenizer.
    Raises:
        ConfigError: a kind of model that this version does not open, an ill-formed address, or a tokenizer for a model
            that has one.
        CapabilityError: torch, transformers or httpx2 is not installed.
        SourceError: no such folder, no weights or no tokenizer in it, or the package of smollm2 is not installed.
        UnsafeError: pickle weights, remote code, or a key that would be sent unencrypted.
        FormatError: our checkpoint is damaged or from a newer version.
        BackendError: transformers cannot load it, or the endpoint does not answer as it should.
    """
    if spec.startswith(_LATER) or not spec:
        raise ConfigError(
            f"This version does not open the model {visible(spec)!r}.",
            why="GGUF files and adapters are not supported yet.",
            next_step=f"Name {SUPPORTED}.",
        )
    if tokenizer and not is_endpoint(spec):
        raise ConfigError(
            f"The model {visible(spec)!r} takes no tokenizer.",
            why="It brings the one that it was trained with.",
            next_step="Leave the tokenizer out; only endpoints need one.",
        )
    try:
        return _ask(spec, tokenizer, limits, on_progress) if is_endpoint(spec) else _load(spec, on_progress)
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


def _load(spec: str, on_progress: Progress) -> LoadedModel:
    # Each import is heavy, and our own reference needs no transformers.
    from byheart.corpus.tokenizer import Tokenizer
    from byheart.models.folders import read_config

    if spec == "smollm2":
        from byheart.models.smollm2 import smollm2_folder

        folder, name = smollm2_folder(on_progress=on_progress), "model:smollm2"
    else:
        folder = Path(spec)
        name = f"model:{visible(folder.resolve().name)}"
    config = read_config(folder)
    tokenizer = Tokenizer.from_folder(folder)
    on_progress("load model", 0, 1, name)
    if "byheart" in config:
        from byheart.models.transformer.checkpoint import load_checkpoint
        from byheart.models.transformer.predictor import reference_predictor

        predictor = reference_predictor(load_checkpoint(folder), name=name)
    else:
        from byheart.models.huggingface import load_huggingface

        predictor = load_huggingface(folder, name=name, end_id=tokenizer.end_id)
    _check_fit(tokenizer, predictor, folder)
    on_progress("load model", 1, 1, name)
    return LoadedModel(predictor=predictor, tokenizer=tokenizer, folder=folder)


def _check_fit(tokenizer: "Tokenizer", predictor: "CausalPredictor", folder: Path) -> None:
    if tokenizer.vocabulary_size > predictor.vocabulary_size or tokenizer.end_id != predictor.end_id:
        raise FingerprintError(
            f"The model and the tokenizer in {visible(str(folder))} do not belong together.",
            why=f"The tokenizer has {tokenizer.vocabulary_size} tokens and end token {tokenizer.end_id}, the model "
            f"{predictor.vocabulary_size} and {predictor.end_id}.",
            next_step="Copy both from the same place.",
        )
