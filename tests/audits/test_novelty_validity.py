"""Novel, valid and both: counts written as the sums that give them."""

from typing import Any

import numpy as np

from byheart.audits.novelty import Params, run
from byheart.audits.novelty_tables import predictors_table
from byheart.audits.novelty_validity import Judged, best_memorizer, judge
from byheart.core.evidence import Estimate, Evidence, Refusal, Series, Table
from byheart.core.material import Continuation, Inputs
from byheart.core.novelty_material import NoveltyMaterial, Place, Writer
from byheart.core.tokens import TokenIds

NUM = 20
TEXTS = {1: " 1\ny = 2\n", 2: " 1 1\n", 3: " 1\ny = (\n"}


def decode(token_ids: TokenIds) -> str:
    return TEXTS[int(token_ids[0])]


def wrote(kind: int, longest: int, prompt_index: int) -> Continuation:
    return Continuation(
        prompt_index=prompt_index,
        document=f"d{prompt_index}",
        token_ids=np.full(40, kind, dtype=np.int32),
        longest_match_tokens=np.minimum(np.full(40, longest), np.arange(40, 0, -1)).astype(np.int64),
    )


def side(num_valid: int, num_long: int) -> tuple[Continuation, ...]:
    """The first ones parse; the last ones hold a long copy."""
    return tuple(wrote(1 if i < num_valid else 2, 16 if i >= NUM - num_long else 3, i) for i in range(NUM))


def evidence(*, code: bool = True, copies: int = 0, **parts: Any) -> dict[str, Evidence]:
    places = tuple(
        Place(longest_copy_tokens=40 if i < copies else 9, code_before="x =" if code else None) for i in range(NUM)
    )
    writers = {
        "lookup": Writer(role="lookup pole", continuations=side(20, 20)),
        "memorizer:markov": Writer(role="memorizer", continuations=side(4, 0)),
        "blind": Writer(role="blind pole", continuations=side(19, 0)),
    }
    inputs = Inputs(
        subject="model",
        decode=decode,
        continuations=side(12, 2),
        human=side(18, 0),
        novelty=NoveltyMaterial(places=places, writers=writers),
        **parts,
    )
    found = run(inputs, Params(num_tokens=40), rng=np.random.default_rng(0))
    return {e.name: e for e in found}


def test_rates_are_counts_of_documents_and_the_control_is_the_best_memorizer() -> None:
    found = evidence()
    estimates = {name: e for name, e in found.items() if isinstance(e, Estimate)}
    assert estimates["novelty.novel_rate"].value == 18 / 20
    assert estimates["novelty.valid_rate"].value == 12 / 20
    control = estimates["novelty.valid_rate"].control
    assert control is not None
    assert control.value == 18 / 20  # the human authors
    both, right = estimates["novelty.valid_novel_rate"], estimates["novelty.valid_given_novel_rate"]
    assert (both.value, right.value, right.n) == (12 / 20, 12 / 18, 18)
    for it in (both, right):
        assert it.control is not None
        assert it.control.value == 4 / 20  # markov; the lookup pole writes nothing new, the blind pole is no memorizer
        assert "memorizer:markov" in it.method
        assert it.excess is not None
        assert it.excess.low > 0


def test_the_table_has_every_writer_and_says_who_is_right() -> None:
    table = evidence()["novelty.predictors"]
    assert isinstance(table, Table)
    names = [row[0] for row in table.rows]
    assert names[:2] == ["model", "human authors"]
    assert {"lookup", "memorizer:markov", "blind"} <= set(names)
    assert "12 of 20 are new and parse" in table.title
    assert "18 of 20" in table.title
    assert "only 4 of 20 (memorizer:markov)" in table.title
    lookup = table.rows[names.index("lookup")]
    assert lookup[table.columns.index("new, share")] == 0.0
    assert lookup[table.columns.index("new that parse, share")] is None


