"""What was read, in a few words that do not misstate it."""

import dataclasses

from byheart.core.run_record import RunRecord
from byheart.report.comparison import model_of
from byheart.report.extent import extent, what_was_tested
from byheart.report.foreign_names import UNTRAINED
from byheart.report.glance import facts
from tests.report.sample_run import sample_run

CHAINS = "Markov chains of 3 symbols and automata of 4 states, one for each sequence of 100 tokens / drawn anew"
TWO = "data of 2 experiments (context, novelty), 18,868 documents"


def with_data(seen: dict[str, str | int], unseen: dict[str, str | int], *, is_lab: bool) -> RunRecord:
    record = sample_run()
    provenance = dataclasses.replace(record.provenance, trained_on=seen, held_out=unseen)
    if is_lab:
        blind = dataclasses.replace(provenance.subjects[2], name=UNTRAINED)
        provenance = dataclasses.replace(provenance, subjects=(*provenance.subjects[:2], blind))
    return dataclasses.replace(record, provenance=provenance)


def test_of_several_experiments_the_first_screen_names_each() -> None:
    own: dict[str, str | int] = {"source": "what each experiment has of its own", "documents": 18_868}
    seen = own | {"context": CHAINS, "novelty": "sentences"}
    older: dict[str, str | int] = {"source": f"context: {CHAINS}; novelty: sentences: 52 words", "documents": 18_868}
    record = with_data(seen, older, is_lab=True)
    assert [value for _, value in facts(record, model_of(record), is_lab=True)][1:] == [TWO, TWO]
    assert what_was_tested(record) == (
        f"Tested: model:demo, on data that it was trained on ({TWO}), against data that it cannot have seen ({TWO})."
    )


def test_data_of_one_experiment_are_said_in_full_though_they_hold_a_stroke() -> None:
    assert extent({"source": CHAINS, "documents": 4096}, is_made=True) == f"{CHAINS}, 4,096 documents"


def test_of_paths_only_the_ends_are_named_and_all_of_them() -> None:
    corpus: dict[str, str | int] = {"source": "/home/someone/a.jsonl, other\\b/, stdlib", "documents": 3, "bytes": 1500}
    assert extent(corpus, is_made=False) == "a.jsonl, b, stdlib, 3 documents, 1.5 kB"
    record = with_data(corpus, {"context": "a key that is no experiment"}, is_lab=False)
    assert what_was_tested(record) == (
        "Tested: model:demo, on text that it was trained on (a.jsonl, b, stdlib, 3 documents, 1.5 kB), against text "
        "that it cannot have seen (of unknown size)."
    )
