"""Two sides of real text: documents of this interpreter's standard library."""

import sysconfig
from pathlib import Path


def library_texts(num: int, *, smallest: int = 4000, largest: int = 12000) -> list[tuple[str, str]]:
    """Names and texts of some modules, every one different from the others."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    found = []
    for path in sorted(folder.glob("*.py")):
        text = path.read_text("utf-8", "replace")
        if smallest <= len(text) <= largest:
            found.append((path.name, text))
    assert len(found) >= num
    return found[:num]


def write_sides(folder: Path, num_each: int = 20) -> tuple[Path, Path]:
    """Folders "seen" and "unseen" with so many modules each."""
    texts = library_texts(2 * num_each)
    for at, (name, text) in enumerate(texts):
        side = folder / ("seen" if at % 2 else "unseen")
        side.mkdir(parents=True, exist_ok=True)
        (side / name).write_text(text, "utf-8")
    return folder / "seen", folder / "unseen"
