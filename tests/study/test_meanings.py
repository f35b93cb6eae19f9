import subprocess
import sys
import tomllib

import pytest

from byheart.audits import AUDITS, capacity
from byheart.core.audit import method_parts
from byheart.errors import ConfigError
from byheart.memorizers import NAMES
from byheart.report.comparison import MEASURES, measure
from byheart.study.meanings import PACKAGE, meanings_of, names
from tests.house.test_house import ROOT
from tests.report.sample_run import sample_run

TABLE = tomllib.loads((PACKAGE / "report" / "meanings.toml").read_text("utf-8"))


@pytest.mark.parametrize("name", sorted(MEASURES))
def test_every_stable_name_is_explained(name: str) -> None:
    (meaning, *_) = meanings_of(name)
    facts = dict(meaning.facts)
    assert meaning.kind == "number"
    assert meaning.said.endswith(".")
    assert facts["called"] == MEASURES[name]
    assert {"unit", "control", "high", "low", "measured by", "fails when", "source"} <= set(facts)


def test_each_number_says_no_more_and_no_less_than_it_may() -> None:
    for audit, rows in TABLE.items():
        for name, it in rows.items():
            assert (
                {"is", "unit", "high", "low"} <= set(it) <= {"is", "unit", "high", "low", "formula", "control", "lab"}
            )
            assert all(it[key].endswith(".") for key in ("is", "high", "low")), f"{audit}.{name}"


def test_units_are_those_of_a_run() -> None:
    units = {e.name: e.unit for r in sample_run().results for e in r.evidence if hasattr(e, "unit")}
    explained = {name: dict(meanings_of(name)[0].facts)["unit"] for name in units if name in MEASURES}
    rates = {"rate", "share"}
    assert len(explained) >= 8
    assert [n for n, unit in explained.items() if unit != units[n] and not {unit, units[n]} <= rates] == []


def test_the_method_is_the_one_that_runs() -> None:
    for audit in AUDITS:
        facts = dict(meanings_of(audit.name)[0].facts)
        assert {heading: facts[heading.lower()] for heading in audit.method()} == audit.method()
    of_capacity = method_parts(capacity.__doc__ or "")
    assert dict(meanings_of("capacity")[0].facts)["fails when"] == of_capacity["Fails when"]


def test_every_audit_and_memorizer_has_its_meaning() -> None:
    known = names()
    assert set(known["audit"]) == {audit.name for audit in AUDITS} | {"capacity"}
    assert known["memorizer"] == tuple(f"memorizer:{name}" for name in NAMES)
    for name in NAMES:
        (meaning, *_) = meanings_of(name)
        assert "definition" in dict(meaning.facts), name


def test_a_word_is_found_by_its_parts_and_by_its_sign() -> None:
    said = {meanings_of(key)[-1].said for key in ("FPR", "tpr", "FPR, TPR")}
    assert len(said) == 1
    assert meanings_of("M5")[-1] == meanings_of("infinigram")[-1]
    assert [meaning.kind for meaning in meanings_of("exposure")] == ["audit", "word"]


def test_every_word_of_the_glossary_is_explained() -> None:
    words = [
        line.split(" | ")[0].removeprefix("| ")
        for line in (ROOT / "GLOSSARY.md").read_text("utf-8").splitlines()
        if line.endswith("` |")
    ]
    assert len(words) > 100
    assert [word for word in words if word not in {m.name for m in meanings_of(word)}] == []


@pytest.mark.parametrize("audit", sorted(TABLE))
def test_a_number_is_found_by_what_a_report_calls_it(audit: str) -> None:
    for name in TABLE[audit]:
        assert f"{audit}.{name}" in {meaning.name for meaning in meanings_of(measure(f"{audit}.{name}"))}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("p_z", "drawing a whole suffix"),
        ("bits per byte", "UTF-8 bytes"),
        ("nats per token", "1.44 bits"),
        ("beyond every rung", "no rung of the ladder"),
        ("distinct markov", "each trained-on document once"),
        ("Holm", "p-values of several tests"),
        ("Clopper-Pearson", "interval of a share"),
        ("top-k", "most probable tokens"),
        ("held-out (chance)", "held-out text"),
        ("rung", "explanation of a token"),
    ],
)
def test_words_that_stand_on_a_page_are_explained(asked: str, told: str) -> None:
    assert told in meanings_of(asked)[0].said


def test_the_end_of_a_name_is_enough_and_a_slip_is_told() -> None:
    assert meanings_of("greedy_rate") == meanings_of("extraction.greedy_rate")
    with pytest.raises(ConfigError) as found:
        meanings_of("extraction.gredy_rate")
    assert "'extraction.greedy_rate'" in (found.value.why or "")
    assert found.value.exit_code == 2


def test_explaining_imports_nothing_heavy() -> None:
    heavy = ("torch", "numba", "scipy", "pyarrow", "jinja2", "starlette")
    code = (
        "import sys; from byheart.study.meanings import meanings_of; meanings_of('auc'); meanings_of('infinigram');"
        f"print([m for m in {heavy!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
