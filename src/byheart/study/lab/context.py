"""A1 as an experiment: networks and memorizers of sequences, each a chain of its own (audits/context_lab.py)."""

import dataclasses
import hashlib
import inspect
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.audits import context_lab
from byheart.audits.context_lab import evidence
from byheart.audits.context_params import PROFILES, LabParams
from byheart.audits.context_trials import BAYES, FREQUENCIES, STATIC, UNIFORM, Trial, names_of
from byheart.core.audit import method_parts
from byheart.core.codec import dumps
from byheart.core.progress import Progress, silent
from byheart.core.provenance import SubjectProvenance
from byheart.core.streams import stream
from byheart.core.tokens import Floats
from byheart.stats.chains import (
    Symbols,
    bayes_rows,
    draw_chains,
    kl_nats,
    log_of_realised_nats,
    static_rows,
    true_rows,
    unigram_rows,
    walk,
)
from byheart.study.lab.axis import Axis, Finding, Piece
from byheart.study.lab.storing import index_of, memorizers_of

if TYPE_CHECKING:
    from byheart.core.predictor import Scores
    from byheart.memorizers.memorizer import Memorizer
    from byheart.models.transformer.config import NetworkConfig
    from byheart.models.transformer.network import Network
    from byheart.models.transformer.recipe import TrainingRecipe

MODEL, LOOKUP, BLIND = "transformer", "lookup:table", "blind:untrained"
_TIMED_STEPS, _WARM_STEPS = 12, 3


def pieces(params: LabParams) -> tuple[Piece, ...]:
    """A training and its memorizers, seed by seed."""
    tokens = params.batch_sequences * params.sequence_tokens
    return tuple(
        Piece(key=f"chains, seed {index + 1}", steps=params.num_steps, step_cost=tokens)
        for index in range(params.num_seeds)
    )


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
    from byheart.models.transformer.network import Network
    from byheart.models.transformer.predictor import reference_predictor

    path = ("lab", "context", str(seed_index))
    trained_on, _ = _chains(params, params.num_sequences, seed, *path, "trained on")
    watched, chains = _chains(params, params.num_watched, seed, *path, "watched")
    network = Network(network_config(params)).initialize(_generator(seed, *path, "weights"))
    untrained = reference_predictor(network.eval(), name=BLIND)
    watch = _Watch(watched, true_rows(chains, watched), params)
    along = {BLIND: watch.along(network)}
    _fit(network, trained_on, params, watch, rng=stream(seed, *path, "order"), on_progress=on_progress)
    along[MODEL] = watch.along(network)
    everyone: dict[str, Any] = {MODEL: reference_predictor(network, name=MODEL), BLIND: untrained}
    if has_memorizers:
        everyone |= _memorizers(params, trained_on, seed, *path)
    held_out, _ = _chains(params, params.num_held_out, seed, *path, "held out")
    shuffled = stream(seed, *path, "shuffled").permuted(held_out, axis=1)
    asked = {"ruled_nats": held_out, "shuffled_nats": shuffled, "seen_nats": trained_on[: params.num_held_out]}
    rows = _rows(watched, trained_on, params)
    references = {name: kl_nats(watch.truth, of).mean(axis=0) for name, of in rows.items()}
    said = {part: _said(everyone, texts, trained_on, params) for part, texts in asked.items()}
    return Trial(
        num_parameters=network.num_parameters,
        sizes_bytes={name: int(one.size_bytes or 0) for name, one in everyone.items()},
        looks=tuple(watch.steps),
        from_references={name: np.array(nats) for name, nats in watch.from_references.items()},
        from_truth=np.array(watch.from_truth),
        along=along | references,
        **said,
    )


def _chains(params: LabParams, num: int, seed: int, *path: str) -> tuple[Symbols, Floats]:
    """Sequences and the transition probabilities of each."""
    rng = stream(seed, *path)
    chains = draw_chains(num, params.num_symbols, rng=rng)
    return walk(chains, params.sequence_tokens, rng=rng), chains


