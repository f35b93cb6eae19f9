"""What the audits need, cut out of the corpora: the same for every subject, and whatever else the study does.

Each material depends on its need, the corpora and the seed only, so adding or reordering audits moves no one's numbers.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Literal

import numpy as np

from byheart.core.batches import plan_batches
from byheart.core.context_needs import ChainsNeed, LabelsNeed, LanguagesNeed, RepeatedTokensNeed
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
from byheart.core.streams import stream
from byheart.corpus.encoded import EncodedCorpus, EncodedDocument
from byheart.index.corpus_index import Index
from byheart.study.adaptation_copies import held_out_passage
from byheart.study.context_texts import made_texts
from byheart.study.interpolation_material import DamagedContexts, PathPair, cut_damaged, cut_pairs
from byheart.study.passages import Passage, Prompt, passage_of, round_robin, round_robin_of_texts
from byheart.study.subjects import Cast
from byheart.study.variants import behind_unrelated, canaries, lowercased, prefix_sweep, some_of_each_side

Material = tuple[Passage, ...] | tuple[Prompt, ...] | tuple[PathPair, ...] | tuple[DamagedContexts, ...]


def windows(need: WindowsNeed, cast: Cast, *, rng: np.random.Generator) -> tuple[Passage, ...]:
    """Distinct windows of both sides; more of the trained-on side where strata of occurrences would stay thin.

    Args:
        need: sizes.
        cast: corpora and index.
        rng: draws the places.
    Returns:
        trained-on windows (base sample first, at most one of a document; then those that fill strata, at most one of a
        document in a stratum), then held-out windows, at most one of a document. Copies of a document are one document,
        whose windows occur as often as it does. Both sides by one rule: held-out windows that happen to occur in the
        corpus stay, as common text stays among the trained-on ones.
    """
    length = need.prefix_tokens + need.suffix_tokens
    num_candidates = max(20 * need.num_windows, 2000)
    members = _distinct(cast.trained_on, length, need.prefix_tokens, "member", cast.index, num_candidates, rng=rng)
    controls = _distinct(cast.held_out, length, need.prefix_tokens, "control", cast.index, num_candidates, rng=rng)
    base = _one_per_document(members)[: need.num_windows]
    have = np.zeros(len(need.strata), dtype=np.int64)

    def stratum(passage: Passage) -> int:
        return int(np.searchsorted(need.strata, passage.num_occurrences, side="right")) - 1

    used = {(passage.document, stratum(passage)) for passage in base}
    for passage in base:
        have[stratum(passage)] += 1
    fill = []
    for passage in members:
        place = (passage.document, stratum(passage))
        if place not in used and have[stratum(passage)] < need.num_per_stratum:
            used.add(place)
            have[stratum(passage)] += 1
            fill.append(replace(passage, in_base_sample=False))
    return (*base, *fill, *_one_per_document(controls)[: need.num_windows])


def _one_per_document(passages: Sequence[Passage]) -> list[Passage]:
    first: dict[str, Passage] = {}
    for passage in passages:
        first.setdefault(passage.document, passage)
    return list(first.values())


def _distinct(
    corpus: EncodedCorpus,
    length: int,
    num_given: int,
    role: Literal["member", "control"],
    index: Index,
    limit: int,
    *,
    rng: np.random.Generator,
) -> list[Passage]:
    seen: set[str] = set()
    passages: list[Passage] = []
    for document, start in round_robin_of_texts(corpus, length, rng=rng):
        passage = passage_of(document, start, start + length, role, num_given)
        if passage.fingerprint not in seen:
            seen.add(passage.fingerprint)
            passages.append(passage)
        if len(passages) == limit:
            break
    counts = index.counts([passage.token_ids for passage in passages])
    return [replace(p, num_occurrences=int(c)) for p, c in zip(passages, counts, strict=True)]


def pieces(need: HeldOutNeed, cast: Cast, *, rng: np.random.Generator) -> tuple[Passage, ...]:
    """Pieces of held-out documents: context first, then the tokens whose bits count.

    Documents that are long enough come first, so that every counted token has its context; shorter ones, whole and all
    of their tokens counted, only fill up what is missing.
    """
    length = need.context_tokens + need.scored_tokens
    short = [d for d in cast.held_out.documents if 0 < len(d.token_ids) < length]
    whole = [(short[i], 0, len(short[i].token_ids), 0) for i in rng.permutation(len(short))]
    cut = [(d, at, at + length, need.context_tokens) for d, at in round_robin(cast.held_out, length, rng=rng)]
    places = [*cut, *whole][: need.num_pieces]
    return tuple(held_out_passage(d, start, stop, given, cast.index) for d, start, stop, given in places)


def prompts(need: ContinuationsNeed, cast: Cast, *, rng: np.random.Generator) -> tuple[Prompt, ...]:
    """Beginnings of pieces of held-out documents with the authors' own continuations."""
    places = round_robin(cast.held_out, need.prompt_tokens + need.num_tokens, rng=rng)
    return tuple(_prompt(document, start, need) for document, start in islice(places, need.num_prompts))


