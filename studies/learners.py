"""Real text, and predictors that learned some of it: what the studies ask."""

from collections.abc import Sequence

import numpy as np

from byheart.core.batches import plan_batches
from byheart.core.predictor import Scores
from byheart.core.token_scores import TokenScores
from byheart.core.tokens import TokenIds
from byheart.corpus.documents import Corpus
from byheart.corpus.readers import read
from byheart.corpus.tokenizer import Tokenizer
from byheart.models.causal import CausalPredictor
from byheart.models.transformer.config import NetworkConfig
from byheart.models.transformer.predictor import reference_predictor
from byheart.models.transformer.recipe import TrainingRecipe
from byheart.models.transformer.training import train


def library(*, smallest_bytes: int = 1500, largest_bytes: int = 60_000) -> Corpus:
    """Documents of middling size of this machine's Python standard library, the tables in encodings/ left out."""
    found = (d for d in read("stdlib").deduplicated() if not d.name.startswith("encodings/"))
    return Corpus(tuple(d for d in found if smallest_bytes <= d.num_bytes <= largest_bytes))


def small_transformer(
    documents: Sequence[TokenIds],
    tokenizer: Tokenizer,
    *,
    num_steps: int,
    context_tokens: int = 128,
    width: int = 128,
    num_layers: int = 4,
    rng: np.random.Generator,
) -> CausalPredictor:
    """The reference network, trained on documents for so many steps of 8 windows."""
    config = NetworkConfig(
        vocabulary_size=tokenizer.vocabulary_size,
        end_id=tokenizer.end_id,
        width=width,
        num_layers=num_layers,
        hidden_width=8 * round(width / 3),
        context_tokens=context_tokens,
    )
    network = train(documents, config, TrainingRecipe(num_steps=num_steps), rng=rng).network
    return reference_predictor(network)


def score_all(predictor: Scores, texts: Sequence[TokenIds], num_given: Sequence[int]) -> list[TokenScores]:
    """The scores of any number of texts, in their order."""
    scored: dict[int, TokenScores] = {}
    for batch in plan_batches(texts):
        found = predictor.score([texts[i] for i in batch], [num_given[i] for i in batch])
        scored.update(zip(batch, found, strict=True))
    return [scored[i] for i in range(len(texts))]
