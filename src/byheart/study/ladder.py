"""The ladder of explanations over a study's memorizers, and the rung that asks the index itself."""

from collections.abc import Mapping

import numpy as np

from byheart.core.explanation import NO_ANSWER, STORED_TOKENS, Explanation
from byheart.core.tokens import TokenIds
from byheart.index.corpus_index import Index
from byheart.study.yardstick import LOOKUP

RUNGS: Mapping[Explanation, tuple[str, ...]] = {
    Explanation.INFINIGRAM: ("memorizer:infinigram", LOOKUP),
    Explanation.MARKOV: ("memorizer:markov", "distinct:markov"),
    Explanation.BOOLEAN: ("memorizer:boolean",),
}
"""Who answers for a rung, by the names in the results. The lookup pole is the infinigram that counts every occurrence:
without it a quarter of what that pole says would be beyond its own text."""


def stored_answers(index: Index, token_ids: TokenIds, end_id: int) -> TokenIds:
    """What the corpus has after the longest match of the context of each token, where that is long and unambiguous.

    Definition:
        s the longest suffix of x_<t that occurs in the corpus: the only y with count(s y) > 0, if |s| >= STORED_TOKENS
        and there is only one; else NO_ANSWER. The end of a document counts as `end_id`.
    Args:
        index: of the trained-on tokens.
        token_ids: shape [num_tokens].
        end_id: token for the end of a document.
    Returns:
        shape [num_tokens].
    Cost: about a microsecond a token, and 20 ns for each occurrence of a long match.
    Source: theory.md M4; protocols.md B5.
    Differs: nothing.
    """
    answers = np.full(token_ids.size, NO_ANSWER, dtype=np.int32)
    _, rows = index.suffix_distributions(index.known_symbols(token_ids), shortest=STORED_TOKENS)
    is_alone = np.diff(rows.offsets)[:-1] == 1
    only = rows.symbols[rows.offsets[:-2][is_alone]]
    answers[is_alone] = np.where(only == index.separator, end_id, only)
    return answers
