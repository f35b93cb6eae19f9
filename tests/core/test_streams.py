import numpy as np

from byheart.core.streams import stream


def test_equal_addresses_give_equal_draws() -> None:
    assert np.array_equal(stream(7, "audit", "extraction").random(5), stream(7, "audit", "extraction").random(5))


def test_neighbouring_addresses_and_seeds_give_other_draws() -> None:
    draws = [
        stream(seed, *path).random(4).tolist()
        for seed, path in ((0, ("a", "b")), (0, ("ab",)), (0, ("a", "c")), (1, ("a", "b")))
    ]
    assert len({tuple(d) for d in draws}) == 4


def test_a_stream_is_the_same_on_every_machine() -> None:
    # Golden: changing it moves every number of every study; that needs a decision in decisions/.
    assert stream(0, "golden").integers(0, 1000, 5).tolist() == [403, 333, 626, 580, 133]
