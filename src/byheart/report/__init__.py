"""Results -> a page and a table. Needs no corpus, no model and no torch; new audits appear by themselves.

In reading order: `format` (numbers), `comparison` (who stands beside whom), `verdict` (sentences), `glance` (the first
screen), `palette`, `layout` and `figures` (drawings), `page` (HTML), `text` (terminal).
"""

from typing import TYPE_CHECKING

from byheart.core.judgement import GateRecord
from byheart.core.run_record import RunRecord

if TYPE_CHECKING:
    from byheart.report.redaction import Redaction


def render_html(record: RunRecord, *, gate: GateRecord | None = None, redaction: "Redaction | None" = None) -> str:
    """The page of a run; the heavy modules are imported on the first call (page.py: render_html)."""
    from byheart.report.page import render_html as render

    return render(record, gate=gate, redaction=redaction)
