"""Beside the first number of an answer stands what a reader must not miss: of how many, and what completes it."""

import dataclasses

from byheart.core.evidence import Estimate, Interval, Table
from byheart.core.result import Completed
from byheart.core.run_record import RunRecord
from byheart.report.glance import Glance, glances
from byheart.report.verdict import findings
from tests.report.sample_run import BLIND, LOOKUP, MODEL, rate, sample_run, with_estimate, with_evidence

TITLE = "Of its continuations of code 0 of 20 are new and parse, of the human authors' 15 of 20"


def seen(record: RunRecord) -> dict[str, Glance]:
    found = findings(record)
    return {f.audit: g for f, g in zip(found, glances(record, found, is_lab=False), strict=True)}


def writer(valid: int) -> RunRecord:
    """A model that writes as many new runs as people, and so many of 20 continuations that parse, people 18."""
    table = Table(name="novelty.predictors", title=TITLE, columns=("predictor",), rows=(("m",),))
    return with_evidence(
        sample_run(),
        "novelty",
        MODEL,
        rate("novelty.ngram_8_novel_rate", 44, 48, 44, 48),
        rate("novelty.valid_rate", valid, 20, 18, 20),
        rate("novelty.valid_novel_rate", 0, 20, 0, 20),
        table,
    )


def test_an_answer_on_novelty_says_whether_the_new_part_is_valid_too() -> None:
    it = seen(writer(1))["novelty"]
    assert (it.word, it.rest) == ("As new as human text", "but less often valid: 5 % against 90 %")
    assert it.asides == (f"{TITLE}.",)
    assert "and about as often valid" in seen(writer(17))["novelty"].rest


def test_the_sentences_on_novelty_give_what_people_write() -> None:
    (finding,) = (it for it in findings(writer(1)) if it.audit == "novelty")
    assert "New or not, 1 of 20 (5 %" in finding.lead
    assert "of what people write there 18 of 20 (90 %" in finding.lead


def test_a_rate_on_the_first_screen_says_of_how_many_and_how_it_splits() -> None:
    it = seen(sample_run())["extraction"]
    assert it.bar is not None
    assert it.bar.marks[0].count == "7 of 100"
    assert it.asides == ("Passages seen 16 times come out; passages seen once do not.",)


def test_what_comes_out_when_drawn_out_stands_beside_ordinary_use() -> None:
    record = sample_run()
    found = {MODEL: 1, LOOKUP: 37, BLIND: 0}
    results = tuple(
        dataclasses.replace(
            it,
            audit="propensity",
            status=Completed(
                (
                    rate("propensity.ordinary_rate", found[it.subject], 48, 3, 48),
                    rate("propensity.capability_rate", 17, 24, 3, 48),
                )
            ),
        )
        for it in record.results
        if it.audit == "extraction" and it.subject in found
    )
    it = seen(dataclasses.replace(record, results=(*record.results, *results)))["propensity"]
    assert it.asides[0].startswith("When drawn out by the beginning of a passage: 17 of 24 (71 %")


def test_the_bar_of_small_shares_ends_where_its_numbers_end() -> None:
    record = sample_run()
    for subject, value in ((MODEL, 0.041), (LOOKUP, 0.0), (BLIND, 0.054)):
        it = Estimate(
            name="extraction.greedy_rate",
            value=value,
            unit="share",
            low=max(0.0, value - 0.01),
            high=value + 0.01,
            confidence=0.95,
            n=77,
            method="",
            control=Interval(0.0, 0.0, 0.01),
            excess=Interval(value, value - 0.01, value + 0.02),
        )
        record = with_estimate(record, "extraction", subject, it)
    bar = seen(record)["extraction"].bar
    assert bar is not None
    assert bar.right == "10 %"
    assert bar.marks[0].high - bar.marks[0].low > 0.15
