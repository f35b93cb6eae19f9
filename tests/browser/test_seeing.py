"""What the tests of pages see: proven on drawings that are wrong on purpose."""

from pathlib import Path

from tests.browser.conftest import OpenPage
from tests.browser.seeing import cut_labels, overlapping_labels, smallest_letters

WRONG = """<!DOCTYPE html><html lang="en"><title>t</title><body style="margin:0"><svg viewBox="0 0 200 100" width="100">
<text x="10" y="50" font-size="12">first</text><text x="14" y="52" font-size="12">second</text>
<text x="180" y="80" font-size="12">cut off at the right</text><text x="10" y="20" opacity="0">unseen</text>
<text x="10" y="90" font-size="12">alone</text></svg></body></html>"""


def test_covered_cut_and_tiny_labels_are_found(tmp_path: Path, open_page: OpenPage) -> None:
    path = tmp_path / "wrong.html"
    path.write_text(WRONG, "utf-8")
    page = open_page(path, viewport={"width": 390, "height": 300})
    assert overlapping_labels(page) == ["first / second"]
    (cut,) = cut_labels(page)
    assert cut.startswith("cut off at the right by ")
    assert smallest_letters(page) == 12 * 100 / 200
