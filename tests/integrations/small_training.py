"""A training that a test can afford: real text, a tokenizer and a Llama of random weights made here, no GPU."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    DataCollatorForLanguageModeling,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    Trainer,
    TrainingArguments,
    set_seed,
)

from byheart.corpus.documents import Corpus, Document
from byheart.corpus.tokenizer import Tokenizer
from tests.study.corpora import library_texts

LONGEST_TOKENS = 64


@dataclass(frozen=True)
class Texts:
    """Pieces of real documents."""

    trained_on: list[str]
    held_out: list[str]


def texts(num_documents: int = 12, *, characters: int = 160) -> Texts:
    """Pieces of the standard library: of some documents to train on, of others not."""

    def pieces(documents: Sequence[tuple[str, str]], most: int) -> list[str]:
        cut = [text[at : at + characters] for _, text in documents for at in range(0, len(text), characters)]
        return list(dict.fromkeys(piece for piece in cut if piece.strip()))[:most]

    found = library_texts(2 * num_documents)
    return Texts(pieces(found[:num_documents], 500), pieces(found[num_documents:], 60))


def fast_tokenizer(folder: Path, trained_on: Sequence[str], size: int = 400) -> PreTrainedTokenizerFast:
    """A byte-level BPE of these texts, as transformers loads it."""
    Tokenizer.train(Corpus(tuple(Document(str(n), text) for n, text in enumerate(trained_on))), size).save(folder)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def llama(tokenizer: Any, *, dropout: float = 0.0) -> LlamaForCausalLM:
    """Random weights, the same at every call."""
    set_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=128,
            attention_dropout=dropout,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
    )


def trainer(
    output: Path, model: Any, tokenizer: Any, records: Sequence[str], callbacks: Sequence[Any] = (), **options: Any
) -> Trainer:
    """A Trainer over the texts, a record each."""

    def encoded(chosen: Sequence[str]) -> list[dict[str, list[int]]]:
        cut = [tokenizer(text)["input_ids"][: LONGEST_TOKENS - 1] for text in chosen]
        return [{"input_ids": [*ids, tokenizer.eos_token_id]} for ids in cut]

    evaluated = options.pop("eval_dataset", None)
    settings: dict[str, Any] = {
        "learning_rate": 5e-3,
        "per_device_train_batch_size": 16,
        "num_train_epochs": 2,
        "logging_steps": 20,
        "save_strategy": "no",
        "report_to": [],
        "use_cpu": True,
        "disable_tqdm": True,
        "seed": 1,
    }
    torch.set_num_threads(1)
    return Trainer(
        model=model,
        args=TrainingArguments(output_dir=str(output), **(settings | options)),
        train_dataset=encoded(records),
        eval_dataset=None if evaluated is None else encoded(evaluated),
        data_collator=DataCollatorForLanguageModeling(tokenizer, mlm=False),
        processing_class=tokenizer,
        callbacks=list(callbacks),
    )
