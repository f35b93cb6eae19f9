"""Windows in another form: in lower case, behind other prefixes, with shorter ones; and secrets beside their twins."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from byheart.core.needs import CanariesNeed, PrefixSweepNeed, UnrelatedPrefixesNeed
from byheart.corpus.tokenizer import Tokenizer
from byheart.study.canary_scoring import canary_passages
from byheart.study.passages import CanaryPassage, Passage, round_robin
from byheart.study.subjects import Cast


def some_of_each_side(
    passages: Sequence[Passage], num_windows: int, *, rng: np.random.Generator
) -> tuple[Passage, ...]:
    """Windows of the base sample of each side, drawn: those that are repeated most stand first in it."""
    base = [passage for passage in passages if passage.in_base_sample]
    sides = ([passage for passage in base if passage.role == role] for role in ("member", "control"))
    return tuple(passage for side in sides for passage in _some(side, num_windows, rng=rng))


def _some(passages: Sequence[Passage], num: int, *, rng: np.random.Generator) -> list[Passage]:
    """So many of them, drawn, in their order."""
    return [passages[i] for i in sorted(rng.permutation(len(passages))[:num].tolist())]


def lowercased(windows: Sequence[Passage], length: int, tokenizer: Tokenizer) -> tuple[Passage, ...]:
    """The base sample of some windows in lower case: prefix and suffix lowered and encoded by themselves.

    Args:
        windows: as `windows` cuts them.
        length: tokens of a window; what is longer in lower case loses the start of its prefix, then the end of its
            suffix, so that whoever can take the windows can take these.
        tokenizer: of the windows.
    Returns:
        in the same order, under the place of the window that each was made of; where nothing is left of a suffix
        (bytes that are no character), none.
    """
    base = [passage for passage in windows if passage.in_base_sample]
    parts = [part for p in base for part in (p.token_ids[: p.num_given], p.token_ids[p.num_given :])]
    # A window may begin or end inside a character, whose half is no text.
    encoded = tokenizer.token_ids_many(
        [tokenizer.decode(part).strip("\N{REPLACEMENT CHARACTER}").lower() for part in parts]
    )
    found = []
    for passage, given, scored in zip(base, encoded[::2], encoded[1::2], strict=True):
        scored = scored[:length]
        given = given[max(0, given.size + scored.size - length) :]
        if scored.size:
            ids = np.concatenate([given, scored]).astype(np.int32)
            found.append(replace(passage, token_ids=ids, num_given=int(given.size)))
    return tuple(found)


def canaries(need: CanariesNeed, cast: Cast, *, rng: np.random.Generator) -> tuple[CanaryPassage, ...]:
    """Of each pair the planted secret, its twin and others, each scored from where their tokens part."""
    if cast.canaries is None:
        return ()
    found = canary_passages(cast.canaries, need, cast.tokenizer, rng=rng)
    asked = [passage for passage in found if passage.part != "other"]
    counts = iter(cast.index.counts([passage.token_ids for passage in asked]))
    return tuple(p if p.part == "other" else replace(p, num_occurrences=int(next(counts))) for p in found)


def behind_unrelated(
    need: UnrelatedPrefixesNeed, found: Sequence[Passage], cast: Cast, *, rng: np.random.Generator
) -> tuple[Passage, ...]:
    """Suffixes of trained-on windows behind prefixes of held-out documents; each keeps the place of its window."""
    members = [passage for passage in found if passage.role == "member"]
    base, filling = ([p for p in members if p.in_base_sample is wanted] for wanted in (True, False))
    chosen = [*_some(base, need.num_windows, rng=rng), *_some(filling, need.num_windows, rng=rng)]
    length = need.windows.prefix_tokens
    places = islice(round_robin(cast.held_out, length, rng=rng), need.num_prefixes)
    prefixes = [document.token_ids[start : start + length] for document, start in places]
    joined = (
        (passage, np.concatenate((prefix, passage.token_ids[passage.num_given :])).astype(np.int32))
        for passage in chosen
        for prefix in prefixes
    )
    return tuple(replace(passage, token_ids=token_ids, num_given=length) for passage, token_ids in joined)


def prefix_sweep(need: PrefixSweepNeed, found: Sequence[Passage]) -> tuple[Passage, ...]:
    """Each window with shorter prefixes too; all keep the place of the longest, so that they are told to be one."""
    return tuple(
        replace(passage, token_ids=passage.token_ids[passage.num_given - given :], num_given=given)
        for given in need.prefixes_tokens
        for passage in found
    )
