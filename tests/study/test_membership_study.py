"""From documents to the membership audit: what is cut, who is asked, and whether the poles stand apart."""

import dataclasses
import functools

import numpy as np
import pytest

from byheart.audits.membership import AUDIT, Params, run
from byheart.core.evidence import Estimate, Evidence, Table
from byheart.core.needs import ComparedWindowsNeed, Need, WindowsNeed
from byheart.core.streams import stream
from byheart.corpus.documents import Corpus, Document
from byheart.corpus.encoded import encode_corpus
from byheart.corpus.tokenizer import Tokenizer
from byheart.study.asking import Answers
from byheart.study.inputs import inputs_for
from byheart.study.materials import longest_tokens, material
from byheart.study.passages import Passage
from byheart.study.subjects import Cast, Subject, build_index
from byheart.study.yardstick import BLIND, LOOKUP, MIXTURE, build_pole

PARAMS = Params(prefix_tokens=10, suffix_tokens=20, num_windows=40)
WINDOWS, COMPARED = AUDIT.needs(PARAMS)


def corpus(name: str, num: int) -> Corpus:
    """Documents of words drawn from one distribution, whichever side they are on; some in capitals."""
    rng = stream(1, "membership study", name)  # of seed 0 the gate refuses, as it does of 1 in 20 such sets
    words = [f"{'Word' if i % 3 else 'word'}{i}" for i in range(60)]
    share = 1 / np.arange(1, 61)
    texts = (" ".join(rng.choice(words, 60, p=share / share.sum())) for _ in range(num))
    return Corpus(tuple(Document(f"{name}{i}", text) for i, text in enumerate(texts)))


@functools.cache
def cast() -> Cast:
    seen, unseen, other = (corpus(name, 40) for name in ("seen", "unseen", "other"))
    tokenizer = Tokenizer.train(seen, 400)
    trained_on, held_out, calibration = (encode_corpus(it, tokenizer) for it in (seen, unseen, other))
    index = build_index(trained_on, tokenizer)
    lookup, blind = build_pole(index, tokenizer), build_pole(build_index(calibration, tokenizer), tokenizer)
    subjects = (
        Subject("audited", "model", lookup),
        Subject(LOOKUP, "lookup pole", lookup),
        Subject(BLIND, "blind pole", blind),
        Subject(MIXTURE, "memorizer", lookup),
    )
    return Cast(subjects, tokenizer, trained_on, held_out, index)


@functools.cache
def asked() -> Answers:
    materials = {need: material(need, cast(), 0) for need in (WINDOWS, COMPARED)}
    scores = {
        (subject.name, need): {
            p.fingerprint: subject.predictor.score([p.token_ids], [p.num_given])[0]  # type: ignore[attr-defined]
            for p in found
            if isinstance(p, Passage)
        }
        for subject in cast().subjects
        for need, found in materials.items()
    }
    return Answers(materials, scores, {}, {})


def passages(need: Need) -> list[Passage]:
    return [p for p in asked().materials[need] if isinstance(p, Passage)]


def evidence_of(name: str) -> tuple[Evidence, ...]:
    subject = next(s for s in cast().subjects if s.name == name)
    given = inputs_for((WINDOWS, COMPARED), subject, asked(), cast())
    return run(given, PARAMS, rng=stream(0, "audit", "membership"))


def area_of(name: str) -> Estimate:
    found = next(e for e in evidence_of(name) if getattr(e, "name", "") == "membership.auc")
    assert isinstance(found, Estimate)
    return found


def test_the_lower_case_is_that_of_the_very_windows() -> None:
    assert isinstance(WINDOWS, WindowsNeed)
    assert isinstance(COMPARED, ComparedWindowsNeed)
    decode = cast().tokenizer.decode
    base = [p for p in passages(WINDOWS) if p.in_base_sample]
    for window, lowered in zip(base, passages(COMPARED), strict=True):
        assert (lowered.document, lowered.span, lowered.role) == (window.document, window.span, window.role)
        suffix = decode(window.token_ids[window.num_given :])
        assert suffix.lower().startswith(decode(lowered.token_ids[lowered.num_given :]))
        prefix = decode(window.token_ids[: window.num_given])
        assert prefix.lower().endswith(decode(lowered.token_ids[: lowered.num_given]))
        assert lowered.num_given < lowered.token_ids.size <= longest_tokens(COMPARED) == 10 + 20


def test_one_window_of_a_document() -> None:
    names = [(p.role, p.document) for p in passages(COMPARED)]
    assert len(names) == len(set(names)) == 40 + 40


def test_the_reference_is_the_base_of_an_adapter_else_the_blind_pole_and_never_oneself() -> None:
    whole = cast()
    assert [getattr(whole.reference_of(s), "name", None) for s in whole.subjects] == [BLIND, BLIND, None, BLIND]
    base = Subject("base", "base", whole.subjects[0].predictor)
    tuned = dataclasses.replace(whole, subjects=(whole.subjects[0], base, *whole.subjects[1:]))
    assert [getattr(tuned.reference_of(s), "name", None) for s in tuned.subjects[:3]] == ["base", BLIND, BLIND]


def test_every_window_stands_beside_the_scores_of_its_own_text() -> None:
    given = inputs_for((WINDOWS, COMPARED), cast().subjects[0], asked(), cast())
    assert given.reference == BLIND
    blind, mine = asked().scores[BLIND, WINDOWS], asked().scores["audited", WINDOWS]
    base = [p for p in passages(WINDOWS) if p.in_base_sample]
    for it, passage in zip(given.compared, base, strict=True):
        assert it.reference is not None
        assert it.mixture is not None
        assert it.window.document == passage.document
        assert it.reference.tolist() == blind[passage.fingerprint].log_probability_nats.tolist()
        assert it.mixture.tolist() == mine[passage.fingerprint].log_probability_nats.tolist()


def test_the_poles_stand_apart() -> None:
    lookup, blind = area_of(LOOKUP), area_of(BLIND)
    assert lookup.value > 0.99
    assert lookup.low is not None
    assert lookup.low > 0.85
    assert blind.low is not None
    assert blind.high is not None
    assert blind.low <= 0.5 <= blind.high


def test_the_blind_pole_has_no_reference_and_says_so() -> None:
    table = next(e for e in evidence_of(BLIND) if isinstance(e, Table) and e.name == "membership.scores")
    assert "reference ratio: there is no reference other than the subject" in [row[0] for row in table.rows]


@pytest.mark.parametrize("role", ["member", "control"])
def test_a_window_without_a_lower_case_leaves_the_score_out(role: str) -> None:
    kept = tuple(p for p in passages(COMPARED) if (p.role, p.document) != (role, passages(COMPARED)[0].document))
    fewer = dataclasses.replace(asked(), materials={**asked().materials, COMPARED: kept})
    given = inputs_for((WINDOWS, COMPARED), cast().subjects[0], fewer, cast())
    missing = sum(it.lowercase is None for it in given.compared)
    assert missing == len(passages(COMPARED)) - len(kept)
