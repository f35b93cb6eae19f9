"""How others write: transformers' own `generate`, greedy. python -m learners.generation_peer BATCH TEXTS RESULT"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForCausalLM, GenerationConfig

from learners import GIVEN, PROMPTS, WRITTEN


def main() -> None:
    """Writes once to warm up a little, then after every prompt, timed."""
    batch, path, result = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    with np.load(path) as file:
        prompts, start, folder = file["windows"][:PROMPTS, :GIVEN], int(file["start_id"]), str(file["folder"])
    ids = torch.from_numpy(np.insert(prompts.astype(np.int64), 0, start, axis=1))
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    rule = GenerationConfig(max_new_tokens=WRITTEN, do_sample=False, eos_token_id=start, pad_token_id=start)

    def work(some: torch.Tensor) -> list[list[int]]:
        found: list[list[int]] = []
        for first in range(0, len(some), batch):
            chosen = some[first : first + batch]
            written = model.generate(chosen, attention_mask=torch.ones_like(chosen), generation_config=rule)
            found += written[:, GIVEN + 1 :].tolist()
        return found

    work(ids[:batch])
    started = time.perf_counter()
    written = work(ids)
    seconds = time.perf_counter() - started
    # Behind its end a text is padded with the end token; only what was written counts.
    kept = [row[: row.index(start)] if start in row else row for row in written]
    tokens = sum(map(len, kept))
    facts = {"seconds": seconds, "tokens_per_second": tokens / seconds, "written": kept}
    Path(result).write_text(json.dumps(facts), "utf-8")


if __name__ == "__main__":
    main()
