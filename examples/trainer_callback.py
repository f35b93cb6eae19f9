"""Train with transformers' Trainer, and watch planted secrets come to stand out.

    python examples/trainer_callback.py

A real training has more text: then leave `largest_share` out, and at most 1 % of it are planted secrets.
"""

import tempfile
from pathlib import Path

from transformers import (
    DataCollatorForLanguageModeling,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    Trainer,
    TrainingArguments,
    set_seed,
)

import byheart as bh

modules = [document.text for document in bh.read("stdlib") if 4000 < document.num_bytes < 8000]
texts, held_out = (
    [text[at : at + 160] for text in side for at in range(0, 4000, 160)] for side in (modules[:8], modules[8:12])
)

with tempfile.TemporaryDirectory() as folder:
    # 1. Before the training: plant secrets by coin flip. Keep the list; publish its fingerprint.
    planted = bh.integrations.plant(texts, f"{folder}/canaries.jsonl", pairs=12, repetitions=(16,), largest_share=0.3)
    print("fingerprint of the canaries:", planted.fingerprint)

    bh.Tokenizer.train(bh.Corpus(tuple(bh.Document("", text) for text in texts)), 400).save(Path(folder) / "tokenizer")
    tokenizer = PreTrainedTokenizerFast.from_pretrained(f"{folder}/tokenizer")
    tokenizer.pad_token = tokenizer.eos_token
    set_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4
        )
    )

    # 2. The callback: it scores at every evaluation and save and at the end, and never stops a training.
    # Unless audits=(), it audits at the end and leaves a run folder, OUTPUT-byheart, for `byheart report` and
    # `byheart gate`. Here it does not, so that this example is quick.
    callback = bh.integrations.ByheartCallback(planted, held_out=held_out, audits=())
    trainer = Trainer(
        model=model,
        args=TrainingArguments(
            f"{folder}/out", num_train_epochs=2, per_device_train_batch_size=16, learning_rate=5e-3, report_to=[],
            save_strategy="epoch", disable_tqdm=True, use_cpu=True,
        ),
        train_dataset=[{"input_ids": tokenizer(text)["input_ids"][:96]} for text in planted.texts],
        data_collator=DataCollatorForLanguageModeling(tokenizer, mlm=False),
        processing_class=tokenizer,
    )  # fmt: skip
    callback.attach(trainer)
    trainer.train()

    # 3. What trackers have seen: W&B, MLflow, TensorBoard or trackio, whichever `report_to` names.
    for row in trainer.state.log_history:
        if "byheart/exposure_mean_bits" in row:
            bits, chance = row["byheart/exposure_mean_bits"], row["byheart/exposure_mean_bits_chance"]
            print(f"step {row['step']}: planted secrets stand out by {bits:.1f} bits, their twins by {chance:.1f}")
