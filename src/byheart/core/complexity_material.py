"""What the study hands to the complexity audit: in which layer each prediction of a subject forms."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from byheart.core.spans import Span
from byheart.core.tokens import Floats, TokenIds

Layers = npt.NDArray[np.int64]
"""Numbers of layers, 0 for the embedding."""


@dataclass(frozen=True, kw_only=True)
class Formation:
    """Where the predictions of a text form. All arrays have shape [num_tokens]."""

    layers: Layers
    """Of each token, the earliest layer from which on the lens says what the last layer says; 0 for the embedding."""
    argmax_id: TokenIds
    """What the last layer says."""
    log_probability_nats: Floats
    """nats; of the token that stands there, by the last layer."""


@dataclass(frozen=True, kw_only=True)
class LayeredWindow:
    """The scored tokens of a window with the layers that their predictions form in."""

    role: Literal["member", "control"]
    """Trained-on text, or held-out text."""
    document: str
    """Name of the document it was cut from, untrusted."""
    span: Span
    """Bytes of that document, prefix and suffix."""
    token_ids: TokenIds
    """The scored tokens, shape [num_tokens]."""
    formation: Formation
    """Of these, by the subject."""
    num_layers: int
    """Of the subject."""
    stored: TokenIds
    """What the trained-on corpus has after the longest match of the context of each token where that has at least
    STORED_TOKENS tokens and is followed by the same token everywhere, else NO_ANSWER (core/explanation.py)."""
