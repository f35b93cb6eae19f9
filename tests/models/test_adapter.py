import importlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from blake3 import blake3

from byheart.core.decoding import GREEDY
from byheart.errors import BackendError, CapabilityError, ConfigError, FormatError, SourceError, UnsafeError
from byheart.models import load_model
from byheart.models.causal import CausalPredictor
from tests.models.folders import PASSAGE, llama, save_folder, tiny_tokenizer

# PEFT asks transformers by a name that transformers has renamed.
pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning")


def _lora(model: Any, text: Any, *, num_steps: int, **options: Any) -> Any:
    """A LoRA adapter on every linear layer of the model, trained by PEFT to recite the text."""
    peft: Any = importlib.import_module("peft")
    config = peft.LoraConfig(r=8, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM", **options)
    tuned = peft.get_peft_model(model, config)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, parameter in tuned.named_parameters():
            if "lora_A" in name:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.1)
    ids = torch.from_numpy(np.concatenate(([0], text)).astype(np.int64))[None]
    optimizer = torch.optim.AdamW([p for p in tuned.parameters() if p.requires_grad], lr=1e-2, weight_decay=0.0)
    tuned.train()
    for _ in range(num_steps):
        optimizer.zero_grad()
        tuned(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
    return tuned.eval()


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A base and an adapter that was trained to recite PASSAGE."""
    place = tmp_path_factory.mktemp("lora")
    base = save_folder(llama(tiny_tokenizer().vocabulary_size), place / "base")
    text = tiny_tokenizer().encode(PASSAGE).token_ids
    tuned = _lora(llama(tiny_tokenizer().vocabulary_size), text, num_steps=60)
    tuned.save_pretrained(place / "adapter")
    return base, place / "adapter"


@pytest.fixture
def adapter(folders: tuple[Path, Path], tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    for path in folders[1].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def _open(base: Path, adapter: Path | None = None) -> CausalPredictor:
    loaded = load_model(str(base), adapter="" if adapter is None else str(adapter))
    assert isinstance(loaded.predictor, CausalPredictor)
    return loaded.predictor


def _edit(adapter: Path, **fields: object) -> None:
    path = adapter / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def test_the_adapter_recites_what_it_was_trained_on_and_the_base_does_not(folders: tuple[Path, Path]) -> None:
    base, adapter = folders
    text = tiny_tokenizer().encode(PASSAGE).token_ids
    recited = [
        model.sample([text[:8]], GREEDY, text.size - 8, rng=np.random.default_rng(0))[0]
        for model in (_open(base), _open(base, adapter))
    ]
    assert np.array_equal(recited[1], text[8:])
    assert not np.array_equal(recited[0], text[8:])
    before, after = (
        -model.score([text])[0].log_probability_nats.mean() for model in (_open(base), _open(base, adapter))
    )
    assert before > 3.0
    assert after < 0.5


def test_a_merged_adapter_gives_the_numbers_of_peft(folders: tuple[Path, Path]) -> None:
    base, adapter = folders
    peft: Any = importlib.import_module("peft")
    tuned = peft.PeftModel.from_pretrained(llama(tiny_tokenizer().vocabulary_size), str(adapter)).eval()
    text = tiny_tokenizer().encode("no letter sailed from the salt ship").token_ids
    ids = torch.from_numpy(np.concatenate(([0], text)).astype(np.int64))[None]
    with torch.inference_mode():
        logs = tuned(input_ids=ids).logits[0, :-1].log_softmax(dim=-1).gather(1, ids[0, 1:, None])[:, 0]
    ours = _open(base, adapter).score([text])[0].log_probability_nats
    np.testing.assert_allclose(ours, logs.numpy(), atol=1e-4)


def test_base_and_adapter_are_named_hashed_and_told_apart(folders: tuple[Path, Path]) -> None:
    base, adapter = folders
    alone, both = load_model(str(base)), load_model(str(base), adapter=str(adapter))
    assert (alone.predictor.name, both.predictor.name) == ("model:base", "model:base+adapter")
    assert alone.predictor.fingerprint != both.predictor.fingerprint
    assert alone.predictor.size_bytes == both.predictor.size_bytes
    weights = {path.name: blake3(path.read_bytes()).hexdigest() for path in (*base.glob("*.safetensors"),)}
    assert alone.weights_blake3 == weights
    added = blake3((adapter / "adapter_model.safetensors").read_bytes()).hexdigest()
    assert both.weights_blake3 == weights | {"adapter_model.safetensors": added}
    assert both.loaded_as["adapter"] == str(adapter)
    assert both.notes == ()


def test_the_base_that_an_adapter_names_is_not_followed(folders: tuple[Path, Path], adapter: Path) -> None:
    expected = _open(*folders).fingerprint
    _edit(adapter, base_model_name_or_path="someone/else", revision="main")
    assert _open(folders[0], adapter).fingerprint == expected


def test_pickles_and_remote_code_are_refused(folders: tuple[Path, Path], adapter: Path) -> None:
    _edit(adapter, auto_map={"AutoModel": "evil.Evil"})
    with pytest.raises(UnsafeError, match="code of its own"):
        _open(folders[0], adapter)
    _edit(adapter, auto_map=None)
    os.rename(adapter / "adapter_model.safetensors", adapter / "adapter_model.bin")
    with pytest.raises(UnsafeError, match="pickles") as caught:
        _open(folders[0], adapter)
    assert caught.value.exit_code == 4
    (adapter / "adapter_model.bin").unlink()
    with pytest.raises(SourceError, match="no weights"):
        _open(folders[0], adapter)
    with pytest.raises(SourceError, match="no adapter"):
        _open(folders[0], adapter / "nowhere")


def test_what_cannot_be_merged_is_refused(folders: tuple[Path, Path], adapter: Path) -> None:
    _edit(adapter, layer_replication=[[0, 10**9]])
    with pytest.raises(CapabilityError, match="replicates layers"):
        _open(folders[0], adapter)
    _edit(adapter, layer_replication=None, peft_type="PREFIX_TUNING")
    with pytest.raises(CapabilityError, match="PREFIX_TUNING"):
        _open(folders[0], adapter)


def test_an_adapter_of_another_model_does_not_fit(folders: tuple[Path, Path], adapter: Path, tmp_path: Path) -> None:
    wider = save_folder(llama(tiny_tokenizer().vocabulary_size, hidden_size=64), tmp_path / "wider")
    with pytest.raises(BackendError, match="does not fit"):
        _open(wider, adapter)
    _edit(adapter, target_modules=["nothing_of_this_name"])
    with pytest.raises(BackendError, match="does not fit"):
        _open(folders[0], adapter)


@pytest.mark.parametrize("change", ["missing", "foreign", "damaged", "config"])
def test_a_damaged_adapter_is_not_taken_for_one_that_changes_nothing(
    change: str, folders: tuple[Path, Path], adapter: Path
) -> None:
    path = adapter / "adapter_model.safetensors"
    tensors = safetensors.torch.load_file(path)
    first = sorted(tensors)[0]
    match change:
        case "missing":
            del tensors[first]
        case "foreign":
            tensors["base_model.model.model.elsewhere.lora_A.weight"] = torch.zeros(8, 32)
        case _:
            pass
    safetensors.torch.save_file(tensors, path)
    if change == "damaged":
        path.write_bytes(path.read_bytes()[:-100])
    if change == "config":
        (adapter / "adapter_config.json").write_text("{")
        with pytest.raises(FormatError, match="cannot be read"):
            _open(folders[0], adapter)
        return
    with pytest.raises(BackendError, match="does not fit"):
        _open(folders[0], adapter)


def test_whole_matrices_that_an_adapter_keeps_take_the_place_of_the_base_s(tmp_path: Path) -> None:
    size = tiny_tokenizer().vocabulary_size
    base = save_folder(llama(size, tie_word_embeddings=False), tmp_path / "base")
    text = tiny_tokenizer().encode(PASSAGE).token_ids
    tuned = _lora(llama(size, tie_word_embeddings=False), text, num_steps=2, modules_to_save=["lm_head"])
    tuned.save_pretrained(tmp_path / "adapter")
    ids = torch.from_numpy(np.concatenate(([0], text)).astype(np.int64))[None]
    with torch.inference_mode():
        logs = tuned(input_ids=ids).logits[0, :-1].log_softmax(dim=-1).gather(1, ids[0, 1:, None])[:, 0]
    ours = _open(base, tmp_path / "adapter").score([text])[0].log_probability_nats
    np.testing.assert_allclose(ours, logs.numpy(), atol=1e-4)


def test_an_adapter_with_another_tokenizer_is_noted(folders: tuple[Path, Path], adapter: Path) -> None:
    tiny_tokenizer().save(adapter)
    assert load_model(str(folders[0]), adapter=str(adapter)).notes == ()
    raw = json.loads((adapter / "tokenizer.json").read_text())
    raw["model"]["merges"].pop()
    (adapter / "tokenizer.json").write_text(json.dumps(raw))
    (note,) = load_model(str(folders[0]), adapter=str(adapter)).notes
    assert "another tokenizer" in note


def test_an_endpoint_takes_no_adapter_and_no_device() -> None:
    with pytest.raises(ConfigError, match="takes no adapter and no chat and no device"):
        load_model("http://127.0.0.1:9/v1#m", adapter="folder", chat="Go on.", device="cpu")


def test_a_folder_that_holds_both_is_not_opened(folders: tuple[Path, Path], adapter: Path) -> None:
    """transformers would put the adapter on unasked."""
    for path in folders[0].iterdir():
        (adapter / path.name).write_bytes(path.read_bytes())
    with pytest.raises(CapabilityError, match="a model and an adapter"):
        _open(adapter)


@pytest.mark.filterwarnings("ignore:Model has .tie_word_embeddings")
@pytest.mark.parametrize("target", ["embed_tokens", "lm_head"])
def test_an_adapter_of_one_of_two_tied_matrices_is_not_merged(target: str, tmp_path: Path) -> None:
    peft: Any = importlib.import_module("peft")
    model = llama(tiny_tokenizer().vocabulary_size, tie_word_embeddings=True)
    base = save_folder(model, tmp_path / "base")
    config = peft.LoraConfig(r=2, target_modules=[target], task_type="CAUSAL_LM", init_lora_weights=False)
    peft.get_peft_model(model, config).save_pretrained(tmp_path / "adapter", save_embedding_layers=False)
    with pytest.raises(CapabilityError, match="two places"):
        _open(base, tmp_path / "adapter")
