"""The report of a run, where the report extra is installed."""

import importlib.util
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from byheart.core.judgement import GateRecord
from byheart.core.progress import Progress, silent
from byheart.core.run_record import RunRecord
from byheart.corpus.atomic_file import write_durably
from byheart.errors import CapabilityError, FormatError
from byheart.report.redaction import Mode, Redaction
from byheart.study.page_texts import texts_of_page
from byheart.study.redaction_check import fully_redacted
from byheart.study.run_folder import PAGES, REPORT, RunFolder


def page(on_progress: Progress = silent) -> Callable[[RunRecord], str] | None:
    """The function that renders a run as HTML, or None where jinja2 or altair is missing.

    Args:
        on_progress: told about the drawing.
    """
    if any(importlib.util.find_spec(name) is None for name in ("jinja2", "altair", "vl_convert")):
        return None
    from byheart.report.page import render_html

    return partial(render_html, on_progress=on_progress)


def report_name(mode: Mode) -> str:
    """The page's name in a run folder: report.html, report.partial.html or report.full.html."""
    return REPORT if mode is Mode.NONE else f"report.{mode}.html"


def write_report(
    run: Path,
    output: Path | None = None,
    *,
    mode: Mode = Mode.NONE,
    gate: GateRecord | None = None,
    indexes: Sequence[Path] = (),
    unchecked: bool = False,
    on_progress: Progress = silent,
) -> Path:
    """Renders a finished run again; inside the run folder the manifest is brought up to date.

    Args:
        run: folder.
        output: where to; in the folder, under a name of its own for each redaction, unless given.
        mode: how much of the texts goes.
        gate: what criteria say of the run; no gate on the page without.
        indexes: of the texts, to check full redaction where the sources are gone.
        unchecked: do not check full redaction.
        on_progress: told about the drawing and the check.
    Returns:
        the file that was written.
    Raises:
        CapabilityError: the report extra is not installed.
        SourceError, FormatError: the run is missing, unfinished or damaged.
        SourceError, FingerprintError, EvidenceError, UnsafeError: redaction_check.py: fully_redacted.
    """
    if page() is None:
        raise CapabilityError(
            "The report needs jinja2, altair and vl-convert.", next_step="pip install 'byheart[report]'"
        )
    from byheart.report.page import render_html

    folder = RunFolder(run)
    record = folder.read()
    damaged = [fault for fault in folder.faults() if not fault.startswith(PAGES)]
    is_checked = mode is Mode.FULL and not unchecked
    if damaged and (output is None or is_checked):
        elsewhere = "redact it --unchecked elsewhere with -o" if is_checked else "write the page elsewhere with -o"
        raise FormatError(
            f"{run} is damaged; its manifest is left as it was.",
            why=" ".join(damaged[:5]),
            next_step=f"Run the audit again, or {elsewhere}.",
        )

    def render(redaction: Redaction) -> str:
        return render_html(record, gate=gate, redaction=redaction, on_progress=on_progress)

    if mode is Mode.FULL:
        text = fully_redacted(
            run,
            record,
            gate,
            render,
            texts_of=texts_of_page,
            indexes=indexes,
            unchecked=unchecked,
            on_progress=on_progress,
        )
    else:
        text = render(Redaction(mode=mode))
    target = output or run / report_name(mode)
    write_durably(target, text.encode("utf-8"))
    if output is None:
        folder.seal()
    return target
