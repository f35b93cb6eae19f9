"""Is an artefact of ours whole?"""

from pathlib import Path

from byheart.errors import SourceError
from byheart.index.storing.folder import damaged_files, is_index
from byheart.study.normalised_index import FOLDER as NORMALISED
from byheart.study.run_folder import MANIFEST, PLAN, RunFolder


def faults(path: Path) -> list[str]:
    """Every way in which a run or an index folder differs from what was written; empty when it is whole.

    Raises:
        SourceError: neither a run nor an index is there.
        FormatError: its manifest cannot be read.
    """
    if is_index(path):
        # The index of the corpus's words that `byheart contaminated` keeps inside is an index of its own.
        inside = [folder for folder in sorted((path / NORMALISED).glob("*")) if is_index(folder)]
        names = [name for folder in (path, *inside) for name in _damaged(path, folder)]
        return [f"{name} does not match its hash." for name in names]
    if (path / MANIFEST).exists() or (path / PLAN).exists():
        return RunFolder(path).faults()
    raise SourceError(
        f"{path} is neither a run nor an index of byheart.",
        why=f"It has no {MANIFEST}.",
        next_step="Give the folder that `byheart audit -o` or `byheart index -o` wrote.",
    )


def _damaged(index: Path, folder: Path) -> list[str]:
    return [(folder / name).relative_to(index).as_posix() for name in damaged_files(folder)]
