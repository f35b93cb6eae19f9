"""A reference transformer from a source: tokenizer, network, checkpoint, and how well it predicts unseen documents."""

import importlib.util
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from byheart.core.progress import Progress, silent
from byheart.core.streams import stream
from byheart.core.tokens import TokenIds
from byheart.core.units import nats_to_bits
from byheart.corpus.documents import Corpus
from byheart.corpus.encoded import encode_corpus
from byheart.corpus.readers import read
from byheart.corpus.splits import split
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import CapabilityError
from byheart.study.training_folder import TrainingFolder
from byheart.study.training_plan import TrainingPlan

if TYPE_CHECKING:
    from byheart.models.transformer.config import NetworkConfig
    from byheart.models.transformer.parallel import Group
    from byheart.models.transformer.recipe import Precision, TrainingRecipe
    from byheart.models.transformer.training import Place, Training

HELD_OUT_SHARE = 0.05
"""Share of the documents that training never sees."""
_HELD_OUT_BYTES = 1_000_000
"""Evaluating more would not sharpen the closing number much."""
_LOOK_SHARE, _MOST_LOOK_TOKENS = 0.01, 16_384
"""Held-out tokens of one look on the way: a share of the tokens trained on, at most so many."""
_CURVE_POINTS = 200
_MOST_THREADS = 1024
"""What a plan on disk may ask for."""


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What came of it."""

    num_tokens: int
    """Tokens that gradient descent saw, repetitions included."""
    num_steps: int
    """Steps of gradient descent."""
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
    check_installed()
    from byheart.models.transformer.config import NetworkConfig
    from byheart.models.transformer.recipe import TrainingRecipe
    from byheart.models.transformer.training import HERE

    config = NetworkConfig(vocabulary_size=tokenizer.vocabulary_size, end_id=tokenizer.end_id)
    work = _Work(tokenizer, trained_on, held_out)
    training = work.train(config, TrainingRecipe(num_steps=num_steps), HERE, (), seed=seed, on_progress=on_progress)
    return work.write(training, folder)


def train_model(
    plan: TrainingPlan, folder: Path, *, group: "Group | None" = None, on_progress: Progress = silent
) -> Trained:
    """Reads a source, keeps some documents aside, and trains on the rest; goes on where it was killed.

    Args:
        plan: what to do.
        folder: of the model; its folder "training" holds the states and, when it is done, curve.jsonl.
        group: the processes that train together; the first one writes.
        on_progress: told every stage.
    Raises:
        ConfigError: the folder holds something else already.
        SourceError: the source cannot be read or has fewer than two documents.
        StorageError: another process trains into the folder.
        FormatError: what an earlier process left there is damaged, or the model of a finished training is.
    """
    check_installed()
    from byheart.models.transformer.parallel import ALONE

    group = group or ALONE
    kept = TrainingFolder(folder)
    with kept.locked() if group.rank == 0 else nullcontext(), _threads(kept, group) as num_threads:
        return _train_locked(plan, kept, group, num_threads, on_progress)


def check_installed() -> None:
    """Raises CapabilityError where torch or safetensors is missing."""
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("safetensors") is None:
        raise CapabilityError(
            "Training needs torch and safetensors.", next_step="pip install 'byheart[models]' (in a clone: '.[models]')"
        )


def _train_locked(
    plan: TrainingPlan, kept: TrainingFolder, group: "Group", num_threads: int, on_progress: Progress
) -> Trained:
    from byheart.models.transformer.checkpoint import load_checkpoint
    from byheart.models.transformer.state import remove_states
    from byheart.models.transformer.training import Place
    from byheart.models.transformer.windows import Stream

    corpus = read(plan.source, lines=plan.lines, skip_bad=plan.skip_bad, on_progress=on_progress).deduplicated()
    precision = _precision(plan, kept, group)
    if group.rank == 0:
        facts = {"precision": precision, "corpus": corpus.fingerprint, "processes": group.size, "threads": num_threads}
        kept.begin(plan.as_json() | facts)
    if (result := kept.result()) is not None:
        if group.rank == 0:
            # A process that was killed after its last word left its states.
            remove_states(kept.path)
        # What is reported as done is there, to the last bit.
        kept.check_model()
        load_checkpoint(kept.model)
        return Trained(**result)
    parts = split(
        corpus, calibration_share=0.0, held_out_share=HELD_OUT_SHARE, rng=stream(plan.seed, "split", "training")
    )
    tokenizer = Tokenizer.train(parts.train, plan.vocabulary_size, on_progress=on_progress)
    work = _Work(tokenizer, parts.train, _within(parts.held_out, _HELD_OUT_BYTES))
    config = plan.network(tokenizer.vocabulary_size, tokenizer.end_id)
    recipe = plan.recipe(precision, Stream(work.seen, tokenizer.end_id).num_tokens, group.size)
    look = work.look(config, recipe)
    training = work.train(
        config, recipe, Place(states=kept.path, group=group), look, seed=plan.seed, on_progress=on_progress
    )
    if group.rank:
        return work.result(training)
    trained = work.write(training, kept.model)
    kept.finish(work.curve(training, recipe), asdict(trained))
    remove_states(kept.path)
    return trained


def _threads(kept: TrainingFolder, group: "Group") -> AbstractContextManager[int]:
    """As many threads as the training began with, whatever this machine has now: another number moves the last bits."""
    from byheart.models.transformer.parallel import threads

    before = (kept.plan() or {}).get("threads") if group.rank == 0 else None
    num = int(group.agree(before if isinstance(before, int) and 0 < before <= _MOST_THREADS else 0))
    return threads(num or None)


def _precision(plan: TrainingPlan, kept: TrainingFolder, group: "Group") -> "Precision":
    """What "auto" comes to: as before where the training was begun before, else as the first process measures."""
    from byheart.models.transformer.precision import choose_precision

    if plan.precision != "auto":
        return plan.precision
    is_fast = False
    if group.rank == 0:
        before = kept.plan()
        chosen = before.get("precision") if before else choose_precision()
        is_fast = chosen == "bfloat16"
    return "bfloat16" if group.agree(is_fast) else "float32"


class _Work:
    """Both corpora as tokens, and what is done with them."""

    def __init__(self, tokenizer: Tokenizer, trained_on: Corpus, held_out: Corpus) -> None:
        self.tokenizer = tokenizer
        self.seen = [document.token_ids for document in encode_corpus(trained_on, tokenizer).documents]
        unseen = encode_corpus(held_out, tokenizer)
        self.unseen = [document.token_ids for document in unseen.documents]
        self.unseen_bytes = unseen.num_bytes

    def train(
        self,
        config: "NetworkConfig",
        recipe: "TrainingRecipe",
        place: "Place",
        look: list[TokenIds] | tuple[()],
        *,
        seed: int,
        on_progress: Progress,
    ) -> "Training":
        from byheart.models.transformer.training import train

        rng = stream(seed, "train")
        return train(self.seen, config, recipe, rng=rng, held_out=look, place=place, on_progress=on_progress)

    def look(self, config: "NetworkConfig", recipe: "TrainingRecipe") -> list[TokenIds]:
        """The beginnings of held-out documents, few enough that looking at them on the way costs little."""
        step_tokens = recipe.batch_windows * config.context_tokens
        seen = step_tokens * recipe.num_steps if recipe.num_steps else 4_000 * (recipe.seconds or 0)
        room = min(int(_LOOK_SHARE * seen), _MOST_LOOK_TOKENS)
        beginnings = []
        for document in self.unseen:
            beginnings.append(document[: min(config.context_tokens, max(room, 1))])
            room -= beginnings[-1].size
            if room <= 0:
                break
        return [beginning for beginning in beginnings if beginning.size]

    def write(self, training: "Training", folder: Path) -> Trained:
        """The checkpoint with its tokenizer."""
        from byheart.models.transformer.checkpoint import save_checkpoint

        folder.mkdir(parents=True, exist_ok=True)
        self.tokenizer.save(folder)
        save_checkpoint(training.network, folder)
        return self.result(training)

    def result(self, training: "Training") -> Trained:
        """The closing number is measured in float32, as the model is kept."""
        from byheart.models.transformer.evaluation import evaluate

        total_nats = evaluate(training.network, self.unseen).total_nats
        return Trained(
            num_tokens=training.seen_tokens,
            num_steps=training.num_steps,
            seconds=training.seconds,
            last_loss_nats_per_token=float(training.losses_nats[-1]),
            held_out_bits_per_byte=nats_to_bits(total_nats) / self.unseen_bytes,
        )

    def curve(self, training: "Training", recipe: "TrainingRecipe") -> list[dict[str, float]]:
        """Some 200 points of the run; the loss of each is the mean since the point before.

        Held-out bits per byte on the way are of few tokens: nats per token by the tokens per byte of all held-out text.
        """
        every = max(training.num_steps // _CURVE_POINTS, 1)
        tokens_per_byte = sum(document.size for document in self.unseen) / self.unseen_bytes
        points, before = [], 0
        for step in range(1, training.num_steps + 1):
            held_out_nats = training.held_out_nats.get(step)
            if step % every and held_out_nats is None and step != training.num_steps:
                continue
            point = {
                "step": step,
                "tokens": training.seen_tokens * step // training.num_steps,
                "seconds": round(float(training.seconds_at[step - 1]), 3),
                "loss_nats_per_token": float(np.mean(training.losses_nats[before:step])),
                "learning_rate": recipe.step_size(step - 1, training.num_steps),
            }
            if held_out_nats is not None:
                point["held_out_bits_per_byte"] = nats_to_bits(held_out_nats) * tokens_per_byte
            points.append(point)
            before = step
        return points


def _within(corpus: Corpus, num_bytes: int) -> Corpus:
    """The first documents of a corpus up to a number of bytes, at least one."""
    size, number = 0, 0
    for document in corpus:
        if number and size + document.num_bytes > num_bytes:
            break
        size, number = size + document.num_bytes, number + 1
    return Corpus(corpus.documents[:number])
