"""Split gate: do two sets of texts differ by themselves, before any model is asked?"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from byheart.core.evidence import Interval
from byheart.core.tokens import Floats
from byheart.errors import InputError
from byheart.stats.power import POWER, shift_of_interval
from byheart.stats.roc import MIN_SIDE, area_interval, placements

NUM_FOLDS = 5
NUM_SHUFFLES = 199
"""Shuffles of the labels: the interval's error of 5 % is then 10 of 200."""
PENALTY = 1.0
_WORD = re.compile(r"\w+")


def _is_mark(character: str) -> bool:
    return not character.isalnum() and not character.isspace()


_KINDS = (str.isdigit, str.isupper, str.isspace, _is_mark)
"""Kinds of characters; words are compared in lower case and without what stands between them."""


@dataclass(frozen=True)
class Described:
    """Texts in numbers that no model has seen."""

    words: Any
    """Counts of words, a sparse matrix of shape [num_texts, num_words]."""
    shape: Floats
    """Log of the characters, log of the words, shares of `_KINDS` among the characters; shape [num_texts, 6]."""

    def rows(self, of: npt.NDArray[np.int64], trained: npt.NDArray[np.int64]) -> Any:
        """tf-idf and standardised shape of some texts, both scaled by the texts trained on alone.

        Definition:
            tf-idf: count * (log((1 + N) / (1 + df)) + 1) over words in at least 2 of the N training texts, each row
            divided by its length
        """
        from scipy import sparse

        num_texts = np.asarray((self.words[trained] > 0).sum(axis=0)).ravel()
        kept = np.flatnonzero(num_texts >= 2)
        weights = np.log((1 + trained.size) / (1 + num_texts[kept])) + 1.0
        counted = self.words[of][:, kept] @ sparse.diags_array(weights)
        lengths = np.sqrt(np.asarray(counted.power(2).sum(axis=1)).ravel())
        scaled = sparse.diags_array(1.0 / np.where(lengths > 0, lengths, 1.0)) @ counted
        mean, width = self.shape[trained].mean(axis=0), self.shape[trained].std(axis=0)
        standard = (self.shape[of] - mean) / np.where(width > 1e-12, width, 1.0)
        return sparse.csr_array(sparse.hstack([scaled, sparse.csr_array(standard)]))


def describe(texts: Sequence[str]) -> Described:
    """Words, length, and shares of digits, capitals, blanks and marks of texts.

    Args:
        texts: any number.
    """
    from scipy import sparse

    number: dict[str, int] = {}
    columns, starts, shape = [], [0], []
    for text in texts:
        words = _WORD.findall(text.lower())
        columns += [number.setdefault(word, len(number)) for word in words]
        starts.append(len(columns))
        shares = (sum(map(is_kind, text)) / max(1, len(text)) for is_kind in _KINDS)
        shape.append((np.log1p(len(text)), np.log1p(len(words)), *shares))
    counts = sparse.csr_array(
        (np.ones(len(columns)), np.array(columns, dtype=np.int64), np.array(starts, dtype=np.int64)),
        shape=(len(texts), max(1, len(number))),
    )
    counts.sum_duplicates()
    return Described(counts, np.array(shape, dtype=np.float64))


