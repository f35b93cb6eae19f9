"""How much of other people's texts a page or an export leaves out, as an option."""

from byheart.errors import ConfigError
from byheart.report.redaction import Mode

MODES = f"<{'|'.join(Mode)}>"
"""As help shows them."""


def redaction_mode(value: str) -> Mode:
    """The mode of that name.

    Raises:
        ConfigError: there is none, with the nearest.
    """
    from byheart.study.plan import did_you_mean

    known = [mode.value for mode in Mode]
    if value not in known:
        raise ConfigError(f"--redact has no {value!r}.", why=did_you_mean(value, known))
    return Mode(value)
