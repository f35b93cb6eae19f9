import numpy as np
import pytest
from studies.liu_effective_n import accuracy, foreseen, summary, verdict

from byheart.core.evidence import Interval
from byheart.index.corpus_index import Index


def by_hand(corpus: list[list[int]], document: list[int]) -> list[tuple[int, bool]]:
    """Effective n and whether more than half of the suffix's places go on with the token, for each token."""
    told = []
    for at, token in enumerate(document):
        for length in range(at, -1, -1):
            suffix = document[at - length : at]
            places = [(one, i) for one in corpus for i in range(len(one) - length + 1) if one[i : i + length] == suffix]
            if places:
                going_on = sum(one[i + length : i + length + 1] == [token] for one, i in places)
                told.append((length + 1, 2 * going_on > len(places)))
                break
    return told


def test_effective_n_and_agreement_are_those_of_the_longest_suffix() -> None:
    rng = np.random.default_rng(0)
    corpus = [rng.integers(3, size=30).tolist() for _ in range(4)]
    documents = [rng.integers(3, size=20).tolist() for _ in range(3)]
    as_ids = [np.array(one, dtype=np.int32) for one in corpus]
    index = Index.build(as_ids, list("abcd"), unit="tokens", alphabet_size=3)
    found = foreseen(index, [np.array(one, dtype=np.int32) for one in documents])
    expected = [told for one in documents for told in by_hand(corpus, one)]
    assert list(zip(found.effective_n.tolist(), found.is_right.tolist(), strict=True)) == expected
    assert found.documents.tolist() == [0] * 20 + [1] * 20 + [2] * 20
    assert accuracy(found, 1, np.inf) is None  # three documents carry no interval


@pytest.mark.parametrize(
    ("low", "high", "word"), [(0.8, 0.9, "holds"), (0.7, 0.8, "undecided"), (0.5, 0.7, "does not hold")]
)
def test_the_verdict_is_that_of_the_interval(low: float, high: float, word: str) -> None:
    it = Interval((low + high) / 2, low, high, 9)
    assert verdict([it, it], it).startswith(f"{word}:")
    assert "rises from bin to bin" in verdict([Interval(0.1, 0.1, 0.1), it], it)
    assert "rises but for 1 of 1 steps" in verdict([it, Interval(0.1, 0.1, 0.1)], it)
    assert verdict([None], None).startswith("undecided")


def test_the_table_counts_every_token_once() -> None:
    rng = np.random.default_rng(1)
    corpus = [rng.integers(2, size=200).astype(np.int32) for _ in range(3)]
    index = Index.build(corpus, list("abc"), unit="tokens", alphabet_size=2)
    found = foreseen(index, [rng.integers(2, size=60).astype(np.int32) for _ in range(6)])
    table, figure = summary(found)
    assert sum(int(row[1] or 0) for row in table.rows[:-2]) == 6 * 60 == table.rows[-2][1]
    assert figure.startswith("<svg")
