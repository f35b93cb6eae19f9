"""Layers are asked once, batch by batch, and kept; what has none says so."""

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from byheart.core.needs import LayersNeed, WindowsNeed
from byheart.core.spans import Span
from byheart.core.tokens import TokenIds
from byheart.models.causal import CausalPredictor
from byheart.study.asking import Answers, lacking
from byheart.study.complexity_asking import ask_layers
from byheart.study.complexity_layers import layered_windows
from byheart.study.forecast import tokens_asked
from byheart.study.journal import Journal
from byheart.study.lab.storing import memorizers_of
from byheart.study.passages import Passage
from byheart.study.subjects import Subject
from tests.models.networks import predictor, texts

NEED = LayersNeed(windows=WindowsNeed(prefix_tokens=3, suffix_tokens=5, num_windows=4, num_per_stratum=0))


def passage(number: int, token_ids: TokenIds) -> Passage:
    return Passage(
        document=f"d{number}",
        span=Span(0, 8),
        token_ids=token_ids,
        role="member" if number % 2 else "control",
        num_given=3,
        num_scored_bytes=5,
    )


PASSAGES = tuple(passage(number, ids) for number, ids in enumerate(texts(*[8] * 6)))


def test_a_resumed_study_reads_the_layers_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = Subject("model", "model", predictor())
    told: list[float] = []
    journal = Journal(tmp_path / "journal", "study")
    found = ask_layers(subject, NEED, PASSAGES, journal, on_progress=lambda s, done, total, note="": told.append(done))
    journal.close()
    assert told[-1] == len(PASSAGES)

    def never(*parts: object) -> None:
        raise AssertionError("it was asked again")

    monkeypatch.setattr(CausalPredictor, "formations", never)
    with closing(Journal(tmp_path / "journal", "study")) as kept:
        again = ask_layers(subject, NEED, PASSAGES, kept)
    assert set(again) == {p.fingerprint for p in PASSAGES}
    for key, it in found.items():
        assert np.array_equal(again[key].layers, it.layers)
        assert np.array_equal(again[key].argmax_id, it.argmax_id)
        assert again[key].log_probability_nats.tobytes() == it.log_probability_nats.tobytes()


def test_an_audit_sees_the_scored_tokens_with_their_layers(tmp_path: Path) -> None:
    subject = Subject("model", "model", predictor())
    with closing(Journal(tmp_path / "journal", "study")) as journal:
        formed = ask_layers(subject, NEED, PASSAGES, journal)
    stored = {p.fingerprint: np.full(8, -1, dtype=np.int32) for p in PASSAGES}
    asked = Answers({NEED: PASSAGES}, {}, {}, {}, stored={NEED: stored}, formations={("model", NEED): formed})
    windows = layered_windows(NEED, subject, asked)
    assert [w.role for w in windows] == ["control", "member"] * 3
    for it, p in zip(windows, PASSAGES, strict=True):
        assert np.array_equal(it.token_ids, p.token_ids[3:])
        assert it.formation.layers.size == it.stored.size == 5
        assert it.num_layers == 3


def test_what_has_no_layers_lacks_them() -> None:
    built = memorizers_of(texts(20, 20), 61, 3, calibration=texts(20, seed=5), names=("markov",))
    memorizer = Subject("memorizer:markov", "memorizer", built["memorizer:markov"])
    assert "no layers" in (lacking(memorizer, NEED, PASSAGES) or "")
    assert lacking(Subject("model", "model", predictor()), NEED, PASSAGES) is None
    assert tokens_asked(NEED) == 2 * 4 * (3 + 5)
