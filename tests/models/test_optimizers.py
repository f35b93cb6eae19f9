import pytest
import torch
from torch.nn import functional as F

from byheart.models.transformer.config import FORMS, Form, NetworkConfig
from byheart.models.transformer.loss import TiedLoss
from byheart.models.transformer.muon import Muon, orthogonalized
from byheart.models.transformer.network import Network
from byheart.models.transformer.optimizers import optimizers, set_step_size
from byheart.models.transformer.recipe import Optimizer, TrainingRecipe


def _random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [(3, 20, 8), (2, 8, 20)])
def test_an_orthogonalized_matrix_has_singular_values_near_1_and_the_old_directions(
    shape: tuple[int, int, int],
) -> None:
    matrices = _random(*shape)
    found = orthogonalized(matrices, torch.float32)
    singular = torch.linalg.svdvals(found)
    assert singular.min() > 0.5
    assert singular.max() < 1.3
    left, _, right = torch.linalg.svd(matrices, full_matrices=False)
    inside = left.transpose(1, 2) @ found @ right.transpose(1, 2)
    assert (inside - torch.diag_embed(inside.diagonal(dim1=1, dim2=2))).abs().max() < 1e-3


def test_muon_in_bfloat16_takes_the_steps_of_torchs_muon() -> None:
    ours, theirs = ([torch.nn.Parameter(_random(*shape)) for shape in ((24, 8), (8, 16), (24, 8))] for _ in range(2))
    mine = Muon(ours, lr=0.02, weight_decay=0.1, dtype=torch.bfloat16)
    other = torch.optim.Muon(theirs, lr=0.02, weight_decay=0.1, adjust_lr_fn="original")
    for step in range(5):
        for index, (one, two) in enumerate(zip(ours, theirs, strict=True)):
            one.grad = _random(*one.shape, seed=10 * step + index)
            two.grad = one.grad.clone()
        mine.step()
        other.step()  # type: ignore[no-untyped-call]
    for one, two in zip(ours, theirs, strict=True):
        assert (one - two).abs().max() < 5 * 0.02 * 0.05
        assert (one - two).norm() < 0.02 * (one - _random(*one.shape)).norm()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("optimizer", ["adamw", "descent", "muon"])
def test_every_parameter_moves_in_exactly_one_optimizer(form: Form, optimizer: Optimizer) -> None:
    config = NetworkConfig(vocabulary_size=30, end_id=0, width=16, num_layers=2, hidden_width=24, form=form)
    network = Network(config)
    found = optimizers(network, TrainingRecipe(num_steps=1, optimizer=optimizer), torch.float32)
    groups = [group for one in found for group in one.param_groups]
    held = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(held) == sorted(id(parameter) for parameter in network.parameters())
    set_step_size(found, 0.5)
    assert all(group["lr"] == 0.5 * group["peak"] for group in groups)


def test_the_loss_in_blocks_and_its_gradients_equal_the_whole_loss() -> None:
    states, embedding = _random(2500, 16).requires_grad_(), _random(70, 16, seed=1).requires_grad_()
    targets = torch.randint(70, (2500,), generator=torch.Generator().manual_seed(2))
    whole = F.cross_entropy(F.linear(states, embedding), targets)
    expected = torch.autograd.grad(whole, (states, embedding))
    loss = TiedLoss.apply(states, embedding, targets)  # type: ignore[no-untyped-call]
    found = torch.autograd.grad(loss, (states, embedding))
    assert loss.item() == pytest.approx(whole.item(), rel=1e-6)
    for one, two in zip(found, expected, strict=True):
        assert (one - two).abs().max() < 1e-5 * two.abs().max()
