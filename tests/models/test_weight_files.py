"""Which files are a model's weights: those that are loaded are those that are counted and hashed."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from blake3 import blake3
from safetensors.torch import load_file

from byheart.errors import FormatError, SourceError, UnsafeError
from byheart.models import load_model
from tests.models.folders import llama, save_folder, tiny_tokenizer

_INDEX = "model.safetensors.index.json"


def _llama(**options: Any) -> Any:
    return llama(tiny_tokenizer().vocabulary_size, tie_word_embeddings=False, **options)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save_folder(_llama(), tmp_path / "model")


@pytest.fixture
def sharded(tmp_path: Path) -> Path:
    return save_folder(_llama(), tmp_path / "sharded", max_shard_size="20KB")


def _digests(paths: list[Path]) -> dict[str, str]:
    return {path.name: blake3(path.read_bytes()).hexdigest() for path in paths}


def _name_shard(folder: Path, name: str) -> None:
    index = json.loads((folder / _INDEX).read_text())
    index["weight_map"][next(iter(index["weight_map"]))] = name
    (folder / _INDEX).write_text(json.dumps(index))


def test_a_file_beside_the_weights_is_neither_loaded_nor_hashed(folder: Path) -> None:
    shutil.copy(folder / "model.safetensors", folder / "decoy.safetensors")
    assert load_model(str(folder)).weights_blake3 == _digests([folder / "model.safetensors"])


def test_of_shards_those_that_the_index_names_are_hashed(sharded: Path) -> None:
    shards = sorted(sharded.glob("*.safetensors"))
    assert len(shards) > 1
    shutil.copy(shards[0], sharded / "decoy.safetensors")
    assert load_model(str(sharded)).weights_blake3 == _digests(shards)


def test_one_file_wins_over_an_index_as_transformers_has_it(sharded: Path, folder: Path) -> None:
    shutil.copy(folder / "model.safetensors", sharded)
    loaded = load_model(str(sharded))
    assert loaded.weights_blake3 == _digests([folder / "model.safetensors"])
    assert loaded.predictor.fingerprint == load_model(str(folder)).predictor.fingerprint


def test_an_index_that_leads_out_of_its_folder_is_refused(sharded: Path) -> None:
    _name_shard(sharded, "../elsewhere.safetensors")
    with pytest.raises(UnsafeError, match="outside"):
        load_model(str(sharded))


def test_an_index_that_names_pickles_is_refused(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").rename(folder / "decoy.safetensors")
    torch.save(tensors, folder / "pytorch_model.bin")
    (folder / _INDEX).write_text(json.dumps({"weight_map": dict.fromkeys(tensors, "pytorch_model.bin")}))
    with pytest.raises(UnsafeError, match="pickles") as caught:
        load_model(str(folder))
    assert caught.value.exit_code == 4


def test_pickles_beside_safetensors_of_another_name_are_refused(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "other.safetensors")
    with pytest.raises(SourceError, match="no weights"):
        load_model(str(folder))
    (folder / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(UnsafeError, match="pickles"):
        load_model(str(folder))


def test_a_configuration_that_names_other_weights_is_refused(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "other.safetensors")
    save_folder(_llama(hidden_size=16), folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"transformers_weights": "other.safetensors"}))
    with pytest.raises(UnsafeError, match="names the file of its weights"):
        load_model(str(folder))


def test_a_shard_that_is_missing_and_an_index_without_shards_are_damage(sharded: Path) -> None:
    min(sharded.glob("*.safetensors")).unlink()
    with pytest.raises(FormatError, match="index names 1 files that are not there"):
        load_model(str(sharded))
    (sharded / _INDEX).write_text("{}")
    with pytest.raises(FormatError, match="names no weights"):
        load_model(str(sharded))
