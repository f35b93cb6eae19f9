"""Turns answers into what an audit may see: pure data of one subject."""

from typing import Any

import numpy as np

from byheart.core.material import (
    Continuation,
    ContinuationsNeed,
    HeldOutNeed,
    Inputs,
    Need,
    Piece,
    Prediction,
    Window,
    WindowsNeed,
)
from byheart.core.tokens import TokenIds
from byheart.study.asking import Answers
from byheart.study.materials import Passage, Prompt
from byheart.study.subjects import Cast, Subject


def _windows(need: WindowsNeed, subject: Subject, asked: Answers) -> tuple[Window, ...]:
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
        )
        for p in asked.materials[need]
        if isinstance(p, Passage)
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


def inputs_for(needs: tuple[Need, ...], subject: Subject, asked: Answers, cast: Cast) -> Inputs:
    """What an audit may see of one subject."""
    parts: dict[str, Any] = {}
    for need in needs:
        match need:
            case WindowsNeed():
                parts["windows"] = _windows(need, subject, asked)
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
    return Inputs(subject=subject.name, decode=cast.tokenizer.decode, **parts)
