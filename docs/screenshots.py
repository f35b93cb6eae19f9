"""The screenshots of docs/images, taken in a headless Chromium: on a desk, in the dark, on a phone and on paper.

    python docs/screenshots.py RUN [--output docs/images] [--lab RUN]

RUN is a finished run (its report is rendered anew, so that the pictures show this tree); `--lab` adds that of a
laboratory. Paper needs pdftoppm (Debian: poppler-utils). One function takes the pictures of one page.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from byheart.report import render_html
from byheart.study.run_folder import RunFolder

MOST_BYTES = 300_000
"""Of a picture in the documentation."""
FLAGS = ("--no-sandbox", "--disable-gpu")
NAMES = ("chromium", "chromium-browser", "google-chrome")
PRINT_DPI = 80


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One picture."""

    name: str
    """Of its file, without the ending."""
    width: int
    """CSS pixels of the window."""
    height: int
    """Likewise."""
    at: str = ""
    """CSS selector of what stands at the top; empty for the top of the page."""
    scheme: str = "light"
    """Or "dark"."""
    scale: float = 1.0
    """Pixels of the picture for each CSS pixel."""


REPORT = (
    Shot(name="report", width=1280, height=800),
    Shot(name="report-dark", width=1280, height=800, scheme="dark"),
    Shot(name="report-figure", width=1000, height=900, at="figure:has(figcaption:text('that occur once'))"),
    Shot(name="report-passage", width=1000, height=560, at="#passages"),
    Shot(name="report-phone", width=390, height=844, scale=2),
    Shot(
        name="report-phone-dark",
        width=390,
        height=844,
        at="figure:has(figcaption:text('that occur once'))",
        scheme="dark",
        scale=2,
    ),
)
LAB = (Shot(name="lab", width=1280, height=900),)


def shots_of_page(browser: Browser, address: str, shots: tuple[Shot, ...], output: Path) -> Iterator[Path]:
    """The pictures of one page, from a file or from a running server."""
    for shot in shots:
        context = browser.new_context(
            viewport={"width": shot.width, "height": shot.height},
            color_scheme="dark" if shot.scheme == "dark" else "light",
            device_scale_factor=shot.scale,
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.goto(address)
        if shot.at:
            top = page.locator(shot.at).first.evaluate("it => it.getBoundingClientRect().top + scrollY")
            page.evaluate("top => scrollTo(0, top - 16)", top)
        path = output / f"{shot.name}.png"
        page.screenshot(path=path)
        context.close()
        yield path


def shot_of_paper(browser: Browser, address: str, name: str, output: Path) -> Iterator[Path]:
    """The first page as it is printed on A4."""
    if shutil.which("pdftoppm") is None:
        print("No picture of the print: pdftoppm is missing (Debian: poppler-utils).", file=sys.stderr)
        return
    page = browser.new_page()
    page.goto(address)
    with tempfile.TemporaryDirectory() as folder:
        pdf = Path(folder) / "page.pdf"
        page.pdf(path=pdf, format="A4", prefer_css_page_size=True)
        command = ["pdftoppm", "-png", "-r", str(PRINT_DPI), "-f", "1", "-singlefile", str(pdf), str(output / name)]
        subprocess.run(command, check=True)
    page.close()
    yield output / f"{name}.png"


def rendered(run: Path, folder: Path) -> str:
    """Address of the report of a run, rendered by this tree."""
    path = folder / f"{run.name}.html"
    path.write_text(render_html(RunFolder(run).read()), "utf-8")
    return path.resolve().as_uri()


def main() -> int:
    """Takes all pictures; 1 where one is larger than the documentation bears."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--lab", type=Path)
    parser.add_argument("--output", type=Path, default=Path("docs/images"))
    options = parser.parse_args()
    executable = next((found for name in NAMES if (found := shutil.which(name))), None)
    taken: list[Path] = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        address = rendered(options.run, Path(folder))
        taken += shots_of_page(browser, address, REPORT, options.output)
        taken += shot_of_paper(browser, address, "report-print", options.output)
        if options.lab:
            taken += shots_of_page(browser, rendered(options.lab, Path(folder)), LAB, options.output)
        browser.close()
    for path in taken:
        print(f"{path}  {path.stat().st_size / 1000:.0f} kB")
    return int(any(path.stat().st_size > MOST_BYTES for path in taken))


if __name__ == "__main__":
    sys.exit(main())
