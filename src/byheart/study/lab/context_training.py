"""What both experiments of the context axis share: networks and memorizers of made sequences, and asking them."""

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.audits.context_params import LabParams
from byheart.core.progress import Progress, silent
from byheart.core.streams import stream
from byheart.core.tokens import Floats, TokenIds
from byheart.stats.chains import Symbols, log_of_realised_nats
from byheart.study.lab.storing import index_of, memorizers_of

if TYPE_CHECKING:
    from byheart.core.predictor import Scores
    from byheart.memorizers.memorizer import Memorizer
    from byheart.models.transformer.config import NetworkConfig
    from byheart.models.transformer.network import Network

MODEL, LOOKUP, BLIND = "transformer", "lookup:table", "blind:untrained"


def network_config(params: LabParams, num_symbols: int) -> "NetworkConfig":
    """Attention only, so that a rule can be followed by attending and by nothing else; the start is one token more.

    Args:
        params: of the experiment.
        num_symbols: of the sequences.
    """
    from byheart.models.transformer.config import NetworkConfig

    return NetworkConfig(
        vocabulary_size=num_symbols + 1,
        end_id=num_symbols,
        width=params.width,
        num_layers=params.num_layers,
        num_heads=params.num_heads,
        context_tokens=params.sequence_tokens,
        form="attention-only",
    )


def new_network(params: LabParams, num_symbols: int, seed: int, *path: str) -> "Network":
    """A network before its first step, its weights from the stream of that name."""
    import torch

    from byheart.models.transformer.network import Network

    generator = torch.Generator().manual_seed(int(stream(seed, *path).integers(2**63)))
    network = Network(network_config(params, num_symbols)).initialize(generator).eval()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            # Gains stay 1; large embeddings would make a network that was not trained repeat the last token.
            if parameter.dim() > 1 and name != "embedding":
                parameter.mul_(params.initial_scale)
    return network


def fit_sequences(
    network: "Network",
    trained_on: Symbols,
    params: LabParams,
    *,
    rng: np.random.Generator,
    watch: Callable[[int, "Network"], None] | None = None,
    watch_at: Collection[int] = (),
    on_progress: Progress = silent,
) -> None:
    """Trains on whole sequences, each once before any comes again.

    Args:
        network: its weights move.
        trained_on: shape [N, T].
        params: steps, batch and step size.
        rng: draws the order.
        watch: is shown the network.
        watch_at: after so many steps.
        on_progress: told the steps.
    """
    from byheart.models.transformer.fitting import Batch, fit
    from byheart.models.transformer.recipe import TrainingRecipe

    order = np.zeros(0, dtype=np.int64)

    def draw(step: int) -> Batch:
        nonlocal order
        while order.size < params.batch_sequences:
            order = np.concatenate((order, rng.permutation(len(trained_on))))
        rows, order = order[: params.batch_sequences], order[params.batch_sequences :]
        return Batch.of(trained_on[rows], network.config.end_id)

    recipe = TrainingRecipe(num_steps=params.num_steps, learning_rate=params.learning_rate, weight_decay=0.0)
    fit(network, draw, recipe, watch=watch, watch_at=watch_at, on_progress=on_progress)


def stores(trained_on: Symbols, calibration: Symbols, num_symbols: int) -> dict[str, "Memorizer"]:
    """The table of all training sequences, and M1 to M6 of them.

    Args:
        trained_on: shape [N, T].
        calibration: sequences of the same kind, for the weights of the mixture.
        num_symbols: the end of a sequence is one token more.
    """
    from byheart.memorizers.infinigram import Infinigram

    documents, size = token_ids(trained_on), num_symbols + 1
    # As the lookup pole of an audit: it counts occurrences, so that what it holds comes out.
    index = index_of(documents, size)
    table = Infinigram(index, vocabulary_size=size, end_id=num_symbols, counting="occurrences")
    return {LOOKUP: table} | memorizers_of(documents, size, num_symbols, calibration=token_ids(calibration))


def token_ids(sequences: Symbols) -> list[TokenIds]:
    """As predictors take them."""
    return [np.ascontiguousarray(one, dtype=np.int32) for one in sequences]


def second_half_nats(
    everyone: Mapping[str, "Scores"], texts: Symbols, references: Mapping[str, Floats]
) -> dict[str, Floats]:
    """Mean log-probability of the second half of each text, nats per token, shape [N], by predictor and reference.

    Args:
        everyone: by name.
        texts: shape [N, T].
        references: what each says of every token, shape [N, T, k].
    """
    half, ids = texts.shape[1] // 2, token_ids(texts)
    found = {name: np.array([_mean_nats(one, text, half) for text in ids]) for name, one in everyone.items()}
    for name, rows in references.items():
        found[name] = log_of_realised_nats(rows, texts)[:, half:].mean(axis=1)
    return found


def _mean_nats(predictor: Any, text: TokenIds, half: int) -> float:
    from byheart.memorizers.memorizer import Memorizer

    if isinstance(predictor, Memorizer):
        return float(predictor.log_probabilities_nats(text)[half:].mean())
    return float(predictor.score([text])[0].log_probability_nats[half:].mean())


def sizes_of(everyone: Mapping[str, "Scores"]) -> dict[str, int]:
    """Bytes that each stores."""
    return {name: int(one.size_bytes or 0) for name, one in everyone.items()}
