"""Asks every subject for everything that the audits need, once."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from byheart.core.material import ContinuationsNeed, HeldOutNeed, Need
from byheart.core.predictor import Chooses, Samples, Scores
from byheart.core.progress import Progress
from byheart.core.token_scores import TokenScores
from byheart.core.tokens import TokenIds
from byheart.memorizers.memorizer import Memorizer
from byheart.study.endpoint_texts import readable
from byheart.study.journal import Journal
from byheart.study.materials import Material, Passage, Prompt, longest_tokens, material
from byheart.study.score_cache import score_cache
from byheart.study.scoring import Clock, Throughput, continue_prompts, score_passages
from byheart.study.subjects import Cast, Subject


@dataclass
class Answers:
    """Everything that was asked of the subjects, once."""

    materials: dict[Need, Material]
    """By need, the same for every subject."""
    scores: dict[tuple[str, Need], dict[str, TokenScores]]
    """By subject and need: scores by fingerprint of the text."""
    written: dict[tuple[str, Need], list[TokenIds]]
    """By subject and need: continuations in the order of the prompts."""
    throughput: dict[str, Throughput]
    """By subject."""
    abstentions: dict[tuple[str, Need], dict[str, npt.NDArray[np.bool_]]] = field(default_factory=dict)
    """By memorizer and need: for each token whether it had no answer of its own, by fingerprint of the text."""
    notes: tuple[str, ...] = ()
    """What was left out, for the report."""


def lacking(subject: Subject, need: Need, found: Material) -> str | None:
    """Why this subject cannot serve this need, or None when it can."""
    predictor = subject.predictor
    if not found:
        return "The sources have no text long enough for it."
    if predictor.context_tokens is not None and longest_tokens(need) > predictor.context_tokens:
        return f"It needs {longest_tokens(need)} tokens of context; {subject.name} takes {predictor.context_tokens}."
    if isinstance(need, ContinuationsNeed):
        if not isinstance(predictor, Samples):
            return f"{subject.name} cannot write text ({predictor.access})."
        return predictor.lacks(need.decoding) if isinstance(predictor, Chooses) else None
    return None if isinstance(predictor, Scores) else f"{subject.name} gives no log-probabilities of a given text."


def ask_everyone(
    cast: Cast, needs: tuple[Need, ...], seed: int, journal: Journal, *, clock: Clock, on_progress: Progress
) -> Answers:
    """Scores and samples everything that the audits need."""
    cache = score_cache()
    cut = {need: material(need, cast, seed) for need in needs}
    materials, notes = readable(cut, cast.subjects, on_progress=on_progress)
    result = Answers(materials, {}, {}, {subject.name: Throughput() for subject in cast.subjects}, notes=notes)
    for subject in cast.subjects:
        for need, found in materials.items():
            if lacking(subject, need, found) is not None:
                continue
            if isinstance(need, ContinuationsNeed):
                prompts = [item for item in found if isinstance(item, Prompt)]
                texts = continue_prompts(subject, need, prompts, journal, seed, on_progress=on_progress)
                result.written[subject.name, need] = texts
            else:
                passages = [item for item in found if isinstance(item, Passage)]
                scores, speed = score_passages(
                    subject, need, passages, journal, cache=cache, clock=clock, on_progress=on_progress
                )
                result.scores[subject.name, need] = scores
                if isinstance(need, HeldOutNeed) and isinstance(subject.predictor, Memorizer):
                    abstentions = {p.fingerprint: subject.predictor.abstentions(p.token_ids) for p in passages}
                    result.abstentions[subject.name, need] = abstentions
                result.throughput[subject.name].tokens += speed.tokens
                result.throughput[subject.name].seconds += speed.seconds
    return result
