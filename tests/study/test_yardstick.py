"""Who stands beside a model: every memorizer of its text, built once, and the mixture of them all."""

from pathlib import Path

import pytest

from byheart import memorizers
from byheart.core.evidence import Table
from byheart.core.run_record import RunRecord
from byheart.corpus.documents import Corpus, Document
from byheart.corpus.encoded import EncodedCorpus, encode_corpus
from byheart.corpus.tokenizer import Tokenizer
from byheart.memorizers.memorizer import Memorizer
from byheart.study.execute import execute
from byheart.study.plan import StudyPlan
from byheart.study.sources import read_texts
from byheart.study.subjects import Cast, assemble_cast
from byheart.study.yardstick import (
    CALIBRATION_TOKENS,
    QUICK_LIMIT_TOKENS,
    build_yardstick,
    chosen_memorizers,
    fit_mixture,
)
from tests.study.corpora import library_texts, write_sides

EVERYONE = ("infinigram", "knowledge", "automaton", "markov", "boolean")
TWINS = ("distinct:automaton", "distinct:markov")


def plan_of(folder: Path, model: str, audits: tuple[str, ...] = ("adaptation",)) -> StudyPlan:
    seen, unseen = write_sides(folder, 12)
    return StudyPlan(model=model, trained_on=(str(seen),), held_out=(str(unseen),), audits=audits)


def cast_of(folder: Path, model: str) -> Cast:
    plan = plan_of(folder, model)
    return assemble_cast(plan, read_texts(plan))


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    folder = tmp_path_factory.mktemp("run")
    return execute(plan_of(folder, "memorizer:mixture"), folder / "run")


def table_of(record: RunRecord, subject: str, name: str) -> Table:
    result = record.of("adaptation", subject)
    assert result is not None
    return next(e for e in result.evidence if isinstance(e, Table) and e.name == name)


def test_every_memorizer_and_their_mixture_stand_beside_the_subject(record: RunRecord) -> None:
    names = [subject.name for subject in record.provenance.subjects]
    others = [f"memorizer:{name}" for name in EVERYONE]
    assert names[:3] == ["audited memorizer:mixture", "lookup:infinigram", "blind:infinigram"]
    assert names[3:] == [*others, "memorizer:mixture"]
    rows = [row[0] for row in table_of(record, names[0], "adaptation.memorizers").rows]
    assert sorted(map(str, rows)) == sorted({*names} - {"blind:infinigram"})


def test_the_mixture_under_test_is_the_one_that_it_is_measured_against(record: RunRecord) -> None:
    by_name = {subject.name: subject.fingerprint for subject in record.provenance.subjects}
    assert by_name["audited memorizer:mixture"] == by_name["memorizer:mixture"]
    result = record.of("adaptation", "audited memorizer:mixture")
    assert result is not None
    beyond = result.estimate("adaptation.bits_beyond_memorizer_per_byte")
    assert beyond is not None
    assert beyond.value <= 0


def test_the_weights_are_shares_of_calibration_text_alone(record: RunRecord) -> None:
    table = table_of(record, "memorizer:mixture", "adaptation.mixture_weights")
    for row in table.rows:
        assert sum(float(weight or 0) for weight in row[2:]) == pytest.approx(1.0)
    assert table.columns[2:] == tuple(f"{name}, share" for name in EVERYONE)
    assert sum(int(row[1] or 0) for row in table.rows) <= CALIBRATION_TOKENS


@pytest.mark.parametrize("name", memorizers.NAMES)
def test_a_memorizer_under_test_is_built_once_and_under_any_name(name: str, tmp_path: Path) -> None:
    cast = cast_of(tmp_path, f"memorizer:{name}")
    audited, *others = cast.subjects
    assert (audited.name, audited.role) == (f"audited memorizer:{name}", "model")
    assert [s.name for s in others if s.predictor is audited.predictor] == [f"memorizer:{name}"]
    assert cast.notes == ()


def test_repeated_documents_bring_twins_that_read_each_once(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, "memorizer:infinigram")
    seen = Path(plan.trained_on[0])
    first = min(seen.iterdir())
    (seen / "again.py").write_bytes(first.read_bytes())
    cast = assemble_cast(plan, read_texts(plan))
    twins = [s for s in cast.memorizers if s.name.startswith("distinct:")]
    assert tuple(s.name for s in twins) == TWINS
    assert {s.role for s in twins} == {"memorizer"}
    assert cast.mixture is not None
    assert cast.mixture.members == (*(f"memorizer:{name}" for name in EVERYONE), *TWINS)
    sizes = {s.name: s.predictor.index.num_documents for s in cast.memorizers if isinstance(s.predictor, Memorizer)}
    assert sizes["memorizer:markov"] == sizes["distinct:markov"] + 1


def test_a_quick_audit_of_a_large_corpus_says_whom_it_leaves_out() -> None:
    kept, said = chosen_memorizers(QUICK_LIMIT_TOKENS + 1, "quick", audited=None)
    assert kept == ("infinigram", "knowledge", "markov")
    assert "automaton and boolean" in said
    assert "2,000,001 tokens" in said
    assert chosen_memorizers(QUICK_LIMIT_TOKENS + 1, "quick", audited="boolean")[0] == (*kept, "boolean")
    for num_tokens, profile in ((QUICK_LIMIT_TOKENS, "quick"), (QUICK_LIMIT_TOKENS + 1, "standard")):
        assert chosen_memorizers(num_tokens, profile, audited=None) == (EVERYONE, "")  # type: ignore[arg-type]


def encoded(texts: list[tuple[str, str]], tokenizer: Tokenizer) -> EncodedCorpus:
    return encode_corpus(Corpus(tuple(Document(name, text) for name, text in texts)), tokenizer)


def test_calibration_text_that_the_corpus_holds_is_no_calibration() -> None:
    texts = library_texts(4)
    tokenizer = Tokenizer.train(Corpus(tuple(Document(n, t) for n, t in texts)), 400)
    from byheart.study.subjects import build_index

    index = build_index(encoded(texts[:2], tokenizer), tokenizer)
    members = build_yardstick(("infinigram", "markov"), index, None, tokenizer)
    begun = [(name, text[:2000]) for name, text in texts[:2]]
    assert fit_mixture(members, encoded(begun, tokenizer))[0] is None
    assert "no control" in fit_mixture(members, encoded(begun, tokenizer))[1]
    mixture, said = fit_mixture(members, encoded([*begun, *texts[2:]], tokenizer))
    assert said == ""
    assert mixture is not None
    assert mixture.calibration_tokens.sum() == encoded(texts[2:], tokenizer).num_tokens
