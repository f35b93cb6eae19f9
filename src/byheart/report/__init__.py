"""Results -> a page and a table. Needs no corpus, no model and no torch; new audits appear by themselves.

In reading order: `format` (numbers), `comparison` (who stands beside whom), `verdict` (sentences), `glance` (the first
screen), `palette`, `layout` and `figures` (drawings), `page` (HTML), `text` (terminal).
"""

from byheart.core.run_record import RunRecord


def render_html(record: RunRecord) -> str:
    """The page of a run; the heavy modules are imported on the first call (page.py: render_html)."""
    from byheart.report.page import render_html as render

    return render(record)
