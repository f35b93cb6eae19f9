import numpy as np
import pytest

from byheart.audits.complexity import AUDIT, Params, run
from byheart.audits.complexity_kinds import Kind, count
from byheart.core.complexity_material import LayeredWindow
from byheart.core.evidence import Estimate, Evidence, Refusal, Series, Table
from tests.audits.material import inputs, layered


def both_sides(memorized: int, sure: int, *, num: int = 8) -> tuple[LayeredWindow, ...]:
    """Of each trained-on window one memorized token and one other, of each held-out one a sure token and an unsure."""
    members = [layered("member", f"m{i}", [memorized, 4], sure=[True, False], stored=[True, True]) for i in range(num)]
    controls = [layered("control", f"c{i}", [sure, 2], sure=[True, False], stored=[False, False]) for i in range(num)]
    return (*members, *controls)


def found(windows: tuple[LayeredWindow, ...]) -> dict[str, Evidence]:
    evidence = run(inputs(layered=windows), Params(), rng=np.random.default_rng(0))
    return {it.name: it for it in evidence}


def test_means_are_the_layers_by_the_number_of_layers() -> None:
    evidence = found(both_sides(1, 3))
    known = evidence["complexity.memorized_forming_layer_share"]
    assert isinstance(known, Estimate)
    assert known.control is not None
    assert known.excess is not None
    assert (known.value, known.control.value, known.excess.value) == (1 / 4, 3 / 4, 1 / 4 - 3 / 4)
    everything = evidence["complexity.forming_layer_share"]
    assert isinstance(everything, Estimate)
    assert everything.control is not None
    assert everything.value == (1 + 4) / 4 / 2
    assert everything.control.value == (3 + 2) / 4 / 2
    within = evidence["complexity.memorized_difference_share"]
    assert isinstance(within, Estimate)
    assert within.value == 1 / 4 - 4 / 4
    assert within.n == 8


def test_a_token_is_memorized_only_where_it_is_stored_and_said_for_sure_in_trained_on_text() -> None:
    member = layered("member", "m", [0, 1, 2, 3], sure=[True, True, False, False], stored=[True, False, True, False])
    control = layered("control", "c", [0, 1, 2, 3], sure=[True, True, False, False], stored=[True, False, True, False])
    numbers = {kind: int(count([member, control], kind).tokens.sum()) for kind in Kind}
    assert numbers == {Kind.MEMORIZED: 1, Kind.OTHER: 3, Kind.MEMBER: 4, Kind.SURE: 1, Kind.HELD_OUT: 4}
    assert count([member, control], Kind.MEMORIZED).depths.tolist() == [0.0]
    assert count([member, control], Kind.SURE).depths.tolist() == [1 / 4]


def test_what_another_token_follows_in_the_corpus_is_not_memorized() -> None:
    it = layered("member", "m", [1, 1], sure=[True, True], stored=[True, True])
    other = np.array([5, 1], dtype=np.int32)
    window = LayeredWindow(**{**vars(it), "stored": other})
    assert count([window], Kind.MEMORIZED).tokens.sum() == 1


def test_the_curve_is_the_share_formed_by_each_layer() -> None:
    (curve,) = (it for it in found(both_sides(1, 3)).values() if isinstance(it, Series))
    lines = {line.label: [point.y for point in line.points] for line in curve.lines}
    assert lines["trained-on, sure"] == [0, 1, 1, 1, 1]
    assert lines["held-out, sure"] == [0, 0, 0, 1, 1]
    assert lines["held-out, all"] == [0, 0, 1 / 2, 1, 1]
    assert "25 % of the layers" in curve.title
    assert "75 %" in curve.title


def test_a_difference_between_documents_has_a_width_and_equal_sides_include_zero() -> None:
    rng = np.random.default_rng(1)
    windows = tuple(
        layered(role, f"{role}{i}", rng.integers(0, 5, 6).tolist(), sure=[True] * 6, stored=[role == "member"] * 6)
        for role in ("member", "control")
        for i in range(20)
    )
    known = found(windows)["complexity.memorized_forming_layer_share"]
    assert isinstance(known, Estimate)
    assert known.excess is not None
    assert known.excess.low < 0 < known.excess.high


@pytest.mark.parametrize("num", [0, 4])
def test_too_few_documents_are_refused_with_the_number_needed(num: int) -> None:
    evidence = found(both_sides(1, 3, num=num))
    head = evidence["complexity.forming_layer_share"]
    assert isinstance(head, Refusal)
    if num:
        assert "an interval needs 5" in head.reason
        assert isinstance(evidence["complexity.memorized_difference_share"], Refusal)
        assert any(isinstance(it, Table) for it in evidence.values())
        assert not any(isinstance(it, Series) for it in evidence.values())


def test_it_needs_windows_layer_by_layer() -> None:
    (need,) = AUDIT.needs(Params())
    assert need.windows.num_per_stratum == 0  # type: ignore[union-attr]
