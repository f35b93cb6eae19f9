"""A run for the card of a model on the Hugging Face Hub: evaluation metadata in YAML, and a section in Markdown."""

import json
from collections.abc import Iterator
from typing import Any

from byheart.core.evidence import Estimate, Refusal
from byheart.core.judgement import GateRecord
from byheart.core.run_record import RunRecord
from byheart.exports.wording import (
    EACH_BY_ITSELF,
    amount,
    beside,
    in_unit,
    line,
    markdown,
    model_of,
    numbers,
    roles,
    without_numbers,
)

LIMITS = (
    "These numbers hold for the texts, prompts and sample sizes named here. That a passage did not come out does not "
    "prove that it cannot.",
    "A model can predict text that it never saw. Only the excess over the control is evidence of memory.",
    "Better than the memorizers measured here does not mean better than every memorizer that could be built.",
)


_AUDITS_OF_TRAINED_ON = ("extraction.", "exposure.", "complexity.")
_ON_TRAINED_ON = ("adaptation.seen_bits_per_byte", "propensity.capability_rate")
_OF_SEEN = ".member_"
_ON_BOTH = ("propensity.measure",)
"""Of a given model; all else is measured on held-out text, or on what was written behind it."""


def model_card(record: RunRecord, gate: GateRecord | None = None) -> str:
    """A card: YAML between two lines of `---`, then the section.

    The metadata is a `model-index`, of which the Hub makes its table of evaluation results. The newer `.eval_results`
    files are for benchmarks that are data sets on the Hub, which the texts of a run are not. Each metric has the
    estimate's dotted name as its type, the text that it was measured on as its data set, and its interval, control and
    sample in its `args`.

    Args:
        record: the run; its strings may be hostile.
        gate: held against it, or None.
    Returns:
        UTF-8 text; equal arguments give equal bytes. It names no path of this machine beyond the last part.
    Source: Hugging Face, hub-docs, modelcard.md; YAML 1.2.
    Differs: nothing.
    """
    model = model_of(record)
    parts = ["---", *_yaml({"model-index": [_index(record, model)]} if model else {"tags": ["byheart"]}), "---", ""]
    return "\n".join([*parts, *_section(record, model, gate), ""])


def _last(path: str) -> str:
    """The last part of a path: the rest says where a machine keeps its files."""
    return line(path.rstrip("/").rpartition("/")[2] or path, 120)


def _index(record: RunRecord, model: str) -> dict[str, Any]:
    together: dict[tuple[str, str], list[Estimate]] = {}
    for result, it in numbers(record, model):
        if isinstance(it, Estimate):
            together.setdefault((result.audit, _measured_on(it.name, record)), []).append(it)
    results = [
        {
            "task": {"type": "text-generation", "name": f"byheart {line(audit, 60)}"},
            "dataset": {"type": "text", "name": dataset},
            "metrics": [_metric(it) for it in found],
        }
        for (audit, dataset), found in together.items()
    ]
    return {"name": line(model, 100), "results": results}


def _measured_on(name: str, record: RunRecord) -> str:
    """The text on which a number was measured, with the side of the run that it is; not what it is compared with."""
    seen, unseen = (f"{_extent(side)}" for side in (record.provenance.trained_on, record.provenance.held_out))
    if "fingerprint" not in record.provenance.trained_on:
        return f"{seen} (laboratory)"
    if name in _ON_BOTH or name.startswith("membership."):
        return f"{seen} (trained on) and {unseen} (held out)"
    if name.startswith("context."):
        return "prompts that byheart made"
    is_seen = name in _ON_TRAINED_ON or name.startswith(_AUDITS_OF_TRAINED_ON) or _OF_SEEN in name
    return f"{seen} (trained on)" if is_seen else f"{unseen} (held out)"


def _metric(it: Estimate) -> dict[str, Any]:
    args: dict[str, Any] = {"unit": line(it.unit, 60), "n": it.n}
    if it.low is not None and it.high is not None:
        args |= {"low": it.low, "high": it.high, "confidence": it.confidence}
    for name, side in (("control", it.control), ("excess", it.excess)):
        if side is not None:
            args |= {name: side.value, f"{name}_low": side.low, f"{name}_high": side.high}
    return {"type": line(it.name, 100), "value": it.value, "name": line(it.name, 100), "args": args}


