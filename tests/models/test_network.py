import math

import numpy as np
import pytest
import torch

from byheart.errors import ConfigError
from byheart.models.transformer.config import NetworkConfig
from byheart.models.transformer.layers import Attention, RMSNorm, rotary_tables, rotate
from tests.models.networks import SMALL, sharp_network, texts


def _ids(length: int = 20, batch: int = 2) -> torch.Tensor:
    return torch.from_numpy(np.stack(texts(*[length] * batch)).astype(np.int64))


def test_the_default_network_has_the_parameters_that_its_shape_adds_up_to() -> None:
    config = NetworkConfig(vocabulary_size=2048, end_id=0)
    per_layer = 4 * 128 * 128 + 3 * 128 * 344 + 2 * 128
    assert type(sharp_network(config)).__name__ == "Network"
    assert sharp_network(config).num_parameters == 2048 * 128 + 4 * per_layer + 128


def test_the_future_does_not_change_the_past() -> None:
    network, ids = sharp_network(), _ids()
    changed = ids.clone()
    changed[:, 12:] = (changed[:, 12:] + 7) % SMALL.vocabulary_size
    with torch.inference_mode():
        before, after = network(ids), network(changed)
    assert torch.equal(before[:, :12], after[:, :12])
    assert not torch.allclose(before[:, 12:], after[:, 12:], atol=1e-2)


def test_attention_equals_the_formula() -> None:
    attention = Attention(width=8, num_heads=2)
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in attention.parameters():
            parameter.normal_(generator=generator)
    x = torch.randn(1, 5, 8, generator=generator)
    still = (torch.ones(5, 1, 4), torch.zeros(5, 1, 4))
    queries, keys, values = (x[0] @ attention.qkv.T).view(5, 3, 2, 4).permute(1, 2, 0, 3)
    scores = queries @ keys.transpose(1, 2) / math.sqrt(4)
    scores = scores.masked_fill(torch.ones(5, 5, dtype=torch.bool).triu(1), -math.inf)
    mixed = (scores.softmax(dim=-1) @ values).transpose(0, 1).reshape(5, 8)
    assert torch.allclose(attention(x, still, None, 0)[0], mixed @ attention.out.T, atol=1e-5)


def test_a_rotation_keeps_lengths_and_makes_products_depend_on_distance_only() -> None:
    cosines, sines = (table[:, None] for table in rotary_tables(30, 8, 10_000.0))
    generator = torch.Generator().manual_seed(0)
    query, key = torch.randn(2, 8, generator=generator)
    queries = rotate(query.expand(30, 1, 8), cosines, sines)[:, 0]
    keys = rotate(key.expand(30, 1, 8), cosines, sines)[:, 0]
    assert torch.allclose(queries.norm(dim=1), query.norm().expand(30), atol=1e-5)
    assert torch.allclose(queries[7] @ keys[2], queries[27] @ keys[22], atol=1e-4)
    assert not torch.allclose(queries[7] @ keys[2], queries[7] @ keys[6], atol=1e-2)


def test_a_norm_divides_by_the_root_mean_square() -> None:
    norm = RMSNorm(2, epsilon=0.0)
    with torch.no_grad():
        norm.gain.copy_(torch.tensor([1.0, 10.0]))
    rms = math.sqrt((3.0**2 + 4.0**2) / 2)
    assert norm(torch.tensor([3.0, 4.0])).tolist() == pytest.approx([3.0 / rms, 10.0 * 4.0 / rms])


@pytest.mark.parametrize("pieces", [(20,), (12, 1, 1, 6), (1,) * 20])
def test_a_cache_changes_nothing_however_the_text_is_cut(pieces: tuple[int, ...]) -> None:
    network, ids = sharp_network(), _ids()
    cache = network.new_cache()
    with torch.inference_mode():
        whole = network(ids)
        parts = [network.final_states(network.embed(part), cache) for part in torch.split(ids, list(pieces), dim=1)]
        assert torch.allclose(network.logits(torch.cat(parts, dim=1)), whole, atol=1e-4)
    assert cache.num_tokens == sum(pieces)


def test_all_faults_of_a_shape_are_named_at_once() -> None:
    with pytest.raises(ConfigError, match=r"num_layers(.|\n)*end_id"):
        NetworkConfig(vocabulary_size=10, end_id=10, num_layers=0)
    with pytest.raises(ConfigError, match="multiple of 2 \\* num_heads = 6"):
        NetworkConfig(vocabulary_size=10, end_id=0, width=32, num_heads=3)
