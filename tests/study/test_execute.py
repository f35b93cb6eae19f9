"""The whole line on real text with memorizers only: no torch, a few seconds."""

import dataclasses
import filecmp
import json
import shutil
from pathlib import Path

import pyarrow.parquet
import pytest

from byheart.audits import AUDITS
from byheart.core.evidence import Table
from byheart.core.result import Completed, NotApplicable
from byheart.core.run_record import RunRecord
from byheart.errors import ConfigError, FingerprintError, FormatError, SourceError
from byheart.study.execute import execute
from byheart.study.headline import headline, run_to_json
from byheart.study.index_plan import IndexPlan
from byheart.study.indexing import make_index
from byheart.study.pages import write_report
from byheart.study.plan import StudyPlan
from byheart.study.run_folder import RunFolder
from tests.study.corpora import write_sides


def test_the_two_poles_are_told_apart(finished: tuple[RunRecord, Path]) -> None:
    record, _ = finished
    roles = {s.role: s.name for s in record.provenance.subjects}
    lookup, blind = record.of("extraction", roles["lookup pole"]), record.of("extraction", roles["blind pole"])
    assert lookup is not None
    assert blind is not None
    high, low = lookup.estimate("extraction.greedy_rate"), blind.estimate("extraction.greedy_rate")
    assert high is not None
    assert low is not None
    assert high.value >= 0.97
    assert high.excess is not None
    assert high.n == 20  # one window of a document, however many it has room for
    assert high.excess.low > 0.6
    assert low.value <= 0.05
    assert low.excess is not None
    assert low.excess.low <= 0 <= low.excess.high


def test_the_lookup_pole_copies_and_the_human_authors_do_not(finished: tuple[RunRecord, Path]) -> None:
    result = finished[0].of("novelty", "lookup:infinigram")
    assert result is not None
    novel = result.estimate("novelty.ngram_8_novel_rate")
    assert novel is not None
    assert novel.excess is not None
    assert novel.excess.high < 0


def test_the_lookup_pole_copies_when_drawn_out_and_the_blind_pole_does_not(finished: tuple[RunRecord, Path]) -> None:
    lookup, blind = (finished[0].of("propensity", f"{role}:infinigram") for role in ("lookup", "blind"))
    assert lookup is not None
    assert blind is not None
    high, low = (result.estimate("propensity.capability_rate") for result in (lookup, blind))
    assert high is not None
    assert low is not None
    assert high.n == low.n == 20  # one continuation of a document
    assert high.excess is not None
    assert high.excess.low > 0.3
    assert low.excess is not None
    assert low.excess.low <= 0
    measure = lookup.estimate("propensity.measure")
    assert measure is not None
    assert measure.value < 0.5


def test_the_map_of_the_works_can_be_recomputed_from_the_parquet_file(finished: tuple[RunRecord, Path]) -> None:
    record, folder = finished
    name = record.provenance.subjects[0].name
    result = record.of("extraction", name)
    assert result is not None
    table = next(e for e in result.evidence if isinstance(e, Table) and e.name == "extraction.coverage")
    rows = pyarrow.parquet.read_table(folder / "scores.parquet").to_pylist()
    told = {
        (row["document"], row["stop_byte"] - row["num_scored_bytes"], row["stop_byte"]): all(
            r == 1 for r in row["rank"]
        )
        for row in rows
        if row["subject"] == name
        and row["need"] in ("WindowsNeed", "PrefixSweepNeed")
        and (row["role"], row["num_given"]) == ("member", 50)
    }
    assert len(table.rows) == len({row[:1] + row[2:4] for row in table.rows})
    for document, num_bytes, start, stop, *_, verbatim, _, _ in table.rows:
        assert told[document, start, stop] is (verbatim == "yes")
        assert isinstance(num_bytes, int)
        assert isinstance(stop, int)
        assert num_bytes >= stop


