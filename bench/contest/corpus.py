"""The material of the contest, made once and kept beside the corpus: tokens, held-out tokens, noisy copies, contexts.

Every side reads the same files, so that both answer the same questions:

| file | what |
|---|---|
| tokens.npy | uint16 as an index holds them: separator, document, separator, ..., document, separator |
| held_out.npy | uint16, tokens of documents that are not in tokens.npy, one after the other, without separators |
| copied.npy | uint16, tokens of documents that are in tokens.npy, one in a thousand replaced |
| tokenizer.json | the byte-level BPE |
| facts.json | sizes |
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tokenizers
from tokenizers import decoders, models, pre_tokenizers, trainers

from byheart.core.streams import stream
from byheart.corpus.readers import read
from contest import SEPARATOR, VOCABULARY_SIZE

Tokens = npt.NDArray[np.uint16]

HELD_OUT_SHARE = 0.05
NOISE = 0.001
MAX_QUERY_TOKENS = 3_000_000
_SAMPLE_BYTES = 20_000_000
_BATCH_CHARACTERS = 4_000_000


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for text in texts:
        batch.append(text)
        size += len(text)
        if size > _BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def trained_tokenizer(texts: Sequence[str], total_bytes: int) -> tokenizers.Tokenizer:
    """A byte-level BPE trained on every k-th document, about 20 MB in all."""
    step = max(1, total_bytes // _SAMPLE_BYTES)
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(texts[::step], trainer)
    return tokenizer


def _encoded(texts: Sequence[str], tokenizer: tokenizers.Tokenizer, what: str) -> list[Tokens]:
    found: list[Tokens] = []
    done = 0
    for batch in _batches(texts):
        found.extend(np.array(e.ids, dtype=np.uint16) for e in tokenizer.encode_batch_fast(batch))
        done += len(batch)
        print(f"  encoding {what}: {done:,} of {len(texts):,} documents", file=sys.stderr, flush=True)
    return found


def noisy_copies(documents: Sequence[Tokens], num_tokens: int, vocabulary_size: int) -> Tokens:
    """Whole documents in random order until there are enough tokens, each token replaced with probability NOISE."""
    rng = stream(0, "bench", "index", "copies")
    chosen, size = [], 0
    for i in rng.permutation(len(documents)):
        if size >= num_tokens:
            break
        chosen.append(documents[i])
        size += documents[i].size
    copy = np.concatenate(chosen)[:num_tokens]
    replaced = rng.random(copy.size) < NOISE
    copy[replaced] = rng.integers(0, vocabulary_size, int(replaced.sum()))
    return copy


def prepare(source: str, num_bytes: int, folder: Path) -> None:
    """Reads, splits, tokenizes and writes the material, facts.json last.

    The corpus is the first `num_bytes` of text; the held-out text is read from the other end of the source, so that the
    two share no document, and a document that stands in the corpus word for word is not held out.
    """
    texts = [document.text for document in read(source, include_tests=True, skip_bad=True).documents]
    sizes = np.array([len(text.encode()) for text in texts])
    total = int(sizes.sum())
    num_bytes = min(num_bytes, int(total * (1 - HELD_OUT_SHARE)))
    num_train = int(np.searchsorted(np.cumsum(sizes), num_bytes)) + 1
    num_held = int(np.searchsorted(np.cumsum(sizes[num_train:][::-1]), HELD_OUT_SHARE * num_bytes)) + 1
    train = texts[:num_train]
    known = set(train)
    held = [text for text in texts[max(num_train, len(texts) - num_held) :] if text not in known]
    print(f"  training the tokenizer on a sample of {num_bytes / 1e6:.0f} MB", file=sys.stderr, flush=True)
    tokenizer = trained_tokenizer(train, num_bytes)
    documents = _encoded(train, tokenizer, "the corpus")
    held_out = np.concatenate(_encoded(held, tokenizer, "held-out text"))[:MAX_QUERY_TOKENS]
    copied = noisy_copies(documents, min(MAX_QUERY_TOKENS, sum(d.size for d in documents)), VOCABULARY_SIZE)
    mark = np.array([SEPARATOR], dtype=np.uint16)
    tokens = np.concatenate([part for document in documents for part in (mark, document)] + [mark])
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in (("tokens", tokens), ("held_out", held_out), ("copied", copied)):
        np.save(folder / f"{name}.npy", array)
    tokenizer.save(str(folder / "tokenizer.json"))
    facts = {
        "source": Path(source).name,
        "bytes": int(sizes[:num_train].sum()),
        "documents": num_train,
        "tokens": int(tokens.size),
        "vocabulary": VOCABULARY_SIZE,
        "held_out_tokens": int(held_out.size),
        "copied_tokens": int(copied.size),
    }
    (folder / "facts.json").write_text(json.dumps(facts, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("source")
    parser.add_argument("num_bytes", type=int)
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    prepare(asked.source, asked.num_bytes, asked.folder)
