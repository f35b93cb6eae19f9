"""How often the answer on the way is right of one end, beside networks that know nothing and the best memorizer."""

from collections.abc import Mapping, Sequence

import numpy as np

from byheart.audits.interpolation_params import Params
from byheart.core.evidence import Estimate, Evidence
from byheart.core.interpolation_material import SHUFFLED, UNTRAINED, Path
from byheart.core.tokens import Floats
from byheart.stats.bootstrap import MIN_CLUSTERS, cluster_totals
from byheart.stats.shares import paired_differences, token_shares

RIGHT = "interpolation.right_share"
_METHOD = "Share of the points of a path whose most probable token follows the one or the other context in the text"
_STORING = ("memorizer:", "distinct:", "lookup:", "blind:")


def right_shares(subject: str, paths: Mapping[str, Sequence[Path]], params: Params) -> list[Evidence]:
    """The share beside the untrained network's, the shuffled embeddings' and the best memorizer's, pair by pair.

    A share of 0 has an interval with a width too. The best memorizer is chosen on the very pairs that are compared,
    which favours it.

    Args:
        subject: name of the subject, a key of paths.
        paths: of everyone, by name; of the same pairs in the same order, of the controls perhaps only the first.
        params: of the audit.
    """
    own = paths[subject]
    others = {f"{RIGHT}{suffix}": name for name, suffix in ((UNTRAINED, ""), (SHUFFLED, "_shuffled"))}
    beside = {title: name for title, name in others.items() if paths.get(name)}
    if not beside:
        return [_share(RIGHT, own, None, "", params)]
    stores = [name for name in paths if name.startswith(_STORING) and name != subject and paths[name]]
    if stores:
        beside[f"{RIGHT}_memorizer"] = max(stores, key=lambda name: _counts(paths[name])[0].sum())
    return [_share(title, own[: len(paths[name])], paths[name], name, params) for title, name in beside.items()]


def _share(name: str, own: Sequence[Path], other: Sequence[Path] | None, beside: str, params: Params) -> Estimate:
    couples = ["\x1f".join(sorted(path.documents)) for path in own]
    counts, sizes = cluster_totals(couples, *_counts(own))
    n = counts.size
    method = _METHOD
    if other is not None:
        method += f"; of the pairs that the control was asked; control: {beside}"
    if n < MIN_CLUSTERS:
        return Estimate(
            name=name,
            value=float(counts.sum() / sizes.sum()),
            unit="share",
            low=None,
            high=None,
            confidence=params.confidence,
            n=n,
            method=f"{method}.",
            no_interval=f"An interval needs {MIN_CLUSTERS} couples of documents; there are {n}.",
        )
    (found,) = token_shares(counts[:, None], sizes, confidence=params.confidence)
    control = excess = None
    if other is not None:
        theirs, _ = cluster_totals(couples, *_counts(other))
        (control,) = token_shares(theirs[:, None], sizes, confidence=params.confidence)
        (excess,) = paired_differences(counts[:, None], theirs[:, None], sizes, confidence=params.confidence)
    return Estimate(
        name=name,
        value=found.value,
        unit="share",
        low=found.low,
        high=found.high,
        confidence=params.confidence,
        n=n,
        method=f"{method}; intervals of shares over couples of documents (Korn and Graubard)"
        + ("." if other is None else ", the difference paired by couple."),
        control=control,
        excess=excess,
    )


def _counts(paths: Sequence[Path]) -> tuple[Floats, Floats]:
    """Right points, and points, of each path."""
    right = np.array([float(path.num_right) for path in paths])
    return right, np.array([float(path.argmax_ids.size) for path in paths])
