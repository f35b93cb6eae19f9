import math

import pytest

from byheart.stats.tries import chance_to_come_out, tries_needed


def test_tries_follow_the_formula_of_hayes() -> None:
    # 2410.19482: p_z = 0.162 needs 14 tries at p = 0.9, since log(0.1)/log(0.838) = 13.03.
    assert math.ceil(tries_needed(math.log(0.162), 0.9)) == 14
    assert tries_needed(-math.inf, 0.9) == math.inf
    assert tries_needed(0.0, 0.9) == 1.0
    assert tries_needed(math.log(0.99), 0.5) == 1.0


@pytest.mark.parametrize("pz", [0.9, 1e-3, 1e-12])
@pytest.mark.parametrize("confidence", [0.1, 0.9])
def test_so_many_tries_have_that_chance(pz: float, confidence: float) -> None:
    needed = tries_needed(math.log(pz), confidence)
    assert chance_to_come_out(math.log(pz), needed) == pytest.approx(max(pz, confidence))


def test_one_try_has_the_chance_of_the_text_and_the_impossible_has_none() -> None:
    assert chance_to_come_out(math.log(0.3), 1) == pytest.approx(0.3)
    assert chance_to_come_out(-math.inf, 1e6) == 0.0
    assert chance_to_come_out(0.0, 1) == 1.0
