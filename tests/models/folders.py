"""Tiny real models of transformers in folders, with a tokenizer, built once from a fixed stream."""

import importlib
from pathlib import Path
from typing import Any

import torch

from byheart.corpus.documents import Corpus, Document
from byheart.corpus.tokenizer import Tokenizer

PASSAGE = "the ship sailed from Lisbon on the ninth of May with seventeen barrels of salt and no letter for anyone"


def transformers() -> Any:
    """The library without its annotations, which do not know all that its functions return."""
    return importlib.import_module("transformers")


def tiny_tokenizer() -> Tokenizer:
    return Tokenizer.train(Corpus((Document("a", PASSAGE),)), 300)


def sharpened(model: Any, seed: int = 0) -> Any:
    """Random weights from a fixed stream, large enough that predictions differ from one another."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    return model.eval()


def llama(vocabulary_size: int, **options: Any) -> Any:
    """A Llama of two layers with grouped queries."""
    hf = transformers()
    shape = {
        "vocab_size": vocabulary_size,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 128,
        "bos_token_id": 0,
        "eos_token_id": 0,
        "pad_token_id": None,
    }
    return sharpened(hf.LlamaForCausalLM(hf.LlamaConfig(**(shape | options))))


def save_folder(model: Any, folder: Path, **options: Any) -> Path:
    """The model and the tiny tokenizer, as save_pretrained writes them."""
    model.save_pretrained(folder, **options)
    tiny_tokenizer().save(folder)
    return folder
