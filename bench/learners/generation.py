"""How byheart writes after the same prompts. python -m learners.generation TEXTS RESULT"""

import json
import sys
import time
from pathlib import Path

import numpy as np

from byheart.core.decoding import GREEDY
from byheart.models import load_model
from byheart.models.causal import CausalPredictor
from learners import GIVEN, PROMPTS, WRITTEN


def main() -> None:
    """Writes after a few prompts to warm up, then after all, timed."""
    path, result = sys.argv[1:]
    with np.load(path) as file:
        prompts = list(file["windows"][:PROMPTS, :GIVEN].astype(np.int32))
    predictor = load_model("smollm2").predictor
    assert isinstance(predictor, CausalPredictor)
    predictor.sample(prompts[:16], GREEDY, 4, rng=np.random.default_rng(0))
    started = time.perf_counter()
    written = predictor.sample(prompts, GREEDY, WRITTEN, rng=np.random.default_rng(0))
    seconds = time.perf_counter() - started
    kept = [ids.tolist() for ids in written]
    tokens = sum(map(len, kept))
    facts = {"seconds": seconds, "tokens_per_second": tokens / seconds, "written": kept}
    Path(result).write_text(json.dumps(facts), "utf-8")


if __name__ == "__main__":
    main()
