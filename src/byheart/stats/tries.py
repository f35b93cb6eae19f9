"""(n, p) extraction: how many draws it takes until a text has come out."""

import math


def tries_needed(log_pz_nats: float, confidence: float) -> float:
    """Tries after which the suffix has come out at least once with the given confidence.

    Definition:
        n = log(1 - p) / log(1 - p_z)
    Args:
        log_pz_nats: log p_z in nats, <= 0.
        confidence: p, in (0, 1).
    Returns:
        a number of tries, at least 1; inf where p_z is 0.
    Source: Hayes et al. 2024 (2410.19482), (n, p)-discoverable extraction.
    Differs: nothing.
    """
    if log_pz_nats == -math.inf:
        return math.inf
    pz = math.exp(log_pz_nats)
    if pz >= 1.0:
        return 1.0
    failure = math.log1p(-pz) if pz > 0 else 0.0
    return math.inf if failure == 0.0 else max(1.0, math.log1p(-confidence) / failure)


def chance_to_come_out(log_pz_nats: float, tries: float) -> float:
    """How probable it is that the suffix comes out at least once in so many tries.

    Definition:
        1 - (1 - p_z)^n
    Args:
        log_pz_nats: log p_z in nats, <= 0.
        tries: n, >= 0.
    Returns:
        in [0, 1]; at `tries_needed(log_pz_nats, p)` tries, where these are more than 1, it is p.
    Source: Hayes et al. 2024 (2410.19482), (n, p)-discoverable extraction.
    Differs: nothing.
    """
    pz = math.exp(log_pz_nats)
    return float(tries > 0) if pz >= 1.0 else -math.expm1(tries * math.log1p(-pz))
