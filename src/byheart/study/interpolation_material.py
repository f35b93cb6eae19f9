"""What the audit of interpolation asks about: pairs of contexts, and contexts with damage, cut out of the corpora."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from byheart.core.needs import DamageNeed, PathsNeed
from byheart.core.tokens import TokenIds, fingerprint_tokens
from byheart.corpus.encoded import EncodedCorpus
from byheart.memorizers.boolean import Boolean
from byheart.study.passages import Passage, round_robin_of_texts
from byheart.study.subjects import Cast

_SCANNED = 100
"""Windows that are looked at for each pair, at most: where the DNF answers seldom, there are fewer pairs."""
_KEPT = 8
"""Windows to choose from for each pair."""


@dataclass(frozen=True, kw_only=True)
class End:
    """One end of a path."""

    document: str
    """Name of its document, untrusted."""
    token_ids: TokenIds
    """The context, shape [context_tokens]."""
    following: int
    """The token after it in the document."""
    fired: int | None
    """What the strongest rule of the DNF says after it; None in a study without a DNF."""


@dataclass(frozen=True, kw_only=True)
class PathPair:
    """Two contexts of equal length."""

    ends: tuple[End, End]
    """Of different documents."""

    @property
    def fingerprint(self) -> str:
        """Of its tokens."""
        return "-".join(fingerprint_tokens(end.token_ids) for end in self.ends)


@dataclass(frozen=True, kw_only=True)
class DamagedContexts:
    """A context as it is and as it is damaged."""

    passage: Passage
    """Where it stands."""
    contexts: tuple[TokenIds, ...]
    """Whole first, then with ever more tokens replaced; each of shape [context_tokens]."""
    num_damaged: tuple[int, ...]
    """Tokens replaced in each but the first."""

    @property
    def fingerprint(self) -> str:
        """Of all its tokens."""
        return fingerprint_tokens(np.concatenate(self.contexts))


def boolean_of(cast: Cast) -> Boolean | None:
    """The DNF of the trained-on text, or None in a study without one."""
    found = (subject.predictor for subject in cast.subjects)
    return next((predictor for predictor in found if isinstance(predictor, Boolean)), None)


def cut_pairs(need: PathsNeed, cast: Cast, *, rng: np.random.Generator) -> tuple[PathPair, ...]:
    """Pairs of held-out contexts between which the DNF changes its answer.

    Documents are coupled at random, and a document makes pairs with its partner only: couples are then independent.
    Every couple gives its first pair before any its second.

    Args:
        need: sizes.
        cast: corpora; where it has a DNF, a rule of it fires after both ends of each pair, and they say different
            tokens.
        rng: draws the places and couples.
    """
    chosen: dict[str, list[End]] = {}
    found = 0
    for end in itertools.islice(_ends(need, cast, rng=rng), _SCANNED * need.num_pairs):
        chosen.setdefault(end.document, []).append(end)
        found += 1
        if found == 2 * _KEPT * need.num_pairs:
            break
    names = list(chosen)
    couples = [_pairs(chosen[a], chosen[b]) for a, b in zip(names[::2], names[1::2], strict=False)]
    turns = itertools.zip_longest(*couples)
    return tuple(itertools.islice((pair for turn in turns for pair in turn if pair is not None), need.num_pairs))


def _ends(need: PathsNeed, cast: Cast, *, rng: np.random.Generator) -> Iterator[End]:
    boolean = boolean_of(cast)
    for document, start in round_robin_of_texts(cast.held_out, need.context_tokens + 1, rng=rng):
        ids = np.ascontiguousarray(document.token_ids[start : start + need.context_tokens + 1], dtype=np.int32)
        rule = None if boolean is None else boolean.explain(ids[:-1])
        if boolean is None or rule is not None:
            fired = None if rule is None else rule.output
            yield End(document=document.name, token_ids=ids[:-1], following=int(ids[-1]), fired=fired)


def _pairs(first: list[End], second: list[End]) -> list[PathPair]:
    """Each end of the first with the next one of the second that the DNF answers otherwise, if it has one."""
    left, pairs = list(second), []
    for end in first:
        place = next((i for i, it in enumerate(left) if end.fired is None or it.fired != end.fired), None)
        if place is not None:
            pairs.append(PathPair(ends=(end, left.pop(place))))
    return pairs


def cut_damaged(
    need: DamageNeed, windows: tuple[Passage, ...], trained_on: EncodedCorpus, *, rng: np.random.Generator
) -> tuple[DamagedContexts, ...]:
    """Contexts of both sides, as many of each, whole and damaged.

    Args:
        need: sizes.
        windows: cut by its rule.
        trained_on: whose tokens stand in for others, each as often as it occurs.
        rng: draws places and tokens.
    Returns:
        members first.
    """
    sides = [[w for w in windows if w.role == role and w.in_base_sample] for role in ("member", "control")]
    num = min(len(side) for side in sides)
    tokens = np.concatenate([document.token_ids for document in trained_on.documents])
    return tuple(_damaged(need, passage, tokens, rng=rng) for side in sides for passage in side[:num])


def _damaged(need: DamageNeed, passage: Passage, tokens: TokenIds, *, rng: np.random.Generator) -> DamagedContexts:
    whole = passage.token_ids[: need.context_tokens]
    return DamagedContexts(
        passage=passage, contexts=damage(whole, need.num_damaged, tokens, rng=rng), num_damaged=need.num_damaged
    )


def damage(
    whole: TokenIds, num_damaged: tuple[int, ...], tokens: TokenIds, *, rng: np.random.Generator
) -> tuple[TokenIds, ...]:
    """A context, and the same with ever more of its tokens replaced by others.

    Args:
        whole: shape [num_tokens].
        num_damaged: ascending.
        tokens: a text whose tokens stand in, each as often as it occurs; one that would change nothing is drawn again,
            a few times.
        rng: draws places and tokens.
    """
    places = rng.permutation(whole.size)
    drawn = tokens[rng.integers(tokens.size, size=(8, whole.size))]
    changes = drawn != whole
    new = drawn[changes.argmax(axis=0), np.arange(whole.size)]
    damaged = [whole]
    for num in num_damaged:
        other = whole.copy()
        other[places[:num]] = new[places[:num]]
        damaged.append(other)
    return tuple(np.ascontiguousarray(one, dtype=np.int32) for one in damaged)
