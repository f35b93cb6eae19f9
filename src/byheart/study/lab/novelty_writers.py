"""Who writes in the novelty experiment: its sentences, the network that learns them, and what stores them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from byheart.audits.novelty_lab_params import Params
from byheart.core.progress import Progress, silent
from byheart.core.streams import stream
from byheart.core.tokens import TokenIds
from byheart.study.lab.sentences import BEGIN_ID, END_ID, WORDS, Shape, draw_sentence

if TYPE_CHECKING:
    from byheart.core.predictor import Samples
    from byheart.models.transformer.config import NetworkConfig
    from byheart.models.transformer.network import Network
    from byheart.models.transformer.recipe import TrainingRecipe

MEMORIZER = "memorizer:"
ROOM_WORDS = 10
"""A writer may write so many words more than the longest training sentence has."""


def sentences(params: Params, seed_index: int, seed: int) -> tuple[list[TokenIds], list[TokenIds], list[TokenIds]]:
    """The training sentences of one seed, those for the mixture's weights, none of which is among them, and new draws.

    Args:
        params: of the experiment.
        seed_index: which repetition.
        seed: root of the random streams.
    """
    rng = stream(seed, "lab", "novelty", str(seed_index), "sentences")

    def draw(unlike: frozenset[bytes] = frozenset()) -> TokenIds:
        while True:
            found = draw_sentence(Shape(), rng=rng)
            if found.size <= params.most_words and found.tobytes() not in unlike:
                return found

    trained_on = [draw() for _ in range(params.num_sentences)]
    known = frozenset(found.tobytes() for found in trained_on)
    calibration = [draw(known) for _ in range(params.num_calibration)]
    return trained_on, calibration, [draw() for _ in range(params.num_written)]


def train_network(
    params: Params, trained_on: Sequence[TokenIds], *, rng: np.random.Generator, on_progress: Progress = silent
) -> "tuple[Network, Network]":
    """The network as its training begins, and after it.

    Args:
        params: of the experiment.
        trained_on: sentences.
        rng: draws weights and batches.
        on_progress: told the steps.
    """
    import copy

    import torch

    from byheart.models.transformer.fitting import Batch, fit
    from byheart.models.transformer.network import Network

    ids = np.full((len(trained_on), params.most_words + 2), END_ID, dtype=np.int64)
    counted = np.zeros(ids.shape, dtype=np.bool_)
    for row, sentence in enumerate(trained_on):
        ids[row, : sentence.size + 1] = [BEGIN_ID, *sentence]
        counted[row, 1 : sentence.size + 2] = True
    network = Network(network_config(params)).initialize(torch.Generator().manual_seed(int(rng.integers(2**63))))
    untrained = copy.deepcopy(network).eval()

    def draw(step: int) -> Batch:
        rows = rng.integers(len(ids), size=params.batch_sentences)
        longest = int(counted[rows].nonzero()[1].max()) + 1
        return Batch.of(ids[rows, :longest], END_ID, counted=counted[rows, :longest])

    return untrained, fit(network, draw, _recipe(params, params.num_steps), on_progress=on_progress)


def network_config(params: Params) -> "NetworkConfig":
    """The shape of the networks."""
    from byheart.models.transformer.config import NetworkConfig

    return NetworkConfig(
        vocabulary_size=len(WORDS),
        end_id=END_ID,
        width=params.width,
        num_layers=params.num_layers,
        num_heads=params.num_heads,
        hidden_width=params.hidden_width,
        context_tokens=params.most_words + ROOM_WORDS + 2,
    )


def _recipe(params: Params, num_steps: int) -> "TrainingRecipe":
    from byheart.models.transformer.recipe import TrainingRecipe

    return TrainingRecipe(
        num_steps=num_steps,
        batch_windows=params.batch_sentences,
        learning_rate=params.learning_rate,
        warmup_steps=max(num_steps // 20, 1),
        weight_decay=0.05,
    )


def build_memorizers(
    params: Params, trained_on: Sequence[TokenIds], calibration: Sequence[TokenIds]
) -> "dict[str, Samples]":
    """M1 to M6 of the training sentences, Markov chains of other orders, and samplers that do not smooth.

    Args:
        params: of the experiment.
        trained_on: sentences.
        calibration: others.
    """
    from byheart.memorizers.markov import Markov
    from byheart.study.lab.storing import memorizers_of
    from byheart.study.lab.suffix_sampler import SuffixSampler

    known = [np.array([BEGIN_ID, *sentence], dtype=np.int32) for sentence in trained_on]
    others = [np.array([BEGIN_ID, *sentence, END_ID], dtype=np.int32) for sentence in calibration]
    six = memorizers_of(known, len(WORDS), END_ID, calibration=others)
    index = six[f"{MEMORIZER}markov"].index
    built: dict[str, Samples] = dict(six)
    for order in params.markov_orders:
        name = f"{MEMORIZER}markov-{order}"
        built[name] = Markov(index, vocabulary_size=len(WORDS), end_id=END_ID, order=order, name=name)
    for longest, fewest in params.suffix_samplers:
        sampler = SuffixSampler(index, len(WORDS), END_ID, most_tokens=longest, fewest_occurrences=fewest)
        built[f"{MEMORIZER}{sampler.name}"] = sampler
    return built
