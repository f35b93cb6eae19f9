"""Real models of transformers, tiny and random: our numbers equal their own."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from byheart.core.decoding import GREEDY
from byheart.errors import CapabilityError, FormatError, SourceError
from byheart.models import load_model
from byheart.models.causal import CausalPredictor
from byheart.models.huggingface import huggingface_predictor
from tests.models.folders import PASSAGE, llama, save_folder, sharpened, tiny_tokenizer, transformers
from tests.models.networks import texts

_SHAPE: dict[str, Any] = {
    "vocab_size": 61,
    "bos_token_id": 3,
    "eos_token_id": 3,
    "pad_token_id": None,
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 8,
    "max_position_embeddings": 33,
}
_OPTIONS: dict[str, dict[str, Any]] = {
    "GPT2": {"n_head": 2},
    "GPTNeoX": {},
    "OPT": {"ffn_dim": 32, "word_embed_proj_dim": 16},
    "Llama": {"tie_word_embeddings": False},
    "Mistral": {"sliding_window": 8},
    "Qwen2": {"tie_word_embeddings": True},
    "Qwen3": {"tie_word_embeddings": False},
    "Phi3": {},
    "Gemma2": {"final_logit_softcapping": 3.0, "sliding_window": 8, "query_pre_attn_scalar": 8},
    "Gemma3": {"final_logit_softcapping": 3.0, "sliding_window": 8, "query_pre_attn_scalar": 8},
    "Cohere": {"logit_scale": 0.25},
    "Granite": {"logits_scaling": 4.0},
}


def _model(kind: str) -> Any:
    hf = transformers()
    config_class = "Gemma3TextConfig" if kind == "Gemma3" else f"{kind}Config"
    model_class = "GPT2LMHeadModel" if kind == "GPT2" else f"{kind}ForCausalLM"
    config = getattr(hf, config_class)(**(_SHAPE | _OPTIONS[kind]))
    return sharpened(getattr(hf, model_class)(config))


def _directly(model: Any, token_ids: Any, start: list[int]) -> Any:
    ids = torch.from_numpy(np.concatenate((start, token_ids)).astype(np.int64))[None]
    with torch.inference_mode():
        return model(ids).logits[0].log_softmax(dim=-1)


@pytest.mark.parametrize("kind", sorted(_OPTIONS))
def test_every_architecture_gives_the_numbers_of_transformers(kind: str) -> None:
    model = _model(kind)
    subject = huggingface_predictor(model, name=f"model:{kind}", end_id=3)
    batch = texts(20, 7)
    for text, scores in zip(batch, subject.score(batch), strict=True):
        logs = _directly(model, text, [3])[:-1]
        own = logs.gather(1, torch.from_numpy(text.astype(np.int64))[:, None])[:, 0]
        np.testing.assert_allclose(scores.log_probability_nats, own.numpy(), atol=1e-4)
        assert np.array_equal(scores.argmax_id, logs.argmax(dim=1).numpy())
        entropy = -(logs.exp() * logs).sum(dim=1)
        np.testing.assert_allclose(scores.entropy_nats, entropy.numpy(), atol=1e-3)
    assert float(np.ptp(subject.next_log_probabilities_nats(batch[:1]))) > 0.5


@pytest.mark.parametrize("kind", ["GPT2", "Gemma2", "Mistral", "Qwen3"])
def test_what_it_writes_greedily_is_its_most_probable_token_step_by_step(kind: str) -> None:
    model = _model(kind)
    subject = huggingface_predictor(model, name=f"model:{kind}", end_id=3)
    contexts = texts(6, 12)
    for context, written in zip(
        contexts, subject.sample(contexts, GREEDY, 8, rng=np.random.default_rng(0)), strict=True
    ):
        text = context
        for token in [*written.tolist(), 3][:8]:
            assert int(_directly(model, text, [3])[-1].argmax()) == token
            text = np.append(text, np.int32(token))


def test_a_model_whose_logits_are_not_known_to_follow_from_its_head_is_refused() -> None:
    model = _model("Llama")
    original = model.forward

    def shifted(*arguments: Any, **options: Any) -> Any:
        output = original(*arguments, **options)
        output.logits = output.logits + torch.arange(61.0)
        return output

    model.forward = shifted
    with pytest.raises(CapabilityError, match="output matrix"):
        huggingface_predictor(model, name="model:shifted", end_id=3)


def test_shards_and_a_vocabulary_larger_than_the_tokenizer_s_change_nothing(tmp_path: Path) -> None:
    model = llama(320, tie_word_embeddings=False)
    whole = load_model(str(save_folder(model, tmp_path / "whole")))
    split = load_model(str(save_folder(model, tmp_path / "split", max_shard_size="20KB")))
    assert len(list((tmp_path / "split").glob("*.safetensors"))) > 2
    assert whole.predictor.fingerprint == split.predictor.fingerprint
    assert set(split.weights_blake3) == {path.name for path in (tmp_path / "split").glob("*.safetensors")}
    assert whole.weights_blake3 != split.weights_blake3
    assert isinstance(whole.predictor, CausalPredictor)
    assert (whole.predictor.vocabulary_size, whole.tokenizer.vocabulary_size) == (320, tiny_tokenizer().vocabulary_size)
    text = whole.tokenizer.encode(PASSAGE).token_ids
    logs = _directly(model, text, [whole.tokenizer.end_id])[:-1]
    expected = logs.gather(1, torch.from_numpy(text.astype(np.int64))[:, None])[:, 0].numpy()
    for loaded in (whole, split):
        assert isinstance(loaded.predictor, CausalPredictor)
        np.testing.assert_allclose(loaded.predictor.score([text])[0].log_probability_nats, expected, atol=1e-4)


@pytest.mark.parametrize("spec", ["gpt2", "HuggingFaceTB/SmolLM2-135M", "../nowhere"])
def test_a_name_of_the_hub_is_not_fetched(spec: str) -> None:
    with pytest.raises(SourceError, match="fetches nothing"):
        load_model(spec)


@pytest.mark.parametrize(("field", "value"), [("num_hidden_layers", 10**9), ("vocab_size", 10**9)])
def test_a_configuration_that_asks_for_more_than_the_weights_hold_is_refused_at_once(
    field: str, value: int, tmp_path: Path
) -> None:
    folder = save_folder(llama(300), tmp_path)
    config = json.loads((folder / "config.json").read_text())
    config.pop("layer_types", None)
    (folder / "config.json").write_text(json.dumps(config | {field: value}))
    with pytest.raises(FormatError, match="lacks weights"):
        load_model(str(folder))


@pytest.mark.parametrize(
    ("packing", "unit"),
    [
        ({"quant_method": "nonsense"}, "numbers"),
        ({"quant_method": ["gptq"]}, "numbers"),
        ({"quant_method": "gptq", "bits": 4}, "bits"),
        ({"load_in_4bit": True}, "bits"),
    ],
)
def test_a_quantization_does_not_excuse_a_configuration_from_the_bound(
    packing: dict[str, Any], unit: str, tmp_path: Path
) -> None:
    folder = save_folder(llama(300), tmp_path)
    config = json.loads((folder / "config.json").read_text())
    large = {"hidden_size": 4096, "intermediate_size": 65_536, "quantization_config": packing}
    (folder / "config.json").write_text(json.dumps(config | large))
    with pytest.raises(FormatError, match=f"the weights hold [0-9,]* {unit}") as caught:
        load_model(str(folder))
    assert caught.value.exit_code == 6


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("Llama", {"is_causal": False}, "see their future"),
        ("Gemma3", {"use_bidirectional_attention": True}, "see their future"),
        ("OpenAIGPT", {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 33}, "tokens that it remembers"),
        ("Mamba", {"state_size": 4}, "cannot be asked as a causal model"),
    ],
)
def test_what_is_no_causal_model_with_a_memory_is_refused(kind: str, options: dict[str, Any], words: str) -> None:
    hf = transformers()
    config_class = "Gemma3TextConfig" if kind == "Gemma3" else f"{kind}Config"
    model_class = "OpenAIGPTLMHeadModel" if kind == "OpenAIGPT" else f"{kind}ForCausalLM"
    shape = {name: value for name, value in _SHAPE.items() if kind != "OpenAIGPT" or name == "vocab_size"}
    model = sharpened(getattr(hf, model_class)(getattr(hf, config_class)(**(shape | _OPTIONS.get(kind, {}) | options))))
    with pytest.raises(CapabilityError, match=words):
        huggingface_predictor(model, name="model:x", end_id=3)


def test_a_text_stands_behind_the_token_that_the_tokenizer_puts_before_it(tmp_path: Path) -> None:
    size = tiny_tokenizer().vocabulary_size
    folder = save_folder(llama(size + 1), tmp_path)
    path = folder / "tokenizer.json"
    written = json.loads(path.read_text())
    mark = {"id": size, "content": "<bos>", "special": True}
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    written["added_tokens"].append(mark | flags)
    written["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "<bos>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {"<bos>": {"id": "<bos>", "ids": [size], "tokens": ["<bos>"]}},
    }
    path.write_text(json.dumps(written))
    loaded = load_model(str(folder))
    text = loaded.tokenizer.encode(PASSAGE).token_ids
    assert size not in text
    model = transformers().AutoModelForCausalLM.from_pretrained(folder).eval()
    own = _directly(model, text, [size])[:-1].gather(1, torch.from_numpy(text.astype(np.int64))[:, None])[:, 0]
    assert isinstance(loaded.predictor, CausalPredictor)
    (scores,) = loaded.predictor.score([text])
    np.testing.assert_allclose(scores.log_probability_nats, own.numpy(), atol=1e-4)
