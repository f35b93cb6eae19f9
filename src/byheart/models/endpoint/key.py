"""The key of an endpoint: read from the environment, sent in one header, shown nowhere."""

from collections.abc import Mapping

from byheart.errors import ConfigError, UnsafeError
from byheart.models.endpoint.address import Address

OWN = "BYHEART_API_KEY"
OPENAI = "OPENAI_API_KEY"
HIDDEN = "[key]"
_OPENAI_HOST = "openai.com"


class Key:
    """A secret that its representations do not show.

    Args:
        value: the secret; "" for none.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "Key(hidden)" if self._value else "Key(none)"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> str:
        raise TypeError("A key is not to be stored.")

    def headers(self) -> dict[str, str]:
        """What a request carries."""
        return {"Authorization": f"Bearer {self._value}"} if self._value else {}

    def stands_in(self, text: str) -> bool:
        """Whether a text gives the key away."""
        return bool(self._value) and self._value in text

    def hidden_in(self, text: str) -> str:
        """The same text without the key, for messages."""
        return text.replace(self._value, HIDDEN) if self._value else text


def key_from_environment(address: Address, environment: Mapping[str, str]) -> Key:
    """The key for an endpoint, if there is one.

    BYHEART_API_KEY goes to whatever endpoint the user names; OPENAI_API_KEY only to OpenAI and to this machine, since
    it was not given for anyone else.

    Args:
        address: who would see it.
        environment: variables by name.
    Raises:
        ConfigError: it has characters that no header can carry.
        UnsafeError: it would cross a network that others can read.
    """
    host = address.host
    is_openai = host == _OPENAI_HOST or host.endswith(f".{_OPENAI_HOST}")
    name = OWN
    value = environment.get(OWN, "").strip()
    if not value and (is_openai or address.is_on_this_machine):
        name, value = OPENAI, environment.get(OPENAI, "").strip()
    if not value:
        return Key("")
    if not (value.isascii() and value.isprintable()):
        raise ConfigError(
            f"The key in {name} cannot be sent.",
            why="It has characters other than printable ASCII.",
            next_step="Copy it again.",
        )
    if not address.is_encrypted and not address.is_on_this_machine:
        raise UnsafeError(
            f"The key in {name} would be sent unencrypted over the network.",
            why="The address begins with http:// and is not on this machine.",
            next_step="Use https://, or a tunnel to 127.0.0.1, or unset the variable if the server needs no key.",
        )
    return Key(value)
