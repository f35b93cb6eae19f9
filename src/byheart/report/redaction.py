"""A record without the words of others, for readers who may see the numbers and not the texts."""

import dataclasses
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from byheart.core.codec import dumps, result_to_json
from byheart.core.evidence import Cell, Evidence, Exhibit, Table, Token
from byheart.core.judgement import GateRecord
from byheart.core.provenance import Provenance
from byheart.core.result import Completed, Failed, NotApplicable, Result, Status
from byheart.core.run_record import RunRecord
from byheart.core.strings import with_strings
from byheart.report.covering import BLOCK, begun, covered, num_kept
from byheart.report.foreign_names import is_lab, is_own_model, is_own_row, names_of
from byheart.report.replaced_names import PLACE, Names

WITHHELD = "[withheld]"
_ANSWERS = frozenset(("yes", "no"))
_OWN_COMMAND = re.compile(r"byheart (?:demo|lab \w+)(?: --[a-z]+ \w+)*(?: -o RUN)?(?: --[a-z]+ \w+)*")
_OWN_CRITERION = re.compile(r"[a-z0-9_]+(?:\.[a-z0-9_]+)+ *(?:<=|>=|<|>|==) *[-+.0-9e]+")
_FINGERPRINT = re.compile(r"[0-9a-f]{0,64}")
_TOLD = frozenset(("source", "fingerprint", "documents", "bytes", "tokens"))
_IDENTIFIERS = frozenset(("audit", "unit", "role", "access", "parts", "params", "packages", "fingerprint"))
"""Fields of byheart's own words in which no name of others is looked for."""


class Mode(StrEnum):
    """How much of the texts of others a page shows."""

    NONE = "none"
    """All."""
    PARTIAL = "partial"
    """The first words of each passage, and which token agrees; sources are named. Messages of failed audits go: they
    quote what they stumbled over, paths and answers of endpoints among it."""
    FULL = "full"
    """Nothing of corpus, model and prompts; documents, sources and the model have pseudonyms."""


@dataclass(frozen=True, kw_only=True)
class Redaction:
    """What a page leaves out."""

    mode: Mode = Mode.NONE
    """How much."""
    withheld: frozenset[str] = frozenset()
    """Strings of the redacted record that hold text of the corpus all the same: they go too."""
    checked: str = ""
    """What the page was checked against, for its reader."""


@dataclass(frozen=True)
class Shown:
    """What a page is made of."""

    record: RunRecord
    gate: GateRecord | None


def redacted(record: RunRecord, gate: GateRecord | None, redaction: Redaction) -> Shown:
    """The same run and gate, without the texts of others.

    Args:
        record: of a run.
        gate: what criteria say of it, or None.
        redaction: how much goes.
    Returns:
        the same numbers, places and agreement of tokens; the same names of byheart's own subjects.
    """
    match redaction.mode:
        case Mode.NONE:
            return Shown(record, gate)
        case Mode.PARTIAL:
            return Shown(
                _with_evidence(record, _partly, _without_message), None if gate is None else _without_messages(gate)
            )
    shown = _Full(record).shown(record, gate)
    if not redaction.withheld:
        return shown
    return with_strings(shown, lambda text: WITHHELD if text in redaction.withheld else text)


def _with_evidence(
    record: RunRecord, change: Callable[[Evidence], Evidence], other: Callable[[Status], Status]
) -> RunRecord:
    def changed(result: Result) -> Result:
        match result.status:
            case Completed(evidence):
                return dataclasses.replace(result, status=Completed(tuple(change(it) for it in evidence)))
            case status:
                return dataclasses.replace(result, status=other(status))

    return dataclasses.replace(record, results=tuple(changed(result) for result in record.results))


def _partly(it: Evidence) -> Evidence:
    match it:
        case Exhibit():
            # Where nothing was given the passage begins with its tokens.
            left = 0 if it.given.strip() else num_kept("".join(token.text for token in it.tokens))
            tokens = []
            for token in it.tokens:
                tokens.append(
                    dataclasses.replace(token, text=covered(token.text, left), predicted=covered(token.predicted))
                )
                left = max(left - len(token.text), 0)
            return dataclasses.replace(it, given=begun(it.given), tokens=tuple(tokens), facts=_facts(it, covered))
        case Table():
            return _with_cells(it, lambda column, text: begun(text) if column in TEXTS else text)
    return it


def _facts(it: Exhibit, hide: Callable[[str], str]) -> tuple[tuple[str, Cell], ...]:
    return tuple((n, v if not isinstance(v, str) or v in _ANSWERS else hide(v)) for n, v in it.facts)


def _with_cells(table: Table, change: Callable[[str, str], str]) -> Table:
    rows = tuple(
        tuple(
            change(column, cell) if isinstance(cell, str) else cell
            for column, cell in zip(table.columns, row, strict=True)
        )
        for row in table.rows
    )
    return dataclasses.replace(table, rows=rows)


DOCUMENTS = {"document": "document", "source": "source", "name in the list": "canary"}
"""Columns of names of others, by heading, and what such a name is called instead."""
TEXTS = frozenset(("sentence", "begins"))
"""Columns of text of others."""
OWN_WORDS = frozenset(
    (
        *("predictor", "writer", "memorizer", "best memorizer", "score", "explanation", "kind", "rule", "text", "task"),
        *("match, tokens", "occurrences", "word for word", "nearly", "p_z >= 0.001", "flagged", "in the language"),
        *("tokens", "new chains, seed by seed", "bits per token, seed by seed"),
    )
)
"""Columns of words that byheart writes itself, by heading. The text of any other column is withheld."""
_MANY = frozenset(("document", "canary"))
_DOTTED = re.compile(r"[a-z0-9_]+(?:\.[a-z0-9_]+)+")


