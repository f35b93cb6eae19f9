import dataclasses
import itertools
import re
from html.parser import HTMLParser

import pytest

from byheart.core.evidence import Exhibit, Line, Point, Refusal, Series, Table, Token
from byheart.core.result import Failed, NotApplicable
from byheart.core.run_record import RunRecord
from byheart.report import render_html
from tests.report.sample_run import BLIND, LOOKUP, MODEL, passage, sample_run, with_estimate, with_evidence, with_status

HOSTILE = "<script>alert(1)</script></svg>\ud800\x00\x1b]52;c;QQ==\x07\u202e[/x]{{ 7*7 }}\"'&$\\frac{$"
VOID = {"meta", "br", "img", "link", "input", "hr"}


class Outline(HTMLParser):
    """Tags, attributes and headings of a page; fails on tags that do not match."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def page() -> str:
    return render_html(sample_run())


@pytest.fixture(scope="module")
def outline(page: str) -> Outline:
    return Outline(page)


def test_sections_stand_in_the_order_of_the_contract(outline: Outline) -> None:
    sections = [attributes["id"] for tag, attributes in outline.tags if tag == "section"]
    memory = ["verdict", "tested", "passages", "figures"]
    assert sections == [*memory, "beyond", "methods", "provenance", "reproduce", "limits"]


def test_the_page_loads_and_runs_nothing(page: str, outline: Outline) -> None:
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in page
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in outline.tags}
    for _, attributes in outline.tags:
        assert not any(name.startswith("on") or name == "src" for name in attributes)
        assert (attributes.get("href") or "#").startswith("#")


def test_headings_descend_one_level_at_a_time(outline: Outline) -> None:
    levels = [int(tag[1]) for tag, _ in outline.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels))


def test_every_figure_has_title_text_alternative_and_data(page: str) -> None:
    figures = re.findall("<figure.*?</figure>", page, re.DOTALL)
    assert len(figures) == 3 + 3
    for figure in figures:
        assert re.search("<figcaption>.*[a-z].*</figcaption>", figure)
        assert len(re.findall('<svg [^>]*role="img" aria-label="[^"]{20,}"', figure)) == 2
        assert re.search('<details class="data">.*<table>.*<td', figure, re.DOTALL)


def test_series_of_one_name_share_one_figure_with_the_models_title(page: str) -> None:
    captions = re.findall("<figcaption>(.*?)</figcaption>", page)
    assert captions.count("Its longer runs are as new as human ones") == 1
    assert "Everything comes out" not in "".join(captions)


def test_many_memorizers_leave_the_lines_to_the_model_and_the_poles() -> None:
    record = sample_run()
    model = record.of("novelty", MODEL)
    assert model is not None
    names = tuple(f"memorizer:m{i}" for i in range(3))
    more = tuple(dataclasses.replace(model, subject=name) for name in names)
    page = render_html(dataclasses.replace(record, results=(*record.results, *more)))
    (figure,) = (f for f in re.findall("<figure.*?</figure>", page, re.DOTALL) if "as new as human ones" in f)
    assert not any(f"m{i}" in figure for i in range(3))
    assert "Memorizers beside the poles: results.jsonl." in figure
    (dots,) = (f for f in re.findall("<figure.*?</figure>", page, re.DOTALL) if "New 8-grams in its writing:" in f)
    assert "other memorizers 93.8 %" in dots
    assert all(f">m{i}<" in dots for i in range(3))


def test_tables_of_the_model_are_open_and_the_same_table_stands_once(page: str) -> None:
    beyond = page.partition('id="beyond-title"')[2]
    opened, _, folded = beyond.partition("The same tables for the other subjects")
    assert opened.count("Weights of the mixture") == 2  # its title, and the name of its region
    assert "Weights of the mixture" not in folded
    assert "fewest first" in opened
    assert "fewest first" in folded


def test_no_id_stands_twice(outline: Outline) -> None:
    ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_the_same_record_gives_the_same_bytes(page: str) -> None:
    assert render_html(sample_run()).encode() == page.encode()


def test_the_page_is_small(page: str) -> None:
    assert len(page.encode()) < 1_000_000


def test_failures_and_reasons_are_shown(page: str) -> None:
    assert "failed with NumericalError: A distribution did not sum to one." in page
    assert "not applicable: it abstains outside what it stores and so cannot write" in page
    assert "3 held-out documents stood in the corpus and were left out." in page


def test_a_refusal_is_shown_with_its_reason() -> None:
    refusal = Refusal(name="extraction.pz_half_rate", reason="only 4 windows")
    page = render_html(with_estimate(sample_run(), "extraction", MODEL, refusal))
    assert "Recited, p at least 1/2 of model:demo</strong>: refused: only 4 windows" in page
    assert ">refused</td>" in page


def test_a_run_in_which_everything_failed_is_still_a_page() -> None:
    record = sample_run()
    results = tuple(dataclasses.replace(r, status=Failed("BackendError", "gone")) for r in record.results)
    outline = Outline(render_html(dataclasses.replace(record, results=results)))
    text = " ".join("".join(outline.text).split())
    audits = dict.fromkeys(result.audit for result in results)
    for audit in audits:
        (who,) = re.findall(
            rf"{audit} on (.*?): failed with BackendError: gone", text[text.index("Without a number") :]
        )
        assert len(who.split(", ")) == sum(result.audit == audit for result in results)
    assert not [tag for tag, _ in outline.tags if tag == "figure"]


def test_an_empty_run_is_still_a_page() -> None:
    record = dataclasses.replace(sample_run(), results=(), methods=(), notes=())
    Outline(render_html(record))


def test_disagreeing_tokens_show_what_the_model_says(page: str) -> None:
    assert re.search('<del class="differs">·[a-z]+</del><ins class="said" [^>]*>·its</ins>', page)
    assert '<span class="agrees"> of</span>' in page


def hostile_run() -> RunRecord:
    points = (Point(1, 0.5, 0.4, 0.6), Point(2, 0.7))
    series = Series(
        name=HOSTILE,
        title=HOSTILE,
        x=HOSTILE,
        y=HOSTILE,
        lines=(Line(HOSTILE, "subject", points), Line(HOSTILE, "control", points[:1])),
        x_is_log=True,
        chance=0.1,
        note=HOSTILE,
    )
    table = Table(name=HOSTILE, title=HOSTILE, columns=(HOSTILE,), rows=((HOSTILE,),))
    huge = "a" * 1_000_000
    exhibit = Exhibit(
        name=HOSTILE,
        label=HOSTILE,
        document=HOSTILE,
        start_byte=0,
        stop_byte=1,
        role="subject",
        given=huge,
        tokens=(Token(HOSTILE, agrees=False, predicted=HOSTILE), Token(huge, agrees=True), *(Token("x"),) * 1000),
        facts=((HOSTILE, HOSTILE),),
    )
    refusal = Refusal(name=HOSTILE, reason=HOSTILE)
    record = with_evidence(sample_run(), "novelty", MODEL, series, table, exhibit, refusal)
    record = with_status(record, "novelty", LOOKUP, NotApplicable(HOSTILE))
    record = with_status(record, "novelty", BLIND, Failed(HOSTILE, HOSTILE + huge))
    provenance = dataclasses.replace(record.provenance, command=HOSTILE, trained_on={"source": HOSTILE, HOSTILE: 3})
    return dataclasses.replace(record, title=HOSTILE, notes=(HOSTILE, huge), provenance=provenance)


def test_hostile_text_is_harmless() -> None:
    page = render_html(hostile_run())
    outline = Outline(page)
    assert "script" not in {tag for tag, _ in outline.tags}
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", page)
    assert "{{ 7*7 }}" in "".join(outline.text)
    assert "⟨U+202E⟩" in page
    assert len(page.encode()) < 1_000_000


def test_series_that_cannot_be_on_a_log_axis_are_drawn_on_a_plain_one() -> None:
    lines = (Line("a", "subject", (Point(0, 0.0), Point(5, -3.0))),)
    series = Series(name="n.s", title="t", x="x", y="y", lines=lines, x_is_log=True, y_is_log=True)
    page = render_html(with_evidence(sample_run(), "novelty", MODEL, series))
    assert "NaN" not in page
    assert "Infinity" not in page
    assert "(log scale)" not in page.partition("<figcaption>t</figcaption>")[2].partition("</figure>")[0]


def test_series_without_points_draw_no_figure() -> None:
    empty = Series(name="n.s", title="nothing here", x="x", y="y", lines=(Line("a", "subject", ()),))
    assert "<figcaption>nothing here" not in render_html(with_evidence(sample_run(), "novelty", MODEL, empty))


def test_one_point_is_a_figure() -> None:
    single = Series(name="n.s", title="one", x="x", y="y", lines=(Line("a", "subject", (Point(3, 3),)),), y_is_log=True)
    assert "<figcaption>one" in render_html(with_evidence(sample_run(), "novelty", MODEL, single, passage(0)))
