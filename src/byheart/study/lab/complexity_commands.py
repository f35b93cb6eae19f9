"""The fourth rule of A4: commands of a small grammar, some of whose pairs never stand together in training."""

from collections.abc import Callable

from byheart.audits.complexity_params import Params
from byheart.study.lab.complexity_cases import NUM_CALIBRATION, Case, Rng, Task, case_of, distinct, task_of_cases

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
        return case_of(command, [*actions, _STOP])

    # The grammar has 2 * 32^2 commands without a held-out pair; a quarter of them stays untrained.
    num_trained = min(params.num_trained, 1500)
    trained = distinct(lambda: make(held_out=False), num_trained, set())
    known = {case.token_ids.tobytes() for case in trained}
    fresh = distinct(lambda: make(held_out=False), min(params.num_cases + NUM_CALIBRATION, 500), known)
    unseen = distinct(lambda: make(held_out=True), params.num_cases, known)
    return task_of_cases("composition", _DO + 2, tuple(range(_NUM_ACTIONS)), 6 + 8 + 1, trained, fresh, unseen)