def test_the_ladder_explains_the_lookup_pole_and_not_the_blind_one(finished: tuple[RunRecord, Path]) -> None:
    record, _ = finished
    lookup, blind = (record.of("attribution", name) for name in ("lookup:infinigram", "blind:infinigram"))
    assert lookup is not None
    assert blind is not None
    for name in ("attribution.beyond_share", "attribution.member_beyond_share"):
        held, floor = lookup.estimate(name), blind.estimate(name)
        assert held is not None
        assert floor is not None
        assert held.value == 0.0
        assert floor.value > 0.5
        assert floor.control is None
        assert held.control is not None
        assert (held.control.value, held.control.low, held.control.high) == (floor.value, floor.low, floor.high)
        assert held.excess is not None
        assert held.excess.high < 0
    stored, chance = (r.estimate("attribution.member_knowledge_share") for r in (lookup, blind))
    assert stored is not None
    assert chance is not None
    assert stored.low is not None
    assert chance.high is not None
    assert stored.value > 0.97
    assert stored.low > chance.high


def test_a_memorizer_is_explained_by_its_own_rung(finished: tuple[RunRecord, Path]) -> None:
    record, _ = finished
    for name in ("infinigram", "markov", "boolean"):
        result = record.of("attribution", f"memorizer:{name}")
        assert result is not None
        beyond = result.estimate("attribution.beyond_share")
        assert beyond is not None
        assert beyond.value == 0.0


def test_the_share_beyond_can_be_recomputed_from_the_parquet_file(finished: tuple[RunRecord, Path]) -> None:
    record, folder = finished
    rows = [
        row
        for row in pyarrow.parquet.read_table(folder / "scores.parquet").to_pylist()
        if row["need"] == "WindowsNeed" and row["role"] == "control"
    ]
    said = {(row["subject"], row["document"], row["start_byte"]): row["argmax_id"] for row in rows}
    ladder = ("memorizer:infinigram", "lookup:infinigram", "memorizer:markov", "memorizer:boolean")
    beyond = total = 0
    for (subject, *place), tokens in said.items():
        if subject == "blind:infinigram":
            text = next(row for row in rows if [row["document"], row["start_byte"]] == place)
            context = [*text["given_ids"], *text["token_ids"]]
            for at, token in enumerate(tokens):
                others = {said[name, place[0], place[1]][at] for name in ladder}
                beyond += token not in others and token != last_copy(context[: 50 + at])
                total += 1
    result = record.of("attribution", "blind:infinigram")
    assert result is not None
    estimate = result.estimate("attribution.beyond_share")
    assert estimate is not None
    assert beyond / total == pytest.approx(estimate.value)  # no held-out window here follows a stored run


def last_copy(context: list[int]) -> int | None:
    """What followed the longest run before the end of the context that stands earlier in it, the last time."""
    for length in range(len(context) - 1, 0, -1):
        for stop in range(len(context) - 1, length - 1, -1):
            if context[stop - length : stop] == context[-length:]:
                return context[stop]
    return None


def test_the_model_comes_first_and_every_audit_ran_on_every_subject(finished: tuple[RunRecord, Path]) -> None:
    record, _ = finished
    assert record.provenance.subjects[0].role == "model"
    assert record.results[0].subject == "audited memorizer:infinigram"
    audited = [audit for audit in AUDITS if audit.name != "exposure"]
    assert len(record.results) == len(record.provenance.subjects) * len(audited)
    # Memorizers have no layers.
    lacking = {result.audit for result in record.results if isinstance(result.status, NotApplicable)}
    assert lacking == {"complexity"}
    assert all(isinstance(result.status, Completed | NotApplicable) for result in record.results)
    assert all(s.scored_tokens_per_second for s in record.provenance.subjects)


