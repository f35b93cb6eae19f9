"""How far two sequences of tokens are from one another, up to a bound that makes it cheap."""

from collections.abc import Sequence


def edit_distance(first: Sequence[int], second: Sequence[int], at_most: int) -> int | None:
    """Fewest insertions, deletions and substitutions of one token that turn one sequence into the other.

    Definition:
        D(i, 0) = i, D(0, j) = j, D(i, j) = min(D(i-1, j) + 1, D(i, j-1) + 1, D(i-1, j-1) + [first_i != second_j])
    Args:
        first: token ids.
        second: token ids.
        at_most: the largest distance of interest, >= 0.
    Returns:
        D(len(first), len(second)), or None where it is more than `at_most`.
    Cost: (2 at_most + 1) len(first) steps: only a band of the table can hold distances up to the bound.
    Source: Levenshtein 1966, "Binary codes capable of correcting deletions, insertions, and reversals"; Ukkonen 1985,
        "Algorithms for approximate string matching", the band.
    Differs: nothing.
    """
    if abs(len(first) - len(second)) > at_most:
        return None
    row = [min(j, at_most + 1) for j in range(len(second) + 1)]
    for i, symbol in enumerate(first, start=1):
        row = next_row(row, i, symbol, second, at_most)
    return row[-1] if row[-1] <= at_most else None


def next_row(row: Sequence[int], i: int, symbol: int, second: Sequence[int], at_most: int) -> list[int]:
    """The table of `edit_distance` one symbol further.

    Args:
        row: D(i - 1, j) for j = 0..len(second), where more than `at_most` may be given as any greater number.
        i: symbols of the first sequence that are read then, >= 1.
        symbol: the i-th of them.
        second: token ids.
        at_most: the largest distance of interest, >= 0.
    Returns:
        D(i, j) for j = 0..len(second), and at_most + 1 for every greater one.
    """
    beyond = at_most + 1
    below = [beyond] * (len(second) + 1)
    if i <= at_most:
        below[0] = i
    for j in range(max(1, i - at_most), min(len(second), i + at_most) + 1):
        below[j] = min(row[j] + 1, below[j - 1] + 1, row[j - 1] + (symbol != second[j - 1]), beyond)
    return below


def is_nearly(first: Sequence[int], second: Sequence[int], share: float) -> bool:
    """Whether two sequences differ by no more than a share of the longer one.

    Definition:
        D(first, second) / max(len(first), len(second)) <= share
    Args:
        first: token ids.
        second: token ids; two empty sequences are equal.
        share: largest normalised edit distance, in [0, 1].
    Source: 2603.24917, near-verbatim extraction, as protocols.md B1 has it: normalised token edit distance.
    Differs: nothing.
    """
    # The bound is a whole number of edits: the sum keeps 0.1 * 50 from becoming 4.999...
    at_most = int(share * max(len(first), len(second)) + 1e-9)
    return edit_distance(first, second, at_most) is not None