def _yaml(value: Any, indent: int = 0) -> Iterator[str]:
    """Lines of block YAML; every scalar is JSON, which is YAML 1.2, so that nothing foreign can end or tag it."""
    pad = " " * indent
    pairs = value.items() if isinstance(value, dict) else ((None, item) for item in value)
    for key, item in pairs:
        head = f"{pad}-" if key is None else f"{pad}{_scalar(key) if not _is_plain(key) else key}:"
        if isinstance(item, dict | list) and item:
            if key is None:
                first, *rest = _yaml(item, indent + 2)
                yield f"{head} {first.lstrip()}"
                yield from rest
            else:
                yield head
                yield from _yaml(item, indent + 2)
        else:
            yield f"{head} {_scalar(item)}"


def _is_plain(key: str) -> bool:
    return key.replace("-", "").replace("_", "").isalnum() and key.isascii()


def _scalar(value: Any) -> str:
    """As JSON, a power of ten with a decimal point: to YAML 1.1, which the Hub's reader speaks, 1e-05 is a text."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return text.replace("e", ".0e") if isinstance(value, float) and "e" in text and "." not in text else text


def _extent(corpus: dict[str, str | int]) -> str:
    documents = corpus.get("documents")
    size = f", {documents:,} documents" if isinstance(documents, int) else ""
    return f"{_last(str(corpus.get('source', 'text that is not named')))}{size}"


def _section(record: RunRecord, model: str | None, gate: GateRecord | None) -> Iterator[str]:
    origin = record.provenance
    yield "## Memorization"
    yield ""
    who = f"`byheart` {markdown(origin.byheart, 40)} measured what {markdown(model, 100)}" if model else "`byheart`"
    yield (
        f"{who} knows by heart of {markdown(_extent(origin.trained_on))} (trained on), beside the same numbers on "
        f"{markdown(_extent(origin.held_out))} (held out) and on memorizers of the same text."
        if model
        else "Only memorizers were audited in this run; there is no model to say anything of."
    )
    yield ""
    if gate is not None:
        yield from _gate(gate)
    if model is not None:
        yield from _table(record, model)
        yield from _untested(record, model)
    yield "Limits:"
    yield ""
    yield from (f"- {limit}" for limit in LIMITS)
    yield ""
    seen = line(str(origin.trained_on.get("fingerprint", "unknown")), 64)
    unseen = line(str(origin.held_out.get("fingerprint", "unknown")), 64)
    versions = ", ".join(f"{markdown(m.audit, 60)} {m.version}" for m in record.methods)
    yield (
        f"Seed {origin.seed}; fingerprints: trained on {markdown(seen)}, held out {markdown(unseen)}; versions of the "
        f"statistics: {versions}."
    )


def _gate(gate: GateRecord) -> Iterator[str]:
    yield f"Gate {gate.outcome.value} ({markdown(gate.criteria, 200)}). {EACH_BY_ITSELF}"
    yield ""
    yield "| criterion | outcome | found |"
    yield "|---|---|---|"
    for it in gate.judgements:
        yield f"| {markdown(it.criterion)} | {it.outcome.value} | {markdown(it.said, 600)} |"
    yield ""


def _table(record: RunRecord, model: str) -> Iterator[str]:
    poles = [name for role in ("lookup pole", "blind pole") for name, own in roles(record).items() if own == role]
    yield "| number | value | interval | n | control | excess | lookup pole | blind pole |"
    yield "|---|---|---|---:|---|---|---|---|"
    of_poles = [{it.name: it for _, it in numbers(record, pole) if isinstance(it, Estimate)} for pole in poles]
    for _, it in numbers(record, model):
        poled = [amount(own[it.name].value, own[it.name].unit) if it.name in own else "" for own in of_poles]
        poled += [""] * (2 - len(poled))
        if isinstance(it, Refusal):
            cells = [markdown(it.name, 100), "refused", "", "", "", "", *poled[:2]]
        else:
            inside = f"{amount(it.low, it.unit)} to {amount(it.high, it.unit)}" if it.low is not None else "none"
            cells = [markdown(it.name, 100), markdown(in_unit(it)), inside, f"{it.n:,}", *beside(it), *poled[:2]]
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield (
        "Intervals are at 95 % unless the metadata says otherwise. The lookup pole holds the training text, the blind "
        "pole never saw it. Control: what the number is held against, named beside it. Excess: value less control, of "
        "shares in percentage points."
    )
    yield ""


def _untested(record: RunRecord, model: str) -> Iterator[str]:
    refused = [(it.name, it.reason) for _, it in numbers(record, model) if isinstance(it, Refusal)]
    lacking = [(r.audit, missing[1]) for r in record.results if r.subject == model and (missing := without_numbers(r))]
    if not refused + lacking:
        return
    yield "Without a number, and why:"
    yield ""
    yield from (f"- {markdown(name, 100)}: {markdown(reason, 600)}" for name, reason in refused + lacking)
    yield ""
