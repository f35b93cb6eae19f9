"""How byheart trains the same network, with the same optimizer, in float32.

python -m learners.training SIZE TEXTS RESULT
"""

import json
import sys
from pathlib import Path

import numpy as np

from byheart.core.streams import stream
from byheart.models.transformer.config import NetworkConfig
from byheart.models.transformer.recipe import Precision, TrainingRecipe
from byheart.models.transformer.training import train
from learners import BATCH, CONTEXT, LEARNING_RATE, SHAPES, STEPS, WARM_UP


def main() -> None:
    """Trains and says how fast."""
    precision: Precision = "bfloat16" if sys.argv[1] == "bfloat16" else "float32"
    size, path, result = sys.argv[2:]
    with np.load(path) as file:
        documents = np.split(file["stream"], np.cumsum(file["sizes"])[:-1])
        vocabulary_size, end_id = int(file["vocabulary_size"]), int(file["end_id"])
    width, hidden_width = SHAPES[size]
    config = NetworkConfig(
        vocabulary_size=vocabulary_size,
        end_id=end_id,
        width=width,
        hidden_width=hidden_width,
        context_tokens=CONTEXT,
    )
    recipe = TrainingRecipe(
        num_steps=STEPS[size], batch_windows=BATCH, learning_rate=LEARNING_RATE, optimizer="adamw", precision=precision
    )
    training = train(documents, config, recipe, rng=stream(0, "bench", "training"))
    seconds = float(training.seconds_at[-1] - training.seconds_at[WARM_UP - 1])
    facts = {
        "tokens_per_second": (STEPS[size] - WARM_UP) * BATCH * CONTEXT / seconds,
        "parameters": training.network.num_parameters,
    }
    Path(result).write_text(json.dumps(facts), "utf-8")


if __name__ == "__main__":
    main()
