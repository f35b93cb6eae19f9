from typing import Any

import pytest

from byheart.core.predictor import Access
from byheart.models.endpoint.alignment_check import AlignmentCheck, check_alignment
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


@pytest.mark.parametrize("changes", [{}, {"prompt_logprobs": False}, {"takes_token_ids": False}])
def test_numbers_of_a_server_that_writes_nothing_to_check_them_by_are_not_used_and_said(
    changes: dict[str, Any], memorizer: Offer
) -> None:
    def silence(body: dict[str, Any], answer: dict[str, Any]) -> None:
        for choice in answer.get("choices", ()):
            choice |= {name: type(choice[name])() for name in ("text", "token_ids") if name in choice}

    with opened(variant(memorizer, change=silence, **changes)) as endpoint:
        assert not isinstance(endpoint, ScoringEndpoint)
        assert endpoint.access is Access.GENERATED_LOG_PROBABILITIES
        said = "\n".join(endpoint.found.in_words())
    assert "could not be checked: of what it wrote greedily 0 tokens could be scored" in said
    assert "Given texts are scored" not in said


@pytest.mark.parametrize(
    ("num_tokens", "num_argmax", "fault"),
    [
        (0, 0, "could not be checked"),
        (3, 3, "could not be checked"),
        (4, 4, None),
        (32, 26, None),
        (32, 25, "of 32 tokens that it wrote greedily only 25"),
        (31, 0, "only 0"),
    ],
)
def test_scores_are_used_only_where_enough_tokens_were_scored_and_most_of_them_right(
    num_tokens: int, num_argmax: int, fault: str | None
) -> None:
    found = AlignmentCheck(num_tokens, num_argmax).fault
    assert found is None if fault is None else fault in str(found)
