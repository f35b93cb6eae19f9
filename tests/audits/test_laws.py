"""What every audit must obey."""

import json
from functools import partial

import numpy as np
import pytest

from byheart.audits import AUDITS
from byheart.core.audit import METHOD_HEADINGS, Audit
from byheart.core.codec import dumps, result_from_json, result_to_json
from byheart.core.interpolation_material import SHUFFLED, UNTRAINED
from byheart.core.material import Inputs
from byheart.core.result import Completed, Result
from tests.audits.context_material import told
from tests.audits.material import canary, compared, continuation, damaged, inputs, ladder, layered, path, piece, window


def some_inputs() -> Inputs:
    rng = np.random.default_rng(0)
    said = {name: rng.integers(-1, 50, 50).tolist() for name in ("knowledge", "infinigram", "markov", "boolean")}
    beside = ladder(50, **said)
    sided = partial(window, prefix_tokens=50, suffix_tokens=50, ladder=beside)
    windows = [sided("member", f"m{i}", float(rng.uniform(0.3, 0.99))) for i in range(12)]
    windows += [sided("control", f"c{i}", 0.2) for i in range(12)]
    secrets = rng.normal(-20, 2, size=(6, 65))
    own = tuple(continuation(i, rng.integers(1, 9, 40).tolist()) for i in range(8))
    smooth = tuple(path(i, [float(x) for x in rng.dirichlet(np.ones(64))], derivatives=(0, -1, 2)) for i in range(6))
    step = tuple(path(i, [0.0] * 31 + [0.4] + [0.0] * 32) for i in range(6))
    sides = [("member", 0.5), ("control", 0.9)]
    hurt = tuple(
        damaged(s, i, (rng.random(6) < keeps).tolist(), rng.random(6).tolist()) for s, keeps in sides for i in range(12)
    )
    return inputs(
        paths={"model": smooth, "memorizer:boolean": step, UNTRAINED: smooth[:5], SHUFFLED: smooth[:5]},
        damaged={"model": hurt, "memorizer:boolean": hurt},
        windows=tuple(windows),
        compared=tuple(compared(it) for it in windows),
        pieces=tuple(piece(f"d{i}", 5, own=float(rng.uniform(1, 2)), good=1.5) for i in range(8)),
        continuations=own,
        layered=tuple(
            layered(role, f"{role}{i}", [1, 2, 4], sure=[True, True, False], stored=[role == "member"] * 3)
            for role in ("member", "control")
            for i in range(8)
        ),
        canaries=tuple(canary(f"c{i}", s[0] + 9, s[1], s[2:]) for i, s in enumerate(secrets)),
        human=tuple(continuation(i, rng.integers(1, 9, 40).tolist()) for i in range(8)),
        context=told(),
        attacked=tuple(continuation(i, rng.integers(1, 30, 40).tolist()) for i in range(8)),
    )


@pytest.mark.parametrize("audit", AUDITS, ids=lambda a: a.name)
class TestEveryAudit:
    def test_has_the_six_headings(self, audit: Audit) -> None:
        assert tuple(audit.method()) == METHOD_HEADINGS
        assert all(len(text) > 20 for text in audit.method().values())

    def test_gives_the_same_bytes_for_the_same_stream(self, audit: Audit) -> None:
        params = audit.profiles["quick"]
        once, again = (audit.run(some_inputs(), params, rng=np.random.default_rng(3)) for _ in range(2))
        assert dumps(result_to_json(Result(audit.name, 1, "s", Completed(once)))) == dumps(
            result_to_json(Result(audit.name, 1, "s", Completed(again)))
        )

    def test_gives_evidence_that_survives_json(self, audit: Audit) -> None:
        evidence = audit.run(some_inputs(), audit.profiles["quick"], rng=np.random.default_rng(3))
        result = Result(audit.name, audit.version, "s", Completed(evidence))
        assert evidence
        assert result_from_json(json.loads(dumps(result_to_json(result)))) == result

    def test_names_its_evidence_after_itself(self, audit: Audit) -> None:
        evidence = audit.run(some_inputs(), audit.profiles["quick"], rng=np.random.default_rng(3))
        assert all(e.name.startswith(f"{audit.name}.") for e in evidence)

    def test_has_every_profile(self, audit: Audit) -> None:
        assert set(audit.profiles) == {"quick", "standard", "full"}
        assert all(audit.needs(params) for params in audit.profiles.values())


def test_audits_have_different_names() -> None:
    assert len({audit.name for audit in AUDITS}) == len(AUDITS)
