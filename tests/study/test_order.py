"""Adding, leaving out or reordering audits moves no byte of the others' results."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from byheart.audits import AUDITS
from byheart.core.audit import Audit
from byheart.core.codec import dumps, result_to_json
from byheart.core.result import Failed, NotApplicable
from byheart.corpus.readers import read
from byheart.study.asking import ask_everyone
from byheart.study.execute import run_audit
from byheart.study.journal import Journal
from byheart.study.subjects import Cast
from tests.study.test_exposure_study import cast_of, planted

SIZES = {
    "num_windows": 12,
    "num_per_stratum": 2,
    "num_written": 3,
    "num_behind_unrelated": 3,
    "num_swept": 3,
    "num_pieces": 12,
    "num_prompts": 8,
    "num_tokens": 12,
    "num_candidates": 15,
}


def params_of(audit: Audit) -> Any:
    """Those of the quick profile, made small."""
    quick = audit.profiles["quick"]
    return dataclasses.replace(quick, **{name: size for name, size in SIZES.items() if hasattr(quick, name)})


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Cast:
    _, canaries, output = planted(tmp_path_factory.mktemp("texts"))
    return cast_of(read(str(output)), canaries)


def results(cast: Cast, audits: Sequence[Audit], folder: Path) -> dict[tuple[str, str], str]:
    """A study of these audits in this order, asked anew: its results as they stand in results.jsonl."""
    folder.mkdir()
    needs = tuple(dict.fromkeys(need for audit in audits for need in audit.needs(params_of(audit))))
    journal = Journal(folder / "journal", "0")
    try:
        asked = ask_everyone(cast, needs, 0, journal, clock=lambda: 0.0, on_progress=lambda *_: None)
    finally:
        journal.close()
    found = [run_audit(audit, params_of(audit), s, asked, cast, 0) for s in cast.subjects for audit in audits]
    # No memorizer has layers; everything else is asked of everyone.
    without = {result.audit for result in found if isinstance(result.status, NotApplicable)}
    assert without <= {"complexity"}
    assert not any(isinstance(result.status, Failed) for result in found)
    return {(result.audit, result.subject): dumps(result_to_json(result)) for result in found}


@pytest.fixture(scope="module")
def all_of_them(cast: Cast, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], str]:
    found = results(cast, AUDITS, tmp_path_factory.mktemp("all") / "run")
    assert {audit for audit, _ in found} == {audit.name for audit in AUDITS}
    return found


def test_the_reverse_order_gives_the_same_bytes(
    cast: Cast, all_of_them: dict[tuple[str, str], str], tmp_path: Path
) -> None:
    assert results(cast, AUDITS[::-1], tmp_path / "run") == all_of_them


@pytest.mark.parametrize("audit", AUDITS, ids=[audit.name for audit in AUDITS])
def test_an_audit_alone_says_the_same_as_among_the_others(
    audit: Audit, cast: Cast, all_of_them: dict[tuple[str, str], str], tmp_path: Path
) -> None:
    alone = results(cast, (audit,), tmp_path / "run")
    assert alone == {key: said for key, said in all_of_them.items() if key[0] == audit.name}
