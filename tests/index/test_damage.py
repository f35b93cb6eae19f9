"""Random damage to any file of an index is reported by `verify` and at opening; nothing is answered from it."""

from pathlib import Path

import numpy as np
import pytest

from byheart.errors import FormatError
from byheart.index import Index
from byheart.index.storing import stamps


def build(folder: Path) -> Index:
    rng = np.random.default_rng(1)
    documents = [rng.integers(0, 40, 300) for _ in range(6)]
    names = [f"document {i}" for i in range(len(documents))]
    index = Index.build(documents, names, unit="tokens", alphabet_size=300, shard_symbols=950)
    index.save(folder)
    return index


def damaged(raw: bytes, *, rng: np.random.Generator) -> bytes:
    """The same file with one bit flipped or its end cut off."""
    if rng.random() < 0.2:
        return raw[: int(rng.integers(0, len(raw)))]
    changed = bytearray(raw)
    changed[int(rng.integers(0, len(raw)))] ^= 1 << int(rng.integers(0, 8))
    return bytes(changed)


def study(tmp_path: Path, num_trials: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stamps, "cache_folder", lambda: tmp_path / "cache")
    folder, rng = tmp_path / "idx", np.random.default_rng(0)
    fingerprint = build(folder).fingerprint
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    assert len(files) > 2 * 8
    unreported: list[str] = []
    exit_codes: set[int] = set()
    for trial in range(num_trials):
        path = files[trial % len(files)]
        raw = path.read_bytes()
        path.write_bytes(damaged(raw, rng=rng))
        if str(path.relative_to(folder)) not in Index.verify(folder):
            unreported.append(f"{path} by verify")
        try:
            Index.open(folder)
            unreported.append(f"{path} at opening")
        except FormatError as error:
            exit_codes.add(error.exit_code)
        path.write_bytes(raw)
    assert unreported == []
    assert exit_codes == {6}
    assert Index.open(folder).fingerprint == fingerprint
    assert Index.verify(folder) == []


def test_damage_anywhere_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study(tmp_path, 300, monkeypatch)


@pytest.mark.slow
def test_ten_thousand_damages_are_all_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study(tmp_path, 10_000, monkeypatch)
