from typing import Any

import pytest

from byheart.core.predictor import Access
from byheart.models.endpoint.alignment_check import check_alignment
from byheart.models.endpoint.order_check import OPENINGS
from byheart.models.endpoint.predictor import ScoringEndpoint
from tests.models.endpoint.conftest import opened, variant
from tests.models.endpoint.server import Offer


@pytest.mark.parametrize("changes", [{}, {"prompt_logprobs": False}, {"takes_token_ids": False}])
def test_what_a_server_writes_greedily_is_the_most_probable_by_its_own_scores(
    changes: dict[str, Any], memorizer: Offer
) -> None:
    with opened(variant(memorizer, **changes)) as endpoint:
        assert isinstance(endpoint, ScoringEndpoint)
        found = check_alignment(endpoint)
    assert found.num_argmax == found.num_tokens
    assert found.num_tokens >= len(OPENINGS)


def test_an_echo_that_is_shifted_by_one_token_is_not_used_and_said(memorizer: Offer) -> None:
    """As that of llama-cpp-python is."""
    with opened(variant(memorizer, prompt_logprobs=False, is_shifted=True)) as endpoint:
        assert not isinstance(endpoint, ScoringEndpoint)
        assert endpoint.access is Access.GENERATED_LOG_PROBABILITIES
        assert "they are not those of its tokens" in "\n".join(endpoint.found.in_words())
