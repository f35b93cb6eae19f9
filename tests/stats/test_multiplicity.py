import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from byheart.stats.multiplicity import benjamini_hochberg


def definition(p_values: list[float], rate: float) -> list[bool]:
    """The largest number k of rejections that the rate allows, counted up one by one."""
    m, most = len(p_values), 0
    for k in range(1, m + 1):
        if sorted(p_values)[k - 1] * m <= rate * k * (1 + 1e-12):
            most = k
    return [sum(other < p for other in p_values) < most for p in p_values]


@given(st.lists(st.integers(1, 100), max_size=12), st.sampled_from([0.05, 0.1, 0.5]))
def test_the_step_up_rule_rejects_what_its_definition_does(hundredths: list[int], rate: float) -> None:
    p_values = [n / 100 for n in hundredths]
    assert benjamini_hochberg(np.array(p_values), rate).tolist() == definition(p_values, rate)


def test_the_example_of_the_paper() -> None:
    # Benjamini and Hochberg 1995, section 4: at 0.05 the four smallest of fifteen are rejected.
    p_values = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719]
    p_values += [0.6528, 0.7590, 1.0]
    assert benjamini_hochberg(np.array(p_values), 0.05).tolist() == [True] * 4 + [False] * 11


def test_no_hypothesis_is_rejected_of_none() -> None:
    assert benjamini_hochberg(np.zeros(0), 0.05).size == 0
