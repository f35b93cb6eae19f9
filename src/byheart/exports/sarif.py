"""A run as SARIF 2.1.0: criteria that failed and passages that came out, where code scanning shows its findings."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Any, TypeVar
from urllib.parse import quote

from byheart.core.judgement import GateRecord, Judgement, Outcome
from byheart.core.run_record import RunRecord
from byheart.core.visible import visible
from byheart.exports.passages import CameOut, came_out
from byheart.exports.wording import EACH_BY_ITSELF, line, model_of, title

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST_RESULTS = 5000
"""In one run that GitHub shows."""
PASSAGE_RULE = "passage/recited"
BASE = "TRAINED_ON"
"""What the names of documents are relative to."""
Item = TypeVar("Item")
_PLACEHOLDER = re.compile(r"\{(\d+)\}")
_LEVELS = {Outcome.FAILED: ("fail", "error"), Outcome.UNDECIDED: ("review", "none")}


def sarif(record: RunRecord, gate: GateRecord | None, *, with_text: bool = False) -> str:
    """One SARIF run: a rule for each criterion and one for passages, a result for each failure, doubt and passage.

    Args:
        record: the run.
        gate: held against it; None where no criteria were given.
        with_text: whether the text of passages is in it; without, a passage is named by document and bytes.
    Returns:
        JSON; equal arguments give equal bytes. Failed criteria stand first, then undecided ones (kind "review"), then
        passages; of more than MOST_RESULTS the last are left out, which a notification says.
    Source: OASIS, SARIF 2.1.0 plus Errata 01; GitHub, "SARIF support for code scanning".
    Differs: places are bytes (`byteOffset`), since documents need have no lines; GitHub then shows the whole file.
    """
    model = model_of(record) or ""
    judged = _numbered(gate, model)
    results = [
        _judgement(it, gate, _rule_of(it, model), ordinal)
        for outcome in _LEVELS
        for it, ordinal in judged
        if gate is not None and it.outcome is outcome
    ]
    results += [_passage(it, ordinal, with_text=with_text) for it, ordinal in _passages(record)]
    left_out = max(0, len(results) - MOST_RESULTS)
    rules = _rules(judged, model)
    places = {rule["id"]: place for place, rule in enumerate(rules)}
    shown = [result | {"ruleIndex": places[result["ruleId"]]} for result in results[:MOST_RESULTS]]
    run = {
        "tool": {
            "driver": {
                "name": "byheart",
                "version": line(record.provenance.byheart, 60),
                "shortDescription": {"text": "What a language model knows by heart."},
                "rules": rules,
            }
        },
        "originalUriBaseIds": {BASE: {"description": {"text": "The text that the model was trained on."}}},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": _notifications(left_out)}],
        "properties": _about(record, gate, left_out),
        "results": shown,
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1, allow_nan=False) + "\n"


def _message(text: str) -> dict[str, str]:
    """Text that holds neither links nor placeholders, whatever is in it (SARIF 2.1.0, 3.11.5 and 3.11.6)."""
    escaped = text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return {"text": _PLACEHOLDER.sub(r"{{\1}}", escaped)}


def _notifications(left_out: int) -> list[dict[str, Any]]:
    if not left_out:
        return []
    text = f"{left_out:,} results more than {MOST_RESULTS:,} were left out; results.jsonl has them."
    return [{"level": "warning", "message": _message(text)}]


def _about(record: RunRecord, gate: GateRecord | None, left_out: int) -> dict[str, Any]:
    about: dict[str, Any] = {"title": title(record), "seed": record.provenance.seed, "resultsLeftOut": left_out}
    if gate is not None:
        about |= {"gate": gate.outcome.value, "criteria": line(gate.criteria), "baseline": line(gate.baseline)}
        about["note"] = EACH_BY_ITSELF
    return about


def _path(it: Judgement) -> str:
    """What a criterion is about, without its limit, so that another limit makes no other rule."""
    found = re.match(r"[A-Za-z0-9_.]+", it.criterion)
    return found[0][:120] if found else "unnamed"


def _comparison(it: Judgement) -> str:
    found = re.search(r"[<>]=?", it.criterion)
    return found[0] if found else ""


def _rule_of(it: Judgement, model: str) -> str:
    """A rule for each number of each subject; the model under test goes without its name, which changes."""
    return f"criterion/{_path(it)}" + ("" if it.subject in (model, "model") else f"/{line(it.subject, 80)}")


def _numbered(gate: GateRecord | None, model: str) -> list[tuple[Judgement, int]]:
    """Each judgement with its place, from 0, among those of one rule and comparison, which limits alone tell apart."""
    return _counted(
        (it, (_rule_of(it, model), _comparison(it))) for it in (gate.judgements if gate is not None else ())
    )


def _passages(record: RunRecord) -> list[tuple[CameOut, int]]:
    """Each passage with its place, from 0, among those of the same name and bytes: two sources may have such."""
    return _counted((it, (it.document, it.start_byte, it.stop_byte)) for it in came_out(record))


def _counted(items: Iterable[tuple[Item, Hashable]]) -> list[tuple[Item, int]]:
    seen: Counter[Hashable] = Counter()
    found = []
    for it, key in items:
        found.append((it, seen[key]))
        seen[key] += 1
    return found


def _rules(judged: list[tuple[Judgement, int]], model: str) -> list[dict[str, Any]]:
    reasons: dict[str, dict[str, None]] = {}
    of: dict[str, Judgement] = {}
    for it, _ in judged:
        of.setdefault(_rule_of(it, model), it)
        reasons.setdefault(_rule_of(it, model), {}).update({line(it.why, 500): None} if it.why else {})
    rules = [
        {
            "id": name,
            "shortDescription": {"text": f"A criterion on {_path(it)}"},
            "fullDescription": {"text": " / ".join(reasons[name])[:1000] or f"A criterion on {_path(it)}"},
            "defaultConfiguration": {"level": "error"},
        }
        for name, it in of.items()
    ]
    passage = {
        "id": PASSAGE_RULE,
        "shortDescription": {"text": "The model recites this passage of its training text"},
        "fullDescription": {
            "text": "Given the tokens before it, the model's most probable continuation is this passage, word for word."
        },
        "defaultConfiguration": {"level": "warning"},
    }
    return [*rules, passage]


def _judgement(it: Judgement, gate: GateRecord, rule: str, ordinal: int) -> dict[str, Any]:
    kind, level = _LEVELS[it.outcome]
    file = gate.criteria.partition(",")[0]
    verb = "" if it.outcome is Outcome.FAILED else "Undecided. "
    return {
        "ruleId": rule,
        "kind": kind,
        "level": level,
        "message": _message(f"{verb}{line(it.criterion)}. {line(it.subject, 80)}: {line(it.said, 1000)}"),
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": _uri(file)}}}],
        "partialFingerprints": _fingerprints(f"criterion/{_path(it)}", _comparison(it), it.subject, *_again(ordinal)),
    }


def _passage(it: CameOut, ordinal: int, *, with_text: bool) -> dict[str, Any]:
    often = f", which stands there {it.occurrences:,} times" if it.occurrences is not None else ""
    said = f"The model recites bytes {it.start_byte:,} to {it.stop_byte:,} of {line(it.document, 200)}{often}."
    region: dict[str, Any] = {"byteOffset": it.start_byte, "byteLength": it.stop_byte - it.start_byte}
    if with_text and it.text:
        region["snippet"] = {"text": visible(it.text)}
    artifact = {"uri": _uri(it.document), "uriBaseId": BASE}
    return {
        "ruleId": PASSAGE_RULE,
        "kind": "fail",
        "level": "warning",
        "message": _message(said),
        "locations": [{"physicalLocation": {"artifactLocation": artifact, "region": region}}],
        "partialFingerprints": _fingerprints(
            PASSAGE_RULE, it.document, str(it.start_byte), str(it.stop_byte), *_again(ordinal)
        ),
    }


def _again(ordinal: int) -> tuple[str, ...]:
    """What tells a second result of the same from the first, whose fingerprint stays as it was without."""
    return (str(ordinal),) if ordinal else ()


def _fingerprints(*parts: str) -> dict[str, str]:
    """Of what a result is about, not of its numbers, so that the next run's is recognised as the same."""
    joined = "\0".join(parts).encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(joined, digest_size=8).hexdigest()
    return {"byheart/v1": digest, "primaryLocationLineHash": f"{digest}:1"}


def _uri(name: str) -> str:
    """A name as a relative URI reference, whatever is in it: no scheme, no host, no way out of its folder."""
    parts = quote(name.encode("utf-8", "surrogatepass"), safe="/-_.~").split("/")
    kept = [part.replace(".", "%2E") if part in (".", "..") else part for part in parts if part]
    return "/".join(kept)[:2000] or "unnamed"
