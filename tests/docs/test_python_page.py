"""docs/python.md: every public name is on it, and its blocks run one after the other."""

import re
from pathlib import Path

import pytest

import byheart

PAGE = (Path(__file__).parents[2] / "docs" / "python.md").read_text("utf-8")


def test_every_public_name_is_on_the_page() -> None:
    names = [*byheart.__all__, *byheart.integrations.__all__]
    assert [
        n for n in names if not n.startswith("__") and n != "PlantedTexts" and not re.search(rf"\b{n}\b", PAGE)
    ] == []


def test_every_scalar_of_the_callback_is_on_the_page() -> None:
    from byheart.integrations.training_scores import PREFIX, SCALARS

    assert [name for name in SCALARS if f"`{PREFIX}{name}`" not in PAGE] == []


def test_the_blocks_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) > 5
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "docs/python.md", "exec"), names)
    assert byheart.open_run("runs/one").path == Path("runs/one")
