"""Whatever a server answers, it is a right number or an error that names the field."""

import copy
import json
import math
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.core.tokens import TokenIds
from byheart.errors import BackendError
from byheart.models.endpoint.answer import Answer, read_json
from byheart.models.endpoint.completions import read_chat, read_completion
from byheart.models.endpoint.prompt_scores import scores_from_echo, scores_from_prompt_logprobs
from tests.models.endpoint.server import Offer

TEXT = "In the spring of that year"


@pytest.fixture(scope="module")
def asked(memorizer: Offer) -> tuple[TokenIds, dict[str, Any], dict[str, Any]]:
    """A text with true answers to both forms of request."""
    from tests.models.endpoint.server import _completion

    ids = memorizer.tokenizer.encode(TEXT).token_ids
    body = {"prompt": [memorizer.tokenizer.end_id, *ids.tolist()], "max_tokens": 1, "temperature": 1.0, "seed": 0}
    by_id = _completion(memorizer, body | {"prompt_logprobs": 5})
    echo = _completion(memorizer, body | {"echo": True, "logprobs": 1})
    return ids, json.loads(json.dumps(by_id)), json.loads(json.dumps(echo))


Path = tuple[str | int, ...]
HOSTILE: list[Any] = [
    None,
    True,
    "-1",
    [],
    {},
    float("nan"),
    float("inf"),
    float("-inf"),
    0.5,
    -9999.0,
    10**400,
    -(10**400),
]
BY_ID: list[tuple[Path, str]] = [
    (("choices",), "choices"),
    (("choices", 0, "prompt_logprobs"), "choices[0].prompt_logprobs"),
    (("choices", 0, "prompt_logprobs", 3), "choices[0].prompt_logprobs[3]"),
    (("choices", 0, "prompt_logprobs", 3, "OWN"), "choices[0].prompt_logprobs[3]"),
    (("choices", 0, "prompt_logprobs", 3, "OWN", "logprob"), "choices[0].prompt_logprobs[3]"),
]
ECHO: list[tuple[Path, str]] = [
    (("choices", 0, "logprobs"), "choices[0].logprobs"),
    (("choices", 0, "logprobs", "tokens"), "choices[0].logprobs.tokens"),
    (("choices", 0, "logprobs", "tokens", 3), "choices[0].logprobs.tokens[3]"),
    (("choices", 0, "logprobs", "token_logprobs"), "choices[0].logprobs.token_logprobs"),
    (("choices", 0, "logprobs", "token_logprobs", 3), "choices[0].logprobs.token_logprobs[3]"),
    (("choices", 0, "logprobs", "top_logprobs", 3), "choices[0].logprobs.top_logprobs[3]"),
]


def replaced(answer: dict[str, Any], path: Path, value: Any, own: int) -> Answer:
    changed = copy.deepcopy(answer)
    spot: Any = changed
    keys = [str(own) if key == "OWN" else key for key in path]
    for key in keys[:-1]:
        spot = spot[key]
    spot[keys[-1]] = value
    return Answer(changed, "")


@pytest.mark.parametrize("value", HOSTILE, ids=[repr(value)[:9] for value in HOSTILE])
@pytest.mark.parametrize(("path", "place"), BY_ID)
def test_a_wrong_value_in_prompt_logprobs_is_named(
    path: Path, place: str, value: Any, asked: Any, memorizer: Offer
) -> None:
    ids, by_id, _ = asked
    with pytest.raises(BackendError) as caught:
        scores_from_prompt_logprobs(replaced(by_id, path, value, int(ids[2])), ids, 5, memorizer.tokenizer)
    assert place in caught.value.what


@pytest.mark.parametrize("value", HOSTILE, ids=[repr(value)[:9] for value in HOSTILE])
@pytest.mark.parametrize(("path", "place"), ECHO)
def test_a_wrong_value_in_an_echo_is_named(path: Path, place: str, value: Any, asked: Any, memorizer: Offer) -> None:
    ids, _, echo = asked
    with pytest.raises(BackendError) as caught:
        scores_from_echo(replaced(echo, path, value, 0), ids, memorizer.tokenizer)
    assert place in caught.value.what


def test_the_true_answers_are_taken(asked: Any, memorizer: Offer) -> None:
    ids, by_id, echo = asked
    first = scores_from_prompt_logprobs(Answer(by_id, ""), ids, 5, memorizer.tokenizer)
    second = scores_from_echo(Answer(echo, ""), ids, memorizer.tokenizer)
    assert first.log_probability_nats.tolist() == second.log_probability_nats.tolist()


def refused(read: Any, answer: dict[str, Any], ids: TokenIds, offer: Offer) -> BackendError:
    with pytest.raises(BackendError) as caught:
        read(Answer(answer, ""), ids, tokenizer=offer.tokenizer)
    assert caught.value.exit_code == 5
    return caught.value