def split_auc(
    members: Sequence[str], controls: Sequence[str], *, rng: np.random.Generator, confidence: float = 0.95
) -> Interval:
    """How well a classifier that never sees the model tells two sets of texts apart.

    Definition:
        classifier: ridge regression of the labels (penalty PENALTY) on tf-idf of words, log length in characters and in
        words, and shares of digits, capitals, blanks and marks; NUM_FOLDS folds, each with its share of both sides.
        A = mean, over members, of the share of the controls of the same fold that score below, each fold scored by the
        classifier of the others. The interval is the wider, on each side, of that of `area_interval` and of A shifted,
        as logits, by what the same number does when the labels are shuffled within the folds.
    Args:
        members: texts of one set, one for each document; at least MIN_SIDE.
        controls: texts of the other; likewise.
        rng: deals the folds and shuffles.
        confidence: 1 - alpha.
    Returns:
        the area with its interval; n = all texts. 1/2 is chance: where nothing tells the sets apart, the interval
        leaves it out with probability alpha at most.
    Raises:
        InputError: fewer than MIN_SIDE texts on a side.
    Cost: NUM_FOLDS linear systems of as many unknowns as texts; a tenth of a second for 200 texts of 100 words.
    Source: Das, Zhang and Tramer 2024, "Blind baselines beat membership inference attacks for foundation models"
        (2406.16201); LeDell, Petersen and van der Laan 2015, "Computationally efficient confidence intervals for
        cross-validated area under the ROC curve estimates".
    Differs: one classifier where Das et al. take the best of several, which would need a correction of its own. Scores
        of different folds are never compared, since a text that trained one fold's classifier pushes another's away.
        Shuffles, since without them the interval left out 1/2 in 37 of 200 simulated sets of 60 and 60 texts that do
        not differ. Ridge regression, so that a shuffle costs no new fit.
    """
    if min(len(members), len(controls)) < MIN_SIDE:
        raise InputError(
            f"A split gate needs at least {MIN_SIDE} texts on each side.",
            why=f"Got {len(members)} and {len(controls)}.",
            next_step="Return a Refusal with the number needed.",
        )
    described = describe([*members, *controls])
    labels = np.zeros((len(members) + len(controls), 1 + NUM_SHUFFLES), dtype=np.bool_)
    labels[: len(members)] = True
    fold = np.empty(labels.shape[0], dtype=np.int64)
    for side in (labels[:, 0], ~labels[:, 0]):
        fold[side] = rng.permutation(np.arange(int(side.sum())) % NUM_FOLDS)
    for number in range(NUM_FOLDS):
        inside = np.flatnonzero(fold == number)
        labels[inside, 1:] = rng.permuted(labels[inside, 1:], axis=0)
    above, below = np.empty(labels.shape), np.empty(labels.shape)
    for number in range(NUM_FOLDS):
        tested = np.flatnonzero(fold == number)
        scores = _scores(described, labels, np.flatnonzero(fold != number), tested)
        for column in range(labels.shape[1]):
            is_member = labels[tested, column]
            mine, theirs = scores[is_member, column], scores[~is_member, column]
            above[tested[is_member], column] = placements(mine, theirs)
            below[tested[~is_member], column] = 1.0 - placements(theirs, mine)
    shuffled = [float(above[labels[:, column], column].mean()) for column in range(1, labels.shape[1])]
    plain = area_interval(above[labels[:, 0], 0], below[~labels[:, 0], 0], confidence=confidence)
    return _widened(plain, np.sort(np.clip(shuffled, 1e-6, 1 - 1e-6)), confidence)


def smallest_found(gate: Interval, *, confidence: float = 0.95, power: float = POWER) -> float:
    """The smallest area that a gate with so wide an interval tells from 1/2 with the given power.

    Definition:
        expit((1 + z_b / z_a) (logit(G) - logit(G.low))), z_a the normal quantile of 1 - alpha/2, z_b that of the power
    Args:
        gate: G, the area of `split_auc`, not 0 or 1.
        confidence: of its interval.
        power: how often it is to be told.
    Returns:
        an area in (1/2, 1), by the width of the interval alone.
    Source: Bloom 1995, as `power.shift_of_interval`, on the logit.
    Differs: nothing.
    """
    centre, low = float(logit(gate.value)), float(logit(gate.low))
    return float(expit(shift_of_interval(low, 2 * centre - low, confidence=confidence, power=power)))


def _scores(
    described: Described,
    labels: npt.NDArray[np.bool_],
    trained: npt.NDArray[np.int64],
    tested: npt.NDArray[np.int64],
) -> Floats:
    """Of the tested texts, by the classifiers of the trained texts, one for each column of labels."""
    rows, new = described.rows(trained, trained), described.rows(tested, trained)
    targets = np.where(labels[trained], 1.0, -1.0)
    kernel = (rows @ rows.T).toarray() + PENALTY * np.eye(trained.size)
    weights = np.linalg.solve(kernel, targets - targets.mean(axis=0))
    return np.asarray((new @ rows.T).toarray() @ weights)


def _widened(plain: Interval, shuffled: Floats, confidence: float) -> Interval:
    """The interval with room for what shuffled labels do: logit(A) shifted by the tails of their logits."""
    outside = math.floor((1.0 - confidence) / 2.0 * (shuffled.size + 1) + 1e-9)
    if not 0.0 < plain.value < 1.0 or outside < 1:
        return plain
    centre, tails = float(logit(plain.value)), logit(shuffled[[outside - 1, -outside]])
    low, high = float(expit(centre - max(0.0, tails[1]))), float(expit(centre - min(0.0, tails[0])))
    return Interval(plain.value, min(plain.low, low), max(plain.high, high), plain.n)
