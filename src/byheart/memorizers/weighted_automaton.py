"""A weighted finite automaton written out: its tensor can be shown, composed, compared and kept in a file."""

import zipfile
from dataclasses import dataclass
from itertools import product as tuples
from pathlib import Path

import numpy as np

from byheart.core.tokens import Floats, TokenIds
from byheart.errors import CapabilityError, FormatError, InputError, SourceError

FORMAT = 1
_FILES = {"initial": 1, "tensor": 3, "outputs": 2}
_MOST_BYTES = 1 << 32


@dataclass(frozen=True)
class WeightedAutomaton:
    """States, one transition matrix for each token, and what each state says of the next token.

    Definition:
        s' = A(x) s; weight(x_1 ... x_n) = |A(x_n) ... A(x_1) s_0|; P(x given s) = out(x)^T s / sum_y out(y)^T s
    Example:
        one state, tokens a b, A(a) = 1/4, A(b) = 3/4: weight("ab") = 1/4 3/4.
    Source: theory.md M1.
    Differs: nothing.
    """

    initial: Floats
    """s_0, shape [num_states]."""
    tensor: Floats
    """A_ij(x), from state j to state i, shape [vocabulary, num_states, num_states]."""
    outputs: Floats
    """out(x), shape [vocabulary, num_states]."""

    def __post_init__(self) -> None:
        size, states = len(self.outputs), self.initial.size
        shapes = [self.initial.shape, self.tensor.shape, self.outputs.shape]
        if states == 0 or shapes != [(states,), (size, states, states), (size, states)]:
            raise InputError(
                "The parts of an automaton do not fit together.",
                why=f"Initial state, tensor and outputs have the shapes {shapes}.",
                next_step="Pass [states], [vocabulary, states, states] and [vocabulary, states], states >= 1.",
            )
        if not all(np.isfinite(part).all() for part in (self.initial, self.tensor, self.outputs)):
            raise InputError("An automaton has a weight that is not finite.", next_step="Correct its weights.")

    @property
    def num_states(self) -> int:
        """|Q|."""
        return int(self.initial.size)

    @property
    def vocabulary_size(self) -> int:
        """|V|."""
        return int(self.outputs.shape[0])

    def state(self, token_ids: TokenIds) -> Floats:
        """A(x_n) ... A(x_1) s_0, shape [num_states]."""
        state = self.initial
        for token in token_ids:
            state = self.tensor[token] @ state
        return state

    def weight(self, token_ids: TokenIds) -> float:
        """The sum over all paths of the product of their steps: probabilities where weights are."""
        return float(self.state(token_ids).sum())

    def next_weights(self, token_ids: TokenIds) -> Floats:
        """out(x)^T s after a context, shape [vocabulary]."""
        weights: Floats = self.outputs @ self.state(token_ids)
        return weights

    @property
    def is_deterministic(self) -> bool:
        """Whether one state starts, and every token leads from each state to one state at most."""
        starts_once = np.count_nonzero(self.initial) <= 1
        return bool(starts_once and (np.count_nonzero(self.tensor, axis=1) <= 1).all())

    def to_deterministic(self, *, most_states: int) -> "WeightedAutomaton":
        """An automaton with the same weights in which every token leads from a state to one other.

        Definition:
            its states are the directions s / 1^T s that texts reach, the first one that of s_0; A(x) leads from s to
            the direction of A(x) s with the weight 1^T A(x) s
        Args:
            most_states: that are tried; most automata reach infinitely many.
        Raises:
            CapabilityError: more states are reached.
            InputError: a reached state sums to zero though it is not zero, so that it has no direction.
        Cost: vocabulary x states x num_states^2.
        Source: Mohri 1997, "Finite-state transducers in language and speech processing", section 3.3.
        Differs: states are compared rounded to 12 digits.
        """
        first, weight = _direction(self.initial)
        numbers, waiting, moves = {_rounded(first): 0}, [first], []
        for before, state in enumerate(waiting):
            for token, matrix in enumerate(self.tensor):
                after, total = _direction(matrix @ state)
                if total == 0.0:
                    continue
                if _rounded(after) not in numbers:
                    if len(waiting) == most_states:
                        raise CapabilityError(
                            f"More than {most_states} states are reached.",
                            why="An automaton with weights need not have a deterministic one of finite size.",
                            next_step="Pass a larger most_states, or use the automaton as it is.",
                        )
                    numbers[_rounded(after)] = len(waiting)
                    waiting.append(after)
                moves.append((token, numbers[_rounded(after)], before, total))
        tensor = np.zeros((self.vocabulary_size, len(waiting), len(waiting)))
        for token, after_number, before, total in moves:
            tensor[token, after_number, before] = total
        return WeightedAutomaton(weight * np.eye(len(waiting))[0], tensor, self.outputs @ np.array(waiting).T)

    def equals(self, other: "WeightedAutomaton", *, max_length_tokens: int, tolerance: float = 1e-12) -> bool:
        """Whether both give every text up to a length the same weight, up to `tolerance` of the larger one.

        Args:
            other: over the same vocabulary.
            max_length_tokens: of the texts, >= 0; num_states of both together, less one, decides for all lengths.
            tolerance: relative.
        Cost: vocabulary to the power of the length.
        Source: Schuetzenberger 1961: automata of m and n states that agree up to length m + n - 1 are equal.
        Differs: tries every text instead of a basis.
        """
        if other.vocabulary_size != self.vocabulary_size:
            return False
        for length in range(max_length_tokens + 1):
            for text in tuples(range(self.vocabulary_size), repeat=length):
                one, two = (machine.weight(np.array(text, dtype=np.int32)) for machine in (self, other))
                if abs(one - two) > tolerance * max(abs(one), abs(two)):
                    return False
        return True

    def export(self, path: Path) -> None:
        """Writes the automaton to one file that `load` and numpy.load read."""
        np.savez(path, format=np.int64(FORMAT), **{name: getattr(self, name) for name in _FILES})


