"""How others train: LlamaForCausalLM in the plain loop, or under transformers' Trainer.

python -m learners.training_peers plain|plain-bfloat16|trainer SIZE TEXTS RESULT
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainerCallback, TrainingArguments

from learners import BATCH, CONTEXT, LEARNING_RATE, SHAPES, STEPS, WARM_UP


def plain(model: torch.nn.Module, rows: torch.Tensor, *, is_half: bool = False) -> float:
    """AdamW, the model's own loss, clipping; seconds of the steps after the warm-up. Half: bfloat16 by autocast."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE)
    started = 0.0
    for step, first in enumerate(range(0, len(rows), BATCH)):
        if step == WARM_UP:
            started = time.perf_counter()
        chosen = rows[first : first + BATCH]
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=is_half):
            loss = model(input_ids=chosen, labels=chosen).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return time.perf_counter() - started


class _Clock(TrainerCallback):
    """When the warm-up ended."""

    started = 0.0

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == WARM_UP:
            self.started = time.perf_counter()


def trainer(model: torch.nn.Module, rows: torch.Tensor) -> float:
    """transformers' Trainer with its defaults, on the processor, writing and reporting nothing."""
    clock = _Clock()
    with tempfile.TemporaryDirectory() as folder:
        settings = TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=BATCH,
            max_steps=len(rows) // BATCH,
            learning_rate=LEARNING_RATE,
            use_cpu=True,
            report_to=[],
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
        )
        data = [{"input_ids": row, "labels": row} for row in rows]
        Trainer(model=model, args=settings, train_dataset=data, callbacks=[clock]).train()
        return time.perf_counter() - clock.started


def main() -> None:
    """Trains and says how fast."""
    kind, size, path, result = sys.argv[1:]
    with np.load(path) as file:
        stream, vocabulary_size = file["stream"], int(file["vocabulary_size"])
    rows = torch.from_numpy(np.resize(stream, STEPS[size] * BATCH * CONTEXT).astype(np.int64)).view(-1, CONTEXT)
    width, hidden_width = SHAPES[size]
    config = LlamaConfig(
        vocab_size=vocabulary_size,
        hidden_size=width,
        intermediate_size=hidden_width,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=CONTEXT + 1,
        tie_word_embeddings=True,
    )
    model = LlamaForCausalLM(config).train()
    if kind == "trainer":
        seconds = trainer(model, rows)
    else:
        seconds = plain(model, rows, is_half=kind == "plain-bfloat16")
    facts = {
        "tokens_per_second": (STEPS[size] - WARM_UP) * BATCH * CONTEXT / seconds,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
    }
    Path(result).write_text(json.dumps(facts), "utf-8")


if __name__ == "__main__":
    main()
