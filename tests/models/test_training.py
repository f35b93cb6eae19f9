import itertools
import math
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from byheart.core.decoding import GREEDY
from byheart.core.tokens import TokenIds
from byheart.errors import ConfigError, InputError, NumericalError
from byheart.models.transformer.borders import Borders
from byheart.models.transformer.config import FORMS, Form
from byheart.models.transformer.evaluation import evaluate
from byheart.models.transformer.predictor import reference_predictor
from byheart.models.transformer.recipe import TrainingRecipe
from byheart.models.transformer.training import Training, train
from byheart.models.transformer.windows import Stream
from tests.models.networks import SMALL, predictor, sharp_network, texts


def _training(
    documents: list[TokenIds], recipe: TrainingRecipe, clock: Callable[[], float] = time.perf_counter, seed: int = 0
) -> Training:
    rng = np.random.default_rng(seed)
    return train(documents, SMALL, recipe, rng=rng, clock=clock)


def _fingerprint(training: Training) -> str:
    return reference_predictor(training.network).fingerprint


def test_the_stream_puts_the_end_token_before_each_document() -> None:
    documents = [np.array([5, 6], dtype=np.int32), np.array([7], dtype=np.int32)]
    assert Stream(documents, 3).token_ids.tolist() == [3, 5, 6, 3, 7]


@pytest.mark.parametrize(("num_tokens", "window_tokens"), [(40, 8), (40, 7), (5, 8)])
def test_an_epoch_shows_every_window_once(num_tokens: int, window_tokens: int) -> None:
    stream = Stream([np.arange(1, num_tokens, dtype=np.int32)], 0)
    num_windows = stream.windows_per_epoch(window_tokens)
    assert num_windows == max(num_tokens // window_tokens, 1)
    epochs = stream.batches(window_tokens, num_windows, rng=np.random.default_rng(0))
    for _ in range(3):
        epoch = next(epochs)
        assert epoch.inputs.shape == epoch.targets.shape == epoch.pieces.shape == (num_windows, window_tokens)
        assert ((epoch.targets - epoch.inputs) % num_tokens == 1).all()
        assert np.bincount(epoch.targets.ravel()).max() == math.ceil(num_windows * window_tokens / num_tokens)


def test_a_piece_begins_with_each_document_and_undivided_windows_come_first() -> None:
    documents = [np.arange(10, 10 + size, dtype=np.int32) for size in (3, 1, 20)]
    (epoch,) = itertools.islice(Stream(documents, 0).batches(9, 3, rng=np.random.default_rng(3)), 1)
    begins = (epoch.inputs == 0) & (np.arange(9) > 0)
    assert np.array_equal(np.diff(epoch.pieces, axis=1), begins[:, 1:].astype(int))
    assert (epoch.pieces[:, 0] == 0).all()
    is_divided = epoch.pieces[:, -1] > 0
    assert is_divided.any()
    assert not is_divided.all()
    assert np.array_equal(is_divided, np.sort(is_divided))


@pytest.mark.parametrize("start", [1, 2, 7])
def test_batches_go_on_from_any_number(start: int) -> None:
    stream = Stream(texts(50, 23), 3)
    whole = list(itertools.islice(stream.batches(8, 4, rng=np.random.default_rng(0)), start + 3))
    rest = list(itertools.islice(stream.batches(8, 4, rng=np.random.default_rng(0), start=start), 3))
    for expected, found in zip(whole[start:], rest, strict=True):
        assert np.array_equal(expected.inputs, found.inputs)
        assert np.array_equal(expected.pieces, found.pieces)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("in_bfloat16", "tolerance"), [(False, 1e-3), (True, 0.5)])
def test_no_document_sees_another_one_of_its_window(form: Form, in_bfloat16: bool, tolerance: float) -> None:
    network = sharp_network(replace(SMALL, form=form))
    first, second, third, other = (torch.from_numpy(text.astype(np.int64)) for text in texts(9, 14, 9, 9))
    pieces = torch.tensor([[0] * 32, [0] * 9 + [1] * 14 + [2] * 9])
    whole = torch.from_numpy(texts(32, seed=5)[0].astype(np.int64))
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=in_bfloat16):
        logits = network(torch.stack([whole, torch.cat((first, second, third))]), Borders(pieces))
        changed = network(torch.stack([whole, torch.cat((other, second, other))]), Borders(pieces))
        alone = network(second[None])
    assert torch.equal(logits[1, 9:23], changed[1, 9:23])
    assert not torch.equal(logits[1, :9], changed[1, :9])
    assert torch.equal(logits[0], changed[0])
    assert (logits[1, 9:23] - alone[0]).norm() < tolerance * alone.norm()


