"""Scores on leaked and on clean items: from the lines of lm-evaluation-harness to the difference."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from byheart.cli.leaked_score_answer import score_lines, scores_json
from byheart.errors import SourceError
from byheart.stats.claims import excess_over_control
from byheart.stats.intervals import clopper_pearson
from byheart.study.benchmark import Item, read_items
from byheart.study.contamination import Finding, Verdict
from byheart.study.leaked_scores import leaked_scores


def found(*sides: tuple[Verdict, list[float]], metric: str = "acc") -> list[Finding]:
    return [
        Finding(Item(str(number), number, (), ((metric, value),)), verdict, 0, frozenset(), ())
        for verdict, values in sides
        for number, value in enumerate(values)
    ]


def sample(**fields: Any) -> dict[str, Any]:
    return {
        "doc_id": 0,
        "doc": {"question": "what is it"},
        "arguments": {"gen_args_0": {"arg_0": "another item of few shots, then what is it"}},
        "resps": [],
        "metrics": ["acc"],
        "filter": "none",
        "acc": 1.0,
    } | fields


def test_rates_are_exact_and_items_too_short_to_say_count_nowhere() -> None:
    (score,) = leaked_scores(
        found(("leaked", [1.0] * 18 + [0.0] * 2), ("clean", [1.0] * 12 + [0.0] * 13), ("too short", [1.0] * 9))
    )
    assert score.counts == (20, 25)
    assert score.leaked == clopper_pearson(18, 20)
    assert score.clean == clopper_pearson(12, 25)
    assert score.difference == excess_over_control((18, 20), (12, 25))
    assert score.difference is not None
    assert score.difference.value == pytest.approx(18 / 20 - 12 / 25)
    assert score.difference.low > 0


def test_other_scores_are_means_with_a_bootstrap() -> None:
    rng = np.random.default_rng(0)
    leaked, clean = (rng.uniform(low, low + 0.4, size=30).tolist() for low in (0.6, 0.2))
    (score,) = leaked_scores(found(("leaked", leaked), ("clean", clean), metric="f1"))
    assert not score.is_rate
    assert score.leaked is not None
    assert score.leaked.value == pytest.approx(sum(leaked) / 30)
    assert score.difference is not None
    assert score.difference.low > 0.2
    assert leaked_scores(found(("leaked", leaked), ("clean", clean), metric="f1")) == (score,)


def test_too_few_items_are_refused_with_the_number_needed_and_no_scores_say_nothing() -> None:
    few = found(("leaked", [1.0] * 9), ("clean", [0.0] * 30))
    assert leaked_scores(few)[0].difference is None
    said = " ".join(score_lines(few))
    assert "needs 10 leaked and 10 clean items; there are 9 and 30" in said
    assert scores_json(few)[0]["difference"] is None
    none = [Finding(Item("0", 1, ()), "clean", 0, frozenset(), ())]
    assert list(score_lines(none)) == []
    assert scores_json(none) == []


def test_of_a_sample_only_its_own_item_is_looked_at(tmp_path: Path) -> None:
    lines = [sample(), sample(doc_id=1, acc=[1, 2]), sample(doc_id=2, acc=True), sample(doc_id=3, acc=float("nan"))]
    (tmp_path / "s.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    items = read_items(str(tmp_path / "s.jsonl"))
    assert [item.scores for item in items] == [(("acc", 1.0),), (), (("acc", 1.0),), ()]
    assert items[0].texts == (("question", "what is it"),)


def test_hostile_names_are_shown_harmless_and_a_sample_without_its_metric_is_named(tmp_path: Path) -> None:
    metric = "acc\x1b]0;x\x07\n::error::"
    hostile = sample(metrics=[metric], doc_id="\u202e1") | {metric: 1.0}
    (tmp_path / "s.jsonl").write_text(json.dumps(hostile) + "\n")
    (item,) = read_items(str(tmp_path / "s.jsonl"))
    lines = list(score_lines([Finding(item, "leaked", 0, frozenset(), ())] * 12))
    assert all(line.isprintable() for line in lines)
    (tmp_path / "bad.jsonl").write_text(json.dumps(sample(metrics=["f1"])) + "\n")
    with pytest.raises(SourceError, match=r"bad\.jsonl:1.*lacks its metrics"):
        read_items(str(tmp_path / "bad.jsonl"))
