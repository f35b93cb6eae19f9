"""The stored answers against their definition, on texts that repeat themselves."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.core.explanation import NO_ANSWER, STORED_TOKENS
from byheart.index import Index
from byheart.study.ladder import stored_answers

END = 7
SEEDS = st.integers(0, 2**20)


def stored(documents: list[list[int]], text: list[int], t: int) -> int:
    for n in range(t, STORED_TOKENS - 1, -1):
        suffix = text[t - n : t]
        after = [
            document[at + n] if at + n < len(document) else END
            for document in documents
            for at in range(len(document) - n + 1)
            if document[at : at + n] == suffix
        ]
        if after:
            return after[0] if len(set(after)) == 1 else NO_ANSWER
    return NO_ANSWER


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_the_stored_answers_equal_their_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    run = rng.integers(0, 3, 45).tolist()
    tails = [rng.integers(0, 3, int(rng.integers(0, 6))).tolist() for _ in range(3)]
    documents = [run + tails[0], rng.integers(0, 3, 4).tolist() + run[int(rng.integers(0, 10)) :] + tails[1]]
    text = rng.integers(0, 3, 3).tolist() + run + tails[int(rng.integers(0, 3))] + [5, 0]
    arrays = [np.array(document, dtype=np.int32) for document in documents]
    index = Index.build(arrays, ["a", "b"], unit="tokens", alphabet_size=8)
    found = stored_answers(index, np.array(text, dtype=np.int32), END)
    assert found.tolist() == [stored(documents, text, t) for t in range(len(text))]


def test_a_run_that_ends_its_document_is_followed_by_the_end() -> None:
    run = list(range(6)) * 6
    index = Index.build([np.array(run, dtype=np.int32)], ["a"], unit="tokens", alphabet_size=8)
    found = stored_answers(index, np.array([*run, 6], dtype=np.int32), END)
    assert found[-1] == END
    assert found[STORED_TOKENS] == run[STORED_TOKENS]
    assert (found[:STORED_TOKENS] == NO_ANSWER).all()