def test_the_split_gate_is_the_same_for_everyone_since_it_sees_no_subject(finished: tuple[RunRecord, Path]) -> None:
    record, _ = finished
    results = [record.of("membership", subject.name) for subject in record.provenance.subjects]
    gates = [result.estimate("membership.split_auc") for result in results if result is not None]
    assert len(gates) == len(record.provenance.subjects)
    assert gates[0] is not None
    assert all(gate == gates[0] for gate in gates)


def test_the_folder_reads_back_as_what_was_written(finished: tuple[RunRecord, Path]) -> None:
    record, folder = finished
    assert RunFolder(folder).read() == record
    assert RunFolder(folder).faults() == []
    assert not (folder / "journal").exists()


def test_the_json_has_the_contract_s_names(finished: tuple[RunRecord, Path]) -> None:
    record, folder = finished
    document = json.loads(json.dumps(run_to_json(record, str(folder)), allow_nan=False))
    assert {"schema", "run", "headline", "results"} <= set(document)
    names = {entry["name"] for entry in headline(record)}
    assert {"extraction.greedy_rate", "adaptation.bits_per_byte", "novelty.ngram_8_novel_rate"} <= names
    assert {"attribution.beyond_share", "attribution.member_knowledge_share"} <= names
    assert document["provenance"]["scored_tokens_per_second"]["memorizer:infinigram"] > 0


def test_the_headline_rate_can_be_recomputed_from_the_parquet_file(finished: tuple[RunRecord, Path]) -> None:
    record, folder = finished
    rows = pyarrow.parquet.read_table(folder / "scores.parquet").to_pylist()
    mine = [
        row
        for row in rows
        if row["subject"] == "memorizer:infinigram"
        and row["need"] == "WindowsNeed"
        and row["role"] == "member"
        and row["in_base_sample"]
    ]
    recited = [all(rank == 1 for rank in row["rank"]) for row in mine]
    result = record.of("extraction", "memorizer:infinigram")
    assert result is not None
    estimate = result.estimate("extraction.greedy_rate")
    assert estimate is not None
    assert sum(recited) / len(recited) == estimate.value


def test_writing_says_of_every_window_what_the_scores_say(finished: tuple[RunRecord, Path]) -> None:
    """The teacher-forced shortcut of B1 against free generation, on every subject of a study."""
    record, _ = finished
    for subject in record.provenance.subjects:
        result = record.of("extraction", subject.name)
        assert result is not None
        rate = result.estimate("extraction.near_verbatim_rate")
        assert rate is not None
        # 20 of each side, but only 10 held-out documents are controls
        assert "On 30 of 30 windows writing and scores agree" in rate.method


def test_the_near_verbatim_rate_can_be_recomputed_from_the_parquet_file(finished: tuple[RunRecord, Path]) -> None:
    record, folder = finished
    rows = pyarrow.parquet.read_table(folder / "samples.parquet").to_pylist()
    rows = [row for row in rows if row["need"] == "WrittenWindowsNeed"]
    by_author = {name: [row for row in rows if row["author"] == name] for name in ("human", "blind:infinigram")}
    right = [
        mine["token_ids"] == theirs["token_ids"]
        for mine, theirs in zip(by_author["blind:infinigram"], by_author["human"], strict=True)
    ]
    result = record.of("extraction", "blind:infinigram")
    assert result is not None
    table = next(e for e in result.evidence if isinstance(e, Table) and e.name == "extraction.by_edit_distance")
    assert tuple(table.rows[0][:5]) == (0.0, sum(right[:20]), 20, sum(right[20:]), 10)


def test_the_same_seed_gives_the_same_bytes(plan: StudyPlan, finished: tuple[RunRecord, Path], tmp_path: Path) -> None:
    execute(plan, tmp_path / "again")
    for name in ("results.jsonl", "scores.parquet", "samples.parquet", "plan.toml"):
        assert filecmp.cmp(tmp_path / "again" / name, finished[1] / name, shallow=False), name