def _generator(seed: int, *path: str) -> Any:
    import torch

    return torch.Generator().manual_seed(int(stream(seed, *path).integers(2**63)))


class _Watch:
    """Compares the network with the references on new chains while it is trained."""

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


def _fit(
    network: "Network",
    trained_on: Symbols,
    params: LabParams,
    watch: _Watch,
    *,
    rng: np.random.Generator,
    on_progress: Progress,
) -> None:
    from byheart.models.transformer.fitting import Batch, fit

    order = np.zeros(0, dtype=np.int64)

    def draw(step: int) -> Batch:
        nonlocal order
        while order.size < params.batch_sequences:
            order = np.concatenate((order, rng.permutation(len(trained_on))))
        rows, order = order[: params.batch_sequences], order[params.batch_sequences :]
        return Batch.of(trained_on[rows], params.num_symbols)

    fit(network, draw, _recipe(params, params.num_steps), watch=watch, watch_at=params.looks, on_progress=on_progress)


def network_config(params: LabParams) -> "NetworkConfig":
    """Attention only, so that a chain can be followed by attending and by nothing else; the start is one token more."""
    from byheart.models.transformer.config import NetworkConfig

    return NetworkConfig(
        vocabulary_size=params.num_symbols + 1,
        end_id=params.num_symbols,
        width=params.width,
        num_layers=params.num_layers,
        num_heads=params.num_heads,
        context_tokens=params.sequence_tokens,
        form="attention-only",
    )


def _recipe(params: LabParams, num_steps: int) -> "TrainingRecipe":
    from byheart.models.transformer.recipe import TrainingRecipe

    return TrainingRecipe(num_steps=num_steps, learning_rate=params.learning_rate, weight_decay=0.0)


def _memorizers(params: LabParams, trained_on: Symbols, seed: int, *path: str) -> dict[str, "Memorizer"]:
    """The table of all training sequences, and M1 to M6 of them."""
    from byheart.memorizers.infinigram import Infinigram

    documents = [np.ascontiguousarray(one, dtype=np.int32) for one in trained_on]
    calibration, _ = _chains(params, params.num_held_out, seed, *path, "calibration")
    size, end_id = params.num_symbols + 1, params.num_symbols
    # As the lookup pole of an audit: it counts occurrences, so that what it holds comes out.
    table = Infinigram(index_of(documents, size), vocabulary_size=size, end_id=end_id, counting="occurrences")
    return {LOOKUP: table} | memorizers_of(
        documents, size, end_id, calibration=[one.astype(np.int32) for one in calibration]
    )


def _rows(symbols: Symbols, trained_on: Symbols, params: LabParams) -> dict[str, Floats]:
    """What the references say, shape [N, T, k] each."""
    k = params.num_symbols
    return {
        STATIC: static_rows(trained_on, symbols, k),
        FREQUENCIES: unigram_rows(symbols, k),
        BAYES: bayes_rows(symbols, k),
    }


def _said(
    everyone: Mapping[str, "Scores"], texts: Symbols, trained_on: Symbols, params: LabParams
) -> dict[str, Floats]:
    """Mean log-probability of the second half of each text, by predictor and reference."""
    half = params.sequence_tokens // 2
    ids = [np.ascontiguousarray(text, dtype=np.int32) for text in texts]
    found = {name: np.array([_mean_nats(one, text, half) for text in ids]) for name, one in everyone.items()}
    for name, rows in _rows(texts, trained_on, params).items():
        found[name] = log_of_realised_nats(rows, texts)[:, half:].mean(axis=1)
    return found


def _mean_nats(predictor: "Scores", text: Any, half: int) -> float:
    from byheart.memorizers.memorizer import Memorizer

    if isinstance(predictor, Memorizer):
        return float(predictor.log_probabilities_nats(text)[half:].mean())
    return float(predictor.score([text])[0].log_probability_nats[half:].mean())


def _work(params: LabParams, piece: Piece, seed: int, on_progress: Progress) -> dict[str, Any]:
    seed_index = [one.key for one in pieces(params)].index(piece.key)
    return train_seed(params, seed_index, seed, on_progress=on_progress).to_json()


