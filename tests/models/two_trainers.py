"""One process of a training, started as torchrun starts it: FOLDER WINDOWS; writes what it learned to RANK.json."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from byheart.models.transformer.parallel import Group, join
from byheart.models.transformer.recipe import TrainingRecipe
from byheart.models.transformer.training import Place, train
from tests.models.networks import SMALL, texts


def trained(batch_windows: int, group: Group) -> dict[str, Any]:
    """Weights and losses of a short training."""
    recipe = TrainingRecipe(num_steps=6, batch_windows=batch_windows, warmup_steps=2)
    training = train(texts(60, 90, 30), SMALL, recipe, rng=np.random.default_rng(0), place=Place(group=group))
    weights = torch.cat([parameter.detach().flatten() for parameter in training.network.parameters()])
    return {"weights": weights.tolist(), "losses": training.losses_nats.tolist(), "tokens": training.seen_tokens}


if __name__ == "__main__":
    torch.set_num_threads(1)
    with join() as joined:
        found = trained(int(sys.argv[2]), joined)
        (Path(sys.argv[1]) / f"{joined.rank}.json").write_text(json.dumps(found))
