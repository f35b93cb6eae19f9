"""What may be opened as a model: the checks that come before anything is loaded."""

import json
import re
from pathlib import Path
from typing import Any

from byheart.core.visible import visible
from byheart.errors import FormatError, SourceError, UnsafeError

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_WEIGHTS, _INDEX = "model.safetensors", "model.safetensors.index.json"
_CODE_HOLDERS = ("config.json", "tokenizer_config.json", "processor_config.json")


def read_config(folder: Path) -> dict[str, Any]:
    """The config.json of a model folder that is safe to open.

    Args:
        folder: the model.
    Returns:
        the configuration as plain JSON values.
    Raises:
        SourceError: no such folder, no config.json in it, or no weights in it.
        UnsafeError: its weights are pickles, or it names code of its own or weights elsewhere.
        FormatError: a configuration file is not a JSON object, or a file of weights is missing.
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
    if named := config.get("transformers_weights"):
        raise UnsafeError(
            f"The config.json in {shown} names the file of its weights.",
            why=f'"transformers_weights" is {visible(repr(named))[:80]}, and {_WEIGHTS} is what is read and hashed.',
            next_step=f'Call that file {_WEIGHTS} and take "transformers_weights" out, if you trust it.',
        )
    weight_files(folder)
    return config


def weight_files(folder: Path) -> list[Path]:
    """The files that hold a model's weights, the only ones that are loaded, counted and hashed.

    Definition:
        model.safetensors where it is there, else the shards that model.safetensors.index.json names
    Args:
        folder: the model.
    Returns:
        at least one, sorted by name; all of them are there.
    Raises:
        SourceError: there are none.
        UnsafeError: there are pickles instead, or the index names pickles or files elsewhere.
        FormatError: the index is damaged, or names files that are missing.
    Source: `from_pretrained` of transformers with use_safetensors.
    Differs: nothing.
    """
    shown = visible(str(folder))
    shards = _shards(folder)
    if (folder / _WEIGHTS).is_file():
        return [folder / _WEIGHTS]
    if not shards:
        pickles = sorted(path.name for pattern in _PICKLES for path in folder.glob(pattern))
        if pickles:
            raise UnsafeError(
                f"The weights in {shown} are pickles, which run code when they are opened.",
                why=f"Found {visible(pickles[0])}, and neither {_WEIGHTS} nor {_INDEX}.",
                next_step="Convert them to safetensors on a machine that you can afford to lose.",
            )
        raise SourceError(
            f"There are no weights in {shown}.",
            why=f"Neither {_WEIGHTS} nor {_INDEX} with its shards.",
            next_step="Copy the weights beside config.json, under the names that save_pretrained gives them.",
        )
    missing = [shard for shard in shards if not (folder / shard).is_file()]
    if missing:
        raise FormatError(
            f"The model in {shown} lacks weights.",
            why=f"Its index names {len(missing)} files that are not there, the first is {visible(missing[0])}.",
            next_step="Copy the model again.",
        )
    return [folder / shard for shard in shards]


def _shards(folder: Path) -> list[str]:
    """The shards that the index names, sorted; none where there is no index.

    Raises:
        UnsafeError, FormatError: as `weight_files`.
    """
    path = folder / _INDEX
    index = read_json_object(path)
    if index is None:
        return []
    shards = index.get("weight_map")
    if not isinstance(shards, dict) or not shards:
        raise FormatError(
            f"{visible(str(path))} names no weights.",
            why='It has no "weight_map", or an empty one.',
            next_step="Copy the model again.",
        )
    for shard in shards.values():
        if not isinstance(shard, str) or Path(shard).name != shard:
            raise UnsafeError(
                f"{visible(str(path))} names weights outside its folder.",
                why=f"It names {visible(repr(shard))[:80]}.",
                next_step="Copy the model again, from a place that you trust.",
            )
        if not shard.endswith(".safetensors"):
            raise UnsafeError(
                f"{visible(str(path))} names weights that are not safetensors; pickles run code when they are opened.",
                why=f"It names {visible(shard)[:80]}.",
                next_step="Convert them to safetensors on a machine that you can afford to lose.",
            )
    return sorted(set(shards.values()))


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
