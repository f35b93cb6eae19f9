"""Networks that write: caches and their rows."""

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from byheart.models.huggingface import HuggingFaceNetwork
from byheart.models.network import CausalNetwork, RaggedNetwork
from tests.models.networks import sharp_network, texts


def _gpt2() -> HuggingFaceNetwork:
    hf: Any = importlib.import_module("transformers")
    config = hf.GPT2Config(
        n_positions=33, n_embd=16, n_layer=2, n_head=2, vocab_size=61, bos_token_id=3, eos_token_id=3
    )
    return HuggingFaceNetwork(hf.GPT2LMHeadModel(config).eval())


NETWORKS: dict[str, Callable[[], CausalNetwork]] = {"reference": sharp_network, "gpt2": _gpt2}


def _ids(*lengths: int) -> torch.Tensor:
    return torch.from_numpy(np.stack(texts(*lengths)).astype(np.int64))


@pytest.mark.parametrize("name", NETWORKS)
def test_rows_of_a_cache_go_on_by_themselves(name: str) -> None:
    network = NETWORKS[name]()
    assert not isinstance(network, RaggedNetwork)
    assert network.device == torch.device("cpu")
    past, (first, second, third) = _ids(9, 9), _ids(5, 5, 5)
    with torch.inference_mode():
        cache = network.new_cache()
        network.final_states(network.embed(past), cache)
        chosen = cache.rows(torch.tensor([1, 0, 1]))
        states = network.final_states(network.embed(torch.stack((first, second, third))), chosen)
        whole = torch.stack((torch.cat((past[1], first)), torch.cat((past[0], second)), torch.cat((past[1], third))))
        torch.testing.assert_close(states, network.final_states(network.embed(whole))[:, 9:], atol=1e-4, rtol=0)
        # The cache that the rows come from has not moved.
        states = network.final_states(network.embed(torch.stack((third, first))), cache)
        whole = torch.stack((torch.cat((past[0], third)), torch.cat((past[1], first))))
        torch.testing.assert_close(states, network.final_states(network.embed(whole))[:, 9:], atol=1e-4, rtol=0)
    assert float(states.std()) > 0.1
