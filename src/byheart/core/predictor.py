"""To an audit, a memorizer and a language model are the same kind of thing: a Predictor.

Capabilities are separate small interfaces, so that nobody writes stubs that raise. A subject that lacks one makes the
audits that need it NotApplicable, with the reason.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol, runtime_checkable

import numpy as np

from byheart.core.complexity_material import Formation
from byheart.core.decoding import Decoding
from byheart.core.token_scores import TokenScores
from byheart.core.tokens import Floats, TokenIds
from byheart.errors import InputError


class Access(StrEnum):
    """What a subject lets us see, from most to least."""

    WEIGHTS = "weights"
    PROMPT_LOG_PROBABILITIES = "prompt log-probabilities"
    GENERATED_LOG_PROBABILITIES = "generated log-probabilities"
    TEXT = "text"


@runtime_checkable
class Predictor(Protocol):
    """Who is under test."""

    @property
    def name(self) -> str:
        """How the report calls it, for example "memorizer:infinigram"."""

    @property
    def fingerprint(self) -> str:
        """Hexadecimal digits that change whenever its predictions may."""

    @property
    def access(self) -> Access:
        """What it lets us see."""

    @property
    def vocabulary_size(self) -> int:
        """Number of token ids; ids are 0..vocabulary_size-1."""

    @property
    def context_tokens(self) -> int | None:
        """Tokens of context it can take, or None when there is no bound."""

    @property
    def size_bytes(self) -> int | None:
        """Bytes of what it stores: parameters of a model, index of a memorizer. None where nobody outside knows."""


@runtime_checkable
class Scores(Predictor, Protocol):
    """Can say how probable each token of a given text is."""

    def score(self, texts: Sequence[TokenIds], num_given: Sequence[int] = ()) -> list[TokenScores]:
        """Scores one batch of texts in one pass.

        The first token of a text is predicted from the start of a document. The caller plans the batches: within a
        model, the composition of a batch may change the last bits of a result, so equal batches give equal bytes.

        Args:
            texts: token ids, each of shape [num_tokens >= 1].
            num_given: tokens at the start of each text that are context only, in [0, num_tokens - 1]; empty where
                none is.
        Returns:
            of each text, in order, the scores of the tokens that are not given.
        """


@runtime_checkable
class Repeats(Scores, Protocol):
    """Gives equal batches equal bytes, today and tomorrow, so that its scores may be kept between runs."""

    @property
    def pass_fingerprint(self) -> str:
        """Hexadecimal digits that change whenever a bit of what `score` says of a batch may."""


@runtime_checkable
class Distributes(Predictor, Protocol):
    """Can give the full distribution of the next token."""

    def next_log_probabilities_nats(self, contexts: Sequence[TokenIds]) -> Floats:
        """The distribution after each context.

        Args:
            contexts: token ids, each of shape [num_tokens >= 0]; an empty context is the start of a document.
        Returns:
            nats, shape [num_contexts, vocabulary_size]; every entry finite, each row's exponentials sum to 1.
        """


@runtime_checkable
class Samples(Predictor, Protocol):
    """Can write."""

    def sample(
        self, contexts: Sequence[TokenIds], decoding: Decoding, num_tokens: int, *, rng: np.random.Generator
    ) -> list[TokenIds]:
        """Continues each context.

        Args:
            contexts: token ids, each of shape [num_tokens >= 0].
            decoding: how tokens are drawn.
            num_tokens: tokens to write; a continuation is shorter only where it reaches the end of its document (the
                end token is not part of it).
            rng: spawns one child per context, so that a continuation does not depend on what else is in the batch.
        Returns:
            the continuations without their contexts, in order.
        """


@runtime_checkable
class Chooses(Samples, Protocol):
    """Can write under some decoding rules only."""

    def lacks(self, decoding: Decoding) -> str | None:
        """Why it cannot write under that rule, or None when it can."""


@runtime_checkable
class Exposes(Predictor, Protocol):
    """White box: embeddings in, hidden states and gradients out."""

    def embed(self, token_ids: TokenIds) -> Floats:
        """Input embeddings, shape [num_tokens, width]."""

    def hidden_states(self, embeddings: Floats) -> Floats:
        """States after the embedding and after every layer, shape [num_layers + 1, num_tokens, width].

        Args:
            embeddings: shape [num_tokens, width].
        """

    def next_log_probabilities_from_embeddings_nats(self, embeddings: Floats) -> Floats:
        """Distribution of the token after the last position, nats, shape [batch, vocabulary_size].

        Args:
            embeddings: shape [batch, num_tokens, width].
        """

    def embedding_gradient(self, embeddings: Floats, target_id: int) -> Floats:
        """Gradient of log P(target after the last position) with respect to the embeddings, shape [num_tokens, width].

        Args:
            embeddings: shape [num_tokens, width].
            target_id: the token whose log-probability (nats) is differentiated.
        """


@runtime_checkable
class Expands(Exposes, Protocol):
    """White box to second order: how its answer bends along a line in the space of embeddings."""

    def embed_context(self, token_ids: TokenIds) -> Floats:
        """Input embeddings of a context as it is read, whatever stands before every context included.

        Args:
            token_ids: shape [num_tokens].
        Returns:
            shape [num_positions >= num_tokens, width]; after it stands the distribution that
            `Distributes.next_log_probabilities_nats` gives of the context.
        """

    def directional_derivatives_nats(
        self, embeddings: Floats, direction: Floats, target_id: int
    ) -> tuple[float, float, float]:
        """Log P(target after the last position) at E + t D and its first two derivatives by t, all at t = 0.

        Args:
            embeddings: E, shape [num_tokens, width].
            direction: D, of the same shape.
            target_id: the token whose log-probability (nats) is differentiated.
        Returns:
            value, first and second derivative, nats.
        """


@runtime_checkable
class Layered(Predictor, Protocol):
    """Predicts layer by layer, and shows what it would predict were each layer its last: the logit lens.

    Source: nostalgebraist 2020, "Interpreting GPT: the logit lens"; Belrose et al. 2023, "Eliciting Latent Predictions
        from Transformers with the Tuned Lens" (arXiv 2303.08112), for its limits.
    """

    @property
    def num_layers(self) -> int:
        """L."""

    def lacks_lens(self) -> str | None:
        """Why its layers cannot be read, or None when they can."""

    def lens_log_probabilities_nats(self, token_ids: TokenIds) -> Floats:
        """The distribution of each token that each layer's states give behind the last layer's norm and the output.

        Args:
            token_ids: a text, shape [num_tokens >= 1].
        Returns:
            nats, shape [num_layers + 1, num_tokens, vocabulary_size]; the embedding first, the model's own last.
        """

    def formations(self, texts: Sequence[TokenIds], num_given: Sequence[int] = ()) -> list[Formation]:
        """In which layer the prediction of each token forms, of one batch of texts.

        Definition:
            min {l : argmax P_k = argmax P_L for all k in l..L}, P_l the lens of layer l, equals by the smaller id
        Args:
            texts: as in `Scores.score`.
            num_given: as in `Scores.score`.
        Returns:
            of each text the tokens that are not given.
        """


def given_lengths(texts: Sequence[TokenIds], num_given: Sequence[int]) -> list[int]:
    """How many tokens of each text are context only, for who implements `Scores`.

    Args:
        texts: as in `Scores.score`.
        num_given: as in `Scores.score`.
    Returns:
        one number per text.
    Raises:
        InputError: another number of lengths than of texts, or a text has no token that is to be scored.
    """
    if any(text.size == 0 for text in texts):
        raise InputError("A text without tokens cannot be scored.", next_step="Leave empty texts out.")
    lengths = [int(given) for given in num_given] if len(num_given) else [0] * len(texts)
    if len(lengths) != len(texts):
        raise InputError(
            "Each text needs the number of its given tokens.",
            why=f"There are {len(texts)} texts and {len(lengths)} numbers.",
            next_step="Give one number per text, or none at all.",
        )
    for text, given in zip(texts, lengths, strict=True):
        if not 0 <= given < text.size:
            raise InputError(
                "At least one token of a text must be scored.",
                why=f"{given} of {text.size} tokens are given.",
                next_step="Give fewer tokens than the text has.",
            )
    return lengths