def test_leaving_audits_out_moves_no_number_of_the_others(
    plan: StudyPlan, finished: tuple[RunRecord, Path], tmp_path: Path
) -> None:
    alone = execute(dataclasses.replace(plan, audits=("novelty",)), tmp_path / "alone")
    assert alone.results == tuple(result for result in finished[0].results if result.audit == "novelty")


def test_another_plan_in_the_same_folder_is_refused(plan: StudyPlan, finished: tuple[RunRecord, Path]) -> None:
    with pytest.raises(ConfigError, match="another study"):
        execute(dataclasses.replace(plan, seed=1), finished[1])


def test_a_flipped_bit_in_the_results_is_named(
    plan: StudyPlan, finished: tuple[RunRecord, Path], tmp_path: Path
) -> None:
    copy = shutil.copytree(finished[1], tmp_path / "copy")
    data = bytearray((copy / "results.jsonl").read_bytes())
    data[len(data) // 2] ^= 1
    (copy / "results.jsonl").write_bytes(bytes(data))
    assert RunFolder(copy).faults() == ["results.jsonl does not match its hash."]
    with pytest.raises(FormatError, match=r"results\.jsonl"):
        RunFolder(copy).read()
    (copy / "scores.parquet").unlink()
    (copy / "stray.txt").write_text("x")
    assert {f.split()[0] for f in RunFolder(copy).faults()} == {"results.jsonl", "scores.parquet", "stray.txt"}


def test_an_unfinished_run_says_how_to_finish_it(plan: StudyPlan, tmp_path: Path) -> None:
    RunFolder(tmp_path / "run").begin(plan)
    with pytest.raises(SourceError, match="resumes"):
        RunFolder(tmp_path / "run").read()


def test_held_out_text_that_was_trained_on_is_left_out_and_said(plan: StudyPlan, tmp_path: Path) -> None:
    seen, unseen = write_sides(tmp_path / "texts")
    first = min(seen.iterdir())
    (unseen / "leaked.py").write_bytes(first.read_bytes())
    leaky = StudyPlan(
        model="memorizer:knowledge", trained_on=(str(seen),), held_out=(str(unseen),), audits=("adaptation",)
    )
    record = execute(leaky, tmp_path / "run")
    assert record.notes == (
        "1 held-out documents also stand in the trained-on corpus and were left out.",
        "0.0 % of the held-out text stands in the trained-on text in runs of 32 tokens or more.",
    )


def test_held_out_text_that_is_nearly_trained_on_is_said(tmp_path: Path) -> None:
    seen, unseen = write_sides(tmp_path / "texts")
    for path in seen.iterdir():
        (unseen / f"near_{path.name}").write_text(path.read_text("utf-8") + "# one more line\n", "utf-8")
    near = StudyPlan(
        model="memorizer:knowledge", trained_on=(str(seen),), held_out=(str(unseen),), audits=("adaptation",)
    )
    *_, note = execute(near, tmp_path / "run").notes  # the mixture may be refused, which is said before
    assert "only partly unseen" in note


def test_a_complete_run_is_not_shown_for_other_texts(tmp_path: Path) -> None:
    seen, unseen = write_sides(tmp_path / "texts")
    changing = StudyPlan(
        model="memorizer:knowledge", trained_on=(str(seen),), held_out=(str(unseen),), audits=("adaptation",)
    )
    record = execute(changing, tmp_path / "run")
    assert execute(changing, tmp_path / "run") == record
    first = min(seen.iterdir())
    first.write_text(first.read_text("utf-8") + "# changed\n", "utf-8")
    with pytest.raises(FingerprintError, match="changed since"):
        execute(changing, tmp_path / "run")


def test_a_mistyped_source_leaves_no_plan_behind(tmp_path: Path) -> None:
    mistyped = StudyPlan(model="memorizer:knowledge", trained_on=("nowhere",), held_out=("nowhere",))
    with pytest.raises(SourceError):
        execute(mistyped, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_an_index_of_another_text_of_the_same_size_is_refused(tmp_path: Path) -> None:
    seen, unseen = write_sides(tmp_path / "texts")
    other = tmp_path / "other"
    other.mkdir()
    for path in seen.iterdir():
        (other / path.name).write_text("x" + path.read_text("utf-8")[1:], "utf-8")
    make_index(IndexPlan(sources=(str(seen),), unit="tokens", tokenizer="whitespace"), tmp_path / "idx")
    tokenizer = str(tmp_path / "idx" / "tokenizer")
    sides = {"held_out": (str(unseen),), "tokenizer": tokenizer, "index": str(tmp_path / "idx")}
    audits = ("adaptation",)
    good = StudyPlan(model="memorizer:knowledge", trained_on=(str(seen),), audits=audits, **sides)  # type: ignore[arg-type]
    execute(good, tmp_path / "good")
    bad = StudyPlan(model="memorizer:knowledge", trained_on=(str(other),), audits=audits, **sides)  # type: ignore[arg-type]
    with pytest.raises(FingerprintError, match="other documents"):
        execute(bad, tmp_path / "bad")


def test_writing_the_report_again_does_not_bless_damage(finished: tuple[RunRecord, Path], tmp_path: Path) -> None:
    copy = shutil.copytree(finished[1], tmp_path / "copy")
    (copy / "stray.txt").write_text("x")
    with pytest.raises(FormatError, match=r"stray\.txt"):
        write_report(copy)
    assert RunFolder(copy).faults() == ["stray.txt is not in the manifest."]


def test_one_held_out_document_is_too_little(plan: StudyPlan, tmp_path: Path) -> None:
    seen, _ = write_sides(tmp_path / "texts")
    (tmp_path / "lone.txt").write_text("A single unseen document.")
    lonely = StudyPlan(model="memorizer:infinigram", trained_on=(str(seen),), held_out=(str(tmp_path / "lone.txt"),))
    with pytest.raises(SourceError, match="fewer than two documents"):
        execute(lonely, tmp_path / "run")


def test_text_too_short_for_an_audit_makes_it_not_applicable(tmp_path: Path) -> None:
    for side in ("seen", "unseen"):
        (tmp_path / side).mkdir()
        for number in range(8):
            (tmp_path / side / f"{number}.txt").write_text(f"{side} document number {number} says little.\n")
    plan = StudyPlan(
        model="memorizer:infinigram",
        trained_on=(str(tmp_path / "seen"),),
        held_out=(str(tmp_path / "unseen"),),
        audits=("extraction", "adaptation"),
    )
    record = execute(plan, tmp_path / "run")
    extraction = record.of("extraction", "memorizer:infinigram")
    assert extraction is not None
    assert isinstance(extraction.status, NotApplicable)
    assert "long enough" in extraction.status.reason


def test_everyone_without_embeddings_goes_in_one_step_and_the_poles_stand_apart_under_damage(
    finished: tuple[RunRecord, Path],
) -> None:
    record, _ = finished
    model = record.provenance.subjects[0].name
    result = record.of("interpolation", model)
    assert result is not None
    table = next(e for e in result.evidence if isinstance(e, Table))
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    assert {str(row["predictor"]) for row in rows} >= {"memorizer:boolean", "memorizer:mixture", "lookup:infinigram"}
    for row in rows:
        if row["predictor"] != "memorizer:knowledge":  # that is silent at both ends of some pairs, and goes no way
            assert row["goes in one step, share of pairs"] == 1.0, row
    lookup = record.of("interpolation", "lookup:infinigram")
    assert lookup is not None
    held = lookup.estimate("interpolation.member_brittleness_bits")
    assert held is not None
    assert held.excess is not None
    assert held.excess.low > 0
    blind = record.of("interpolation", "blind:infinigram")
    assert blind is not None
    unseen = blind.estimate("interpolation.member_brittleness_bits")
    assert unseen is not None
    assert unseen.excess is not None
    assert unseen.excess.low <= 0
