"""Score once: each text goes through each predictor once, batch by batch, through the journal."""

import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from byheart.core.codec import array_from_json, array_to_json, token_scores_from_json, token_scores_to_json
from byheart.core.needs import Need, WritingNeed
from byheart.core.predictor import Samples, Scores
from byheart.core.progress import Progress, silent
from byheart.core.streams import stream
from byheart.core.token_scores import TokenScores
from byheart.core.tokens import TokenIds
from byheart.core.visible import visible
from byheart.study.journal import Journal
from byheart.study.materials import batches
from byheart.study.passages import Passage, Prompt
from byheart.study.score_cache import ScoreCache, scores_of
from byheart.study.subjects import Subject

_logger = logging.getLogger(__name__)
PROMPTS_PER_BATCH = 64
Clock = Callable[[], float]


@dataclass
class Throughput:
    """How fast a subject was scored; measured, so not part of the results."""

    tokens: int = 0
    """Tokens scored in this run, those read back from the journal or the cache left out."""
    seconds: float = 0.0
    """Seconds spent on them."""


def _key(kind: str, subject: Subject, need: Need, number: int) -> str:
    return f"{kind}/{subject.name}/{subject.predictor.fingerprint}/{need!r}/{number}"


def _batch_identity(batch: Sequence[Passage]) -> str:
    """Identifies the passages of a batch, so that a journal of other batches is never read for them."""
    return hashlib.blake2b("\n".join(passage.fingerprint for passage in batch).encode(), digest_size=16).hexdigest()


def score_passages(
    subject: Subject,
    need: Need,
    passages: Sequence[Passage],
    journal: Journal,
    *,
    cache: ScoreCache | None = None,
    clock: Clock = time.perf_counter,
    on_progress: Progress = silent,
) -> tuple[dict[str, TokenScores], Throughput]:
    """Scores of the tokens of every distinct passage that are not given, by fingerprint.

    A batch found in the journal or the cache is read back; the others are scored. Each is journaled before the next
    begins.

    Args:
        subject: whose predictor offers Scores.
        need: what the passages were cut for; part of the journal's keys.
        passages: what to score.
        journal: keeps acknowledged batches.
        cache: keeps a model's scores between runs; None for none.
        clock: seconds.
        on_progress: told after each batch.
    """
    predictor = subject.predictor
    assert isinstance(predictor, Scores)
    found: dict[str, TokenScores] = {}
    throughput = Throughput()
    planned = batches(passages)
    total = sum(len(p.token_ids) for batch in planned for p in batch)
    done = 0
    for number, batch in enumerate(planned):
        texts, given = [passage.token_ids for passage in batch], [passage.num_given for passage in batch]
        key = _key("score", subject, need, number) + "/" + _batch_identity(batch)
        if key not in journal:
            started = clock()
            scores, are_new = scores_of(predictor, texts, given, cache)
            if are_new:
                throughput.seconds += clock() - started
                throughput.tokens += sum(len(s) for s in scores)
            journal.put(key, [token_scores_to_json(s) for s in scores])
        else:
            scores = [token_scores_from_json(raw) for raw in journal.get(key)]
        found |= {passage.fingerprint: s for passage, s in zip(batch, scores, strict=True)}
        done += sum(text.size for text in texts)
        on_progress(f"score {subject.name}", done, total)
    if throughput.tokens < sum(map(len, found.values())):
        _logger.debug("Scores of %s: some were read back from the journal or the cache.", visible(subject.name))
    return found, throughput


def continue_prompts(
    subject: Subject,
    need: WritingNeed,
    prompts: Sequence[Prompt],
    journal: Journal,
    seed: int,
    *,
    on_progress: Progress = silent,
) -> list[TokenIds]:
    """The subject's continuation of each prompt, in order; each from a random stream of its own batch.

    Args:
        subject: whose predictor offers Samples.
        need: decoding and length; part of the journal's keys.
        prompts: what to continue.
        journal: keeps acknowledged batches.
        seed: root of the streams.
        on_progress: told after each batch.
    """
    predictor = subject.predictor
    assert isinstance(predictor, Samples)
    written: list[TokenIds] = []
    for number, start in enumerate(range(0, len(prompts), PROMPTS_PER_BATCH)):
        batch = prompts[start : start + PROMPTS_PER_BATCH]
        key = _key("sample", subject, need, number)
        if key not in journal:
            rng = stream(seed, "sample", subject.name, repr(need), str(number))
            texts = predictor.sample([p.given for p in batch], need.decoding, need.num_tokens, rng=rng)
            journal.put(key, [array_to_json(np.asarray(text, dtype=np.int32)) for text in texts])
        else:
            texts = [array_from_json(raw) for raw in journal.get(key)]
        written += texts
        on_progress(f"sample {subject.name}", len(written), len(prompts))
    return written
