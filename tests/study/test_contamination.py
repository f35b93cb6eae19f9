import json
import textwrap
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from byheart.corpus.normalisation import normalise
from byheart.errors import CapabilityError, ConfigError, FingerprintError, FormatError, SourceError, StorageError
from byheart.index import Index
from byheart.study.benchmark import Item, read_items
from byheart.study.contamination import Contamination, Finding, leaked_by_field, leaked_of_judged
from byheart.study.integrity import faults
from byheart.study.normalised_index import FOLDER, open_normalised

DOCUMENTS = (
    "Preface.\n\nThe quick brown fox -- it's said -- jumps over the lazy dog,\nand \u201cthe na\u00efve dog\u201d "
    "never wakes before noon; 3\u00bd hours later it eats.\n",
    "No words in common here: alpha beta gamma delta epsilon zeta eta theta iota kappa.\n",
    "",
)
LEAK = "The quick brown fox -- it's said -- jumps over the lazy dog,\nand \u201cthe na\u00efve dog\u201d never wakes"
"""18 words."""


def byte_index(*documents: str, shard_symbols: int = 2**31 - 1) -> Index:
    arrays = [np.frombuffer(document.encode(), dtype=np.uint8) for document in documents]
    names = [f"{number}.txt" for number in range(len(documents))]
    return Index.build(arrays, names, unit="bytes", alphabet_size=256, shard_symbols=shard_symbols)


def normalised(*documents: str) -> Index:
    arrays = [np.frombuffer(normalise(document), dtype=np.uint8) for document in documents]
    names = [f"{number}.txt" for number in range(len(documents))]
    return Index.build(arrays, names, unit="bytes", alphabet_size=256, normalisation="words")


def judged(*texts: str, min_words: int = 13) -> list[Finding]:
    items = [Item(str(number), number + 1, (("question", text),)) for number, text in enumerate(texts)]
    judge = Contamination(normalised(*DOCUMENTS), byte_index(*DOCUMENTS), min_words=min_words)
    return judge.findings(items)


@pytest.mark.parametrize(
    "disguise",
    [
        lambda text: text,
        str.upper,
        lambda text: textwrap.fill(" ".join(text.split()), 11),
        lambda text: unicodedata.normalize("NFD", text),
        lambda text: text.replace("--", "\u2014").replace("'", "\u2019").replace("\u201c", '"'),
        lambda text: f"Q: {text}?!",
        lambda text: text.replace("brown", "bro\u00adwn"),
    ],
)
def test_a_leak_is_found_in_every_disguise(disguise: object) -> None:
    text = disguise(LEAK)  # type: ignore[operator]
    (finding,) = judged(text)
    assert finding.verdict == "leaked"
    assert finding.longest_words == 18
    (evidence,) = finding.evidence
    assert (evidence.document, evidence.count, evidence.num_words) == ("0.txt", 1, 18)
    assert normalise(evidence.text) == normalise(evidence.passage) == normalise(LEAK)
    assert evidence.passage == LEAK
    assert DOCUMENTS[0].encode()[evidence.place.start : evidence.place.stop].decode() == LEAK
    assert text.encode()[evidence.span.start : evidence.span.stop].decode() == evidence.text
    assert (evidence.around[0][-len("Preface.\n\n") :], evidence.around[1][:7]) == ("Preface.\n\n", " before")


def test_a_word_must_be_whole_and_runs_stay_in_one_document() -> None:
    twelve = "quick brown fox it's said jumps over the lazy dog and"
    assert len(normalise(twelve).split()) == 12
    cut = judged(f"xx{twelve}", f"xx {twelve} xx", f"{twelve} th xx xx", f"{twelve} the xx")
    assert [finding.verdict for finding in cut] == ["clean", "clean", "clean", "leaked"]
    assert [finding.longest_words for finding in cut] == [11, 12, 12, 13]
    joined = "hours later it eats. No words in common here: alpha beta gamma delta"
    assert [finding.longest_words for finding in judged(joined)] == [9]


def test_short_texts_leak_as_a_whole_or_say_nothing() -> None:
    seven, eight = "alpha beta gamma delta epsilon zeta eta", "alpha beta gamma delta epsilon zeta eta theta"
    found = judged(seven, eight, f"{eight} else", "", "...")
    assert [finding.verdict for finding in found] == ["too short", "leaked", "clean", "too short", "too short"]
    assert [finding.verdict for finding in judged(seven, min_words=5)] == ["leaked"]
    assert leaked_of_judged(found) == (1, 2)


def test_an_item_leaks_by_any_of_its_fields() -> None:
    items = [
        Item("a", 1, (("question", "nobody ever wrote a question like this one before today"), ("answer", LEAK))),
        Item("b", 2, (("question", LEAK), ("answer", "yes"))),
        Item("c", 3, ()),
    ]
    judge = Contamination(normalised(*DOCUMENTS), byte_index(*DOCUMENTS))
    found = judge.findings(items)
    assert [finding.verdict for finding in found] == ["leaked", "leaked", "too short"]
    assert leaked_by_field(found) == {"answer": (1, 1), "question": (1, 2)}
    assert judge.findings([]) == []


def test_batches_and_fractions_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [LEAK, "", "wakes before noon; 3\u00bd hours later it eats", "short", LEAK.lower()]
    whole = judged(*texts)
    monkeypatch.setattr("byheart.study.contamination._BATCH_BYTES", 1)
    assert judged(*texts) == whole
    assert whole[2].evidence[0].passage == "wakes before noon; 3\u00bd hours later it eats"


