"""How byheart scores the same windows. python -m learners.scoring TEXTS NUM RESULT"""

import json
import sys
import time
from pathlib import Path

import numpy as np

from byheart.core.batches import plan_batches
from byheart.core.tokens import TokenIds
from byheart.models import load_model
from byheart.models.causal import CausalPredictor
from learners import GIVEN
from learners.machine import forget_peak, matmul_flops, peak_bytes


def body_and_head(predictor: CausalPredictor, folder: Path, num_given: int, num_scored: int) -> float:
    """Floating-point operations of matrix products that a window cannot do without.

    Definition:
        2 x (matrix entries of the layers x its tokens + entries of the output matrix x tokens that are scored);
        attention's own products are left out
    """
    config = json.loads((folder / "config.json").read_text("utf-8"))
    width, hidden, layers = config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"]
    head_width = config.get("head_dim") or width // config["num_attention_heads"]
    queries = config["num_attention_heads"] * head_width
    keys = config["num_key_value_heads"] * head_width
    entries = layers * (2 * width * queries + 2 * width * keys + 3 * width * hidden)
    return 2.0 * (entries * (num_given + num_scored) + width * predictor.vocabulary_size * num_scored)


def main() -> None:
    """Scores a few windows to warm up, then everything, timed."""
    path, num, result = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    with np.load(path) as file:
        windows: list[TokenIds] = list(file["windows"][:num].astype(np.int32))
        folder = Path(str(file["folder"]))
    predictor = load_model("smollm2").predictor
    assert isinstance(predictor, CausalPredictor)

    def work(some: list[TokenIds]) -> list[float]:
        found = [0.0] * len(some)
        for batch in plan_batches(some):
            scores = predictor.score([some[i] for i in batch], [GIVEN] * len(batch))
            for i, one in zip(batch, scores, strict=True):
                found[i] = -float(one.log_probability_nats.sum())
        return found

    resident = forget_peak()
    work(windows[:32])
    rate = matmul_flops()
    started = time.perf_counter()
    nats = work(windows)
    seconds = time.perf_counter() - started
    peak = peak_bytes()
    work_flops = body_and_head(predictor, folder, GIVEN, windows[0].size - GIVEN) * len(windows)
    facts = {
        "seconds": seconds,
        "tokens_per_second": windows[0].size * len(windows) / seconds,
        "pass_bytes": peak - resident,
        "matmul_flops": max(rate, matmul_flops()),
        "flops": work_flops / seconds,
        "nats": nats,
    }
    Path(result).write_text(json.dumps(facts), "utf-8")


if __name__ == "__main__":
    main()
