"""The data of A4: five rules, cases of them to train on, and cases that no table of these holds.

Every task asks only for answers: a case is a sequence with some places that count, and is right when all of them are.
"""

from collections.abc import Callable, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from byheart.audits.complexity_params import Params
from byheart.study.lab.complexity_cases import NUM_CALIBRATION, Case, Rng, Task, case_of, distinct, task_of_cases
from byheart.study.lab.complexity_commands import composition


def addition(params: Params, *, rng: Rng) -> Task:
    """A b = c with c = a + b mod p: a share of all pairs is trained on, the others are asked.

    Definition:
        pairs are split without their order: a b and b a are both trained on, or both left out, so that to know that
        a + b = b + a answers nothing that is asked
    Source: Power et al. 2022, "Grokking" (arXiv 2201.02177), 3.1.
    Differs: the operation is written by position alone; there every ordered pair is drawn by itself, and where b a is
        trained on a b is answered by swapping alone.
    """
    p = params.modulus
    pairs = np.array([(a, b) for a, b in product(range(p), repeat=2) if a <= b])
    pairs = pairs[rng.permutation(len(pairs))]
    cut = round(params.train_share * len(pairs))
    asked = cut + min(NUM_CALIBRATION // 2, (len(pairs) - cut) // 3)

    def cases(some: npt.NDArray[np.int64]) -> list[Case]:
        both = [(int(a), int(b)) for pair in some for a, b in dict.fromkeys((tuple(pair), tuple(pair[::-1])))]
        return [case_of([a, b, p], [(a + b) % p]) for a, b in both]

    left = cases(pairs[asked:])
    return Task(
        name="addition",
        vocabulary_size=p + 2,
        answer_ids=tuple(range(p)),
        num_tokens=4,
        trained=tuple(cases(pairs[:cut])),
        fresh=(),
        unseen=tuple(left[number] for number in rng.permutation(len(left))[: params.num_cases]),
        calibration=tuple(cases(pairs[cut:asked])),
    )


_OPENING, _CLOSING = (0, 1), (2, 3)


def dyck(params: Params, *, rng: Rng) -> Task:
    """Two kinds of brackets up to a depth; asked is which bracket closes, one place a sequence, beyond that depth.

    Definition:
        a sequence is a walk of `dyck_tokens` steps from depth 0 back to 0, up or down with probability 1/2 where both
        lead back in time and within the depth bound; each opening is of one of two kinds. Trained on are walks that
        stay within `dyck_depth`, all their closings; asked is a closing of walks that reach up to twice that depth,
        drawn from those whose own brackets enclose more than `dyck_depth` levels, themselves counted: nothing that was
        trained on goes on as from their opening, so that no stored run can reach back to it.
    Source: theory.md A4; Hewitt et al. 2020, "RNNs can generate bounded hierarchical languages with optimal memory"
        (arXiv 2010.07515), closing brackets as what is asked.
    Differs: the answer is asked among the closing brackets, as of a reader who knows that one must come.
    """

    def walk(bound: int) -> list[int]:
        stack: list[int] = []
        tokens = []
        for left in range(params.dyck_tokens, 0, -1):
            may_open = len(stack) < min(bound, left - 1)
            if may_open and (not stack or rng.random() < 0.5):
                stack.append(int(rng.integers(2)))
                tokens.append(_OPENING[stack[-1]])
            else:
                tokens.append(_CLOSING[stack.pop()])
        return tokens

    def within() -> Case:
        tokens = walk(params.dyck_depth)
        return Case(np.array(tokens, dtype=np.int32), tuple(i for i, t in enumerate(tokens) if t in _CLOSING))

    def asked(bound: int, least_depth: int) -> Case | None:
        tokens = walk(bound)
        far = [place for place, depth in _spans(tokens) if depth >= least_depth]
        return Case(np.array(tokens, dtype=np.int32), (int(rng.choice(far)),)) if far else None

    def never_stored() -> Case | None:
        case = asked(bound, 2)
        return None if case is None or case.token_ids[: case.places[0]].tobytes() in questions else case

    bound = params.dyck_depth
    trained = distinct(within, params.num_trained, set())
    known = {case.token_ids.tobytes() for case in trained}
    # A sequence may be new and yet begin as a trained one up to the bracket that is asked.
    questions = {case.token_ids[:place].tobytes() for case in trained for place in case.places}
    fresh = distinct(never_stored, params.num_cases + NUM_CALIBRATION, known)
    unseen = distinct(lambda: asked(2 * bound, bound + 1), params.num_cases, known)
    return task_of_cases("dyck", 5, _CLOSING, params.dyck_tokens, trained, fresh, unseen)


def _spans(tokens: Sequence[int]) -> list[tuple[int, int]]:
    """Of every closing bracket its place, and how deep the brackets are nested from its opening on, itself counted."""
    found = []
    deepest: list[int] = []
    for place, token in enumerate(tokens):
        if token in _OPENING:
            deepest.append(1)
        else:
            depth = deepest.pop()
            found.append((place, depth))
            if deepest:
                deepest[-1] = max(deepest[-1], depth + 1)
    return found


def parity(params: Params, *, rng: Rng) -> Task:
    """Bits and whether their sum is odd, on sequences longer than those trained on.

    Source: Delétang et al. 2023, "Neural Networks and the Chomsky Hierarchy" (arXiv 2207.02098), parity check.
    Differs: a fixed set of sequences is trained on, and the answer stands in the sequence.
    """

    def make(length: int) -> Case:
        bits = rng.integers(2, size=length).tolist()
        return case_of([*bits, 2], [sum(bits) % 2])

    longest = params.parity_bits
    num_all = sum(2**length for length in range(2, longest + 1))
    lengths = _Lengths("parity", 4, 2, longest, tokens_each=1, num_all=num_all)
    return _by_length(make, lengths, params, rng=rng)


def arithmetic(params: Params, *, rng: Rng) -> Task:
    """Sums and differences modulo 5, on more numbers than those trained on.

    Source: Delétang et al. 2023 (arXiv 2207.02098), modular arithmetic (simple).
    Differs: no products, so that answers are uniform and 1/5 is chance; as for `parity`.
    """

    def make(length: int) -> Case:
        numbers, signs = rng.integers(5, size=length), rng.integers(2, size=length - 1)
        total = int(numbers[0]) + sum(int(n) if s else -int(n) for n, s in zip(numbers[1:], signs, strict=True))
        tokens = [int(numbers[0])]
        for n, s in zip(numbers[1:], signs, strict=True):
            tokens += [5 + int(s), int(n)]
        return case_of([*tokens, 7], [total % 5])

    longest = params.arithmetic_numbers
    num_all = sum(5 * 10 ** (length - 1) for length in range(2, longest + 1))
    lengths = _Lengths("arithmetic", 9, 5, longest, tokens_each=2, num_all=num_all)
    return _by_length(make, lengths, params, rng=rng)


class _Lengths(NamedTuple):
    """A task whose unseen cases are longer than the trained ones."""

    name: str
    vocabulary_size: int
    num_answers: int
    longest: int
    """Trained are lengths 2..n, asked n+1..2n, drawn uniformly."""
    tokens_each: int
    num_all: int
    """Sequences of trained lengths that there are."""


def _by_length(make: Callable[[int], Case], kind: _Lengths, params: Params, *, rng: Rng) -> Task:
    n = kind.longest

    def within() -> Case:
        return make(int(rng.integers(2, n + 1)))

    def beyond() -> Case:
        return make(int(rng.integers(n + 1, 2 * n + 1)))

    # Half of all, so that unseen ones of the same lengths are left.
    trained = distinct(within, min(params.num_trained, kind.num_all // 2), set())
    known = {case.token_ids.tobytes() for case in trained}
    fresh = distinct(within, min(params.num_cases + NUM_CALIBRATION, kind.num_all // 4), known)
    unseen = distinct(beyond, params.num_cases, known)
    num_tokens = 2 * n * kind.tokens_each + 2
    answers = tuple(range(kind.num_answers))
    return task_of_cases(kind.name, kind.vocabulary_size, answers, num_tokens, trained, fresh, unseen)


TASKS: dict[str, Callable[..., Task]] = {
    "addition": addition,
    "dyck": dyck,
    "parity": parity,
    "arithmetic": arithmetic,
    "composition": composition,
}
"""By name, in the order of the page."""
