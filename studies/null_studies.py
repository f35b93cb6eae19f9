"""Null studies: of a predictor that never saw the 'members', at most 5 % of claims may be significant.

Each world deals the standard library into other text (a memorizer is built of it, a transformer trained on it) and a
pool that neither sees. A study draws documents of the pool, deals them the labels 'trained-on' and 'held-out' at random
and runs the whole audits on the scores. A pool is scored once and dealt many times: given the pool the labels are
independent from study to study, so the studies of a world are independent trials of the audits' error. Secrets
likewise: none was planted, and each study deals which of a pair's candidates are called planted and twin.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from multiprocessing import get_context

import numpy as np

from byheart.audits import exposure, extraction, membership
from byheart.core.evidence import Cell, Estimate, Evidence, Point, Refusal, Table
from byheart.core.material import Inputs, ScoredCanary
from byheart.core.streams import stream
from byheart.core.tokens import TokenIds
from byheart.stats.intervals import clopper_pearson
from studies.null_pools import SCORED, TRANSFORMER, Pool, pools
from studies.presentation import BLUE, RED, Answer, Dot, dot_figure, options

ALPHA = 0.05


@dataclass(frozen=True)
class Size:
    """Of one run."""

    studies: int
    worlds: int
    documents: int
    """Of each side of a study."""
    pairs: int
    """Of a study; a world has four times as many."""
    steps: int
    """Of training."""


FULL = Size(studies=200, worlds=2, documents=100, pairs=24, steps=200)
QUICK = Size(studies=16, worlds=2, documents=40, pairs=12, steps=30)


@dataclass(frozen=True)
class Verdict:
    """What an audit claims of one null study."""

    is_significant: bool
    """In either direction."""
    claims_memory: bool
    """In the direction of memory."""
    is_refused: bool = False


def null_study(
    pool: Pool, decode: Callable[[TokenIds], str], size: Size, rng: np.random.Generator
) -> dict[str, Verdict]:
    """What the audits claim of one random deal of a pool."""
    drawn = rng.permutation(len(pool.windows))[: 2 * size.documents]
    dealt = [
        replace(it, window=replace(it.window, role="member", num_occurrences=1) if at % 2 else it.window)
        for at, it in enumerate(pool.windows[i] for i in drawn)
    ]
    pairs = [_dealt(pool.canaries[i], rng) for i in rng.permutation(len(pool.canaries))[: size.pairs]]
    inputs = Inputs(
        subject="null", decode=decode, windows=tuple(it.window for it in dealt), compared=tuple(dealt),
        reference="other", canaries=tuple(pairs),
    )  # fmt: skip
    found: dict[str, Verdict] = {}
    for length in (10, SCORED):
        recited = extraction.run(inputs, extraction.Params(suffix_tokens=length), rng=rng)
        for name in ("greedy_rate", "pz_half_rate", "pz_1e3_rate"):
            found[f"extraction.{name}, {length} tokens"] = _excess(recited, f"extraction.{name}")
        found[f"extraction: a passage named, {length} tokens"] = _named(recited)
    told = membership.run(inputs, membership.Params(), rng=rng)
    for name in ("split_auc", "auc", "tpr_at_1pct_fpr", "set_p_value"):
        found[f"membership.{name}"] = _excess(told, f"membership.{name}")
    scores = _table(told, "membership.scores")
    holm = [row[scores.columns.index("p, Holm")] for row in scores.rows]
    is_any = any(isinstance(p, float) and p <= ALPHA for p in holm)
    found["membership: a score of six, Holm"] = Verdict(is_any, is_any)
    exposed = exposure.run(inputs, exposure.Params(), rng=rng)
    for name in ("mean_bits", "significant_rate", "right_guess_rate", "p_value", "epsilon_lower_bound"):
        found[f"exposure.{name}"] = _excess(exposed, f"exposure.{name}")
    return found


def _dealt(canary: ScoredCanary, rng: np.random.Generator) -> ScoredCanary:
    """The same candidates, others of them called planted and twin."""
    nats = rng.permutation(np.concatenate([[canary.planted_nats, canary.twin_nats], canary.others_nats]))
    return replace(canary, planted_nats=float(nats[0]), twin_nats=float(nats[1]), others_nats=nats[2:])


def _table(evidence: Sequence[Evidence], name: str) -> Table:
    return next(e for e in evidence if isinstance(e, Table) and e.name == name)


def _named(evidence: Sequence[Evidence]) -> Verdict:
    """Whether a passage is named; refused where the gate lets none be."""
    tables = [e for e in evidence if isinstance(e, Table) and e.name == "extraction.flags"]
    named = any(row[-1] == "yes" for table in tables for row in table.rows)
    return Verdict(named, named, is_refused=not tables)


def _excess(evidence: Sequence[Evidence], name: str) -> Verdict:
    """A p-value of at most ALPHA, a bound above 0, or an excess over chance whose interval leaves out 0."""
    it = next(e for e in evidence if isinstance(e, Estimate | Refusal) and e.name == name)
    if isinstance(it, Refusal):
        return Verdict(is_significant=False, claims_memory=False, is_refused=True)
    if it.excess is None:
        claims = it.value > 0 if it.unit == "epsilon" else it.value <= ALPHA
        return Verdict(claims, claims)
    up, down = it.excess.low > 0, it.excess.high < 0
    return Verdict(up or down, up)


def world_studies(seed: int, number: int, size: Size) -> dict[str, list[dict[str, Verdict]]]:
    """The studies of one world, by predictor."""
    found, tokenizer = pools(
        seed, number, num_windows=4 * size.documents, num_pairs=4 * size.pairs, num_steps=size.steps
    )
    studies: dict[str, list[dict[str, Verdict]]] = {}
    for name, pool in found.items():
        streams = [stream(seed, "null study", str(number), name, str(i)) for i in range(size.studies // size.worlds)]
        studies[name] = [null_study(pool, tokenizer.decode, size, rng) for rng in streams]
    return studies


def summary(studies: dict[str, list[dict[str, Verdict]]]) -> tuple[Table, str]:
    """A row for each predictor and claim, and the figure."""
    rows: list[tuple[Cell, ...]] = []
    dots = []
    for predictor, all_of in studies.items():
        for claim in all_of[0]:
            verdicts = [study[claim] for study in all_of]
            hits = sum(v.is_significant for v in verdicts)
            rate = clopper_pearson(hits, len(verdicts))
            memory, refused = sum(v.claims_memory for v in verdicts), sum(v.is_refused for v in verdicts)
            holds = "yes" if rate.low <= ALPHA else "NO"
            rows.append((predictor, claim, hits, rate.n, rate.value, rate.low, rate.high, memory, refused, holds))
            dots.append(
                Dot(claim, BLUE if predictor == TRANSFORMER else RED, Point(0.0, rate.value, rate.low, rate.high))
            )
    worst = max(rows, key=lambda row: float(row[4] or 0))
    failed = sum(row[-1] == "NO" for row in rows)
    title = (
        f"Of {len(rows)} claims about text that was never seen, {failed} are significant more often than 5 % allows; "
        f"the most frequent, {worst[1]}, in {worst[2]} of {worst[3]} null studies"
    )
    columns = ("predictor", "claim", "significant", "of", "rate", "low", "high", "claims memory", "refused", "5 % held")
    figure = dot_figure(
        title, "null studies with a significant claim (blue: transformer, red: memorizer)", dots, ALPHA, 0.2
    )
    return Table(name="null_studies", title=title, columns=columns, rows=tuple(rows)), figure


def main() -> None:
    parser = options("null_studies", __doc__)
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="worlds at a time (default: all cores)")
    asked = parser.parse_args()
    answer, size = Answer("null_studies", asked), QUICK if asked.quick else FULL
    os.environ["OMP_NUM_THREADS"] = "1"
    # Spawned, since torch's threads do not survive a fork.
    with get_context("spawn").Pool(asked.processes) as workers:
        worlds = workers.starmap(world_studies, [(asked.seed, i, size) for i in range(size.worlds)], chunksize=1)
    answer.give(*summary({name: [s for world in worlds for s in world[name]] for name in worlds[0]}))


if __name__ == "__main__":
    main()
