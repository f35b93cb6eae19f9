"""Predictors that store: they answer from the corpus index and from nothing else.

Course: `definition` (what each predicts, slowly), `knowledge` (M4), `infinigram` (M5), `markov` (M3: `ngram_counts`,
`smoothing`, `ngram_table`), `boolean` (M2: `rules`, `rule_groups`, `rule_mining`), `automaton` (M1:
`hidden_chain`, `token_classes`, `baum_welch`, `spectral`; `weighted_automaton` writes it out, `suffix_automaton` is its
limit); `base_distribution` and `sparse_row` hold a distribution as a few stored continuations over a fixed base,
`dense_row` token by token, `suffix_chain` finds the continuations of every suffix of a context, `memorizer` is what the
predictors share.
"""

from typing import TYPE_CHECKING

from byheart.errors import InputError

if TYPE_CHECKING:
    from byheart.index import Index
    from byheart.memorizers.memorizer import Memorizer

NAMES = ("knowledge", "infinigram", "automaton", "markov", "boolean")


def build(name: str, index: "Index", *, vocabulary_size: int, end_id: int) -> "Memorizer":
    """A memorizer by its name, with its default parameters.

    Args:
        name: one of NAMES.
        index: the corpus that it knows by heart.
        vocabulary_size: token ids are 0..vocabulary_size-1; at least the index's alphabet.
        end_id: the token that stands for the end of a document.
    Raises:
        InputError: an unknown name, or a vocabulary that does not fit the index.
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
    raise InputError(
        f"There is no memorizer called {name!r}.", why=f"Known are {', '.join(NAMES)}.", next_step="Choose one of them."
    )
