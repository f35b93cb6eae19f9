"""What everyone says of the made texts, as the context audit sees it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from byheart.core.context_material import ContextAnswers, Integers, LabelPrompts, RepeatedTokens, RuledPrompts
from byheart.core.context_needs import ChainsNeed, ContextNeed, LabelsNeed, LanguagesNeed, RepeatedTokensNeed
from byheart.core.tokens import Floats, TokenIds
from byheart.study.asking import Answers
from byheart.study.context_texts import MadePassage, Part
from byheart.study.subjects import Cast, Subject

_Nats = Callable[[str, Part], Floats]
"""(predictor, part) -> nats of the scored tokens of each prompt's text, shape [N, scored tokens]."""


def context_answers(
    need: ContextNeed, subject: Subject, asked: Answers, cast: Cast, before: ContextAnswers | None
) -> ContextAnswers:
    """The answers of a subject, and of the memorizers and poles beside it, to the texts of one need.

    Args:
        need: whose texts.
        subject: stands first.
        asked: what everyone said.
        cast: who stands beside it.
        before: answers to other needs, which are kept.
    """
    made = [item for item in asked.materials[need] if isinstance(item, MadePassage)]
    names = [subject.name, *(s.name for s in cast.subjects if s.role not in ("model", "base"))]
    names = [name for name in dict.fromkeys(names) if (name, need) in asked.scores or (name, need) in asked.nats]
    whole = _whole(made, need)

    def nats(name: str, part: Part) -> Floats:
        found = asked.nats.get((name, need))
        if found is None:
            scores = asked.scores[name, need]
            found = {key: one.log_probability_nats for key, one in scores.items()}
        return np.array([found[p.fingerprint] for p in whole if p.part == part])

    found = ContextAnswers(names=tuple(names)) if before is None else before
    match need:
        case RepeatedTokensNeed():
            return replace(found, repeated=_repeated(need, names, nats))
        case ChainsNeed():
            return replace(found, chains=_ruled(need, names, whole, nats))
        case LanguagesNeed():
            return replace(found, languages=_ruled(need, names, whole, nats))
        case LabelsNeed():
            return replace(found, labels=_labels(need, names, whole, nats))


def _whole(made: Sequence[MadePassage], need: ContextNeed) -> list[MadePassage]:
    """Without prompts of which texts are missing: an endpoint that reads text may read some of them otherwise."""
    texts = 2 * need.num_classes if isinstance(need, LabelsNeed) else 2
    count = np.bincount([p.number for p in made])
    return [p for p in made if count[p.number] == texts]


def _repeated(need: RepeatedTokensNeed, names: Sequence[str], nats: _Nats) -> RepeatedTokens:
    ruled = {name: nats(name, "ruled") for name in names}
    return RepeatedTokens(
        first={name: both[:, : need.num_tokens] for name, both in ruled.items()},
        again={name: both[:, need.num_tokens :] for name, both in ruled.items()},
        other={name: nats(name, "control") for name in names},
    )


def _ruled(
    need: ChainsNeed | LanguagesNeed, names: Sequence[str], whole: Sequence[MadePassage], nats: _Nats
) -> RuledPrompts:
    ruled = [p for p in whole if p.part == "ruled"]
    return RuledPrompts(
        num_symbols=need.num_symbols,
        symbols=np.array([p.symbols for p in ruled]),
        rows=np.array([p.rows for p in ruled]),
        shuffled=np.array([p.symbols for p in whole if p.part == "control"]),
        ruled_nats={name: nats(name, "ruled") for name in names},
        shuffled_nats={name: nats(name, "control") for name in names},
    )


def _labels(need: LabelsNeed, names: Sequence[str], whole: Sequence[MadePassage], nats: _Nats) -> LabelPrompts:
    k = need.num_classes
    return LabelPrompts(
        right=np.array([p.symbols[0] for p in whole if p.part == "ruled"])[::k],
        ruled_nats={name: nats(name, "ruled").reshape(-1, k) for name in names},
        dealt_nats={name: nats(name, "control").reshape(-1, k) for name in names},
        copied=_copied(whole, "ruled", k),
        copied_dealt=_copied(whole, "control", k),
    )


def _copied(whole: Sequence[MadePassage], part: Part, num_labels: int) -> Integers:
    """Number of the label that each prompt's own longest repeated ending goes on with, -1 where it is none of them."""
    texts = [p.token_ids for p in whole if p.part == part]
    found = []
    for at in range(0, len(texts), num_labels):
        labels = [int(ids[-1]) for ids in texts[at : at + num_labels]]
        token = next_by_copy(texts[at][:-1])
        found.append(labels.index(token) if token in labels else -1)
    return np.array(found, dtype=np.int64)


def next_by_copy(prompt: TokenIds) -> int:
    """The token after the last earlier place of the longest ending of a prompt that stands in it before; -1 for none.

    Args:
        prompt: token ids, shape [num_tokens].
    Source: protocols.md, B5: the copy in the prompt.
    Differs: nothing.
    """
    best, token = 0, -1
    for stop in range(prompt.size - 1, 0, -1):
        length = 0
        while length < stop and prompt[stop - 1 - length] == prompt[prompt.size - 1 - length]:
            length += 1
        if length > best:
            best, token = length, int(prompt[stop])
    return token
