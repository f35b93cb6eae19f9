"""The explorer in a real browser, started as a user starts it, on a run whose texts are hostile."""

import http.client
import json
import math
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from byheart import memorizers
from byheart.core.decoding import Decoding, decoded_probabilities
from byheart.core.predictor import Distributes
from byheart.core.visible import visible
from byheart.corpus.encoded import encode_corpus
from byheart.corpus.readers import read
from byheart.corpus.tokenizer import Tokenizer
from byheart.explorer.words import FORMULA
from byheart.study.exploring.exploration import Exploration
from byheart.study.exploring.windows import AUDIT
from byheart.study.index_plan import IndexPlan
from byheart.study.indexing import make_index
from byheart.study.subjects import build_index
from tests.browser.conftest import OpenPage
from tests.browser.explorer_server import HOSTILE, LINE_BYTES, make_run, own_cache, served
from tests.browser.seeing import grave_violations, overflows

DESKTOP, PHONE = {"width": 1100, "height": 900}, {"width": 390, "height": 844}
expect.set_options(timeout=30_000)
PATIENCE_MS = 180_000
"""The first question of a kind builds what answers it."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("explorer"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return own_cache(tmp_path_factory.mktemp("cache") / "byheart")


@pytest.fixture(scope="module")
def address(run: Path, cache: Path) -> Iterator[str]:
    with served(run, cache) as it:
        yield it


@pytest.fixture(scope="module")
def seen(run: Path) -> list[dict[str, str]]:
    """The documents of the trained-on text."""
    return [json.loads(line) for line in (run.parent / "seen.jsonl").read_text().splitlines()]


def asked(page: Page, path: str, question: dict[str, Any]) -> Any:
    """What the server answers to a question that the page's own origin asks."""
    return page.evaluate(
        "async ([path, question]) => (await fetch(path, {method: 'POST', headers: {'Content-Type': "
        "'application/json'}, body: JSON.stringify(question)})).json()",
        [path, question],
    )


def status(address: str, method: str = "GET", path: str = "/", body: str | None = None, **headers: str) -> int:
    """Of an answer to a request with exactly these headers."""
    host, port = address.removeprefix("http://").rstrip("/").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    given = {"Host": f"{host}:{port}"} | {name.replace("_", "-"): value for name, value in headers.items()}
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in given.items():
        connection.putheader(name, value)
    if body is not None:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body.encode() if body is not None else None)
    found = connection.getresponse().status
    connection.close()
    return found


def test_a_pasted_text_shows_what_stands_in_the_corpus_and_leads_to_the_place(
    address: str, open_page: OpenPage, seen: list[dict[str, str]]
) -> None:
    page = open_page(f"{address}ask")
    copied = seen[3]["text"][300:420]
    page.get_by_label("Text", exact=True).fill(f"zqxj vkw {copied} zqxj vkw")
    mark = page.locator("#spans mark").first
    expect(mark).to_contain_text(visible(copied.split("\n")[0]))
    expect(page.locator("#spans")).to_contain_text("One run of at least 20 bytes")
    expect(page.locator("#spans")).to_contain_text("By chance: 0 of ")
    page.locator("#spans .runs a").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(seen[3]["name"])
    assert copied in (page.locator("mark#passage").text_content() or "")
    around = seen[3]["text"].encode()[: 300 + 120 + 3000].decode("utf-8", "ignore")
    assert visible(around) in (page.locator(".document").text_content() or "")


def test_the_newest_text_wins_when_an_older_answer_comes_late(address: str, open_page: OpenPage) -> None:
    page = open_page(f"{address}ask")
    kept: list[Route] = []
    page.route("**/api/spans", lambda route: kept.append(route) if not kept else route.continue_())
    page.get_by_label("Text", exact=True).fill("first zqxj vkw")
    expect(page.locator("#spans")).to_have_attribute("aria-busy", "true")
    with page.expect_request_finished(lambda request: request.url.endswith("/api/spans")):
        page.get_by_label("Text", exact=True).fill("second zqxj vkw")
    expect(page.locator("#spans .passage")).to_have_text("second zqxj vkw")
    page.unroute_all(behavior="ignoreErrors")


