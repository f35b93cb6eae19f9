import json
import os
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from blake3 import blake3

from byheart.errors import BackendError, FormatError, SourceError
from byheart.models import load_model
from byheart.models.causal import CausalPredictor
from byheart.models.gguf import converted_gguf
from tests.models.folders import PASSAGE, llama, tiny_tokenizer

_NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BYHEART_CACHE", str(tmp_path / "cache"))


def _rotated_by_halves(weight: Any, num_heads: int) -> Any:
    """llama.cpp turns neighbours together, transformers turns halves: rows of each head change places."""
    rows, width = weight.shape
    return weight.reshape(num_heads, 2, rows // num_heads // 2, width).swapaxes(1, 2).reshape(rows, width)


def _write(path: Path, model: Any, architecture: str = "llama") -> Path:
    """A GGUF file as llama.cpp's converter writes it, in float32."""
    config, tokenizer = model.config, tiny_tokenizer()
    raw = json.loads(tokenizer._backend.to_str())
    vocabulary = sorted(raw["model"]["vocab"], key=raw["model"]["vocab"].get)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(10_000.0)
    writer.add_vocab_size(len(vocabulary))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(vocabulary)
    writer.add_token_types([gguf.TokenType.CONTROL, *[gguf.TokenType.NORMAL] * (len(vocabulary) - 1)])
    writer.add_token_merges([" ".join(merge) for merge in raw["model"]["merges"]])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    tensors = {name: tensor.detach().numpy() for name, tensor in model.state_dict().items()}
    writer.add_tensor("token_embd.weight", tensors["model.embed_tokens.weight"])
    writer.add_tensor("output_norm.weight", tensors["model.norm.weight"])
    writer.add_tensor("output.weight", tensors["lm_head.weight"])
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}
    for layer in range(config.num_hidden_layers):
        for theirs, ours in _NAMES.items():
            tensor = tensors[f"model.layers.{layer}.{theirs}.weight"]
            tensor = _rotated_by_halves(tensor, heads[ours]) if ours in heads else tensor
            writer.add_tensor(f"blk.{layer}.{ours}.weight", np.ascontiguousarray(tensor))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _tiny() -> Any:
    return llama(tiny_tokenizer().vocabulary_size, tie_word_embeddings=False)


def test_a_gguf_file_gives_the_numbers_of_the_model_that_it_was_made_from(tmp_path: Path) -> None:
    model, path = _tiny(), tmp_path / "tiny.gguf"
    loaded = load_model(f"gguf:{_write(path, model)}")
    assert loaded.predictor.name == "model:tiny"
    assert loaded.weights_blake3 == {"tiny.gguf": blake3(path.read_bytes()).hexdigest()}
    assert loaded.loaded_as == {"device": "cpu", "dtype": "float32"}
    assert isinstance(loaded.predictor, CausalPredictor)
    text = loaded.tokenizer.encode(PASSAGE).token_ids
    assert np.array_equal(text, tiny_tokenizer().encode(PASSAGE).token_ids)
    ids = torch.from_numpy(np.concatenate(([0], text)).astype(np.int64))[None]
    with torch.inference_mode():
        logs = model(ids).logits[0, :-1].log_softmax(dim=-1).gather(1, ids[0, 1:, None])[:, 0]
    np.testing.assert_allclose(loaded.predictor.score([text])[0].log_probability_nats, logs.numpy(), atol=1e-4)


def test_it_is_converted_once_and_another_file_is_not_taken_for_it(tmp_path: Path) -> None:
    path = _write(tmp_path / "tiny.gguf", _tiny())
    heard: list[str] = []
    folder = converted_gguf(path, on_progress=lambda stage, done, total, note="": heard.append(stage))
    assert heard == ["convert GGUF (once)"] * 4
    assert converted_gguf(path, on_progress=lambda stage, done, total, note="": heard.append("again")) == folder
    assert heard[-1] != "again"
    data = bytearray(path.read_bytes())
    data[-3] ^= 1  # in the last tensor
    (tmp_path / "other.gguf").write_bytes(data)
    other = converted_gguf(tmp_path / "other.gguf")
    assert other != folder
    assert (other / "model.safetensors").read_bytes() != (folder / "model.safetensors").read_bytes()
    assert sorted(p.name for p in folder.parent.iterdir()) == sorted((folder.name, other.name))


