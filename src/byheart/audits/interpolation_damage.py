"""What damage does: how often the answer changes, and how much is lost, of trained-on windows beside held-out ones."""

from collections.abc import Sequence

import numpy as np

from byheart.audits.interpolation_params import Params
from byheart.core.evidence import Estimate, Evidence, Interval, Line, Point, Refusal, Series
from byheart.core.interpolation_material import DamagedWindow
from byheart.core.tokens import Floats
from byheart.core.units import NATS_PER_BIT
from byheart.stats.claims import MIN_TRIALS, rate_beside_control
from byheart.stats.intervals import clopper_pearson, difference_of_means, mean_of_few

LOST = "interpolation.member_brittleness_bits"
CHANGED = "interpolation.changed_answer_rate"


def sides(windows: Sequence[DamagedWindow]) -> tuple[list[DamagedWindow], list[DamagedWindow]]:
    """Trained-on windows, and held-out ones."""
    members = [window for window in windows if window.role == "member"]
    return members, [window for window in windows if window.role == "control"]


def changed(windows: Sequence[DamagedWindow], num_damaged: int) -> tuple[int, int]:
    """(windows whose most probable token changes after so many replaced tokens, windows)."""
    flags = [bool(window.is_kept[window.num_damaged.index(num_damaged)]) for window in windows]
    return len(flags) - sum(flags), len(flags)


def lost_bits(windows: Sequence[DamagedWindow]) -> Floats:
    """Bits lost by the damage, mean over the numbers of replaced tokens, of each window."""
    return np.array([window.divergence_nats.mean() / NATS_PER_BIT for window in windows])


def damage_estimates(windows: Sequence[DamagedWindow], params: Params) -> list[Evidence]:
    """Share of changed answers and bits lost of members, each beside held-out windows.

    Args:
        windows: of the subject, both sides.
        params: of the audit.
    """
    members, controls = sides(windows)
    k = params.headline_damaged
    rate = rate_beside_control(
        CHANGED,
        changed(members, k),
        changed(controls, k),
        method=f"Share of trained-on windows whose most probable token changes when {k} tokens of the context are "
        "replaced; control: held-out windows.",
        confidence=params.confidence,
    )
    return [rate, _lost(lost_bits(members), lost_bits(controls), params)]


def _lost(members: Floats, controls: Floats, params: Params) -> Evidence:
    if min(members.size, controls.size) < MIN_TRIALS:
        reason = f"Needs {MIN_TRIALS} windows on each side; has {members.size} and {controls.size}."
        return Refusal(name=LOST, reason=reason)
    value, control = (mean_of_few(side.tolist(), confidence=params.confidence) for side in (members, controls))
    excess = difference_of_means(members.tolist(), controls.tolist(), confidence=params.confidence)
    return Estimate(
        name=LOST,
        value=value.value,
        unit="bits",
        low=max(value.low, 0.0),
        high=value.high,
        confidence=params.confidence,
        n=members.size,
        method="KL of the clean answer to the damaged one, mean over the numbers of replaced tokens and over "
        "trained-on windows; control: held-out windows; Student's t over windows, Welch's for the excess.",
        control=Interval(control.value, max(control.low, 0.0), control.high, control.n),
        excess=excess,
    )


def damage_curve(windows: Sequence[DamagedWindow]) -> Series:
    """How often the answer stays, by the number of replaced tokens, of both sides."""
    members, controls = sides(windows)
    numbers = windows[0].num_damaged
    lines = [
        Line("trained-on", "subject", _points(members, numbers)),
        Line("held-out", "control", _points(controls, numbers)),
    ]
    lines = [line for line in lines if line.points]
    most = numbers[-1]
    said = [f"{100 * line.points[-1].y:.0f} % of the answers to {line.label} text" for line in lines]
    return Series(
        name="interpolation.damage",
        title=f"With {most} tokens of the context replaced, {' and '.join(said)} stay",
        x="tokens replaced",
        y="share of answers that stay",
        lines=tuple(lines),
        x_is_log=True,
        note="The most probable next token, Clopper-Pearson intervals over windows.",
    )


def _points(windows: Sequence[DamagedWindow], numbers: Sequence[int]) -> tuple[Point, ...]:
    if not windows:
        return ()
    points = []
    for number in numbers:
        moved, n = changed(windows, number)
        it = clopper_pearson(n - moved, n)
        points.append(Point(float(number), it.value, it.low, it.high, n))
    return tuple(points)
