import dataclasses
import math

import numpy as np
import pytest

from byheart.core.codec import token_scores_from_json, token_scores_to_json
from byheart.core.token_scores import TOP_K, TokenScores, token_scores
from byheart.errors import InputError, NumericalError

P = np.array([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]])
IDS = np.array([2, 1], dtype=np.int32)


def scores() -> TokenScores:
    return token_scores(IDS, np.log(P))


def test_ranks_break_ties_by_id() -> None:
    assert scores().rank.tolist() == [3, 1]
    assert scores().argmax_id.tolist() == [0, 1]
    assert scores().is_argmax.tolist() == [False, True]


def test_entropy_and_variance_are_those_of_the_definition() -> None:
    entropy = 0.5 * math.log(2) + 2 * 0.25 * math.log(4)
    second = 0.5 * math.log(2) ** 2 + 2 * 0.25 * math.log(4) ** 2
    assert scores().entropy_nats == pytest.approx([entropy, entropy])
    assert scores().mean_log_probability_nats == pytest.approx([-entropy, -entropy])
    assert scores().log_probability_variance_nats2 == pytest.approx([second - entropy**2] * 2)


def test_a_vocabulary_below_k_has_top_k_mass_one() -> None:
    assert scores().log_top_k_mass_nats == pytest.approx([0, 0], abs=1e-15)


def test_top_k_renormalisation_divides_by_the_mass_of_the_k_best_and_excludes_the_rest() -> None:
    weights = np.arange(50, 0, -1, dtype=float)
    logs = np.log(weights / weights.sum())
    inside = token_scores(np.array([0], dtype=np.int32), logs[None])
    outside = token_scores(np.array([TOP_K], dtype=np.int32), logs[None])
    assert inside.top_k_log_probability_nats[0] == pytest.approx(math.log(50 / sum(range(11, 51))))
    assert outside.rank[0] == TOP_K + 1
    assert outside.top_k_log_probability_nats[0] == -math.inf


def test_a_zero_probability_cannot_be_stored() -> None:
    with np.errstate(all="ignore"), pytest.raises(NumericalError, match="log_probability_nats"):
        token_scores(np.array([0], dtype=np.int32), np.array([[-np.inf, 0.0]]))


def test_arrays_of_different_lengths_are_refused() -> None:
    with pytest.raises(InputError, match="rank"):
        dataclasses.replace(scores(), rank=scores().rank[:1])


def test_json_brings_back_every_bit() -> None:
    there_and_back = token_scores_from_json(token_scores_to_json(scores()))
    for (name, before), (_, after) in zip(scores().arrays(), there_and_back.arrays(), strict=True):
        assert before.tobytes() == after.tobytes(), name
        assert before.dtype == after.dtype
