"""A real headless Chromium for pages: Debian's, driven by Playwright. Nothing outside this machine is reached."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Error, Page, Request, sync_playwright

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NAMES = ("chromium", "chromium-browser", "google-chrome")
NEEDED = "BYHEART_TESTS_NEED_A_BROWSER"

OpenPage = Callable[..., Page]


def _chromium() -> str:
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        missing = f"none of {', '.join(NAMES)} is on the PATH: make browser installs Debian's"
        if os.environ.get(NEEDED):
            pytest.fail(missing)
        pytest.skip(missing)
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the tests of a file: while it runs, no other event loop can."""
    executable = _chromium()
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Opens a file or an address in a context of its own; what it executes, asks for or complains of fails the test.

    Options are those of Playwright's `new_context`: viewport={"width": 390, "height": 844}, color_scheme="dark", ...
    A page whose text is hostile would call `window.hit()` or a dialog, if anything of it ran.
    """
    contexts = []
    complaints: list[str] = []

    def opened(where: str | Path, **options: object) -> Page:
        context = browser.new_context(**options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()

        def dismissed(dialog: Dialog) -> None:
            complaints.append(f"dialog: {dialog.message}")
            dialog.dismiss()

        page.on("dialog", dismissed)
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))

        def noted(said: ConsoleMessage) -> None:
            if said.type == "error":
                complaints.append(f"console: {said.text}")

        page.on("console", noted)

        def failed(request: Request) -> None:
            # Who types on, or follows a link, gives up what was asked before.
            if request.failure != "net::ERR_ABORTED":
                complaints.append(f"failed request: {request.url} ({request.failure})")

        page.on("requestfailed", failed)
        page.goto(where.resolve().as_uri() if isinstance(where, Path) else where)
        return page

    yield opened
    for context in contexts:
        try:
            context.close()
        except Error:
            continue
    assert complaints == []
