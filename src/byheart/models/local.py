"""Opens a model whose weights are on this machine: a folder, a GGUF file or SmolLM2, with or without an adapter."""

from pathlib import Path

from byheart.core.progress import Progress, silent
from byheart.core.visible import visible
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import FingerprintError
from byheart.models import GGUF, SMOLLM2, LoadedModel
from byheart.models.causal import CausalPredictor
from byheart.models.device import Placement, placement
from byheart.models.fingerprint import hash_files
from byheart.models.folders import read_config, weight_files

_TEMPLATE_SHOWN = 400


def open_local(
    spec: str, *, adapter: str, chat: str, device: str, dtype: str, on_progress: Progress = silent
) -> LoadedModel:
    """Opens it as `load_model` says; arguments and errors are the same."""
    # Each import is heavy, and our own reference needs no transformers.
    folder, name, files = _found(spec, on_progress)
    config = read_config(folder)
    files = files or weight_files(folder)
    tokenizer = Tokenizer.from_folder(folder)
    place = placement(device, dtype, config)
    loaded_as = {"device": place.device, "dtype": place.dtype}
    notes = []
    # A model's own mark of a beginning, where its tokenizer writes one; else a document begins behind another's end.
    start_ids = tokenizer.start_ids
    if chat:
        from byheart.models.chat import open_chat

        opened = open_chat(folder, chat)
        start_ids, tokenizer.end_id = opened.start_ids, opened.end_id
        loaded_as["chat"] = opened.text
        notes.append(f"Each text stood as the answer to this: {opened.text[:_TEMPLATE_SHOWN]}")
    if adapter:
        from byheart.models.adapter import WEIGHTS, check_adapter

        check_adapter(Path(adapter))
        name += f"+{visible(Path(adapter).resolve().name)}"
        loaded_as["adapter"] = adapter
        files.append(Path(adapter) / WEIGHTS)
        notes += _other_tokenizer(Path(adapter), tokenizer)
    on_progress("load model", 0, 1, name)
    if "byheart" in config and not adapter and not chat and place.dtype == "float32":
        predictor = _reference(folder, name, place)
    else:
        from byheart.models.huggingface import load_huggingface

        merged = Path(adapter) if adapter else None
        predictor = load_huggingface(
            folder, name=name, end_id=tokenizer.end_id, start_ids=start_ids, adapter=merged, place=place
        )
    _check_fit(tokenizer, predictor, folder)
    on_progress("load model", 1, 1, name)
    return LoadedModel(
        predictor=predictor,
        tokenizer=tokenizer,
        folder=folder,
        loaded_as=loaded_as,
        weights_blake3=hash_files(files),
        notes=tuple(notes),
    )


def _found(spec: str, on_progress: Progress) -> tuple[Path, str, list[Path]]:
    """The folder to load, how the report calls it, and the file that its weights came in where it was another."""
    if spec != SMOLLM2 and not spec.startswith(GGUF):
        folder = Path(spec)
        return folder, f"model:{visible(folder.resolve().name)}", []
    from byheart.models.gguf import converted_gguf
    from byheart.models.smollm2 import smollm2_gguf

    file = smollm2_gguf() if spec == SMOLLM2 else Path(spec.removeprefix(GGUF))
    name = SMOLLM2 if spec == SMOLLM2 else visible(file.stem)
    return converted_gguf(file, on_progress=on_progress), f"model:{name}", [file]


def _reference(folder: Path, name: str, place: Placement) -> CausalPredictor:
    from byheart.models.transformer.checkpoint import load_checkpoint
    from byheart.models.transformer.predictor import reference_predictor

    return reference_predictor(load_checkpoint(folder).to(place.device), name=name)


def _other_tokenizer(adapter: Path, tokenizer: Tokenizer) -> list[str]:
    """A note where the adapter brings a tokenizer that is not the base's."""
    if not (adapter / "tokenizer.json").is_file():
        return []
    if Tokenizer.from_folder(adapter).fingerprint == tokenizer.fingerprint:
        return []
    return ["The adapter brings another tokenizer than its base; the base's was used."]


def _check_fit(tokenizer: Tokenizer, predictor: CausalPredictor, folder: Path) -> None:
    if tokenizer.vocabulary_size > predictor.vocabulary_size or tokenizer.end_id != predictor.end_id:
        raise FingerprintError(
            f"The model and the tokenizer in {visible(str(folder))} do not belong together.",
            why=f"The tokenizer has {tokenizer.vocabulary_size} tokens and end token {tokenizer.end_id}, the model "
            f"{predictor.vocabulary_size} and {predictor.end_id}.",
            next_step="Copy both from the same place.",
        )