def test_no_words_at_least_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least 1"):
        judged("text", min_words=0)


def write_lines(path: Path, *records: object) -> str:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return str(path)


def test_items_have_their_ids_and_every_string_field(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "b.jsonl",
        {"id": 7, "question": "why", "choices": {"text": ["a", "b"], "label": ["A"]}, "n": 3},
        {"task_id": "x/1", "question": "how", "choices": None},
        {"question": "when", "choices": {"text": "one"}},
    )
    items = read_items(path)
    assert [item.name for item in items] == ["7", "x/1", "3"]
    assert items[0].texts == (
        ("question", "why"), ("choices.text", "a"), ("choices.text", "b"), ("choices.label", "A"),
    )  # fmt: skip
    assert [item.texts for item in read_items(path, ["question"])] == [
        (("question", text),) for text in ("why", "how", "when")
    ]


@pytest.mark.parametrize(
    ("line", "fields", "why"),
    [
        ("nonsense", (), "not JSON"),
        ("[1]", (), "not a JSON object"),
        ('{"n": 1}', (), "no field holds text"),
        ('{"q": "x"}', ("question",), "no field 'question'"),
        ('{"question": 3}', ("question",), "is not text"),
        ('{"question": {"a": 3}}', ("question.b",), "no field 'question.b'"),
        ('{"question": "\\ud800"}', (), "half a character"),
    ],
)
def test_a_bad_line_is_named_or_left_out(tmp_path: Path, line: str, fields: tuple[str, ...], why: str) -> None:
    path = tmp_path / "b.jsonl"
    good = '{"question": "fine", "a": {"b": "x"}}'.replace('"question": "fine"', '"question": {"b": "fine"}')
    path.write_text((good if fields == ("question.b",) else '{"question": "fine"}') + f"\n{line}\n")
    with pytest.raises(SourceError, match="1 unreadable part") as refused:
        read_items(str(path), fields)
    assert "b.jsonl:2" in refused.value.why
    assert why in refused.value.why
    assert len(read_items(str(path), fields, skip_bad=True)) == 1


def test_a_benchmark_without_items_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("\n")
    for name in ("empty.jsonl", "missing.jsonl"):
        with pytest.raises(SourceError):
            read_items(str(tmp_path / name), skip_bad=True)


def test_the_normalised_index_is_built_once_and_again_when_the_corpus_grew(tmp_path: Path) -> None:
    folder = tmp_path / "idx"
    original = byte_index(*DOCUMENTS, shard_symbols=200)
    assert len(original.shards) == 2
    original.save(folder)
    told: list[str] = []
    built = open_normalised(folder, original, announce=told.append)
    assert len(told) == 2
    assert built.num_documents == 3
    assert [built.document(number).tobytes() for number in range(3)] == [normalise(text) for text in DOCUMENTS]
    assert open_normalised(folder, Index.open(folder), announce=told.append).fingerprint == built.fingerprint
    assert len(told) == 2
    assert Index.verify(folder) == []
    grown = byte_index(*DOCUMENTS, "one more")
    assert open_normalised(folder, grown, announce=told.append).num_documents == 4
    assert len(list((folder / FOLDER).iterdir())) == 1


def test_verify_reads_the_normalised_index_too(tmp_path: Path) -> None:
    folder = tmp_path / "idx"
    original = byte_index(*DOCUMENTS)
    original.save(folder)
    open_normalised(folder, original)
    assert faults(folder) == []
    path = next((folder / FOLDER).glob("*/shard-*/suffix_array.bin"))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert faults(folder) == [f"{path.relative_to(folder).as_posix()} does not match its hash."]


def test_the_normalised_index_of_another_corpus_is_refused(tmp_path: Path) -> None:
    one, other = byte_index("one two three"), byte_index("four five six")
    open_normalised(tmp_path, one)
    (place,) = (tmp_path / FOLDER).iterdir()
    place.rename(place.with_name(other.fingerprint[:16]))
    with pytest.raises(FingerprintError):
        open_normalised(tmp_path, other)


def test_a_link_in_the_place_of_the_normalised_index_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim" / "photos"
    victim.mkdir(parents=True)
    (victim / "one.jpg").write_text("theirs")
    folder = tmp_path / "idx"
    folder.mkdir()
    (folder / FOLDER).symlink_to(victim.parent)
    with pytest.raises(StorageError, match="link"):
        open_normalised(folder, byte_index(*DOCUMENTS))
    assert (victim / "one.jpg").read_text() == "theirs"


def test_a_damaged_or_token_index_is_refused(tmp_path: Path) -> None:
    original = byte_index(*DOCUMENTS)
    open_normalised(tmp_path, original)
    (place,) = (tmp_path / FOLDER).iterdir()
    path = next(place.glob("shard-*/text.bin"))
    data = bytearray(path.read_bytes())
    data[3] ^= 1
    path.write_bytes(data)
    with pytest.raises(FormatError):
        open_normalised(tmp_path, original)
    tokens = Index.build([np.array([1, 2])], ["a"], unit="tokens", alphabet_size=9)
    with pytest.raises(CapabilityError, match="contaminated"):
        open_normalised(tmp_path, tokens)
