import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.audits.novelty import AUDIT, Params, needs, novel_ngrams, run
from byheart.core.evidence import Estimate, Refusal, Series
from byheart.core.needs import ContinuationsNeed, TemperatureNeed
from tests.audits.material import continuation, inputs

PARAMS = Params(max_ngram=8)


@given(
    st.lists(st.integers(0, 1), min_size=1, max_size=12),
    st.lists(st.integers(0, 1), min_size=1, max_size=12),
    st.integers(1, 6),
)
def test_novel_ngrams_equal_a_look_at_every_ngram(corpus: list[int], text: list[int], n: int) -> None:
    def occurs(run: list[int]) -> bool:
        return any(corpus[i : i + len(run)] == run for i in range(len(corpus) - len(run) + 1))

    longest = []
    for i in range(len(text)):
        length = 0
        while i + length < len(text) and occurs(text[i : i + length + 1]):
            length += 1
        longest.append(length)
    ngrams = [text[i : i + n] for i in range(len(text) - n + 1)]
    assert novel_ngrams(longest, n) == (sum(not occurs(g) for g in ngrams), len(ngrams))


def test_a_copier_has_no_novel_ngram_and_stands_below_the_human_authors() -> None:
    copied = [list(range(20, 0, -1)) for _ in range(6)]
    own = tuple(continuation(i, c) for i, c in enumerate(copied))
    human = tuple(continuation(i, [3] * 17 + [3, 2, 1]) for i in range(6))
    evidence = run(inputs(continuations=own, human=human), PARAMS, rng=np.random.default_rng(0))
    found = {e.name: e for e in evidence if isinstance(e, Estimate)}
    four = found["novelty.ngram_4_novel_rate"]
    assert four.value == 0.0
    assert four.control is not None
    assert four.control.value == 17 / 17  # every 4-gram of the human text is new: its longest match is 3
    assert four.excess is not None
    assert four.excess.value == -1.0
    assert found["novelty.longest_copy_tokens"].value == 20.0
    assert any(isinstance(e, Refusal) and e.name == "novelty.ngram_16_novel_rate" for e in evidence)


def test_the_curve_has_both_roles_and_only_lengths_that_exist() -> None:
    own = tuple(continuation(i, [2, 2, 1, 1, 1]) for i in range(5))
    human = tuple(continuation(i, [1, 1, 1, 1, 1]) for i in range(5))
    series = next(
        e
        for e in run(inputs(continuations=own, human=human), PARAMS, rng=np.random.default_rng(0))
        if isinstance(e, Series)
    )
    assert {line.role for line in series.lines} == {"subject", "human"}
    assert [p.x for p in series.lines[0].points] == [1, 2, 3, 4, 5]
    assert [p.y for p in series.lines[0].points] == pytest.approx([0, 2 / 4, 1, 1, 1])


def test_fewer_than_five_prompts_are_refused() -> None:
    own = tuple(continuation(i, [1, 1]) for i in range(4))
    evidence = run(inputs(continuations=own, human=own), PARAMS, rng=np.random.default_rng(0))
    assert all(isinstance(e, Refusal) for e in evidence)


def test_the_sweep_asks_for_the_same_prompts_at_other_temperatures() -> None:
    rule, *swept = needs(AUDIT.profiles["standard"])
    assert isinstance(rule, ContinuationsNeed)
    assert rule.temperature == 1.0
    assert [need.decoding.temperature for need in swept if isinstance(need, TemperatureNeed)] == [0.5, 0.75, 1.25]
    assert all(isinstance(need, TemperatureNeed) and need.continuations == rule for need in swept)
    assert len(needs(AUDIT.profiles["quick"])) == 1
