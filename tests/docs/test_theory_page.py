"""docs/theory.md says where each of its formulas stands, and its example runs."""

import doctest
import importlib
import re
from pathlib import Path

import pytest

from byheart.models.transformer.config import FORMS

PAGE = Path(__file__).parents[2] / "docs" / "theory.md"
TEXT = PAGE.read_text("utf-8")
HOMES = sorted(set(re.findall(r"`(byheart(?:\.\w+)+)`", TEXT)))


@pytest.mark.parametrize("home", HOMES)
def test_every_formula_has_the_home_that_the_page_names(home: str) -> None:
    module, _, name = home.rpartition(".")
    assert getattr(importlib.import_module(module), name).__doc__


@pytest.mark.parametrize("row", ["L1", "L2", "L3", "L4", "L5"])
def test_every_mechanism_of_a_model_has_its_definition_and_its_code(row: str) -> None:
    defined, homed = re.findall(rf"^\| {row} \| .*$", TEXT, flags=re.MULTILINE)
    assert "=" in defined
    assert "`byheart.models.transformer.definition." in homed


def test_every_form_has_a_row() -> None:
    for form in FORMS:
        assert re.search(rf"^\| [^|]*`{form}`", TEXT, flags=re.MULTILINE), form


def test_the_example_gives_what_it_shows(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = re.findall(r"^```python\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)
    runner = doctest.DocTestRunner(verbose=False)
    runner.run(doctest.DocTestParser().get_doctest(block, {}, "theory", str(PAGE), 0))
    assert runner.summarize(verbose=False) == (0, block.count(">>> ")), capsys.readouterr().out
