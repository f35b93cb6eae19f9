from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.errors import CapabilityError, FormatError, InputError, SourceError
from byheart.memorizers.definition_automaton import path_sum
from byheart.memorizers.weighted_automaton import WeightedAutomaton, load, product
from tests.memorizers.test_laws import ids

A, B = range(2)
texts = st.lists(st.integers(0, 1), max_size=4)


def random_automaton(num_states: int, seed: int) -> WeightedAutomaton:
    rng = np.random.default_rng(seed)
    return WeightedAutomaton(
        rng.normal(size=num_states), rng.normal(size=(2, num_states, num_states)), rng.normal(size=(2, num_states))
    )


def parity() -> WeightedAutomaton:
    """Two states that a swaps and b keeps."""
    return WeightedAutomaton(np.array([1.0, 0.0]), np.array([[[0.0, 1.0], [1.0, 0.0]], np.eye(2)]), np.ones((2, 2)))


def test_the_worked_example_of_the_docstring() -> None:
    machine = WeightedAutomaton(np.ones(1), np.array([[[1 / 4]], [[3 / 4]]]), np.array([[1 / 4], [3 / 4]]))
    assert machine.weight(ids(A, B)) == pytest.approx(1 / 4 * 3 / 4)
    assert machine.next_weights(ids(A)).tolist() == [1 / 4 * 1 / 4, 1 / 4 * 3 / 4]


@settings(max_examples=40, deadline=None)
@given(text=texts, seed=st.integers(0, 99), num_states=st.integers(1, 3))
def test_a_weight_is_the_sum_over_all_paths(text: list[int], seed: int, num_states: int) -> None:
    machine = random_automaton(num_states, seed)
    expected = path_sum(machine.initial, machine.tensor, np.ones(num_states), text)
    assert machine.weight(ids(*text)) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(text=texts, seed=st.integers(0, 99))
def test_a_product_gives_every_text_the_product_of_the_path_sums(text: list[int], seed: int) -> None:
    one, other = random_automaton(2, seed), random_automaton(3, seed + 1)
    both = product(one, other)
    assert both.num_states == 2 * 3
    sums = [path_sum(machine.initial, machine.tensor, np.ones(machine.num_states), text) for machine in (one, other)]
    assert both.weight(ids(*text)) == pytest.approx(sums[0] * sums[1], rel=1e-9, abs=1e-12)
    expected = one.next_weights(ids(*text)) * other.next_weights(ids(*text))
    np.testing.assert_allclose(both.next_weights(ids(*text)), expected, rtol=1e-9, atol=1e-12)


def test_an_automaton_is_deterministic_when_no_token_leads_to_two_states() -> None:
    assert parity().is_deterministic
    assert product(parity(), parity()).is_deterministic
    assert not random_automaton(2, 0).is_deterministic
    started_twice = WeightedAutomaton(np.ones(2), parity().tensor, parity().outputs)
    assert not started_twice.is_deterministic


def test_determinising_keeps_every_weight() -> None:
    # Both states say the same of b, which merges them in the ratio 1 : 2; a keeps and halves them.
    merged = np.array([[1 / 6, 1 / 6], [1 / 3, 1 / 3]])
    machine = WeightedAutomaton(np.array([0.5, 0.5]), np.array([np.eye(2) / 2, merged]), np.full((2, 2), 1 / 2))
    assert not machine.is_deterministic
    determined = machine.to_deterministic(most_states=4)
    assert determined.is_deterministic
    assert determined.num_states == 2
    assert determined.equals(machine, max_length_tokens=5)
    np.testing.assert_allclose(determined.next_weights(ids(B, A, B)), machine.next_weights(ids(B, A, B)), rtol=1e-12)