def slow_log_pz(run: Path, given: str, continuation: str) -> float:
    """Log p_z by its definition: token by token, from the whole distribution after each context."""
    corpus = read(str(run.parent / "seen.jsonl"))
    tokenizer = Tokenizer.from_folder(run.parent / "tokenizer")
    index = build_index(encode_corpus(corpus, tokenizer), tokenizer)
    size = tokenizer.vocabulary_size
    model = memorizers.build("infinigram", index, vocabulary_size=size, end_id=tokenizer.end_id)
    assert isinstance(model, Distributes)
    encoding = tokenizer.encode(given + continuation)
    total = 0.0
    for place, end in enumerate(encoding.byte_ends.tolist()):
        if end <= len(given.encode()):
            continue
        row = model.next_log_probabilities_nats([encoding.token_ids[:place]])[0]
        kept = decoded_probabilities(row, Decoding(top_k=40))[encoding.token_ids[place]]
        total += math.log(kept) if kept > 0 else -math.inf
    return total


def test_p_z_is_the_product_of_the_renormalised_probabilities(
    address: str, open_page: OpenPage, run: Path, seen: list[dict[str, str]]
) -> None:
    page = open_page(f"{address}ask")
    # Whole words: the last token of half a word is another than that of the source.
    words = seen[5]["text"].split(" ")
    given, continuation = " ".join(words[10:40]), " " + " ".join(words[40:46])
    box = page.get_by_label("Text", exact=True)
    box.fill(given + continuation)
    box.evaluate("(it, at) => it.setSelectionRange(at, at)", len(given))
    page.get_by_role("button", name="Split at the cursor").click()
    table = page.locator("#continuation-answer table")
    table.wait_for(timeout=PATIENCE_MS)
    assert box.input_value() == given
    assert page.locator("#continuation").input_value() == continuation
    expected = slow_log_pz(run, given, continuation)
    assert expected > -math.inf
    found = asked(page, "/api/continuation", {"given": given, "continuation": continuation})
    assert found["rows"][0]["is_model"]
    assert found["rows"][0]["log_pz_nats"] == pytest.approx(expected, abs=1e-9)
    expect(table.locator("tr.is-model td").nth(1)).to_have_text(found["rows"][0]["pz"])
    expect(page.locator("#continuation-answer")).to_contain_text(FORMULA)
    expect(page.locator("#continuation-answer")).to_contain_text("By chance: ")
    # What the memorizer has nowhere is never written: p_z is 0, and no number of tries is enough.
    never = asked(page, "/api/continuation", {"given": given, "continuation": " zqxj vkw"})
    assert slow_log_pz(run, given, " zqxj vkw") == -math.inf
    assert (never["rows"][0]["pz"], never["rows"][0]["tries"]) == ("0", "never")
    names = [row["name"] for row in found["rows"]]
    assert {"memorizer:markov", "lookup:infinigram", "blind:infinigram"} <= set(names)


def test_every_token_is_explained_by_the_letters_of_the_report(
    address: str, open_page: OpenPage, seen: list[dict[str, str]]
) -> None:
    page = open_page(f"{address}ask")
    text = seen[2]["text"][:240]
    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_role("button", name="Explain each token").click()
    tokens = page.locator("#explanation .why[data-why]")
    page.locator("#explanation table").wait_for(timeout=PATIENCE_MS)
    found = asked(page, "/api/explanation", {"text": text})
    shown = "".join(token["text"] for token in found["tokens"])
    assert re.findall(r"\w", shown) == re.findall(r"\w", text)  # blanks have signs where a token is nothing else
    # What the infinigram says is explained by stored runs or by the infinigram itself, by nothing else.
    assert {token["letter"] for token in found["tokens"]} <= {"K", "I"}
    assert page.locator("#explanation .answer .why").count() == len(found["tokens"])
    colour = tokens.first.evaluate("it => getComputedStyle(it).backgroundColor")
    assert colour in ("rgb(219, 141, 11)", "rgb(235, 178, 77)")


