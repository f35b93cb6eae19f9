from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from byheart.errors import CapabilityError, ConfigError
from byheart.models import load_model
from byheart.models.causal import CausalPredictor
from byheart.models.device import Placement, matmul_rates, placement
from byheart.models.transformer.checkpoint import save_checkpoint
from byheart.models.transformer.config import NetworkConfig
from tests.models.folders import PASSAGE, llama, save_folder, tiny_tokenizer
from tests.models.networks import sharp_network


def _machine(monkeypatch: pytest.MonkeyPatch, *, cuda: bool) -> None:
    # The real thing cannot run here: there is no GPU.
    monkeypatch.setattr("torch.cuda.is_available", lambda: cuda)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)


@pytest.mark.parametrize(
    ("cuda", "stored", "chosen"),
    [
        (False, "bfloat16", ("cpu", "float32")),
        (False, "float16", ("cpu", "float32")),
        (True, "bfloat16", ("cuda", "bfloat16")),
        (True, "torch.bfloat16", ("cuda", "bfloat16")),
        (True, "float16", ("cuda", "float32")),
        (True, None, ("cuda", "float32")),
    ],
)
def test_auto_takes_a_gpu_and_less_than_float32_only_there(
    cuda: bool, stored: Any, chosen: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _machine(monkeypatch, cuda=cuda)
    assert placement("auto", "auto", {"dtype": stored}) == Placement(*chosen)
    assert placement("auto", "auto", {"torch_dtype": stored}) == Placement(*chosen)
    assert placement("cpu", "bfloat16", {"dtype": stored}) == Placement("cpu", "bfloat16")


def test_a_device_that_is_not_there_and_a_name_that_means_nothing_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    _machine(monkeypatch, cuda=False)
    with pytest.raises(CapabilityError, match="no device cuda"):
        placement("cuda", "auto", {})
    with pytest.raises(ConfigError, match="no device 'gpu'"):
        load_model("anything", device="gpu")
    with pytest.raises(ConfigError, match="no dtype 'int8'"):
        load_model("anything", dtype="int8")


def test_another_precision_is_other_numbers_and_another_fingerprint(tmp_path: Path) -> None:
    folder = str(save_folder(llama(tiny_tokenizer().vocabulary_size), tmp_path))
    text = tiny_tokenizer().encode(PASSAGE).token_ids
    scored, fingerprints = [], set()
    for dtype in ("float32", "bfloat16"):
        loaded = load_model(folder, dtype=dtype)
        assert loaded.loaded_as == {"device": "cpu", "dtype": dtype}
        assert isinstance(loaded.predictor, CausalPredictor)
        fingerprints.add(loaded.predictor.fingerprint)
        scored.append(loaded.predictor.score([text])[0].log_probability_nats)
    assert len(fingerprints) == 2
    assert not np.array_equal(scored[0], scored[1])
    assert float(np.abs(scored[0] - scored[1]).mean()) < 0.2
    auto = load_model(folder)
    assert auto.predictor.fingerprint == load_model(folder, device="cpu", dtype="float32").predictor.fingerprint


def test_our_reference_in_another_precision_is_loaded_as_the_llama_that_it_is(tmp_path: Path) -> None:
    tokenizer = tiny_tokenizer()
    shape = NetworkConfig(vocabulary_size=tokenizer.vocabulary_size, end_id=tokenizer.end_id, width=16, num_layers=1)
    save_checkpoint(sharp_network(shape), tmp_path)
    tokenizer.save(tmp_path)
    loaded = load_model(str(tmp_path), dtype="bfloat16")
    assert isinstance(loaded.predictor, CausalPredictor)
    assert loaded.predictor.network.embed(torch.zeros(1, 1, dtype=torch.int64)).dtype == torch.bfloat16


def test_rates_are_measured_for_both_precisions() -> None:
    rates = matmul_rates("cpu", width=64)
    assert set(rates) == {"float32", "bfloat16"}
    assert all(rate > 0 for rate in rates.values())
