"""Models in the GGUF format of llama.cpp: converted once to float32 safetensors, and kept in the cache.

transformers reads such a file in half a minute, safetensors in seconds. The folder in the cache carries the file's
BLAKE3 in its name, so that another file never passes for this one, and the BLAKE3 of each of its own files inside, so
that what was damaged since is not believed.
"""

import json
import logging
import shutil
import struct
import tempfile
from pathlib import Path
from typing import Any

from blake3 import blake3

from byheart.core.progress import Progress, silent
from byheart.core.visible import visible
from byheart.corpus.cache_folder import cache_folder
from byheart.errors import BackendError, ByheartError, FormatError, SourceError, StorageError
from byheart.models.gguf_header import header_fault
from byheart.models.kept_conversion import is_whole, move_into_place, seal

_logger = logging.getLogger(__name__)
_CONVERSION = 1
"""Raised whenever the conversion changes."""
_MAGIC, _VERSIONS = b"GGUF", (2, 3)
_SMALLEST_TENSOR_BYTES, _SMALLEST_KEY_BYTES = 24, 13
"""What one entry of the header takes at least."""
_STAGE, _AGAIN = "convert GGUF (once)", "convert GGUF (again: the copy in the cache is damaged)"


def converted_gguf(file: Path, *, on_progress: Progress = silent) -> Path:
    """The model of a GGUF file as a folder that transformers and the `tokenizers` library read.

    Args:
        file: quantized or not.
        on_progress: hears the conversion, where there is one.
    Returns:
        the folder in the cache: each file the one that was written there, by its hash; else it is converted anew.
    Raises:
        SourceError: no such file, or it is not in the GGUF format.
        FormatError: it is damaged.
        BackendError: transformers does not know its architecture.
        StorageError: the cache cannot be written.
    Cost: 5 to 45 s for 135 million parameters, and 4 bytes of disk for each, the first time; then the hashes.
    """
    _check_header(file)
    digest = blake3(max_threads=blake3.AUTO).update_mmap(file).hexdigest(length=16)
    folder = cache_folder() / f"gguf-{digest}-float32-{_CONVERSION}"
    if is_whole(folder):
        _logger.debug("Converted before, and whole: %s.", visible(str(folder)))
        return folder
    stage = _AGAIN if folder.exists() else _STAGE
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        workshop = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        try:
            _convert(file.resolve(), workshop, stage, on_progress)
            # Private by default, as mkdtemp and safetensors make them; a shared cache serves everyone.
            workshop.chmod(0o755)
            for path in workshop.iterdir():
                path.chmod(0o644)
            seal(workshop)
            move_into_place(workshop, folder)
        finally:
            shutil.rmtree(workshop, ignore_errors=True)
    except OSError as error:
        raise StorageError(
            f"The converted model cannot be kept in {visible(str(folder.parent))}.",
            why=visible(str(error)),
            next_step="Free 4 bytes a parameter there, or set BYHEART_CACHE to another folder.",
        ) from error
    on_progress(stage, 3, 3)
    return folder


def _check_header(file: Path) -> None:
    """Nothing, when the first bytes are those of a GGUF file that can hold what they announce.

    Raises:
        SourceError, FormatError: as `converted_gguf`.
    """
    shown = visible(str(file))
    try:
        with file.open("rb") as opened:
            head = opened.read(24)
        size = file.stat().st_size
    except OSError as error:
        raise SourceError(
            f"There is no GGUF file at {shown}.",
            why=f"{error.strerror}, and byheart fetches nothing from the network.",
            next_step="Give the path of the file behind gguf:",
        ) from error
    if head[:4] != _MAGIC:
        raise SourceError(
            f"{shown} is not in the GGUF format.",
            why="Its first bytes are not GGUF.",
            next_step="Give a .gguf file of llama.cpp, or a folder with safetensors without gguf:",
        )
    version, num_tensors, num_keys = struct.unpack("<IQQ", head[4:]) if len(head) == 24 else (0, 0, 0)
    smallest = num_tensors * _SMALLEST_TENSOR_BYTES + num_keys * _SMALLEST_KEY_BYTES
    if version not in _VERSIONS or smallest > size:
        raise _damaged(shown, f"Version {version}, {num_tensors:,} tensors and {num_keys:,} keys in {size:,} bytes.")


def _damaged(shown: str, why: str) -> FormatError:
    return FormatError(
        f"The GGUF file {shown} is damaged, or of another version.",
        why=why,
        next_step="Copy it again; version 2 or 3, little-endian, in one file.",
    )


def _convert(file: Path, folder: Path, stage: str, on_progress: Progress) -> None:
    shown = visible(str(file))
    if fault := header_fault(file):
        raise _damaged(shown, fault)
    # Heavy, and only needed the first time.
    import gguf
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    from byheart.models.plausibility import check_plausible
    from byheart.models.quiet import quiet_transformers

    on_progress(stage, 0, 3, "read the weights, up to 45 s")
    try:
        tensors = gguf.GGUFReader(file).tensors
        num_elements = sum(int(tensor.n_elements) for tensor in tensors)
    except Exception as error:  # a damaged file raises whatever the reader stumbles over
        raise _damaged(shown, visible(f"{type(error).__name__}: {error}")[:400]) from error
    place: dict[str, Any] = {"gguf_file": file.name, "local_files_only": True}
    try:
        with quiet_transformers():
            config = AutoConfig.from_pretrained(file.parent, **place)
            config.__dict__.pop("quantization_config", None)
            check_plausible(config, len(tensors), num_elements, shown)
            # Its annotations do not know that output_loading_info makes it return two things.
            from_pretrained: Any = AutoModelForCausalLM.from_pretrained
            model, report = from_pretrained(file.parent, dtype=torch.float32, output_loading_info=True, **place)
            absent = sorted(report["missing_keys"])
            if absent:
                raise _damaged(shown, f"{len(absent)} tensors are missing, the first is {visible(absent[0])}.")
            # save_pretrained would otherwise write the GGUF type beside weights that are float32 by now.
            # The quantizer goes too: it forbids saving.
            model.config.__dict__.pop("quantization_config", None)
            del model.hf_quantizer
            on_progress(stage, 1, 3, "read the tokenizer")
            tokenizer = AutoTokenizer.from_pretrained(file.parent, **place)
            on_progress(stage, 2, 3, "write safetensors")
            model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
    except (OSError, ByheartError):
        raise
    except Exception as error:
        raise BackendError(
            f"transformers cannot read the GGUF file {shown}.",
            why=visible(f"{type(error).__name__}: {error}")[:400],
            next_step="Use an architecture that its GGUF reader has, such as Llama, Qwen or Gemma, or a folder of "
            "safetensors.",
        ) from error
    path = folder / "config.json"
    written = json.loads(path.read_text())
    if written.pop("quantization_config", None) is not None:
        path.write_text(json.dumps(written, indent=2) + "\n")
