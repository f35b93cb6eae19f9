from studies.power_grokking import Found, verdict

Curve = tuple[tuple[int, float, float], ...]


def curve(trained_at: int, unseen_at: int, end: float = 1.0) -> Curve:
    return tuple((step, float(step >= trained_at), end * float(step >= unseen_at)) for step in (0, 10, 20, 40, 80, 160))


def found(*pairs: tuple[int, int]) -> list[Found]:
    with_decay = [Found(seed, True, curve(*pair)) for seed, pair in enumerate(pairs)]
    return [*with_decay, *(Found(seed, False, curve(10, 999)) for seed in range(len(pairs)))]


def test_late_means_at_least_twice_the_steps_in_every_seed() -> None:
    holds, said = verdict(found((10, 40), (20, 80)), 0.0)
    assert holds
    assert said.startswith("In 2 of 2 seeds")
    assert "4.0 to 4.0 times" in said
    assert "2 of 2 never get there" in said
    assert not verdict(found((10, 40), (80, 80)), 0.0)[0]


def test_a_seed_that_never_gets_there_fails_it_and_so_does_a_table_that_answers() -> None:
    assert not verdict(found((10, 40), (10, 999)), 0.0)[0]
    assert not verdict(found((10, 40)), 0.1)[0]


def test_a_level_that_is_not_reached_is_no_step() -> None:
    it = Found(0, True, curve(10, 40, end=0.9))
    assert (it.trained_at, it.unseen_at) == (10, None)
