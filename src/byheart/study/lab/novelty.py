"""A5 as an experiment: what networks and memorizers of one small language write (audits/novelty_sentences.py)."""

import inspect
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from byheart.audits import novelty_sentences as audit
from byheart.audits.novelty_lab_params import PROFILES, Params
from byheart.audits.novelty_writings import FEWEST_SEEDS, Writing
from byheart.core.audit import method_parts
from byheart.core.decoding import Decoding
from byheart.core.predictor import Samples
from byheart.core.progress import Progress
from byheart.core.provenance import SubjectProvenance
from byheart.core.streams import stream
from byheart.core.tokens import TokenIds
from byheart.study.lab.axis import Axis, Finding, Piece, seeds_counted, subject_of
from byheart.study.lab.novelty_writers import MEMORIZER, ROOM_WORDS, build_memorizers, sentences, train_network
from byheart.study.lab.sentences import BEGIN_ID, MOST_DEPTH, WORDS, is_sentence

MODEL, LOOKUP, BLIND, LANGUAGE = "transformer", "lookup:table", "blind:untrained", "the language itself"
_ROLES = {MODEL: "model", LOOKUP: "lookup pole", BLIND: "blind pole"}
_EXAMPLES = 6
_STEPS_PER_TEXTS = 15
"""Writing the sentences of one temperature costs about as much as so many steps of the training."""
_TIMED_STEPS, _WARM_STEPS = 12, 3


def pieces(params: Params) -> tuple[Piece, ...]:
    """Of each seed, the network and the memorizers."""
    writings = (
        _STEPS_PER_TEXTS * len(params.temperatures) * (7 + len(params.markov_orders) + len(params.suffix_samplers))
    )
    return tuple(
        Piece(key=f"seed {number}, {part}", steps=steps, step_cost=1.0)
        for number in range(1, params.num_seeds + 1)
        for part, steps in (("network", params.num_steps), ("memorizers", writings))
    )


def _work(params: Params, piece: Piece, seed: int, on_progress: Progress) -> dict[str, Any]:
    number, part = piece.key.removeprefix("seed ").split(", ")
    seed_index = int(number) - 1
    trained_on, calibration, fresh = sentences(params, seed_index, seed)
    known = frozenset(sentence.tobytes() for sentence in trained_on)
    path = ("lab", "novelty", number, "write")
    if part == "network":
        from byheart.models.transformer.predictor import reference_predictor

        rng = stream(seed, "lab", "novelty", number, "train")
        untrained, network = train_network(params, trained_on, rng=rng, on_progress=on_progress)
        writers: dict[str, Samples] = {MODEL: reference_predictor(network), BLIND: reference_predictor(untrained)}
    else:
        writers = build_memorizers(params, trained_on, calibration)
    counts: dict[str, dict[str, list[int]]] = {}
    examples: list[list[Any]] = []
    for name, writer in writers.items():
        counts[name] = {}
        for temperature in params.temperatures:
            rng = stream(seed, *path, name, str(temperature))
            texts = _write(writer, temperature, params, rng=rng)
            counts[name][str(temperature)] = _counts(texts, known)
            if name == MODEL and temperature == 1.0:
                examples = _examples(texts, known)
            if part == "memorizers":
                on_progress("train", sum(map(len, counts.values())), len(writers) * len(params.temperatures), name)
    sizes = {name: writer.size_bytes for name, writer in writers.items()}
    if part == "memorizers":
        stored = stream(seed, *path, LOOKUP).integers(len(trained_on), size=params.num_written)
        counts[LOOKUP] = {"1.0": _counts([trained_on[at] for at in stored.tolist()], known)}
        counts[LANGUAGE] = {"1.0": _counts(fresh, known)}
        # A table of all sentences, each word in as many bits as tell the words apart.
        words = sum(sentence.size + 1 for sentence in trained_on)
        sizes[LOOKUP] = int(np.ceil(words * np.log2(len(WORDS)) / 8))
    return {"counts": counts, "sizes": sizes, "examples": examples}


def _write(writer: Samples, temperature: float, params: Params, *, rng: np.random.Generator) -> list[TokenIds | None]:
    """Sentences, each from its beginning; None for one that did not end."""
    most = params.most_words + ROOM_WORDS
    begun = [np.array([BEGIN_ID], dtype=np.int32)] * params.num_written
    written = writer.sample(begun, Decoding(temperature=temperature), most + 1, rng=rng)
    return [text if text.size <= most else None for text in written]


def _counts(texts: Sequence[TokenIds | None], known: frozenset[bytes]) -> list[int]:
    """Written, novel, valid, both."""
    is_novel = [text is None or text.tobytes() not in known for text in texts]
    is_valid = [text is not None and is_sentence(text) for text in texts]
    both = sum(a and b for a, b in zip(is_novel, is_valid, strict=True))
    return [len(texts), sum(is_novel), sum(is_valid), both]


