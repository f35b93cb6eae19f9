"""Hostile text for every outlet, and what must be true of an outlet that it has passed through.

Use it so:

    from tests import hostile

    sides = hostile.write_corpus(tmp_path)      # folders `seen` and `unseen`, hostile texts under hostile names
    record = hostile.record()                   # a RunRecord whose every foreign string is hostile; needs no run
    hostile.check_terminal(done.stdout)         # bytes of stdout or stderr; colours=True where we may colour
    hostile.check_ci(done.stdout)               # no line of it is a command to GitHub, Azure or TeamCity
    hostile.check_json(done.stdout)             # one document, no number that is not finite; returns it
    hostile.check_xml(data)                     # well-formed, nothing that XML 1.0 forbids; returns the root
    hostile.check_csv(text)                     # no cell that a spreadsheet computes; returns the rows
    assert hostile.stumbles(page) == []         # a Playwright page of the fixture `open_page`

`open_page` (tests/browser/conftest.py) fails the test by itself when hostile text executes, asks for an address or
opens a dialog; `stumbles` adds what stands outside of its box, cut labels, handlers and links that run.

`TEXT` has all attacks in one string, `ATTACKS` one by one, `NAMES` are file names, `LINE` is a line of 1 MB,
`SURROGATE` is what only JSON can carry. A predictor trained on `seen` writes hostile text by itself.
"""

import csv
import dataclasses
import io
import itertools
import json
import re
import unicodedata
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from byheart.core.provenance import Provenance, SubjectProvenance
from byheart.core.run_record import Method, RunRecord
from tests.report.sample_run import sample_run

if TYPE_CHECKING:
    from playwright.sync_api import Page

SUM, PRODUCT = "{{31337*31337}}", "982007569"
"""What a template engine would make of the first."""
ATTACKS = {
    "script": "<script>hit('script')</script>",
    "handler": "<img src=\"http://hostile.invalid/x.png\" onerror=\"hit('img')\"><svg onload=hit('svg')>",
    "details": '<details open ontoggle="hit()"><summary>x</summary></details><body onload=hit()>',
    "link": '<a href="javascript:hit()">[x](javascript:hit())</a> javascript:hit()',
    "frame": '<iframe srcdoc="<script>parent.hit()</script>"></iframe>'
    '<object data="data:text/html,<script>hit()"></object>',
    "form": '<form action="http://hostile.invalid/f"><button autofocus onfocus="hit()">x</button></form>',
    "refresh": '<meta http-equiv="refresh" content="0;url=http://hostile.invalid/r">'
    '<base href="http://hostile.invalid/">',
    "style": "</style></svg></title></textarea></pre><style>*{display:none!important}</style>",
    "cdata": "]]></system-out><![CDATA[x]]>&x;&#0;<!DOCTYPE x [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>",
    "comment": "<!-- --!> --> <!",
    "quotes": "\" onmouseover=\"hit()\" ' onfocus='hit()' ` autofocus",
    "bidi": "\u202eevil\u202c \u2066hidden\u2069 \u200f\u061c",
    "invisible": "in\u200bvi\u200csi\u200db\u2060le\ufeff\u00ad\u034f\u3164\u115f\U000e0041\ufe03\U000e0101",
    "lines": "one\u2028two\u2029three\x0bfour\x0cfive\x85six",
    "nul": "nul\x00bell\x07back\x08\x08\x08delete\x7f",
    "escape": "\x1b[31;47;7mred\x1b[2J\x1b[H\x1b]0;title\x07\x1b[5A\x1bc\x1b[6n",
    "osc": "\x1b]8;;http://hostile.invalid/\x1b\\click\x1b]8;;\x1b\\ \x1b]52;c;aGl0\x07 \x1bP+q544e\x1b\\",
    "c1": "\x9b31m\x9d52;c;aGl0\x9c\x90q\x9c",
    "zalgo": "z" + "\u0301\u0489\u0335\u031b" * 60,
    "markup": "[/x] [bold red]b[/bold red] [link=http://hostile.invalid/]l[/link] [[/]] \\[",
    "templates": SUM + "{% for x in ().__class__.__mro__ %}${31337*31337}#{31337*31337}<%= 31337*31337 %>",
    "math": "$\\frac{$ \\input{/etc/passwd} $$x$$ %s %d {0} {x!r}",
    "formula": "=cmd|'/C calc'!A0\t+1+1\t-2+3\t@SUM(A1)",
    "actions": "::error file=x::forged\n  ::add-mask::a\n::stop-commands::x\n##[error]forged\n##vso[task.complete]x\n"
    "##teamcity[buildStop comment='x']",
    "markdown": "| a | b |\n|---|---|\n```\n# heading\n"
    "![i](http://hostile.invalid/i.png) <http://hostile.invalid> ~~~ **b** @x",
    "wide": "\u65e5\u672c\u8a9e\uff26\uff35\uff2c\uff2c "
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea \u0e01\u0e33",
    "paths": "../../etc/passwd file:///etc/passwd C:\\x\\..\\y ~/x $HOME $(id) `id` ; rm -rf x",
    "long": "w" * 3000,
}
TEXT = "\n".join(ATTACKS.values())
SHORT = " ".join(text for kind, text in ATTACKS.items() if kind != "long")
"""Everything that does not need length, in one go."""
LINE = "x" * 1_000_000
SURROGATE = "\ud800 half \udfff"
NAMES = (
    "<script>hit('name')<script>.txt",
    "\x1b]52;c;aGl0\x07\x1b[2J.txt",
    "\u202etxt.exe\u2066.txt",
    "line\n::error::forged by a name.txt",
    "[bold] [link=http:hostile.invalid]l.txt",
    "=cmd|' {{31337*31337}}.txt",
    "-o --json `id` $(id).txt",
    "javascript:hit() ]]> | \" ' &.txt",
    "z" + "\u0301" * 40 + ".txt",
    "\u65e5\u672c\u8a9e" * 20 + ".txt",
    "\udcff not utf-8.txt",
)
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0d\ufeff\uffa0\ud800-\udfff\U000e0000-\U000e0fff]"
)
_OURS = re.compile("\x1b\\[[0-9;]*m")
_COMMANDS = re.compile(r"^[ \t]*::|##\[|##vso\[|##teamcity\[", re.MULTILINE)
_MOST_MARKS = 6
"""Combining marks on one character; real scripts stay below."""


