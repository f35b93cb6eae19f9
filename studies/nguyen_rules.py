"""Nguyen 2024, "Understanding transformers via n-gram statistics" (2407.12034): does some rule of 7 tokens say it too?

There: for 79 % of the next tokens (TinyStories) and 68 % (Wikipedia) a rule chosen with hindsight among those over the
last 7 tokens has the transformer's most probable token. A rule looks at some of the last 7 tokens, adjacent or not, and
says what followed them most often in the training text. Choosing with hindsight flatters, so the same is asked of
models that never saw that text, and of the longest suffix without hindsight (back-off).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from byheart.core.evidence import Cell, Interval, Point, Table
from byheart.core.streams import stream
from byheart.core.tokens import Floats, TokenIds
from byheart.corpus.documents import Corpus
from byheart.corpus.tokenizer import Tokenizer
from byheart.models.causal import CausalPredictor
from byheart.models.transformer.config import NetworkConfig
from byheart.models.transformer.predictor import reference_predictor
from byheart.models.transformer.recipe import TrainingRecipe
from byheart.models.transformer.training import train
from byheart.stats.shares import paired_differences, token_shares
from studies.learners import library, score_all
from studies.presentation import BLUE, GREY, Answer, Dot, dot_figure, options

WINDOW = 7
THERE = 0.79
CONFIDENCE = 0.95
Ids = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Size:
    """Of one run."""

    tokens: int
    """That a model is trained on."""
    steps: int
    documents: int
    """Held-out documents that are asked about."""
    positions: int
    """Of each."""


FULL = Size(tokens=300_000, steps=800, documents=100, positions=40)
QUICK = Size(tokens=20_000, steps=40, documents=20, positions=20)


@dataclass(frozen=True)
class Said:
    """What the rules say at each asked place."""

    by_mask: Ids
    """The token of each rule, -1 where its literals never occur, shape [2 ** WINDOW, num_places]."""

    def agrees(self, argmax: Ids) -> npt.NDArray[np.bool_]:
        """Whether some rule says it, shape [num_places]."""
        return np.asarray((self.by_mask == argmax).any(axis=0))

    def backed_off(self) -> Ids:
        """What the longest suffix of at most WINDOW tokens says, shape [num_places]."""
        found = self.by_mask[0].copy()
        for length in range(1, WINDOW + 1):
            said = self.by_mask[2**length - 1]
            found = np.where(said >= 0, said, found)
        return found


def rules_say(corpus: Ids, contexts: Ids) -> Said:
    """What followed most often, equals by the smaller token, for each subset of the last WINDOW places.

    Args:
        corpus: the training text in one run, each document behind WINDOW places of -1.
        contexts: the last WINDOW tokens of each place, nearest last, -1 before the start, shape [num_places, WINDOW].
    """
    at = np.flatnonzero(corpus >= 0)
    said = np.full((2**WINDOW, contexts.shape[0]), -1, dtype=np.int64)

    def look(mask: int, offset: int, alive: Ids, own: Ids, asked: Ids) -> None:
        """Fills the masks that add offsets above `offset` to a mask.

        Args:
            mask: offsets that are looked at, offset 1 as the lowest bit.
            offset: the farthest of them, 0 for none.
            alive: corpus places that agree with some asked one there.
            own: a number for what each of them sees there.
            asked: the same for the asked places.
        """
        said[mask] = _most_frequent(own, corpus[alive], asked)
        for farther in range(offset + 1, WINDOW + 1):
            seen = np.concatenate([own, asked]) * (int(corpus.max()) + 2)
            seen += np.concatenate([corpus[alive - farther], contexts[:, WINDOW - farther]]) + 1
            names = np.unique(seen, return_inverse=True)[1].reshape(-1)
            mine, theirs = names[: alive.size], names[alive.size :]
            kept = np.isin(mine, theirs)
            look(mask | 1 << (farther - 1), farther, alive[kept], mine[kept], theirs)

    look(0, 0, at, np.zeros(at.size, dtype=np.int64), np.zeros(contexts.shape[0], dtype=np.int64))
    return Said(said)


def _most_frequent(names: Ids, following: Ids, asked: Ids) -> Ids:
    """What follows each asked name most often, equals by the smaller token, -1 where it has no place."""
    if not names.size:
        return np.full(asked.size, -1, dtype=np.int64)
    vocabulary = int(following.max()) + 1
    pairs, counts = np.unique(names * vocabulary + following, return_counts=True)
    # The last of equal names is the most frequent, of equally frequent ones the smallest token.
    order = np.lexsort((-(pairs % vocabulary), counts, pairs // vocabulary))
    sorted_names, tokens = (pairs // vocabulary)[order], (pairs % vocabulary)[order]
    last = np.maximum(np.searchsorted(sorted_names, asked, side="right") - 1, 0)
    return np.where(sorted_names[last] == asked, tokens[last], -1)


def in_one_run(documents: Sequence[TokenIds]) -> Ids:
    """The documents, each behind WINDOW places of -1."""
    gap = np.full(WINDOW, -1, dtype=np.int64)
    return np.concatenate([part for document in documents for part in (gap, document.astype(np.int64))])


def model_of(
    documents: Sequence[TokenIds], tokenizer: Tokenizer, num_steps: int, *, rng: np.random.Generator
) -> CausalPredictor:
    """A transformer of 3 layers, trained on the documents."""
    config = NetworkConfig(
        vocabulary_size=tokenizer.vocabulary_size, end_id=tokenizer.end_id, width=128, num_layers=3,
        context_tokens=128,
    )  # fmt: skip
    return reference_predictor(
        train(documents, config, TrainingRecipe(num_steps=num_steps, optimizer="muon"), rng=rng).network
    )


def share(flags: npt.NDArray[np.bool_], places: Ids) -> Interval:
    """Of the places, with an interval over their documents."""
    sizes = np.bincount(places).astype(np.float64)
    return token_shares(_hits(flags, places), sizes, confidence=CONFIDENCE)[0]


def _hits(flags: npt.NDArray[np.bool_], places: Ids) -> Floats:
    """Of each document, shape [num_documents, 1]."""
    return np.bincount(places, flags.astype(np.float64)).astype(np.float64)[:, None]


def over_floor(own: npt.NDArray[np.bool_], floor: npt.NDArray[np.bool_], places: Ids) -> Interval:
    """The difference of two shares of the same places, with an interval over their documents."""
    sizes = np.bincount(places).astype(np.float64)
    return paired_differences(_hits(own, places), _hits(floor, places), sizes, confidence=CONFIDENCE)[0]


def summary(said: Said, argmax: dict[str, Ids], truth: Ids, places: Ids) -> tuple[Table, str]:
    """Agreement of each model with hindsight and without, and the figure."""
    trained, *others = argmax
    rows: list[tuple[Cell, ...]] = []
    for name, ids in (*argmax.items(), ("the text itself", truth)):
        oracle, backed = share(said.agrees(ids), places), share(said.backed_off() == ids, places)
        right = share(ids == truth, places)
        below: tuple[Cell, ...] = (None, None, None)
        if name in others:
            below = _bounds(over_floor(said.agrees(argmax[trained]), said.agrees(ids), places))
        rows.append((name, places.size, *_bounds(oracle), *_bounds(backed), right.value, *below))
    first = share(said.agrees(argmax[trained]), places)
    floors = [(name, over_floor(said.agrees(argmax[trained]), said.agrees(argmax[name]), places)) for name in others]
    least, excess = min(floors, key=lambda pair: pair[1].value)
    holds = "holds" if first.low >= THERE else "does not hold" if first.high < THERE else "open"
    more = f"{100 * excess.value:.1f} points ({100 * excess.low:.1f} to {100 * excess.high:.1f})"
    title = (
        f"{holds}: some rule of at most {WINDOW} tokens says what the transformer says for {100 * first.value:.1f} % "
        f"({100 * first.low:.1f} to {100 * first.high:.1f}) of tokens, {100 * THERE:.0f} % there; {more} more than for "
        f"the nearest floor, {least}"
    )
    columns = (
        "model", "places", "some rule, share", "low", "high", "longest suffix, share", "low", "high", "right, share",
        f"{trained} says more by rule, paired, share", "low", "high",
    )  # fmt: skip
    return Table(name="nguyen_rules", title=title, columns=columns, rows=tuple(rows)), figure_of(rows, title)


def figure_of(rows: Sequence[tuple[Cell, ...]], title: str) -> str:
    """The SVG of the table's rows: with hindsight and without, a row for each model."""
    dots = [
        Dot(str(name), colour, Point(0.0, float(value or 0.0), float(low or 0.0), float(high or 0.0)))
        for name, _, *numbers in rows
        for colour, (value, low, high) in ((BLUE, numbers[:3]), (GREY, numbers[3:6]))
    ]
    x = "said by some rule (blue), by the longest suffix (grey); dashed: 79 %"
    return dot_figure(title, x, dots, THERE, 1.0)


