"""One seed of the chains: a network watched along its training, and everyone asked about new chains."""

from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.audits.context_params import LabParams
from byheart.audits.context_trials import BAYES, FREQUENCIES, STATIC, UNIFORM, Trial
from byheart.core.progress import Progress, silent
from byheart.core.streams import stream
from byheart.core.tokens import Floats
from byheart.stats.chains import (
    Symbols,
    bayes_rows,
    draw_chains,
    kl_nats,
    static_rows,
    true_rows,
    unigram_rows,
    walk,
)
from byheart.study.lab.context_training import (
    BLIND,
    MODEL,
    fit_sequences,
    new_network,
    second_half_nats,
    sizes_of,
    stores,
)

if TYPE_CHECKING:
    from byheart.models.transformer.network import Network


def train_seed(
    params: LabParams, seed_index: int, seed: int, *, has_memorizers: bool = True, on_progress: Progress = silent
) -> Trial:
    """Trains one network, builds the memorizers of the same sequences, and asks everyone about new chains.

    Args:
        params: of the experiment.
        seed_index: which repetition: other weights, data and orders.
        seed: root of the random streams.
        has_memorizers: whether they are built; without them only the network and the references are asked.
        on_progress: told the steps.
    """
    from byheart.models.transformer.predictor import reference_predictor

    path, k = ("lab", "context", str(seed_index)), params.num_symbols
    trained_on, _ = draw_sequences(params, params.num_sequences, seed, *path, "trained on")
    watched, chains = draw_sequences(params, params.num_watched, seed, *path, "watched")
    network = new_network(params, k, seed, *path, "weights")
    untrained = reference_predictor(network, name=BLIND)
    watch = Watch(watched, true_rows(chains, watched), params)
    along = {BLIND: watch.along(network)}
    fit_sequences(
        network, trained_on, params, rng=stream(seed, *path, "order"), watch=watch, watch_at=params.looks,
        on_progress=on_progress,
    )  # fmt: skip
    along[MODEL] = watch.along(network)
    everyone: dict[str, Any] = {MODEL: reference_predictor(network, name=MODEL), BLIND: untrained}
    if has_memorizers:
        calibration, _ = draw_sequences(params, params.num_held_out, seed, *path, "calibration")
        everyone |= stores(trained_on, calibration, k)
    held_out, _ = draw_sequences(params, params.num_held_out, seed, *path, "held out")
    shuffled = stream(seed, *path, "shuffled").permuted(held_out, axis=1)
    asked = {"ruled_nats": held_out, "shuffled_nats": shuffled, "seen_nats": trained_on[: params.num_held_out]}
    said = {part: second_half_nats(everyone, texts, _rows(texts, trained_on, k)) for part, texts in asked.items()}
    references = _rows(watched, trained_on, k)
    return Trial(
        num_parameters=network.num_parameters,
        sizes_bytes=sizes_of(everyone),
        looks=tuple(watch.steps),
        from_references={name: np.array(nats) for name, nats in watch.from_references.items()},
        from_truth=np.array(watch.from_truth),
        along=along | {name: kl_nats(watch.truth, rows).mean(axis=0) for name, rows in references.items()},
        **said,
    )


def draw_sequences(params: LabParams, num: int, seed: int, *path: str) -> tuple[Symbols, Floats]:
    """Sequences, and the transition probabilities of each, from the stream of that name."""
    rng = stream(seed, *path)
    chains = draw_chains(num, params.num_symbols, rng=rng)
    return walk(chains, params.sequence_tokens, rng=rng), chains


def _rows(symbols: Symbols, trained_on: Symbols, k: int) -> dict[str, Floats]:
    """What the references say, shape [N, T, k] each."""
    return {
        STATIC: static_rows(trained_on, symbols, k),
        FREQUENCIES: unigram_rows(symbols, k),
        BAYES: bayes_rows(symbols, k),
    }


class Watch:
    """Compares a network with the references on new chains while it is trained.

    Args:
        symbols: the chains' sequences, shape [N, T].
        truth: what each token was drawn from, shape [N, T, k].
        params: of the experiment.
    """

    def __init__(self, symbols: Symbols, truth: Floats, params: LabParams) -> None:
        self._symbols, self._start_id, self.truth = symbols, params.num_symbols, truth
        self._half = symbols.shape[1] // 2
        k = params.num_symbols
        self._references = {
            UNIFORM: np.full_like(truth, 1.0 / k),
            FREQUENCIES: unigram_rows(symbols, k),
            BAYES: bayes_rows(symbols, k),
        }
        self.steps: list[int] = []
        self.from_references: dict[str, list[float]] = {name: [] for name in self._references}
        self.from_truth: list[float] = []

    def __call__(self, num_steps: int, network: "Network") -> None:
        """Keeps the distances after so many steps."""
        predicted = self._predicted(network)
        self.steps.append(num_steps)
        self.from_truth.append(self._lost(self.truth, predicted))
        for name, rows in self._references.items():
            self.from_references[name].append(self._lost(rows, predicted))

    def _lost(self, rows: Floats, predicted: Floats) -> float:
        """KL(rows || predicted), mean over the second half of the chains."""
        return float(kl_nats(rows, predicted)[:, self._half :].mean())

    def along(self, network: "Network") -> Floats:
        """KL(chain || network) at each place, mean over the chains, shape [T]."""
        found: Floats = kl_nats(self.truth, self._predicted(network)).mean(axis=0)
        return found

    def _predicted(self, network: "Network") -> Floats:
        """Its whole distribution at each place, shape [N, T, k]; what it gives to the end of a text is lost to it."""
        import torch

        from byheart.models.transformer.fitting import Batch

        with torch.inference_mode():
            logits = network(Batch.of(self._symbols, self._start_id).inputs).double()
            found: Floats = torch.softmax(logits, dim=-1)[..., : self._start_id].numpy()
        return found