@dataclass(frozen=True)
class Sides:
    """Two folders of hostile documents of the same kind, none of which is on both sides."""

    seen: Path
    unseen: Path


def write_corpus(folder: Path, *, num_each: int = 12, sentences: int = 80) -> Sides:
    """Writes both sides: hostile names where the file system takes them, every attack between ordinary sentences.

    All seen documents begin alike, so that duplicates, traces and recited passages are hostile. NUL, which makes a text
    file binary, stands in the records of a .jsonl on each side.
    """
    for side in ("seen", "unseen"):
        (folder / side).mkdir(parents=True)
        for number in range(num_each):
            name = NAMES[number] if number < len(NAMES) else ".txt"
            text = _document(side, number, sentences).replace("\0", "")
            (folder / side / f"{number}{name}").write_text(text, "utf-8", newline="")
        records = [{"text": _document(side, number, sentences)} for number in (100, 101)]
        lines = "".join(json.dumps(one) + "\n" for one in records)
        (folder / side / "records.jsonl").write_text(lines, "utf-8")
    return Sides(folder / "seen", folder / "unseen")


def _document(side: str, number: int, sentences: int) -> str:
    attacks = list(ATTACKS.values())
    shared = [SHORT, *attacks] if side == "seen" else []
    said = (f"{side} {number} says {(number * 7919 + at * 104729) % 9973} of {at}" for at in range(sentences))
    return "\n".join([*shared, *(f"{words} {attacks[(number + at) % len(attacks)]}" for at, words in enumerate(said))])


def write_huge(folder: Path) -> Path:
    """A document that is one line of 1 MB with every attack in its middle."""
    path = folder / "huge.txt"
    path.write_text(LINE[:500_000] + SHORT.replace("\0", "") + LINE[500_000:], "utf-8", newline="")
    return path


def record() -> RunRecord:
    """The sample run with attacks in the place of everything foreign: titles, names, passages, reasons, notes, methods.

    Each string has all attacks and begins with another one, since what is long is cut. Names of audits, subjects and
    units stay: a record is read by them.
    """
    texts = _rotations()
    sample = sample_run()
    results = tuple(dataclasses.replace(r, status=_spoiled(r.status, texts)) for r in sample.results)
    methods = tuple(_spoiled_method(method, texts) for method in sample.methods)
    return dataclasses.replace(
        sample,
        title=next(texts),
        results=results,
        methods=methods,
        notes=(*ATTACKS.values(), LINE),
        provenance=_spoiled_provenance(sample.provenance, texts),
    )


