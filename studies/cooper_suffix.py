"""Cooper et al. 2026 (2607.12649), direction: of shorter suffixes more is 'extractable' by chance.

Small transformers are asked for passages that were planted into what they were trained on and for the unplanted twins
(those of carlini_scaling); SmolLM2-135M for windows of the Python standard library, which it may have seen, and of
byheart's own source code, which was written after it was trained. False-positive share: the rate among unseen windows
by that among the others, for suffixes of 10, 20 and 50 tokens after 50 given.
"""

import itertools
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

import byheart
from byheart.audits.extraction.coming_out import is_greedily_extracted, reaches
from byheart.core.evidence import Cell, Interval, Point, Table
from byheart.core.material import Window
from byheart.core.spans import Span
from byheart.core.streams import stream
from byheart.core.tokens import TokenIds
from byheart.corpus.documents import Corpus, Document
from byheart.corpus.tokenizer import Tokenizer
from byheart.models import SMOLLM2, load_model
from byheart.models.causal import CausalPredictor
from byheart.stats.intervals import clopper_pearson
from studies import carlini_scaling
from studies.learners import library, score_all
from studies.presentation import BLACK, BLUE, GREY, RED, Answer, Curve, curve_figure, options

GIVEN = 50
LENGTHS = (10, 20, 50)
RULES = {
    "p_z >= 0.001": lambda window, length: reaches(window, num_tokens=length, pz=0.001),
    "greedy": lambda window, length: is_greedily_extracted(window, num_tokens=length),
}
LEAST_HITS = 5
"""Of both sides together; fewer carry no share."""


@dataclass(frozen=True)
class Size:
    """Of one run."""

    windows: int
    """Of each side for SmolLM2, one of a document."""
    planted: carlini_scaling.Size
    """Of the small transformers."""


FULL = Size(windows=200, planted=carlini_scaling.FULL)
QUICK = Size(windows=12, planted=carlini_scaling.QUICK)


def own_source() -> Corpus:
    """The modules of the package that is running."""
    root = Path(byheart.__file__).parent
    found = ((path.relative_to(root).as_posix(), path.read_text("utf-8")) for path in sorted(root.rglob("*.py")))
    return Corpus(tuple(Document(name, text) for name, text in found))


def windows_of(corpus: Corpus, tokenizer: Tokenizer, num: int, *, rng: np.random.Generator) -> list[TokenIds]:
    """A window from a random place of each of so many documents."""
    length = GIVEN + LENGTHS[-1]
    found: list[TokenIds] = []
    for at in rng.permutation(len(corpus)):
        ids = tokenizer.token_ids_many([corpus.documents[at].text])[0]
        if ids.size >= length and len(found) < num:
            start = int(rng.integers(ids.size - length + 1))
            found.append(ids[start : start + length].astype(np.int32))
    return found


Sides = tuple[list[Window], list[Window]]
"""Scored windows: equally many that were or may have been seen and that cannot."""


def planted_and_twins(size: Size, seed: int) -> Sides:
    """Those of small transformers."""
    models = (carlini_scaling.model_windows(seed, number, size.planted) for number in range(size.planted.models))
    found = [window for windows in models for window in windows if window.prefix.size == GIVEN]
    seen, unseen = ([w for w in found if w.role == role] for role in ("member", "control"))
    return seen, unseen


def of_smollm2(size: Size, seed: int) -> Sides:
    """Those of SmolLM2."""
    loaded = load_model(SMOLLM2)
    assert isinstance(loaded.predictor, CausalPredictor)
    rng = stream(seed, "cooper")
    unseen = windows_of(own_source(), loaded.tokenizer, size.windows, rng=rng)
    seen = windows_of(library(), loaded.tokenizer, len(unseen), rng=rng)
    unseen = unseen[: len(seen)]
    scores = score_all(loaded.predictor, [*seen, *unseen], [GIVEN] * (len(seen) + len(unseen)))
    windows = [
        Window(
            role="member" if at < len(seen) else "control", document=str(at), span=Span(0, 1), num_occurrences=0,
            in_base_sample=True, prefix=ids[:GIVEN], suffix=one,
        )
        for at, (ids, one) in enumerate(zip([*seen, *unseen], scores, strict=True))
    ]  # fmt: skip
    return windows[: len(seen)], windows[len(seen) :]


def false_positive_share(unseen_hits: int, seen_hits: int) -> Interval | None:
    """The unseen rate by the seen rate, both of equally many windows; None where there are too few hits.

    Definition:
        k_unseen / k_seen; given k_unseen + k_seen, k_unseen is binomial with s = r / (1 + r) where hits are rare, so
        Clopper-Pearson bounds of s give those of r = s / (1 - s); conservative where hits are not rare
    """
    if unseen_hits + seen_hits < LEAST_HITS or seen_hits == 0:
        return None
    of_all = clopper_pearson(unseen_hits, unseen_hits + seen_hits)
    low, high = (min(s, 1 - 1e-9) / (1 - min(s, 1 - 1e-9)) for s in (of_all.low, of_all.high))
    return Interval(unseen_hits / seen_hits, low, high, unseen_hits + seen_hits)


def summary(predictors: dict[str, Sides]) -> tuple[Table, str]:
    """Hits of both sides by predictor, rule and suffix, the false-positive share, and the figure."""
    rows: list[tuple[Cell, ...]] = []
    curves, said = [], []
    colours = iter((BLUE, RED, GREY, BLACK))
    for (name, (seen, unseen)), (rule, came_out) in itertools.product(predictors.items(), RULES.items()):
        points = []
        for length in LENGTHS:
            hits, chance = (sum(map(partial(came_out, length=length), side)) for side in (seen, unseen))
            share = false_positive_share(chance, hits)
            bounds = (share.value, share.low, share.high) if share else (None, None, None)
            rows.append((name, rule, length, hits, len(seen), chance, len(unseen), *bounds))
            if share:
                points.append(Point(float(length), share.value, share.low, share.high, share.n))
        if points:
            curves.append(Curve(f"{name}, {rule}", next(colours), tuple(points)))
            shares = ", ".join(f"{100 * point.y:.0f} % at {point.x:.0f}" for point in points)
            said.append(f"{name} ({rule}) {shares}")
    title = f"False-positive share of 'extractable' by tokens: {'; '.join(said) or 'too few hits for a number'}"
    columns = (
        "predictor", "rule", "suffix tokens", "came out", "of seen", "came out", "of unseen", "unseen by seen",
        "low", "high",
    )  # fmt: skip
    figure = curve_figure(title, "suffix tokens", "unseen rate by seen rate", curves, x_is_log=True) if curves else ""
    return Table(name="cooper_suffix", title=title, columns=columns, rows=tuple(rows)), figure


def main() -> None:
    asked = options("cooper_suffix", __doc__).parse_args()
    answer = Answer("cooper_suffix", asked)
    size = QUICK if asked.quick else FULL
    small = planted_and_twins(size, asked.seed)
    answer.give(*summary({"small transformers": small, "SmolLM2-135M": of_smollm2(size, asked.seed)}))


if __name__ == "__main__":
    main()
