"""Exhibits as the page shows them: token by token beside their source, cut to a size that a page can bear."""

from collections.abc import Sequence
from dataclasses import dataclass

from byheart.core.evidence import Exhibit, Token
from byheart.core.run_record import RunRecord
from byheart.report import format as fmt
from byheart.report.comparison import BEYOND, MODEL, Party, audits, evidence_of
from byheart.report.explanations import LOOKS, Look

MAX_OF_MODEL, MAX_OF_OTHERS = 12, 1
"""Passages shown of the model under test, and of each other subject."""
MAX_GIVEN, MAX_TOKENS, MAX_TOKEN = 1200, 400, 120
"""Characters of the prompt (its end is kept), tokens, and characters of one token."""
OPEN_TOKENS = 100
"""Tokens before the fold of a long passage."""
_BLANKS = {
    " ": "\N{MIDDLE DOT}",
    "\t": "\N{RIGHTWARDS ARROW TO BAR}\t",
    "\n": "\N{DOWNWARDS ARROW WITH CORNER LEFTWARDS}\n",
}
"""Signs of blanks, before those that move the line."""


@dataclass(frozen=True)
class Piece:
    """One token as shown; text safe to show, not escaped."""

    text: str
    """On one line where the subject says another one."""
    said: str
    """What it says instead, on one line."""
    state: str
    """"agrees", "differs" or "unasked"."""
    after: str = ""
    """The line end that a token on one line has lost."""
    look: Look | None = None
    """Of the explanation of what the subject says here."""
    begins: bool = False
    """Whether the token before has another explanation."""


@dataclass(frozen=True, kw_only=True)
class Passage:
    """One exhibit as shown; all text safe to show, not escaped."""

    party: Party
    label: str
    source: str
    given: str
    pieces: tuple[Piece, ...]
    folded: tuple[Piece, ...]
    """Those behind the fold."""
    agreement: str
    facts: tuple[tuple[str, str], ...]
    left_out: str


@dataclass(frozen=True)
class Passages:
    """The passages of a run, in the order of the evidence: the audits put the worst first."""

    of_model: tuple[Passage, ...]
    """Of the model under test."""
    of_others: tuple[Passage, ...]
    """Of the poles and memorizers."""
    explained: tuple[Passage, ...] = ()
    """Of the model under test, each token with what explains the prediction there."""

    @property
    def is_coloured(self) -> bool:
        """Whether tokens of the recited passages have an explanation."""
        return any(piece.look for it in self.of_model + self.of_others for piece in it.pieces)

    @property
    def looks(self) -> tuple[Look, ...]:
        """Of the explanations, for a legend."""
        return tuple(LOOKS.values())


def passages(record: RunRecord) -> Passages:
    """The passages to show."""
    shown: list[Passage] = []
    explained: list[Passage] = []
    used: dict[tuple[str, str], int] = {}
    for audit in audits(record):
        for party, exhibit in evidence_of(record, audit):
            limit = MAX_OF_MODEL if party.role == MODEL else MAX_OF_OTHERS
            place = used.setdefault((audit, party.name), 0)
            # What explains predictions beyond memory is another question than what came out.
            is_explained = audit in BEYOND
            if is_explained and party.role != MODEL:
                continue
            if isinstance(exhibit, Exhibit) and place < limit:
                used[(audit, party.name)] = place + 1
                (explained if is_explained else shown).append(shown_passage(party, exhibit))
    return Passages(
        tuple(passage for passage in shown if passage.party.role == MODEL),
        tuple(passage for passage in shown if passage.party.role != MODEL),
        tuple(explained),
    )


def shown_passage(party: Party, exhibit: Exhibit) -> Passage:
    """One exhibit, made visible and cut to what a page can bear.

    Args:
        party: whose evidence it is.
        exhibit: its texts are untrusted.
    """
    asked = [token.agrees for token in exhibit.tokens if token.agrees is not None]
    agreement = f"{fmt.number(sum(asked), 0)} of {fmt.number(len(asked), 0)} tokens agree" if asked else ""
    left_out = len(exhibit.tokens) - MAX_TOKENS
    whose = "" if exhibit.role == "subject" else f", {exhibit.role} text"
    given, tokens = exhibit.given[-MAX_GIVEN:], exhibit.tokens[:MAX_TOKENS]
    pieces = pieces_of(tokens)
    place = f"bytes {exhibit.start_byte:,}{fmt.EN_DASH}{exhibit.stop_byte:,}"
    return Passage(
        party=party,
        label=fmt.shown(exhibit.label, 200),
        source=f"{fmt.shown(exhibit.document, 160)}, {place}{whose}",
        given=fmt.shown(given, MAX_GIVEN),
        pieces=pieces[:OPEN_TOKENS],
        folded=pieces[OPEN_TOKENS:],
        agreement=agreement,
        facts=tuple((fmt.shown(name, 100), fmt.cell(value)) for name, value in exhibit.facts[:20]),
        left_out=f"{fmt.number(left_out, 0)} more tokens are left out here." if left_out > 0 else "",
    )


def pieces_of(tokens: Sequence[Token]) -> tuple[Piece, ...]:
    """Tokens as they are shown, here and in the explorer."""
    before = (None, *(token.explanation for token in tokens))
    return tuple(_piece(token, begins=token.explanation != last) for token, last in zip(tokens, before, strict=False))


def _piece(token: Token, *, begins: bool) -> Piece:
    text = fmt.shown(token.text, MAX_TOKEN)
    look = None if token.explanation is None else LOOKS[token.explanation]
    if token.agrees is False:
        after = "\n" if "\n" in text else ""
        return Piece(_spelled(text), _spelled(fmt.shown(token.predicted, MAX_TOKEN)), "differs", after, look, begins)
    blanks = text if text.strip() else "".join(_BLANKS.get(character, character) for character in text)
    return Piece(blanks, "", "unasked" if token.agrees is None else "agrees", "", look, begins)


def _spelled(text: str) -> str:
    """A token on one line: nothing is called so, and blanks at its ends get a sign."""
    inner = text.strip(" ")
    start, stop = len(text) - len(text.lstrip(" ")), len(text.rstrip(" ")) if inner else len(text)
    signs = "".join(_BLANKS[c][0] if c in "\n\t" or not start <= at < stop else c for at, c in enumerate(text))
    return signs or "nothing"
