"""Merrill et al. 2024 (2406.13069): for n > 4 generated text is less novel than deduplicated human text.

A small transformer is trained on documents of the Python standard library and continues beginnings of held-out ones, by
plain sampling and by colder rules. n-grams are looked up in what it was trained on, beside those of the human authors
of the same beginnings: as they are, and deduplicated, that is without documents of which a run of 32 tokens or more
stands in the training text. (The paper deduplicates its held-out text against the corpus; its model is Pythia-12B.)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from byheart.audits.novelty import DEDUPLICATED_TOKENS
from byheart.audits.novelty_shares import curve, ngram_counts, points
from byheart.audits.novelty_tables import difference_of
from byheart.core.decoding import Decoding
from byheart.core.evidence import Cell, Table
from byheart.core.material import Continuation
from byheart.core.streams import stream
from byheart.core.tokens import TokenIds
from byheart.corpus.documents import Corpus
from byheart.corpus.encoded import EncodedDocument, encode_corpus
from byheart.corpus.tokenizer import Tokenizer
from byheart.index.corpus_index import Index
from byheart.study.lab.storing import index_of
from byheart.study.passages import round_robin
from studies.learners import library, small_transformer
from studies.presentation import BLACK, BLUE, GREY, RED, Answer, Curve, curve_figure, options

GIVEN = 32
RULES: Mapping[str, Decoding] = {
    "temperature 1": Decoding(temperature=1.0),
    "temperature 1, top-k 10": Decoding(temperature=1.0, top_k=10),
    "temperature 0.5": Decoding(temperature=0.5),
}
"""How it writes, the plain rule first: the finding is about that."""
LENGTHS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32, 50, 100)
CLAIMED = tuple(n for n in LENGTHS if 4 < n < DEDUPLICATED_TOKENS)
"""n of the finding; from 32 on, deduplicated text is new by construction."""
HUMAN, DEDUPLICATED = "human", "human, deduplicated"


@dataclass(frozen=True)
class Size:
    """Of one run."""

    documents: int
    """Trained on."""
    vocabulary: int
    """Tokens of the tokenizer."""
    num_steps: int
    """Of the training."""
    prompts: int
    """Continued."""
    tokens: int
    """Written after each."""


FULL = Size(documents=80, vocabulary=2048, num_steps=1200, prompts=500, tokens=100)
QUICK = Size(documents=20, vocabulary=512, num_steps=60, prompts=40, tokens=40)


@dataclass(frozen=True)
class Written:
    """What was written, and by whom."""

    texts: Mapping[str, Sequence[Continuation]]
    """By rule, and by the human authors; prompt by prompt."""
    kept: frozenset[str]
    """Held-out documents that copy nothing long."""


def write(size: Size, seed: int) -> Written:
    """Trains, writes and looks up."""
    rng = stream(seed, "merrill")
    documents = library().documents
    order = rng.permutation(len(documents))
    seen = Corpus(tuple(documents[at] for at in order[: size.documents]))
    tokenizer = Tokenizer.train(seen, size.vocabulary)
    trained_on = [d.token_ids for d in encode_corpus(seen, tokenizer)]
    held_out = encode_corpus(Corpus(tuple(documents[at] for at in order[size.documents :])), tokenizer)
    index = index_of(trained_on, tokenizer.vocabulary_size)
    context = GIVEN + size.tokens
    shape = {"width": 96, "num_layers": 3, "context_tokens": context}
    model = small_transformer(trained_on, tokenizer, num_steps=size.num_steps, rng=rng, **shape)
    places = list(zip(range(size.prompts), round_robin(held_out, context, rng=rng), strict=False))
    found = [
        (document, document.token_ids[start : start + context].astype(np.int32)) for _, (document, start) in places
    ]
    texts = {HUMAN: _looked_up([(d, ids[GIVEN:]) for d, ids in found], index)}
    for name, rule in RULES.items():
        written = model.sample([ids[:GIVEN] for _, ids in found], rule, size.tokens, rng=stream(seed, "merrill", name))
        texts[name] = _looked_up([(d, ids) for (d, _), ids in zip(found, written, strict=True)], index)
    asked = {document.name: document.token_ids.astype(np.int32) for document, _ in found}
    longest = {name: int(index.longest_matches(ids).lengths.max()) for name, ids in asked.items()}
    return Written(texts, frozenset(name for name, tokens in longest.items() if tokens < DEDUPLICATED_TOKENS))


def _looked_up(texts: Sequence[tuple[EncodedDocument, TokenIds]], index: Index) -> list[Continuation]:
    return [
        Continuation(
            prompt_index=at,
            document=document.name,
            token_ids=ids,
            longest_match_tokens=index.longest_matches(ids).lengths if ids.size else np.zeros(0, dtype=np.int64),
        )
        for at, (document, ids) in enumerate(texts)
    ]


def summary(found: Written) -> tuple[Table, str]:
    """n by n beside both human baselines, the verdict, and the figure."""
    rows: list[tuple[Cell, ...]] = []
    below: dict[str, list[int]] = {}
    for rule in (name for name in found.texts if name != HUMAN):
        for n in LENGTHS:
            cells: list[Cell] = []
            for is_kept in (False, True):
                pairs = [
                    pair
                    for pair in zip(found.texts[rule], found.texts[HUMAN], strict=True)
                    if (not is_kept or pair[0].document in found.kept) and min(p.token_ids.size for p in pair) >= n
                ]
                sides = [ngram_counts([pair[i] for pair in pairs], n) for i in (0, 1)] if pairs else []
                it = difference_of(sides, n, confidence=0.95) if sides else None
                shares = [float(novel[:, n - 1].sum() / total[:, n - 1].sum()) for novel, total in sides] if it else []
                cells += [*shares, it.value, it.low, it.high] if it else [None] * 5
                if it and is_kept and n in CLAIMED and it.high < 0:
                    below.setdefault(rule, []).append(n)
            rows.append((rule, n, *cells))
    title = _verdict(found, rows, below)
    both = ("written", "human", "difference", "low", "high")
    columns = ("rule", "n", *both, *(f"dedup.: {column}" for column in both))
    return Table(name="merrill_novelty", title=title, columns=columns, rows=tuple(rows)), _figure(found, title)


def _verdict(found: Written, rows: Sequence[tuple[Cell, ...]], below: Mapping[str, Sequence[int]]) -> str:
    plain = next(name for name in found.texts if name != HUMAN)
    at_eight = next((row for row in rows if row[0] == plain and row[1] == 8), None)
    less = below.get(plain, ())
    word = "holds" if len(less) == len(CLAIMED) else "holds in part" if less else "does not hold"
    said = f"For n > 4 less novel than deduplicated human text: {word} ({len(less)} of {len(CLAIMED)} n) at {plain}"
    if at_eight is not None and isinstance(at_eight[9], float):
        word = "less" if at_eight[9] < 0 else "more"
        said += f"; at n = 8 it is {100 * abs(at_eight[9]):.1f} points {word} novel"
    colder = [
        f"{name}: {len(below.get(name, ()))} of {len(CLAIMED)}" for name in found.texts if name not in (HUMAN, plain)
    ]
    return "; ".join((said, *colder))


def _figure(found: Written, title: str) -> str:
    longest = max(LENGTHS)
    texts = dict(found.texts)
    texts[DEDUPLICATED] = [text for text in texts[HUMAN] if text.document in found.kept]
    colours = {HUMAN: BLACK, DEDUPLICATED: GREY}
    others = iter((BLUE, RED, "#009E73"))
    drawn = [
        Curve(name, colours.get(name) or next(others), points(curve(ngram_counts(of, longest), confidence=0.95)))
        for name, of in texts.items()
        if len({text.document for text in of}) >= 5
    ]
    return curve_figure(title, "n", "share of n-grams not in the training text", drawn, x_is_log=True)


def main() -> None:
    asked = options("merrill_novelty", __doc__).parse_args()
    answer = Answer("merrill_novelty", asked)
    answer.give(*summary(write(QUICK if asked.quick else FULL, asked.seed)))


if __name__ == "__main__":
    main()
