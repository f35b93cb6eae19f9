"""The explorer's pages, made here on the server: they work without the script, except for asking about a text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

import jinja2

from byheart.core.visible import visible, visible_in_line
from byheart.errors import ByheartError
from byheart.explorer.answers import document_address
from byheart.report import format as fmt
from byheart.report.comparison import Party, model_of, parties
from byheart.report.explanations import LOOKS
from byheart.report.extent import what_was_tested
from byheart.report.passages import Passage, shown_passage
from byheart.report.standing import headline_grid
from byheart.report.verdict import findings
from byheart.study.exploring.documents import AROUND, DocumentWindow
from byheart.study.exploring.exhibits import ORDERS, ShownPassage, Wanted, chosen
from byheart.study.exploring.exploration import Exploration

ON_A_PAGE = 25
"""Passages in one list."""
DOCUMENTS_ON_A_PAGE = 50
_EXCERPT = 140
_ASKED = 2000


@dataclass(frozen=True)
class Row:
    """A passage in the list; all text safe to show, not escaped."""

    number: int
    who: str
    audit: str
    label: str
    source: str
    excerpt: str
    recited: str
    occurrences: str


@dataclass(frozen=True)
class Place:
    """Where a passage stands; the name safe to show, not escaped."""

    name: str
    at: str
    address: str


class Pages:
    """Renders the pages of one run.

    Args:
        exploration: of the run.
        has_report: whether report.html is there.
        longest_bytes: of a text that may be asked about.
    """

    def __init__(self, exploration: Exploration, *, has_report: bool, longest_bytes: int) -> None:
        self._exploration = exploration
        self._environment = jinja2.Environment(
            loader=jinja2.ChoiceLoader(
                [jinja2.PackageLoader("byheart.explorer"), jinja2.PackageLoader("byheart.report")]
            ),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        model = model_of(exploration.record)
        self._environment.globals |= {
            "title": fmt.shown(exploration.record.title, 200),
            "model": model.label if model is not None else "",
            "has_report": has_report,
            "longest_bytes": longest_bytes,
            "another": visible(exploration.index.is_another),
            "looks": tuple((LOOKS[explanation].letter, LOOKS[explanation].meaning) for explanation in LOOKS),
        }

    @cached_property
    def _parties(self) -> dict[str, Party]:
        return {party.name: party for party in parties(self._exploration.record)}

    def _render(self, template: str, **values: Any) -> str:
        return self._environment.get_template(template).render(values)

    def overview(self) -> str:
        """What came out, as on the report's first screen, and where to go from here."""
        record = self._exploration.record
        return self._render(
            "overview.html.j2",
            here="overview",
            tested=what_was_tested(record),
            findings=findings(record),
            headline=headline_grid(record),
            num_passages=len(self._exploration.shown),
        )

    def ask(
        self, unit: str, shortest: int, missing: ByheartError | None, can_answer: str, it: ShownPassage | None
    ) -> str:
        """Where a text is asked about.

        Args:
            unit: of the index that spans are looked up in; "bytes" where there is none.
            shortest: run that is shown at first.
            missing: why there is no such index; None where there is.
            can_answer: why the model cannot be asked; "" where it can.
            it: the passage that is asked about at first; None for an empty page.
        """
        lines = (
            () if missing is None else tuple(visible(p) for p in (missing.what, missing.why, missing.next_step) if p)
        )
        return self._render(
            "ask.html.j2",
            here="ask",
            unit=unit,
            shortest=shortest,
            missing=lines,
            can_answer=visible(can_answer),
            passage=_question(it),
        )

    def passages(self, every: Sequence[ShownPassage], wanted: Wanted, page: int, why: str) -> str:
        """The list of passages.

        Args:
            every: of the run.
            wanted: which of them.
            page: of the list, from 1.
            why: some are missing; "" where none is.
        """
        found = chosen(every, wanted)
        shown = found[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]
        asked = {
            "subject": visible_in_line(wanted.subject),
            "audit": visible_in_line(wanted.audit),
            "recited": wanted.recited,
            "occurrences": str(wanted.least_occurrences or ""),
            "words": wanted.words,
            "order": "" if wanted.order == "report" else wanted.order,
        }
        return self._render(
            "passages.html.j2",
            here="passages",
            rows=tuple(self._row(passage) for passage in shown),
            num_found=len(found),
            num_all=len(every),
            num_shown=len(self._exploration.shown),
            why=visible(why),
            subjects=tuple((visible_in_line(name), self._label(name)) for name in _once(p.subject for p in every)),
            audits=tuple(visible_in_line(name) for name in _once(p.audit for p in every)),
            orders=tuple(ORDERS.items()),
            wanted=asked | {"order": wanted.order, "words": visible_in_line(wanted.words)},
            turns=_turns("/passages", asked, page, len(found), ON_A_PAGE),
        )

    def _label(self, subject: str) -> str:
        party = self._parties.get(subject)
        return party.label if party is not None else visible_in_line(subject)

    def _row(self, it: ShownPassage) -> Row:
        exhibit, recited = it.exhibit, it.is_recited
        return Row(
            number=it.number,
            who=self._label(it.subject),
            audit=visible_in_line(it.audit),
            label=fmt.shown(exhibit.label, 200),
            source=visible_in_line(fmt.shortened(exhibit.document, 120)),
            excerpt=visible_in_line(fmt.shortened(" ".join(it.continuation.split()), _EXCERPT)),
            recited="not asked" if recited is None else "yes" if recited else f"{fmt.percent(it.agreement, 0)} agree",
            occurrences=fmt.EM_DASH if it.num_occurrences is None else f"{it.num_occurrences:,}",
        )

    def passage(
        self, it: ShownPassage, num_all: int, places: Sequence[Place], num_places: int | None, why_none: str
    ) -> str:
        """One passage, token by token.

        Args:
            it: the passage.
            num_all: how many there are.
            places: some of those where it stands in the trained-on text, its own first.
            num_places: how many there are; None where there is no index to ask.
            why_none: why there are no places, "" where there are.
        """
        shown: Passage = shown_passage(self._parties[it.subject], it.exhibit)
        return self._render(
            "passage.html.j2",
            here="passages",
            number=it.number,
            num_all=num_all,
            it=shown,
            is_explained=any(piece.look for piece in shown.pieces),
            places=places,
            num_places=num_places,
            why_none=visible(why_none),
            ask=f"/ask?passage={it.number}",
        )

    def document(self, it: DocumentWindow, why: str = "") -> str:
        """A passage in its document."""
        steps = _steps(it)
        return self._render(
            "document.html.j2",
            here="documents",
            name=visible_in_line(fmt.shortened(it.name, 300)),
            it=it,
            before=visible(it.before),
            marked=visible(it.marked),
            after=visible(it.after),
            why=why,
            steps=steps,
        )

    def documents(self, found: Sequence[tuple[int, str]], num_found: int, asked: str, page: int) -> str:
        """The list of documents."""
        rows = tuple((document_address(at, 0, 0), visible_in_line(fmt.shortened(name, 200))) for at, name in found)
        return self._render(
            "documents.html.j2",
            here="documents",
            rows=rows,
            num_found=num_found,
            words=visible_in_line(asked),
            turns=_turns("/documents", {"words": asked}, page, num_found, DOCUMENTS_ON_A_PAGE),
        )

    def error(self, error: ByheartError | str) -> str:
        """What went wrong, and what to do."""
        parts = (error,) if isinstance(error, str) else (error.what, error.why, error.next_step)
        return self._render("error.html.j2", here="", lines=tuple(visible(part) for part in parts if part))


