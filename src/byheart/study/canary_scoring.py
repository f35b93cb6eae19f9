"""Planted secrets from their list to what the exposure audit reads: the texts to score, and the scores pair by pair."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from byheart.core.material import ScoredCanary
from byheart.core.needs import CanariesNeed
from byheart.core.spans import Span
from byheart.core.token_scores import TokenScores
from byheart.core.tokens import TokenIds
from byheart.corpus.secrets import SecretList
from byheart.corpus.tokenizer import Tokenizer
from byheart.study.passages import CanaryPassage

HINT_CHARACTERS = 16
"""Of a canary's beginning; a report is passed on, and whoever knows the canaries can hide what was learned of them."""


def canary_passages(
    secrets: SecretList, need: CanariesNeed, tokenizer: Tokenizer, *, rng: np.random.Generator
) -> tuple[CanaryPassage, ...]:
    """Of each pair the planted secret, its twin and others, each scored from where their tokens part.

    Args:
        secrets: the list.
        need: how many others.
        tokenizer: of who is asked.
        rng: draws the others.
    Returns:
        pair by pair, the planted one first, then its twin; how often they occur in any text is left at 0.
    """
    found: list[CanaryPassage] = []
    for pair in secrets.pairs:
        num = pair.space_size if pair.space_size <= need.max_enumerated else need.num_candidates
        others = pair.others(num, rng=rng)
        texts = [pair.planted_text, pair.twin_text, *others]
        encoded = tokenizer.token_ids_many(texts)
        num_given = common_tokens(encoded)
        parts: list[Literal["planted", "twin", "other"]] = ["planted", "twin", *["other" for _ in others]]  # type: ignore[list-item]
        found += [
            CanaryPassage(
                document=f"canary/{pair.name}",
                span=Span(0, len(text.encode())),
                token_ids=ids,
                role="member" if part == "planted" else "control",
                num_given=num_given,
                num_scored_bytes=len(text.encode()),
                pair=pair,
                part=part,
                is_whole_space=len(others) == pair.space_size - 2,
            )
            for text, ids, part in zip(texts, encoded, parts, strict=True)
        ]
    return tuple(found)


def common_tokens(texts: Sequence[TokenIds]) -> int:
    """Tokens that all texts begin with, the last token of none among them."""
    shortest = min(text.size for text in texts)
    same = (np.stack([text[:shortest] for text in texts]) == texts[0][:shortest]).all(axis=0)
    return min(int(np.cumprod(same).sum()), shortest - 1)


def scored_canaries(passages: Sequence[CanaryPassage], scores: Mapping[str, TokenScores]) -> tuple[ScoredCanary, ...]:
    """What the exposure audit reads, pair by pair.

    Args:
        passages: of `canary_passages`.
        scores: of each passage, by its fingerprint.
    Returns:
        of an endpoint that reads text parts of a pair may be missing; such a pair is left out.
    """
    pairs: dict[str, list[CanaryPassage]] = {}
    for passage in passages:
        pairs.setdefault(passage.pair.name, []).append(passage)
    found = []
    for own in pairs.values():
        nats = [float(scores[p.fingerprint].log_probability_nats.sum()) for p in own]
        by_part = {p.part: (p, value) for p, value in zip(own, nats, strict=True)}
        others = [value for p, value in zip(own, nats, strict=True) if p.part == "other"]
        if len(by_part) < 3:
            continue
        (planted, planted_nats), (twin, twin_nats) = by_part["planted"], by_part["twin"]
        found.append(
            ScoredCanary(
                name=planted.pair.name,
                kind=planted.pair.kind,
                hint=planted.pair.beginning[:HINT_CHARACTERS],
                repetitions=planted.pair.repetitions,
                entropy_bits=planted.pair.entropy_bits,
                planted_nats=planted_nats,
                twin_nats=twin_nats,
                others_nats=np.array(others, dtype=np.float64),
                is_whole_space=planted.is_whole_space,
                num_planted_found=planted.num_occurrences,
                num_twin_found=twin.num_occurrences,
            )
        )
    return tuple(found)