def _bounds(it: Interval) -> tuple[float, float, float]:
    return it.value, it.low, it.high


def main() -> None:
    asked = options("nguyen_rules", __doc__).parse_args()
    answer, size = Answer("nguyen_rules", asked), QUICK if asked.quick else FULL
    rng = stream(asked.seed, "nguyen rules")
    found = library(largest_bytes=20_000).documents
    order = [found[i] for i in rng.permutation(len(found))]
    unseen, pool = order[: size.documents], order[size.documents :]
    tokenizer = Tokenizer.train(Corpus(tuple(pool)), 1024)
    halves = [_first(tokenizer.token_ids_many([d.text for d in pool[at::2]]), size.tokens) for at in (0, 1)]
    texts, places, contexts, truth = [], [], [], []
    for number, ids in enumerate(tokenizer.token_ids_many([d.text for d in unseen])):
        ids = ids[:120]
        chosen = np.sort(rng.choice(ids.size, size=min(size.positions, ids.size), replace=False))
        padded = np.concatenate([np.full(WINDOW, -1), ids])
        texts.append((ids, chosen))
        places.append(np.full(chosen.size, number))
        contexts.append(np.stack([padded[at : at + WINDOW] for at in chosen]))
        truth.append(ids[chosen].astype(np.int64))
    argmax = {}
    for name, documents, steps in (
        ("trained on the corpus", halves[0], size.steps),
        ("trained on other files", halves[1], size.steps),
        ("hardly trained", halves[1], 1),
    ):
        model = model_of(documents, tokenizer, steps, rng=stream(asked.seed, "nguyen rules", name))
        scores = score_all(model, [ids for ids, _ in texts], [0] * len(texts))
        argmax[name] = np.concatenate(
            [one.argmax_id[chosen].astype(np.int64) for one, (_, chosen) in zip(scores, texts, strict=True)]
        )
    said = rules_say(in_one_run(halves[0]), np.concatenate(contexts))
    answer.give(*summary(said, argmax, np.concatenate(truth), np.concatenate(places)))


def _first(documents: Sequence[TokenIds], num_tokens: int) -> list[TokenIds]:
    """The first documents with so many tokens."""
    sizes = np.cumsum([document.size for document in documents])
    return list(documents[: int(np.searchsorted(sizes, num_tokens)) + 1])


if __name__ == "__main__":
    main()
