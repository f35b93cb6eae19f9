"""What a visitor of a page would stumble over: text cut off or outside of the page, and what axe-core finds."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

GRAVE = ("serious", "critical")


def grave_violations(page: Page) -> list[str]:
    """What axe-core finds that is serious or critical: rule, help and the first place of each."""
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{it['id']} ({it['impact']}): {it['help']}; {len(it['nodes'])} places, first {it['nodes'][0]['target']}"
        for it in found
        if it["impact"] in GRAVE
    ]


def overflows(page: Page) -> int:
    """Pixels by which the page is wider than its window; 0 where nothing must be scrolled sideways."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
