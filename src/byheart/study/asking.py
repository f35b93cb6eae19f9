"""Asks every subject for everything that the audits need, once."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from byheart.core.complexity_material import Formation
from byheart.core.context_needs import ContextNeed
from byheart.core.interpolation_material import DamagedWindow
from byheart.core.needs import (
    CanariesNeed,
    ContinuationsNeed,
    DamageNeed,
    HeldOutNeed,
    LayersNeed,
    NearMassNeed,
    Need,
    PathsNeed,
    WindowsNeed,
    WritingNeed,
)
from byheart.core.novelty_material import Place
from byheart.core.predictor import Chooses, Distributes, Samples, Scores
from byheart.core.progress import Progress
from byheart.core.token_scores import TokenScores
from byheart.core.tokens import Floats, TokenIds
from byheart.memorizers.memorizer import Memorizer
from byheart.stats.near_mass import NearMass
from byheart.study.complexity_asking import ask_layers, lacks_layers
from byheart.study.context_asking import memorizer_nats
from byheart.study.endpoint_texts import readable
from byheart.study.interpolation_asking import Found, ask_damaged, ask_paths, lacking_interpolation
from byheart.study.interpolation_material import DamagedContexts, PathPair
from byheart.study.journal import Journal
from byheart.study.ladder import stored_answers
from byheart.study.materials import Material, longest_tokens, material
from byheart.study.near_texts import search_passages
from byheart.study.novelty_places import places
from byheart.study.passages import CanaryPassage, Passage, Prompt, prompts_of
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
    searched: dict[tuple[str, Need], list[NearMass]] = field(default_factory=dict)
    """By subject and need: what was found near each passage, in their order."""
    abstentions: dict[tuple[str, Need], dict[str, npt.NDArray[np.bool_]]] = field(default_factory=dict)
    """By memorizer and need: for each token whether it had no answer of its own, by fingerprint of the text."""
    nats: dict[tuple[str, Need], dict[str, Floats]] = field(default_factory=dict)
    """By memorizer and need of made texts: log-probability of each token, and no other statistic, by fingerprint."""
    stored: dict[Need, dict[str, TokenIds]] = field(default_factory=dict)
    """By need of windows: what the corpus has after the long match before each token, by fingerprint of the text."""
    paths: dict[tuple[str, Need], Found] = field(default_factory=dict)
    """By subject and need: what it and its controls answer between two contexts, by name."""
    damaged: dict[tuple[str, Need], tuple[DamagedWindow, ...]] = field(default_factory=dict)
    """By subject and need: what it answers after damage."""
    formations: dict[tuple[str, Need], dict[str, Formation]] = field(default_factory=dict)
    """By subject and need: where the predictions of each text form, by fingerprint of the text."""
    places: dict[Need, tuple[Place, ...]] = field(default_factory=dict)
    """By need of continuations: where each prompt stands."""
    notes: tuple[str, ...] = ()
    """What was left out, for the report."""


def lacking(subject: Subject, need: Need, found: Material) -> str | None:
    """Why this subject cannot serve this need, or None when it can."""
    predictor = subject.predictor
    if isinstance(need, CanariesNeed):
        return _lacking_canaries(subject, need, found)
    if not found:
        return "The sources have no text long enough for it."
    if predictor.context_tokens is not None and longest_tokens(need) > predictor.context_tokens:
        return f"It needs {longest_tokens(need)} tokens of context; {subject.name} takes {predictor.context_tokens}."
    if isinstance(need, WritingNeed):
        if not isinstance(predictor, Samples):
            return f"{subject.name} cannot write text ({predictor.access})."
        return predictor.lacks(need.decoding) if isinstance(predictor, Chooses) else None
    if isinstance(need, PathsNeed | DamageNeed):
        return lacking_interpolation(subject, need)
    if isinstance(need, NearMassNeed):
        shows = isinstance(predictor, Distributes)
        return None if shows else f"{subject.name} does not show the whole distribution of the next token."
    if isinstance(need, LayersNeed):
        return lacks_layers(subject)
    return None if isinstance(predictor, Scores) else f"{subject.name} gives no log-probabilities of a given text."


def _lacking_canaries(subject: Subject, need: CanariesNeed, found: Material) -> str | None:
    """Why this subject cannot be asked about planted secrets, or None when it can."""
    predictor = subject.predictor
    planted = [passage for passage in found if isinstance(passage, CanaryPassage) and passage.part == "planted"]
    if not planted:
        return "No canaries were named, or none is readable."
    longest = max(item.token_ids.size for item in found if isinstance(item, Passage))
    if predictor.context_tokens is not None and longest > predictor.context_tokens:
        return f"A canary has up to {longest} tokens; {subject.name} takes {predictor.context_tokens}."
    if not isinstance(predictor, Scores):
        return f"{subject.name} gives no log-probabilities of a given text."
    missing = sum(passage.num_occurrences == 0 for passage in planted)
    if missing and isinstance(predictor, Memorizer) and subject.role != "blind pole":
        return (
            f"{missing} of {len(planted)} planted canaries do not stand in the trained-on text as it was given, so "
            "what was built from that text cannot know them. Give the file that `byheart canary plant` wrote."
        )
    return None


def ask_everyone(
    cast: Cast, needs: tuple[Need, ...], seed: int, journal: Journal, *, clock: Clock, on_progress: Progress
) -> Answers:
    """Scores and samples everything that the audits need."""
    cache = score_cache()
    cut = {need: material(need, cast, seed) for need in needs}
    materials, notes = readable(cut, cast.subjects, on_progress=on_progress)
    result = Answers(materials, {}, {}, {subject.name: Throughput() for subject in cast.subjects}, notes=notes)
    for need, found in materials.items():
        if isinstance(need, WindowsNeed | LayersNeed):
            ids = {item.fingerprint: item.token_ids for item in found if isinstance(item, Passage)}
            result.stored[need] = {
                name: stored_answers(cast.index, token_ids, cast.tokenizer.end_id) for name, token_ids in ids.items()
            }
        if isinstance(need, ContinuationsNeed):
            result.places[need] = places([item for item in found if isinstance(item, Prompt)], cast)
    for subject in cast.subjects:
        for need, found in materials.items():
            if lacking(subject, need, found) is not None:
                continue
            if isinstance(need, WritingNeed):
                prompts = prompts_of(found)
                texts = continue_prompts(subject, need, prompts, journal, seed, on_progress=on_progress)
                result.written[subject.name, need] = texts
                continue
            if isinstance(need, PathsNeed):
                pairs = [item for item in found if isinstance(item, PathPair)]
                asked_paths = ask_paths(subject, need, pairs, journal, seed, on_progress=on_progress)
                result.paths[subject.name, need] = asked_paths
                continue
            if isinstance(need, DamageNeed):
                damaged = [item for item in found if isinstance(item, DamagedContexts)]
                answers = ask_damaged(subject, need, damaged, journal, on_progress=on_progress)
                result.damaged[subject.name, need] = answers
                continue
            passages = [item for item in found if isinstance(item, Passage)]
            if isinstance(need, LayersNeed):
                formed = ask_layers(subject, need, passages, journal, on_progress=on_progress)
                result.formations[subject.name, need] = formed
            elif isinstance(need, NearMassNeed):
                end_id = cast.tokenizer.end_id
                near = search_passages(subject, need, passages, journal, end_id=end_id, on_progress=on_progress)
                result.searched[subject.name, need] = near
            elif isinstance(need, ContextNeed) and isinstance(subject.predictor, Memorizer):
                said = memorizer_nats(subject.predictor, passages, on_progress=on_progress)
                result.nats[subject.name, need] = said
            else:
                # Planted secrets are not kept where other runs keep their scores.
                kept = None if isinstance(need, CanariesNeed) else cache
                scores, speed = score_passages(
                    subject, need, passages, journal, cache=kept, clock=clock, on_progress=on_progress
                )
                result.scores[subject.name, need] = scores
                if isinstance(need, HeldOutNeed) and isinstance(subject.predictor, Memorizer):
                    abstentions = {p.fingerprint: subject.predictor.abstentions(p.token_ids) for p in passages}
                    result.abstentions[subject.name, need] = abstentions
                result.throughput[subject.name].tokens += speed.tokens
                result.throughput[subject.name].seconds += speed.seconds
    return result
