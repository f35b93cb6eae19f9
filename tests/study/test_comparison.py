"""Comparisons of small made runs whose every text is known: differences are those of the texts."""

import dataclasses
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from byheart.core.comparison import Compared, Difference
from byheart.core.evidence import Estimate, Refusal
from byheart.core.run_record import RunRecord
from byheart.errors import CapabilityError, ConfigError, FormatError, SourceError
from byheart.report.comparison_page import render_comparison
from byheart.report.comparison_text import comparison_tables
from byheart.stats.claims import rate_beside_control
from byheart.stats.multiplicity import holm
from byheart.study.comparing import compare
from byheart.study.comparison_page import comparison_to_json
from byheart.study.gating import whole_run
from byheart.study.plan import StudyPlan
from byheart.study.run_folder import RunFolder
from byheart.study.tables import parquet
from tests.exports.hostile import ATTACKS, tainted
from tests.report.sample_run import MODEL, bits, sample_run, with_estimate, with_evidence

NUM = 60
PIECE_BYTES = 100


def window(number: int, role: str, came_out: bool, *, tokens: int = 3) -> dict[str, Any]:
    """A row of scores.parquet: a passage whose tokens are all likely, or not."""
    nats = -0.05 if came_out else -3.0
    return row("WindowsNeed", role, f"{role}{number}", [nats] * tokens, [1 if came_out else 7] * tokens)


def row(need: str, role: str, document: str, nats: list[float], ranks: list[int]) -> dict[str, Any]:
    return {
        "subject": MODEL,
        "need": need,
        "role": role,
        "document": document,
        "start_byte": 10,
        "stop_byte": 10 + PIECE_BYTES,
        "num_given": 2,
        "given_ids": [5, 6],
        "token_ids": list(range(len(nats))),
        "num_scored_bytes": PIECE_BYTES,
        "num_occurrences": 4,
        "in_base_sample": True,
        "log_probability_nats": nats,
        "rank": ranks,
        "log_top_k_mass_nats": [0.0] * len(nats),
    }


def rows_of(recited: set[int], bits_per_piece: Sequence[float]) -> list[dict[str, Any]]:
    windows = [window(i, "member", i in recited) for i in range(NUM)] + [
        window(i, "control", False) for i in range(NUM)
    ]
    pieces = [
        row("HeldOutNeed", "control", f"unseen{i}", [-it * math.log(2)], [1]) for i, it in enumerate(bits_per_piece)
    ]
    return windows + pieces


def write_run(
    path: Path,
    recited: set[int],
    bits_per_piece: Sequence[float],
    change: Any = lambda record: record,
    renamed: Any = lambda rows: rows,
) -> Path:
    greedy = rate_beside_control("extraction.greedy_rate", (len(recited), NUM), (0, NUM), method="Made.")
    assert isinstance(greedy, Estimate)
    level = sum(bits_per_piece) / (PIECE_BYTES * len(bits_per_piece))
    record = with_estimate(sample_run(), "extraction", MODEL, greedy)
    record = with_estimate(record, "adaptation", MODEL, bits("adaptation.bits_per_byte", level, 0.5))
    prints = (dataclasses.replace(s, fingerprint=s.fingerprint + path.name) for s in record.provenance.subjects)
    origin = dataclasses.replace(record.provenance, subjects=tuple(prints))
    folder = RunFolder(path)
    folder.begin(StudyPlan(model="made", trained_on=("a",), held_out=("b",)))
    record = change(dataclasses.replace(record, provenance=origin))
    folder.finish(record, parquet(renamed(rows_of(recited, bits_per_piece)), []), None, None)
    return path


STEADY = [200.0 + 10 * (i % 7) for i in range(20)]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("base") / "base", set(range(10)), STEADY)


def beside(one: Path, two: Path) -> tuple[Compared, dict[str, Difference]]:
    (found,) = compare([one, two]).others
    return found, {it.name: it for it in found.differences}


def test_a_run_does_not_differ_from_itself(base: Path) -> None:
    found, by_name = beside(base, base)
    assert len(by_name) > 8
    assert found.changed == ()
    for it in by_name.values():
        assert it.difference is not None, it.how
        assert (it.difference.value, it.difference.low, it.difference.high, it.p_value) == (0, 0, 0, 1)


