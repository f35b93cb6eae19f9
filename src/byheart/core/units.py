"""Units: natural logarithms inside the program, bits where a person reads them."""

import math

NATS_PER_BIT = math.log(2.0)


def nats_to_bits(nats: float) -> float:
    """The same amount of information, in bits.

    Definition:
        bits = nats / ln 2
    Args:
        nats: any amount of information in natural units.
    Returns:
        bits.
    Source: definition.
    Differs: nothing.
    """
    return nats / NATS_PER_BIT
