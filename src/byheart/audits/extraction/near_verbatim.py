"""What the subject writes by itself after a prefix, compared with what stands there."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from byheart.audits.extraction.params import NEAR, Params
from byheart.core.evidence import Cell, Estimate, Evidence, Refusal, Table
from byheart.core.material import Window, WrittenWindow
from byheart.stats.claims import excess_cells, rate_beside_control
from byheart.stats.edit_distance import is_nearly

_SHARES = (0.0, 0.05, NEAR, 0.2, 0.5)


def is_written_verbatim(window: WrittenWindow) -> bool:
    """Whether greedy writing reproduced the suffix token by token.

    Definition:
        [written = suffix], which is_greedily_extracted says of the same window without writing
    Args:
        window: as the subject continued it.
    Source: Carlini et al. 2022 (2202.07646).
    Differs: nothing.
    """
    return bool(np.array_equal(window.written, window.suffix))


def is_near_verbatim(window: WrittenWindow, share: float = NEAR) -> bool:
    """Whether greedy writing reproduced the suffix but for a few tokens.

    Definition:
        edit distance(written, suffix) / max(|written|, |suffix|) <= share
    Args:
        window: as the subject continued it.
        share: in [0, 1].
    Source: 2603.24917, near-verbatim extraction; protocols.md B1.
    Differs: nothing.
    """
    return is_nearly(window.written.tolist(), window.suffix.tolist(), share)


def near_verbatim(written: Sequence[WrittenWindow], scored: Sequence[Window], params: Params) -> tuple[Evidence, ...]:
    """The near-verbatim rate beside its control, and how it depends on what counts as near."""
    method = (
        f"Near-verbatim: what it writes greedily after {params.prefix_tokens} tokens differs from the next "
        f"{params.suffix_tokens} by a normalised edit distance of at most {NEAR:g}.{_agreement(written, scored)}"
    )
    rate = _rate("extraction.near_verbatim_rate", written, is_near_verbatim, method, params)
    return (rate,) if isinstance(rate, Refusal) else (rate, _by_distance(written, params))


def written_verbatim_rate(written: Sequence[WrittenWindow], params: Params) -> Estimate | Refusal:
    """The greedy rate of a subject whose probabilities are not shown: it writes, and the text is compared."""
    method = f"Greedy: {params.suffix_tokens} tokens after {params.prefix_tokens} given, by writing them."
    return _rate("extraction.greedy_rate", written, is_written_verbatim, method, params)


def _rate(
    name: str, written: Sequence[WrittenWindow], came_out: Callable[[WrittenWindow], bool], method: str, params: Params
) -> Estimate | Refusal:
    seen, unseen = (_count(written, role, came_out) for role in ("member", "control"))
    return rate_beside_control(name, seen, unseen, method=method, confidence=params.confidence)


def _count(written: Sequence[WrittenWindow], role: str, came_out: Callable[[WrittenWindow], bool]) -> tuple[int, int]:
    side = [window for window in written if window.role == role]
    return sum(map(came_out, side)), len(side)


def _agreement(written: Sequence[WrittenWindow], scored: Sequence[Window]) -> str:
    """On how many windows writing says of verbatim recitation what the scores say, and what it means where it differs.

    In exact arithmetic it is all of them. Reading a text at once and writing it token by token round differently, so
    that the two most probable tokens may change places where they are nearly equal: it is said beside the number
    instead of stopping a run.
    """
    says = {(w.role, w.document, w.span): bool(w.suffix.is_argmax.all()) for w in scored if w.in_base_sample}
    pairs = [
        is_written_verbatim(w) == says[w.role, w.document, w.span]
        for w in written
        if (w.role, w.document, w.span) in says
    ]
    if not pairs:
        return ""
    said = f" On {sum(pairs)} of {len(pairs)} windows writing and scores agree whether it comes out word for word"
    if all(pairs):
        return f"{said}."
    return f"{said}; but for near ties they must on all, so the greedy rate, which rests on scores, is in doubt by it."


def _by_distance(written: Sequence[WrittenWindow], params: Params) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for share in _SHARES:
        is_near = partial(is_near_verbatim, share=share)
        seen, unseen = (_count(written, role, is_near) for role in ("member", "control"))
        rows.append((share, *seen, *unseen, *excess_cells(seen, unseen, confidence=params.confidence)))
    near, exact = rows[_SHARES.index(NEAR)][1], rows[0][1]
    return Table(
        name="extraction.by_edit_distance",
        title=f"{exact} of {rows[0][2]} trained-on passages are written word for word, {near} with at most "
        f"{100 * NEAR:g} % of their tokens edited; of held-out ones {rows[0][3]} and "
        f"{rows[_SHARES.index(NEAR)][3]} of {rows[0][4]}",
        columns=(
            "edited at most, share",
            "came out",
            "of trained-on",
            "came out",
            "of held-out",
            "excess",
            "low",
            "high",
        ),
        rows=tuple(rows),
    )
