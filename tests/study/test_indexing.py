import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from byheart.corpus.readers import UnreadableSourceError
from byheart.errors import ConfigError, FingerprintError, FormatError, StorageError
from byheart.index import Index
from byheart.index.storing.build_folder import BUILD, BuildFolder, locked
from byheart.index.storing.manifest import MANIFEST, Manifest
from byheart.study import index_plan
from byheart.study.index_plan import IndexPlan
from byheart.study.indexing import make_index

SHARD_SYMBOLS = 2_000
WORDS = "the quick brown fox jumps over a lazy dog while seven wizards box".split()


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "byheart.study.indexing.shard_symbols", lambda memory_bytes, symbol_bytes: memory_bytes or SHARD_SYMBOLS
    )


def write_source(path: Path, num_documents: int, *, seed: int = 0) -> Path:
    rng = np.random.default_rng(seed)
    with path.open("w") as file:
        for number in range(num_documents):
            text = " ".join(rng.choice(WORDS, int(rng.integers(10, 90))))
            file.write(json.dumps({"text": text, "name": f"{path.stem} {number}"}) + "\n")
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_source(tmp_path / "source.jsonl", 40)


def plan(*sources: Path, **options: object) -> IndexPlan:
    return IndexPlan(sources=tuple(str(source) for source in sources), **options)  # type: ignore[arg-type]


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class KilledError(BaseException):
    """As abrupt as a signal: nothing catches it."""


