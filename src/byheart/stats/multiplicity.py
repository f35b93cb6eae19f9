"""Several tests at once: p-values that stay honest however many there are."""

from collections.abc import Sequence

from byheart.errors import InputError


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values: the chance of any false claim among all of them stays below the level at which one is cut.

    Definition:
        sorted ascending, p_(i) becomes max over j <= i of min(1, (k - j + 1) p_(j)), k the number of tests
    Args:
        p_values: of the k tests, each in [0, 1].
    Returns:
        the adjusted p-values, in the order given.
    Raises:
        InputError: a p-value outside [0, 1].
    Source: Holm 1979, "A simple sequentially rejective multiple test procedure".
    Differs: nothing.
    """
    if not all(0.0 <= p <= 1.0 for p in p_values):
        raise InputError("A p-value lies in [0, 1].", why=f"Got {list(p_values)}.")
    adjusted, largest = [0.0] * len(p_values), 0.0
    for place, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[index]))
        adjusted[index] = largest
    return adjusted
