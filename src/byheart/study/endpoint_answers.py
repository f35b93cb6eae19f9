"""Answers that a job pays for: kept one by one as they come, so that a job which fails goes on where it stopped."""

import hashlib
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from byheart.core.codec import dumps
from byheart.core.predictor import Predictor
from byheart.corpus.cache_folder import cache_folder
from byheart.errors import ConfigError, StorageError
from byheart.models.endpoint.remote import Remote
from byheart.study.journal import Journal
from byheart.study.score_plan import ScorePlan

FOLDER = "answers"
"""In the cache folder: answers of scores that were never finished."""
KEPT_SECONDS = 24 * 3600.0
"""seconds; an endpoint does not tell when its weights change, so unfinished scores go on for a day."""


def keep_answers(predictors: Iterable[Predictor], journal: Journal) -> None:
    """Whoever is asked over a network keeps its answers in the journal, and is not asked what stands there.

    Args:
        predictors: of one study.
        journal: of that study, open until they are closed.
    """
    for predictor in predictors:
        if isinstance(predictor, Remote):
            predictor.keep_in(journal)


def close_remote(predictors: Iterable[Predictor]) -> None:
    """Ends the connections of whoever is asked over a network."""
    for predictor in predictors:
        if isinstance(predictor, Remote):
            predictor.close()


@contextmanager
def answers_of_score(plan: ScorePlan, predictor: Predictor) -> Iterator[None]:
    """Keeps the answers to one `byheart score` until it is finished; closes the connections at its end.

    Inside the block a predictor over a network asks only what it was not asked before it failed. Others are left as
    they are.

    Args:
        plan: what is scored, and with what.
        predictor: who scores.
    """
    if not isinstance(predictor, Remote):
        yield
        return
    path = _place(plan, predictor)
    journal = _opened(path)
    try:
        if journal is not None:
            predictor.keep_in(journal)
        yield
        if journal is not None:
            path.unlink(missing_ok=True)
    finally:
        predictor.close()
        if journal is not None:
            journal.close()


def _place(plan: ScorePlan, predictor: Predictor) -> Path:
    identity = dumps([asdict(plan), predictor.fingerprint])
    return cache_folder() / FOLDER / hashlib.blake2b(identity.encode(), digest_size=16).hexdigest()


def _opened(path: Path) -> Journal | None:
    """The answers so far, or None where this machine cannot keep any, or another process is at the same work."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for old in path.parent.iterdir():
            if time.time() - old.stat().st_mtime > KEPT_SECONDS:
                old.unlink(missing_ok=True)
        return Journal(path, path.name)
    except (OSError, ConfigError):
        return None
    except StorageError:
        # Damaged: what it held is asked again.
        path.unlink(missing_ok=True)
        return Journal(path, path.name)
