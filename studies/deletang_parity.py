"""Delétang et al. 2023 (arXiv 2207.02098), direction: an LSTM finds parity at unseen lengths, a transformer does not.

Both are trained on the same bit sequences of lengths 2 to n and asked others of lengths n + 1 to 2 n.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from byheart.audits.complexity_params import Params
from byheart.core.evidence import Interval, Point, Table
from byheart.core.streams import stream
from byheart.models.transformer.fitting import Batch, fit
from byheart.models.transformer.network import Network
from byheart.models.transformer.parallel import threads
from byheart.models.transformer.recipe import TrainingRecipe
from byheart.stats.intervals import clopper_pearson
from byheart.study.lab.complexity_cases import Case, Task, padded
from byheart.study.lab.complexity_tasks import parity
from byheart.study.lab.complexity_training import network_config
from studies.presentation import BLUE, GREY, Answer, Dot, dot_figure, options

CHANCE = 0.5
LEAST_RIGHT = 0.95
"""Of the unseen lengths that the best LSTM must get right, for the direction to hold."""
LEAST_LEARNED = 0.9
"""Of the unseen sequences of trained lengths that a network must get right to be judged on longer ones."""
BITS, STEPS, CASES = 8, 2000, 500
RATES = {"LSTM": 0.01, "transformer": 0.003}
"""Largest step sizes: with 0.02 the LSTM stayed at chance, with 0.006 the transformer did on trained lengths too."""


class Recurrent(nn.Module):
    """An LSTM as a language model: ids [B, T] -> logits [B, T, V].

    Args:
        vocabulary_size: V.
        width: of embeddings and states.
    """

    def __init__(self, vocabulary_size: int, width: int) -> None:
        super().__init__()
        self.embedding = nn.Parameter(torch.zeros(vocabulary_size, width))
        self.cell = nn.LSTM(width, width, batch_first=True)
        self.output = nn.Linear(width, vocabulary_size)

    def initialize(self, generator: torch.Generator) -> "Recurrent":
        """Draws every number uniformly from -1/sqrt(width)..1/sqrt(width), as torch does for an LSTM."""
        bound = self.embedding.shape[1] ** -0.5
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.uniform_(-bound, bound, generator=generator)
        return self

    def forward(self, token_ids: Tensor) -> Tensor:
        states, _ = self.cell(F.embedding(token_ids, self.embedding))
        logits: Tensor = self.output(states)
        return logits


class Found(NamedTuple):
    """One training."""

    who: str
    seed: int
    seen_lengths: Interval
    """Right on unseen sequences of trained lengths."""
    unseen_lengths: Interval


def trained(who: str, task: Task, params: Params, *, rng: np.random.Generator) -> nn.Module:
    """An LSTM or a transformer after its training on the task."""
    generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
    if who == "LSTM":
        network: nn.Module = Recurrent(task.vocabulary_size, params.width).initialize(generator)
    else:
        network = Network(network_config(task, params, params.depths[-1])).initialize(generator)
    whole = batch_of(task.trained, task)
    assert whole.counted is not None
    counted = whole.counted

    def draw(step: int) -> Batch:
        rows = torch.from_numpy(rng.integers(len(task.trained), size=params.batch_cases))
        return Batch(whole.inputs[rows], whole.targets[rows], counted[rows])

    recipe = TrainingRecipe(num_steps=params.num_steps, learning_rate=RATES[who], weight_decay=0.01)
    return fit(network, draw, recipe)


def batch_of(cases: Sequence[Case], task: Task) -> Batch:
    ids, counted = padded(cases, task.num_tokens, task.end_id)
    return Batch.of(ids, task.end_id, counted=counted)


def right(network: nn.Module, cases: Sequence[Case], task: Task) -> Interval:
    """Share of the cases whose answer is the more probable of 0 and 1."""
    batch = batch_of(cases, task)
    with torch.inference_mode():
        said = network(batch.inputs)[..., : len(task.answer_ids)].argmax(dim=-1)
    assert batch.counted is not None
    hits = int((said == batch.targets)[batch.counted].sum())
    return clopper_pearson(hits, len(cases))


def verdict(found: Sequence[Found]) -> tuple[str, str]:
    """Whether the best LSTM solves the unseen lengths and no transformer is told from chance, and in words.

    Args:
        found: of every seed.
    Returns:
        "holds", "does not hold", or "does not decide" where no transformer is right at the lengths that it was trained
        on: who has not learned the rule there cannot fail because of length; then what was found.
    """
    learned = {who: [it for it in found if it.who == who and it.seen_lengths.value >= LEAST_LEARNED] for who in RATES}
    of_all = {who: [it for it in found if it.who == who] for who in RATES}
    best = {
        who: max((it.unseen_lengths for it in learned[who] or of_all[who]), key=lambda one: one.value) for who in RATES
    }
    num_seeds = len(of_all["LSTM"])
    # The best of several seeds is above chance more often than one: each may be by so much less.
    other = best["transformer"]
    cases = other.n or 0
    bound = clopper_pearson(round(other.value * cases), cases, confidence=1.0 - 0.05 / num_seeds).low
    said = (
        f"Parity beyond trained lengths, best of {num_seeds} seeds: LSTM "
        f"{100 * best['LSTM'].value:.0f} %, transformer {100 * other.value:.0f} %, chance 50 %"
    )
    if not learned["transformer"]:
        within = max(it.seen_lengths.value for it in of_all["transformer"])
        return "does not decide", f"{said}; the transformer did not learn it at trained lengths ({100 * within:.0f} %)"
    return ("holds" if best["LSTM"].value >= LEAST_RIGHT and bound <= CHANCE else "does not hold"), said


def main() -> None:
    asked = parser().parse_args()
    answer = Answer("deletang_parity", asked)
    quick = asked.quick
    params = replace(
        Params(),
        parity_bits=5 if quick else BITS,
        num_steps=300 if quick else STEPS,
        num_cases=100 if quick else CASES,
    )
    found = []
    with threads(1):
        for seed in range(1 if quick else asked.seeds):
            task = parity(params, rng=stream(asked.seed, "study", "parity", str(seed)))
            for who in ("LSTM", "transformer"):
                network = trained(who, task, params, rng=stream(asked.seed, "study", "parity", str(seed), who))
                found.append(Found(who, seed, *(right(network, cases, task) for cases in (task.fresh, task.unseen))))
    give(answer, found, params)


def parser() -> argparse.ArgumentParser:
    made = options("deletang_parity", __doc__)
    made.add_argument("--seeds", type=int, default=5, help="repetitions; the best one counts (default 5)")
    return made


def give(answer: Answer, found: Sequence[Found], params: Params) -> None:
    outcome, said = verdict(found)
    rows = tuple((it.who, it.seed + 1, *_cells(it.seen_lengths), *_cells(it.unseen_lengths)) for it in found)
    table = Table(
        name="deletang_parity",
        title=f"{said}: {outcome}",
        columns=(
            "network", "seed", f"unseen of 2-{params.parity_bits} bits, share right", "low", "high",
            f"{params.parity_bits + 1}-{2 * params.parity_bits} bits, share right", "low", "high",
        ),
        rows=rows,
    )  # fmt: skip
    dots = [
        Dot(f"{it.who}, seed {it.seed + 1}", colour, Point(0.0, part.value, part.low, part.high))
        for it in found
        for colour, part in ((GREY, it.seen_lengths), (BLUE, it.unseen_lengths))
    ]
    figure = dot_figure(
        f"{said} (grey: trained lengths)", "share of sequences whose parity is right", dots, CHANCE, 1.0
    )
    answer.give(table, figure)


def _cells(it: Interval) -> tuple[float, float, float]:
    return it.value, it.low, it.high


if __name__ == "__main__":
    main()