def test_passages_are_paired_and_the_changed_ones_are_named(base: Path, tmp_path: Path) -> None:
    after = write_run(tmp_path / "after", set(range(1, 22)), STEADY)  # 0 no longer, 10 to 21 newly
    found, by_name = beside(base, after)
    greedy = by_name["extraction.greedy_rate"]
    assert greedy.is_paired
    assert greedy.difference is not None
    assert greedy.difference.value == pytest.approx(21 / 60 - 10 / 60)
    assert greedy.difference.n == 60
    assert "1 came out in the first alone, 12 in the second alone" in greedy.how
    assert (found.num_shared, len(found.changed)) == (60, 13)
    assert [it.document for it in found.changed if not it.is_new] == ["member0"]
    assert {it.document for it in found.changed if it.is_new} == {f"member{i}" for i in range(10, 22)}


def test_bits_per_byte_are_paired_over_documents_and_narrower_for_it(base: Path, tmp_path: Path) -> None:
    after = write_run(tmp_path / "after", set(range(10)), [it - 20 + (i % 2) for i, it in enumerate(STEADY)])
    it = beside(base, after)[1]["adaptation.bits_per_byte"]
    assert it.is_paired
    assert it.is_claimed
    assert it.difference is not None
    assert it.difference.value == pytest.approx(-(20 - 0.5) / PIECE_BYTES)
    assert it.difference.high - it.difference.low < 0.02  # the estimates' own intervals are 1.0 wide


def test_passages_that_do_not_change_leave_a_width_and_no_claim(base: Path, tmp_path: Path) -> None:
    it = beside(base, write_run(tmp_path / "after", set(range(10)), STEADY))[1]["extraction.greedy_rate"]
    assert it.difference is not None
    assert it.difference.low == pytest.approx(-(1 - 0.025 ** (1 / 60)))
    assert not it.is_claimed


def test_every_p_value_is_corrected_for_all_of_them(base: Path, tmp_path: Path) -> None:
    paths = [base, *(write_run(tmp_path / f"run{i}", set(range(10 + 3 * i)), STEADY) for i in (1, 2))]
    found = [it for one in compare(paths).others for it in one.differences if it.p_value is not None]
    assert [it.adjusted_p_value for it in found] == holm([it.p_value for it in found if it.p_value is not None])


def test_numbers_without_texts_are_taken_for_independent_and_say_so(base: Path, tmp_path: Path) -> None:
    it = beside(base, write_run(tmp_path / "after", set(range(12)), STEADY))[1][
        "adaptation.bits_beyond_memorizer_per_byte"
    ]
    assert not it.is_paired
    assert "too wide where they agree" in it.how
    assert it.difference is not None
    assert it.difference.high == pytest.approx(math.hypot(0.07, 0.07))  # both have 0.07 on either side


def provenance(**changes: Any) -> Any:
    return lambda record: dataclasses.replace(record, provenance=dataclasses.replace(record.provenance, **changes))


def version_2(record: RunRecord) -> RunRecord:
    return dataclasses.replace(record, results=tuple(dataclasses.replace(r, version=2) for r in record.results))


def without_interval(record: RunRecord) -> RunRecord:
    known = bits("adaptation.bits_beyond_memorizer_per_byte", 0.1, 0.2)
    bare = dataclasses.replace(known, low=None, high=None, no_interval="Of one document.")
    return with_estimate(record, "adaptation", MODEL, bare)


@pytest.mark.parametrize(
    ("change", "name", "said"),
    [
        (version_2, "extraction.greedy_rate", "version 1 in the first run and 2 here"),
        (provenance(tokenizer="other"), "extraction.greedy_rate", "the tokenizers differ"),
        (without_interval, "adaptation.bits_beyond_memorizer_per_byte", "no interval. Of one document."),
    ],
)
def test_what_does_not_compare_is_refused_with_the_reason(
    base: Path, tmp_path: Path, change: Any, name: str, said: str
) -> None:
    it = beside(base, write_run(tmp_path / "after", set(range(12)), STEADY, change))[1][name]
    assert (it.difference, it.p_value, it.adjusted_p_value) == (None, None, None)
    assert said in it.how


def test_other_tokenizers_still_compare_bits_per_byte_of_the_same_documents(base: Path, tmp_path: Path) -> None:
    after = write_run(tmp_path / "after", set(range(12)), [it - 20 for it in STEADY], provenance(tokenizer="other"))
    found, by_name = beside(base, after)
    assert by_name["adaptation.bits_per_byte"].is_paired
    assert "other pieces of them" in by_name["adaptation.bits_per_byte"].how
    assert found.changed == ()
    assert found.why_no_passages.startswith("The tokenizers differ")


