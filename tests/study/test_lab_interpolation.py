"""The interpolation experiment: its data by brute force, a whole tiny run, and the law that networks obey."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from byheart.audits.interpolation_lab_params import PROFILES, Params
from byheart.audits.interpolation_lab_trainings import Asked
from byheart.core.evidence import Table as EvidenceTable
from byheart.study import lab
from byheart.study.headline import run_to_json
from byheart.study.integrity import faults
from byheart.study.lab import interpolation
from byheart.study.lab.execute import run_lab
from byheart.study.lab.interpolation_asking import BLIND, LOOKUP, MODEL, Table, repetition
from byheart.study.lab.interpolation_data import answers, answers_between, asked, documents, draw_task
from byheart.study.lab.plan import LabPlan
from byheart.study.pages import write_report
from byheart.study.run_folder import RunFolder

TINY = Params(
    num_documents=60, num_paths=4, num_points=9, num_windows=12, num_damaged=(1, 2), num_steps=50, batch_sequences=16,
    width=8, hidden_width=8,
)  # fmt: skip
PLAN = LabPlan(axis="interpolation", num_seeds=2, num_steps=50, seed=3)


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lab, "AXES", (dataclasses.replace(interpolation.AXIS, profiles={"quick": TINY}),))
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lab") / "run"
    run_lab(PLAN, folder)
    return folder


def test_the_answers_are_rounded_means_and_move_as_the_tokens_do() -> None:
    contexts = np.array([[0, 1, 1, 1], [0, 0, 1, 1], [3, 3, 3, 4]])
    assert answers(contexts).tolist() == [1, 1, 3]  # 0.75, 0.5 halves up, 3.25
    assert answers(contexts + 2).tolist() == [3, 3, 5]


def test_both_ends_of_every_path_are_trained_on_and_its_middle_is_not() -> None:
    params = Params(num_documents=500, num_paths=30)
    task = draw_task(params, rng=np.random.default_rng(0))
    known = {tuple(row) for row in task.seen.tolist()}
    for first, second, distance in zip(task.first, task.second, task.distance, strict=True):
        assert tuple(first) in known
        assert tuple(second) in known
        assert tuple(first + distance // 2) not in known
        assert 0 <= first.min() <= second.max() < params.num_values
    assert not {tuple(row) for row in (*task.unseen.tolist(), *task.calibration.tolist())} & known
    assert len(task.unseen) == params.num_windows


def test_the_right_answers_on_a_path_begin_and_end_as_its_ends_and_pass_the_middle() -> None:
    task = draw_task(TINY, rng=np.random.default_rng(0))
    right = answers_between(task, 9)
    assert np.array_equal(right[:, 0], answers(task.first))
    assert np.array_equal(right[:, -1], answers(task.second))
    assert np.array_equal(right[:, 4], answers(task.first + task.distance[:, None] // 2))


def test_the_table_holds_what_it_was_given_and_nothing_else() -> None:
    contexts = np.array([[1, 2], [2, 3]])
    params = Params(context_tokens=2, num_values=5)
    texts = documents(contexts, params)
    table = Table(texts[:, :-1], texts[:, -1], params.vocabulary_size)
    known, unknown = np.exp(table.next_log_probabilities_nats(list(asked(np.array([[1, 2], [2, 2]]), params))))
    assert known.argmax() == answers(contexts)[0]
    assert known.max() > 0.99
    np.testing.assert_allclose(unknown, 1 / params.vocabulary_size)
    np.testing.assert_allclose([known.sum(), unknown.sum()], 1)


def test_a_run_is_whole_and_read_back_and_rendered(whole: Path) -> None:
    assert faults(whole) == []
    record = RunFolder(whole).read()
    roles = [subject.role for subject in record.provenance.subjects]
    assert roles == ["model", "lookup pole", "blind pole", *["memorizer"] * 6]
    page = write_report(whole).read_text("utf-8")
    assert "only 2 seeds" in page
    shown = run_to_json(record, "run")
    assert {one["name"] for one in shown["headline"]} >= {"interpolation.midpoint_accuracy"}
    json.dumps(shown, allow_nan=False)
    for result in record.results:
        assert result.evidence
        assert all(one.name.startswith("interpolation.") for one in result.evidence)


def test_memorizers_go_in_one_step_and_are_never_right_at_both_ends_and_between(whole: Path) -> None:
    result = RunFolder(whole).read().of("interpolation", MODEL)
    assert result is not None
    table = next(e for e in result.evidence if isinstance(e, EvidenceTable))
    rows = {str(row[0]): row for row in table.rows}
    memorizers = [name for name in rows if name.startswith("memorizer:")]
    assert len(memorizers) == 6
    step = table.columns.index("goes in one step, share of paths")
    for name in (LOOKUP, *memorizers):
        assert rows[name][1] == 0, name
    # Asked the middle as tokens, some of them can be right, and networks too.
    asked_so = table.columns.index("the middle asked as tokens, share")
    assert sum(float(rows[name][asked_so] or 0) for name in (MODEL, *memorizers)) > 0
    for name in (LOOKUP, "memorizer:boolean", "memorizer:markov"):
        assert rows[name][step] == 1, name
    assert rows[MODEL][step] == 0


def test_every_answer_is_one_of_the_values_and_the_token_that_asks_is_read_by_everyone() -> None:
    done = repetition(TINY, 0, 0)["predictors"]
    # The first weights say the same nearly everywhere: of 24 values, and not the token that asks, which is never right.
    assert sum(sum(done[BLIND][f"{side}_is_right"]) for side in ("seen", "unseen")) > 0


def test_every_repetition_has_data_and_weights_of_its_own_and_the_same_each_time() -> None:
    kept = [
        repetition(TINY, index, seed)["predictors"][MODEL]["largest_jump"] for index, seed in ((0, 0), (0, 0), (1, 0))
    ]
    assert kept[0] == kept[1]
    assert kept[0] != kept[2]


@pytest.mark.slow
def test_a_trained_network_is_right_halfway_and_neither_a_memorizer_nor_its_controls_are() -> None:
    done = repetition(PROFILES["quick"], 0, 1)["predictors"]
    right = {}
    for name, raw in done.items():
        one = Asked.from_json(raw)
        right[name] = float(one.all_right[one.distance == 2].mean())
    assert right.pop(MODEL) > 0.7
    assert right.pop("transformer, L2 alone") > 0.6
    assert max(right.values()) < 0.1