def _direction(state: Floats) -> tuple[Floats, float]:
    """A state that sums to 1, and its sum before; zeros and 0 for the zero state."""
    total = float(state.sum())
    if total == 0.0 and state.any():
        raise InputError("A state of this automaton sums to zero, so that it has no direction.")
    return state / (total or 1.0), total


def _rounded(state: Floats) -> tuple[float, ...]:
    return tuple((np.round(state, 12) + 0.0).tolist())


def product(one: WeightedAutomaton, other: WeightedAutomaton) -> WeightedAutomaton:
    """Both at once: the state is a pair, and every weight is the product of the two weights.

    Definition:
        A(x) = A_1(x) (x) A_2(x), s_0 = s_1 (x) s_2, out(x) = out_1(x) (x) out_2(x), all Kronecker products
    Raises:
        InputError: the vocabularies differ.
    Source: Hadamard product of series, Berstel and Reutenauer 1988.
    Differs: nothing.
    """
    if one.vocabulary_size != other.vocabulary_size:
        raise InputError(
            "Automata over different tokens have no product.",
            why=f"The vocabularies have {one.vocabulary_size} and {other.vocabulary_size} tokens.",
            next_step="Build both with the same tokenizer.",
        )
    states = one.num_states * other.num_states
    return WeightedAutomaton(
        np.outer(one.initial, other.initial).ravel(),
        np.einsum("xij,xkl->xikjl", one.tensor, other.tensor).reshape(-1, states, states),
        np.einsum("xj,xl->xjl", one.outputs, other.outputs).reshape(-1, states),
    )


def load(path: Path) -> WeightedAutomaton:
    """An automaton that `export` wrote.

    Raises:
        SourceError: no such file.
        FormatError: not such a file, damaged, or of another version.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
                raise FormatError(f"{path.name} unpacks to more than {_MOST_BYTES} bytes.")
        with np.load(path, allow_pickle=False) as parts:
            if int(parts["format"]) != FORMAT:
                raise FormatError(
                    f"{path.name} has the format {int(parts['format'])}.", next_step=f"This version reads {FORMAT}."
                )
            arrays = {name: parts[name] for name in _FILES}
        if any(array.dtype != np.float64 or array.ndim != _FILES[name] for name, array in arrays.items()):
            raise FormatError(f"{path.name} has parts of a wrong type.")
        return WeightedAutomaton(**arrays)
    except FileNotFoundError as error:
        raise SourceError(f"There is no file {path.name}.", next_step="Check the path.") from error
    except (OSError, EOFError, KeyError, ValueError, TypeError, zipfile.BadZipFile, zipfile.LargeZipFile) as error:
        raise FormatError(
            f"{path.name} is not an automaton that byheart wrote.",
            why=str(error),
            next_step="Export it again.",
        ) from error
