"""A trained network as a Predictor: one class for our reference and for Hugging Face's networks.

Shape legend: B batch, T tokens, D width, V vocabulary.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from byheart.core.codec import dumps
from byheart.core.complexity_material import Formation
from byheart.core.decoding import Decoding
from byheart.core.predictor import Access, given_lengths
from byheart.core.token_scores import TokenScores
from byheart.core.tokens import Floats, TokenIds
from byheart.errors import CapabilityError, InputError, NumericalError
from byheart.models.generation import write
from byheart.models.lens import formations, lens_nats
from byheart.models.network import BorrowedNetwork, CausalNetwork, LensNetwork
from byheart.models.scoring_pass import PASS_VERSION, score_batch

_BATCH = 16
"""Contexts per pass of a distribution."""


class CausalPredictor:
    """Scores, Distributes, Samples, Exposes and Layered over a `CausalNetwork`.

    Every text and every context is preceded by the start tokens. Vocabulary entries beyond the tokenizer's are part of
    the distribution, as the network was trained with them.

    Args:
        network: its parameters are not changed.
        name: how the report calls it.
        end_id: the document-end token.
        vocabulary_size: V, the number of logits.
        num_positions: inputs of one pass, the start tokens included; None when there is no bound.
        fingerprint: changes whenever a prediction may.
        size_bytes: bytes of the parameters.
        start_ids: tokens put before every text and every context, at least one: `end_id` unless given. They are part of
            what predicts, so `fingerprint` must change with them.
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
        start_ids: TokenIds | None = None,
    ) -> None:
        self.network = network
        self.name = name
        self.end_id = end_id
        self.vocabulary_size = vocabulary_size
        self.start_ids = np.array([end_id] if start_ids is None else start_ids, dtype=np.int32)
        if self.start_ids.size == 0:
            raise InputError(
                f"{name} has nothing to predict a first token from.", next_step="Give at least one start token."
            )
        self.context_tokens = None if num_positions is None else num_positions - self.start_ids.size
        self.fingerprint = fingerprint
        self.size_bytes = size_bytes

    @property
    def pass_fingerprint(self) -> str:
        """Hexadecimal digits that change whenever a bit of what `score` says of a batch may.

        Differs: another processor, or another number of threads, may move the last bits too.
        """
        road = type(self.network)
        facts = [
            self.fingerprint,
            PASS_VERSION,
            f"{road.__module__}.{road.__qualname__}",
            str(self._dtype),
            self.device.type,
            self.start_ids.tolist(),
            torch.__version__,
        ]
        if isinstance(self.network, BorrowedNetwork):
            facts.append(self.network.library)
        return hashlib.blake2b(dumps(facts).encode(), digest_size=16).hexdigest()

    def score(self, texts: Sequence[TokenIds], num_given: Sequence[int] = ()) -> list[TokenScores]:
        """Scores one batch in one right-padded pass, as `Scores` says.

        Raises:
            InputError: a text without a token to score, a text of more than context_tokens + 1 tokens, an id outside
                the vocabulary.
            NumericalError: the network gives something that is not finite.
        """
        if not texts:
            return []
        given = given_lengths(texts, num_given)
        self._check_ids(texts)
        self._check_length(max(text.size for text in texts) - 1)
        return score_batch(self.network, texts, given, self.start_ids, self.vocabulary_size)

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
                last = torch.tensor([self.start_ids.size - 1 + context.size for context in chosen], device=self.device)
                result[first : first + len(chosen)] = self._normalised(
                    states[torch.arange(len(chosen), device=self.device), last]
                )
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
        started = [np.concatenate((self.start_ids, context)) for context in contexts]
        rngs = rng.spawn(len(contexts))
        return write(self.network, started, decoding, num_tokens, end_id=self.end_id, rngs=rngs)

    def embed(self, token_ids: TokenIds) -> Floats:
        """Input embeddings of a run of tokens, [T, D]; the start tokens are not put before it."""
        self._check_ids([token_ids])
        with torch.inference_mode():
            return _floats(self.network.embed(self._ids(token_ids)[None])[0])

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

    def embed_context(self, token_ids: TokenIds) -> Floats:
        """Input embeddings of the start tokens and of a context behind them, [start + T, D]."""
        self._check_ids([token_ids])
        return self.embed(np.concatenate((self.start_ids, token_ids)))

    def directional_derivatives_nats(
        self, embeddings: Floats, direction: Floats, target_id: int
    ) -> tuple[float, float, float]:
        """Value and exact first two derivatives of log P(target) along a line, nats; [T, D] twice.

        Definition:
            f(t) = log P(target | E + t D); f(0), f'(0) = J D = sum_i df/dE_i D_i,
            f''(0) = D^T H D = sum_ij d2f/dE_i dE_j D_i D_j
        Raises:
            InputError: target_id outside the vocabulary.
            NumericalError: one of the three is not finite.
        Cost: some six passes; a Hessian-vector product by differentiating the gradient, never the Hessian itself.
        Source: Pearlmutter 1994, "Fast exact multiplication by the Hessian".
        Differs: reverse mode twice. The attention is the plain one: the fused kernels have no second derivative.
        """
        self._check_ids([np.array([target_id], dtype=np.int64)])
        point, line = self._tensor(embeddings[None]), self._tensor(direction[None])
        with torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):
            step = torch.zeros((), dtype=point.dtype, device=point.device, requires_grad=True)
            logits = self.network.logits(self.network.final_states(point + step * line)[:, -1])
            value = logits.log_softmax(dim=-1)[0, target_id]
            (first,) = torch.autograd.grad(value, step, create_graph=True)
            (second,) = torch.autograd.grad(first, step)
        found = value.item(), first.item(), second.item()
        if not np.isfinite(found).all():
            raise NumericalError(f"{self.name} gave a derivative that is not finite.")
        return found

    @property
    def num_layers(self) -> int:
        """L."""
        return self._lens.num_layers

    def lacks_lens(self) -> str | None:
        """Why its layers cannot be read, or None when they can."""
        try:
            with torch.inference_mode():
                self._lens.read_states(self.network.embed(self._ids(self.start_ids[None])))
        except CapabilityError as error:
            return str(error)
        return None

    def lens_log_probabilities_nats(self, token_ids: TokenIds) -> Floats:
        """The distribution of each token that each layer gives, [L + 1, T, V], as `Layered` says.

        Raises:
            CapabilityError: the layers of the network cannot be read.
        """
        self._check_ids([token_ids])
        self._check_length(token_ids.size - 1)
        return lens_nats(self._lens, token_ids, self.start_ids)

    def formations(self, texts: Sequence[TokenIds], num_given: Sequence[int] = ()) -> list[Formation]:
        """In which layer the prediction of each token forms, as `Layered` says.

        Raises:
            InputError: a text without a token to score, one that is too long, an id outside the vocabulary.
            CapabilityError: the layers of the network cannot be read.
        """
        if not texts:
            return []
        given = given_lengths(texts, num_given)
        self._check_ids(texts)
        self._check_length(max(text.size for text in texts) - 1)
        return formations(self._lens, texts, given, self.start_ids)

    @property
    def _lens(self) -> LensNetwork:
        if not isinstance(self.network, LensNetwork):
            raise CapabilityError(
                f"The layers of {self.name} cannot be read.",
                why=f"{type(self.network).__name__} does not show them.",
                next_step="Leave the complexity audit out.",
            )
        return self.network

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return self.network.device

    @property
    def _dtype(self) -> torch.dtype:
        return self.network.embed(self._ids(self.start_ids[None])).dtype

    def _ids(self, token_ids: TokenIds) -> Tensor:
        return torch.from_numpy(token_ids.astype(np.int64)).to(self.device)

    def _embedded(self, contexts: Sequence[TokenIds]) -> Tensor:
        """Contexts behind their start tokens, padded at the right: [B, start + longest, D]."""
        self._check_ids(contexts)
        longest = max(context.size for context in contexts)
        self._check_length(longest)
        ids = np.zeros((len(contexts), self.start_ids.size + longest), dtype=np.int32)
        for row, context in enumerate(contexts):
            ids[row, : self.start_ids.size + context.size] = np.concatenate((self.start_ids, context))
        return self.network.embed(self._ids(ids))

    def _normalised(self, states: Tensor) -> Floats:
        nats = self.network.logits(states).double().log_softmax(dim=-1).cpu().numpy()
        if not np.isfinite(nats).all():
            raise NumericalError(
                f"{self.name} gave a log-probability that is not finite.",
                next_step="Check the weights: `byheart verify` on the model folder, or download it again.",
            )
        return nats

    def _tensor(self, embeddings: Floats) -> Tensor:
        """Embeddings in the precision of the network."""
        self._check_length(embeddings.shape[1] - self.start_ids.size)
        return torch.tensor(embeddings, dtype=self._dtype, device=self.device)

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
    return tensor.detach().double().cpu().numpy()
