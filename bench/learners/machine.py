"""What the machine can do: the rate of float32 matrix products, and the peak of a process's memory."""

import time
from pathlib import Path

import torch


def matmul_flops(size: int = 2048, passes: int = 12) -> float:
    """Floating-point operations per second of the best of several square float32 products, on all threads of torch."""
    left, right = torch.rand(size, size), torch.rand(size, size)
    out = torch.empty(size, size)
    best = float("inf")
    for _ in range(passes):
        started = time.perf_counter()
        torch.mm(left, right, out=out)
        best = min(best, time.perf_counter() - started)
    return 2 * size**3 / best


def forget_peak() -> int:
    """Forgets the process's peak of resident memory; gives what is resident now, in bytes."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def peak_bytes() -> int:
    """Peak of resident memory since it was forgotten."""
    return _status("VmHWM")


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise LookupError(name)
