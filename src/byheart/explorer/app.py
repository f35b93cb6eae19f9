"""What the explorer answers: pages, and JSON for the script of one of them. Nothing of a request becomes a path."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from byheart.core.codec import dumps
from byheart.core.progress import Progress
from byheart.core.spans import Span
from byheart.core.visible import visible, visible_in_line
from byheart.errors import ByheartError, InputError
from byheart.explorer.answers import continuation_json, document_address, explanation_json, spans_json
from byheart.explorer.guard import REPORT_POLICY
from byheart.explorer.lanes import AbandonedError, BusyError, Lane
from byheart.explorer.pages import DOCUMENTS_ON_A_PAGE, Pages, Place
from byheart.explorer.requests import Query, TooLongError, asked_text, body_of
from byheart.report import format as fmt
from byheart.report.explanations import look_rules
from byheart.study.exploring.documents import document_window, place_of_bytes
from byheart.study.exploring.exhibits import ShownPassage
from byheart.study.exploring.exploration import Exploration, names_of
from byheart.study.run_folder import REPORT

LONGEST_BYTES = 100_000
"""UTF-8 of a text that may be asked about."""
_SHORTEST = {"bytes": 20, "tokens": 8}
"""Runs of so many symbols are shown unless somebody asks for others: shorter ones stand in any text."""
_LOOKUP_SECONDS, _MODEL_SECONDS = 60.0, 300.0
_PLACES = 20
_GONE = 499
"""Nobody reads it: the status that web servers log for who has gone."""
_Answer = TypeVar("_Answer")


class Explorer:
    """The explorer of one run.

    Args:
        exploration: the run.
    """

    def __init__(self, exploration: Exploration) -> None:
        self._exploration = exploration
        self._lookups = Lane(_LOOKUP_SECONDS, kept_nowhere=("trace", "chance level"))
        self._models = Lane(_MODEL_SECONDS)
        self._report = exploration.folder.path / REPORT
        self._pages = Pages(exploration, has_report=self._report.is_file(), longest_bytes=LONGEST_BYTES)

    @property
    def is_busy(self) -> bool:
        """Whether some work is under way."""
        return self._lookups.is_busy or self._models.is_busy

    def app(self) -> Starlette:
        """The routes, without a guard."""
        return Starlette(
            routes=[
                Route("/", self._overview),
                Route("/ask", self._ask),
                Route("/passages", self._passages),
                Route("/passages/{number:int}", self._passage),
                Route("/documents", self._documents),
                Route("/documents/{number:int}", self._document),
                Route("/report.html", self._written_report),
                Route("/looks.css", self._looks),
                Route("/api/state", self._state),
                Route("/api/spans", self._spans, methods=["POST"]),
                Route("/api/explanation", self._explanation, methods=["POST"]),
                Route("/api/continuation", self._continuation, methods=["POST"]),
                Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
            ],
            exception_handlers={
                404: self._not_found,
                500: self._fault,
                ByheartError: self._failed,
                BusyError: self._busy,
                TooLongError: self._too_long,
                AbandonedError: self._abandoned,
                ClientDisconnect: self._abandoned,
            },
        )

    async def _looked_up(self, request: Request, work: Callable[[Progress], _Answer]) -> _Answer:
        return await self._lookups.run(work, request.is_disconnected)

    async def _overview(self, request: Request) -> Response:
        return HTMLResponse(self._pages.overview())

    async def _ask(self, request: Request) -> Response:
        def unit_of(tell: Progress) -> str:
            return self._exploration.places(on_progress=tell).index.unit

        missing, unit, it = None, "bytes", None
        number = Query(request.query_params).number("passage", 0)
        if number:
            every, _ = await self._looked_up(request, lambda tell: self._exploration.passages(on_progress=tell))
            if number > len(every):
                return self._not_there("There is no such passage in this run.", 404)
            it = every[number - 1]
        try:
            unit = await self._looked_up(request, unit_of)
        except ByheartError as error:
            missing = error
        try:
            self._exploration.speakers.check()
        except ByheartError as error:
            return HTMLResponse(self._pages.ask(unit, _SHORTEST[unit], missing, str(error), it))
        return HTMLResponse(self._pages.ask(unit, _SHORTEST[unit], missing, "", it))

    async def _passages(self, request: Request) -> Response:
        query = Query(request.query_params)
        every, why = await self._looked_up(request, lambda tell: self._exploration.passages(on_progress=tell))
        return HTMLResponse(self._pages.passages(every, query.wanted(every), query.number("page", 1), why))

    async def _passage(self, request: Request) -> Response:
        number = request.path_params["number"]
        every, _ = await self._looked_up(request, lambda tell: self._exploration.passages(on_progress=tell))
        if not 1 <= number <= len(every):
            return self._not_there("There is no such passage in this run.", 404)
        it = every[number - 1]
        why, found = "", None
        try:
            found = await self._looked_up(request, lambda tell: self._places_of(it, tell))
        except ByheartError as error:
            why = " ".join(part for part in (error.what, error.why, error.next_step) if part)
        places, num_places = found if found is not None else ((), None)
        return HTMLResponse(self._pages.passage(it, len(every), places, num_places, why))

    def _places_of(self, it: ShownPassage, tell: Progress) -> tuple[tuple[Place, ...], int | None]:
        """Where a passage stands: in its own document, and where else; nowhere where it is held-out text."""
        lookup, exhibit = self._exploration.places(on_progress=tell), it.exhibit
        unit = "byte" if lookup.index.unit == "bytes" else "token"
        own = place_of_bytes(lookup, exhibit.document, Span(exhibit.start_byte, exhibit.stop_byte))
        if own is None:
            return (), 0 if exhibit.role == "control" else None
        number, span = own
        symbols = lookup.index.document(number)[span.start : span.stop]
        # Its own first: of many places only some are listed.
        found = [(number, span.start)]
        found += [
            place
            for one in lookup.index.occurrences(symbols, _PLACES)
            if (place := (one.document_index, one.offset)) != found[0]
        ]
        places = tuple(
            Place(
                visible_in_line(fmt.shortened(lookup.index.document_names[document], 120)),
                f"{unit} {start:,}",
                document_address(document, start, start + len(span)),
            )
            for document, start in found[:_PLACES]
        )
        return places, lookup.index.count(symbols)

    async def _documents(self, request: Request) -> Response:
        query = Query(request.query_params)
        asked, page = query.text("words"), query.number("page", 1)

        def listed(tell: Progress) -> tuple[list[tuple[int, str]], int]:
            names = self._exploration.places(on_progress=tell).index.document_names
            return names_of(names, asked, first=(page - 1) * DOCUMENTS_ON_A_PAGE, most=DOCUMENTS_ON_A_PAGE)

        found, num_found = await self._looked_up(request, listed)
        return HTMLResponse(self._pages.documents(found, num_found, asked, page))

    async def _document(self, request: Request) -> Response:
        query, number = Query(request.query_params), request.path_params["number"]
        start = query.number("start", 0)
        passage = Span(start, max(start, query.number("stop", start)))
        window = await self._looked_up(
            request, lambda tell: document_window(self._exploration.places(on_progress=tell), number, passage)
        )
        return HTMLResponse(self._pages.document(window))

    async def _written_report(self, request: Request) -> Response:
        if not self._report.is_file():
            return self._not_there("This run has no report: byheart report RUN writes it.", 404)
        return FileResponse(self._report, media_type="text/html", headers={"content-security-policy": REPORT_POLICY})

    async def _looks(self, request: Request) -> Response:
        """The colours of the explanations, of the report's own table: a style attribute is forbidden here."""
        return Response(look_rules(), media_type="text/css")

    async def _state(self, request: Request) -> Response:
        lanes = {"lookups": self._lookups, "models": self._models}
        return _json({name: None if lane.doing is None else _told(*lane.doing) for name, lane in lanes.items()})

    async def _spans(self, request: Request) -> Response:
        body = await body_of(request)
        text, note = asked_text(body, "text", LONGEST_BYTES)
        shortest = body.get("shortest")

        def looked_up(tell: Progress) -> dict[str, Any]:
            unit = self._exploration.places(on_progress=tell).index.unit
            least = shortest if type(shortest) is int and 1 <= shortest <= LONGEST_BYTES else _SHORTEST[unit]
            return spans_json(text, self._exploration.spans(text, least, on_progress=tell), least, unit, note)

        return _json(await self._looked_up(request, looked_up))

    async def _explanation(self, request: Request) -> Response:
        text, _ = asked_text(await body_of(request), "text", LONGEST_BYTES)

        def explained(tell: Progress) -> dict[str, Any]:
            return explanation_json(self._exploration.explanation(text, on_progress=tell))

        return _json(await self._models.run(explained, request.is_disconnected))

    async def _continuation(self, request: Request) -> Response:
        body = await body_of(request)
        given, _ = asked_text(body, "given", LONGEST_BYTES)
        continuation, _ = asked_text(body, "continuation", LONGEST_BYTES)

        def said(tell: Progress) -> dict[str, Any]:
            it, everyone, notes = self._exploration.continuation(given, continuation, on_progress=tell)
            usual = self._exploration.usual(everyone[0], it.num_tokens)
            as_far = self._exploration.usual_right(everyone[0])
            return continuation_json(it, everyone, usual, as_far, self._exploration.usual_given, notes)

        return _json(await self._models.run(said, request.is_disconnected))

    def _not_there(self, why: str | ByheartError, status: int) -> Response:
        return HTMLResponse(self._pages.error(why), status_code=status)

    def _told(self, request: Request, error: ByheartError, status: int) -> Response:
        if request.url.path.startswith("/api/"):
            parts = {"what": error.what, "why": error.why, "next_step": error.next_step}
            return _json({"error": {name: visible(part) for name, part in parts.items()}}, status)
        return self._not_there(error, status)

    async def _not_found(self, request: Request, error: Exception) -> Response:
        return self._told(request, InputError("There is no such page.", next_step="Begin at the overview."), 404)

    async def _fault(self, request: Request, error: Exception) -> Response:
        """A fault of byheart itself: named, without a traceback."""
        what = ByheartError(
            f"{type(error).__name__}: {error}"[:500], next_step="This is a fault of byheart itself. Please report it."
        )
        return self._told(request, what, 500)

    async def _failed(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, ByheartError)
        return self._told(request, error, 400 if isinstance(error, InputError) else 409)

    async def _busy(self, request: Request, error: Exception) -> Response:
        return self._told(request, ByheartError(str(error)), 503)

    async def _too_long(self, request: Request, error: Exception) -> Response:
        return self._told(request, ByheartError(str(error), next_step="Give a part of it."), 413)

    async def _abandoned(self, request: Request, error: Exception) -> Response:
        return Response(status_code=_GONE)


def _told(stage: str, done: float, total: float, note: str) -> dict[str, Any]:
    return {
        "stage": visible_in_line(stage),
        "share": min(1.0, done / total) if total else None,
        "note": visible_in_line(note),
    }


def _json(value: Any, status: int = 200) -> Response:
    return Response(dumps(value), status_code=status, media_type="application/json")
