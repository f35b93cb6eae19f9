"""Turns answers into what an audit may see: pure data of one subject."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from byheart.core.context_needs import ChainsNeed, LabelsNeed, LanguagesNeed, RepeatedTokensNeed
from byheart.core.explanation import Explanation
from byheart.core.material import (
    ComparedWindow,
    Continuation,
    Inputs,
    Ladder,
    Piece,
    Prediction,
    SearchedWindow,
    Window,
    WrittenWindow,
)
from byheart.core.needs import (
    CanariesNeed,
    ComparedWindowsNeed,
    ContinuationsNeed,
    DamageNeed,
    HeldOutNeed,
    LayersNeed,
    NearMassNeed,
    Need,
    PathsNeed,
    PrefixSweepNeed,
    SeenPromptsNeed,
    TemperatureNeed,
    UnrelatedPrefixesNeed,
    WindowsNeed,
    WrittenWindowsNeed,
)
from byheart.core.novelty_material import NoveltyMaterial, Writer
from byheart.core.token_scores import TokenScores
from byheart.core.tokens import Floats, TokenIds
from byheart.study.adaptation_copies import HeldOutPassage
from byheart.study.asking import Answers
from byheart.study.canary_scoring import scored_canaries
from byheart.study.complexity_layers import layered_windows
from byheart.study.context_answers import context_answers
from byheart.study.ladder import RUNGS
from byheart.study.passages import CanaryPassage, Passage, Prompt
from byheart.study.subjects import Cast, Subject
from byheart.study.yardstick import BLIND, MIXTURE


def _ladder(need: Need, subject: Subject, passage: Passage, asked: Answers) -> Ladder:
    """What the memorizers and the blind pole say of the scored tokens of a window."""

    def scores_of(name: str) -> TokenScores | None:
        return asked.scores.get((name, need), {}).get(passage.fingerprint)

    answers: dict[Explanation, list[TokenIds]] = {
        Explanation.KNOWLEDGE: [asked.stored[need][passage.fingerprint][passage.num_given :]]
    }
    for rung, names in RUNGS.items():
        said = [scores.argmax_id for name in names if (scores := scores_of(name)) is not None]
        if said:
            answers[rung] = said
    mixture, blind = scores_of(MIXTURE), scores_of(BLIND)
    return Ladder(
        answers=answers,
        mixture_nats=None if mixture is None else mixture.log_probability_nats,
        # The floor of the floor would be itself.
        unrelated=None if blind is None or subject.name == BLIND else blind.argmax_id,
    )


def _windows(
    need: WindowsNeed | UnrelatedPrefixesNeed | PrefixSweepNeed, subject: Subject, asked: Answers
) -> tuple[Window, ...]:
    scores = asked.scores[subject.name, need]
    return tuple(
        Window(
            role=p.role,
            document=p.document,
            span=p.span,
            num_occurrences=p.num_occurrences,
            in_base_sample=p.in_base_sample,
            prefix=p.token_ids[: p.num_given],
            suffix=scores[p.fingerprint],
            num_given_bytes=len(p.span) - p.num_scored_bytes,
            ladder=_ladder(need, subject, p, asked) if need in asked.stored else None,
        )
        for p in asked.materials[need]
        if isinstance(p, Passage)
    )


def _compared(need: ComparedWindowsNeed, subject: Subject, asked: Answers, cast: Cast) -> tuple[ComparedWindow, ...]:
    """The base sample beside itself in lower case and beside what the reference and the mixture say of it."""
    lowered = asked.scores[subject.name, need]
    lowercase = {_place(p): lowered[p.fingerprint] for p in asked.materials[need] if isinstance(p, Passage)}
    reference = cast.reference_of(subject)

    def said(name: str | None, passage: Passage) -> Floats | None:
        scores = asked.scores.get((name, need.windows)) if name is not None else None
        return None if scores is None else scores[passage.fingerprint].log_probability_nats

    passages = [p for p in asked.materials[need.windows] if isinstance(p, Passage)]
    windows = _windows(need.windows, subject, asked)
    return tuple(
        ComparedWindow(
            window=window,
            lowercase=lowercase[place].log_probability_nats if (place := _place(passage)) in lowercase else None,
            reference=said(reference.name if reference is not None else None, passage),
            mixture=said(MIXTURE, passage),
        )
        for window, passage in zip(windows, passages, strict=True)
        if passage.in_base_sample
    )


def _place(passage: Passage) -> tuple[str, str, int]:
    return passage.role, passage.document, passage.span.start


def _written(need: WrittenWindowsNeed, subject: Subject, asked: Answers) -> tuple[WrittenWindow, ...]:
    passages = [item for item in asked.materials[need] if isinstance(item, Passage)]
    return tuple(
        WrittenWindow(role=p.role, document=p.document, span=p.span, suffix=p.token_ids[p.num_given :], written=text)
        for p, text in zip(passages, asked.written[subject.name, need], strict=True)
    )


def _searched(need: NearMassNeed, subject: Subject, asked: Answers) -> tuple[SearchedWindow, ...]:
    passages = [item for item in asked.materials[need] if isinstance(item, Passage)]
    return tuple(
        SearchedWindow(
            role=p.role,
            document=p.document,
            span=p.span,
            verbatim=math.exp(it.log_verbatim_nats),
            mass=math.exp(it.log_mass_nats),
            num_texts=it.num_texts,
            is_whole=it.is_whole,
        )
        for p, it in zip(passages, asked.searched[subject.name, need], strict=True)
    )


def _prediction(subject: Subject, need: HeldOutNeed, passage: Passage, asked: Answers) -> Prediction:
    scores = asked.scores[subject.name, need][passage.fingerprint]
    abstentions = asked.abstentions.get((subject.name, need))
    return Prediction(
        log_probability_nats=scores.log_probability_nats,
        is_argmax=scores.is_argmax,
        abstains=None if abstentions is None else abstentions[passage.fingerprint][passage.num_given :],
    )


def _pieces(need: HeldOutNeed, subject: Subject, asked: Answers, cast: Cast) -> tuple[Piece, ...]:
    return tuple(
        Piece(
            document=p.document,
            num_bytes=p.num_scored_bytes,
            subject=_prediction(subject, need, p, asked),
            memorizers={s.name: _prediction(s, need, p, asked) for s in cast.memorizers},
            copies=p.copies if isinstance(p, HeldOutPassage) else None,
        )
        for p in asked.materials[need]
        if isinstance(p, Passage)
    )


def _continuations(
    texts: list[TokenIds], prompts: list[Prompt], cast: Cast, longest: dict[bytes, Any]
) -> tuple[Continuation, ...]:
    found = []
    for number, (ids, prompt) in enumerate(zip(texts, prompts, strict=True)):
        key = ids.tobytes()
        if key not in longest:
            longest[key] = cast.index.longest_matches(ids).lengths if ids.size else np.zeros(0, dtype=np.int64)
        found.append(
            Continuation(
                prompt_index=number, document=prompt.document, token_ids=ids, longest_match_tokens=longest[key]
            )
        )
    return tuple(found)


def _novelty(
    need: ContinuationsNeed, subject: Subject, prompts: list[Prompt], asked: Answers, cast: Cast
) -> NoveltyMaterial:
    others = cast.subjects if subject.role == "model" else ()
    writers = {
        other.name: Writer(
            role=other.role, continuations=_continuations(asked.written[other.name, need], prompts, cast, {})
        )
        for other in others
        if other.name != subject.name and (other.name, need) in asked.written
    }
    return NoveltyMaterial(places=asked.places[need], writers=writers)


def inputs_for(
    needs: tuple[Need, ...], subject: Subject, asked: Answers, cast: Cast, lacking: Mapping[Need, str] | None = None
) -> Inputs:
    """What an audit may see of one subject.

    Args:
        needs: of the audit.
        subject: who was asked.
        asked: what everyone said.
        cast: corpora and index.
        lacking: needs that could not be served, and why.
    """
    parts: dict[str, Any] = {"lacking": lacking or {}}
    for need in needs:
        if need in parts["lacking"]:
            continue
        match need:
            case WindowsNeed():
                parts["windows"] = _windows(need, subject, asked)
                names = {window.document for window in parts["windows"] if window.role == "member"}
                documents = (document for document in cast.trained_on.documents if document.name in names)
                parts["document_bytes"] = {document.name: document.num_bytes for document in documents}
            case ComparedWindowsNeed():
                parts["compared"] = _compared(need, subject, asked, cast)
                reference = cast.reference_of(subject)
                parts["reference"] = reference.name if reference is not None else None
            case UnrelatedPrefixesNeed():
                parts["behind_unrelated"] = _windows(need, subject, asked)
            case PrefixSweepNeed():
                parts["prefix_sweep"] = _windows(need, subject, asked)
            case LayersNeed():
                parts["layered"] = layered_windows(need, subject, asked)
            case WrittenWindowsNeed():
                parts["written"] = _written(need, subject, asked)
            case NearMassNeed():
                parts["searched"] = _searched(need, subject, asked)
            case HeldOutNeed():
                parts["pieces"] = _pieces(need, subject, asked, cast)
                parts["sizes_bytes"] = {s.name: s.predictor.size_bytes for s in (subject, *cast.memorizers)}
                parts["mixture"] = cast.mixture
            case ContinuationsNeed():
                prompts = [p for p in asked.materials[need] if isinstance(p, Prompt)]
                human = [p.human for p in prompts]
                longest: dict[bytes, Any] = {}
                written = asked.written[subject.name, need]
                parts["continuations"] = _continuations(written, prompts, cast, longest)
                parts["human"] = _continuations(human, prompts, cast, longest)
                parts["novelty"] = _novelty(need, subject, prompts, asked, cast)
            case TemperatureNeed():
                prompts = [p for p in asked.materials[need] if isinstance(p, Prompt)]
                texts = _continuations(asked.written[subject.name, need], prompts, cast, {})
                parts["tempered"] = {**parts.get("tempered", {}), need.temperature: texts}
            case SeenPromptsNeed():
                prompts = [p for p in asked.materials[need] if isinstance(p, Prompt)]
                parts["attacked"] = _continuations(asked.written[subject.name, need], prompts, cast, {})
            case PathsNeed():
                everyone = {name: found[name] for (name, asked_for), found in asked.paths.items() if asked_for == need}
                parts["paths"] = everyone | asked.paths[subject.name, need]
            case DamageNeed():
                parts["damaged"] = {name: it for (name, asked_for), it in asked.damaged.items() if asked_for == need}
            case CanariesNeed():
                planted = [p for p in asked.materials[need] if isinstance(p, CanaryPassage)]
                parts["canaries"] = scored_canaries(planted, asked.scores[subject.name, need])
            case RepeatedTokensNeed() | ChainsNeed() | LanguagesNeed() | LabelsNeed():
                parts["context"] = context_answers(need, subject, asked, cast, parts.get("context"))
    return Inputs(subject=subject.name, decode=cast.tokenizer.decode, **parts)
