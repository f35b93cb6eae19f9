"""A trained network as a Predictor: one class for our reference and for Hugging Face's networks.

Shape legend: B batch, T tokens, D width, V vocabulary.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from byheart.core.decoding import Decoding
from byheart.core.predictor import Access
from byheart.core.token_scores import TokenScores
from byheart.core.tokens import Floats, TokenIds
from byheart.errors import InputError, NumericalError
from byheart.models.generation import write
from byheart.models.network import CausalNetwork
from byheart.models.reduction import reduce_states

_BATCH = 16
"""Contexts per pass of a distribution."""


class CausalPredictor:
    """Scores, Distributes, Samples and Exposes over a `CausalNetwork`.

    Every text and every context is preceded by the document-start token. Vocabulary entries beyond the tokenizer's
    are part of the distribution, as the network was trained with them.

    Args:
        network: its parameters are not changed.
        name: how the report calls it.
        end_id: the document-start and document-end token.
        vocabulary_size: V, the number of logits.
        num_positions: inputs of one pass, the start token included; None when there is no bound.
        fingerprint: changes whenever a prediction may.
        size_bytes: bytes of the parameters.
    """

    access = Access.WEIGHTS

    def __init__(
        self,
        network: CausalNetwork,
        *,
        name: str,
        end_id: int,
        vocabulary_size: int,
        num_positions: int | None,
        fingerprint: str,
        size_bytes: int,
    ) -> None:
        self.network = network
        self.name = name
        self.end_id = end_id
        self.vocabulary_size = vocabulary_size
        self.context_tokens = None if num_positions is None else num_positions - 1
        self.fingerprint = fingerprint
        self.size_bytes = size_bytes

    def score(self, texts: Sequence[TokenIds]) -> list[TokenScores]:
        """Scores one batch in one right-padded pass, as `Scores` says.

        Raises:
            InputError: an empty text, a text of more than context_tokens + 1 tokens, an id outside the vocabulary.
            NumericalError: the network gives something that is not finite.
        """
        if not texts:
            return []
        if any(text.size == 0 for text in texts):
            raise InputError("A text without tokens cannot be scored.", next_step="Leave empty texts out.")
        lengths = [text.size for text in texts]
        with torch.inference_mode():
            states = self.network.final_states(self._embedded([text[:-1] for text in texts], check=texts))
            rows = torch.cat([states[row, :length] for row, length in enumerate(lengths)])
            targets = torch.from_numpy(np.concatenate(texts).astype(np.int64))
            together = reduce_states(rows, targets, self.network.logits, self.vocabulary_size)
        stops = np.cumsum(lengths)
        # Copies, or one short text that is kept would keep its whole batch.
        return [_copied(together.slice(stop - length, stop)) for stop, length in zip(stops, lengths, strict=True)]

    def next_log_probabilities_nats(self, contexts: Sequence[TokenIds]) -> Floats:
        """The distribution after each context, as `Distributes` says.

        Raises:
            InputError: a context longer than context_tokens, or an id outside the vocabulary.
            NumericalError: the network gives something that is not finite.
        """
        result = np.empty((len(contexts), self.vocabulary_size))
        with torch.inference_mode():
            for first in range(0, len(contexts), _BATCH):
                chosen = contexts[first : first + _BATCH]
                states = self.network.final_states(self._embedded(chosen))
                last = torch.tensor([context.size for context in chosen])
                result[first : first + len(chosen)] = self._normalised(states[torch.arange(len(chosen)), last])
        return result

    def sample(
        self, contexts: Sequence[TokenIds], decoding: Decoding, num_tokens: int, *, rng: np.random.Generator
    ) -> list[TokenIds]:
        """Continues each context, as `Samples` says.

        Raises:
            InputError: num_tokens negative, or a context and its continuation do not fit into the positions.
            NumericalError: the network gives something that is not finite.
        """
        if num_tokens < 0:
            raise InputError("num_tokens must be >= 0.", why=f"Got {num_tokens}.", next_step="Ask for 0 or more.")
        self._check_ids(contexts)
        for context in contexts:
            self._check_length(context.size + max(num_tokens - 1, 0))
        start = np.array([self.end_id], dtype=np.int32)
        started = [np.concatenate((start, context)) for context in contexts]
        rngs = rng.spawn(len(contexts))
        return write(self.network, started, decoding, num_tokens, end_id=self.end_id, rngs=rngs)

    def embed(self, token_ids: TokenIds) -> Floats:
        """Input embeddings of a run of tokens, [T, D]; the document-start token is not put before it."""
        self._check_ids([token_ids])
        with torch.inference_mode():
            return _floats(self.network.embed(torch.from_numpy(token_ids.astype(np.int64))[None])[0])

    def hidden_states(self, embeddings: Floats) -> Floats:
        """States after the embedding and after every layer, [L + 1, T, D]; the last is normed for the logits."""
        with torch.inference_mode():
            return _floats(torch.cat(self.network.layer_states(self._tensor(embeddings[None]))))

    def next_log_probabilities_from_embeddings_nats(self, embeddings: Floats) -> Floats:
        """Distribution after the last position, nats; [B, T, D] -> [B, V]."""
        with torch.inference_mode():
            return self._normalised(self.network.final_states(self._tensor(embeddings))[:, -1])

    def embedding_gradient(self, embeddings: Floats, target_id: int) -> Floats:
        """Gradient of log P(target after the last position), nats per unit of embedding; [T, D] -> [T, D].

        Raises:
            InputError: target_id outside the vocabulary.
        """
        self._check_ids([np.array([target_id], dtype=np.int64)])
        with torch.enable_grad():
            variables = self._tensor(embeddings[None]).requires_grad_()
            logits = self.network.logits(self.network.final_states(variables)[:, -1])
            target = logits.log_softmax(dim=-1)[0, target_id]
            (gradient,) = torch.autograd.grad(target, variables)
        return _floats(gradient[0])

    def _embedded(self, contexts: Sequence[TokenIds], check: Sequence[TokenIds] | None = None) -> Tensor:
        """Contexts behind their start token, padded at the right: [B, 1 + longest, D]."""
        self._check_ids(contexts if check is None else check)
        longest = max(context.size for context in contexts)
        self._check_length(longest)
        ids = np.full((len(contexts), 1 + longest), self.end_id, dtype=np.int64)
        for row, context in enumerate(contexts):
            ids[row, 1 : 1 + context.size] = context
        return self.network.embed(torch.from_numpy(ids))

    def _normalised(self, states: Tensor) -> Floats:
        nats = self.network.logits(states).double().log_softmax(dim=-1).numpy()
        if not np.isfinite(nats).all():
            raise NumericalError(
                f"{self.name} gave a log-probability that is not finite.",
                next_step="Check the weights: `byheart verify` on the model folder, or download it again.",
            )
        return nats

    def _tensor(self, embeddings: Floats) -> Tensor:
        """Embeddings in the precision of the network."""
        dtype = self.network.embed(torch.tensor([[self.end_id]])).dtype
        if self.context_tokens is not None and embeddings.shape[1] > self.context_tokens + 1:
            self._check_length(embeddings.shape[1] - 1)
        return torch.tensor(embeddings, dtype=dtype)

    def _check_length(self, num_context_tokens: int) -> None:
        if self.context_tokens is not None and num_context_tokens > self.context_tokens:
            raise InputError(
                f"A context is too long for {self.name}.",
                why=f"It has {num_context_tokens} tokens; the model takes {self.context_tokens}.",
                next_step="Cut the text into shorter windows, or ask for fewer tokens.",
            )

    def _check_ids(self, texts: Sequence[TokenIds]) -> None:
        for text in texts:
            if text.size and not (0 <= int(text.min()) and int(text.max()) < self.vocabulary_size):
                raise InputError(
                    f"A token id lies outside the vocabulary of {self.name}.",
                    why=f"Ids run from {text.min()} to {text.max()}; the vocabulary has {self.vocabulary_size}.",
                    next_step="Encode the text with the model's own tokenizer.",
                )


def _floats(tensor: Tensor) -> Floats:
    return tensor.detach().double().numpy()


def _copied(scores: TokenScores) -> TokenScores:
    arrays: dict[str, Any] = {name: array.copy() for name, array in scores.arrays()}
    return TokenScores(**arrays)