def _trials(params: LabParams, kept: Mapping[str, dict[str, Any]]) -> list[Trial]:
    return [Trial.from_json(kept[piece.key]) for piece in pieces(params)]


def _findings(params: LabParams, kept: Mapping[str, dict[str, Any]]) -> tuple[Finding, ...]:
    trials = _trials(params, kept)
    roles = {MODEL: "model", LOOKUP: "lookup pole", BLIND: "blind pole"}
    order = [MODEL, LOOKUP, BLIND, *(name for name in names_of(trials) if name not in roles)]
    return tuple(
        Finding(
            subject=_subject(name, roles.get(name, "memorizer"), trials),
            evidence=evidence(
                name, trials, params, is_model=name == MODEL, rng=stream(0, "lab", "context", "intervals")
            ),
        )
        for name in order
    )


def _subject(name: str, role: str, trials: list[Trial]) -> SubjectProvenance:
    said = [trial.ruled_nats[name].tolist() for trial in trials]
    digest = hashlib.blake2b(dumps([name, said]).encode(), digest_size=16).hexdigest()
    size_bytes = trials[0].sizes_bytes[name]
    return SubjectProvenance(name=name, role=role, fingerprint=digest, access="weights", size_bytes=size_bytes)


def _scores(params: LabParams, kept: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "axis": "context",
            "seed_index": seed_index,
            "predictor": name,
            "sequence": sequence,
            "new_chain_nats_per_token": float(trial.ruled_nats[name][sequence]),
            "random_order_nats_per_token": float(trial.shuffled_nats[name][sequence]),
            "trained_on_nats_per_token": float(trial.seen_nats[name][sequence]),
        }
        for seed_index, trial in enumerate(_trials(params, kept))
        for name in trial.ruled_nats
        for sequence in range(params.num_held_out)
    ]


def seconds_per_cost(params: LabParams) -> float:
    """Seconds of one unit of cost, measured on a few steps; building and asking the memorizers is not in it."""
    from byheart.models.transformer.network import Network

    seconds = 0.0
    data, chains = _chains(params, params.batch_sequences, 0, "lab", "context", "speed")
    for num_steps, is_timed in ((_WARM_STEPS, False), (_TIMED_STEPS, True)):
        network = Network(network_config(params)).initialize(_generator(0, "lab", "speed"))
        few = dataclasses.replace(params, num_steps=num_steps, num_looks=1)
        began = time.perf_counter()
        watch = _Watch(data, true_rows(chains, data), params)
        _fit(network, data, few, watch, rng=stream(0, "lab", "speed"), on_progress=silent)
        if is_timed:
            seconds = time.perf_counter() - began
    return seconds / (_TIMED_STEPS * pieces(params)[0].step_cost)


def _data(params: LabParams) -> tuple[dict[str, str | int], dict[str, str | int]]:
    source = f"Markov chains of {params.num_symbols} symbols, one for each sequence of {params.sequence_tokens} tokens"
    return (
        {"source": source, "documents": params.num_sequences},
        {"source": f"{source}, drawn anew", "documents": params.num_held_out},
    )


def _notes(params: LabParams) -> tuple[str, ...]:
    if params.num_seeds >= context_lab.LEAST_SEEDS:
        return ()
    return (
        f"Only {params.num_seeds} seeds: a look, not a result; its intervals are over new chains, not over trainings. "
        "The standard profile has 5.",
    )


def _title(params: LabParams) -> str:
    return f"chains that exist in one sequence only, in {params.num_layers} layers of attention"


def _method() -> dict[str, str]:
    return method_parts(inspect.getdoc(context_lab) or "")


AXIS = Axis(
    name="context",
    version=1,
    question="Does it follow a rule that exists only in its prompt?",
    profiles=PROFILES,
    method=_method,
    title=_title,
    pieces=pieces,
    seconds_per_cost=seconds_per_cost,
    work=_work,
    findings=_findings,
    scores=_scores,
    data=_data,
    notes=_notes,
)