def test_training_memorizes_what_is_repeated_and_lowers_the_loss() -> None:
    passage, *others = texts(24, *[40] * 20, seed=9)
    documents = [passage] * 20 + others
    training = _training(documents, TrainingRecipe(num_steps=150, learning_rate=1e-2))
    assert training.losses_nats[0] == pytest.approx(math.log(SMALL.vocabulary_size), abs=0.2)
    assert training.losses_nats[-10:].mean() < 0.75 * training.losses_nats[0]
    assert training.seen_tokens == 150 * 8 * SMALL.context_tokens
    assert training.stream_tokens == 20 * (24 + 1) + 20 * (40 + 1)
    subject = reference_predictor(training.network)
    (written,) = subject.sample([passage[:12]], GREEDY, 12, rng=np.random.default_rng(0))
    assert np.array_equal(written, passage[12:])
    assert evaluate(training.network, [passage]).nats_per_token < 0.5
    assert evaluate(training.network, texts(24, seed=10)).nats_per_token > 3.0


def test_equal_streams_give_equal_weights_and_others_do_not() -> None:
    recipe = TrainingRecipe(num_steps=5)
    assert _fingerprint(_training(texts(50), recipe)) == _fingerprint(_training(texts(50), recipe))
    assert _fingerprint(_training(texts(50), recipe, seed=1)) != _fingerprint(_training(texts(50), recipe))


def test_a_time_budget_fixes_the_steps_and_repeats_as_a_number_of_steps() -> None:
    ticks = iter(range(10_000))
    by_time = _training(texts(50), TrainingRecipe(seconds=40.0), clock=lambda: float(next(ticks)))
    assert by_time.num_steps == 40
    assert _fingerprint(by_time) == _fingerprint(_training(texts(50), TrainingRecipe(num_steps=40)))


def test_a_time_budget_of_less_than_one_step_still_takes_one() -> None:
    ticks = iter(range(10_000))
    assert _training(texts(50), TrainingRecipe(seconds=0.5), clock=lambda: float(next(ticks))).num_steps == 1


def test_the_step_size_rises_then_falls_to_its_share() -> None:
    recipe = TrainingRecipe(num_steps=100, learning_rate=1.0, warmup_steps=10, final_share=0.1)
    sizes = [recipe.step_size(index, 100) for index in range(100)]
    assert sizes[:10] == pytest.approx([(index + 1) / 10 for index in range(10)])
    assert sizes[10] == pytest.approx(1.0)
    assert sizes[99] == pytest.approx(0.1)
    assert all(left >= right for left, right in pairwise(sizes[10:]))


def test_plain_descent_takes_the_step_of_the_formula() -> None:
    recipe = TrainingRecipe(num_steps=1, learning_rate=0.5, warmup_steps=1, optimizer="descent", largest_gradient=1e9)
    still = replace(recipe, learning_rate=1e-30)
    moved, start = _training(texts(50), recipe).network, _training(texts(50), still).network
    gradients = [(a - b).abs().max().item() / 0.5 for a, b in zip(start.parameters(), moved.parameters(), strict=True)]
    doubled = _training(texts(50), replace(recipe, learning_rate=1.0)).network
    twice = [(a - b).abs().max().item() for a, b in zip(start.parameters(), doubled.parameters(), strict=True)]
    assert min(gradients) > 0
    assert twice == pytest.approx(gradients, rel=1e-3)


def test_progress_ends_at_its_total() -> None:
    heard: list[tuple[str, float, float, str]] = []
    train(
        texts(50),
        SMALL,
        TrainingRecipe(num_steps=4),
        rng=np.random.default_rng(0),
        on_progress=lambda stage, done, total, note="": heard.append((stage, done, total, note)),
    )
    assert [(stage, done, total) for stage, done, total, _ in heard] == [("train", n + 1, 4) for n in range(4)]
    assert "nats/token" in heard[-1][3]


def test_an_evaluation_scores_every_token_once_and_equals_the_scores() -> None:
    network = sharp_network()
    short = texts(1, 20, 32, 33)
    expected = -sum(scores.log_probability_nats.sum() for scores in predictor(network).score(short))
    result = evaluate(network, short, batch_windows=3)
    assert result.num_tokens == 1 + 20 + 32 + 33
    assert evaluate(network, short[:3]).total_nats == pytest.approx(
        -sum(scores.log_probability_nats.sum() for scores in predictor(network).score(short[:3])), rel=1e-5
    )
    assert result.total_nats == pytest.approx(expected, rel=0.05)
    assert evaluate(network, texts(500)).num_tokens == 500


def test_what_cannot_be_trained_is_refused() -> None:
    with pytest.raises(InputError):
        _training([np.empty(0, dtype=np.int32)], TrainingRecipe(num_steps=1))
    with pytest.raises(InputError):
        _training([np.array([SMALL.vocabulary_size], dtype=np.int32)], TrainingRecipe(num_steps=1))
    with pytest.raises(InputError):
        evaluate(sharp_network(), [])
    with pytest.raises(ConfigError, match=r"exactly one(.|\n)*batch_windows"):
        TrainingRecipe(num_steps=1, seconds=1.0, batch_windows=0)
    with pytest.raises(NumericalError, match="step"):
        _training(
            texts(50), TrainingRecipe(num_steps=20, learning_rate=1e30, optimizer="descent", largest_gradient=1e30)
        )
