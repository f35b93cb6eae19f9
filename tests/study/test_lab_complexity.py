"""A4 in the laboratory: one tiny run from end to end, and what its data and its networks must obey."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from byheart.audits.complexity_answers import BLIND, LOOKUP, MODEL, TASKS
from byheart.audits.complexity_params import Params
from byheart.core.evidence import Estimate, Table
from byheart.core.streams import stream
from byheart.study import lab
from byheart.study.headline import run_to_json
from byheart.study.integrity import faults
from byheart.study.lab import complexity
from byheart.study.lab.complexity_cases import Task
from byheart.study.lab.complexity_commands import MODIFIERS, NUM_PRIMITIVES, is_held_out
from byheart.study.lab.complexity_tasks import TASKS as MAKERS
from byheart.study.lab.complexity_training import _batch, _share_right, right, store, train
from byheart.study.lab.execute import run_lab
from byheart.study.lab.forecast import forecast
from byheart.study.lab.plan import LabPlan
from byheart.study.pages import write_report
from byheart.study.run_folder import RunFolder

TINY = Params(
    num_seeds=1, num_steps=50, other_steps_share=0.2, depths=(1,), num_cases=12, num_trained=40, batch_cases=16,
    width=8, num_heads=1, hidden_width=8, modulus=11, dyck_depth=2, dyck_tokens=12, parity_bits=5,
    arithmetic_numbers=2, curve_points=4,
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lab, "AXES", (dataclasses.replace(complexity.AXIS, profiles={"quick": TINY}),))
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lab") / "run"
    run_lab(LabPlan(axis="complexity", num_seeds=1, num_steps=50, seed=3), folder)
    return folder


def test_a_run_is_whole_and_every_predictor_has_the_same_estimates(whole: Path) -> None:
    assert faults(whole) == []
    record = RunFolder(whole).read()
    assert [one.role for one in record.provenance.subjects][:3] == ["model", "lookup pole", "blind pole"]
    assert [one.name for one in record.provenance.subjects][3:] == [
        f"memorizer:{name}" for name in ("automaton", "boolean", "markov", "knowledge", "infinigram", "mixture")
    ]
    names = [{e.name for e in r.evidence if isinstance(e, Estimate)} for r in record.results]
    assert all(found >= names[1] for found in names)
    assert len(names[1]) == len(TASKS)
    tables = {e.name: e for e in record.results[0].evidence if isinstance(e, Table)}
    rows = {row[0]: row[1:] for row in tables["complexity.predictors"].rows}
    assert set(rows) == {*(one.name for one in record.provenance.subjects), "chance"}
    assert rows[LOOKUP][: len(TASKS)] == (0.0,) * len(TASKS)
    assert {one["name"] for one in run_to_json(record, "run")["headline"]} >= {"complexity.unseen_accuracy"}
    page = write_report(whole).read_text("utf-8")
    assert "Does it answer" in page
    assert "Only 1 seed:" in page


def made(name: str, params: Params = Params()) -> Task:  # noqa: B008, a frozen value
    return MAKERS[name](params, rng=stream(0, "test", name))


@pytest.mark.parametrize("name", TASKS)
def test_no_question_that_is_asked_stands_among_the_trained_ones(name: str) -> None:
    task = made(name)
    asked = [*task.unseen, *task.fresh, *task.calibration]
    trained = {case.token_ids.tobytes() for case in task.trained}
    assert len(trained) == len(task.trained) >= 100 - 90 * (name == "parity")
    assert not trained & {case.token_ids.tobytes() for case in asked}
    assert len({case.token_ids.tobytes() for case in task.unseen}) == len(task.unseen) > 0
    known = {case.token_ids[:place].tobytes() for case in task.trained for place in case.places}
    assert not any(case.token_ids[: case.places[0]].tobytes() in known for case in task.unseen)
    assert not any(case.token_ids[: case.places[0]].tobytes() in known for case in task.fresh)
    assert all(int(t) in task.answer_ids for case in asked for t in case.token_ids[list(case.places)])
    assert max(case.token_ids.size for case in [*asked, *task.trained]) <= task.num_tokens


def test_answers_are_what_the_rule_says() -> None:
    for case in (*made("addition").trained, *made("addition").unseen):
        a, b, _, c = case.token_ids.tolist()
        assert (a + b - c) % Params().modulus == 0
    for case in made("parity").unseen:
        *bits, _, answer = case.token_ids.tolist()
        assert len(bits) > Params().parity_bits
        assert sum(bits) % 2 == answer
    for case in made("arithmetic").unseen:
        *terms, _, answer = case.token_ids.tolist()
        text = "".join("-+"[t - 5] if t in (5, 6) else str(t) for t in terms)
        total = sum(int(part) for part in text.replace("-", "+-").split("+"))
        assert total % 5 == answer
        assert len(terms) // 2 + 1 > Params().arithmetic_numbers


def test_no_pair_that_is_asked_was_trained_on_the_other_way_round() -> None:
    task = made("addition")
    trained = {tuple(case.token_ids[:2].tolist()) for case in task.trained}
    assert {(b, a) for a, b in trained} == trained
    asked = [*task.unseen, *task.calibration]
    assert not any((int(case.token_ids[1]), int(case.token_ids[0])) in trained for case in asked)
    assert len(task.trained) == pytest.approx(59 * 59 / 2, abs=59)


@pytest.mark.parametrize(("num", "said"), [(1, "these very networks"), (3, "cover other seeds"), (4, "cover other")])
def test_the_note_says_what_the_intervals_of_few_seeds_cover(num: int, said: str) -> None:
    assert said in complexity._notes(dataclasses.replace(TINY, num_seeds=num))[-1]


def nested_depth(tokens: list[int]) -> int:
    """Of a word of brackets."""
    depths = np.cumsum([1 if token in (0, 1) else -1 for token in tokens])
    return int(depths.max())


def test_brackets_match_and_are_asked_where_they_enclose_more_levels_than_were_trained() -> None:
    task, partner = made("dyck"), {0: 2, 1: 3}
    for case, is_unseen in [*((c, True) for c in task.unseen), *((c, False) for c in task.trained)]:
        stack: list[int] = []
        tokens = case.token_ids.tolist()
        for place, token in enumerate(tokens):
            if token in partner:
                stack.append(place)
                continue
            opening = stack.pop()
            assert partner[tokens[opening]] == token
            if is_unseen and place in case.places:
                assert nested_depth(tokens[opening : place + 1]) > Params().dyck_depth
        assert not stack
        assert (nested_depth(tokens) > Params().dyck_depth) == is_unseen


def test_of_every_primitive_one_modifier_is_held_out_and_never_the_plain_one() -> None:
    held = [(p, m) for p in range(NUM_PRIMITIVES) for m in range(len(MODIFIERS)) if is_held_out(p, m)]
    assert [p for p, _ in held] == list(range(NUM_PRIMITIVES))
    assert {m for _, m in held} == {1, 2, 3, 4}
    task = made("composition")
    for case, is_unseen in [*((c, True) for c in task.unseen), *((c, False) for c in task.trained)]:
        p, m, joint, q, n, _, *actions = case.token_ids.tolist()
        pairs = [(p - 10, m - 18), (q - 10, n - 18)]
        assert any(pair in held for pair in pairs) == is_unseen
        f, g = (MODIFIERS[modifier](primitive) for primitive, modifier in pairs)
        assert actions == [*(f + g if joint == 23 else g + f), 9]


def test_a_network_counts_alike_while_it_is_trained_and_when_it_is_asked() -> None:
    import torch

    from byheart.models.transformer.network import Network
    from byheart.models.transformer.predictor import reference_predictor
    from byheart.study.lab.complexity_training import network_config

    for name in ("dyck", "composition"):
        task = made(name, TINY)
        network = Network(network_config(task, TINY, 1)).initialize(torch.Generator().manual_seed(0)).eval()
        asked = task.trained[:20]
        with torch.no_grad():
            watched = _share_right(network, _batch(asked, task), task)
        assert watched == pytest.approx(np.mean(right(reference_predictor(network), asked, task)))


def test_equal_pieces_give_equal_values_and_seeds_do_not() -> None:
    few = dataclasses.replace(TINY, num_steps=5)
    once, again, other = (train("parity", few, index, 1, 0) for index in (0, 0, 1))
    assert once == again
    assert once["trained"] != other["trained"] or once["unseen"] != other["unseen"]


def test_the_table_holds_what_it_was_given_and_nothing_else() -> None:
    kept = store("addition", TINY, 0, 0)
    assert set(kept[LOOKUP]["trained"]) == {1}
    assert set(kept[LOOKUP]["unseen"]) == {0}
    assert np.mean(kept["memorizer:infinigram"]["trained"]) == 1.0
    assert set(kept["memorizer:knowledge"]["unseen"]) == {0}
    assert {MODEL, BLIND}.isdisjoint(kept)


def test_the_forecast_counts_every_piece() -> None:
    planned = forecast(LabPlan(axis="complexity", num_seeds=2, num_steps=50))
    # Of each seed addition with and without decay, one depth of four other tasks, the memorizers of five.
    assert planned.axes[0].trainings == 2 * (2 + 4 + 5)
    assert planned.seconds > 0


@pytest.mark.slow
def test_a_network_adds_pairs_that_it_never_saw_and_no_memorizer_does() -> None:
    params = dataclasses.replace(Params(), num_steps=1500)
    network = train("addition", params, 0, 1, 0)
    stored = store("addition", params, 0, 0)
    assert np.mean(network["trained"]) == 1.0
    assert np.mean(network["unseen"]) >= 0.95
    assert np.mean(network["before"]["unseen"]) < 0.1
    assert sum(stored[LOOKUP]["unseen"]) == 0
    assert all(np.mean(marks["unseen"]) < 0.1 for marks in stored.values())
