import dataclasses
import math

import numpy as np
import pytest

from byheart.audits.adaptation import Params, run
from byheart.core.adaptation_material import Copies
from byheart.core.evidence import Estimate, Evidence, Refusal, Table
from byheart.core.material import MixtureWeights, Piece, Prediction
from tests.audits.material import inputs, piece, prediction

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


def memorizers_table(evidence: tuple[Evidence, ...]) -> dict[str, dict[str, object]]:
    table = next(e for e in evidence if isinstance(e, Table) and e.name == "adaptation.memorizers")
    return {str(row[0]): dict(zip(table.columns, row, strict=True)) for row in table.rows}


def test_the_table_says_how_often_each_was_right_or_silent_and_how_large_it_is() -> None:
    said = {"right": prediction(1.0, hits=2, abstains=0), "silent": prediction(4.0, abstains=1)}
    pieces = tuple(
        Piece(document=f"d{i}", num_bytes=4, subject=prediction(1.5, hits=1), memorizers=said) for i in range(6)
    )
    given = inputs(pieces=pieces, sizes_bytes={"model": 8, "right": 16, "silent": 32})
    table = memorizers_table(run(given, PARAMS, rng=np.random.default_rng(0)))
    assert [table[name]["top-1 accuracy, share"] for name in ("model", "right", "silent")] == [1 / 2, 2 / 2, 0 / 2]
    assert [table[name]["abstains, share"] for name in ("model", "right", "silent")] == [None, 0 / 2, 1 / 2]
    assert [table[name]["size, bytes"] for name in ("model", "right", "silent")] == [8, 16, 32]


def test_a_memorizer_under_test_is_one_row_with_its_abstentions() -> None:
    silent = prediction(4.0, abstains=2)
    pieces = tuple(Piece(document=f"d{i}", num_bytes=4, subject=silent, memorizers={"model": silent}) for i in range(6))
    table = memorizers_table(run(inputs(pieces=pieces), PARAMS, rng=np.random.default_rng(0)))
    assert {name: row["abstains, share"] for name, row in table.items()} == {"model": 2 / 2}


def mixture_table(*weights: tuple[float, float]) -> Table:
    starts = (0, 1, 2, 3, 5)[: len(weights)]
    mixture = MixtureWeights(
        members=("memorizer:markov", "distinct:infinigram"),
        bucket_starts=starts,
        calibration_tokens=tuple(100 * (start + 1) for start in starts),
        weights=weights,
    )
    given = inputs(pieces=(piece("d", 4, own=1.0, mixed=1.0),), mixture=mixture)
    found = run(given, PARAMS, rng=np.random.default_rng(0))
    return next(e for e in found if isinstance(e, Table) and e.name == "adaptation.mixture_weights")


def test_the_weights_stand_by_length_of_match() -> None:
    table = mixture_table((0.75, 0.25), (0.5, 0.5), (0.5, 0.5), (0.5, 0.5), (0.25, 0.75))
    assert table.columns == (
        "match, tokens",
        "calibration tokens",
        "markov, share",
        "distinct infinigram, share",
    )
    assert [row[0] for row in table.rows] == ["0", "1", "2", "3-4", "5 or more"]
    assert table.rows[0] == ("0", 100 * (0 + 1), 0.75, 0.25)
    assert table.rows[-1] == ("5 or more", 100 * (5 + 1), 0.25, 0.75)
    assert "markov counts most where 0 tokens match, distinct infinigram where 5 or more do" in table.title


def test_one_member_that_always_counts_most_is_the_finding() -> None:
    table = mixture_table((0.75, 0.25))
    assert table.title == "Weights of the mixture: markov counts most, however long the match"
    assert table.rows[0][0] == "0 or more"


WITHOUT = "adaptation.bits_beyond_memorizer_per_byte_without_copies"


def copied_piece(document: str, own: tuple[float, float], good: tuple[float, float], copied: tuple[int, int]) -> Piece:
    """Two tokens of 3 and 5 bytes, each with its own nats."""
    said = [
        Prediction(log_probability_nats=-np.array(nats), is_argmax=np.zeros(2, dtype=np.bool_)) for nats in (own, good)
    ]
    copies = Copies(num_bytes=np.array([3, 5]), is_copied=np.array(copied, dtype=np.bool_))
    return Piece(document=document, num_bytes=8, subject=said[0], memorizers={"good": said[1]}, copies=copies)


