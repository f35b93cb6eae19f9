"""What a visitor of a page would stumble over: text cut off or outside of the page, and what axe-core finds."""

import itertools
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


_SEEN = """
() => [...document.querySelectorAll('svg')].flatMap((svg, number) => {
  const frame = svg.getBoundingClientRect();
  if (!frame.width) return [];
  const texts = [...svg.querySelectorAll('text')].filter(text => {
    const style = getComputedStyle(text);
    return text.textContent.trim() && style.opacity !== '0' && style.visibility !== 'hidden'
      && text.getAttribute('opacity') !== '0';
  });
  return texts.map(text => {
    const box = text.getBoundingClientRect();
    const pixels = parseFloat(getComputedStyle(text).fontSize) * frame.width / svg.viewBox.baseVal.width;
    return {svg: number, text: text.textContent, left: box.left, right: box.right, top: box.top, bottom: box.bottom,
      pixels: pixels, cut: Math.max(frame.left - box.left, box.right - frame.right, frame.top - box.top,
      box.bottom - frame.bottom)};
  });
})
"""


def _drawn_texts(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate(_SEEN)
    return found


def cut_labels(page: Page) -> list[str]:
    """Texts of drawings that reach outside of their drawing by more than a pixel, which cuts them off."""
    return [f"{it['text']} by {it['cut']:.1f} pixels" for it in _drawn_texts(page) if it["cut"] > 1]


def overlapping_labels(page: Page) -> list[str]:
    """Pairs of texts of one drawing whose boxes share more than two pixels in both directions."""
    texts = _drawn_texts(page)
    return [
        f"{one['text']} / {other['text']}"
        for one, other in itertools.combinations(texts, 2)
        if one["svg"] == other["svg"]
        and min(one["right"], other["right"]) - max(one["left"], other["left"]) > 2
        and min(one["bottom"], other["bottom"]) - max(one["top"], other["top"]) > 2
    ]


def smallest_letters(page: Page) -> float:
    """Font size in pixels of the screen of the smallest text in any drawing."""
    return min(float(it["pixels"]) for it in _drawn_texts(page))


def drawn_texts(page: Page) -> int:
    """How many texts the drawings show, so that a test of them can't pass on none."""
    return len(_drawn_texts(page))
