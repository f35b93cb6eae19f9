import dataclasses

import numpy as np
import pytest

from byheart.audits.extraction import Params, run
from byheart.audits.extraction.near_verbatim import is_near_verbatim, is_written_verbatim
from byheart.audits.extraction.params import windows_need, written_need
from byheart.core.evidence import Estimate, Evidence, Refusal, Table
from byheart.core.material import Window, WrittenWindow
from byheart.core.spans import Span
from byheart.stats.intervals import clopper_pearson, newcombe
from tests.audits.material import inputs, window

PARAMS = Params(prefix_tokens=2, suffix_tokens=20)


def written(role: str, document: str, edits: int, num_tokens: int = 20) -> WrittenWindow:
    suffix = np.arange(num_tokens, dtype=np.int32)
    own = np.where(suffix < edits, 49, suffix).astype(np.int32)
    side = "member" if role == "member" else "control"
    return WrittenWindow(role=side, document=document, span=Span(0, 10), suffix=suffix, written=own)  # type: ignore[arg-type]


def found(evidence: tuple[Evidence, ...]) -> dict[str, Estimate | Refusal]:
    return {e.name: e for e in evidence if isinstance(e, Estimate | Refusal)}


WRITTEN = (
    *(written("member", f"m{i}", edits) for i, edits in enumerate((0, 0, 1, 2, 3))),
    *(written("control", f"c{i}", edits) for i, edits in enumerate((2, 3, 20, 20))),
)


def test_two_edits_of_twenty_tokens_are_near_and_three_are_not() -> None:
    assert [is_near_verbatim(w) for w in WRITTEN[:5]] == [True, True, True, True, False]
    assert [is_written_verbatim(w) for w in WRITTEN[:5]] == [True, True, False, False, False]


def test_the_near_verbatim_rate_stands_beside_its_control_and_its_sweep() -> None:
    evidence = run(inputs(written=3 * WRITTEN), PARAMS, rng=np.random.default_rng(0))
    rate = found(evidence)["extraction.near_verbatim_rate"]
    assert isinstance(rate, Estimate)
    assert (rate.value, rate.n, rate.control) == (3 * 4 / 15, 3 * 5, clopper_pearson(3 * 1, 3 * 4))
    assert rate.excess == newcombe((3 * 4, 3 * 5), (3 * 1, 3 * 4))
    table = next(e for e in evidence if isinstance(e, Table))
    # Edits allowed: 0, 1, 2, 4, 10 of 20.
    assert [(row[1], row[3]) for row in table.rows] == [(6, 0), (9, 0), (12, 3), (15, 6), (15, 6)]


def test_a_subject_that_only_writes_has_a_greedy_rate_and_no_probabilities() -> None:
    lacking = {windows_need(PARAMS): "It gives no log-probabilities."}
    names = found(run(inputs(written=WRITTEN, lacking=lacking), PARAMS, rng=np.random.default_rng(0)))
    greedy = names["extraction.greedy_rate"]
    assert isinstance(greedy, Estimate)
    assert (greedy.value, greedy.n, greedy.control) == (2 / 5, 5, clopper_pearson(0, 4))
    assert "by writing" in greedy.method
    for name in ("extraction.pz_half_rate", "extraction.pz_1e3_rate"):
        assert names[name] == Refusal(name=name, reason="It gives no log-probabilities.")


def test_a_subject_that_only_scores_has_no_near_verbatim_rate() -> None:
    lacking = {written_need(PARAMS): "It cannot write."}
    windows = (window("member", "a", 0.9, suffix_tokens=20), window("control", "c", 0.1, suffix_tokens=20))
    names = found(run(inputs(windows=windows, lacking=lacking), PARAMS, rng=np.random.default_rng(0)))
    refusal = names["extraction.near_verbatim_rate"]
    assert refusal == Refusal(name="extraction.near_verbatim_rate", reason="It cannot write.")
    assert isinstance(names["extraction.greedy_rate"], Estimate)


@pytest.mark.parametrize(("agrees", "said"), [(True, "On 2 of 2 windows"), (False, "On 1 of 2 windows")])
def test_writing_is_checked_against_the_scores(agrees: bool, said: str) -> None:
    windows: list[Window] = [window(r, d, 0.95 if ok else 0.1, agrees=ok) for r, d, ok in
                             (("member", "m0", True), ("control", "c0", not agrees))]  # fmt: skip
    own = tuple(
        dataclasses.replace(
            written(w.role, w.document, 0), suffix=w.suffix.token_ids,
            written=w.suffix.token_ids if w.role == "member" else w.suffix.token_ids[:-1],
        )
        for w in windows
    )  # fmt: skip
    evidence = run(inputs(windows=tuple(windows), written=own), PARAMS, rng=np.random.default_rng(0))
    rate = found(evidence)["extraction.near_verbatim_rate"]
    assert isinstance(rate, Estimate)
    assert said in rate.method
    assert ("is in doubt" in rate.method) == (not agrees)
