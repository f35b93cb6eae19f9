"""Morris et al. 2025 (arXiv 2505.24832) again: memorized bits follow the entropy of random data, then stay.

    python studies/morris_capacity.py -o runs/morris                       # CUDA where there is one
    python studies/morris_capacity.py --device cpu --width 16 --steps 1500 -o runs/morris

Writes capacity.csv (a row for each training) and capacity.svg; prints the ladder and what it comes to. Killed, the same
command goes on: finished trainings are kept. docs/reproductions.md says what came out, and what departs from the paper.
"""

import argparse
import csv
import dataclasses
import hashlib
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from byheart.audits.capacity import evidence, lookup_evidence
from byheart.audits.capacity_params import Params
from byheart.audits.capacity_trainings import Ladder, Training
from byheart.core.codec import dumps
from byheart.core.evidence import Estimate, Refusal, Series
from byheart.models.transformer.parallel import threads
from byheart.report.comparison import COLOURS, LOOKUP, MODEL, Party
from byheart.report.figures import curves
from byheart.study.journal import Journal
from byheart.study.lab.capacity import train_rung

NATS = ("seen_nats", "unseen_nats", "untrained_nats")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--vocabulary", type=int, default=128)
    parser.add_argument("--tokens", type=int, default=64, help="of a sequence")
    parser.add_argument("--ladder", default="16,32,64,96,128,192,256,512", help="numbers of sequences")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--learning-rate", type=float, default=0.01)
    parser.add_argument("--batch", type=int, default=512, help="sequences of a step, at most")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="of torch; another number moves the last bits")
    return parser.parse_args()


def params_of(asked: argparse.Namespace) -> Params:
    return Params(
        vocabulary_size=asked.vocabulary,
        sequence_tokens=asked.tokens,
        ladder=tuple(sorted({int(number) for number in asked.ladder.split(",")})),
        num_seeds=asked.seeds,
        num_steps=asked.steps,
        num_unseen=256,
        width=asked.width,
        num_layers=asked.layers,
        # Rotary heads need an even width; 8 numbers a head are enough to tell 64 places apart.
        num_heads=max(asked.width // 8, 1),
        hidden_width=8 * max(round(asked.width / 3), 1),
        learning_rate=asked.learning_rate,
        batch_sequences=asked.batch,
    )


def train_all(params: Params, asked: argparse.Namespace, device: str) -> list[Training]:
    sizes = dumps([dataclasses.asdict(params), asked.seed, device, asked.threads])
    journal = Journal(asked.output / "journal", hashlib.blake2b(sizes.encode(), digest_size=16).hexdigest())
    places = [
        (seed, rung, is_whole)
        for seed in range(params.num_seeds)
        for rung in params.ladder
        for is_whole in (True, False)
    ]
    found = []
    for number, (seed, rung, is_whole) in enumerate(places, start=1):
        key = f"{seed}/{rung}/{'whole' if is_whole else 'half'}"
        if key not in journal:
            began = time.perf_counter()
            done = train_rung(params, rung, seed, is_whole, asked.seed, device=device)
            values: dict[str, Any] = {name: getattr(done, name).tolist() for name in NATS}
            journal.put(key, values | {"num_parameters": done.num_parameters})
            print(f"{number}/{len(places)}  {key}  {time.perf_counter() - began:.0f} s", flush=True)
        kept = journal.get(key)
        found.append(
            Training(
                num_sequences=rung,
                seed_index=seed,
                is_whole=is_whole,
                num_parameters=kept["num_parameters"],
                **{name: np.array(kept[name]) for name in NATS},
            )
        )
    journal.close()
    return found


def write_csv(path: Path, trainings: list[Training], params: Params) -> None:
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["sequences", "steps", "seed", "parameters", "entropy_bits", "table_bits", "memorized_bits"])
        for is_whole in (True, False):
            ladder = Ladder.of(trainings, params, is_whole=is_whole)
            steps = params.num_steps if is_whole else params.num_steps // 2
            for seed, shown in enumerate(ladder.shown):
                for rung, entropy, table, bits in zip(
                    ladder.rungs, ladder.entropy, ladder.possible[0], shown, strict=True
                ):
                    counts = [rung, steps, seed, ladder.num_parameters]
                    rows.writerow([*counts, *(f"{number:.2f}" for number in (entropy, table, bits))])


def show(trainings: list[Training], params: Params) -> None:
    whole, half = (Ladder.of(trainings, params, is_whole=is_whole) for is_whole in (True, False))
    print(f"\n{whole.num_parameters:,} parameters, {params.num_seeds} seeds, {params.num_steps:,} steps")
    print(f"{'sequences':>9} {'entropy':>9} {'table':>9} {'memorized':>9} {'of entropy':>10} {'half steps':>10}")
    for index, rung in enumerate(whole.rungs):
        bits = whole.shown[:, index].mean()
        numbers = f"{whole.entropy[index]:9,.0f} {whole.possible[0, index]:9,.0f} {bits:9,.0f}"
        print(f"{rung:9} {numbers} {bits / whole.entropy[index]:10.1%} {half.shown[:, index].mean():10,.0f}")
    for one in evidence(trainings, params):
        if isinstance(one, Estimate):
            bounds = "no interval" if one.low is None else f"{one.low:.4g} to {one.high:.4g}"
            print(f"{one.name}: {one.value:.4g} {one.unit} ({bounds}, n = {one.n})")
        elif isinstance(one, Refusal):
            print(f"{one.name}: refused. {one.reason}")


def write_svg(path: Path, trainings: list[Training], params: Params) -> None:
    shared = []
    for role, label, found in (
        (MODEL, "transformer", evidence(trainings, params)),
        (LOOKUP, "lookup table", lookup_evidence(params)),
    ):
        party = Party(name=role, role=role, label=label, colour=COLOURS[role])
        shared += [(party, one) for one in found if isinstance(one, Series) and one.name == "capacity.curve"]
    path.write_text(curves(shared).wide, "utf-8")


def main() -> None:
    asked = options()
    params = params_of(asked)
    device = asked.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    asked.output.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    with threads(asked.threads):
        trainings = train_all(params, asked, device)
    write_csv(asked.output / "capacity.csv", trainings, params)
    write_svg(asked.output / "capacity.svg", trainings, params)
    show(trainings, params)
    print(f"{time.perf_counter() - began:.0f} s on {device}; {asked.output / 'capacity.csv'}, capacity.svg")


if __name__ == "__main__":
    main()
