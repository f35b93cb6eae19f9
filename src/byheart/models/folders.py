"""What may be opened as a model: the checks that come before anything is loaded."""

import json
import re
from pathlib import Path
from typing import Any

from byheart.core.visible import visible
from byheart.errors import FormatError, SourceError, UnsafeError

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_INDEX = "model.safetensors.index.json"
_CODE_HOLDERS = ("config.json", "tokenizer_config.json", "processor_config.json")


def read_config(folder: Path) -> dict[str, Any]:
    """The config.json of a model folder that is safe to open.

    Args:
        folder: the model.
    Returns:
        the configuration as plain JSON values.
    Raises:
        SourceError: no such folder, no config.json in it, or no weights in it.
        UnsafeError: its only weights are pickles, or it names code of its own or files elsewhere.
        FormatError: a configuration file is not a JSON object.
    """
    shown = visible(str(folder))
    if not folder.is_dir():
        raise SourceError(
            f"There is no model at {shown}.",
            why="No such folder, and byheart fetches nothing from the network.",
            next_step=_instead(str(folder)),
        )
    config = read_json_object(folder / "config.json")
    if config is None:
        raise SourceError(
            f"{shown} is not a model folder.",
            why="It has no config.json.",
            next_step="Name a folder with config.json and *.safetensors, as save_pretrained writes it.",
        )
    for name in _CODE_HOLDERS:
        if (read_json_object(folder / name) or {}).get("auto_map"):
            raise UnsafeError(
                f"The model in {shown} wants to run code of its own.",
                why=f'Its {name} has an "auto_map", which trust_remote_code would execute.',
                next_step="Convert it to an architecture that transformers has, or use one that needs no code.",
            )
    if not any(folder.glob("*.safetensors")):
        pickles = sorted(path.name for pattern in _PICKLES for path in folder.glob(pattern))
        if pickles:
            raise UnsafeError(
                f"The weights in {shown} are pickles, which run code when they are opened.",
                why=f"Found {visible(pickles[0])} and no *.safetensors.",
                next_step="Convert them to safetensors on a machine that you can afford to lose.",
            )
        raise SourceError(
            f"There are no weights in {shown}.",
            why="No *.safetensors file.",
            next_step="Copy the weights beside config.json.",
        )
    _check_index(folder)
    return config


def _check_index(folder: Path) -> None:
    """Nothing, when the list of shards names files of this folder only.

    Raises:
        UnsafeError, FormatError: it does not, or is damaged.
    """
    path = folder / _INDEX
    shards = (read_json_object(path) or {}).get("weight_map")
    for shard in shards.values() if isinstance(shards, dict) else ():
        if not isinstance(shard, str) or Path(shard).name != shard:
            raise UnsafeError(
                f"{visible(str(path))} names weights outside its folder.",
                why=f"It names {visible(repr(shard))[:80]}.",
                next_step="Copy the model again, from a place that you trust.",
            )


def read_json_object(path: Path) -> dict[str, Any] | None:
    """A file of a model as plain JSON values, or None where there is none.

    Raises:
        FormatError: it cannot be read, or is not a JSON object.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise FormatError(
            f"{visible(str(path))} cannot be read.", why=visible(str(error)), next_step="Copy the model again."
        ) from error
    if not isinstance(content, dict):
        raise FormatError(
            f"{visible(str(path))} is not a JSON object.",
            why=f"It holds a {type(content).__name__}.",
            next_step="Copy the model again.",
        )
    return content


def _instead(name: str) -> str:
    """What someone may have meant who named a folder that is not there."""
    if re.match(r"[\w.-]+:\d+/", name):
        return f"Write http://{visible(name)} for an endpoint."
    hub = (
        f"`hf download {visible(name)} --local-dir FOLDER` fetches a model of the hub; " if name.count("/") == 1 else ""
    )
    return f"{hub}name a folder with config.json and *.safetensors, gguf:FILE, memorizer:NAME or `smollm2`."
