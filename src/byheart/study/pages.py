"""The report of a run, where the report extra is installed."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

from byheart.core.run_record import RunRecord
from byheart.corpus.atomic_file import write_durably
from byheart.errors import CapabilityError, FormatError
from byheart.study.run_folder import REPORT, RunFolder


def page() -> Callable[[RunRecord], str] | None:
    """The function that renders a run as HTML, or None where jinja2 or altair is missing."""
    if any(importlib.util.find_spec(name) is None for name in ("jinja2", "altair", "vl_convert")):
        return None
    from byheart.report.page import render_html

    return render_html


def write_report(run: Path, output: Path | None = None) -> Path:
    """Renders a finished run again; inside the run folder the manifest is brought up to date.

    Raises:
        CapabilityError: the report extra is not installed.
        SourceError, FormatError: the run is missing, unfinished or damaged.
    """
    render = page()
    if render is None:
        raise CapabilityError(
            "The report needs jinja2, altair and vl-convert.", next_step="pip install 'byheart[report]'"
        )
    folder = RunFolder(run)
    record = folder.read()
    damaged = [fault for fault in folder.faults() if not fault.startswith(REPORT)]
    if damaged and output is None:
        raise FormatError(
            f"{run} is damaged; its manifest is left as it was.",
            why=" ".join(damaged[:5]),
            next_step="Run the audit again, or write the page elsewhere with -o.",
        )
    target = output or run / REPORT
    write_durably(target, render(record).encode("utf-8"))
    if output is None:
        folder.seal()
    return target
