"""Everything that can go wrong, as one tree.

::

    ByheartError                 exit  when
    ├─ ConfigError                 2   the plan or the command is ill-formed (all faults listed)
    ├─ InputError (ValueError)     2   an argument is outside its domain
    ├─ CapabilityError             2   this subject cannot answer that
    ├─ SourceError                 3   an input is missing or unreadable
    ├─ UnsafeError                 4   refused for safety: pickle weights, remote code
    ├─ BackendError                5   a model or engine failed; partial work is kept
    ├─ NumericalError              5   a computation degenerated
    ├─ StorageError                6   an artefact of ours cannot be used
    │  ├─ FormatError              6   not our file, damaged, or from a newer version
    │  └─ FingerprintError         6   index, corpus, tokenizer and results do not belong together
    └─ EvidenceError               7   not enough evidence to decide

Each message has three parts: what happened, why, and what to type or do next. Exit codes are part of the contract
with scripts; `assert` is for the programmer only.
"""


class ByheartError(Exception):
    """What happened, why, and what to do next.

    Args:
        what: one sentence, what happened.
        why: one sentence, the cause, naming the offending value; empty when `what` says it all.
        next_step: one sentence, what the reader should type or do.
    """

    exit_code = 1

    def __init__(self, what: str, *, why: str = "", next_step: str = "") -> None:
        super().__init__("\n".join(part for part in (what, why, next_step) if part))
        self.what = what
        self.why = why
        self.next_step = next_step


class ConfigError(ByheartError):
    """The plan or the command line is ill-formed."""

    exit_code = 2


class InputError(ByheartError, ValueError):
    """An argument is outside its domain."""

    exit_code = 2


class CapabilityError(ByheartError):
    """This subject cannot answer that question."""

    exit_code = 2


class SourceError(ByheartError):
    """An input is missing or unreadable."""

    exit_code = 3


class UnsafeError(ByheartError):
    """Refused for safety."""

    exit_code = 4


class BackendError(ByheartError):
    """A model or an engine failed; what was done so far is kept."""

    exit_code = 5


class NumericalError(ByheartError):
    """A computation degenerated, for example to a number that is not finite."""

    exit_code = 5


class StorageError(ByheartError):
    """An artefact that byheart wrote cannot be used."""

    exit_code = 6


class FormatError(StorageError):
    """Not our file, damaged, or written by a newer version."""


class FingerprintError(StorageError):
    """Two artefacts do not belong together."""


class EvidenceError(ByheartError):
    """The sample cannot carry a decision."""

    exit_code = 7
