"""Where a run's numbers come from: everything that a reader needs to reproduce or to doubt them."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class SubjectProvenance:
    """One subject of a study."""

    name: str
    """As in the results."""
    role: str
    """"model", "base" (it without its adapter), "lookup pole" (holds the trained-on text), "blind pole" (never saw it)
    or "memorizer"."""
    fingerprint: str
    """Changes whenever its predictions may."""
    access: str
    """What it let us see."""
    size_bytes: int | None
    """Bytes of its parameters or of its index; None where nobody outside knows."""
    loaded_as: dict[str, str] = field(default_factory=dict)
    """Of a model on this machine: device, dtype, adapter, chat (what stood before every text)."""
    weights_blake3: dict[str, str] = field(default_factory=dict)
    """Of a model on this machine: BLAKE3 of each file of weights, by its name, as `b3sum` prints it."""
    scored_tokens: int = 0
    """Tokens scored in this run, those read back from the journal left out."""
    scoring_seconds: float = 0.0
    """Seconds spent scoring them."""

    @property
    def scored_tokens_per_second(self) -> float | None:
        """Throughput of the scoring pass, tokens per second, or None when everything came from the journal."""
        return self.scored_tokens / self.scoring_seconds if self.scoring_seconds > 0 else None


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """One run. Kept apart from the results, because times differ between runs whose results are equal."""

    byheart: str
    """Version of byheart."""
    python: str
    """Version of Python."""
    platform: str
    """Operating system and processor."""
    packages: dict[str, str]
    """Versions of the packages that numbers depend on."""
    seed: int
    """Root seed of all random streams."""
    command: str
    """What to type to reproduce the run."""
    seconds: float
    """Wall-clock seconds of this run, resumed parts left out."""
    trained_on: dict[str, str | int]
    """The corpus that counts as trained on: source, fingerprint, documents, bytes, tokens."""
    held_out: dict[str, str | int]
    """The corpus that counts as unseen, likewise."""
    tokenizer: str
    """Fingerprint of the tokenizer."""
    date: str = ""
    """Day on which the run ended, in UTC, as 2026-11-28; empty in runs that did not note it."""
    canaries: str = ""
    """Fingerprint of the list of planted secrets; empty where there is none."""
    subjects: tuple[SubjectProvenance, ...] = field(default=())
    """Everyone who was audited."""