def test_passages_are_filtered_sorted_and_linked_to_their_document(
    address: str, open_page: OpenPage, run: Path
) -> None:
    exploration = Exploration(run)
    every, num_shown = exploration.passages()[0], len(exploration.shown)
    page = open_page(address)
    expect(page.locator("main")).to_contain_text(f"the {num_shown} that the results show, and every other window")
    expect(page.locator("main")).to_contain_text("seen.jsonl, ")
    expect(page.locator("main")).not_to_contain_text(str(run.parent))
    page.get_by_role("link", name="Look through the passages").click()
    expect(page.get_by_role("status")).to_have_text(f"{len(every)} of {len(every)} passages.")
    expect(page.locator("main")).to_contain_text(f"Of all {len(every):,}, the results show {num_shown:,}")
    page.get_by_label("Who was asked").select_option("lookup pole")
    page.get_by_label("Audit").select_option("extraction")
    page.get_by_label("Said word for word").select_option("yes")
    page.get_by_role("button", name="Show").click()
    wanted = [p for p in every if p.subject == "lookup:infinigram" and p.audit == "extraction" and p.is_recited]
    assert wanted
    expect(page.get_by_role("status")).to_have_text(f"{len(wanted)} of {len(every)} passages.")
    assert "subject=lookup" in page.url  # who is sent this address sees the same
    page.locator(".list a").first.click()
    passage = page.get_by_role("region", name="The passage")
    # Letters of explanations and signs of line ends are ours, not the text's.
    passage.locator(".letter").evaluate_all("letters => letters.forEach(letter => letter.remove())")
    assert (passage.text_content() or "").replace("↵", "") == visible(wanted[0].text)
    page.locator(".places a").first.click()
    assert page.locator("mark#passage").text_content() == visible(wanted[0].text)
    page.goto(f"{address}passages")
    page.get_by_label("Audit").select_option(AUDIT)
    page.get_by_label("Occurs at least").fill("2")
    page.get_by_role("button", name="Show").click()
    often = [p for p in every if p.audit == AUDIT and (p.num_occurrences or 0) >= 2]
    assert often
    expect(page.get_by_role("status")).to_have_text(f"{len(often)} of {len(every)} passages.")
    page.goto(f"{address}passages?words=nothing+has+this+zqxj")
    expect(page.locator(".empty")).to_contain_text("None is like that")


def test_hostile_text_is_shown_and_never_run(address: str, open_page: OpenPage, run: Path) -> None:
    every = Exploration(run).passages()[0]
    hostile = [passage for passage in every if "<script>" in passage.text or "onerror" in passage.text]
    assert hostile
    page = open_page(f"{address}passages", viewport=PHONE)
    for passage in hostile[:4]:
        page.goto(f"{address}passages/{passage.number}")
        assert page.get_by_role("region", name="The passage").locator("script, img, textarea").count() == 0
        assert overflows(page) == 0
    page.goto(f"{address}documents?words=onerror")
    expect(page.get_by_role("status")).to_contain_text("8 documents")
    page.locator(".places a").first.click()
    assert page.locator(".document").text_content() == visible(HOSTILE * 3)
    assert page.locator("img, main script").count() == 0
    assert "⟨U+202E⟩" in (page.get_by_role("heading", level=1).text_content() or "")
    page.goto(f"{address}ask")
    page.get_by_label("Text", exact=True).fill(HOSTILE.replace("\x00", "") * 2)
    expect(page.locator("#spans mark").first).to_contain_text("window.hit()")
    assert page.locator("main img, main script").count() == 0
    assert overflows(page) == 0
    found = asked(page, "/api/spans", {"text": "half \ud800 of a character \udfff and \x00", "shortest": 3})
    assert "2 halves of characters" in found["notes"][0]
    assert "⟨U+0000⟩" in found["pieces"][-1]["text"]