def seen_prompts(need: SeenPromptsNeed, cast: Cast, *, rng: np.random.Generator) -> tuple[Prompt, ...]:
    """Beginnings of distinct pieces of trained-on documents, at most one of a document and its copies: one counts."""
    rule = need.continuations
    found: dict[bytes, Prompt] = {}
    used: set[str] = set()
    for document, start in round_robin_of_texts(cast.trained_on, rule.prompt_tokens + rule.num_tokens, rng=rng):
        if len(found) == need.num_prompts:
            break
        if document.name not in used:
            prompt = _prompt(document, start, rule)
            if found.setdefault(prompt.given.tobytes() + prompt.human.tobytes(), prompt) is prompt:
                used.add(document.name)
    return tuple(found.values())


def _prompt(document: EncodedDocument, start: int, rule: ContinuationsNeed) -> Prompt:
    ids = np.ascontiguousarray(document.token_ids[start : start + rule.prompt_tokens + rule.num_tokens], dtype=np.int32)
    given, human = ids[: rule.prompt_tokens], ids[rule.prompt_tokens :]
    return Prompt(document=document.name, given=given, human=human, start=start)


def material(need: Need, cast: Cast, seed: int) -> Material:
    """The material of one need, from its own named stream."""
    rng = stream(seed, "material", repr(need))
    match need:
        case WindowsNeed():
            return windows(need, cast, rng=rng)
        case ComparedWindowsNeed():
            # From the stream of the windows themselves, which are then the very same.
            same = [p for p in material(need.windows, cast, seed) if isinstance(p, Passage)]
            return lowercased(same, longest_tokens(need.windows), cast.tokenizer)
        case HeldOutNeed():
            return pieces(need, cast, rng=rng)
        case ContinuationsNeed():
            return prompts(need, cast, rng=rng)
        case TemperatureNeed():
            same_rng = stream(seed, "material", repr(need.continuations))
            return prompts(need.continuations, cast, rng=same_rng)[: need.num_prompts]
        case SeenPromptsNeed():
            return seen_prompts(need, cast, rng=rng)
        case CanariesNeed():
            return canaries(need, cast, rng=rng)
        case WrittenWindowsNeed() | NearMassNeed():
            return some_of_each_side(_same_windows(need.windows, cast, seed), need.num_windows, rng=rng)
        case UnrelatedPrefixesNeed():
            return behind_unrelated(need, _same_windows(need.windows, cast, seed), cast, rng=rng)
        case PrefixSweepNeed():
            return prefix_sweep(need, windows(need.windows, cast, rng=rng))
        case RepeatedTokensNeed() | ChainsNeed() | LanguagesNeed() | LabelsNeed():
            return made_texts(need, cast.tokenizer, rng=rng)
        case PathsNeed():
            return cut_pairs(need, cast, rng=rng)
        case DamageNeed():
            return cut_damaged(need, windows(need.windows, cast, rng=rng), cast.trained_on, rng=rng)
        case LayersNeed():
            return tuple(p for p in _same_windows(need.windows, cast, seed) if p.in_base_sample)


def _same_windows(need: WindowsNeed, cast: Cast, seed: int) -> tuple[Passage, ...]:
    """The windows that the audit gets for that need, drawn from its stream."""
    return windows(need, cast, rng=stream(seed, "material", repr(need)))


def longest_tokens(need: Need) -> int:
    """Tokens of context that a subject must be able to take for this need."""
    match need:
        case WindowsNeed():
            return need.prefix_tokens + need.suffix_tokens
        case ComparedWindowsNeed():
            return longest_tokens(need.windows)
        case HeldOutNeed():
            return need.context_tokens + need.scored_tokens
        case ContinuationsNeed():
            return need.prompt_tokens + need.num_tokens
        case SeenPromptsNeed() | TemperatureNeed():
            return longest_tokens(need.continuations)
        case CanariesNeed():
            return need.max_tokens
        case PathsNeed() | DamageNeed():
            return need.context_tokens
        case WrittenWindowsNeed() | UnrelatedPrefixesNeed() | PrefixSweepNeed() | NearMassNeed() | LayersNeed():
            return longest_tokens(need.windows)
        case RepeatedTokensNeed() | ChainsNeed() | LanguagesNeed() | LabelsNeed():
            return need.longest_tokens


def batches(passages: Sequence[Passage]) -> list[list[Passage]]:
    """Distinct passages in batches planned from content alone, so that a rerun or a resumption meets the same batches.

    Args:
        passages: what to score; equal ones are scored once.
    """
    # Sorted, so that where a passage was found moves no batch.
    distinct = sorted({passage.fingerprint: passage for passage in passages}.items())
    chosen = [passage for _, passage in distinct]
    return [[chosen[i] for i in batch] for batch in plan_batches([passage.token_ids for passage in chosen])]
