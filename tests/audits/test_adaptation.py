import math

import numpy as np
import pytest

from byheart.audits.adaptation import Params, run
from byheart.core.evidence import Estimate, Evidence, Refusal, Table
from tests.audits.material import inputs, piece

PARAMS = Params()


def estimates(evidence: tuple[Evidence, ...]) -> dict[str, Estimate]:
    return {e.name: e for e in evidence if isinstance(e, Estimate)}


def test_bits_per_byte_is_a_ratio_of_sums_and_beyond_is_best_minus_own() -> None:
    pieces = tuple(piece(f"d{i}", 4 + i, own=1.0, good=1.5, bad=3.0) for i in range(6))
    found = estimates(run(inputs(pieces=pieces), PARAMS, rng=np.random.default_rng(0)))
    num_bytes = 4 + 5 + 6 + 7 + 8 + 9
    assert found["adaptation.bits_per_byte"].value == pytest.approx(6 * 2 * 1.0 / math.log(2) / num_bytes)
    assert found["adaptation.best_memorizer_bits_per_byte"].value == pytest.approx(
        6 * 2 * 1.5 / math.log(2) / num_bytes
    )
    beyond = found["adaptation.bits_beyond_memorizer_per_byte"]
    assert beyond.value == pytest.approx(6 * 2 * (1.5 - 1.0) / math.log(2) / num_bytes)
    assert beyond.low is not None
    assert beyond.low > 0
    assert "good" in beyond.method


def test_a_subject_that_loses_is_beyond_by_less_than_nothing() -> None:
    pieces = tuple(piece(f"d{i}", 4, own=2.0, good=1.5) for i in range(6))
    beyond = estimates(run(inputs(pieces=pieces), PARAMS, rng=np.random.default_rng(0)))[
        "adaptation.bits_beyond_memorizer_per_byte"
    ]
    assert beyond.high is not None
    assert beyond.high < 0


def test_pieces_of_one_document_are_one_observation() -> None:
    pieces = tuple(piece("same", 4, own=float(i), good=1.0) for i in range(20))
    found = estimates(run(inputs(pieces=pieces), PARAMS, rng=np.random.default_rng(0)))["adaptation.bits_per_byte"]
    assert found.n == 1
    assert found.low is None
    assert "5 documents" in (found.no_interval or "")


def test_the_table_lists_everyone_fewest_bits_first() -> None:
    pieces = tuple(piece(f"d{i}", 4, own=1.0, worse=3.0, better=0.5) for i in range(6))
    table = next(e for e in run(inputs(pieces=pieces), PARAMS, rng=np.random.default_rng(0)) if isinstance(e, Table))
    assert [row[0] for row in table.rows] == ["better", "model", "worse"]


def test_no_held_out_text_is_a_refusal() -> None:
    (refusal,) = run(inputs(), PARAMS, rng=np.random.default_rng(0))
    assert isinstance(refusal, Refusal)