def test_a_corpus_that_is_no_code_has_no_validity_and_says_why() -> None:
    found = evidence(code=False)
    refusal = found["novelty.valid_given_novel_rate"]
    assert isinstance(refusal, Refusal)
    assert "there are 0" in refusal.reason
    assert "novelty.valid_novel_rate" not in found
    table = found["novelty.predictors"]
    assert isinstance(table, Table)
    assert not any("parse" in column for column in table.columns)


def test_both_human_baselines_and_the_documents_that_copy() -> None:
    found = evidence(copies=12)
    beyond = found["novelty.ngram_8_beyond_deduplicated"]
    assert isinstance(beyond, Estimate)
    assert beyond.n == NUM - 12
    series = found["novelty.by_length"]
    assert isinstance(series, Series)
    assert [line.label for line in series.lines] == ["written", "human authors", "human, no long copies"]
    refused = evidence(copies=16)["novelty.ngram_8_beyond_deduplicated"]
    assert isinstance(refused, Refusal)
    assert "there are 4" in refused.reason


def test_the_sweep_draws_every_temperature() -> None:
    swept = evidence(tempered={0.5: side(12, 18)})["novelty.by_temperature"]
    assert isinstance(swept, Series)
    assert [point.x for point in swept.lines[0].points] == [0.5, 1.0]
    # Of 33 8-grams of a continuation with runs of 16, only the last 40 - 32 starts with room lie in none: none is new.
    assert swept.lines[0].points[0].y == (2 * 33) / (20 * 33)


def test_of_two_memorizers_the_better_one_that_is_as_new_is_chosen() -> None:
    def judged(novel: int, both: int) -> Judged:
        return Judged(num_written=40, num_novel=novel, num_valid=both, num_valid_novel=both)

    others = {"copies": judged(4, 4), "noise": judged(40, 1), "chain": judged(38, 9)}
    found = best_memorizer(others, lambda it: it.valid_given_novel, least_novel=36 / 40, confidence=0.95)
    assert found is not None
    assert found[0] == "chain"
    copier = {"copies": judged(4, 4)}
    assert best_memorizer(copier, lambda it: it.valid_given_novel, least_novel=1.0, confidence=0.95) is None
    assert best_memorizer(copier, lambda it: it.valid_novel, confidence=0.95) == ("copies", copier["copies"])


def test_the_title_names_the_control_and_says_more_or_less_only_by_the_interval() -> None:
    def judged(novel: int, both: int) -> Judged:
        return Judged(num_written=24, num_novel=novel, num_valid=both, num_valid_novel=both)

    def title(own: int, markov: int) -> str:
        of = {"model": judged(20, own), "human authors": judged(24, 18), "lookup": judged(1, 1)}
        of["markov"] = judged(24, markov)
        roles = dict(zip(of, ("subject", "human", "lookup pole", "memorizer"), strict=True))
        table = predictors_table({name: (roles[name], side(1, 0)) for name in of}, of, confidence=0.95)
        return table.title.rpartition("; ")[2]

    # 1 of 1 of the lookup pole's new ones is right, and yet the estimate's control is markov.
    assert title(10, 2) == "of the best memorizer's only 2 of 24 (markov)"
    assert title(10, 9) == "of the best memorizer's no different as far as can be told: 9 of 24 (markov)"
    assert title(2, 12) == "of the best memorizer's more: 12 of 24 (markov)"


def test_a_writer_that_recites_three_tokens_and_ends_writes_nothing_new() -> None:
    places = [Place(longest_copy_tokens=5, code_before="x =")] * 24
    texts = [
        Continuation(
            prompt_index=i,
            document=f"d{i}",
            token_ids=np.ones(3, dtype=np.int32),
            longest_match_tokens=np.array([3, 2, 1]),
        )
        for i in range(24)
    ]
    found = judge(texts, places, decode, 64)
    assert (found.num_written, found.num_valid, found.num_novel, found.num_valid_novel) == (24, 24, 0, 0)
