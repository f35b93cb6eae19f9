"""What is to be studied: a value that a run folder keeps as plan.toml."""

import difflib
import hashlib
import tomllib
from dataclasses import asdict, dataclass, fields
from typing import Any, get_args

import tomli_w

from byheart.core.audit import Audit, Profile
from byheart.core.codec import dumps
from byheart.core.needs import CanariesNeed
from byheart.errors import ConfigError
from byheart.models import check_options


def did_you_mean(name: str, known: list[str]) -> str:
    """A hint naming the nearest known name, or all of them."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(known)}."


@dataclass(frozen=True, kw_only=True)
class StudyPlan:
    """Everything that decides a study's numbers, apart from the contents of the sources."""

    model: str
    """Model under test, as on the command line."""
    trained_on: tuple[str, ...]
    """Sources that count as its training text."""
    held_out: tuple[str, ...]
    """Sources that it cannot have seen."""
    index: str = ""
    """Folder of a token index of the trained-on sources; empty: built in memory."""
    tokenizer: str = ""
    """Tokenizer file or folder for a memorizer under test; empty: trained on the trained-on sources."""
    adapter: str = ""
    """Folder of a LoRA adapter on the model; the model without it is then the base beside it."""
    chat: str = ""
    """What an instruct model is asked, so that every text stands as its answer; empty: no chat template."""
    canaries: str = ""
    """List of planted secrets that `byheart canary make` wrote; empty: none."""
    device: str = "auto"
    """Where the model computes, as `load_model` takes it."""
    dtype: str = "auto"
    """In which precision, likewise."""
    audits: tuple[str, ...] = ()
    """Names of the audits, in order; empty: all."""
    profile: Profile = "quick"
    """How large the samples are."""
    seed: int = 0
    """Root of all random streams, >= 0."""
    lines: bool = False
    """Each line of a .txt source is a document."""
    skip_bad: bool = False
    """Leave out what cannot be read instead of stopping."""

    def __post_init__(self) -> None:
        faults = []
        if not self.trained_on:
            faults.append("no trained-on source")
        if not self.held_out:
            faults.append("no held-out source")
        if self.profile not in get_args(Profile):
            faults.append(f"unknown profile {self.profile!r}. {did_you_mean(self.profile, list(get_args(Profile)))}")
        if self.seed < 0:
            faults.append(f"the seed must be >= 0, got {self.seed}")
        if self.model.startswith("memorizer:"):
            given = [name for name in ("adapter", "chat", "device", "dtype") if getattr(self, name) not in ("", "auto")]
            faults += [f"a memorizer takes no {name}" for name in given]
        if faults:
            raise ConfigError("The plan is ill-formed.", why="; ".join(faults), next_step="See `byheart audit --help`.")
        check_options(self.model, adapter=self.adapter, chat=self.chat, device=self.device, dtype=self.dtype)

    def chosen(self, audits: tuple[Audit, ...]) -> tuple[Audit, ...]:
        """The planned audits out of those that exist, in reading order.

        Raises:
            ConfigError: an unknown name, with the nearest known one.
        """
        known = [audit.name for audit in audits]
        unknown = [f"unknown audit {name!r}. {did_you_mean(name, known)}" for name in self.audits if name not in known]
        if unknown:
            raise ConfigError("The plan names an audit that does not exist.", why=" ".join(unknown))
        chosen = tuple(audit for audit in audits if not self.audits or audit.name in self.audits)
        if self.canaries:
            return chosen
        without = tuple(audit for audit in chosen if not self._asks_for_canaries(audit))
        if self.audits and without != chosen:
            raise ConfigError(
                "The audit of exposure is about planted canaries, and none are named.",
                next_step="Give --canaries FILE, the list that `byheart canary make` wrote before the training.",
            )
        return without

    def _asks_for_canaries(self, audit: Audit) -> bool:
        return any(isinstance(need, CanariesNeed) for need in audit.needs(audit.profiles[self.profile]))

    def to_toml(self) -> str:
        """The text of plan.toml."""
        return tomli_w.dumps({name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()})

    @staticmethod
    def from_toml(text: str) -> "StudyPlan":
        """The inverse of `to_toml`.

        Raises:
            ConfigError: not TOML, or an unknown key (with the nearest known one).
        """
        try:
            raw: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError("The plan is not TOML.", why=str(error)) from error
        known = [field.name for field in fields(StudyPlan)]
        unknown = [f"unknown key {key!r}. {did_you_mean(key, known)}" for key in raw if key not in known]
        if unknown:
            raise ConfigError("The plan has keys that mean nothing.", why=" ".join(unknown))
        try:
            values: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in raw.items()}
            return StudyPlan(**values)
        except TypeError as error:
            raise ConfigError("The plan lacks a key.", why=str(error)) from error

    def fingerprint(self, *materials: str) -> str:
        """Identifies the study: the plan, and the fingerprints of what it reads (corpora, model, tokenizer)."""
        return hashlib.blake2b(dumps([asdict(self), *materials]).encode(), digest_size=16).hexdigest()
