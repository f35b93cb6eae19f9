"""What a memorizer and a transformer say of texts and secrets that neither ever saw."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from byheart.core.material import ComparedWindow, ScoredCanary, Window
from byheart.core.predictor import Scores
from byheart.core.spans import Span
from byheart.core.streams import stream
from byheart.core.tokens import TokenIds
from byheart.corpus.encoded import EncodedDocument, encode_corpus
from byheart.corpus.secrets import SecretPair, make_secrets
from byheart.corpus.splits import split
from byheart.corpus.tokenizer import Tokenizer
from byheart.study.canary_scoring import common_tokens
from byheart.study.subjects import build_index
from byheart.study.yardstick import build_pole
from studies.learners import library, score_all, small_transformer

GIVEN, SCORED = 50, 50
MEMORIZER, TRANSFORMER = "memorizer", "transformer"


@dataclass(frozen=True)
class Pool:
    """What one predictor says of texts and secrets that it never saw."""

    windows: tuple[ComparedWindow, ...]
    """One of each document."""
    canaries: tuple[ScoredCanary, ...]


def pools(
    seed: int, number: int, *, num_windows: int, num_pairs: int, num_steps: int
) -> tuple[dict[str, Pool], Tokenizer]:
    """The pools of one world, by predictor: a deal of the library, of whose smaller part both predictors are made."""
    rng = stream(seed, "null studies", str(number))
    parts = split(library(), calibration_share=0.0, held_out_share=0.6, rng=rng)
    tokenizer = Tokenizer.train(parts.train, 1024)
    other = encode_corpus(parts.train, tokenizer)
    learned = small_transformer(
        [d.token_ids for d in other], tokenizer, num_steps=num_steps, width=64, num_layers=2, rng=rng
    )
    predictors: dict[str, Scores] = {
        MEMORIZER: build_pole(build_index(other, tokenizer), tokenizer),
        TRANSFORMER: learned,
    }
    windows, lowered = _windows(encode_corpus(parts.held_out, tokenizer).documents, tokenizer, num_windows, rng)
    secrets = make_secrets(num_pairs, seed=seed, repetitions=(1,), digits=4, words=2, rng=rng).pairs
    candidates = [(pair, [pair.beginning + s for s in pair.secrets] + [*pair.others(63, rng=rng)]) for pair in secrets]
    of_windows = {name: score_all(p, windows, [GIVEN] * len(windows)) for name, p in predictors.items()}
    found = {}
    for name, predictor in predictors.items():
        (reference,) = (of_windows[other_name] for other_name in predictors if other_name != name)
        low = score_all(predictor, [ids for ids, _ in lowered], [given for _, given in lowered])
        compared = tuple(
            ComparedWindow(
                window=Window(
                    role="control", document=str(i), span=Span(0, 1), num_occurrences=0, in_base_sample=True,
                    prefix=windows[i][:GIVEN], suffix=scores,
                ),
                lowercase=low[i].log_probability_nats,
                reference=reference[i].log_probability_nats,
            )
            for i, scores in enumerate(of_windows[name])
        )  # fmt: skip
        found[name] = Pool(compared, tuple(_canary(pair, texts, predictor, tokenizer) for pair, texts in candidates))
    return found, tokenizer


def _windows(
    documents: Sequence[EncodedDocument], tokenizer: Tokenizer, most: int, rng: np.random.Generator
) -> tuple[list[TokenIds], list[tuple[TokenIds, int]]]:
    """A window of each document, and the same in lower case with the number of its given tokens."""
    windows, lowered = [], []
    for document in [d for d in documents if d.num_tokens >= GIVEN + SCORED][:most]:
        start = int(rng.integers(document.num_tokens - GIVEN - SCORED + 1))
        ids = document.token_ids[start : start + GIVEN + SCORED].astype(np.int32)
        parts = [tokenizer.decode(part).lower() for part in (ids[:GIVEN], ids[GIVEN:])]
        before, after = tokenizer.token_ids_many(parts)
        windows.append(ids)
        lowered.append((np.concatenate([before[-GIVEN:], after[:SCORED]]), min(GIVEN, before.size)))
    return windows, lowered


def _canary(pair: SecretPair, texts: Sequence[str], predictor: Scores, tokenizer: Tokenizer) -> ScoredCanary:
    """A pair as the study of a model has it: each candidate scored from where their tokens part."""
    ids = tokenizer.token_ids_many(texts)
    given = common_tokens(ids)
    nats = np.array([float(s.log_probability_nats.sum()) for s in score_all(predictor, ids, [given] * len(ids))])
    return ScoredCanary(
        name=pair.name, kind=pair.kind, hint="", repetitions=1, entropy_bits=pair.entropy_bits, planted_nats=nats[0],
        twin_nats=nats[1], others_nats=nats[2:], is_whole_space=False, num_planted_found=1, num_twin_found=0,
    )  # fmt: skip
