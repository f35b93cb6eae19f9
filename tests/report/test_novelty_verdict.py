"""The verdict on novelty says what was found, and gives way where it cannot."""

import dataclasses

import pytest

from byheart.audits.novelty_lab_params import Params
from byheart.audits.novelty_sentences import evidence
from byheart.audits.novelty_writings import Writing
from byheart.core.evidence import Refusal
from byheart.core.result import Completed, Result
from byheart.core.run_record import Claim, RunRecord
from byheart.report.verdict import Finding, findings
from tests.report.sample_run import BLIND, LOOKUP, MODEL, method, rate, sample_run

NGRAMS, BOTH = "novelty.ngram_8_novel_rate", "novelty.valid_novel_rate"


def audited(own: int, lookup: int, blind: int, *, both: int | None = None, adjusted: float = 0.001) -> Finding:
    """A model with so many of 1,000 new runs where people have 500, beside poles with as many as said."""
    found = {MODEL: own, LOOKUP: lookup, BLIND: blind}
    results = []
    for name, hits in found.items():
        said = [rate(NGRAMS, hits, 1000, 500, 1000)]
        if both is not None and name == MODEL:
            said.append(rate(BOTH, both, 100, 30, 100))
        results.append(Result("novelty", 3, name, Completed(tuple(said))))
    claims = (
        Claim(name=NGRAMS, p_value=0.001, adjusted_p_value=0.002),
        Claim(name=BOTH, p_value=0.001, adjusted_p_value=adjusted),
    )
    record: RunRecord = dataclasses.replace(
        sample_run(), results=tuple(results), methods=(method("novelty", "Is it new?"),), claims=claims
    )
    return findings(record)[0]


def test_more_new_runs_are_claimed_only_where_the_poles_stand_apart() -> None:
    assert audited(700, 100, 500).answer == "More new runs than in human text."
    assert audited(700, 500, 505).answer.startswith("Undecided: what holds the text and what never saw it")
    assert audited(300, 500, 505).answer.startswith("Undecided")
    assert audited(700, 100, 700).answer.startswith("Undecided: the blind pole")
    assert audited(500, 500, 505).answer.startswith("As new as human text")  # it claims nothing


@pytest.mark.parametrize(
    ("both", "adjusted", "words"),
    [
        (70, 0.001, "writes more that is new and valid than any of them"),
        (70, 0.2, "it may be chance"),
        (31, 0.9, "No evidence that it writes more that is new and valid"),
        (5, 0.001, "writes less that is new and valid than the best of them"),
    ],
)
def test_new_and_valid_is_said_beside_the_best_memorizer(both: int, adjusted: float, words: str) -> None:
    said = audited(500, 100, 500, both=both, adjusted=adjusted).lead
    assert words in said
    assert "New and valid" in said


def test_without_a_parser_nothing_is_said_of_validity() -> None:
    assert "valid" not in " ".join(audited(500, 100, 500).details)


def lab(
    net: tuple[int, int, int],
    chain: tuple[int, int, int],
    *,
    blind: int = 100,
    num_seeds: int = 2,
    claims: tuple[Claim, ...] = (),
) -> Finding:
    """Novel, valid and both of 100 sentences of the network and of the only memorizer."""
    made = {MODEL: net, LOOKUP: (0, 100, 0), BLIND: (blind, 0, 0), "memorizer:markov": chain}

    def writings(name: str) -> list[Writing]:
        novel, valid, both = made[name]
        return [
            Writing(
                subject=name, seed_index=seed, temperature=1.0, num_written=100, num_novel=novel, num_valid=valid,
                num_valid_novel=both,
            )
            for seed in range(num_seeds)
        ]  # fmt: skip

    others = writings("memorizer:markov")
    results = tuple(
        Result(
            "novelty", 1, name, Completed(evidence(writings(name), Params(), others=others if name == MODEL else ()))
        )
        for name in made
    )
    record = dataclasses.replace(
        sample_run(), results=results, methods=(method("novelty", "Is it new?"),), claims=claims
    )
    return findings(record)[0]


@pytest.mark.parametrize(
    ("net", "chain", "words"),
    [
        ((60, 90, 54), (80, 30, 8), "Yes: it writes more that is new and right"),
        ((60, 45, 30), (80, 50, 35), "No evidence of it"),
        ((60, 45, 5), (80, 50, 60), "No: it writes less that is new and right"),
        ((90, 90, 54), (80, 30, 8), "Yes: it writes more"),  # nobody is as new, and yet it is more
        ((60, 90, 54), (52, 99, 51), "No evidence of it"),  # a memorizer of less novelty writes as much of both
    ],
)
def test_the_experiment_says_what_came_out(net: tuple[int, int, int], chain: tuple[int, int, int], words: str) -> None:
    it = lab(net, chain)
    assert it.answer.startswith(words)
    assert "are new and in the language" in it.lead
    said = " ".join(it.details)
    assert "the table of all training sentences: 0 % new, 100 % in the language" in said
    assert "each drawn by itself" in said
    assert "They hold for these very networks" in said
    assert "this language and this shape" not in said


def test_of_what_is_new_the_share_that_is_right_is_said_with_its_own_control() -> None:
    assert "of the best memorizer that writes as much that is new" in " ".join(lab((60, 90, 54), (80, 30, 8)).details)
    assert "no memorizer writes as much that is new" in " ".join(lab((90, 90, 54), (80, 30, 8)).details)


def test_the_answer_of_the_experiment_gives_way_to_the_correction_of_its_own_claim() -> None:
    claims = (
        Claim(name=BOTH, p_value=0.01, adjusted_p_value=0.2),
        Claim(name="complexity.unseen_accuracy", p_value=0.5, adjusted_p_value=0.5),
    )
    assert lab((60, 90, 54), (80, 30, 8), claims=claims).answer.startswith("Undecided: by itself")


def test_of_three_seeds_the_seeds_are_the_units() -> None:
    said = " ".join(lab((60, 90, 54), (80, 30, 8), num_seeds=3).details)
    assert "3 seeds, each with weights" in said
    assert "this language and this shape" in said


def test_an_untrained_network_that_writes_nothing_new_decides_nothing() -> None:
    assert lab((60, 90, 54), (80, 30, 8), blind=0).answer.startswith("Undecided: the table")


def test_a_network_that_writes_nothing_new_has_no_number() -> None:
    it = lab((0, 100, 0), (80, 30, 8))
    assert it.answer.startswith("No: it writes less that is new and right")
    assert "None of its 200 sentences is new" in " ".join(it.details)
    assert isinstance(evidence([], Params())[0], Refusal)
