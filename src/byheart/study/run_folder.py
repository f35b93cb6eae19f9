"""A run on disk.

plan.toml, journal (while running), results.jsonl, scores.parquet, samples.parquet, provenance.json, report.html and
manifest.json with the BLAKE3 hash of every other file. The manifest is written last, by rename: its existence means
'complete'.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from blake3 import blake3

from byheart.core.codec import SCHEMA, dumps, result_from_json, result_to_json
from byheart.core.provenance import Provenance, SubjectProvenance
from byheart.core.run_record import Claim, Method, RunRecord, Sensitivity
from byheart.corpus.atomic_file import write_durably
from byheart.errors import ConfigError, FormatError, SourceError

MANIFEST, PLAN, JOURNAL, RESULTS = "manifest.json", "plan.toml", "journal", "results.jsonl"
PROVENANCE, SCORES, SAMPLES, REPORT = "provenance.json", "scores.parquet", "samples.parquet", "report.html"
PAGES = "report."
"""How the names of pages begin, redacted ones too: they can be drawn again from the other files."""


def file_hash(path: Path) -> str:
    """BLAKE3 of a file's bytes, in hexadecimal."""
    return blake3().update_mmap(path).hexdigest() if path.stat().st_size else blake3().hexdigest()


class Plan(Protocol):
    """What a run folder keeps as plan.toml: of audits or of an experiment."""

    def to_toml(self) -> str:
        """Its text."""

    @staticmethod
    def from_toml(text: str) -> "Plan":
        """The inverse; ConfigError where the text is another kind of plan."""


class RunFolder:
    """The folder of one run.

    Args:
        path: where it is or will be.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def journal_path(self) -> Path:
        """Where acknowledged work is kept until the run is complete."""
        return self.path / JOURNAL

    def is_complete(self) -> bool:
        """Whether the manifest exists."""
        return (self.path / MANIFEST).exists()

    def check(self, plan: Plan) -> None:
        """Nothing, when the folder holds this plan or none.

        Raises:
            ConfigError: the folder holds another plan.
        """
        kept = self.path / PLAN
        if kept.exists() and type(plan).from_toml(kept.read_text("utf-8")) != plan:
            raise ConfigError(
                f"{self.path} holds another study.",
                why="Its plan.toml differs from what you asked for now.",
                next_step="Choose another folder with -o, or delete this one.",
            )

    def begin(self, plan: Plan) -> None:
        """Makes the folder and writes the plan, or checks that the folder holds the same plan.

        Raises:
            ConfigError: the folder holds another plan.
        """
        self.check(plan)
        self.path.mkdir(parents=True, exist_ok=True)
        if not (self.path / PLAN).exists():
            write_durably(self.path / PLAN, plan.to_toml().encode())

    def finish(
        self,
        record: RunRecord,
        scores: bytes,
        samples: bytes | None,
        render: Callable[[RunRecord], str] | None,
    ) -> None:
        """Writes everything, the manifest last, and removes the journal; samples is None where nothing was written."""
        (self.path / MANIFEST).unlink(missing_ok=True)
        lines = "".join(dumps(result_to_json(result)) + "\n" for result in record.results)
        write_durably(self.path / RESULTS, lines.encode("ascii"))
        about = {
            "title": record.title,
            "notes": list(record.notes),
            "provenance": asdict(record.provenance),
            "methods": [asdict(method) for method in record.methods],
            "sensitivity": [asdict(row) for row in record.sensitivity],
            "claims": [asdict(claim) for claim in record.claims],
        }
        write_durably(self.path / PROVENANCE, (json.dumps(about, indent=1, allow_nan=False) + "\n").encode("ascii"))
        write_durably(self.path / SCORES, scores)
        if samples is not None:
            write_durably(self.path / SAMPLES, samples)
        if render is not None:
            write_durably(self.path / REPORT, render(record).encode("utf-8"))
        self.seal()
        self.journal_path.unlink(missing_ok=True)

    def _contents(self) -> list[Path]:
        skipped = {MANIFEST, JOURNAL}
        return sorted(
            p for p in self.path.rglob("*") if p.is_file() and p.name not in skipped and not p.name.startswith(".")
        )

    def seal(self) -> None:
        """Writes the manifest over what the folder now holds."""
        files = {
            path.relative_to(self.path).as_posix(): {"bytes": path.stat().st_size, "blake3": file_hash(path)}
            for path in self._contents()
        }
        manifest = {"schema": SCHEMA, "kind": "run", "files": files}
        write_durably(self.path / MANIFEST, (json.dumps(manifest, indent=1) + "\n").encode("ascii"))

    def faults(self) -> list[str]:
        """Every way in which the folder differs from its manifest, one sentence each; empty when it is whole.

        Raises:
            SourceError: there is no run here.
            FormatError: the manifest cannot be read.
        """
        files = self._manifest()["files"]
        faults = []
        for name, expected in files.items():
            path = self.path / name
            if not path.is_file():
                faults.append(f"{name} is missing.")
            elif path.stat().st_size != expected["bytes"]:
                faults.append(f"{name} has {path.stat().st_size} bytes, the manifest says {expected['bytes']}.")
            elif file_hash(path) != expected["blake3"]:
                faults.append(f"{name} does not match its hash.")
        known = set(files)
        extra = [p.relative_to(self.path).as_posix() for p in self._contents()]
        return faults + [f"{name} is not in the manifest." for name in extra if name not in known]

    def _manifest(self) -> dict[str, Any]:
        path = self.path / MANIFEST
        if not path.is_file():
            raise SourceError(
                f"{self.path} is not a finished run.",
                why="It has no manifest.json, which is written last.",
                next_step="Run the same `byheart audit` command again: it resumes."
                if (self.path / PLAN).exists()
                else "Give the folder that `byheart audit -o` or `byheart demo -o` wrote.",
            )
        try:
            manifest = json.loads(path.read_bytes())
            files = manifest["files"]
            assert all(isinstance(f["bytes"], int) and isinstance(f["blake3"], str) for f in files.values())
        except (ValueError, KeyError, TypeError, AttributeError, AssertionError) as error:
            raise FormatError(f"{path} is damaged.", why=str(error), next_step="Run the audit again.") from error
        if manifest.get("schema") != SCHEMA:
            raise FormatError(f"{path} has schema {manifest.get('schema')!r}; this version reads {SCHEMA}.")
        return dict(manifest)

    def read(self) -> RunRecord:
        """The finished run.

        Raises:
            SourceError: there is none.
            FormatError: a file does not match its hash, or cannot be understood.
        """
        faults = [fault for fault in self.faults() if fault.startswith((RESULTS, PROVENANCE))]
        if faults:
            raise FormatError(f"{self.path} is damaged.", why=" ".join(faults), next_step="Run the audit again.")
        try:
            lines = (self.path / RESULTS).read_text("ascii").splitlines()
            about = json.loads((self.path / PROVENANCE).read_bytes())
            origin = about["provenance"]
            subjects = tuple(SubjectProvenance(**subject) for subject in origin["subjects"])
            return RunRecord(
                title=about["title"],
                results=tuple(result_from_json(json.loads(line)) for line in lines),
                methods=tuple(Method(**method) for method in about["methods"]),
                provenance=Provenance(**{**origin, "subjects": subjects}),
                notes=tuple(about["notes"]),
                sensitivity=tuple(Sensitivity(**row) for row in about.get("sensitivity", ())),
                claims=tuple(Claim(**claim) for claim in about.get("claims", ())),
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise FormatError(
                f"{self.path} was written in another form.",
                why=str(error),
                next_step="Read it with the version that wrote it.",
            ) from error
