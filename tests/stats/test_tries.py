import math

from byheart.stats.tries import tries_needed


def test_tries_follow_the_formula_of_hayes() -> None:
    # 2410.19482: p_z = 0.162 needs 14 tries at p = 0.9, since log(0.1)/log(0.838) = 13.03.
    assert math.ceil(tries_needed(math.log(0.162), 0.9)) == 14
    assert tries_needed(-math.inf, 0.9) == math.inf
    assert tries_needed(0.0, 0.9) == 1.0
    assert tries_needed(math.log(0.99), 0.5) == 1.0
