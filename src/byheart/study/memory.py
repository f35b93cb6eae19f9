"""How much memory there is, and how much was asked for."""

import re
from pathlib import Path

from byheart.errors import ConfigError

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_FALLBACK_BYTES = 2 * 10**9
_LEAST_BYTES = 10**6
_MEMINFO = Path("/proc/meminfo")
_LIMIT, _USED = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")


def parse_bytes(text: str) -> int:
    """Bytes of an amount such as 500M, 4G or 1.5GB.

    Raises:
        ConfigError: it is no such amount.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:I?B)?", text.strip().upper())
    if not found:
        raise ConfigError(f"{text!r} is no amount of memory.", next_step="Write it as in --memory 500M or --memory 4G.")
    amount = int(float(found[1]) * _UNITS[found[2]])
    if amount < _LEAST_BYTES:
        raise ConfigError(
            f"{text} is {amount:,} bytes of memory.",
            next_step=f"Did you mean {found[1]}M? Write the unit: K, M, G or T.",
        )
    return amount


def available_bytes() -> int:
    """Memory that can be had without pushing others out: of the machine, or of the container if that is less."""
    amounts = [_available_on_machine()]
    try:
        amounts.append(int(_LIMIT.read_text()) - int(_USED.read_text()))
    except (OSError, ValueError):
        pass
    return max(0, min(amounts))


def _available_on_machine() -> int:
    try:
        found = re.search(r"^MemAvailable:\s+(\d+) kB", _MEMINFO.read_text(), flags=re.MULTILINE)
    except OSError:
        return _FALLBACK_BYTES
    return int(found[1]) * 1024 if found else _FALLBACK_BYTES
