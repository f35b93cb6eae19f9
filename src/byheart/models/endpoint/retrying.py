"""When a failed try is worth another one, and how long to wait before it."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

WORTH_ANOTHER_TRY = frozenset((408, 425, 429, 500, 502, 503, 504, 529))
"""Statuses of a server that may answer later: too slow, too early, too often, or ill."""
_FIRST_WAIT_SECONDS = 0.5


def wait_seconds(num_failures: int, retry_after: str | None, *, longest_seconds: float, now: datetime) -> float:
    """How long to wait after a failure.

    Definition:
        0.5 s doubled with every failure, or what the server asks for where that is longer; never more than the longest
    Args:
        num_failures: tries that failed so far, >= 1.
        retry_after: the header of that name: seconds or a date; anything else counts as none.
        longest_seconds: the most.
        now: the time, aware of its zone.
    Returns:
        seconds, >= 0.
    Source: RFC 9110, 10.2.3 (Retry-After).
    Differs: no random part: byheart's few threads need none, and equal runs wait equally.
    """
    # The exponent is bounded, so that no float overflows.
    own = _FIRST_WAIT_SECONDS * 2 ** min(num_failures - 1, 20)
    return min(max(own, _asked_seconds(retry_after, now)), longest_seconds)


def _asked_seconds(retry_after: str | None, now: datetime) -> float:
    if retry_after is None:
        return 0.0
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return max((date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds(), 0.0)
