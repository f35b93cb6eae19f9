from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.corpus.documents import Corpus, Document
from byheart.corpus.splits import Splits, split
from byheart.errors import InputError, SourceError

SHARES = st.sampled_from([0.0, 0.001, 0.1, 0.25, 0.49])


def corpus_of(num: int) -> Corpus:
    return Corpus(tuple(Document(f"{i}", f"text {i}") for i in range(num)))


def drawn(num: int, calibration_share: float, held_out_share: float, seed: int) -> Splits:
    return split(
        corpus_of(num),
        calibration_share=calibration_share,
        held_out_share=held_out_share,
        rng=np.random.default_rng(seed),
    )


@settings(deadline=None)
@given(st.integers(3, 60), SHARES, SHARES, st.integers(0, 99))
def test_the_parts_are_disjoint_and_complete(num: int, calibration: float, held_out: float, seed: int) -> None:
    parts = drawn(num, calibration, held_out, seed)
    everything = [*parts.train, *parts.calibration, *parts.held_out]
    assert Counter(everything) == Counter(corpus_of(num))


@settings(deadline=None)
@given(st.integers(3, 60), SHARES, SHARES, st.integers(0, 99))
def test_exactly_the_parts_with_a_share_have_documents(
    num: int, calibration: float, held_out: float, seed: int
) -> None:
    parts = drawn(num, calibration, held_out, seed)
    assert len(parts.train) > 0
    assert (len(parts.calibration) > 0) == (calibration > 0)
    assert (len(parts.held_out) > 0) == (held_out > 0)


@settings(deadline=None)
@given(st.integers(3, 60), SHARES, SHARES, st.integers(0, 99))
def test_equal_streams_give_equal_parts(num: int, calibration: float, held_out: float, seed: int) -> None:
    assert drawn(num, calibration, held_out, seed) == drawn(num, calibration, held_out, seed)


def test_the_shares_are_met() -> None:
    parts = drawn(200, 0.1, 0.2, 0)
    assert [len(part) for part in (parts.train, parts.calibration, parts.held_out)] == [200 - 20 - 40, 20, 40]


def test_where_rounding_leaves_no_training_text_the_larger_part_gives() -> None:
    parts = drawn(4, 0.4, 0.59, 0)
    assert [len(part) for part in (parts.train, parts.calibration, parts.held_out)] == [1, 2, 1]


def test_every_document_is_equally_likely_to_be_held_out() -> None:
    counts = Counter(document.name for seed in range(2000) for document in drawn(5, 0.0, 0.4, seed).held_out)
    # 2,000 draws with p = 2/5: five standard deviations.
    assert all(abs(counts[f"{i}"] - 2000 * 2 / 5) < 5 * (2000 * 2 / 5 * 3 / 5) ** 0.5 for i in range(5))


@pytest.mark.parametrize(("calibration", "held_out"), [(-0.1, 0.1), (1.0, 0.0), (0.5, 0.5), (float("nan"), 0.1)])
def test_shares_outside_their_range_are_refused(calibration: float, held_out: float) -> None:
    with pytest.raises(InputError, match="share"):
        drawn(10, calibration, held_out, 0)


@pytest.mark.parametrize(("num", "calibration", "held_out"), [(0, 0.0, 0.0), (1, 0.0, 0.1), (2, 0.1, 0.1)])
def test_fewer_documents_than_parts_are_refused(num: int, calibration: float, held_out: float) -> None:
    with pytest.raises(SourceError, match="cannot be split"):
        drawn(num, calibration, held_out, 0)
