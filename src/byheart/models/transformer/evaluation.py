"""How well a network predicts documents that it was not trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from byheart.core.progress import Progress, silent
from byheart.core.tokens import TokenIds
from byheart.errors import InputError
from byheart.models.transformer.network import Network
from byheart.models.transformer.recipe import Precision


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """A sum over documents; divide it by their bytes to compare across tokenizers."""

    total_nats: float
    """nats; sum of -log P(token given its past) over all scored tokens."""
    num_tokens: int
    """Tokens scored: all tokens of the documents, their ends not included."""

    @property
    def nats_per_token(self) -> float:
        """Mean of -log P(token given its past)."""
        return self.total_nats / self.num_tokens


def evaluate(
    network: Network,
    documents: Sequence[TokenIds],
    *,
    batch_windows: int = 16,
    stride_tokens: int | None = None,
    precision: Precision = "float32",
    on_progress: Progress = silent,
) -> Evaluation:
    """The loss on whole documents, each token scored once and given at least C - S tokens of context where it has them.

    Definition:
        a document with its start token is cut into windows of C = context_tokens inputs that advance by S; the first
        scores all its targets, each later one its last S only
    Args:
        network: the network.
        documents: token ids, each of shape [num_tokens >= 0].
        batch_windows: windows per pass.
        stride_tokens: S; None: C/2. The shorter, the more context and the more passes.
        precision: what matrix products read; the loss itself is float32.
        on_progress: hears each pass under the stage "evaluate".
    Returns:
        the sum and its number of tokens.
    Raises:
        InputError: no document has a token.
    Source: the strided perplexity of the transformers documentation.
    Differs: tokens are never scored twice, document ends never.
    """
    length = network.config.context_tokens
    stride = stride_tokens or max(length // 2, 1)
    windows: list[tuple[TokenIds, int]] = []
    for document in documents:
        ids = np.concatenate((np.array([network.config.end_id], dtype=np.int32), document.astype(np.int32)))
        scored = 0
        while scored < document.size:
            stop = min(document.size, length if scored == 0 else scored + stride)
            start = max(stop - length, 0)
            windows.append((ids[start : stop + 1], scored - start))
            scored = stop
    if not windows:
        raise InputError("There is nothing to evaluate on.", why="No document has a token.", next_step="Add documents.")
    windows.sort(key=lambda window: window[0].size)
    total, num_tokens = 0.0, 0
    fast = torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bfloat16")
    with torch.inference_mode(), fast:
        for first in range(0, len(windows), batch_windows):
            chosen = windows[first : first + batch_windows]
            width = max(ids.size for ids, _ in chosen)
            inputs = np.full((len(chosen), width), network.config.end_id, dtype=np.int64)
            targets = np.full((len(chosen), width - 1), -100, dtype=np.int64)
            for row, (ids, skipped) in enumerate(chosen):
                inputs[row, : ids.size] = ids
                targets[row, skipped : ids.size - 1] = ids[skipped + 1 :]
                num_tokens += ids.size - 1 - skipped
            logits = network(torch.from_numpy(inputs[:, :-1]))
            losses = F.cross_entropy(
                logits.flatten(0, 1).float(), torch.from_numpy(targets).flatten(), reduction="none"
            )
            total += float(losses.sum(dtype=torch.float64))
            on_progress("evaluate", first + len(chosen), len(windows))
    return Evaluation(total_nats=total, num_tokens=num_tokens)