def _examples(texts: Sequence[TokenIds | None], known: frozenset[bytes]) -> list[list[Any]]:
    """Some of the new sentences: words, and whether they are in the language; as many of both kinds as there are."""
    found: dict[bool, list[list[Any]]] = {True: [], False: []}
    for text in texts:
        if text is not None and text.tobytes() not in known:
            right = is_sentence(text)
            found[right].append([" ".join(WORDS[token] for token in text.tolist()), right])
    return [one for right in (True, False) for one in found[right][: _EXAMPLES // 2]]


def _writings(params: Params, kept: Mapping[str, dict[str, Any]]) -> list[Writing]:
    return [
        Writing(
            subject=name,
            seed_index=seed_index,
            temperature=float(temperature),
            num_written=counts[0],
            num_novel=counts[1],
            num_valid=counts[2],
            num_valid_novel=counts[3],
        )
        for seed_index in range(params.num_seeds)
        for part in ("network", "memorizers")
        for name, by_temperature in kept[f"seed {seed_index + 1}, {part}"]["counts"].items()
        for temperature, counts in by_temperature.items()
    ]


def _findings(params: Params, kept: Mapping[str, dict[str, Any]]) -> tuple[Finding, ...]:
    writings = _writings(params, kept)
    names = list(dict.fromkeys(it.subject for it in writings))
    memorizers = [name for name in names if name.startswith(MEMORIZER)]
    order = (MODEL, LANGUAGE, LOOKUP, BLIND, *memorizers)
    sizes: dict[str, int] = {}
    for part in ("network", "memorizers"):
        sizes |= kept[f"seed 1, {part}"]["sizes"]
    of = {name: [it for it in writings if it.subject == name] for name in names}
    everyone = [it for name in order for it in of[name]]
    compared = [it for name in memorizers for it in of[name]]
    found = []
    for name in (MODEL, LOOKUP, BLIND, *memorizers):
        evidence = audit.evidence(of[name], params, others=compared if name == MODEL else ())
        if name == MODEL:
            evidence += audit.model_evidence(of[name], everyone, memorizers, sizes, params)
            evidence += audit.examples(kept["seed 1, network"]["examples"])
        found.append(Finding(subject=_subject(name, sizes[name], of[name]), evidence=evidence))
    return tuple(found)


def _subject(name: str, size_bytes: int, writings: Sequence[Writing]) -> SubjectProvenance:
    numbers = [[it.seed_index, it.temperature, it.num_novel, it.num_valid, it.num_valid_novel] for it in writings]
    role = _ROLES.get(name, "memorizer")
    return subject_of(name, role, size_bytes, numbers)


def _scores(params: Params, kept: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "writer": it.subject,
            "seed_index": it.seed_index,
            "temperature": it.temperature,
            "num_written": it.num_written,
            "num_novel": it.num_novel,
            "num_valid": it.num_valid,
            "num_valid_novel": it.num_valid_novel,
        }
        for it in _writings(params, kept)
    ]


def seconds_per_cost(params: Params) -> float:
    """Seconds of one gradient step."""
    import dataclasses

    few = dataclasses.replace(params, num_sentences=200, num_calibration=1, num_written=1)
    trained_on, _, _ = sentences(few, 0, 0)
    seconds = 0.0
    for num_steps in (_WARM_STEPS, _TIMED_STEPS):
        began = time.perf_counter()
        train_network(dataclasses.replace(few, num_steps=num_steps), trained_on, rng=stream(0, "lab", "speed"))
        seconds = time.perf_counter() - began
    return seconds / _TIMED_STEPS


def _data(params: Params) -> tuple[dict[str, str | int], dict[str, str | int]]:
    source = f"sentences of a grammar with recursion and agreement, {len(WORDS) - 2} words"
    return (
        {"source": source, "documents": params.num_sentences},
        {"source": f"{source}, drawn anew", "documents": params.num_written},
    )


def _notes(params: Params) -> tuple[str, ...]:
    said = [
        "A sentence that does not stand in the training data counts as new, however like one of them it is. Sentences "
        f"were drawn with at most {MOST_DEPTH} clauses inside one another and {params.most_words} words."
    ]
    if params.num_seeds < 5:
        said.append(
            f"Only {seeds_counted(params.num_seeds)}: a look, not a result; below {FEWEST_SEEDS} seeds the intervals "
            "are over sentences and say nothing of other seeds. The standard profile has 5."
        )
    return tuple(said)


def _title(params: Params) -> str:
    layers = f"{params.num_layers} layer{'s' if params.num_layers > 1 else ''}"
    return f"what is new of what a transformer of width {params.width} and {layers} writes"


def _method() -> dict[str, str]:
    return method_parts(inspect.getdoc(audit) or "")


AXIS = Axis(
    name="novelty",
    version=2,
    question="Is what it writes new, and is the new part valid?",
    profiles=PROFILES,
    method=_method,
    title=_title,
    pieces=pieces,
    seconds_per_cost=seconds_per_cost,
    work=_work,
    findings=_findings,
    scores=_scores,
    data=_data,
    notes=_notes,
)
