"""The texts that must not stand on a fully redacted page: what a run read, and what its subjects wrote."""

import dataclasses
import platform
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from byheart.core.progress import Progress, silent
from byheart.core.run_record import RunRecord
from byheart.corpus.documents import Corpus, Document
from byheart.corpus.readers import read
from byheart.errors import ByheartError, EvidenceError, FingerprintError, SourceError
from byheart.report.foreign_names import is_lab
from byheart.study.lookup import Lookup
from byheart.study.plan import StudyPlan
from byheart.study.run_folder import PLAN, SAMPLES
from byheart.study.sources import Texts as Sides
from byheart.study.sources import disjoint, read_texts

Pairs = list[tuple[str, str]]
Documents = Iterator[tuple[str, str]]
_UNCHECKED = "--unchecked: it then says that nobody looked."


@dataclass(frozen=True)
class Texts:
    """What must not stand on a page."""

    documents: Callable[[], Documents]
    """Name and text of each, from the beginning at each call."""
    said: str
    """What they are, for the page's reader."""


def texts_of_run(
    run: Path, record: RunRecord, *, indexes: Sequence[Path] = (), on_progress: Progress = silent
) -> Texts:
    """The texts that a run was made of, proved to be these, with what its subjects wrote and were told.

    Args:
        run: folder of the run; its plan names the sources.
        record: of it.
        indexes: of bytes of the texts, where the sources themselves are no longer at hand.
        on_progress: hears of the stages "read" and "check".
    Raises:
        SourceError: the texts are not at hand.
        FingerprintError: the sources have changed since the run; Python has, whose library an experiment reads.
        EvidenceError: the indexes do not hold exactly the texts of the run.
    """
    if is_lab(record):
        return _with_written(_of_lab(record, indexes, on_progress), _library(record), run, record, on_progress)
    sides = _of_indexes(record, indexes) if indexes else _of_plan(run, record, on_progress)
    found = [(d.name, d.text) for side in (sides.trained_on, sides.held_out, sides.calibration) for d in side]
    where = "of the indexes that were given, which are those that it was made with" if indexes else ""
    said = f"the {len(found):,} documents {where or 'that it was made with'}"
    return _with_written(found, said, run, record, on_progress)


def _library(record: RunRecord) -> str:
    return f"the standard library of Python {record.provenance.python} on the machine that checked"


def _of_lab(record: RunRecord, indexes: Sequence[Path], on_progress: Progress) -> Pairs:
    """The standard library: all that an experiment reads that it does not make. No fingerprint of it is kept."""
    if indexes:
        raise EvidenceError(
            "An experiment has no index to be checked against.",
            why="It makes its data itself, and reads the standard library, which is on every machine.",
            next_step="Leave --index out.",
        )
    now = platform.python_version()
    if now != record.provenance.python:
        raise FingerprintError(
            "Full redaction is checked against the texts of the run, and they have changed since.",
            why=f"It read the standard library of Python {record.provenance.python}; this is {now}.",
            next_step=f"Redact it under that Python, or give {_UNCHECKED}",
        )
    return [(d.name, d.text) for d in read("stdlib", on_progress=on_progress)]


def _of_indexes(record: RunRecord, folders: Sequence[Path]) -> Sides:
    """The sides of the run out of indexes: one or more of the one, then one or more of the other.

    Definition:
        the documents of the first k indexes and of the others, either way round and whatever k is, are the sides of the
        run where these, made disjoint and split as its own were, have the fingerprints in its provenance
    """
    corpora = [_documents(folder) for folder in folders]
    for cut in range(1, len(corpora)):
        parts = _joined(corpora[:cut]), _joined(corpora[cut:])
        for seen, unseen in (parts, parts[::-1]):
            if seen.fingerprint != record.provenance.trained_on.get("fingerprint"):
                continue
            with suppress(SourceError):  # nothing is held out where one side was given twice
                sides = disjoint(seen, unseen, seed=record.provenance.seed)
                if _are_of(sides, record):
                    return sides
    told = ", ".join(f"{len(corpus):,} documents" for corpus in corpora)
    raise EvidenceError(
        "These indexes do not hold the texts of the run.",
        why=f"{told}: their texts have not the fingerprints in provenance.json, trained-on and held-out ones.",
        next_step="Give --index once for each side, made by byheart index SOURCE -o IDX of the same sources in their "
        f"order, without a tokenizer; or {_UNCHECKED}",
    )


def _documents(folder: Path) -> Corpus:
    lookup = Lookup.open(folder)
    names = lookup.index.document_names
    return Corpus(tuple(Document(name, lookup.text(lookup.index.document(at))) for at, name in enumerate(names)))


def _joined(corpora: Sequence[Corpus]) -> Corpus:
    return Corpus(tuple(document for corpus in corpora for document in corpus))


def _are_of(sides: Sides, record: RunRecord) -> bool:
    origin = record.provenance
    now = sides.trained_on.fingerprint, sides.held_out.fingerprint
    return now == (origin.trained_on.get("fingerprint"), origin.held_out.get("fingerprint"))


def _of_plan(run: Path, record: RunRecord, on_progress: Progress) -> Sides:
    """The texts that the run was made of, if they are what they were."""
    plan = _at_hand(StudyPlan.from_toml((run / PLAN).read_text("utf-8")), run)
    next_step = f"Give --index IDX for each side (made by byheart index), or {_UNCHECKED}"
    try:
        sides = read_texts(plan, on_progress=on_progress)
    except ByheartError as error:
        raise SourceError(
            "Full redaction is checked against the texts of the run, and they cannot be read.",
            why=f"{error.what} {error.why}".strip(),
            next_step=next_step,
        ) from error
    if not _are_of(sides, record):
        raise FingerprintError(
            "Full redaction is checked against the texts of the run, and they have changed since.",
            why="The sources in plan.toml no longer have the fingerprints in provenance.json.",
            next_step=next_step,
        )
    return sides


def _with_written(found: Pairs, said: str, run: Path, record: RunRecord, on_progress: Progress) -> Texts:
    written, told = _written(run), [("--chat", text) for text in sorted(_chats(run, record))]
    everything = found + written + told

    def documents() -> Documents:
        for done, pair in enumerate(everything, 1):
            yield pair
            on_progress("check", done, len(everything))

    also = f" and of the {len(written):,} texts that were written in the run" if written else ""
    return Texts(documents, f"{said}{also}")


def _chats(run: Path, record: RunRecord) -> set[str]:
    """What the model was told before every text."""
    told = {subject.loaded_as.get("chat", "") for subject in record.provenance.subjects}
    if (run / PLAN).is_file():
        told.add(str(tomllib.loads((run / PLAN).read_text("utf-8")).get("chat", "")))
    return told - {""}


def _written(run: Path) -> Pairs:
    """What the subjects wrote, as far as the run keeps it."""
    path = run / SAMPLES
    if not path.exists():
        return []
    import pyarrow.parquet

    rows = pyarrow.parquet.read_table(path, columns=["author", "text"]).to_pylist()
    return [(f"{SAMPLES}, by {row['author']}", row["text"]) for row in rows]


def _at_hand(plan: StudyPlan, run: Path) -> StudyPlan:
    """The plan with its sources where they are now: those that a demo keeps in its own folder move with it."""

    def found(source: str) -> str:
        moved = run / "material" / Path(source).name
        return str(moved) if not Path(source).exists() and moved.is_file() else source

    return dataclasses.replace(
        plan, trained_on=tuple(map(found, plan.trained_on)), held_out=tuple(map(found, plan.held_out))
    )