def _question(it: ShownPassage | None) -> dict[str, str]:
    """A passage as it is asked about: in the page, not in its address, which browsers keep in their history."""
    return {} if it is None else {"given": it.exhibit.given[-_ASKED:], "continuation": it.continuation[:_ASKED]}


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _turns(path: str, asked: Mapping[str, str], page: int, num: int, most: int) -> dict[str, Any]:
    """The addresses of the pages before and after one; None where there is none."""
    last = max(1, -(-num // most))
    kept = {name: value for name, value in asked.items() if value}

    def address(number: int) -> str | None:
        if not 1 <= number <= last or number == page:
            return None
        return f"{path}?{urlencode(kept | {'page': number}, errors='replace')}"

    return {"page": page, "last": last, "before": address(page - 1), "after": address(page + 1)}


def _steps(it: DocumentWindow) -> dict[str, str | None]:
    """The addresses of the parts of the document before and after what is shown."""

    def address(at: int) -> str:
        return f"/documents/{it.document_index}?{urlencode({'start': at, 'stop': at})}"

    around = AROUND[it.unit]
    return {
        "before": None if it.shown.start == 0 else address(max(0, it.shown.start - around)),
        "after": None if it.shown.stop >= it.num_symbols else address(min(it.num_symbols, it.shown.stop + around)),
    }
