"""How well a predictor knows text that it does not hold: bits per byte, top-1 and abstentions, over documents."""

from collections.abc import Callable, Sequence

import numpy as np

from byheart.core.evidence import Interval
from byheart.core.streams import stream
from byheart.core.tokens import Floats, TokenIds
from byheart.core.units import NATS_PER_BIT
from byheart.memorizers.memorizer import Memorizer
from byheart.stats.bootstrap import ratio_of_sums
from yardstick.library import Texts


def document_nats(log_probabilities_nats: Callable[[TokenIds], Floats], texts: Texts) -> Floats:
    """nats of each document, from its start to its last token; its end is not counted."""
    return np.array([-log_probabilities_nats(ids).sum() for ids in texts.tokens])


def bits_per_byte(nats: Sequence[float] | Floats, texts: Texts) -> Interval:
    """Bits of all documents by their bytes, with a 95 % interval over documents."""
    bits = np.asarray(nats, dtype=np.float64) / NATS_PER_BIT
    below = np.array(texts.bytes, dtype=np.float64)
    (found,) = ratio_of_sums(bits[:, None], below[:, None], rng=stream(0, "bench", "memorizers", "documents"))
    return found


def top_1_accuracy(memorizer: Memorizer, texts: Texts) -> float:
    """Share of tokens that are the memorizer's most probable one."""
    hits = sum(int(scores.is_argmax.sum()) for ids in texts.tokens for scores in memorizer.score([ids]))
    return hits / texts.num_tokens


def abstention_share(memorizer: Memorizer, texts: Texts) -> float:
    """Share of tokens for which it has no answer of its own."""
    return sum(int(memorizer.abstentions(ids).sum()) for ids in texts.tokens) / texts.num_tokens