@pytest.mark.parametrize(("viewport", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"])
def test_axe_finds_nothing_grave_on_any_page_and_nothing_must_be_scrolled_sideways(
    address: str, open_page: OpenPage, seen: list[dict[str, str]], viewport: dict[str, int], scheme: str
) -> None:
    page = open_page(f"{address}ask", viewport=viewport, color_scheme=scheme)
    page.get_by_label("Text", exact=True).fill(seen[0]["text"][:400])
    page.get_by_label("Text", exact=True).evaluate("it => it.setSelectionRange(300, 300)")
    page.get_by_role("button", name="Split at the cursor").click()
    page.get_by_role("button", name="Explain each token").click()
    for section in ("#spans mark", "#continuation-answer table", "#explanation table"):
        page.locator(section).first.wait_for(timeout=PATIENCE_MS)
    faults = {"/ask": (grave_violations(page), overflows(page))}
    for path in ("/", "/passages", "/passages/1", "/documents", "/documents/3?start=20&stop=90", "/documents/99999"):
        if path != "/documents/99999":
            page.goto(address.rstrip("/") + path)
            faults[path] = (grave_violations(page), overflows(page))
    assert {path: found for path, found in faults.items() if found != ([], 0)} == {}


def test_a_person_with_a_keyboard_alone_can_ask_and_follow_a_source(
    address: str, open_page: OpenPage, seen: list[dict[str, str]]
) -> None:
    page = open_page(f"{address}ask")

    def focused() -> str:
        return str(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))

    page.keyboard.press("Tab")
    assert focused() == "Skip to the content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert focused() == "given"
    page.keyboard.insert_text(seen[1]["text"][200:330])
    expect(page.locator("#spans mark").first).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("Answered.")
    for _ in range(40):
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("Tab")
    assert focused() == "split"
    page.keyboard.press("Enter")
    assert focused() == "continuation"
    page.locator("#continuation-answer table").wait_for(timeout=PATIENCE_MS)
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('#spans .runs a')"):
            break
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    expect(page.locator("mark#passage")).to_be_visible()


def test_what_comes_after_the_split_is_shown_from_its_beginning(address: str, open_page: OpenPage) -> None:
    page = open_page(f"{address}ask")
    box = page.get_by_label("Text", exact=True)
    box.fill("zqxj vkw\n" * 20)
    box.evaluate("it => it.setSelectionRange(9, 9)")
    page.get_by_role("button", name="Split at the cursor").click()
    assert page.locator("#continuation").evaluate("it => [it.scrollTop, it.scrollHeight > it.clientHeight]") == [
        0,
        True,
    ]


def test_a_text_stands_in_the_address_only_where_a_link_is_asked_for(address: str, open_page: OpenPage) -> None:
    page = open_page(f"{address}ask")
    page.get_by_label("Text", exact=True).fill("import os & <b>")
    expect(page.locator("#spans .passage")).to_be_visible()
    assert page.url == f"{address}ask"
    page.get_by_role("button", name="Link to this text").click()
    shared = page.url
    assert shared.startswith(f"{address}ask#given=")
    expect(page.get_by_role("status")).to_contain_text("keeps it in its history")
    page.get_by_label("Text", exact=True).fill("one more")
    expect(page.locator("#spans .passage")).to_have_text("one more")
    assert page.url == f"{address}ask"
    # Who skips to the content goes to another address, and keeps the text.
    page.evaluate("location.hash = 'content'")
    page.wait_for_timeout(300)
    expect(page.get_by_label("Text", exact=True)).to_have_value("one more")
    page.get_by_label("Text", exact=True).fill("another text")
    expect(page.locator("#spans .passage")).to_have_text("another text")
    assert page.url == f"{address}ask#content"
    again = open_page(shared)
    expect(again.get_by_label("Text", exact=True)).to_have_value("import os & <b>")
    expect(again.locator("#spans .passage")).to_contain_text("import os")


def test_a_passage_is_asked_about_without_its_text_in_any_address(address: str, open_page: OpenPage, run: Path) -> None:
    every = Exploration(run).passages()[0]
    it = next(passage for passage in every if "<script>" in passage.text or "onerror" in passage.text)
    page = open_page(f"{address}passages/{it.number}")
    page.get_by_role("link", name="Ask about this passage").click()
    assert page.url == f"{address}ask?passage={it.number}"
    expect(page.locator("#spans mark").first).to_be_visible()
    assert page.get_by_label("Text", exact=True).input_value() == it.exhibit.given[-2000:]
    assert page.get_by_label("How it goes on").input_value() == it.continuation[:2000]
    assert page.url == f"{address}ask?passage={it.number}"
    assert status(address, path="/ask?passage=9999999") == 404


def test_too_long_a_text_is_refused_with_the_limit(address: str, open_page: OpenPage) -> None:
    page = open_page(f"{address}ask")
    page.get_by_label("Text", exact=True).fill("word " * 25_000)
    expect(page.get_by_role("status")).to_contain_text("125,000 bytes, and at most 100,000")
    body = json.dumps({"text": "w" * 100_001})
    assert status(address, "POST", "/api/spans", body, Content_Type="application/json") == 413
    assert status(address, "POST", "/api/spans", "x" * 1_000_001, Content_Type="application/json") == 413
    assert status(address, "POST", "/api/spans", "{}", Content_Type="application/json") == 400
    assert status(address, "POST", "/api/spans", "[" * 100_000, Content_Type="application/json") == 400


def test_pages_of_other_sites_get_no_answer(address: str) -> None:
    port = address.rstrip("/").rpartition(":")[2]
    assert status(address) == 200
    assert status(address, Host=f"localhost:{port}") == 200
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", "127.0.0.1:1", f"127.0.0.1.evil.example:{port}"):
        assert status(address, Host=host) == 403, host
    body, asks = json.dumps({"text": "import os"}), {"Content_Type": "application/json"}
    assert status(address, "POST", "/api/spans", body, **asks) == 200
    assert status(address, "POST", "/api/spans", body, Origin=f"http://127.0.0.1:{port}", **asks) == 200
    for origin in ("http://evil.example", "null", f"https://127.0.0.1:{port}", f"http://127.0.0.1:{int(port) + 1}"):
        assert status(address, "POST", "/api/spans", body, Origin=origin, **asks) == 403, origin
        assert status(address, path="/api/state", Origin=origin) == 403, origin
    assert status(address, path="/api/state", Sec_Fetch_Site="cross-site") == 403
    assert status(address, "POST", "/api/spans", body, Content_Type="text/plain") == 403
    assert status(address, "OPTIONS", "/api/spans") == 403
    assert status(address, "DELETE", "/") == 403


def test_it_listens_on_this_machine_only_and_no_path_leaves_its_files(address: str) -> None:
    port = int(address.rstrip("/").rpartition(":")[2])
    listening = [
        line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if line.split()[3] == "0A"
    ]
    listening += [
        line.split()[1] for line in Path("/proc/net/tcp6").read_text().splitlines()[1:] if line.split()[3] == "0A"
    ]
    assert [it for it in listening if it.endswith(f":{port:04X}")] == [f"0100007F:{port:04X}"]
    for other in {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)} - {
        "127.0.0.1"
    }:
        with pytest.raises(OSError, match=r"refused|unreachable|timed out"):
            socket.create_connection((str(other), port), timeout=2)
    for path in (
        "/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd", "/static/",
        "/documents/..%2f..%2fetc%2fpasswd", "/report.html/../plan.toml", "/plan.toml", "/passages/0", "/passages/x",
    ):  # fmt: skip
        assert status(address, path=path) == 404, path


