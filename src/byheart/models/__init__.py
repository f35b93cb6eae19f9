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

_LATER = ("gguf:", "http://", "https://")
SUPPORTED = "a folder with config.json and *.safetensors, or `smollm2`"


@dataclass(frozen=True, kw_only=True)
class LoadedModel:
    """A model ready to be audited."""

    predictor: "CausalPredictor"
    """Scores, Distributes, Samples and Exposes."""
    tokenizer: "Tokenizer"
    """The one that it was trained with."""
    folder: Path
    """Where it was loaded from."""


def load_model(spec: str, *, on_progress: Progress = silent) -> LoadedModel:
    """Opens a model by what the user typed.

    Args:
        spec: a folder, of our reference (told by the "byheart" key of its config.json) or of transformers; or
            "smollm2". A folder called smollm2 is "./smollm2".
        on_progress: hears stages that take seconds.
    Returns:
        the predictor and its tokenizer.
    Raises:
        ConfigError: a kind of model that this version does not open.
        CapabilityError: torch or transformers is not installed.
        SourceError: no such folder, no weights or no tokenizer in it, or the package of smollm2 is not installed.
        UnsafeError: pickle weights or remote code.
        FormatError: our checkpoint is damaged or from a newer version.
        BackendError: transformers cannot load it.
    """
    if spec.startswith(_LATER) or not spec:
        raise ConfigError(
            f"This version does not open the model {visible(spec)!r}.",
            why="GGUF files, endpoints and adapters are not supported yet.",
            next_step=f"Name {SUPPORTED}.",
        )
    try:
        return _load(spec, on_progress)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("torch", "transformers", "safetensors", "gguf", "accelerate"):
            raise
        raise CapabilityError(
            "Models cannot be opened by this installation.",
            why=f"The package {error.name} is not installed.",
            next_step="pip install 'byheart[models]'",
        ) from error


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
