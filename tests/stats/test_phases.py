"""Phases of a training by the nearest reference."""

import numpy as np

from byheart.stats.phases import phases


def test_phases_are_runs_of_the_nearest_reference() -> None:
    found = phases(
        (0, 10, 20, 30, 40),
        {"a": np.array([1.0, 2, 3, 3, 3]), "b": np.array([2.0, 1, 1, 2, 3]), "c": np.array([3.0, 3, 3, 1, 1])},
    )
    assert (found.names, found.starts) == (("a", "b", "c"), (0, 10, 30))
    assert found.is_in_order(("a", "b", "c"))
    assert not found.is_in_order(("a", "c"))
    assert (found.start_of("c"), found.start_of("d")) == (30, None)


def test_going_back_is_a_phase_of_its_own_and_out_of_order() -> None:
    found = phases((0, 1, 2), {"a": np.array([0.0, 1, 0]), "b": np.array([1.0, 0, 1])})
    assert found.names == ("a", "b", "a")
    assert not found.is_in_order(("a", "b"))


def test_of_equals_the_first_counts() -> None:
    assert phases((5,), {"a": np.array([1.0]), "b": np.array([1.0])}).names == ("a",)
