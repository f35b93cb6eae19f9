"""The run folder that a training leaves behind: the model as it came out, audited beside memorizers of its own text."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from byheart.core.audit import Profile
from byheart.core.codec import dumps
from byheart.corpus.atomic_file import replacing
from byheart.integrations.planting import PlantedTexts
from byheart.models.quiet import quiet_transformers
from byheart.study.api import Run, audit

AUDITS = ("extraction", "membership", "exposure", "adaptation")
"""What the end of a training is asked: what it recites, who was in it, how far secrets stand out, what it learned."""

ENDING = "-byheart"
"""Of the run folder, which stands beside the Trainer's output folder: what is in that one may be uploaded."""


@dataclass(frozen=True)
class Material:
    """What is audited."""

    planted: PlantedTexts
    """Texts of the training, secrets among them."""
    held_out: tuple[str, ...]
    """Texts that it did not have."""
    model: Any
    """A transformers model, saved as it is."""
    tokenizer: Any
    """Its tokenizer, saved beside it."""


def free_folder(folder: Path) -> Path:
    """The folder, or the first of FOLDER-2, FOLDER-3, ... that is not there: an older training's run is another's."""
    found, number = folder, 1
    while found.exists() or _beside(found).exists():
        number += 1
        found = folder.with_name(f"{folder.name}-{number}")
    return found


def _beside(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}-material")


def output_folder(args: Any) -> Path:
    """Where a Trainer writes, without links: push_to_hub and some trackers upload all that stands in it.

    Args:
        args: the Trainer's.
    """
    return Path(args.output_dir or ".").resolve()


def folder_beside(args: Any) -> Path:
    """The run folder of the audit at the end: OUTPUT-byheart, or the first of OUTPUT-byheart-2, ... that is free.

    Args:
        args: the Trainer's.
    """
    output = output_folder(args)
    return free_folder(output.with_name(output.name + ENDING))


def audit_trained(
    material: Material, folder: Path, *, audits: Sequence[str] = AUDITS, profile: Profile = "quick", seed: int = 0
) -> Run:
    """Writes what is audited beside the run folder, then audits it as `byheart audit` would.

    Args:
        material: what to audit.
        folder: the run folder; the material stands in FOLDER-material.
        audits: names.
        profile: sample sizes.
        seed: root of the random streams.
    Raises:
        ByheartError: as `byheart.audit`.
    Cost: that of the audit; the weights are written once more.
    """
    beside = _beside(folder)
    beside.mkdir(parents=True, exist_ok=True)
    model = beside / "model"
    with quiet_transformers():
        material.model.save_pretrained(model)
    material.tokenizer.save_pretrained(model)
    _write(beside / "trained-on.jsonl", material.planted.texts)
    _write(beside / "held-out.jsonl", material.held_out)
    return audit(
        str(model),
        trained_on=beside / "trained-on.jsonl",
        held_out=beside / "held-out.jsonl",
        canaries=material.planted.canaries,
        output=folder,
        audits=audits,
        profile=profile,
        seed=seed,
    )


def _write(path: Path, texts: Iterable[str]) -> None:
    """Texts as JSON lines, readable by their owner only; empty ones say nothing and are left out."""
    with replacing(path) as file:
        file.writelines(dumps({"text": text}).encode("ascii") + b"\n" for text in texts if text)
