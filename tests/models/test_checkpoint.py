import json
from pathlib import Path
from typing import Any

import pytest
import torch

from byheart.corpus.documents import Corpus, Document
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import (
    CapabilityError,
    ConfigError,
    FingerprintError,
    FormatError,
    SourceError,
    StorageError,
    UnsafeError,
)
from byheart.models import load_model
from byheart.models.transformer.checkpoint import load_checkpoint, save_checkpoint
from byheart.models.transformer.config import NetworkConfig
from byheart.models.transformer.predictor import reference_predictor
from tests.models.networks import predictor, sharp_network


def _edit(folder: Path, **changes: Any) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_checkpoint(sharp_network(), tmp_path / "model")
    return tmp_path / "model"


def test_a_checkpoint_comes_back_to_the_last_bit(folder: Path) -> None:
    assert reference_predictor(load_checkpoint(folder)).fingerprint == predictor().fingerprint
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors"]
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    save_checkpoint(load_checkpoint(folder), folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_one_flipped_bit_is_damage(folder: Path) -> None:
    content = bytearray((folder / "model.safetensors").read_bytes())
    content[-100] ^= 1
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(FormatError, match="damaged"):
        load_checkpoint(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"byheart": {"schema": 3}},
        {"byheart": None},
        {"byheart": "yes"},
        {"num_key_value_heads": 2},
        {"hidden_act": "gelu"},
        {"tie_word_embeddings": False},
        {"attention_bias": True},
        {"rope_parameters": {"rope_type": "linear", "rope_theta": 10_000.0, "factor": 2.0}},
        {"hidden_size": 0},
        {"hidden_size": "wide"},
        {"num_hidden_layers": 10**12},
        {"max_position_embeddings": 10**12},
        {"vocab_size": 60},
        {"eos_token_id": None},
    ],
)
def test_what_the_reference_cannot_represent_is_refused(folder: Path, changes: dict[str, Any]) -> None:
    _edit(folder, **changes)
    with pytest.raises(FormatError):
        load_checkpoint(folder)


def test_broken_files_name_themselves(folder: Path) -> None:
    (folder / "config.json").write_text("{")
    with pytest.raises(FormatError, match=r"config\.json"):
        load_checkpoint(folder)
    (folder / "config.json").write_text("[]")
    with pytest.raises(FormatError, match="not a JSON object"):
        load_checkpoint(folder)
    (folder / "config.json").unlink()
    with pytest.raises(SourceError, match=r"config\.json"):
        load_checkpoint(folder)
    with pytest.raises(SourceError, match="No such folder"):
        load_checkpoint(folder / "absent")


def test_weights_that_are_not_finite_are_not_written(tmp_path: Path) -> None:
    network = sharp_network()
    with torch.no_grad():
        network.embedding[0, 0] = float("inf")
    with pytest.raises(FormatError):
        save_checkpoint(network, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        save_checkpoint(sharp_network(), tmp_path / "file" / "model")


def test_pickles_and_remote_code_are_refused(folder: Path) -> None:
    _edit(folder, auto_map={"AutoModelForCausalLM": "modeling.Evil"})
    with pytest.raises(UnsafeError, match="code of its own"):
        load_model(str(folder))
    _edit(folder, auto_map={})
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(UnsafeError, match="pickles") as caught:
        load_model(str(folder))
    assert caught.value.exit_code == 4
    (folder / "pytorch_model.bin").unlink()
    with pytest.raises(SourceError, match="no weights"):
        load_model(str(folder))


def test_a_model_without_a_name_is_told_what_there_is() -> None:
    with pytest.raises(ConfigError, match="smollm2"):
        load_model("")


def test_a_missing_package_is_a_capability_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(spec: str, **_: object) -> None:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr("byheart.models.local.open_local", absent)
    with pytest.raises(CapabilityError, match=r"byheart\[models\]"):
        load_model("anything")


def test_our_model_opens_with_its_tokenizer_and_not_with_another(tmp_path: Path) -> None:
    tokenizer = Tokenizer.train(Corpus((Document("a", "to be or not to be, that is the question"),)), 270)
    config = NetworkConfig(vocabulary_size=tokenizer.vocabulary_size, end_id=tokenizer.end_id, width=16, num_layers=1)
    network = sharp_network(config)
    save_checkpoint(network, tmp_path)
    tokenizer.save(tmp_path)
    loaded = load_model(str(tmp_path))
    assert loaded.tokenizer.fingerprint == tokenizer.fingerprint
    assert loaded.predictor.fingerprint == reference_predictor(network).fingerprint
    assert loaded.predictor.name == f"model:{tmp_path.name}"
    save_checkpoint(sharp_network(NetworkConfig(vocabulary_size=200, end_id=0, width=16, num_layers=1)), tmp_path)
    with pytest.raises(FingerprintError, match="do not belong together"):
        load_model(str(tmp_path))
