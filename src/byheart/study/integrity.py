"""Is an artefact of ours whole?"""

from pathlib import Path

from byheart.errors import SourceError
from byheart.index.storing.folder import damaged_files, is_index
from byheart.study.run_folder import MANIFEST, PLAN, RunFolder


def faults(path: Path) -> list[str]:
    """Every way in which a run or an index folder differs from what was written; empty when it is whole.

    Raises:
        SourceError: neither a run nor an index is there.
        FormatError: its manifest cannot be read.
    """
    if is_index(path):
        return [f"{name} does not match its hash." for name in damaged_files(path)]
    if (path / MANIFEST).exists() or (path / PLAN).exists():
        return RunFolder(path).faults()
    raise SourceError(
        f"{path} is neither a run nor an index of byheart.",
        why=f"It has no {MANIFEST}.",
        next_step="Give the folder that `byheart audit -o` or `byheart index -o` wrote.",
    )
