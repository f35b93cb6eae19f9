"""One seed of the languages: a network of random automata, and everyone asked about automata that are new."""

from typing import Any

import numpy as np

from byheart.audits.context_languages import BIGRAMS, FREQUENCIES, STATIC, TRIGRAMS, LanguageTrial
from byheart.audits.context_params import LabParams
from byheart.core.progress import Progress, silent
from byheart.core.streams import stream
from byheart.core.tokens import Floats
from byheart.stats.chains import Symbols, static_rows
from byheart.stats.languages import Languages, canonical_names, draw_languages, ngram_rows
from byheart.study.lab.context_training import (
    BLIND,
    MODEL,
    fit_sequences,
    new_network,
    second_half_nats,
    sizes_of,
    stores,
    token_ids,
)


def train_languages(params: LabParams, seed_index: int, seed: int, *, on_progress: Progress = silent) -> LanguageTrial:
    """Trains one network on languages, builds the memorizers of the same sequences, and asks everyone about new ones.

    Args:
        params: of the experiment.
        seed_index: which repetition: other weights, data and orders.
        seed: root of the random streams.
        on_progress: told the steps.
    """
    from byheart.models.transformer.predictor import reference_predictor

    path, k = ("lab", "context", "languages", str(seed_index)), params.language_symbols
    trained_on, known = _sequences(params, params.num_sequences, seed, *path, "trained on")
    held_out, languages = new_sequences(params, known, seed, *path, "held out")
    truth = languages.rows(held_out)
    network = new_network(params, k, seed, *path, "weights")
    everyone: dict[str, Any] = {BLIND: reference_predictor(network, name=BLIND)}
    fit_sequences(network, trained_on, params, rng=stream(seed, *path, "order"), on_progress=on_progress)
    calibration, _ = _sequences(params, params.num_held_out, seed, *path, "calibration")
    everyone = {MODEL: reference_predictor(network, name=MODEL)} | everyone | stores(trained_on, calibration, k)
    shuffled = stream(seed, *path, "shuffled").permuted(held_out, axis=1)
    said = {
        part: second_half_nats(everyone, texts, _rows(texts, trained_on, k))
        for part, texts in (("ruled_nats", held_out), ("shuffled_nats", shuffled))
    }
    ends = {name: _last_rows(one, held_out, k) for name, one in everyone.items()}
    ends |= {name: rows[:, -1] for name, rows in _rows(held_out, trained_on, k).items()}
    last = truth[:, -1]
    return LanguageTrial(
        sizes_bytes=sizes_of(everyone),
        valid={name: (rows * (last > 0)).sum(axis=1) for name, rows in ends.items()},
        # What a predictor gives to the end of a text is none of the symbols, and counts against it.
        variation={name: (np.abs(rows - last).sum(axis=1) + 1.0 - rows.sum(axis=1)) / 2 for name, rows in ends.items()},
        **said,
    )


def _sequences(params: LabParams, num: int, seed: int, *path: str) -> tuple[Symbols, Languages]:
    rng = stream(seed, *path)
    languages = draw_languages(num, params.language_states, params.language_symbols, rng=rng)
    return languages.write(params.sequence_tokens, rng=rng), languages


def new_sequences(params: LabParams, known: Languages, seed: int, *path: str) -> tuple[Symbols, Languages]:
    """Sequences of languages none of which is a known one in other states; those that are are drawn again.

    Args:
        params: of the experiment; as many as are held out.
        known: languages that must not come.
        seed: root of the random streams.
        path: name of the stream.
    """
    names, rng, num = set(canonical_names(known)), stream(seed, *path), params.num_held_out
    emissions, successors = known.emissions[:0], known.successors[:0]
    while len(emissions) < num:
        drawn = draw_languages(num, params.language_states, params.language_symbols, rng=rng)
        is_new = np.array([name not in names for name in canonical_names(drawn)])
        emissions = np.concatenate((emissions, drawn.emissions[is_new]))[:num]
        successors = np.concatenate((successors, drawn.successors[is_new]))[:num]
    found = Languages(emissions, successors)
    return found.write(params.sequence_tokens, rng=rng), found


def _rows(symbols: Symbols, trained_on: Symbols, k: int) -> dict[str, Floats]:
    """What the references say, shape [N, T, k] each."""
    orders = {FREQUENCIES: 1, BIGRAMS: 2, TRIGRAMS: 3}
    return {STATIC: static_rows(trained_on, symbols, k)} | {
        name: ngram_rows(symbols, k, order) for name, order in orders.items()
    }


def _last_rows(predictor: Any, symbols: Symbols, k: int) -> Floats:
    """The distribution of the last symbol of each sequence, shape [N, k]."""
    found: Floats = np.exp(predictor.next_log_probabilities_nats([ids[:-1] for ids in token_ids(symbols)]))[:, :k]
    return found
