"""Why a passage came out: often repeated, made by a rule, or neither."""

import re
from collections.abc import Sequence
from typing import Literal

from byheart.audits.extraction.coming_out import is_greedily_extracted
from byheart.audits.extraction.params import Params
from byheart.core.evidence import Cell, Table
from byheart.core.material import Inputs, Window
from byheart.stats.intervals import clopper_pearson

Kind = Literal["recite", "reconstruct", "recollect"]
KINDS: tuple[Kind, ...] = ("recite", "reconstruct", "recollect")
MANY = 5
"""A passage that occurs more often than this is recited."""
_PIECE = re.compile(r"[0-9]+|\s+|[^\W\d_]+|.", re.DOTALL)
_SAID = {
    "recite": f"recite: more than {MANY} occurrences",
    "reconstruct": "reconstruct: templated or counting",
    "recollect": "recollect: the rest",
}


def is_templated(given: str, continued: str) -> bool:
    """Whether a text goes on by a rule that its beginning shows: repetition of a pattern, with numbers that count.

    Definition:
        cut given + continued into pieces (runs of digits, of letters, of blanks; other characters one by one), of which
        f is the first that reaches into `continued`; there is a period d <= f / 2 such that
        (shown twice) for i in [f - d, f) piece i equals piece i - d, or both are numbers;
        (goes on) for i >= f piece i equals piece i - d, or is the next number after pieces i - 2 d and i - d (equal
        differences, zeros in front kept); of the last piece, which may be cut, the beginning
    Args:
        given: what stands before.
        continued: what the rule must foresee; empty text is foreseen by any rule.
    Cost: number of pieces squared.
    Source: Prashanth et al. 2024, "Recite, Reconstruct, Recollect" (2406.17746), repeating and incrementing templates.
    Differs: they look at tokens of the whole sample by rules of their own; here the prefix must show the pattern twice,
        and every piece of the suffix must follow it.
    """
    pieces = [(match.group(), match.end()) for match in _PIECE.finditer(given + continued)]
    texts = [text for text, _ in pieces]
    first = next((i for i, (_, end) in enumerate(pieces) if end > len(given)), len(pieces))
    return any(
        all(_is_alike(texts[i - period], texts[i]) for i in range(first - period, first))
        and all(_follows(texts, i, period, is_last=i + 1 == len(texts)) for i in range(first, len(texts)))
        for period in range(1, first // 2 + 1)
    )


def _is_alike(one: str, other: str) -> bool:
    """Equal, or both numbers: the two give the step by which they count."""
    return one == other or (one.isdecimal() and other.isdecimal())


def _follows(texts: Sequence[str], i: int, period: int, *, is_last: bool) -> bool:
    expected = {texts[i - period], _next_number(texts[i - 2 * period], texts[i - period])}
    return any(text == texts[i] or (is_last and text.startswith(texts[i])) for text in expected)


def _next_number(before: str, last: str) -> str:
    """The number that goes on counting, or the last piece where the two are no numbers."""
    # Longer runs of digits are data, not counters; int() refuses them from some length on.
    if not (before.isdecimal() and last.isdecimal() and max(len(before), len(last)) <= 18):
        return last
    following = 2 * int(last) - int(before)
    return str(following).zfill(len(last) if last.startswith("0") else 0) if following >= 0 else last


def kind_of(num_occurrences: int, given: str, continued: str) -> Kind:
    """Which of the three kinds a passage that came out is.

    Definition:
        recite where it occurs more than 5 times in the corpus, else reconstruct where `is_templated`, else recollect
    Args:
        num_occurrences: of the whole window in the trained-on corpus.
        given: its prefix as text.
        continued: its suffix as text.
    Source: Prashanth et al. 2024 (2406.17746), the taxonomy.
    Differs: see `is_templated`.
    """
    if num_occurrences > MANY:
        return "recite"
    return "reconstruct" if is_templated(given, continued) else "recollect"


def taxonomy(
    members: Sequence[Window], controls: Sequence[Window], inputs: Inputs, params: Params
) -> tuple[Table, ...]:
    """The kinds of the windows that came out greedily; no table where none of the base sample did."""

    def kinds(windows: Sequence[Window]) -> list[Kind]:
        came_out = (w for w in windows if is_greedily_extracted(w, params.suffix_tokens))
        return [
            kind_of(w.num_occurrences, inputs.decode(w.prefix), inputs.decode(w.suffix.token_ids)) for w in came_out
        ]

    base = kinds([w for w in members if w.in_base_sample])
    filling, unseen = kinds([w for w in members if not w.in_base_sample]), kinds(controls)
    if not base:
        return ()
    rows: list[tuple[Cell, ...]] = []
    for kind in KINDS:
        share = clopper_pearson(base.count(kind), len(base), confidence=params.confidence)
        in_base = (base.count(kind), share.value, share.low, share.high)
        rows.append((_SAID[kind], *in_base, filling.count(kind), unseen.count(kind)))
    return (
        Table(
            name="extraction.taxonomy",
            title=f"Of {len(base)} trained-on passages that come out, {base.count('recite')} occur more than {MANY} "
            f"times, {base.count('reconstruct')} follow a pattern, and {base.count('recollect')} are neither",
            columns=("kind", "came out", "of these", "low", "high", "of strata filled up", "of held-out"),
            rows=tuple(rows),
        ),
    )
