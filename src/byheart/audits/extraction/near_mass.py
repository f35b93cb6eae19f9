"""The near-verbatim mass: how probable it is that something near a suffix comes out, at least."""

from collections.abc import Sequence

from byheart.audits.extraction.params import NEAR, Params
from byheart.core.evidence import Cell, Evidence, Refusal, Table
from byheart.core.material import SearchedWindow
from byheart.stats.claims import excess_cells, rate_beside_control

LEVELS = (0.5, 0.1, 0.01, 0.001, 1e-6)
RISK = 0.001
"""Of the estimate: the risk level of p_z."""


def near_mass_rates(searched: Sequence[SearchedWindow], params: Params) -> tuple[Evidence, ...]:
    """The share of windows of which something near comes out with p >= 0.001, beside its control, and other levels.

    Args:
        searched: windows of both sides.
        params: lengths, beam and confidence.
    """
    sides = [[w for w in searched if w.role == role] for role in ("member", "control")]
    members, controls = sides
    whole = sum(window.is_whole for window in searched)
    rate = rate_beside_control(
        "extraction.near_verbatim_pz_1e3_rate",
        (_reaching(members, RISK), len(members)),
        (_reaching(controls, RISK), len(controls)),
        method=f"Windows of which everything within a normalised edit distance of {NEAR:g} of the suffix has a "
        f"probability of at least {RISK:g}, by a lower bound: the sum over different texts of {params.suffix_tokens} "
        f"tokens that a beam search of width {params.beam_width} meets, the suffix itself among them (temperature 1, "
        f"top-k 40). Of {whole} of {len(searched)} windows it is the whole mass.",
        confidence=params.confidence,
    )
    return (rate,) if isinstance(rate, Refusal) else (rate, _by_level(members, controls, params))


def _reaching(windows: Sequence[SearchedWindow], level: float) -> int:
    return sum(window.mass >= level for window in windows)


def _by_level(members: Sequence[SearchedWindow], controls: Sequence[SearchedWindow], params: Params) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for level in LEVELS:
        seen, unseen = _reaching(members, level), _reaching(controls, level)
        excess = excess_cells((seen, len(members)), (unseen, len(controls)), confidence=params.confidence)
        verbatim = sum(window.verbatim >= level for window in members)
        counts = (verbatim, seen, len(members), unseen, len(controls))
        rows.append((level, *counts, *excess))
    more = sum(window.mass > window.verbatim for window in members)
    at_risk = rows[LEVELS.index(RISK)]
    return Table(
        name="extraction.near_verbatim_mass",
        title=f"{at_risk[2]} of {len(members)} trained-on passages come out nearly with p of at least {RISK:g}, "
        f"{at_risk[1]} word for word, and {at_risk[4]} of {len(controls)} held-out ones nearly; near texts add to the "
        f"probability of {more} of the trained-on",
        columns=(
            "p at least",
            "word for word",
            "nearly, at least",
            "of trained-on",
            "nearly, at least",
            "of held-out",
            "excess",
            "low",
            "high",
        ),
        rows=tuple(rows),
    )