def test_the_report_is_shown_without_any_right_to_run(address: str, open_page: OpenPage, run: Path) -> None:
    (run / "report.html").write_text("<title>r</title><p id=x>report</p>", "utf-8")
    page = open_page(address)
    with page.expect_response(lambda it: it.url.endswith("/report.html")) as got:
        page.goto(f"{address}report.html")
    assert "sandbox" in got.value.headers["content-security-policy"]
    assert "script-src" not in got.value.headers["content-security-policy"]
    assert got.value.headers["cache-control"] == "no-store"
    expect(page.locator("#x")).to_have_text("report")


def test_a_given_index_with_a_line_of_a_megabyte_is_windowed(
    run: Path, cache: Path, tmp_path: Path, open_page: OpenPage
) -> None:
    words = np.random.default_rng(0).integers(0, 10**9, size=LINE_BYTES // 10)
    line = " ".join(f"{word:09d}" for word in words)
    (tmp_path / "line.txt").write_text(line, "utf-8")
    index = tmp_path / "idx"
    make_index(IndexPlan(sources=(str(tmp_path / "line.txt"),)), index)
    with served(run, cache, "--index", str(index)) as address:
        page = open_page(f"{address}ask", viewport=PHONE)
        expect(page.get_by_role("note")).to_contain_text("not of this run's trained-on text: it has 1 documents")
        page.get_by_label("Text", exact=True).fill(line[500_000:500_200])
        page.locator("#spans .runs a").first.click()
        assert page.locator("mark#passage").text_content() == line[500_000:500_200]
        shown = page.locator(".document").text_content() or ""
        assert shown == line[497_000:503_200]
        assert overflows(page) == 0
        page.get_by_role("link", name="What comes after").click()
        assert (page.locator(".document").text_content() or "").startswith(line[503_200:503_300])
        page.wait_for_load_state("networkidle")
        page.close()
