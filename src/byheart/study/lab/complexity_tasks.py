"""The data of A4: five rules, cases of them to train on, and cases that no table of these holds.

Every task asks only for answers: a case is a sequence with some places that count, and is right when all of them are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from byheart.audits.complexity_params import Params
from byheart.core.tokens import TokenIds

Rng = np.random.Generator
_NUM_CALIBRATION = 200


@dataclass(frozen=True)
class Case:
    """A sequence whose answers are asked."""

    token_ids: TokenIds
    """Question and answer, shape [num_tokens]."""
    places: tuple[int, ...]
    """Of the answer in it, ascending."""


@dataclass(frozen=True)
class Task:
    """A rule in cases. Lists of cases share none."""

    name: str
    """As in the names of estimates."""
    vocabulary_size: int
    """V; token ids are 0..V-1, the last stands for the start and the end of a sequence."""
    answer_ids: tuple[int, ...]
    """Tokens that an answer consists of: everybody is asked which of them is the most probable."""
    num_tokens: int
    """Of the longest sequence."""
    trained: tuple[Case, ...]
    """What networks are trained on and memorizers are built from."""
    fresh: tuple[Case, ...]
    """Unseen cases of the sizes that were trained on; empty where `unseen` are such cases."""
    unseen: tuple[Case, ...]
    """Cases of which a table of the trained ones has none: the question."""
    calibration: tuple[Case, ...]
    """Cases that nobody is trained on or asked: the weights of the mixture of memorizers are fitted on them."""

    @property
    def end_id(self) -> int:
        """The token that stands for the start and the end."""
        return self.vocabulary_size - 1

    @property
    def chance(self) -> float:
        """Share of the unseen cases that uniform guesses among the answers get right."""
        return float(np.mean([len(self.answer_ids) ** -len(case.places) for case in self.unseen]))


def addition(params: Params, *, rng: Rng) -> Task:
    """A b = c with c = a + b mod p: a share of all pairs is trained on, the others are asked.

    Source: Power et al. 2022, "Grokking" (arXiv 2201.02177), 3.1.
    Differs: the operation is written by position alone.
    """
    p = params.modulus
    pairs = np.array(list(product(range(p), repeat=2)))[rng.permutation(p * p)]
    cases = [_case([int(a), int(b), p], [int(a + b) % p]) for a, b in pairs]
    cut = round(params.train_share * p * p)
    asked = cut + min(_NUM_CALIBRATION, (p * p - cut) // 3)
    return Task(
        name="addition",
        vocabulary_size=p + 2,
        answer_ids=tuple(range(p)),
        num_tokens=4,
        trained=tuple(cases[:cut]),
        fresh=(),
        unseen=tuple(cases[asked : asked + params.num_cases]),
        calibration=tuple(cases[cut:asked]),
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

    bound = params.dyck_depth
    trained = _distinct(within, params.num_trained, set())
    known = {case.token_ids.tobytes() for case in trained}
    fresh = _distinct(lambda: asked(bound, 2), params.num_cases + _NUM_CALIBRATION, known)
    unseen = _distinct(lambda: asked(2 * bound, bound + 1), params.num_cases, known)
    return _task("dyck", 5, _CLOSING, params.dyck_tokens, trained, fresh, unseen)


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
        return _case([*bits, 2], [sum(bits) % 2])

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
        return _case([*tokens, 7], [total % 5])

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
    trained = _distinct(within, min(params.num_trained, kind.num_all // 2), set())
    known = {case.token_ids.tobytes() for case in trained}
    fresh = _distinct(within, min(params.num_cases + _NUM_CALIBRATION, kind.num_all // 4), known)
    unseen = _distinct(beyond, params.num_cases, known)
    num_tokens = 2 * n * kind.tokens_each + 2
    answers = tuple(range(kind.num_answers))
    return _task(kind.name, kind.vocabulary_size, answers, num_tokens, trained, fresh, unseen)


NUM_PRIMITIVES = 8
_LEFT = NUM_PRIMITIVES
"""Action "turn left", one more than the actions of the primitives."""
_STOP = NUM_PRIMITIVES + 1
"""Ends the answer."""
MODIFIERS: tuple[Callable[[int], list[int]], ...] = (
    lambda action: [action],
    lambda action: [action, action],
    lambda action: [action, action, action],
    lambda action: [_LEFT, action],
    lambda action: [_LEFT, action, _LEFT, action],
)
"""What a primitive becomes: as it is, twice, thrice, left, around."""
_NUM_ACTIONS = NUM_PRIMITIVES + 2
_FIRST_MODIFIER = _NUM_ACTIONS + NUM_PRIMITIVES
_AND, _AFTER, _DO = (_FIRST_MODIFIER + len(MODIFIERS) + i for i in range(3))


def is_held_out(primitive: int, modifier: int) -> bool:
    """Whether the two never stand together in what is trained on: of each primitive one modifier, never the plain."""
    return modifier == 1 + primitive % (len(MODIFIERS) - 1)


def composition(params: Params, *, rng: Rng) -> Task:
    """Commands of two phrases and the actions that they mean; asked are commands with a pair that was never together.

    Definition:
        phrase = primitive modifier; "f and g" means the actions of f, then those of g; "f after g" those of g, then
        those of f. The whole answer must be right, its end included.
    Source: Lake and Baroni 2018, "Generalization without systematicity" (SCAN, arXiv 1711.00350); theory.md A4.
    Differs: a grammar of our own; held out are primitive x modifier pairs, one for each primitive.
    """

    def make(*, held_out: bool) -> Case | None:
        primitives = rng.integers(NUM_PRIMITIVES, size=2).tolist()
        modifiers = rng.integers(len(MODIFIERS), size=2).tolist()
        pairs = list(zip(primitives, modifiers, strict=True))
        if any(is_held_out(*pair) for pair in pairs) != held_out:
            return None
        parts = [MODIFIERS[modifier](primitive) for primitive, modifier in pairs]
        after = bool(rng.integers(2))
        actions = [*parts[1], *parts[0]] if after else [*parts[0], *parts[1]]
        (p, m), (q, n) = pairs
        command = [
            _NUM_ACTIONS + p, _FIRST_MODIFIER + m, _AFTER if after else _AND, _NUM_ACTIONS + q, _FIRST_MODIFIER + n,
            _DO,
        ]  # fmt: skip
        return _case(command, [*actions, _STOP])

    # The grammar has 2 * 32^2 commands without a held-out pair; a quarter of them stays untrained.
    num_trained = min(params.num_trained, 1500)
    trained = _distinct(lambda: make(held_out=False), num_trained, set())
    known = {case.token_ids.tobytes() for case in trained}
    fresh = _distinct(lambda: make(held_out=False), min(params.num_cases + _NUM_CALIBRATION, 500), known)
    unseen = _distinct(lambda: make(held_out=True), params.num_cases, known)
    return _task("composition", _DO + 2, tuple(range(_NUM_ACTIONS)), 6 + 8 + 1, trained, fresh, unseen)


def _task(
    name: str, vocabulary_size: int, answer_ids: tuple[int, ...], num_tokens: int,
    trained: list[Case], fresh: list[Case], unseen: list[Case],
) -> Task:  # fmt: skip
    """A task some of whose fresh cases, a third at most, are for calibration."""
    num = min(_NUM_CALIBRATION, len(fresh) // 3)
    return Task(
        name, vocabulary_size, answer_ids, num_tokens, tuple(trained), tuple(fresh[num:]), tuple(unseen),
        tuple(fresh[:num]),
    )  # fmt: skip


TASKS: dict[str, Callable[..., Task]] = {
    "addition": addition,
    "dyck": dyck,
    "parity": parity,
    "arithmetic": arithmetic,
    "composition": composition,
}
"""By name, in the order of the page."""


def _case(question: Sequence[int], answer: Sequence[int]) -> Case:
    ids = np.array([*question, *answer], dtype=np.int32)
    return Case(ids, tuple(range(len(question), len(question) + len(answer))))


def _distinct(make: Callable[[], Case | None], num: int, known: set[bytes]) -> list[Case]:
    """So many different cases that are not known; they are drawn until they are there."""
    found: dict[bytes, Case] = {}
    while len(found) < num:
        case = make()
        if case is not None and (key := case.token_ids.tobytes()) not in known:
            found[key] = case
    return list(found.values())


def padded(cases: Sequence[Case], num_tokens: int, fill_id: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Cases as a rectangle and where their answers are.

    Args:
        cases: at most num_tokens long each.
        num_tokens: T.
        fill_id: stands behind shorter ones, and counts nowhere.
    Returns:
        token ids and flags, shape [num_cases, T].
    """
    ids = np.full((len(cases), num_tokens), fill_id, dtype=np.int64)
    counted = np.zeros(ids.shape, dtype=np.bool_)
    for row, case in enumerate(cases):
        ids[row, : case.token_ids.size] = case.token_ids
        counted[row, list(case.places)] = True
    return ids, counted
