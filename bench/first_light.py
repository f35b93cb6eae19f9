"""Speed of what exists, side by side with the peer in one run: `make bench`.

Training: the reference transformer against transformers' LlamaForCausalLM of the same shape in the plain loop.
Scoring: SmolLM2 through byheart's pass against a plain transformers loop, same windows, batch 16.
Index: build and matching statistics of byheart on the standard library (its peers come with the index's own issue).
"""

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from byheart.core.streams import stream
from byheart.corpus.encoded import encode_corpus
from byheart.corpus.readers import read
from byheart.corpus.splits import split
from byheart.corpus.tokenizer import Tokenizer
from byheart.index.corpus_index import Index
from byheart.models import load_model
from byheart.models.smollm2 import smollm2_folder
from byheart.models.transformer.config import NetworkConfig
from byheart.models.transformer.recipe import TrainingRecipe
from byheart.models.transformer.training import train

STEPS = 60
WINDOWS, LENGTH = 64, 100


def seconds(work: Callable[[], object]) -> float:
    """Seconds of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def plain_training(ids: torch.Tensor, config: NetworkConfig) -> None:
    """The loop that everyone writes first: AdamW, the model's own loss, batch 8 x 128."""
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=config.vocabulary_size,
            hidden_size=config.width,
            intermediate_size=config.hidden_width,
            num_hidden_layers=config.num_layers,
            num_attention_heads=config.num_heads,
            num_key_value_heads=config.num_heads,
            max_position_embeddings=config.context_tokens + 1,
            tie_word_embeddings=True,
        )
    ).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3)
    for step in range(STEPS):
        batch = ids[step * 8 * 128 : (step + 1) * 8 * 128].view(8, 128)
        loss = model(input_ids=batch, labels=batch).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()


def plain_scoring(model: torch.nn.Module, windows: list[np.ndarray]) -> None:
    """Log-probabilities of every token from the full logits, batch 16."""
    with torch.inference_mode():
        for start in range(0, len(windows), 16):
            batch = torch.from_numpy(np.stack(windows[start : start + 16]).astype(np.int64))
            logits = model(input_ids=batch).logits
            logs = torch.log_softmax(logits[:, :-1].float(), dim=-1)
            logs.gather(-1, batch[:, 1:, None])


def main() -> None:
    """Runs everything and prints a table."""
    library = read("stdlib").deduplicated()
    parts = split(library, calibration_share=0.0, held_out_share=0.1, rng=stream(0, "bench"))
    tokenizer = Tokenizer.train(parts.train, 2048)
    encoded = encode_corpus(parts.train, tokenizer)
    documents = [d.token_ids for d in encoded.documents]
    config = NetworkConfig(vocabulary_size=tokenizer.vocabulary_size, end_id=tokenizer.end_id)
    ids = torch.from_numpy(np.concatenate(documents)[: STEPS * 1024].astype(np.int64))
    ours, theirs = [], []
    for _ in range(3):
        recipe = TrainingRecipe(num_steps=STEPS)
        ours.append(seconds(lambda r=recipe: train(documents, config, r, rng=stream(0, "bench"))))
        theirs.append(seconds(lambda: plain_training(ids, config)))
    row("train 1.05 M parameters, tokens/s", STEPS * 1024, ours, "LlamaForCausalLM, plain loop", theirs)

    loaded = load_model("smollm2")
    texts = loaded.tokenizer.encode(parts.held_out.documents[0].text * 5).token_ids
    windows = [texts[i * LENGTH : (i + 1) * LENGTH] for i in range(WINDOWS)]
    windows = [w for w in windows if w.size == LENGTH]
    model = AutoModelForCausalLM.from_pretrained(smollm2_folder(), use_safetensors=True, local_files_only=True)
    model = model.float().eval()
    ours, theirs = [], []
    for _ in range(2):
        ours.append(seconds(lambda: [loaded.predictor.score(windows[i : i + 16]) for i in range(0, len(windows), 16)]))
        theirs.append(seconds(lambda: plain_scoring(model, windows)))
    row("score SmolLM2, tokens/s", len(windows) * LENGTH, ours, "transformers, plain loop, batch 16", theirs)

    names = [d.name for d in encoded.documents]
    size = tokenizer.vocabulary_size
    built: list[Index] = []
    build = [seconds(lambda: built.append(Index.build(documents, names, unit="tokens", alphabet_size=size)))]
    row("index build, tokens/s", encoded.num_tokens, build, "", [])
    held_out = np.concatenate([d.token_ids for d in encode_corpus(parts.held_out, tokenizer).documents])
    built[0].longest_matches(held_out[:1000])
    match = [seconds(lambda: built[0].longest_matches(held_out)) for _ in range(3)]
    row("longest match at every held-out position, positions/s", held_out.size, match, "", [])


def row(work: str, amount: int, ours: list[float], peer: str, theirs: list[float]) -> None:
    """One line: medians of the repetitions."""
    mine = amount / statistics.median(ours)
    line = f"{work}: {mine:,.0f}"
    if theirs:
        other = amount / statistics.median(theirs)
        line += f"; {peer}: {other:,.0f}; ratio {mine / other:.2f}"
    print(line, flush=True)


if __name__ == "__main__":
    main()