_MESSAGE = re.compile(r"\bfailed with (?:([A-Za-z_]\w*): )?.*", re.DOTALL)
"""In a gate's sentence, the error of an audit of the run or of its baseline (comparison.py: why_missing)."""


class _Full:
    """Full redaction of one record."""

    def __init__(self, record: RunRecord) -> None:
        # Keyed by what the page does not show: who guesses a name cannot try it against the page.
        results = dumps([result_to_json(result) for result in record.results])
        self._key = hashlib.blake2b(f"{record.provenance.command}{results}".encode("utf-8", "surrogatepass")).digest()
        self._known: dict[str, str] = {}
        found = list(names_of(record, DOCUMENTS))
        self._names = Names(
            {name: self._pseudonym(kind, name) for name, kind in found},
            exact={name for name, _ in found} - {name for name, kind in found if kind not in _MANY},
        )

    def _pseudonym(self, kind: str, name: str) -> str:
        """A name such as "document 3f2a": of the same name always the same, of another never."""
        digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), key=self._key).hexdigest()
        for length in range(4, 65):
            said = f"{kind} {digest[:length]}"
            if self._known.setdefault(said, name) == name:
                break
        return said

    def _without_names(self, text: str) -> str:
        if text in self._names.said:
            return self._names.said[text]
        if _DOTTED.fullmatch(text) or is_own_row(text):
            return text
        return PLACE.sub(WITHHELD, self._names.replaced(text))

    def shown(self, record: RunRecord, gate: GateRecord | None) -> Shown:
        bare = _with_evidence(record, self._evidence, _without_message)
        bare = dataclasses.replace(
            bare, title=self._title(record), provenance=self._provenance(record.provenance, is_made=is_lab(record))
        )
        return Shown(
            with_strings(bare, self._without_names, _IDENTIFIERS),
            None
            if gate is None
            else with_strings(self._gate(_without_messages(gate)), self._without_names, _IDENTIFIERS),
        )

    def _evidence(self, it: Evidence) -> Evidence:
        match it:
            case Exhibit():
                return dataclasses.replace(
                    it,
                    document=self._pseudonym("document", it.document),
                    given=f"{WITHHELD} " if it.given else "",
                    tokens=tuple(
                        Token(2 * BLOCK + "\N{THIN SPACE}", t.agrees, 2 * BLOCK if t.predicted else "", t.explanation)
                        for t in it.tokens
                    ),
                    facts=_facts(it, lambda text: WITHHELD),
                )
            case Table():
                return _with_cells(it, self._cell)
        return it

    def _cell(self, column: str, text: str) -> str:
        if column in DOCUMENTS:
            return text if is_own_row(text) else self._pseudonym(DOCUMENTS[column], text)
        return text if column in OWN_WORDS or (text in _ANSWERS and column not in TEXTS) else WITHHELD

    def _title(self, record: RunRecord) -> str:
        model = next((s.name for s in record.provenance.subjects if s.role == "model"), "")
        if is_own_model(model) and not re.search(r"[/\\]", record.title):
            return record.title
        return self._names.said.get(model, "A language model")

    def _provenance(self, it: Provenance, *, is_made: bool) -> Provenance:
        def corpus(texts: dict[str, str | int]) -> dict[str, str | int]:
            # The data of an experiment are made by byheart, and described in its own words.
            if is_made:
                return texts
            return {n: self._source(v) if n == "source" else v for n, v in texts.items() if n in _TOLD}

        is_own = _OWN_COMMAND.fullmatch(it.command) is not None
        return dataclasses.replace(
            it,
            command=it.command if is_own else "",
            trained_on=corpus(it.trained_on),
            held_out=corpus(it.held_out),
            tokenizer=it.tokenizer if is_made or _FINGERPRINT.fullmatch(it.tokenizer) else WITHHELD,
            canaries=it.canaries if _FINGERPRINT.fullmatch(it.canaries) else WITHHELD,
            subjects=tuple(dataclasses.replace(s, loaded_as={}, weights_blake3={}) for s in it.subjects),
        )

    def _source(self, source: str | int) -> str:
        return "stdlib" if source == "stdlib" else self._pseudonym("source", str(source))

    def _gate(self, gate: GateRecord) -> GateRecord:
        judgements = tuple(
            dataclasses.replace(
                it,
                criterion=it.criterion if _OWN_CRITERION.fullmatch(it.criterion) else WITHHELD,
                why=WITHHELD if it.why else "",
            )
            for it in gate.judgements
        )
        return dataclasses.replace(
            gate,
            judgements=judgements,
            criteria=self._pseudonym("criteria", gate.criteria),
            baseline=self._pseudonym("run", gate.baseline) if gate.baseline else "",
        )


def _without_message(status: Status) -> Status:
    match status:
        case Failed(kind, _):
            return Failed(kind if kind.isidentifier() else WITHHELD, WITHHELD)
        case NotApplicable() | Completed():
            return status


def _without_messages(gate: GateRecord) -> GateRecord:
    def bare(said: str) -> str:
        return _MESSAGE.sub(lambda found: f"failed with {found[1] or 'an error'}: {WITHHELD}", said)

    judgements = tuple(
        dataclasses.replace(it, said=bare(it.said)) if it.found is None else it for it in gate.judgements
    )
    return dataclasses.replace(gate, judgements=judgements)
