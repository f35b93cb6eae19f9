"""Asks a subject in which layer its predictions form, batch by batch, through the journal."""

from collections.abc import Sequence
from typing import Any

from byheart.core.codec import array_from_json, array_to_json
from byheart.core.complexity_material import Formation
from byheart.core.needs import LayersNeed
from byheart.core.predictor import Layered
from byheart.core.progress import Progress, silent
from byheart.study.journal import Journal
from byheart.study.materials import batches
from byheart.study.passages import Passage
from byheart.study.subjects import Subject


def lacks_layers(subject: Subject) -> str | None:
    """Why this subject cannot say in which layer a prediction forms, or None when it can."""
    predictor = subject.predictor
    if not isinstance(predictor, Layered):
        return f"{subject.name} has no layers to look into ({predictor.access})."
    return predictor.lacks_lens()


def ask_layers(
    subject: Subject,
    need: LayersNeed,
    passages: Sequence[Passage],
    journal: Journal,
    *,
    on_progress: Progress = silent,
) -> dict[str, Formation]:
    """Where the predictions of the tokens that are not given form, by fingerprint of the passage.

    Args:
        subject: whose predictor is Layered.
        need: part of the journal's keys.
        passages: what to ask.
        journal: keeps acknowledged batches.
        on_progress: told after each batch.
    """
    predictor = subject.predictor
    assert isinstance(predictor, Layered)
    found: dict[str, Formation] = {}
    for batch in batches(passages):
        identity = ",".join(passage.fingerprint for passage in batch)
        key = f"layers/{subject.name}/{predictor.fingerprint}/{need!r}/{identity}"
        if key not in journal:
            formed = predictor.formations([p.token_ids for p in batch], [p.num_given for p in batch])
            journal.put(key, [_to_json(it) for it in formed])
        else:
            formed = [_from_json(raw) for raw in journal.get(key)]
        found |= {passage.fingerprint: it for passage, it in zip(batch, formed, strict=True)}
        on_progress(f"layers of {subject.name}", len(found), len(passages))
    return found


def _to_json(it: Formation) -> list[Any]:
    return [array_to_json(array) for array in (it.layers, it.argmax_id, it.log_probability_nats)]


def _from_json(raw: list[Any]) -> Formation:
    layers, argmax_id, nats = (array_from_json(array) for array in raw)
    return Formation(layers=layers, argmax_id=argmax_id, log_probability_nats=nats)
