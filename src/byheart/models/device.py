"""Where a model computes, and in which precision. Importing this imports no torch."""

import time
from dataclasses import dataclass
from typing import Any

from byheart.core.visible import visible
from byheart.errors import CapabilityError, ConfigError

DEVICES = ("auto", "cpu", "cuda", "mps")
DTYPES = ("auto", "float32", "bfloat16", "float16")


@dataclass(frozen=True)
class Placement:
    """A device and a precision, chosen."""

    device: str = "cpu"
    """Of torch: cpu, cuda or mps."""
    dtype: str = "float32"
    """Of the weights and of everything that is computed with them."""

    @property
    def torch_dtype(self) -> Any:
        """The same for torch."""
        import torch

        return getattr(torch, self.dtype)


def check_placement(device: str, dtype: str) -> None:
    """Nothing, when both names mean something.

    Raises:
        ConfigError: a name that means nothing.
    """
    for what, name, known in (("device", device, DEVICES), ("dtype", dtype, DTYPES)):
        if name not in known:
            raise ConfigError(
                f"There is no {what} {visible(name)!r}.",
                why=f"Known: {', '.join(known)}.",
                next_step=f"Leave --{what} out, or name one of these.",
            )


def placement(device: str, dtype: str, config: dict[str, Any]) -> Placement:
    """Where and how a model is to compute.

    Definition:
        device auto: CUDA where there is one, else the processor; dtype auto: on a GPU bfloat16 for weights that are
        stored so, else float32. The processor never computes in less than float32 unless told to: those are other
        numbers.
    Args:
        device: one of DEVICES.
        dtype: one of DTYPES.
        config: the model's config.json.
    Raises:
        ConfigError: a name that means nothing.
        CapabilityError: this machine has no such device.
    """
    import torch

    check_placement(device, dtype)
    is_there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    chosen = device if device != "auto" else "cuda" if is_there["cuda"] else "cpu"
    if not is_there[chosen]:
        raise CapabilityError(
            f"This machine has no device {chosen}.",
            why=f"torch {torch.__version__} finds none.",
            next_step="Leave --device out, or install a torch that is built for it.",
        )
    if dtype != "auto":
        return Placement(chosen, dtype)
    return Placement(chosen, "bfloat16" if chosen != "cpu" and _stored_dtype(config) == "bfloat16" else "float32")


def _stored_dtype(config: dict[str, Any]) -> str:
    """What config.json says of its weights: "dtype", in older files "torch_dtype"."""
    stored = config.get("dtype") or config.get("torch_dtype")
    return stored.removeprefix("torch.") if isinstance(stored, str) else ""


def matmul_rates(device: str, *, width: int = 1024) -> dict[str, float]:
    """Billions of additions and multiplications a second that products of matrices reach, by dtype.

    Definition:
        2 width^3 / the shortest of three products of two width x width matrices, in seconds
    Args:
        device: of torch.
        width: of the matrices.
    Returns:
        GFLOP/s for float32 and bfloat16.
    Cost: a tenth of a second on two cores; seconds where bfloat16 is emulated.
    """
    import torch

    rates = {}
    for name in ("float32", "bfloat16"):
        matrix = torch.ones(width, width, dtype=getattr(torch, name), device=device)
        seconds = []
        for _ in range(3):
            start = time.perf_counter()
            # A number that is read waits for the device.
            (matrix @ matrix)[0, 0].item()
            seconds.append(time.perf_counter() - start)
        rates[name] = 2 * width**3 / min(seconds) / 1e9
    return rates
