"""Where an endpoint is: `http://host:port/v1#name`."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from byheart.core.visible import visible_in_line
from byheart.errors import ConfigError

SCHEMES = ("http://", "https://")
FORM = "http://host:port/v1#name"


@dataclass(frozen=True, kw_only=True)
class Address:
    """One model of one server."""

    base: str
    """Beginning of every URL, without a slash at its end, for example "http://127.0.0.1:8000/v1"."""
    model: str
    """Name of the model there; "" where the server has only one."""

    @property
    def host(self) -> str:
        """Name or number of the machine."""
        return urlsplit(self.base).hostname or ""

    @property
    def is_encrypted(self) -> bool:
        """Whether nobody on the way can read what is sent."""
        return self.base.startswith("https://")

    @property
    def is_on_this_machine(self) -> bool:
        """Whether what is sent stays on this machine."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def read_address(spec: str) -> Address:
    """An address from what the user typed.

    Args:
        spec: as FORM says; the name may be left out where the server has only one model.
    Raises:
        ConfigError: not a URL, or one with a password or a question in it.
    """
    try:
        parts = urlsplit(spec)
        faults = _faults(parts)
    except ValueError:
        # Not repeated: it may hold a password.
        raise ConfigError("The address of the endpoint is not a URL.", next_step=f"Write it as {FORM}.") from None
    if faults:
        raise ConfigError(
            "The address of the endpoint is ill-formed.", why="; ".join(faults) + ".", next_step=f"Write it as {FORM}."
        )
    return Address(base=f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}", model=parts.fragment)


def _faults(parts: SplitResult) -> list[str]:
    faults = []
    if parts.scheme not in ("http", "https"):
        faults.append(f"it must begin with http:// or https://, not {visible_in_line(parts.scheme)!r}")
    if not parts.hostname:
        faults.append("it names no host")
    if parts.port == 0:
        faults.append("there is no port 0")
    if parts.username is not None or parts.password is not None:
        faults.append("it holds a user or a password; keys are read from the environment only (BYHEART_API_KEY)")
    if parts.query:
        faults.append("it holds a question mark; a key may not stand there, since addresses are written into results")
    return faults