@pytest.mark.parametrize("fault", ["flipped bit", "file gone", "file more", "not sealed"])
def test_a_conversion_that_was_damaged_since_is_made_anew_and_said_so(fault: str, tmp_path: Path) -> None:
    path = _write(tmp_path / "tiny.gguf", _tiny())
    folder = converted_gguf(path)
    weights = folder / "model.safetensors"
    good = weights.read_bytes()
    if fault == "flipped bit":
        data = bytearray(good)
        data[-1] ^= 1  # the sign and the exponent of the last number
        weights.write_bytes(data)
    elif fault == "file gone":
        (folder / "tokenizer.json").unlink()
    elif fault == "file more":
        (folder / "adapter_config.json").write_text("{}")
    else:
        (folder / "checksums.json").unlink()  # as earlier versions left it
    said: set[str] = set()
    assert converted_gguf(path, on_progress=lambda stage, done, total, note="": said.add(stage)) == folder
    assert said == {"convert GGUF (again: the copy in the cache is damaged)"}
    assert weights.read_bytes() == good
    assert (folder / "tokenizer.json").is_file()
    assert not (folder / "adapter_config.json").exists()
    assert [place.name for place in folder.parent.iterdir()] == [folder.name]


def test_what_is_no_gguf_file_is_an_input_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no GGUF file"):
        load_model(f"gguf:{tmp_path / 'absent.gguf'}")
    (tmp_path / "text.gguf").write_text("Once upon a time there was a file that was not what it seemed")
    with pytest.raises(SourceError, match="not in the GGUF format") as caught:
        load_model(f"gguf:{tmp_path / 'text.gguf'}")
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("kept", [4, 23, 24, 200, 5000, -4000])
def test_a_file_that_was_cut_off_is_damaged(kept: int, tmp_path: Path) -> None:
    path = _write(tmp_path / "tiny.gguf", _tiny())
    os.truncate(path, kept if kept > 0 else path.stat().st_size + kept)
    with pytest.raises(FormatError, match="damaged") as caught:
        load_model(f"gguf:{path}")
    assert caught.value.exit_code == 6


@pytest.mark.parametrize("offset", [8, 16])
def test_a_header_that_announces_more_than_the_file_can_hold_is_refused_at_once(offset: int, tmp_path: Path) -> None:
    path = _write(tmp_path / "tiny.gguf", _tiny())
    data = bytearray(path.read_bytes())
    data[offset : offset + 8] = (1 << 60).to_bytes(8, "little")
    path.write_bytes(data)
    with pytest.raises(FormatError, match="1,152,921,504,606,846,976"):
        load_model(f"gguf:{path}")


def test_a_configuration_that_asks_for_more_layers_than_there_are_is_refused(tmp_path: Path) -> None:
    model = _tiny()
    path = _write(tmp_path / "tiny.gguf", model)
    data = path.read_bytes()
    key = b"llama.block_count" + (4).to_bytes(4, "little")
    two = key + (2).to_bytes(4, "little")
    assert data.count(two) == 1
    path.write_bytes(data.replace(two, key + (3_000_000_000).to_bytes(4, "little")))
    with pytest.raises(FormatError, match="lacks weights"):
        load_model(f"gguf:{path}")


def test_an_architecture_that_transformers_does_not_read_is_named(tmp_path: Path) -> None:
    path = _write(tmp_path / "tiny.gguf", _tiny(), architecture="unheard-of")
    with pytest.raises(BackendError, match="unheard-of") as caught:
        load_model(f"gguf:{path}")
    assert caught.value.exit_code == 5
