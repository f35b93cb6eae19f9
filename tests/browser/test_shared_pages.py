"""Pages to pass on, with a gate and redacted: they reach for nothing, run nothing, and are still for everyone."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from byheart.report import render_html
from byheart.report.redaction import Mode, Redaction
from tests.browser.conftest import OpenPage
from tests.browser.seeing import grave_violations, overflows
from tests.report.sample_run import MODEL, sample_run, with_evidence
from tests.report.test_gate_table import ALL
from tests.report.test_passages import explained

DESKTOP, PHONE = {"width": 1100, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module", params=list(Mode))
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("shared") / f"{request.param}.html"
    record = with_evidence(sample_run(), "extraction", MODEL, explained())
    path.write_text(render_html(record, gate=ALL, redaction=Redaction(mode=request.param)), "utf-8")
    return path


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_grave_and_nothing_must_be_scrolled_sideways(
    shared: Path, open_page: OpenPage, viewport: dict[str, int]
) -> None:
    for scheme in ("light", "dark"):
        page = open_page(shared, viewport=viewport, color_scheme=scheme)
        assert grave_violations(page) == []
        assert overflows(page) == 0


def test_the_table_of_the_gate_is_not_cut_on_a_desktop(shared: Path, open_page: OpenPage) -> None:
    page = open_page(shared, viewport=DESKTOP)
    assert page.evaluate("(e => e.scrollWidth - e.clientWidth)(document.querySelector('#gate .scroll'))") == 0


def test_nothing_but_the_file_itself_is_asked_for(shared: Path, open_page: OpenPage) -> None:
    page = open_page(shared)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    page.evaluate("document.querySelectorAll('details').forEach(e => e.open = true)")
    page.wait_for_load_state("networkidle")
    assert asked == [shared.resolve().as_uri()]
    assert page.evaluate("document.scripts.length") == 0


def test_the_policy_of_the_page_stops_scripts_pictures_and_requests(shared: Path, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(shared.resolve().as_uri())
    stopped = page.evaluate(
        """async () => {
            const stopped = [];
            document.addEventListener('securitypolicyviolation', e => stopped.push(e.effectiveDirective));
            const add = (tag, set) => document.body.append(Object.assign(document.createElement(tag), set));
            add('script', {textContent: 'window.ran = true'});
            add('img', {src: 'http://127.0.0.1:9/x.png'});
            add('iframe', {src: 'http://127.0.0.1:9/'});
            await fetch('http://127.0.0.1:9/').catch(() => null);
            await new Promise(resolve => setTimeout(resolve, 200));
            return [stopped, window.ran === true];
        }"""
    )
    page.close()
    assert {"script-src-elem", "img-src", "frame-src", "connect-src"} <= set(stopped[0])
    assert not stopped[1]
