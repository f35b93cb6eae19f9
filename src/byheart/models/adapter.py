"""What fine-tuning added, as PEFT keeps it: a LoRA adapter, merged into the weights of its base.

The base is the model that the user names; the name that the adapter itself gives is never followed.
"""

import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from byheart.core.visible import visible
from byheart.errors import BackendError, CapabilityError, SourceError, UnsafeError
from byheart.models.folders import read_json_object
from byheart.models.quiet import quiet_transformers

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_PROBE_TOKENS = 8
_TOLERANCE = 1e-3
"""Largest difference of two logits, as a share of the largest logit."""
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")


def check_adapter(folder: Path) -> None:
    """Nothing, when the folder holds a LoRA adapter that is safe to open.

    Raises:
        SourceError: no such folder, or a file is missing.
        UnsafeError: its only weights are pickles, or it names code of its own.
        FormatError: its configuration is not a JSON object.
        CapabilityError: another kind of adapter.
    """
    shown = visible(str(folder))
    config = read_json_object(folder / CONFIG)
    if config is None:
        raise SourceError(
            f"There is no adapter at {shown}.",
            why=f"No such folder, or no {CONFIG} in it, and byheart fetches nothing from the network.",
            next_step=f"Name a folder with {CONFIG} and {WEIGHTS}, as PEFT's save_pretrained writes it.",
        )
    if config.get("auto_map"):
        raise UnsafeError(
            f"The adapter in {shown} wants to run code of its own.",
            why=f'Its {CONFIG} has an "auto_map".',
            next_step="Use an adapter that needs no code.",
        )
    if not (folder / WEIGHTS).is_file():
        pickles = sorted(path.name for pattern in _PICKLES for path in folder.glob(pattern))
        if pickles:
            raise UnsafeError(
                f"The weights of the adapter in {shown} are pickles, which run code when they are opened.",
                why=f"Found {visible(pickles[0])} and no {WEIGHTS}.",
                next_step="Convert them to safetensors on a machine that you can afford to lose.",
            )
        raise SourceError(
            f"The adapter in {shown} has no weights.",
            why=f"No {WEIGHTS}.",
            next_step=f"Copy it beside {CONFIG}.",
        )
    kind, copies = config.get("peft_type"), config.get("layer_replication")
    if kind != "LORA" or copies:
        raise CapabilityError(
            f"The adapter in {shown} cannot be merged into its base.",
            why="It replicates layers."
            if kind == "LORA"
            else f"Its peft_type is {visible(repr(kind))[:40]}, not LORA.",
            next_step="Merge it with PEFT, save the result as a folder, and audit that.",
        )


def merged(model: Any, folder: Path) -> Any:
    """The model with the adapter's changes in its weights.

    Definition:
        W + scale B A for each adapted matrix W; whole matrices that the adapter kept take the place of the base's
    Args:
        model: of transformers, with its own weights; taken over.
        folder: passed `check_adapter`.
    Returns:
        a model of transformers.
    Raises:
        BackendError: it is damaged, or was made for another model.
        CapabilityError: merging it is not the same as keeping it beside.
    Source: Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models" (arXiv 2106.09685); PEFT.
    Differs: nothing.
    """
    # Seconds, and only where there is an adapter.
    from peft import LoraConfig, PeftModel

    shown = visible(str(folder))
    try:
        # PEFT warns of what it does not know; what matters is checked below.
        with quiet_transformers(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            config = LoraConfig.from_pretrained(str(folder), local_files_only=True)
            config.inference_mode = True
            peft_model = PeftModel(model, config)
            report = peft_model.load_adapter(str(folder), "default", torch_device="cpu", local_files_only=True)
            faults = sorted(report.missing_keys), sorted(report.unexpected_keys)
            before = _probe_logits(peft_model.eval())
            result = peft_model.merge_and_unload() if not any(faults) else None
            after = None if result is None else _probe_logits(result.eval())
    except Exception as error:
        raise _unfit(shown, f"{type(error).__name__}: {error}") from error
    if result is None:
        missing, unexpected = faults
        raise _unfit(shown, f"It lacks {missing[0]}." if missing else f"The model has no place for {unexpected[0]}.")
    if after is None or not (after - before).abs().max() <= _TOLERANCE * before.abs().max():
        raise CapabilityError(
            f"The adapter in {shown} cannot be merged into its base.",
            why="Merged, the model says something else than with the adapter beside it: it changes a matrix that the "
            "base uses in two places (tied embeddings).",
            next_step="Untie the base's embeddings (tie_word_embeddings) and save it, then name that folder.",
        )
    return result


def _probe_logits(model: Any) -> Tensor:
    """Of a few tokens."""
    ids = torch.arange(_PROBE_TOKENS)[None] % model.config.get_text_config().vocab_size
    with torch.inference_mode():
        return model(input_ids=ids, use_cache=False).logits.float()


def _unfit(shown: str, why: str) -> BackendError:
    return BackendError(
        f"The adapter in {shown} does not fit the model.",
        why=visible(why)[:400],
        next_step="Name the base model that it was trained on, or copy the adapter again.",
    )
