"""Predictors that store: they answer from the corpus index and from nothing else.

Course: `definition` (what each predicts, slowly), `knowledge` (M4: `stored_contexts`), `infinigram` (M5:
`suffix_interpolation`, `continuations`), `markov` (M3: `ngram_counts`, `smoothing`, `ngram_table`), `boolean` (M2:
`rules`, `rule_firing`, `rule_groups`, `rule_mining`), `automaton` (M1: `hidden_chain`, `token_classes`, `baum_welch`,
`spectral`; `weighted_automaton` writes it out, `suffix_automaton` is its limit), `mixture` (M6: `mixture_fitting`);
`base_distribution` and `sparse_row` hold a distribution as a few stored continuations over a fixed base, `dense_row`
token by token, `suffix_chain` finds the continuations of every suffix of a context, `memorizer` is what the
predictors share.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from byheart.errors import InputError

if TYPE_CHECKING:
    from byheart.core.tokens import TokenIds
    from byheart.index import Index
    from byheart.memorizers.memorizer import Memorizer

NAMES = ("knowledge", "infinigram", "automaton", "markov", "boolean", "mixture")


def build(
    name: str, index: "Index", *, vocabulary_size: int, end_id: int, calibration: "Sequence[TokenIds]" = ()
) -> "Memorizer":
    """A memorizer by its name, with its default parameters.

    Args:
        name: one of NAMES.
        index: the corpus that it knows by heart.
        vocabulary_size: token ids are 0..vocabulary_size-1; at least the index's alphabet.
        end_id: the token that stands for the end of a document.
        calibration: texts that the corpus does not hold, for "mixture", which is of all the others.
    Raises:
        InputError: an unknown name, a vocabulary that does not fit the index, or a mixture without such texts.
    """
    match name:
        case "knowledge":
            from byheart.memorizers.knowledge import Knowledge

            return Knowledge(index, vocabulary_size=vocabulary_size, end_id=end_id)
        case "infinigram":
            from byheart.memorizers.infinigram import Infinigram

            return Infinigram(index, vocabulary_size=vocabulary_size, end_id=end_id)
        case "automaton":
            from byheart.memorizers.automaton import Automaton

            return Automaton(index, vocabulary_size=vocabulary_size, end_id=end_id)
        case "markov":
            from byheart.memorizers.markov import Markov

            return Markov(index, vocabulary_size=vocabulary_size, end_id=end_id)
        case "boolean":
            from byheart.memorizers.boolean import Boolean

            return Boolean(index, vocabulary_size=vocabulary_size, end_id=end_id)
        case "mixture":
            from byheart.memorizers.mixture import Mixture, texts_with_tokens

            texts = texts_with_tokens(calibration)
            others = [other for other in NAMES if other != name]
            members = [build(other, index, vocabulary_size=vocabulary_size, end_id=end_id) for other in others]
            return Mixture(members, calibration=texts)
    raise InputError(
        f"There is no memorizer called {name!r}.", why=f"Known are {', '.join(NAMES)}.", next_step="Choose one of them."
    )
