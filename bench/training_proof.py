"""Whether a small transformer that learns for twenty minutes on two cores predicts unseen files better than the order-5
Markov memorizer of the same text.

    python bench/training_proof.py --time 1200

The text is that of bench/memorizers.py: of each ten files of the standard library eight are learned, the tenth is
reported on, cut into the same tokens of a BPE of 2,048. Bits per byte of both on all of the tenth, each token given
what stands before it in its file: all of it for markov, the last 3/4 to whole context for the transformer.
"""

import argparse
import datetime
import json
import os
import platform
import tempfile
from pathlib import Path

import numpy as np
import torch
from yardstick import SMALL_VOCABULARY, strength
from yardstick.library import encoded, facts_of, library, load, say
from yardstick.subject import make

from byheart.core.streams import stream
from byheart.core.units import nats_to_bits
from byheart.corpus.tokenizer import Tokenizer
from byheart.models.transformer.evaluation import evaluate
from byheart.models.transformer.precision import choose_precision
from byheart.models.transformer.training import Place, train
from byheart.models.transformer.windows import Stream
from byheart.study.training_plan import TrainingPlan
from memorizers import material


class _Spoken:
    """Progress on standard error, twenty lines of it."""

    def __init__(self) -> None:
        self._said = -1

    def __call__(self, stage: str, done: float, total: float, note: str = "") -> None:
        share = int(20 * done / total) if total else 0
        if share != self._said:
            self._said = share
            say(f"  {stage} {done:,.0f} of {total:,.0f} {note}")


def main() -> None:
    """Trains, evaluates both, prints."""
    parser = argparse.ArgumentParser(description="A transformer beside markov on the same unseen text.")
    parser.add_argument("--time", type=float, help="seconds of gradient descent (1200 where no --tokens)")
    parser.add_argument("--tokens", type=int, help="instead: tokens to see")
    parser.add_argument("--size", default="medium", choices=("small", "medium"))
    parser.add_argument("--optimizer", default="muon", choices=("muon", "adamw", "descent"))
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--context", type=int, default=256)
    parser.add_argument("--dtype", default="auto", choices=("auto", "float32", "bfloat16"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--states", type=Path, help="folder to keep states in: killed, the same command goes on")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    parts = library()
    tokenizer = Tokenizer.train(parts.train, SMALL_VOCABULARY)
    folder = material(parts, tokenizer)
    seen, report = encoded(parts.train, tokenizer).tokens, load(folder / "report.npz")
    say("markov")
    markov = make("markov", folder, "train.idx", report)()
    baseline = strength.bits_per_byte(strength.document_nats(markov.log_probabilities_nats, report), report)
    seconds = None if asked.tokens else asked.time or 1200.0
    plan = TrainingPlan(
        source="stdlib",
        seconds=seconds,
        num_tokens=asked.tokens,
        size=asked.size,
        optimizer=asked.optimizer,
        learning_rate=asked.learning_rate,
        context_tokens=asked.context,
        seed=asked.seed,
    )
    config = plan.network(tokenizer.vocabulary_size, tokenizer.end_id)
    precision = choose_precision() if asked.dtype == "auto" else asked.dtype
    recipe = plan.recipe(precision, Stream(seen, tokenizer.end_id).num_tokens, 1)
    look = [ids[: config.context_tokens] for ids in load(folder / "calibration.npz").tokens[:32]]
    with tempfile.TemporaryDirectory() as temporary:
        states = asked.states or Path(temporary)
        states.mkdir(parents=True, exist_ok=True)
        training = train(
            seen,
            config,
            recipe,
            rng=stream(asked.seed, "train"),
            held_out=look,
            place=Place(states=states),
            on_progress=_Spoken(),
        )
    stride = max(config.context_tokens // 4, 1)
    nats = np.array(
        [
            evaluate(training.network, [ids], stride_tokens=stride).total_nats if ids.size else 0.0
            for ids in report.tokens
        ]
    )
    learned = strength.bits_per_byte(nats, report)
    found = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "library": facts_of(folder)["library"],
        "machine": f"{platform.machine()}, {asked.threads} threads",
        "parameters": training.network.num_parameters,
        "precision": precision,
        "optimizer": asked.optimizer,
        "context_tokens": config.context_tokens,
        "steps": training.num_steps,
        "tokens": training.seen_tokens,
        "epochs": round(training.seen_tokens / training.stream_tokens, 2),
        "seconds": round(training.seconds),
        "tokens_per_second": round(training.tokens_per_second),
        "looks_bits_per_token": {
            step: round(nats_to_bits(look_nats), 4) for step, look_nats in training.held_out_nats.items()
        },
        "markov_bits_per_byte": vars(baseline),
        "transformer_bits_per_byte": vars(learned),
        "is_below": learned.value < baseline.value,
    }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