def _rotations() -> Iterator[str]:
    attacks = [text for kind, text in ATTACKS.items() if kind != "long"]
    for at in itertools.count():
        turn = at * 7 % len(attacks)
        yield " ".join(attacks[turn:] + attacks[:turn])


_KEPT = frozenset(("name", "unit", "role", "kind", "explanation", "no_excess"))
"""Fields by which a piece of evidence is read."""


def _spoiled(value: Any, texts: Iterator[str]) -> Any:
    """Every string below a piece of evidence replaced, but those by which it is read."""
    if isinstance(value, str):
        return next(texts)
    if isinstance(value, tuple | list):
        return type(value)(_spoiled(item, texts) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.name not in _KEPT}
        return dataclasses.replace(value, **{name: _spoiled(it, texts) for name, it in fields.items()})
    return value


def _spoiled_method(method: Method, texts: Iterator[str]) -> Method:
    parts = {heading: f"{next(texts)} {part}" for heading, part in method.parts.items()}
    return dataclasses.replace(
        method, question=next(texts), parts=parts, params={**method.params, next(texts): next(texts)}
    )


def _spoiled_provenance(it: Provenance, texts: Iterator[str]) -> Provenance:
    def told() -> dict[str, str]:
        return {next(texts): next(texts)}

    def spoiled(subject: SubjectProvenance) -> SubjectProvenance:
        return dataclasses.replace(
            subject, fingerprint=next(texts), access=next(texts), loaded_as=told(), weights_blake3=told()
        )

    return dataclasses.replace(
        it,
        byheart=next(texts),
        python=next(texts),
        platform=next(texts),
        packages=told(),
        command=next(texts),
        trained_on={"source": next(texts), next(texts): 3},
        held_out={"source": next(texts), **told()},
        tokenizer=next(texts),
        subjects=tuple(map(spoiled, it.subjects)),
    )


def unsafe_in(text: str) -> list[str]:
    """What of a text must not reach a reader: controls, what hides or reorders, towers of combining marks."""
    found = [f"U+{ord(one):04X}" for one in sorted(set(_UNSEEN.findall(text)))]
    marks = "".join("m" if unicodedata.category(one) in ("Mn", "Me") else "." for one in text)
    tallest = max(map(len, marks.split(".")), default=0)
    return [*found, *([f"{tallest} combining marks on one character"] if tallest > _MOST_MARKS else [])]


def check_terminal(shown: bytes, *, colours: bool = False) -> str:
    """Bytes that a terminal or a log gets: UTF-8, nothing in them drives it; returns the text.

    Args:
        shown: of stdout or stderr.
        colours: whether our own colours may be in it.
    """
    text = shown.decode("utf-8")
    if colours:
        assert "\x1b[31;47;7m" not in text, "a colour of the corpus"
        text = _OURS.sub("", text).replace("\r\n", "\n")
    assert unsafe_in(text) == []
    assert PRODUCT not in text, "a template was filled in"
    return text


def check_ci(shown: bytes) -> None:
    """No line of a log is a command to the machine that runs it."""
    assert [line for line in shown.decode("utf-8").splitlines() if _COMMANDS.search(line)] == []


def check_json(shown: bytes) -> Any:
    """One JSON document without NaN; returns it."""

    def refused(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    check_terminal(shown)
    return json.loads(shown, parse_constant=refused)


def check_xml(data: bytes) -> ElementTree.Element:
    """Well-formed XML without a document type; returns its root."""
    assert b"<!DOCTYPE" not in data.upper().replace(b"&LT;", b"")
    root = ElementTree.fromstring(data)
    assert unsafe_in(data.decode("utf-8")) == []
    return root


def check_csv(text: str) -> list[list[str]]:
    """No cell that a spreadsheet computes, none that hides; returns the rows."""
    rows = list(csv.reader(io.StringIO(text, newline="")))
    cells = [cell for row in rows for cell in row]
    assert [cell[:40] for cell in cells if re.match(r"[=+@\t\r]|-(?![\d.])", cell)] == []
    assert unsafe_in(text.replace("\r\n", "\n")) == []
    return rows


_STUMBLES = Path(__file__).with_name("stumbles.js").read_text("utf-8")


def stumbles(page: "Page") -> list[str]:
    """What hostile text did to a page: handlers, links that run, text outside of its box, cut labels, what hides."""
    said: list[str] = page.evaluate(_STUMBLES)
    text = page.inner_text("body")
    filled = ["a template was filled in"] if PRODUCT in text else []
    return [*said[:20], *filled, *unsafe_in(text), *unsafe_in(page.title())]
