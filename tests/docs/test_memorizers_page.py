"""docs/memorizers.md promises that its examples run as they stand."""

import doctest
import re
from pathlib import Path
from typing import Any

import pytest

from byheart.memorizers import NAMES

PAGE = Path(__file__).parents[2] / "docs" / "memorizers.md"
TEXT = PAGE.read_text("utf-8")


def test_every_python_example_gives_what_it_shows(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(verbose=False)
    for number, block in enumerate(blocks):
        example = parser.get_doctest(block, names, f"block {number}", str(PAGE), 0)
        runner.run(example, clear_globs=False)
        names.update(example.globs)
    assert runner.summarize(verbose=False) == (0, sum(block.count(">>> ") for block in blocks)), capsys.readouterr().out


@pytest.mark.parametrize("name", NAMES)
def test_every_memorizer_has_a_section(name: str) -> None:
    assert re.search(rf"^## {name} \(M[1-6]\): ", TEXT, flags=re.MULTILINE)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#]+)\)", TEXT))))
def test_every_link_of_the_page_leads_to_a_file(target: str) -> None:
    assert (PAGE.parent / target).exists()
