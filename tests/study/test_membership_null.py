"""Studies of a model that saw neither side: at most one in twenty may claim that it can tell them apart."""

import numpy as np
import pytest
from scipy.stats import binom

from byheart.audits.membership import Params, run
from byheart.core.evidence import Estimate, Table
from byheart.core.material import ComparedWindow, Inputs, Window
from byheart.core.spans import Span
from byheart.core.streams import stream
from byheart.core.token_scores import TokenScores

NUM_STUDIES = 200
NUM_DOCUMENTS, NUM_TOKENS = 40, 20


def document(role: str, name: str, rng: np.random.Generator) -> ComparedWindow:
    """A text whose difficulty is drawn, whichever side it is on."""
    difficulty = rng.lognormal(0.8, 0.5)
    nats = [-rng.exponential(difficulty, NUM_TOKENS) for _ in range(4)]
    suffix = TokenScores(
        token_ids=rng.integers(0, 500, NUM_TOKENS, dtype=np.int32),
        log_probability_nats=nats[0],
        rank=np.ones(NUM_TOKENS, dtype=np.int32),
        argmax_id=np.zeros(NUM_TOKENS, dtype=np.int32),
        argmax_log_probability_nats=np.zeros(NUM_TOKENS),
        entropy_nats=np.full(NUM_TOKENS, difficulty),
        log_probability_variance_nats2=np.full(NUM_TOKENS, difficulty**2),
        log_top_k_mass_nats=np.zeros(NUM_TOKENS),
    )
    window = Window(
        role="member" if role == "member" else "control",
        document=name,
        span=Span(0, 1),
        num_occurrences=0,
        in_base_sample=True,
        prefix=rng.integers(0, 500, NUM_TOKENS, dtype=np.int32),
        suffix=suffix,
    )
    return ComparedWindow(window=window, lowercase=nats[1], reference=nats[2], mixture=nats[3])


def null_study(seed: int) -> tuple[bool, bool, bool]:
    """Whether it passes the gate, whether its AUC is above chance, whether a score is significant after Holm."""
    rng = stream(seed, "null membership")
    found = [document(role, f"{role}{i}", rng) for role in ("member", "control") for i in range(NUM_DOCUMENTS)]
    decode = lambda ids: " ".join(f"w{i}" for i in ids.tolist())  # noqa: E731
    evidence = run(Inputs(subject="s", decode=decode, compared=tuple(found), reference="r"), Params(), rng=rng)
    table = next(e for e in evidence if isinstance(e, Table) and e.name == "membership.scores")
    corrected = [row[table.columns.index("p, Holm")] for row in table.rows]
    area, gate = (
        next((e for e in evidence if isinstance(e, Estimate) and e.name == f"membership.{name}"), None)
        for name in ("auc", "split_auc")
    )
    assert gate is not None
    assert gate.low is not None
    assert gate.high is not None
    claims = area is not None and area.low is not None and area.low > 0.5
    return gate.low <= 0.5 <= gate.high, claims, any(isinstance(p, float) and p <= 0.05 for p in corrected)


@pytest.mark.slow
def test_at_most_one_in_twenty_null_studies_is_significant() -> None:
    passed, claimed, significant = np.array([null_study(seed) for seed in range(NUM_STUDIES)]).T
    # 5 % and what chance adds to it in all but 1 of 1,000 runs of this test: 21 of 200.
    most = int(binom.ppf(0.999, NUM_STUDIES, 0.05))
    assert (~passed).sum() <= most
    assert claimed.sum() <= most
    assert significant.sum() <= most
    # The tests can fail: with no member scored higher by anything but chance, some do claim at 5 % uncorrected.
    assert claimed.sum() + significant.sum() > 0
