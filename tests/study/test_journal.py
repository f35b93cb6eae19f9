import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from byheart.errors import ConfigError, FingerprintError, FormatError
from byheart.study.journal import Journal


def filled(path: Path) -> list[int]:
    """Writes three records; returns the file's size after each."""
    journal = Journal(path, "study")
    sizes = []
    for number in range(3):
        journal.put(f"key {number}", {"value": number, "text": "x" * number})
        sizes.append(path.stat().st_size)
    journal.close()
    return sizes


def test_records_are_there_after_reopening(tmp_path: Path) -> None:
    filled(tmp_path / "journal")
    journal = Journal(tmp_path / "journal", "study")
    assert len(journal) == 3
    assert journal.get("key 2") == {"value": 2, "text": "xx"}
    assert "key 3" not in journal
    journal.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.data())
def test_a_torn_tail_loses_only_what_was_not_acknowledged(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "journal"
    path.unlink(missing_ok=True)
    sizes = filled(path)
    cut = data.draw(st.integers(0, sizes[-1]))
    os.truncate(path, cut)
    journal = Journal(path, "study")
    assert len(journal) == sum(size <= cut for size in sizes)
    journal.put("new", 1)
    assert journal.get("new") == 1
    journal.close()
    again = Journal(path, "study")
    assert again.get("new") == 1
    again.close()


def test_every_flipped_bit_before_the_tail_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    sizes = filled(path)
    good = path.read_bytes()
    for position in range(sizes[1]):
        for bit in range(8):
            path.write_bytes(good[:position] + bytes([good[position] ^ (1 << bit)]) + good[position + 1 :])
            try:
                journal = Journal(path, "study")
            except (FormatError, FingerprintError):
                continue
            pytest.fail(f"bit {bit} of byte {position} went unnoticed: {len(journal)} records")


def test_a_journal_of_another_study_is_refused(tmp_path: Path) -> None:
    filled(tmp_path / "journal")
    with pytest.raises(FingerprintError, match="another study"):
        Journal(tmp_path / "journal", "other")


def test_a_file_that_is_no_journal_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("dear diary, today I wrote something long enough")
    with pytest.raises(FormatError, match="not a journal"):
        Journal(tmp_path / "journal", "study")
    assert (tmp_path / "journal").read_text().startswith("dear diary")


def test_two_processes_cannot_hold_one_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal", "study")
    with pytest.raises(ConfigError, match="Another process"):
        Journal(tmp_path / "journal", "study")
    journal.close()
    Journal(tmp_path / "journal", "study").close()
