"""Asks a subject along paths and after damage, one path and one context at a time, through the journal."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from byheart.core.codec import array_from_json, array_to_json
from byheart.core.interpolation_material import SHUFFLED, UNTRAINED, DamagedWindow, Path
from byheart.core.needs import DamageNeed, Need, PathsNeed
from byheart.core.predictor import Distributes, Expands, Predictor
from byheart.core.progress import Progress, silent
from byheart.core.streams import stream
from byheart.core.tokens import Floats, TokenIds
from byheart.errors import CapabilityError
from byheart.stats.paths import divergences_nats, from_start_of_path, steps_of_path
from byheart.study.interpolation_material import DamagedContexts, PathPair
from byheart.study.journal import Journal
from byheart.study.subjects import Subject

_ARRAYS = ("steps", "from_start", "argmax_ids", "start_nats")
Found = dict[str, tuple[Path, ...]]
"""By name: of the subject itself, and of its controls."""


def lacking_interpolation(subject: Subject, need: Need) -> str | None:
    """Why this subject cannot be asked, or None when it can."""
    predictor = subject.predictor
    if isinstance(predictor, Distributes) or (isinstance(need, PathsNeed) and isinstance(predictor, Expands)):
        return None
    return f"{subject.name} shows neither embeddings nor the whole distribution of the next token."


def ask_paths(
    subject: Subject,
    need: PathsNeed,
    pairs: Sequence[PathPair],
    journal: Journal,
    seed: int,
    *,
    on_progress: Progress = silent,
) -> Found:
    """What a subject answers between the ends of each pair, and what its controls do between the ends of some.

    Args:
        subject: whose predictor offers Distributes or Expands.
        need: sizes; part of the journal's keys.
        pairs: the ends.
        journal: keeps each path.
        seed: root of the streams of the controls.
        on_progress: told after each path.
    Cost: `num_points` contexts a pair where there are embeddings, else two.
    """
    own: Predictor = subject.predictor
    found = {subject.name: _asked(subject, "", lambda: own, need, pairs, journal, on_progress)}
    if subject.role not in ("model", "base") or not isinstance(own, Expands):
        return found
    for name in (UNTRAINED, SHUFFLED):
        some = pairs[: need.num_control_pairs]
        try:
            found[name] = _asked(subject, name, _control(subject, name, seed), need, some, journal, on_progress)
        except CapabilityError:
            continue  # of a network whose beginning nobody here knows
    return found


def _control(subject: Subject, name: str, seed: int) -> Callable[[], Predictor]:
    """Builds it once, and only where something is asked that the journal does not have."""
    built: list[Predictor] = []

    def build() -> Predictor:
        from byheart.models.causal import CausalPredictor
        from byheart.models.controls import shuffled_embeddings, untrained

        if not built:
            assert isinstance(subject.predictor, CausalPredictor)
            rng = stream(seed, "control", subject.name, name)
            built.append((untrained if name == UNTRAINED else shuffled_embeddings)(subject.predictor, rng=rng))
        return built[0]

    return build


def _asked(
    subject: Subject,
    control: str,
    predictor: Callable[[], Predictor],
    need: PathsNeed,
    pairs: Sequence[PathPair],
    journal: Journal,
    on_progress: Progress,
) -> tuple[Path, ...]:
    paths = []
    for number, pair in enumerate(pairs):
        key = f"path/{subject.name}/{control}/{subject.predictor.fingerprint}/{need!r}/{number}/{pair.fingerprint}"
        if key not in journal:
            is_expanded = not control and number < need.num_expanded
            ends = (pair.ends[0].token_ids, pair.ends[1].token_ids)
            journal.put(key, answers_between(predictor(), ends, need.num_points, is_expanded=is_expanded))
        paths.append(path_of(pair, journal.get(key)))
        on_progress(f"interpolate {subject.name} {control}".rstrip(), number + 1, len(pairs))
    return tuple(paths)


def answers_between(
    predictor: Predictor, ends: tuple[TokenIds, TokenIds], num_points: int, *, is_expanded: bool
) -> dict[str, Any]:
    """What a predictor answers between two contexts of equal length, as JSON values.

    Args:
        predictor: offers Expands, or Distributes.
        ends: the contexts.
        num_points: of the grid.
        is_expanded: whether to ask for derivatives.
    """
    derivatives = None
    if isinstance(predictor, Expands):
        rows = rows_between(predictor, ends, num_points)
        if is_expanded:
            first, second = (predictor.embed_context(end) for end in ends)
            target = int(rows[0].argmax())
            derivatives = predictor.directional_derivatives_nats(first, second - first, target)
    else:
        assert isinstance(predictor, Distributes)
        return _one_step(predictor.next_log_probabilities_nats(ends), num_points)
    return {
        "steps": array_to_json(steps_of_path(rows)),
        "from_start": array_to_json(from_start_of_path(rows)),
        "argmax_ids": array_to_json(rows.argmax(axis=1).astype(np.int32)),
        "start_nats": array_to_json(rows[:, int(rows[0].argmax())]),
        "derivatives": derivatives,
    }


def rows_between(predictor: Expands, ends: tuple[TokenIds, TokenIds], num_points: int) -> Floats:
    """The distribution at each point of the line between the input embeddings of two contexts.

    Definition:
        P_l after E(l) = (1 - l) E_a + l E_b, l = 0, 1/(G-1), ..., 1
    Args:
        predictor: who answers.
        ends: a and b, of equal length.
        num_points: G.
    Returns:
        nats, shape [G, V].
    Source: theory.md A2.
    Differs: nothing.
    """
    first, second = (predictor.embed_context(end) for end in ends)
    grid = np.linspace(0.0, 1.0, num_points)[:, None, None]
    return predictor.next_log_probabilities_from_embeddings_nats((1.0 - grid) * first + grid * second)


def _one_step(ends: Floats, num_points: int) -> dict[str, Any]:
    """Of who has no embeddings: the answer of the nearer end at every point, at the middle that of the second.

    Args:
        ends: nats, shape [2, V].
        num_points: G.
    """
    at = (np.linspace(0.0, 1.0, num_points) >= 0.5).astype(np.int64)
    return {
        "steps": array_to_json(steps_of_path(ends)[0] * np.diff(at)),
        "from_start": array_to_json(from_start_of_path(ends)[at]),
        "argmax_ids": array_to_json(ends.argmax(axis=1).astype(np.int32)[at]),
        "start_nats": array_to_json(ends[at, int(ends[0].argmax())]),
        "derivatives": None,
    }


def path_of(pair: PathPair, raw: dict[str, Any]) -> Path:
    """The inverse of what `answers_between` wrote, with where it was asked."""
    first, second = pair.ends
    derivatives = raw["derivatives"]
    return Path(
        documents=(first.document, second.document),
        following=(first.following, second.following),
        fired=None if first.fired is None or second.fired is None else (first.fired, second.fired),
        derivatives=None if derivatives is None else tuple(derivatives),
        **{name: array_from_json(raw[name]) for name in _ARRAYS},
    )


def ask_damaged(
    subject: Subject,
    need: DamageNeed,
    found: Sequence[DamagedContexts],
    journal: Journal,
    *,
    on_progress: Progress = silent,
) -> tuple[DamagedWindow, ...]:
    """What a subject answers after each context, whole and damaged.

    Args:
        subject: whose predictor offers Distributes.
        need: part of the journal's keys.
        found: the contexts.
        journal: keeps each answer.
        on_progress: told after each context.
    """
    predictor = subject.predictor
    assert isinstance(predictor, Distributes)
    windows = []
    for number, it in enumerate(found):
        key = f"damage/{subject.name}/{predictor.fingerprint}/{need!r}/{it.fingerprint}"
        if key not in journal:
            kept, lost = answers_to_damage(predictor.next_log_probabilities_nats(it.contexts))
            journal.put(key, {"kept": kept, "divergence_nats": array_to_json(lost)})
        raw = journal.get(key)
        windows.append(
            DamagedWindow(
                role=it.passage.role,
                document=it.passage.document,
                num_damaged=it.num_damaged,
                is_kept=np.array(raw["kept"], dtype=np.bool_),
                divergence_nats=array_from_json(raw["divergence_nats"]),
            )
        )
        on_progress(f"damage {subject.name}", number + 1, len(found))
    return tuple(windows)


def answers_to_damage(rows: Floats) -> tuple[list[bool], Floats]:
    """Whether the most probable token stays, and how many nats are lost, for each damaged context.

    Args:
        rows: nats; the distribution after the whole context, then after each damaged one, shape [1 + n, V].
    """
    best = rows.argmax(axis=1)
    return (best[1:] == best[0]).tolist(), divergences_nats(rows[0], rows[1:])
