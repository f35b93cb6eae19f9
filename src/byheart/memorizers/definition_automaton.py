"""What M1 predicts, as sums over paths in plain Python: slow and obviously right."""

from collections.abc import Sequence
from itertools import product

from byheart.core.tokens import Floats


def path_sum(initial: Floats, tensor: Floats, final: Floats, tokens: Sequence[int]) -> float:
    """The weight of a text: every path through the states, the product of its steps.

    Definition:
        sum over q_0 ... q_n of initial_q0 A_q1q0(x_1) ... A_qn,qn-1(x_n) final_qn
    """
    total = 0.0
    for path in product(range(len(initial)), repeat=len(tokens) + 1):
        weight = float(initial[path[0]]) * float(final[path[-1]])
        for token, before, after in zip(tokens, path[:-1], path[1:], strict=True):
            weight *= float(tensor[token][after][before])
        total += weight
    return total


def automaton(initial: Floats, tensor: Floats, outputs: Floats, context: Sequence[int]) -> list[float]:
    """M1: the next token's distribution from the state that the context leads to.

    Definition:
        s <- A(x) s for each x of the context, then P(x) = out(x)^T s / sum_y out(y)^T s
    Returns:
        probabilities, shape [vocabulary].
    Source: theory.md M1.
    Differs: nothing.
    """
    state = [float(weight) for weight in initial]
    states = range(len(state))
    for token in context:
        state = [sum(float(tensor[token][i][j]) * state[j] for j in states) for i in states]
    weights = [sum(float(out[j]) * state[j] for j in states) for out in outputs]
    return [weight / sum(weights) for weight in weights]
