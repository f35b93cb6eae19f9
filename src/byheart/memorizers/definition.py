"""What the memorizers predict, in plain Python over lists of documents: slow and obviously right."""

from collections import Counter
from collections.abc import Callable, Sequence

from byheart.index import definition as corpus
from byheart.index.definition import Symbols


def continuations(documents: Sequence[Symbols], context: Symbols, *, end_id: int) -> Counter[int]:
    """Token -> how often it follows the context; the end of a document counts as `end_id`."""
    symbols, counts = corpus.next_symbol_counts(documents, context, separator=-1)
    found: Counter[int] = Counter()
    for symbol, number in zip(symbols, counts, strict=True):
        found[end_id if symbol == -1 else symbol] += number
    return found


def knowledge(
    documents: Sequence[Symbols],
    context: Symbols,
    *,
    vocabulary_size: int,
    end_id: int,
    context_lengths: Sequence[int],
    pseudo_count: Callable[[int], float],
) -> list[float]:
    """M4: stored continuations of the longest of a few contexts that occurs, or the uniform distribution.

    Definition:
        P(x) = (c(x) + a / V) / (N + a) with c the counts after the last n tokens, N their sum and a = pseudo_count(n),
        for the largest n in context_lengths with N > 0; 1 / V where there is none
    Returns:
        probabilities, shape [vocabulary_size].
    Source: theory.md M4.
    Differs: an abstention is the uniform distribution, and a little of it is always mixed in.
    """
    uniform = 1 / vocabulary_size
    for length in sorted(context_lengths, reverse=True):
        if length <= len(context):
            found = continuations(documents, context[len(context) - length :], end_id=end_id)
            total, amount = sum(found.values()), pseudo_count(length)
            if total:
                return [(found[token] + amount * uniform) / (total + amount) for token in range(vocabulary_size)]
    return [uniform] * vocabulary_size


def neighbours(documents: Sequence[Symbols], context: Symbols, *, end_id: int) -> Counter[int]:
    """Token -> how many different symbols stand before the context where the token follows, the start as one.

    The end of a document and an `end_id` inside one are looked at apart, and then counted together.
    """
    found: set[tuple[int | None, int | None]] = set()
    for document in documents:
        for start in range(len(document) - len(context) + 1):
            stop = start + len(context)
            if list(document[start:stop]) == list(context):
                before = document[start - 1] if start else None
                found.add((before, document[stop] if stop < len(document) else None))
    return Counter(end_id if follower is None else follower for _, follower in found)


def infinigram(
    documents: Sequence[Symbols],
    context: Symbols,
    *,
    vocabulary_size: int,
    end_id: int,
    discount: Callable[[int], float],
    class_factors: Sequence[float],
    counted: Callable[..., Counter[int]] = neighbours,
) -> list[float]:
    """M5: all suffixes of the context that occur, from the empty to the longest, each refining the one before.

    Definition:
        P_l(x) = (k_l(x) - D_l(x) + sum_y D_l(y) P_l'(x)) / sum_y k_l(y), D_l(x) = discount(l) class_factors[0, 1 or 2]
        for k_l(x) = 1, 2 or more, 0 where k_l(x) = 0; l runs over the lengths of suffixes that occur, the longest of
        those with equally many occurrences standing for all; l' is the next shorter one, below the empty suffix
        stands 1 / V
    Args:
        documents: the corpus.
        context: what stands before the token.
        vocabulary_size: V.
        end_id: token for the end of a document.
        discount: by length.
        class_factors: of the discount, for counts of 1, 2 and more.
        counted: k, `neighbours` or `continuations`.
    Returns:
        probabilities, shape [vocabulary_size].
    Source: theory.md M5; Liu et al. 2024, "Infini-gram" (arXiv 2401.17377); Kneser and Ney 1995, absolute discounting.
    Differs: Liu et al. use the longest suffix alone; here it is discounted by its length and interpolated.
    """
    row = [1 / vocabulary_size] * vocabulary_size
    lengths: dict[int, int] = {}
    for length in range(len(context) + 1):
        occurrences = corpus.count(documents, context[len(context) - length :])
        if occurrences:
            lengths[occurrences] = length
    for length in sorted(lengths.values()):
        found = counted(documents, context[len(context) - length :], end_id=end_id)
        amounts = {x: discount(length) * class_factors[min(k, 3) - 1] for x, k in found.items()}
        total, kept = sum(found.values()), sum(amounts.values())
        row = [(found[x] - amounts.get(x, 0) + kept * below) / total for x, below in enumerate(row)]
    return row
