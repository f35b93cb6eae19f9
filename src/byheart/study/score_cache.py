"""Scores of models, kept between runs: another audit of the same model and texts reads what the first one computed.

Format: one file a batch, named by its key: a line `byheart scores 1 <BLAKE3 of key and payload>`, then the payload, a
JSON list of TokenScores. A file that does not match its checksum is removed and computed anew; files are written by
rename.
"""

import json
import logging
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from blake3 import blake3

from byheart.core.codec import dumps, token_scores_from_json, token_scores_to_json
from byheart.core.predictor import Repeats, Scores
from byheart.core.token_scores import TokenScores
from byheart.core.tokens import TokenIds
from byheart.corpus.cache_folder import cache_folder

SWITCH = "BYHEART_SCORE_CACHE"
"""Environment variable; "off" keeps nothing and reads nothing."""
FOLDER = "scores"
"""In the cache folder."""
LIMIT_BYTES = 2 * 10**9
_KEPT_SHARE = 0.9
"""Of the limit, once it is passed: so that not every new file has others removed."""
_MAGIC = b"byheart scores 1 "
_logger = logging.getLogger(__name__)


class ScoreCache:
    """Scores by batch, in a folder that any number of processes may share.

    Args:
        folder: made when something is kept.
        limit_bytes: beyond this the files that were not used for longest are removed.
    """

    def __init__(self, folder: Path, *, limit_bytes: int = LIMIT_BYTES) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._held_bytes: int | None = None

    def read(self, key: str) -> list[TokenScores] | None:
        """What was kept under a key, or None where nothing is, or nothing whole."""
        path = self._folder / key
        try:
            head, _, payload = path.read_bytes().partition(b"\n")
            if head != _MAGIC + _digest(key, payload):
                path.unlink(missing_ok=True)
                return None
            os.utime(path)
        except OSError:
            return None
        return [token_scores_from_json(raw) for raw in json.loads(payload)]

    def keep(self, key: str, scores: Sequence[TokenScores]) -> None:
        """Keeps a batch; where the folder cannot be written, nothing is kept."""
        payload = dumps([token_scores_to_json(one) for one in scores]).encode("ascii")
        content = _MAGIC + _digest(key, payload) + b"\n" + payload
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self._folder)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            Path(name).replace(self._folder / key)
            self._bound(len(content))
        except OSError as error:
            _logger.info("Scores cannot be kept in %s: %s", self._folder, error)

    def _bound(self, added_bytes: int) -> None:
        """Removes the files that were not used for longest once there are too many bytes."""
        if self._held_bytes is not None:
            self._held_bytes += added_bytes
            if self._held_bytes <= self._limit_bytes:
                return
        with os.scandir(self._folder) as entries:
            files = sorted((entry.stat().st_mtime, entry.stat().st_size, entry.path) for entry in entries)
        held = sum(size for _, size, _ in files)
        if held > self._limit_bytes:
            for _, size, path in files:
                if held <= _KEPT_SHARE * self._limit_bytes:
                    break
                Path(path).unlink(missing_ok=True)
                held -= size
        self._held_bytes = held


def _digest(key: str, payload: bytes) -> bytes:
    return blake3(key.encode() + b"\n" + payload).hexdigest().encode()


def score_cache() -> ScoreCache | None:
    """The cache of this user, or None where the environment switches it off."""
    return None if os.environ.get(SWITCH, "").strip().lower() in ("off", "0") else ScoreCache(cache_folder() / FOLDER)


def batch_key(predictor: Repeats, texts: Sequence[TokenIds], num_given: Sequence[int]) -> str:
    """Identifies a batch by all that decides its scores to the last bit: who scores, and the texts in their order."""
    digest = blake3(predictor.pass_fingerprint.encode())
    for text, given in zip(texts, num_given, strict=True):
        digest.update(np.array([text.size, given], dtype="<i8").tobytes())
        digest.update(np.ascontiguousarray(text, dtype="<i4").tobytes())
    return digest.hexdigest(length=16)


def scores_of(
    predictor: Scores, texts: Sequence[TokenIds], num_given: Sequence[int], cache: ScoreCache | None
) -> tuple[list[TokenScores], bool]:
    """The scores of a batch, and whether they were computed now.

    Only scores of who `Repeats` are kept: an endpoint's weights may change unseen, and a memorizer is fast.
    """
    if cache is None or not isinstance(predictor, Repeats):
        return predictor.score(texts, num_given), True
    key = batch_key(predictor, texts, num_given)
    kept = cache.read(key)
    if kept is not None:
        return kept, False
    scores = predictor.score(texts, num_given)
    cache.keep(key, scores)
    return scores, True