def test_without_copies_only_the_other_tokens_and_their_bytes_count() -> None:
    pieces = tuple(copied_piece(f"d{i}", (2.0, 1.0), (0.5, 4.0), (1, 0)) for i in range(6))
    evidence = run(inputs(pieces=pieces), PARAMS, rng=np.random.default_rng(0))
    found = estimates(evidence)
    assert found["adaptation.bits_beyond_memorizer_per_byte"].value == pytest.approx((4.5 - 3.0) / 8 / math.log(2))
    assert found[WITHOUT].value == pytest.approx((4.0 - 1.0) / 5 / math.log(2))
    assert found["adaptation.copied_share"].value == pytest.approx(3 / 8)
    table = next(e for e in evidence if isinstance(e, Table) and e.name == "adaptation.copies")
    name, *values = table.rows[0]
    assert name == "model"
    assert values == pytest.approx([1.0 / 5 / math.log(2), 2.0 / 3 / math.log(2)])
    assert "there good needs fewest bits, outside them model" in table.title


def test_one_who_leads_inside_and_outside_of_copies_is_named_once() -> None:
    pieces = tuple(copied_piece(f"d{i}", (0.3, 1.0), (0.5, 4.0), (1, 0)) for i in range(6))
    evidence = run(inputs(pieces=pieces), PARAMS, rng=np.random.default_rng(0))
    table = next(e for e in evidence if isinstance(e, Table) and e.name == "adaptation.copies")
    assert table.title.endswith("inside and outside of them model needs fewest bits")


def test_documents_that_are_copies_as_a_whole_are_no_observations() -> None:
    pieces = tuple(copied_piece(f"d{i}", (2.0, 1.0), (0.5, 4.0), (1, 0 if i < 5 else 1)) for i in range(9))
    assert estimates(run(inputs(pieces=pieces), PARAMS, rng=np.random.default_rng(0)))[WITHOUT].n == 5


def test_nothing_left_without_copies_is_a_refusal() -> None:
    pieces = tuple(copied_piece(f"d{i}", (2.0, 1.0), (0.5, 4.0), (1, 1)) for i in range(6))
    evidence = run(inputs(pieces=pieces), PARAMS, rng=np.random.default_rng(0))
    (refusal,) = (e for e in evidence if isinstance(e, Refusal))
    assert refusal.name == WITHOUT
    assert "Every byte" in refusal.reason
    share = estimates(evidence)["adaptation.copied_share"]
    assert (share.value, share.high) == (1.0, 1.0)
    assert share.low == pytest.approx((0.05 / 2) ** (1 / 6))


def test_looking_for_copies_moves_no_other_number() -> None:
    pieces = tuple(copied_piece(f"d{i}", (2.0 + i, 1.0), (0.5, 4.0), (1, 0)) for i in range(6))
    bare = tuple(dataclasses.replace(piece, copies=None) for piece in pieces)
    with_copies, without = (
        estimates(run(inputs(pieces=it), PARAMS, rng=np.random.default_rng(0))) for it in (pieces, bare)
    )
    assert len(without) == 3
    assert all(with_copies[name] == it for name, it in without.items())


@pytest.mark.parametrize(("mixture", "is_said"), [(1.2, True), (0.9, False)])
def test_the_mixture_has_a_number_of_its_own_where_it_is_not_the_best(mixture: float, is_said: bool) -> None:
    said = {"memorizer:mixture": mixture, "good": 1.0}
    pieces = tuple(piece(f"d{i}", 4, own=0.8, **said) for i in range(6))
    found = estimates(run(inputs(pieces=pieces), PARAMS, rng=np.random.default_rng(0)))
    assert ("adaptation.bits_beyond_mixture_per_byte" in found) == is_said
    if is_said:
        beyond = found["adaptation.bits_beyond_mixture_per_byte"]
        assert beyond.value == pytest.approx(2 * (1.2 - 0.8) / 4 / math.log(2))
