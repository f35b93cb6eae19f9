"""How others score: the plain transformers loop with full logits, and lm-evaluation-harness. Run in the peers' venv.

python -m learners.scoring_peers plain BATCH TEXTS NUM RESULT
python -m learners.scoring_peers harness BATCH TEXTS NUM RESULT
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForCausalLM

from learners import GIVEN
from learners.machine import forget_peak, matmul_flops, peak_bytes


def plain(model: torch.nn.Module, ids: torch.Tensor, batch: int) -> list[float]:
    """Full logits, log-softmax, gather: what everyone writes first. Nats of each text's scored tokens."""
    found: list[float] = []
    with torch.inference_mode():
        for first in range(0, len(ids), batch):
            chosen = ids[first : first + batch]
            logits = model(input_ids=chosen[:, :-1], use_cache=False).logits
            logs = torch.log_softmax(logits.float(), dim=-1).gather(-1, chosen[:, 1:, None]).squeeze(-1)
            found += (-logs[:, GIVEN:].sum(dim=1)).tolist()
    return found


def main() -> None:
    """Scores once to warm up a little, then everything, timed."""
    kind, batch, path, num, result = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), sys.argv[5]
    with np.load(path) as file:
        windows, start, folder = file["windows"][:num], int(file["start_id"]), str(file["folder"])
    ids = torch.from_numpy(np.insert(windows.astype(np.int64), 0, start, axis=1))
    if kind == "plain":
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()

        def work(some: torch.Tensor) -> list[float]:
            return plain(model, some, batch)
    else:
        from lm_eval.models.huggingface import HFLM

        harness = HFLM(pretrained=folder, device="cpu", dtype="float32", batch_size=batch)

        def work(some: torch.Tensor) -> list[float]:
            rows = some.tolist()
            asked = [(("", ""), row[: GIVEN + 1], row[GIVEN + 1 :]) for row in rows]
            return [-nats for nats, _ in harness._loglikelihood_tokens(asked, disable_tqdm=True)]

    resident = forget_peak()
    work(ids[: 2 * batch])
    rate = matmul_flops()
    started = time.perf_counter()
    nats = work(ids)
    seconds = time.perf_counter() - started
    peak = peak_bytes()
    facts = {
        "seconds": seconds,
        "tokens_per_second": windows.size / seconds,
        "pass_bytes": peak - resident,
        "matmul_flops": max(rate, matmul_flops()),
        "nats": nats,
    }
    Path(result).write_text(json.dumps(facts), "utf-8")


if __name__ == "__main__":
    main()
