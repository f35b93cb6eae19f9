"""A reference transformer from a source: tokenizer, network, checkpoint, and how well it predicts unseen documents."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from byheart.core.progress import Progress, silent
from byheart.core.streams import stream
from byheart.core.units import nats_to_bits
from byheart.corpus.documents import Corpus
from byheart.corpus.encoded import encode_corpus
from byheart.corpus.readers import read
from byheart.corpus.splits import split
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import CapabilityError, ConfigError

HELD_OUT_SHARE = 0.05
"""Share of the documents that training never sees."""


@dataclass(frozen=True, kw_only=True)
class TrainingPlan:
    """What to train on, and for how long."""

    source: str
    """As on the command line."""
    num_steps: int = 600
    """Steps of gradient descent."""
    vocabulary_size: int = 2048
    """Tokens of the tokenizer."""
    seed: int = 0
    """Root of all random streams."""
    lines: bool = False
    """Each line of a .txt source is a document."""
    skip_bad: bool = False
    """Leave out what cannot be read instead of stopping."""


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What came of it."""

    num_tokens: int
    """Tokens that gradient descent saw, repetitions included."""
    seconds: float
    """Seconds of gradient descent."""
    last_loss_nats_per_token: float
    """nats per token; of the last batch."""
    held_out_bits_per_byte: float
    """Bits per UTF-8 byte of documents that training never saw."""


def fit(
    tokenizer: Tokenizer,
    trained_on: Corpus,
    held_out: Corpus,
    folder: Path,
    num_steps: int,
    *,
    seed: int,
    on_progress: Progress = silent,
) -> Trained:
    """Trains the default network and writes it, with its tokenizer, as a Llama checkpoint.

    Args:
        tokenizer: encodes both corpora.
        trained_on: what gradient descent sees.
        held_out: what it never sees; for the closing number.
        folder: where to write.
        num_steps: steps of 8 windows of 128 tokens.
        seed: root of the random streams.
        on_progress: told the loss.
    """
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("safetensors") is None:
        raise CapabilityError(
            "Training needs torch and safetensors.", next_step="pip install 'byheart[models]' (in a clone: '.[models]')"
        )
    from byheart.models.transformer.checkpoint import save_checkpoint
    from byheart.models.transformer.config import NetworkConfig
    from byheart.models.transformer.evaluation import evaluate
    from byheart.models.transformer.recipe import TrainingRecipe
    from byheart.models.transformer.training import train

    seen, unseen = encode_corpus(trained_on, tokenizer), encode_corpus(held_out, tokenizer)
    config = NetworkConfig(vocabulary_size=tokenizer.vocabulary_size, end_id=tokenizer.end_id)
    training = train(
        [document.token_ids for document in seen.documents],
        config,
        TrainingRecipe(num_steps=num_steps),
        rng=stream(seed, "train"),
        on_progress=on_progress,
    )
    tokenizer.save(folder)
    save_checkpoint(training.network, folder)
    evaluation = evaluate(training.network, [document.token_ids for document in unseen.documents])
    return Trained(
        num_tokens=training.seen_tokens,
        seconds=training.seconds,
        last_loss_nats_per_token=float(training.losses_nats[-1]),
        held_out_bits_per_byte=nats_to_bits(evaluation.total_nats) / unseen.num_bytes,
    )


def train_model(plan: TrainingPlan, folder: Path, *, on_progress: Progress = silent) -> Trained:
    """Reads a source, keeps some documents aside, and trains on the rest.

    Raises:
        ConfigError: the folder holds something already.
        SourceError: the source cannot be read or has fewer than two documents.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(
            f"{folder} is not empty.", why="A model is never overwritten.", next_step="Choose another -o, or delete it."
        )
    corpus = read(plan.source, lines=plan.lines, skip_bad=plan.skip_bad, on_progress=on_progress).deduplicated()
    parts = split(
        corpus, calibration_share=0.0, held_out_share=HELD_OUT_SHARE, rng=stream(plan.seed, "split", "training")
    )
    tokenizer = Tokenizer.train(parts.train, plan.vocabulary_size, on_progress=on_progress)
    sample = _within(parts.held_out, 1_000_000)
    return fit(tokenizer, parts.train, sample, folder, plan.num_steps, seed=plan.seed, on_progress=on_progress)


def _within(corpus: Corpus, num_bytes: int) -> Corpus:
    """The first documents of a corpus up to a number of bytes, at least one: evaluating more would not sharpen much."""
    size, number = 0, 0
    for document in corpus:
        if number and size + document.num_bytes > num_bytes:
            break
        size, number = size + document.num_bytes, number + 1
    return Corpus(corpus.documents[:number])