def test_probabilities_over_one_together_are_refused_but_for_rounding(asked: Any, memorizer: Offer) -> None:
    ids, by_id, echo = asked
    read = partial(scores_from_prompt_logprobs, top_tokens=5)

    def shared(total: float) -> dict[str, Any]:
        changed = copy.deepcopy(by_id)
        place = changed["choices"][0]["prompt_logprobs"][3]
        for entry in place.values():
            entry["logprob"] = math.log(total / len(place))
        return changed

    assert read(Answer(shared(1.009), ""), ids, tokenizer=memorizer.tokenizer).ranked_tokens is None
    error = refused(read, shared(1.011), ids, memorizer)
    assert error.what == "The endpoint's answer is wrong at choices[0].prompt_logprobs[3]."
    assert "sum to 1.011" in error.why
    for shown in ({"zzz": -0.01, "yyy": -0.01}, {"zzz": -0.1}):
        changed = copy.deepcopy(echo)
        changed["choices"][0]["logprobs"]["token_logprobs"][3] = -0.02
        changed["choices"][0]["logprobs"]["top_logprobs"][3] = shown
        assert "choices[0].logprobs.top_logprobs[3]" in refused(scores_from_echo, changed, ids, memorizer).what


def test_a_most_probable_token_below_equal_shares_is_refused(asked: Any, memorizer: Offer) -> None:
    ids, by_id, echo = asked
    equal = -math.log(memorizer.tokenizer.vocabulary_size)
    for nats, is_right in ((equal, True), (equal - 0.2, False), (-30.0, False)):
        one, other = copy.deepcopy(by_id), copy.deepcopy(echo)
        for entry in one["choices"][0]["prompt_logprobs"][3].values():
            entry["logprob"] = nats
        other["choices"][0]["logprobs"]["token_logprobs"][3] = nats
        other["choices"][0]["logprobs"]["top_logprobs"][3] = {other["choices"][0]["logprobs"]["tokens"][3]: nats}
        by_number = partial(scores_from_prompt_logprobs, top_tokens=5)
        if is_right:
            by_number(Answer(one, ""), ids, tokenizer=memorizer.tokenizer)
            scores_from_echo(Answer(other, ""), ids, memorizer.tokenizer)
            continue
        assert "choices[0].prompt_logprobs[3]" in refused(by_number, one, ids, memorizer).what
        assert "choices[0].logprobs.top_logprobs[3]" in refused(scores_from_echo, other, ids, memorizer).what


@pytest.mark.parametrize("rank", [0, "SIZE + 1", 2**31, 2**40, 10**400])
def test_a_rank_that_no_token_of_the_vocabulary_has_is_named(rank: Any, asked: Any, memorizer: Offer) -> None:
    ids, by_id, _ = asked
    size = memorizer.tokenizer.vocabulary_size
    own = str(int(ids[2]))
    read = partial(scores_from_prompt_logprobs, top_tokens=5)
    changed = copy.deepcopy(by_id)
    changed["choices"][0]["prompt_logprobs"][3][own]["rank"] = size + 1 if rank == "SIZE + 1" else rank
    error = refused(read, changed, ids, memorizer)
    assert "choices[0].prompt_logprobs[3]" in error.what
    assert ".rank" in error.what
    assert f"a whole number from 1 to {size}" in error.why


@pytest.mark.parametrize("change", [-2, -1, 1])
@pytest.mark.parametrize("name", ["prompt_logprobs", "token_logprobs", "top_logprobs"])
def test_lists_of_another_length_are_refused(name: str, change: int, asked: Any, memorizer: Offer) -> None:
    ids, by_id, echo = asked
    is_by_id = name == "prompt_logprobs"
    changed = copy.deepcopy(by_id if is_by_id else echo)
    holder = changed["choices"][0] if is_by_id else changed["choices"][0]["logprobs"]
    holder[name] = holder[name][:change] if change < 0 else holder[name] + holder[name][-1:]
    read = partial(scores_from_prompt_logprobs, top_tokens=5) if is_by_id else scores_from_echo
    with pytest.raises(BackendError, match=f"{name}.\n.*must have"):
        read(Answer(changed, ""), ids, tokenizer=memorizer.tokenizer)


def test_numbers_of_another_text_are_refused(asked: Any, memorizer: Offer) -> None:
    ids, by_id, echo = asked
    shifted = np.roll(ids, 1)
    with pytest.raises(BackendError, match="lacks the token"):
        scores_from_prompt_logprobs(Answer(by_id, ""), shifted, 5, memorizer.tokenizer)
    with pytest.raises(BackendError, match="was asked about, the server read"):
        scores_from_echo(Answer(echo, ""), shifted, memorizer.tokenizer)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[1]",
        b'"text"',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b"\xff\xfe",
        b'{"a": ' * 40 + b"1" + b"}" * 40,
        b"[" * 200_000,
        b'{"a": ' + b"9" * 10_000 + b"}",
    ],
    ids=["empty", "list", "text", "nan", "infinity", "bytes", "deep", "very deep", "long number"],
)
def test_a_body_that_is_no_decent_object_is_refused(body: bytes) -> None:
    with pytest.raises(BackendError) as caught:
        read_json(body)
    assert caught.value.exit_code == 5


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
NAMES = ("choices", "message", "content", "text", "logprobs", "token_logprobs", "token_ids", "finish_reason", "logprob")
nearly_right = st.recursive(
    json_values,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(choice=nearly_right)
def test_no_answer_whatever_breaks_the_reader(choice: Any) -> None:
    for read in (read_completion, read_chat):
        try:
            written = read(Answer({"choices": [choice]}, ""))
        except BackendError:
            continue
        assert written.log_probability_nats is None or all(nats <= 0 for nats in written.log_probability_nats)
