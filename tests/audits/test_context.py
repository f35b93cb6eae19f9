"""The context audit on answers of which one knows what must come out."""

import dataclasses

import numpy as np
import pytest

from byheart.audits.context import AUDIT, Params, run
from byheart.audits.context_gains import BAYES, COPY_RULE, copy_gains, label_hits, rule_gains
from byheart.core.context_material import ContextAnswers
from byheart.core.evidence import Estimate, Evidence, Refusal, Series, Table
from byheart.stats.intervals import clopper_pearson
from tests.audits.context_material import FLAT, FOLLOWS, STORES, told
from tests.audits.material import inputs


def found(context: ContextAnswers | None, subject: str = FOLLOWS) -> dict[str, Evidence]:
    given = dataclasses.replace(inputs(context=context), subject=subject)
    return {e.name: e for e in run(given, Params(), rng=np.random.default_rng(0))}


def estimate(name: str, subject: str = FOLLOWS) -> Estimate:
    it = found(told(first=subject), subject)[name]
    assert isinstance(it, Estimate)
    return it


def test_tokens_that_come_again_gain_what_was_put_in() -> None:
    it = estimate("context.copy_gain_bits")
    assert it.value == pytest.approx(3.0)
    assert it.excess is not None
    assert it.excess.low > 2.5
    assert it.n == 12


@pytest.mark.parametrize("name", ["copy", "chain", "language"])
def test_one_that_only_stores_gains_nothing_over_no_rule(name: str) -> None:
    it = estimate(f"context.{name}_gain_bits", STORES)
    assert it.excess is not None
    assert it.excess.low <= 0 <= it.excess.high


def test_the_gain_of_a_chain_is_counted_in_its_second_half() -> None:
    context = told()
    assert context.chains is not None
    own = context.chains.ruled_nats[FOLLOWS]
    slow = [sum(row[t] for t in range(30, 60)) / 30 / np.log(2) + np.log2(3) for row in own]
    assert rule_gains(context.chains, FOLLOWS).ruled == pytest.approx(slow)
    # Half a nat worse than Bayes everywhere, by construction.
    assert estimate("context.bayes_distance_nats").value == pytest.approx(0.5)
    flat = rule_gains(context.chains, STORES)
    assert flat.ruled == pytest.approx(np.full(12, FLAT / np.log(2) + np.log2(3)))
    assert flat.excess == pytest.approx(np.zeros(12))


def test_references_read_the_prompt_and_gain_from_its_rule() -> None:
    context = told(60)
    assert context.chains is not None
    gains = rule_gains(context.chains, BAYES)
    assert gains.excess.mean() > 0.2
    # Half a nat for each token, with the rule and without, leaves the excess alone.
    assert rule_gains(context.chains, FOLLOWS).excess == pytest.approx(gains.excess)


def test_labels_are_counted_by_the_likeliest_and_beside_labels_dealt_at_random() -> None:
    context = told(40)
    assert context.labels is not None
    right = int((context.labels.right == 0).sum())
    it = found(context)["context.label_accuracy"]
    assert isinstance(it, Estimate)
    assert (it.value, it.low) == (1.0, clopper_pearson(40, 40).low)
    assert it.control == clopper_pearson(right, 40)
    assert label_hits(context.labels, COPY_RULE)[0].sum() == 14  # every third of 40 prompts
    assert label_hits(context.labels, STORES)[0].sum() == right


def test_one_table_has_everyone_and_says_who_gains() -> None:
    table = found(told())["context.predictors"]
    assert isinstance(table, Table)
    rows = {row[0]: row for row in table.rows}
    assert list(rows)[:2] == [FOLLOWS, STORES]
    assert {BAYES, COPY_RULE, "bigrams in the prompt"} <= set(rows)
    assert "gains from copies and chains and languages" in table.title
    assert "right label: 100 %, the best other" in table.title
    assert "gains from none of the rules" in str(
        [e.title for e in found(told(first=STORES), STORES).values() if isinstance(e, Table)]
    )
    copies = table.columns.index("copies, bits per token over other tokens")
    assert rows[STORES][copies] == pytest.approx(0.0, abs=0.1)
    assert rows[BAYES][copies] is None


def test_curves_run_along_the_prompt() -> None:
    evidence = found(told())
    copy = evidence["context.copy_curve"]
    assert isinstance(copy, Series)
    assert [p.x for p in copy.lines[0].points] == list(range(1, 9))
    assert [p.y for p in copy.lines[0].points] == pytest.approx([3.0] * 8)
    chain = evidence["context.chain_curve"]
    assert isinstance(chain, Series)
    assert [line.label for line in chain.lines] == ["chain", BAYES]
    assert chain.lines[0].points[0].x == np.mean([1, 2, 3, 4, 5])
    last = chain.lines[0].points[-1]
    assert f"({last.low:.2f} to {last.high:.2f})" in chain.title


def test_a_title_does_not_say_more_than_the_interval_at_the_end_of_the_curve() -> None:
    flat = found(told(first=STORES), STORES)["context.chain_curve"]
    assert isinstance(flat, Series)
    assert flat.title.startswith("That the chain is worth anything by the end of the prompt is not shown")
    long = found(told(80))["context.language_curve"]
    assert isinstance(long, Series)
    assert long.title.startswith("By the end of the prompt its language is worth")


def test_too_few_prompts_are_refused_and_none_too() -> None:
    few = found(told(4))
    assert all(isinstance(few[name], Refusal) for name in ("context.copy_gain_bits", "context.bayes_distance_nats"))
    assert isinstance(found(None)["context.copy_gain_bits"], Refusal)


def test_copies_are_compared_with_the_first_time() -> None:
    context = told()
    assert context.repeated is not None
    gains = copy_gains(context.repeated, FOLLOWS)
    slow = (context.repeated.other[FOLLOWS] - context.repeated.first[FOLLOWS]).mean(axis=1) / np.log(2)
    assert gains.control == pytest.approx(slow)


def test_what_one_predictor_cannot_be_asked_leaves_the_rest() -> None:
    assert not AUDIT.needs_all
    only = ContextAnswers(names=(FOLLOWS,), labels=told().labels)
    assert set(found(only)) == {"context.label_accuracy", "context.predictors"}
    short = AUDIT.needs(Params())[3]
    given = dataclasses.replace(
        inputs(context=ContextAnswers(names=(FOLLOWS,), chains=told().chains)), lacking={short: "Too long."}
    )
    refused = {e.name: e for e in run(given, Params(), rng=np.random.default_rng(0))}["context.label_accuracy"]
    assert refused == Refusal(name="context.label_accuracy", reason="Too long.")