def test_an_automaton_that_reaches_ever_new_states_is_not_determinised() -> None:
    shifting = WeightedAutomaton(np.array([1.0, 0.0]), np.array([[[1.0, 0.0], [1.0, 1.0]]]), np.ones((1, 2)))
    with pytest.raises(CapabilityError, match="More than 50 states"):
        shifting.to_deterministic(most_states=50)
    without_direction = WeightedAutomaton(np.array([1.0, -1.0]), np.eye(2)[None], np.ones((1, 2)))
    with pytest.raises(InputError, match="no direction"):
        without_direction.to_deterministic(most_states=50)


def test_renaming_the_states_changes_nothing_and_changing_a_weight_does() -> None:
    machine, change = random_automaton(3, 1), np.random.default_rng(2).normal(size=(3, 3))
    change /= change.sum(axis=0)
    back = np.linalg.inv(change)
    renamed = WeightedAutomaton(change @ machine.initial, change @ machine.tensor @ back, machine.outputs @ back)
    assert machine.equals(renamed, max_length_tokens=5, tolerance=1e-9)
    tensor = machine.tensor.copy()
    tensor[B, 0, 0] += 1e-6
    assert not machine.equals(WeightedAutomaton(machine.initial, tensor, machine.outputs), max_length_tokens=5)
    longer = WeightedAutomaton(np.ones(1), np.ones((3, 1, 1)), np.ones((3, 1)))
    assert not machine.equals(longer, max_length_tokens=0)


def test_an_exported_automaton_comes_back_the_same(tmp_path: Path) -> None:
    machine, path = random_automaton(3, 4), tmp_path / "machine.npz"
    machine.export(path)
    again = load(path)
    for name in ("initial", "tensor", "outputs"):
        np.testing.assert_array_equal(getattr(again, name), getattr(machine, name))
    with pytest.raises(SourceError):
        load(tmp_path / "nothing.npz")


@pytest.mark.parametrize("kept", [0, 10, 200, 0.5, 0.99])
def test_a_file_cut_short_is_refused(tmp_path: Path, kept: float) -> None:
    path = tmp_path / "machine.npz"
    random_automaton(3, 4).export(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data)) if kept < 1 else int(kept)])
    with pytest.raises(FormatError):
        load(path)


@pytest.mark.parametrize("place", range(30, 1100, 107))
def test_a_flipped_bit_in_a_file_is_refused_or_changes_nothing(tmp_path: Path, place: int) -> None:
    machine, path = random_automaton(3, 4), tmp_path / "machine.npz"
    machine.export(path)
    data = bytearray(path.read_bytes())
    data[place] ^= 16
    path.write_bytes(bytes(data))
    try:
        again = load(path)
    except FormatError:
        return
    np.testing.assert_array_equal(again.tensor, machine.tensor)


@pytest.mark.parametrize(
    "changed",
    [
        {"format": np.int64(2)},
        {"tensor": np.zeros((2, 3, 2))},
        {"tensor": np.array([{}], dtype=object)},
        {"outputs": np.full((2, 3), np.nan)},
        {"initial": np.zeros(3, dtype=np.float32)},
        {"format": np.array(["x"])},
    ],
)
def test_a_file_with_other_contents_is_refused(tmp_path: Path, changed: dict[str, Any]) -> None:
    machine, path = random_automaton(3, 4), tmp_path / "machine.npz"
    parts: dict[str, Any] = {
        "format": np.int64(1),
        "initial": machine.initial,
        "tensor": machine.tensor,
        "outputs": machine.outputs,
    }
    np.savez(path, allow_pickle=True, **(parts | changed))
    with pytest.raises(FormatError):
        load(path)


def test_parts_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="fit together"):
        WeightedAutomaton(np.ones(2), np.ones((2, 2, 2)), np.ones((2, 3)))
    with pytest.raises(InputError, match="not finite"):
        WeightedAutomaton(np.array([np.inf]), np.ones((2, 1, 1)), np.ones((2, 1)))
    with pytest.raises(InputError, match="no product"):
        product(parity(), WeightedAutomaton(np.ones(1), np.ones((3, 1, 1)), np.ones((3, 1))))
