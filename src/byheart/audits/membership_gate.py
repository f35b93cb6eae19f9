"""Whether the two sets of texts may be what a membership audit tells apart: what the split gate reads and decides."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from byheart.core.evidence import Interval
from byheart.core.material import Inputs
from byheart.stats.gated import DIFFERENT, difference, equal_beginnings
from byheart.stats.split_gate import smallest_found

MIN_PASSING = 40
"""Documents on each side of which a gate may say that the sets do not differ: fewer let strong differences pass."""
UNTOLD = "The two sets may differ by themselves"


@dataclass(frozen=True)
class Doubt:
    """Why the sets themselves may be what is told apart."""

    short: str
    """For the titles of what is shown all the same."""
    reason: str
    """With the numbers, and what to do."""


def gate_texts(inputs: Inputs) -> dict[str, list[str]]:
    """What the gate reads of each side."""
    texts: dict[str, list[str]] = {"member": [], "control": []}
    for window in (it.window for it in inputs.compared):
        texts[window.role].append(inputs.decode(np.concatenate([window.prefix, window.suffix.token_ids])))
    return dict(zip(texts, equal_beginnings(*texts.values()), strict=True))


def enough(num_members: int, num_controls: int) -> str:
    """What the headline needs and has, in a sentence."""
    return (
        f"Needs {MIN_PASSING} documents on each side, so that a gate that never sees the subject can tell whether they "
        f"differ by themselves; has {num_members} trained-on and {num_controls} held-out, the half of the held-out "
        "documents that does not build the blind pole."
    )


def finds(gate: Interval, confidence: float) -> str:
    """What a gate that saw nothing would have seen, to go on a sentence; nothing where it did see a difference."""
    if not gate.low <= 0.5 <= gate.high:
        return ""
    return f"; finds an AUC of {smallest_found(gate, confidence=confidence):.2f} in four of five such sets"


def doubt(gate: Interval, area: Interval, sizes: Sequence[int], confidence: float) -> Doubt | None:
    """Why the headline is refused, or None.

    Definition:
        the gate's interval leaves 1/2 out; or a side has fewer than MIN_PASSING documents; or 1/2 < A.low <= G.high,
        A the subject's area and G the gate's: what the subject does is then no more than what the sets, as far as the
        gate can tell, may do by themselves
    Args:
        gate: area of the split gate, G.
        area: area of the subject's headline score, A.
        sizes: documents of each side, trained-on first.
        confidence: of both intervals.
    Source: Das et al. 2024 (2406.16201), for the first; that not to see a difference is not to have shown that there
        is none, for the others: Altman and Bland 1995, "Absence of evidence is not evidence of absence".
    Differs: nothing.
    """
    own = f"AUC {gate.value:.2f} ({100 * confidence:g} % interval {gate.low:.2f} to {gate.high:.2f}, chance 0.50)"
    blind = "a classifier that never sees the subject"
    if seen := difference(gate, confidence):
        return Doubt(DIFFERENT, seen)
    if min(sizes) < MIN_PASSING:
        return Doubt(UNTOLD, f"{enough(*sizes)} The gate has {own}{finds(gate, confidence)}.")
    if 0.5 < area.low <= gate.high:
        told = f"AUC {area.value:.2f} ({area.low:.2f} to {area.high:.2f})"
        why = (
            f"{UNTOLD} as much as the subject tells them apart: it does so with {told}, and {blind} with {own}, which "
            "leaves that open. More documents on each side make the intervals narrower."
        )
        return Doubt(UNTOLD, why)
    return None
