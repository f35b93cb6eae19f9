"""The texts of a study: read, checked against one another, and split."""

from dataclasses import dataclass, replace
from pathlib import Path

from byheart.core.progress import Progress, silent
from byheart.core.streams import stream
from byheart.corpus.documents import Corpus
from byheart.corpus.readers import read
from byheart.corpus.secrets import SecretList
from byheart.corpus.splits import split
from byheart.errors import SourceError
from byheart.study.canary_planting import read_canaries
from byheart.study.plan import StudyPlan


@dataclass(frozen=True)
class Texts:
    """Three corpora that share no document."""

    trained_on: Corpus
    """What the model was trained on, repetitions kept: they are what the law of repetition is about."""
    held_out: Corpus
    """Control documents: neither the model nor any memorizer of the study has seen them."""
    calibration: Corpus
    """The other half of the held-out documents: what the blind pole is built from."""
    notes: tuple[str, ...]
    """What was left out, for the report."""
    canaries: SecretList | None = None
    """Planted secrets; None where the plan names none."""


def read_all(sources: tuple[str, ...], plan: StudyPlan, *, on_progress: Progress = silent) -> Corpus:
    """Several sources as one corpus, in the order given."""
    corpora = [read(s, lines=plan.lines, skip_bad=plan.skip_bad, on_progress=on_progress) for s in sources]
    return Corpus(tuple(document for corpus in corpora for document in corpus))


def read_texts(plan: StudyPlan, *, on_progress: Progress = silent) -> Texts:
    """Reads the sources of a plan and makes the sides disjoint.

    Raises:
        FormatError: the list of canaries is damaged.
        SourceError: a source cannot be read, or too little held-out text is left to have a control and a blind pole.
    """
    canaries = read_canaries(Path(plan.canaries)) if plan.canaries else None
    trained_on = read_all(plan.trained_on, plan, on_progress=on_progress)
    given = read_all(plan.held_out, plan, on_progress=on_progress)
    sides = disjoint(trained_on, given, seed=plan.seed)
    if canaries is None:
        return sides
    told = (
        f"{len(canaries.pairs)} pairs of canaries; fingerprint of their list {canaries.fingerprint}. The "
        "conclusions about exposure hold if that list is as old as the training."
    )
    return replace(sides, notes=(*sides.notes, told), canaries=canaries)


def disjoint(trained_on: Corpus, given: Corpus, *, seed: int) -> Texts:
    """The sides of a study from what its sources hold.

    Args:
        trained_on: all of it.
        given: what counts as held out, as it was read.
        seed: of the study.
    Raises:
        SourceError: too little held-out text is left to have a control and a blind pole.
    """
    distinct = given.deduplicated()
    unseen = distinct.without(trained_on)
    notes = []
    if len(given) > len(distinct):
        notes.append(f"{len(given) - len(distinct)} held-out documents were exact duplicates and were left out.")
    if len(distinct) > len(unseen):
        number = len(distinct) - len(unseen)
        notes.append(f"{number} held-out documents also stand in the trained-on corpus and were left out.")
    if len(unseen) < 2:
        raise SourceError(
            "The held-out text has fewer than two documents that are not in the trained-on text.",
            why=f"Of {len(given)} held-out documents {len(unseen)} are left: one half is the control, the other half "
            "makes the blind pole.",
            next_step="Give more held-out documents; with --lines each line of a .txt file is one.",
        )
    parts = split(unseen, calibration_share=0.5, held_out_share=0.0, rng=stream(seed, "split", "held-out"))
    return Texts(trained_on, parts.train, parts.calibration, tuple(notes))