def build_killed_at(number: int, todo: IndexPlan, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build that dies when it would write the shard of that number."""
    with monkeypatch.context() as patch:

        def write(build: object, buffer: object, **options: object) -> None:
            if build.num_shards == number:  # type: ignore[attr-defined]
                raise KilledError
            original(build, buffer, **options)  # type: ignore[arg-type]

        original = BuildFolder.write
        patch.setattr(BuildFolder, "write", write)
        with pytest.raises(KilledError):
            make_index(todo, folder)


def test_an_index_of_many_shards_is_the_index_of_one(source: Path, tmp_path: Path) -> None:
    several = make_index(plan(source), tmp_path / "several")
    one = make_index(plan(source, memory_bytes=10**6), tmp_path / "one")
    assert len(one.shards) == 1
    assert len(several.shards) > one.num_symbols / SHARD_SYMBOLS
    assert several.fingerprint == one.fingerprint
    assert Index.open(tmp_path / "several").fingerprint == one.fingerprint
    for text in ("the quick", "fox jumps over", "lazy", "unheard of"):
        assert several.count(text) == one.count(text)
        assert several.occurrences(text, 50) == one.occurrences(text, 50)
    assert Index.verify(tmp_path / "several") == []


def test_the_same_call_on_a_complete_index_changes_nothing(source: Path, tmp_path: Path) -> None:
    make_index(plan(source), tmp_path / "idx")
    before, said = content(tmp_path / "idx"), list[str]()
    again = make_index(plan(source), tmp_path / "idx", announce=said.append)
    assert again.num_documents == 40
    assert "already complete" in said[0]
    assert content(tmp_path / "idx") == before


def test_a_complete_index_is_not_built_over_by_other_sources_or_changed_ones(source: Path, tmp_path: Path) -> None:
    make_index(plan(source), tmp_path / "idx")
    before = content(tmp_path / "idx")
    with pytest.raises(ConfigError, match="other sources"):
        make_index(plan(write_source(tmp_path / "other.jsonl", 3)), tmp_path / "idx")
    write_source(source, 41)
    with pytest.raises(ConfigError, match="changed since"):
        make_index(plan(source), tmp_path / "idx")
    assert content(tmp_path / "idx") == before


def test_a_folder_of_something_else_is_left_alone(source: Path, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a.txt").write_text("Dear")
    for target in (tmp_path / "letters", source):
        with pytest.raises(ConfigError, match="exists"):
            make_index(plan(source), target)


@pytest.mark.parametrize("number", [0, 1, 3])
@pytest.mark.parametrize("tokenizer", ["", "whitespace"])
def test_a_killed_build_goes_on_and_ends_in_the_same_files(
    number: int, tokenizer: str, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {
        "tokenizer": tokenizer,
        "unit": "tokens" if tokenizer else "",
        "memory_bytes": 500 if tokenizer else None,
    }
    todo = plan(source, **options)
    make_index(todo, tmp_path / "undisturbed")
    build_killed_at(number, todo, tmp_path / "idx", monkeypatch)
    assert (tmp_path / "idx" / BUILD).exists()
    with pytest.raises(FormatError, match="not complete"):
        Index.open(tmp_path / "idx")
    sorted_shards: list[int] = []
    original = BuildFolder.write

    def write(build: BuildFolder, *arguments: object, **named: object) -> None:
        sorted_shards.append(build.num_shards)
        original(build, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(BuildFolder, "write", write)
    made = make_index(todo, tmp_path / "idx")
    assert content(tmp_path / "idx") == content(tmp_path / "undisturbed")
    assert sorted_shards == list(range(number, len(made.shards)))


def test_shards_are_built_again_from_the_first_whose_documents_changed(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_killed_at(3, plan(source), tmp_path / "idx", monkeypatch)
    first = (tmp_path / "idx" / "shard-00000" / "text.bin").stat().st_ino
    lines = source.read_text().splitlines()
    lines[10] = lines[10].replace("the", "THE")
    source.write_text("\n".join(lines) + "\n")
    said: list[str] = []
    make_index(plan(source), tmp_path / "idx", announce=said.append)
    make_index(plan(source), tmp_path / "undisturbed")
    assert [text for text in said if "shard 2 and those after it" in text], said
    assert content(tmp_path / "idx") == content(tmp_path / "undisturbed")
    assert (tmp_path / "idx" / "shard-00000" / "text.bin").stat().st_ino == first


def test_a_damaged_shard_of_a_killed_build_is_built_again(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_killed_at(3, plan(source), tmp_path / "idx", monkeypatch)
    path = tmp_path / "idx" / "shard-00001" / "suffix_array.bin"
    path.write_bytes(bytes(path.stat().st_size))
    make_index(plan(source), tmp_path / "idx")
    make_index(plan(source), tmp_path / "undisturbed")
    assert content(tmp_path / "idx") == content(tmp_path / "undisturbed")


@pytest.mark.parametrize(("options", "what"), [({"lines": True}, "lines")])
def test_another_plan_in_the_folder_of_a_killed_build_is_refused_with_what_differs(
    options: dict[str, object], what: str, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_killed_at(2, plan(source), tmp_path / "idx", monkeypatch)
    before = content(tmp_path / "idx")
    with pytest.raises(ConfigError, match=what):
        make_index(plan(source, **options), tmp_path / "idx")
    assert content(tmp_path / "idx") == before


def test_a_killed_build_goes_on_with_another_amount_of_memory(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_killed_at(2, plan(source), tmp_path / "idx", monkeypatch)
    first = (tmp_path / "idx" / "shard-00000" / "header.json").read_bytes()
    made = make_index(plan(source, memory_bytes=3_000), tmp_path / "idx")
    assert (tmp_path / "idx" / "shard-00000" / "header.json").read_bytes() == first
    assert made.fingerprint == make_index(plan(source), tmp_path / "undisturbed").fingerprint
    assert Index.verify(tmp_path / "idx") == []


def test_files_of_others_that_are_called_as_shards_are_never_touched(source: Path, tmp_path: Path) -> None:
    place = tmp_path / "theirs"
    place.mkdir()
    for name in ("shard-00000.jsonl", "shard-00001-of-00002.parquet", "thesis.txt"):
        (place / name).write_text("theirs")
    (place / "shard-00000").mkdir()
    (place / "shard-00000" / "weights.bin").write_text("theirs")
    before = content(place)
    with pytest.raises(ConfigError, match="exists"):
        make_index(plan(source), place)
    assert content(place) == before
    make_index(plan(source), tmp_path / "idx")
    (tmp_path / "idx" / "shard-00000.jsonl").write_text("theirs")
    (tmp_path / "more.txt").write_text("another document")
    make_index(IndexPlan(sources=(str(tmp_path / "more.txt"),), add=True), tmp_path / "idx")
    assert (tmp_path / "idx" / "shard-00000.jsonl").read_text() == "theirs"


def test_without_a_memory_option_a_killed_build_keeps_the_size_of_its_shards(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_killed_at(2, plan(source, memory_bytes=3_000), tmp_path / "idx", monkeypatch)
    make_index(plan(source), tmp_path / "idx")
    make_index(plan(source, memory_bytes=3_000), tmp_path / "undisturbed")
    assert content(tmp_path / "idx") == content(tmp_path / "undisturbed")


def test_added_documents_follow_those_that_were_there(source: Path, tmp_path: Path) -> None:
    more = write_source(tmp_path / "more.jsonl", 20, seed=1)
    made = make_index(plan(source), tmp_path / "idx")
    before = content(tmp_path / "idx")
    grown = make_index(plan(more, add=True), tmp_path / "idx")
    assert grown.fingerprint == make_index(plan(source, more), tmp_path / "both").fingerprint
    assert (grown.num_documents, grown.document_names[40]) == (40 + 20, "more 0")
    assert len(grown.shards) > len(made.shards)
    after = content(tmp_path / "idx")
    assert {name: after[name] for name in before if name != MANIFEST} == {
        name: raw for name, raw in before.items() if name != MANIFEST
    }
    said: list[str] = []
    make_index(plan(more, add=True), tmp_path / "idx", announce=said.append)
    assert "already complete" in said[0]
    assert content(tmp_path / "idx") == after
    make_index(plan(source), tmp_path / "idx")
    assert content(tmp_path / "idx") == after


def test_a_killed_addition_leaves_the_index_as_it_was_and_can_be_finished(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = write_source(tmp_path / "more.jsonl", 20, seed=1)
    made = make_index(plan(source), tmp_path / "idx")
    build_killed_at(len(made.shards) + 1, plan(more, add=True), tmp_path / "idx", monkeypatch)
    opened = Index.open(tmp_path / "idx")
    assert (opened.fingerprint, opened.num_documents) == (made.fingerprint, 40)
    assert Index.verify(tmp_path / "idx") == []
    make_index(plan(more, add=True), tmp_path / "idx")
    make_index(plan(source), tmp_path / "undisturbed")
    make_index(plan(more, add=True), tmp_path / "undisturbed")
    assert content(tmp_path / "idx") == content(tmp_path / "undisturbed")


def test_a_build_killed_after_its_manifest_was_in_place_is_complete(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(manifest: Manifest, folder: Path) -> None:
        original(manifest, folder)
        raise KilledError

    make_index(plan(source), tmp_path / "undisturbed")
    original = Manifest.write
    with monkeypatch.context() as patch:
        patch.setattr(Manifest, "write", die)
        with pytest.raises(KilledError):
            make_index(plan(source), tmp_path / "idx")
    assert (tmp_path / "idx" / BUILD).exists()
    make_index(plan(source), tmp_path / "idx")
    assert content(tmp_path / "idx") == content(tmp_path / "undisturbed")


def test_documents_are_added_under_the_tokenizer_of_the_index(source: Path, tmp_path: Path) -> None:
    more = tmp_path / "more.txt"
    more.write_text("the unheard fox")
    made = make_index(plan(source, unit="tokens", tokenizer="whitespace"), tmp_path / "idx")
    grown = make_index(plan(more, add=True), tmp_path / "idx")
    assert grown.tokenizer_fingerprint == made.tokenizer_fingerprint
    assert grown.document(40).tolist()[1] == 1  # <unk>
    with pytest.raises(FingerprintError, match="cannot be added"):
        make_index(plan(more, unit="bytes", add=True), tmp_path / "idx")


def test_two_builders_do_not_work_in_one_folder(source: Path, tmp_path: Path) -> None:
    with locked(tmp_path / "idx"), pytest.raises(StorageError, match="Another byheart"):
        make_index(plan(source), tmp_path / "idx")
    assert make_index(plan(source), tmp_path / "idx").num_documents == 40


def test_a_bad_line_is_named_at_the_end_and_nothing_that_was_sorted_is_lost(source: Path, tmp_path: Path) -> None:
    with source.open("a") as file:
        file.write("no JSON\n")
    with pytest.raises(UnreadableSourceError, match="40 documents were read"):
        make_index(plan(source), tmp_path / "idx")
    kept = sorted(path.name for path in (tmp_path / "idx").glob("shard-*"))
    assert len(kept) > 2
    said: list[str] = []
    made = make_index(plan(source, skip_bad=True), tmp_path / "idx", announce=said.append)
    assert f"{len(kept)} shard(s) were complete and are kept." in said
    assert made.num_documents == 40


def test_a_document_that_fits_no_shard_is_named_with_the_memory_that_it_needs(tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("a" * 2_000)
    with pytest.raises(ConfigError, match=r"long\.txt has 2,000 symbols; a shard has room for 1,998") as caught:
        make_index(plan(tmp_path / "long.txt"), tmp_path / "idx")
    assert "--memory" in caught.value.next_step
    assert not (tmp_path / "idx").exists()


def test_too_little_memory_is_refused_with_how_much_would_do() -> None:
    with pytest.raises(ConfigError, match="too little") as caught:
        index_plan.shard_symbols(100_000_000, 1)
    assert "--memory" in caught.value.next_step
    needed = index_plan.memory_needed(5_000_000, 2)
    assert index_plan.shard_symbols(needed, 2) == 5_000_000


def test_memory_disk_and_time_are_said_before_anything_is_read(source: Path, tmp_path: Path) -> None:
    said: list[str] = []

    def note(stage: str, done: float, total: float, note: str = "") -> None:
        said.append(stage)

    make_index(plan(source), tmp_path / "idx", announce=said.append, on_progress=note)
    assert "MB on disk" in said[0]
    assert "MB of memory" in said[0]
    assert {"read", "sort"} <= set(said[1:])


def kill_builds(tmp_path: Path, num_kills: int, mode: str) -> dict[str, int]:
    source = write_source(tmp_path / "source.jsonl", 60)
    command = [sys.executable, "-m", "tests.study.kill_builds", str(source), str(tmp_path), str(num_kills), mode]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    return json.loads(done.stdout)


@pytest.mark.parametrize("mode", ["build", "add"])
def test_builds_killed_at_random_moments_end_in_the_same_files(mode: str, tmp_path: Path) -> None:
    found = kill_builds(tmp_path, 4, mode)
    assert found["killed"] == 4
    assert found["compared"] >= 1
    assert found["differing"] == 0


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "num_kills"), [("build", 200), ("add", 60)])
def test_hundreds_of_kills_leave_no_trace(mode: str, num_kills: int, tmp_path: Path) -> None:
    found = kill_builds(tmp_path, num_kills, mode)
    assert found["killed"] == num_kills
    assert found["compared"] > num_kills / 20
    assert found["differing"] == 0


BUDGET_CODE = """
import re, sys
from pathlib import Path
from byheart.study.index_plan import IndexPlan
from byheart.study.indexing import make_index
made = make_index(IndexPlan(sources=(sys.argv[1],), memory_bytes=int(sys.argv[3])), Path(sys.argv[2]))
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())  # getrusage counts the parent's too
print(len(made.shards), int(peak[1]) * 1024)
"""


@pytest.mark.slow
def test_a_corpus_larger_than_its_memory_builds_within_it_and_answers_the_same(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    words = ["".join(rng.choice(list("abcdefghij"), 5)) for _ in range(3_000)]
    some = [" ".join(rng.choice(words, 200)) for _ in range(1_000)]
    lines = (some[number] for number in rng.integers(0, len(some), 25_000))
    (tmp_path / "big.txt").write_text("\n".join(lines))
    memory_bytes = index_plan.memory_needed(11_000_000, 1)
    arguments = [str(tmp_path / "big.txt"), str(tmp_path / "idx"), str(memory_bytes)]
    code = BUDGET_CODE.replace("memory_bytes=", "lines=True, memory_bytes=")
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    num_shards, peak_bytes = map(int, done.stdout.split())
    assert num_shards >= 3
    assert peak_bytes <= memory_bytes
    several = Index.open(tmp_path / "idx")
    text = (tmp_path / "big.txt").read_bytes()
    assert several.num_symbols == len(text) + 1 + 1
    for word in words[:20]:
        assert several.count(word) == text.count(word.encode())
