"""Pages from which the texts of others are gone, and the proof: the texts are read again and looked for."""

import dataclasses
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from byheart.core.judgement import GateRecord
from byheart.core.progress import Progress, silent
from byheart.core.run_record import RunRecord
from byheart.core.strings import strings
from byheart.core.visible import visible_in_line
from byheart.corpus.readers import read
from byheart.errors import ByheartError, EvidenceError, FingerprintError, SourceError, UnsafeError
from byheart.report.redaction import Mode, Redaction, redacted
from byheart.study.leaks import RUN_WORDS, leaks, runs, texts_of_page
from byheart.study.lookup import Lookup
from byheart.study.plan import StudyPlan
from byheart.study.run_folder import PLAN, SAMPLES
from byheart.study.sources import read_texts

Documents = Iterator[tuple[str, str]]
Render = Callable[[Redaction], str]


@dataclass(frozen=True)
class Texts:
    """What must not stand on a page."""

    documents: Callable[[], Documents]
    """Name and text of each, from the beginning at each call."""
    said: str
    """What they are, for the page's reader."""


def fully_redacted(
    run: Path,
    record: RunRecord,
    gate: GateRecord | None,
    render: Render,
    *,
    indexes: Sequence[Path] = (),
    unchecked: bool = False,
    on_progress: Progress = silent,
) -> str:
    """A page without text of corpus, model and prompts, checked before anyone sees it.

    Definition:
        strings of the redacted record with a run of eight words of the texts are withheld too; then the page itself,
        text, SVG and attributes, must hold none (leaks.py: leaks)
    Args:
        run: folder of the run; its plan names the sources.
        record: of it.
        gate: what is shown beside it.
        render: draws the page under a redaction.
        indexes: of the texts, where the sources themselves are no longer at hand.
        unchecked: do not look; the page says so.
        on_progress: hears of the stages "read" and "check".
    Raises:
        SourceError: the texts are not at hand.
        FingerprintError: the sources have changed since the run.
        UnsafeError: the page holds text of the corpus all the same.
    """
    if unchecked:
        return render(
            Redaction(mode=Mode.FULL, checked="Not checked against the texts, which were not at hand or not asked for.")
        )
    texts = _of_indexes(record, indexes, on_progress) if indexes else _of_plan(run, record, on_progress)
    bare = redacted(record, gate, Redaction(mode=Mode.FULL))
    said = list(dict.fromkeys(strings((bare.record, bare.gate))))
    found = set(leaks(said, texts.documents()))
    withheld = frozenset(text for text in said if not runs(text).isdisjoint(found)) if found else frozenset()
    checked = f"Checked: no run of {RUN_WORDS} words of {texts.said} stands on this page, byheart's own words aside."
    page = render(Redaction(mode=Mode.FULL, withheld=withheld, checked=checked))
    left = leaks(texts_of_page(page), texts.documents())
    if left:
        first = next(iter(left.values()))
        raise UnsafeError(
            f"The page would still show {len(left)} runs of {RUN_WORDS} words of the corpus; it was not written.",
            why=f"The first is '{visible_in_line(first.words)}', of {visible_in_line(first.document)}.",
            next_step="Please report this fault of byheart; until then pass on the numbers alone: byheart export.",
        )
    return page


def _of_indexes(record: RunRecord, folders: Sequence[Path], on_progress: Progress) -> Texts:
    lookups = [Lookup.open(folder) for folder in folders]
    num = sum(lookup.index.num_documents for lookup in lookups)
    needed = sum(int(side.get("documents", 0)) for side in (record.provenance.trained_on, record.provenance.held_out))
    if num < needed:
        raise EvidenceError(
            "These indexes do not hold all texts of the run.",
            why=f"They hold {num:,} documents; the run read {needed:,}, trained-on and held-out ones.",
            next_step="Give --index once for each side, or --unchecked: the page then says that nobody looked.",
        )

    def documents() -> Documents:
        done = 0
        for lookup in lookups:
            for number in range(lookup.index.num_documents):
                yield lookup.index.document_names[number], lookup.text(lookup.index.document(number))
                done += 1
                on_progress("check", done, num)

    return Texts(documents, f"the {num:,} documents of the indexes that were given")


def _of_plan(run: Path, record: RunRecord, on_progress: Progress) -> Texts:
    """The texts that the run was made of, if they are what they were, and what its subjects wrote."""
    text = (run / PLAN).read_text("utf-8")
    if "axis" in tomllib.loads(text):
        return _listed([(d.name, d.text) for d in read("stdlib", on_progress=on_progress)], run, on_progress)
    plan = _at_hand(StudyPlan.from_toml(text), run)
    next_step = (
        "Give --index IDX for each side (made by byheart index), or --unchecked: the page then says that nobody looked."
    )
    try:
        sides = read_texts(plan, on_progress=on_progress)
    except ByheartError as error:
        raise SourceError(
            "Full redaction is checked against the texts of the run, and they cannot be read.",
            why=f"{error.what} {error.why}".strip(),
            next_step=next_step,
        ) from error
    origin = record.provenance
    now = sides.trained_on.fingerprint, sides.held_out.fingerprint
    if now != (origin.trained_on.get("fingerprint"), origin.held_out.get("fingerprint")):
        raise FingerprintError(
            "Full redaction is checked against the texts of the run, and they have changed since.",
            why="The sources in plan.toml no longer have the fingerprints in provenance.json.",
            next_step=next_step,
        )
    found = [(d.name, d.text) for side in (sides.trained_on, sides.held_out, sides.calibration) for d in side]
    return _listed(found + ([("--chat", plan.chat)] if plan.chat else []), run, on_progress)


def _listed(found: list[tuple[str, str]], run: Path, on_progress: Progress) -> Texts:
    written = _written(run)
    everything = found + written

    def documents() -> Documents:
        for done, pair in enumerate(everything, 1):
            yield pair
            on_progress("check", done, len(everything))

    also = f" and of the {len(written):,} texts that were written in the run" if written else ""
    return Texts(documents, f"the {len(found):,} documents that it was made with{also}")


def _written(run: Path) -> list[tuple[str, str]]:
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