def test_other_texts_and_seeds_are_told(base: Path, tmp_path: Path) -> None:
    change = provenance(trained_on={"fingerprint": "ff"}, held_out={"fingerprint": "ee"}, seed=3)
    notes = " ".join(beside(base, write_run(tmp_path / "after", set(), STEADY, change))[0].notes)
    assert "trained-on texts differ" in notes
    assert "held-out texts differ" in notes
    assert "seeds differ (0 and 3)" in notes
    assert "best memorizer needs tells of the texts" in notes
    change = provenance(seed=3)
    assert "best memorizer" not in " ".join(beside(base, write_run(tmp_path / "seed", set(), STEADY, change))[0].notes)


def test_that_intervals_are_not_corrected_is_told_where_p_is(base: Path, tmp_path: Path) -> None:
    found = compare([base, write_run(tmp_path / "after", set(range(12)), STEADY)])
    assert "the intervals are not, so that one may leave out 0" in render_comparison(found)
    said = io.StringIO()
    comparison_tables(found, Console(file=said, width=200))
    assert "each by itself; p corrected for all of them (Holm)" in said.getvalue()


def test_three_runs_give_lines_and_the_same_bytes_twice(base: Path, tmp_path: Path) -> None:
    paths = [base, *(write_run(tmp_path / f"step{i}", set(range(10 + 12 * i)), STEADY) for i in (1, 2))]
    found = compare(paths)
    greedy = next(series for series in found.trends if series.name == "trend.extraction.greedy_rate")
    assert [(point.x, point.y) for point in greedy.lines[0].points] == [(1, 10 / 60), (2, 22 / 60), (3, 34 / 60)]
    assert "rises from base to step2" in greedy.title
    assert render_comparison(found) == render_comparison(compare(paths))
    assert json.loads(json.dumps(comparison_to_json(found), allow_nan=False))["others"][1]["run"] == "step2"


@pytest.mark.parametrize("attack", ATTACKS[:-1])
def test_a_page_holds_hostile_names_as_text(base: Path, tmp_path: Path, attack: str) -> None:
    def change(record: RunRecord) -> RunRecord:
        subjects = record.provenance.subjects
        named = (dataclasses.replace(s, access=f"{attack}{s.access}") for s in subjects)
        origin = dataclasses.replace(record.provenance, subjects=tuple(named), tokenizer=record.provenance.tokenizer)
        refused = Refusal(name="adaptation.copied_share", reason=attack)
        result = record.of("adaptation", MODEL)
        assert result is not None
        record = with_evidence(record, "adaptation", MODEL, *result.evidence, refused)
        return dataclasses.replace(record, provenance=origin, title=attack)

    after = write_run(tmp_path / "after", set(range(30)), STEADY, change)
    found = compare([base, after])
    (one,) = found.others
    hostile = dataclasses.replace(
        found,
        label=attack,
        subject=attack,
        others=(dataclasses.replace(one, label=attack, notes=(attack,), changed=tainted(one.changed, attack)),),
    )
    page = render_comparison(hostile)
    page.encode("utf-8")
    assert not {"\x00", "\x1b", "\u202e"} & set(page)
    assert "<script" not in page
    assert "<img" not in page


def test_what_is_no_pair_of_runs_is_refused(base: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="2 to 50 runs"):
        compare([base])
    with pytest.raises(SourceError, match="not a finished run"):
        compare([base, tmp_path])
    damaged = write_run(tmp_path / "damaged", set(), STEADY)
    (damaged / "scores.parquet").write_bytes((damaged / "scores.parquet").read_bytes()[:-1])
    with pytest.raises(FormatError, match="is damaged"):
        compare([base, damaged])

    def of_memorizers(record: RunRecord) -> RunRecord:
        subjects = tuple(dataclasses.replace(s, role="memorizer") for s in record.provenance.subjects)
        return dataclasses.replace(record, provenance=dataclasses.replace(record.provenance, subjects=subjects))

    def other_audit(record: RunRecord) -> RunRecord:
        return dataclasses.replace(record, results=record.results[:0])

    with pytest.raises(CapabilityError, match="no model under test"):
        compare([base, write_run(tmp_path / "memorizers", set(), STEADY, of_memorizers)])
    with pytest.raises(CapabilityError, match="no number in common"):
        compare([base, write_run(tmp_path / "empty", set(), STEADY, other_audit)])
    assert whole_run(base).title
