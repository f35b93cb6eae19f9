"""Everything that a page says, in every order in which it may be read."""

import base64
import binascii
import re
from html.parser import HTMLParser
from urllib.parse import unquote

_BREAKS = frozenset(
    (
        *("address", "article", "aside", "blockquote", "body", "br", "button", "caption", "dd", "details", "dialog"),
        *("div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6"),
        *("head", "header", "hgroup", "hr", "html", "img", "input", "label", "legend", "li", "link", "main", "meta"),
        *("nav", "noscript", "ol", "option", "p", "pre", "script", "section", "select", "style", "summary", "svg"),
        *("table", "tbody", "td", "template", "textarea", "tfoot", "th", "thead", "title", "tr", "ul"),
        *("circle", "clippath", "defs", "desc", "foreignobject", "g", "line", "path", "rect", "text"),
    )
)
"""Where a word ends; any other tag may stand inside one."""
_INTERRUPTIONS = frozenset(("ins", "b"))
"""What the page puts between the tokens of a passage."""
_ALONE = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)
_DATA = re.compile(r"data:[^,\s]*;base64,([A-Za-z0-9+/=\s]+)", re.IGNORECASE)


class _Texts(HTMLParser):
    """The text of a page block by block, with and without what stands between the tokens; columns; attributes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.attributes: dict[str, list[str]] = {}
        self.whole: list[str] = []
        self.uninterrupted: list[str] = []
        self.columns: dict[tuple[int, int], list[str]] = {}
        self._open: list[str] = []
        self._num_tables = 0
        self._cell = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in _ALONE:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value:
                self.attributes.setdefault(name, []).append(value)
        match tag:
            case "table":
                self._num_tables += 1
            case "tr":
                self._cell = 0
            case "td" | "th":
                self._cell += 1
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                continue
        self._break(tag)

    def handle_data(self, data: str) -> None:
        self.whole.append(data)
        if not _INTERRUPTIONS & set(self._open):
            self.uninterrupted.append(data)
        if "table" in self._open:
            self.columns.setdefault((self._num_tables, self._cell), []).append(data)

    def handle_comment(self, data: str) -> None:
        self.attributes.setdefault("", []).append(data)

    def _break(self, tag: str) -> None:
        if tag in _BREAKS:
            self.whole.append("\n")
            self.uninterrupted.append("\n")
            if "table" in self._open:
                self.columns.setdefault((self._num_tables, self._cell), []).append("\n")


def texts_of_page(page: str) -> list[str]:
    """Everything that a reader of a page, or of its source, can read: text, SVG, attributes and comments.

    Args:
        page: HTML; what parts the page into tokens does not part its words.
    Returns:
        the whole text; the same without what byheart puts between the tokens of a passage; each column of each table;
        each attribute, also with its percent signs and base64 read; and all attributes of the same name, in order.
    """
    found = _Texts()
    found.feed(page)
    found.close()
    each = list(dict.fromkeys(value for values in found.attributes.values() for value in values))
    read = [unquote(value) for value in each if "%" in value]
    hidden = [text for value in each for data in _DATA.findall(value) for text in texts_of_page(_decoded(data))]
    return [
        "".join(found.whole),
        "".join(found.uninterrupted),
        *("".join(column) for column in found.columns.values()),
        *("\n".join(values) for values in found.attributes.values()),
        *each,
        *read,
        *hidden,
    ]


def _decoded(data: str) -> str:
    try:
        return base64.b64decode(data).decode("utf-8", "replace")
    except binascii.Error:
        return ""
