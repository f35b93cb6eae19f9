"""What every claim about single texts stands behind: the split gate, asked of windows and answered in words."""

from collections.abc import Sequence

import numpy as np

from byheart.core.evidence import Interval

DIFFERENT = "The two sets differ by themselves"
SHORT_SHARE = 0.1
"""Share of windows that may be shorter than what the gate reads of the others; the very shortest leave it little."""


def equal_beginnings(members: Sequence[str], controls: Sequence[str]) -> tuple[list[str], list[str]]:
    """What the gate reads of each side: equally long beginnings of the windows.

    A tokenizer that was trained on the trained-on text has longer tokens there, so that windows of equally many tokens
    differ in characters: that is the subject's doing, and would have the gate refuse what it is to protect.

    Definition:
        the first L characters of each text, L the quantile SHORT_SHARE of all lengths
    Args:
        members: texts of the trained-on windows.
        controls: of the held-out ones.
    """
    lengths = [len(text) for text in (*members, *controls)]
    length = int(np.quantile(lengths, SHORT_SHARE)) if lengths else 0
    return [text[:length] for text in members], [text[:length] for text in controls]


def difference(gate: Interval, confidence: float) -> str:
    """Why two sets of texts carry no claim about membership; empty where the gate lets them pass.

    Args:
        gate: AUC of `split_auc`.
        confidence: of its interval.
    """
    if gate.low <= 0.5 <= gate.high:
        return ""
    return (
        f"{DIFFERENT}: a classifier that never sees the subject tells them apart with AUC {gate.value:.2f} "
        f"({100 * confidence:g} % interval {gate.low:.2f} to {gate.high:.2f}, chance 0.50). Give held-out "
        "text that was drawn like the trained-on text."
    )
