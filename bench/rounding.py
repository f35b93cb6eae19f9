"""How much a text's log-probabilities move with the size of the batch around it: what the order check must let pass.

    python bench/rounding.py

SmolLM2 in transformers, the texts of byheart's order check, float32 and bfloat16, batches of several sizes against 1.
A minute.
"""

import numpy as np
import numpy.typing as npt
import torch
from transformers import AutoModelForCausalLM

from byheart.core.tokens import TokenIds
from byheart.corpus.tokenizer import Tokenizer
from byheart.models.endpoint.order_check import check_texts
from byheart.models.smollm2 import smollm2_folder

SIZES = (4, 8, 16, 32)


@torch.inference_mode()
def log_probabilities_nats(
    model: torch.nn.Module, texts: list[TokenIds], start_id: int, batch: int
) -> npt.NDArray[np.float64]:
    """Of every token, text after text; batches are padded at the right."""
    found = []
    for first in range(0, len(texts), batch):
        some = texts[first : first + batch]
        ids = torch.zeros(len(some), 1 + max(text.size for text in some), dtype=torch.int64)
        for row, text in zip(ids, some, strict=True):
            row[: text.size + 1] = torch.from_numpy(np.insert(text.astype(np.int64), 0, start_id))
        logs = torch.log_softmax(model(ids[:, :-1]).logits.float(), dim=-1).gather(-1, ids[:, 1:, None]).squeeze(-1)
        found += [row[: text.size].double().numpy() for row, text in zip(logs, some, strict=True)]
    return np.concatenate(found)


def main() -> None:
    """Measures and prints."""
    folder = smollm2_folder()
    tokenizer = Tokenizer.from_folder(folder)
    texts = check_texts(tokenizer, None)
    for dtype in (torch.float32, torch.bfloat16):
        model = AutoModelForCausalLM.from_pretrained(str(folder), dtype=dtype).eval()
        alone = log_probabilities_nats(model, texts, tokenizer.end_id, 1)
        for size in SIZES:
            gaps = np.abs(log_probabilities_nats(model, texts, tokenizer.end_id, size) - alone)
            print(f"{dtype}, batches of {size}: {gaps.max():.6f} nats at most, {gaps.mean():.6f} on average")


if __name__ == "__main__":
    main()
