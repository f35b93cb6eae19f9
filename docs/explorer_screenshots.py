"""The screenshots of docs/explorer.md, of a running explorer: python docs/explorer_screenshots.py ADDRESS."""

import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

IMAGES = Path(__file__).parent / "images"
DESKTOP, PHONE = ViewportSize(width=1100, height=1250), ViewportSize(width=390, height=1400)
PATIENCE_MS = 300_000


def ask_about_passage(page: Page, address: str, number: int) -> None:
    """Opens the page of questions with a passage of the run, everything answered."""
    page.goto(f"{address}passages/{number}")
    page.get_by_role("link", name="Ask about this passage").click()
    page.get_by_role("button", name="Explain each token").click()
    for answer in ("#spans .passage", "#continuation-answer table", "#explanation table"):
        page.locator(answer).first.wait_for(timeout=PATIENCE_MS)


def first_unseen(page: Page, address: str) -> int:
    """The number of the first passage of the attribution audit: of held-out text, and explained."""
    page.goto(f"{address}passages?audit=attribution")
    found = page.locator(".list a").first.get_attribute("href") or "/passages/1"
    return int(found.rpartition("/")[2])


def explorer_shots(browser: Browser, address: str, images: Path = IMAGES) -> None:
    """Writes all of them.

    Args:
        browser: a running Chromium.
        address: of a running explorer, with its final slash.
        images: folder for the pictures.
    """
    desktop = browser.new_page(viewport=DESKTOP, color_scheme="light")
    ask_about_passage(desktop, address, 1)
    desktop.screenshot(path=images / "explorer-ask.png")
    ask_about_passage(desktop, address, first_unseen(desktop, address))
    desktop.evaluate("scrollTo(0, document.querySelector('#continuation-answer').offsetTop)")
    desktop.screenshot(path=images / "explorer-answers.png")
    desktop.set_viewport_size(ViewportSize(width=1100, height=900))
    desktop.goto(f"{address}passages?recited=yes&order=occurrences")
    desktop.screenshot(path=images / "explorer-passages.png")
    desktop.goto(f"{address}documents?words=importlib")
    document = desktop.locator(".places a").first.get_attribute("href") or ""
    desktop.goto(f"{address}{document.lstrip('/').partition('?')[0]}?start=420&stop=660")
    desktop.screenshot(path=images / "explorer-document.png")
    phone = browser.new_page(viewport=PHONE, color_scheme="dark")
    ask_about_passage(phone, address, 1)
    phone.evaluate("scrollTo(0, document.querySelector('#continuation-answer').offsetTop)")
    phone.wait_for_timeout(1000)  # tables that scroll are drawn a moment later
    phone.screenshot(path=images / "explorer-phone.png")


if __name__ == "__main__":
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        explorer_shots(chromium, sys.argv[1])
        chromium.close()
