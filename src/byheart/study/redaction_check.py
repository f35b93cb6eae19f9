"""Pages and exports from which the texts of others are gone, and the proof: the texts are read again and looked for."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from byheart.core.judgement import GateRecord
from byheart.core.progress import Progress, silent
from byheart.core.run_record import RunRecord
from byheart.core.strings import strings
from byheart.core.visible import visible_in_line
from byheart.errors import UnsafeError
from byheart.report.redaction import Mode, Redaction, redacted
from byheart.study.leaks import RUN_WORDS, leaks, runs
from byheart.study.redacted_texts import texts_of_run

Made = TypeVar("Made")


def fully_redacted(
    run: Path,
    record: RunRecord,
    gate: GateRecord | None,
    render: Callable[[Redaction], Made],
    *,
    texts_of: Callable[[Made], list[str]],
    indexes: Sequence[Path] = (),
    unchecked: bool = False,
    on_progress: Progress = silent,
) -> Made:
    """A page or an export without text of corpus, model and prompts, checked before anyone sees it.

    Definition:
        strings of the redacted record with a run of eight words of the texts are withheld too; then the page itself,
        all that a reader of it can read, must hold none (leaks.py: leaks)
    Args:
        run: folder of the run; its plan names the sources.
        record: of it.
        gate: what is shown beside it.
        render: makes it under a redaction.
        texts_of: what stands in it.
        indexes: of the texts, where the sources themselves are no longer at hand.
        unchecked: do not look; this is said.
        on_progress: hears of the stages "read" and "check".
    Raises:
        SourceError, FingerprintError, EvidenceError: redacted_texts.py: texts_of_run.
        UnsafeError: it holds text of the corpus all the same.
    """
    if unchecked:
        return render(
            Redaction(mode=Mode.FULL, checked="Not checked against the texts, which were not at hand or not asked for.")
        )
    texts = texts_of_run(run, record, indexes=indexes, on_progress=on_progress)
    bare = redacted(record, gate, Redaction(mode=Mode.FULL))
    said = list(dict.fromkeys(strings((bare.record, bare.gate))))
    found = set(leaks(said, texts.documents()))
    withheld = frozenset(text for text in said if not runs(text).isdisjoint(found)) if found else frozenset()
    checked = f"Checked: no run of {RUN_WORDS} words of {texts.said} stands here, byheart's own words aside."
    made = render(Redaction(mode=Mode.FULL, withheld=withheld, checked=checked))
    left = leaks(texts_of(made), texts.documents())
    if left:
        first = next(iter(left.values()))
        raise UnsafeError(
            f"This would still show {len(left)} runs of {RUN_WORDS} words of the corpus; it was not written.",
            why=f"The first is '{visible_in_line(first.words)}', of {visible_in_line(first.document)}.",
            next_step="Please report this fault of byheart; pass on no more than the numbers until then.",
        )
    return made
