"""Answers as JSON: what stands beside the model."""

from byheart.core.evidence import Interval
from byheart.explorer.answers import continuation_json
from byheart.study.exploring.continuation import Cut, Said
from byheart.study.yardstick import BLIND
from tests.models.networks import texts


def said(name: str, bits: float) -> Said:
    return Said(
        name=name, log_pz_nats=-1.0, tells_pz=True, bits=bits, num_right=1,
        log_pz_right_nats=-0.1, is_greedy=False, tries=1.0,
    )  # fmt: skip


def test_the_best_is_of_the_memorizers_that_are_asked_and_never_the_blind_pole() -> None:
    (ids,) = texts(6)
    everyone = [
        said("model", 9.0),
        said("memorizer:markov", 30.0),
        said("memorizer:infinigram", 20.0),
        said(BLIND, 1.0),
    ]
    none = Interval(0.0, 0.0, 0.05, n=77)
    found = continuation_json(
        Cut(token_ids=ids, num_given=2, moved_bytes=0, left_out_tokens=0), everyone, none, none, 50, []
    )
    assert found["beside"].startswith(
        "The best of the memorizers that are asked here, memorizer:infinigram, needs 20.0 bits"
    )
    assert [row["is_best"] for row in found["rows"]] == [False, False, True, False]
    assert "0 of 77 windows" in found["chance_by_itself"]
