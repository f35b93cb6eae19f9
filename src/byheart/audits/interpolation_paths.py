"""What the answers along paths say, in numbers: jumps, lengths, changes, and right answers beside the controls."""

from collections.abc import Mapping, Sequence

import numpy as np

from byheart.audits.interpolation_params import Params
from byheart.audits.interpolation_right import right_shares
from byheart.core.evidence import Estimate, Evidence, Interval, Line, Point, Refusal, Role, Series
from byheart.core.interpolation_material import SHUFFLED, UNTRAINED, Path
from byheart.core.tokens import Floats
from byheart.stats.bootstrap import MIN_CLUSTERS, cluster_totals, ratio_difference, ratio_of_sums

DNF = "memorizer:boolean"
"""Whose step the subject's jump is compared with."""
LEAST_END_TO_END = 1e-9
"""Total variation below which the answers at both ends are the same, and no share of it is told."""
Paths = Mapping[str, Sequence[Path]]


def path_estimates(subject: str, paths: Paths, params: Params, *, rng: np.random.Generator) -> list[Evidence]:
    """Largest jump beside the DNF's, its share, changes, length, and right answers beside who knows nothing.

    Args:
        subject: name of the subject, a key of paths.
        paths: of everyone, by name; of the same pairs in the same order, of the controls only the first.
        params: of the audit.
        rng: draws the resamples.
    """
    own = paths[subject]
    ones = np.ones(len(own))
    jumps, ends = _column(own, "largest_jump"), _column(own, "end_to_end")
    dnf = paths.get(DNF) if subject != DNF else None
    fired = None if dnf is None else (np.array([fired_jump(path) for path in own]), ones)
    stepped = None if dnf is None else (_column(dnf, "largest_jump"), _column(dnf, "end_to_end"))
    found: list[Evidence] = [
        _beside(
            "interpolation.largest_jump", "total variation", (jumps, ones), fired, own, params,
            "Largest total variation between neighbouring points of a path, mean over pairs; control: the jump of the "
            "0/1 output of the DNF (M2) on the same pairs, whose step as a distribution stands in the table",
            rng=rng,
        ),
        _beside(
            "interpolation.jump_share", "share", (jumps, ends), stepped, own, params,
            "Sum of the largest jumps over the sum of the end-to-end distances; control: the DNF on the same pairs",
            rng=rng,
        ),
        _ratio(
            "interpolation.end_to_end", "total variation", ends, ones, own, params,
            "Total variation between the answers at both ends, mean over pairs", rng=rng,
        ),
        _ratio(
            "interpolation.path_length_ratio", "times the end-to-end distance",
            np.array([path.steps.sum() for path in own]), ends, own, params,
            "Sum of all steps over the sum of the end-to-end distances", rng=rng,
        ),
        _ratio(
            "interpolation.argmax_changes", "changes per path", _column(own, "num_changes"), ones, own, params,
            "Changes of the most probable token between neighbouring points, mean over paths", rng=rng,
        ),
    ]  # fmt: skip
    return [*found, *right_shares(subject, paths, params)]


def fired_jump(path: Path) -> float:
    """Total variation between what the strongest rules of the DNF say at both ends, as its 0/1 output: 0 or 1."""
    return float(path.fired is not None and path.fired[0] != path.fired[1])


def _column(paths: Sequence[Path], name: str) -> Floats:
    return np.array([float(getattr(path, name)) for path in paths])


def _couples(paths: Sequence[Path]) -> list[str]:
    return ["\x1f".join(sorted(path.documents)) for path in paths]


def _ratio(
    name: str, unit: str, above: Floats, below: Floats, paths: Sequence[Path], params: Params, method: str, *,
    rng: np.random.Generator,
) -> Evidence:  # fmt: skip
    return _beside(name, unit, (above, below), None, paths, params, method, rng=rng)


def _beside(
    name: str, unit: str, own: tuple[Floats, Floats], other: tuple[Floats, Floats] | None, paths: Sequence[Path],
    params: Params, method: str, *, rng: np.random.Generator,
) -> Evidence:  # fmt: skip
    """A ratio of sums over couples of documents, with the paired difference to a control."""
    if own[1].sum() <= LEAST_END_TO_END:
        return Refusal(name=name, reason="Its answers at both ends are the same on every pair; there is no way to go.")
    couples = _couples(paths)
    above, below = cluster_totals(couples, *own)
    n = above.size
    carries = n >= MIN_CLUSTERS
    value = float(above.sum() / below.sum())
    interval = Interval(value, value, value, n)
    control = excess = None
    if carries:
        (interval,) = ratio_of_sums(above[:, None], below[:, None], rng=rng, confidence=params.confidence)
    if other is not None:
        theirs = cluster_totals(couples, *other)
        level = float(theirs[0].sum() / theirs[1].sum())
        control = Interval(level, level, level, n)
        if carries:
            (control,) = ratio_of_sums(theirs[0][:, None], theirs[1][:, None], rng=rng, confidence=params.confidence)
            excess = ratio_difference((above, below), (theirs[0], theirs[1]), rng=rng, confidence=params.confidence)
    too_few = f"An interval needs {MIN_CLUSTERS} couples of documents; there are {n}."
    how = "; percentile bootstrap over couples of documents" + (", paired." if other is not None else ".")
    return Estimate(
        name=name,
        value=interval.value,
        unit=unit,
        low=interval.low if carries else None,
        high=interval.high if carries else None,
        confidence=params.confidence,
        n=n,
        method=method + (how if carries else "."),
        control=control if carries else None,
        excess=excess,
        no_interval=None if carries else too_few,
    )


def path_curve(subject: str, paths: Paths) -> Series:
    """How far the answer has come along the path, beside both controls of a network."""
    own = paths[subject]
    lines = [_line("answer", "subject", own)]
    lines += [_line(name, "control", paths[name]) for name in (UNTRAINED, SHUFFLED) if paths.get(name)]
    shares = {name: _share_in_one_step(found) for name, found in paths.items() if found}
    title = f"The largest step between neighbouring points is {_percent(shares[subject])} of the whole way"
    if subject != DNF and DNF in shares:
        title += f"; the DNF's {_percent(shares[DNF])}"
    return Series(
        name="interpolation.path",
        title=title,
        x="place between the two inputs, l",
        y="total variation from the start",
        lines=tuple(lines),
        note="Mean over pairs of contexts. Who has no embeddings answers as at the nearer end: one step in the middle. "
        "Controls are asked fewer pairs.",
    )


def _share_in_one_step(paths: Sequence[Path]) -> float | None:
    whole = _column(paths, "end_to_end").sum()
    return float(_column(paths, "largest_jump").sum() / whole) if whole > LEAST_END_TO_END else None


def _percent(share: float | None) -> str:
    return "no part" if share is None else f"{100 * share:.0f} %"


def _line(label: str, role: Role, paths: Sequence[Path]) -> Line:
    means = np.mean([path.from_start for path in paths], axis=0)
    places = np.linspace(0.0, 1.0, means.size)
    points = tuple(Point(float(at), float(y), n=len(paths)) for at, y in zip(places, means, strict=True))
    return Line(label, role, points)
