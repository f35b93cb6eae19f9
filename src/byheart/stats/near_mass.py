"""How probable it is that a predictor writes nearly a given text: a lower bound by constrained beam search."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from byheart.core.decoding import Decoding, decoded_probabilities
from byheart.core.tokens import Floats, TokenIds
from byheart.stats.edit_distance import next_row

Distribute = Callable[[Sequence[TokenIds]], Floats]
"""Log-probabilities (nats) of the next token after each context, shape [num_contexts, vocabulary]."""


@dataclass(frozen=True, kw_only=True)
class Neighbourhood:
    """Which texts count as nearly the target, and how they are looked for."""

    at_most: int
    """Largest edit distance, tokens, >= 0."""
    beam_width: int
    """Beginnings that are followed at a time, >= 1."""
    decoding: Decoding
    """How tokens are drawn."""
    end_id: int
    """Token after which nothing is written; no text that counts holds it."""
    least: float = 0.0
    """Once the beginnings that are followed have less probability than this together, the search is given up."""


@dataclass(frozen=True)
class NearMass:
    """What a search found."""

    log_verbatim_nats: float
    """nats, <= 0; of the target itself, -inf where it cannot be drawn."""
    log_mass_nats: float
    """nats, <= 0; of everything found, the target included: a lower bound of the mass of the neighbourhood."""
    num_texts: int
    """Texts found, all different."""
    is_whole: bool
    """Whether no beginning was left out, so that the bound is the mass itself."""


@dataclass(frozen=True)
class _Beginning:
    token_ids: tuple[int, ...]
    nats: float
    row: list[int]
    """Edit distances to each beginning of the target, as `next_row` gives them."""
    is_verbatim: bool


def near_mass(prefix: TokenIds, target: TokenIds, distribute: Distribute, within: Neighbourhood) -> NearMass:
    """The probability of the likeliest texts near a target, found by following the likeliest beginnings.

    Definition:
        sum of Q(y given prefix) over texts y of |target| tokens, none of them the end, with edit distance(y, target) <=
        at_most, Q the product of the probabilities that the decoding rule gives each token. Token by token the
        beam_width likeliest beginnings are kept that some such text begins with, the target's own always among them;
        of the last token all that count are taken. Texts of one length exclude one another and are met once each, so
        their probabilities add up to no more than the mass of the neighbourhood.
    Args:
        prefix: what is given.
        target: the text, at least one token.
        distribute: asks the predictor.
        within: which texts count, and how many beginnings are followed.
    Returns:
        the bound beside the probability of the target itself, which it is never less than; where the search was given
        up, nothing was found, and the target's own probability is below `least`.
    Cost: at most |target| calls of `distribute` with up to beam_width contexts each; a text that a predictor does not
        know is given up after some ten.
    Source: 2603.24917, near-verbatim extraction by decoding-constrained beam search; Ukkonen 1985, the band.
    Differs: only texts as long as the target count: the mass of shorter and longer ones is left out of the bound.
    """
    first = _Beginning((), 0.0, list(range(target.size + 1)), is_verbatim=True)
    beam, is_whole = [first], True
    for index in range(target.size):
        contexts = [np.concatenate((prefix, np.array(it.token_ids, dtype=np.int32))) for it in beam]
        rows = distribute(contexts)
        grown = [child for it, row in zip(beam, rows, strict=True) for child in _grow(it, row, target, within)]
        if index + 1 == target.size:
            beam = [it for it in grown if it.row[-1] <= within.at_most]
        else:
            beam = _kept(grown, within.beam_width)
            is_whole = is_whole and len(beam) == len(grown)
        if not beam:
            break
        if sum(math.exp(it.nats) for it in beam) < within.least:
            return NearMass(-math.inf, -math.inf, 0, is_whole=False)
    nats = [it.nats for it in beam]
    verbatim = next((it.nats for it in beam if it.is_verbatim), -math.inf)
    mass = min(0.0, float(np.logaddexp.reduce(nats))) if nats else -math.inf
    return NearMass(verbatim, mass, len(beam), is_whole)


def _grow(it: _Beginning, nats: Floats, target: TokenIds, within: Neighbourhood) -> Iterator[_Beginning]:
    """The beginnings one token longer that can be drawn and that a text near the target may begin with."""
    index, symbols = len(it.token_ids) + 1, target.tolist()
    probabilities = decoded_probabilities(nats, within.decoding)
    # All tokens that do not stand near the place have the same distances: they are counted once.
    near = set(symbols[max(0, index - within.at_most - 1) : index + within.at_most])
    other = next_row(it.row, index, -1, symbols, within.at_most)
    for token in np.flatnonzero(probabilities).tolist():
        if token == within.end_id:
            continue
        row = next_row(it.row, index, token, symbols, within.at_most) if token in near else other
        if any(edits + abs(index - place) <= within.at_most for place, edits in enumerate(row)):
            nats_so_far = it.nats + math.log(probabilities[token])
            is_verbatim = it.is_verbatim and token == symbols[index - 1]
            yield _Beginning((*it.token_ids, token), nats_so_far, row, is_verbatim)


def _kept(grown: Sequence[_Beginning], beam_width: int) -> list[_Beginning]:
    """The likeliest, ties by their tokens, so that equal runs keep the same; the target's own in any case."""
    ranked = sorted(grown, key=lambda it: (not it.is_verbatim, -it.nats, it.token_ids))
    return ranked[:beam_width]
