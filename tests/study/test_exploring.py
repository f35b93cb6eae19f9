"""A finished run opened for exploring: what it reads again, what it refuses, and where things stand."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from byheart.core.decoding import Decoding, decoded_probabilities
from byheart.core.evidence import Exhibit, Interval, Refusal, Token
from byheart.core.provenance import Provenance, SubjectProvenance
from byheart.core.result import Completed, Result
from byheart.core.run_record import RunRecord
from byheart.core.spans import Span
from byheart.corpus.documents import Corpus, Document
from byheart.corpus.encoded import encode_corpus
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import CapabilityError, FingerprintError, InputError, SourceError
from byheart.study.exploring.continuation import Cut, cut, say
from byheart.study.exploring.documents import AROUND, document_window, place_of_bytes
from byheart.study.exploring.exhibits import Wanted, chosen
from byheart.study.exploring.exploration import Exploration, names_of
from byheart.study.exploring.usual import HeldOutWindows
from byheart.study.index_plan import IndexPlan
from byheart.study.indexing import make_index
from byheart.study.lookup import Lookup
from byheart.study.plan import StudyPlan
from byheart.study.run_folder import SCORES, RunFolder
from byheart.study.sources import read_texts
from byheart.study.subjects import build_index
from byheart.study.tables import parquet

SEEN = [f"document {n}: " + " ".join(f"word{(n * 7 + k) % 13}" for k in range(40)) for n in range(12)]
UNSEEN = [f"other {n}: " + " ".join(f"thing{(n * 5 + k) % 11}" for k in range(60)) for n in range(60)]


def exhibit(document: str, start: int, stop: int, said: Sequence[bool], occurrences: int) -> Exhibit:
    return Exhibit(
        name="extraction.passage",
        label="Recited",
        document=document,
        start_byte=start,
        stop_byte=stop,
        role="subject",
        given="given ",
        tokens=tuple(Token(f"t{n} ", agrees=agrees) for n, agrees in enumerate(said)),
        facts=(("occurrences in the corpus", occurrences),),
    )


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small run, written as the study writes it; its model is a memorizer."""
    from byheart.corpus.cache_folder import cache_folder

    compiled = cache_folder() / "kernels"
    (tmp_path / "cache").mkdir()
    compiled.mkdir(parents=True, exist_ok=True)
    (tmp_path / "cache" / "kernels").symlink_to(compiled)
    monkeypatch.setenv("BYHEART_CACHE", str(tmp_path / "cache"))
    for name, written in (("seen", SEEN), ("unseen", UNSEEN)):
        records = (json.dumps({"name": f"{name}/{n}", "text": text}) + "\n" for n, text in enumerate(written))
        (tmp_path / f"{name}.jsonl").write_text("".join(records))
    tokenizer = Tokenizer.train(Corpus(tuple(Document("", text) for text in SEEN)), 300)
    tokenizer.save(tmp_path / "tokenizer")
    plan = StudyPlan(
        model="memorizer:infinigram",
        trained_on=(str(tmp_path / "seen.jsonl"),),
        held_out=(str(tmp_path / "unseen.jsonl"),),
        tokenizer=str(tmp_path / "tokenizer"),
    )
    texts = read_texts(plan)
    subject = SubjectProvenance(
        name="audited memorizer:infinigram", role="model", fingerprint="of another", access="weights", size_bytes=1
    )
    origin = Provenance(
        byheart="0", python="3", platform="Linux", packages={}, seed=0, command="", seconds=0.0,
        trained_on={"fingerprint": texts.trained_on.fingerprint, "documents": len(SEEN)},
        held_out={"fingerprint": texts.held_out.fingerprint},
        tokenizer=tokenizer.fingerprint, canaries="", subjects=(subject,),
    )  # fmt: skip
    evidence = (
        exhibit("seen/3", 0, 20, [True, True], 4),
        exhibit("seen/1", 5, 25, [True, False], 9),
        exhibit("seen/2", 5, 25, [False, False], 1),
    )
    record = RunRecord(
        title="a run",
        results=(Result("extraction", 1, subject.name, Completed(evidence)),),
        methods=(),
        provenance=origin,
    )
    folder = RunFolder(tmp_path / "run")
    folder.begin(plan)
    folder.finish(record, parquet([], ["subject"]), None, None)
    return folder.path


def test_passages_are_filtered_and_sorted(run: Path) -> None:
    every = Exploration(run).passages()[0]
    assert [passage.number for passage in every] == [1, 2, 3]

    def found(wanted: Wanted) -> list[int]:
        return [passage.number for passage in chosen(every, wanted)]

    assert found(Wanted()) == [1, 2, 3]
    assert found(Wanted(recited="yes")) == [1]
    assert found(Wanted(recited="no", least_occurrences=2)) == [2]
    assert found(Wanted(words="SEEN/2")) == [3]
    assert found(Wanted(words="t1")) == [1, 2, 3]
    assert found(Wanted(order="occurrences")) == [2, 1, 3]
    assert found(Wanted(order="agreement")) == [1, 2, 3]
    assert found(Wanted(order="document")) == [2, 3, 1]
    assert found(Wanted(subject="someone else")) == []


def test_every_scored_window_stands_behind_the_passages_of_the_results(run: Path) -> None:
    tokenizer = Tokenizer.from_folder(run.parent / "tokenizer")
    ids = tokenizer.encode(SEEN[7]).token_ids
    (given, said), wrong = (ids[:5], ids[5:8]), int(ids[9])
    nats, mass = np.log([0.5, 0.25, 0.5]), np.log([1.0, 0.5, 0.625])
    row = {
        "subject": "audited memorizer:infinigram", "need": "WindowsNeed", "role": "member", "document": "seen/7",
        "start_byte": 0, "stop_byte": 30, "given_ids": given, "num_occurrences": 1, "token_ids": said,
        "argmax_id": [said[0], wrong, said[2]], "rank": [1, 2, 1], "log_probability_nats": nats,
        "log_top_k_mass_nats": mass,
    }  # fmt: skip
    other = row | {"subject": "lookup:infinigram"}
    known = row | {"document": "seen/3", "start_byte": 0}
    unseen = row | {"role": "control", "document": "unseen/1", "rank": [1, 1, 41]}
    (run / SCORES).write_bytes(parquet([unseen, row, other, known], []))
    RunFolder(run).seal()
    every, why = Exploration(run).passages()
    assert why == ""
    assert [(it.number, it.exhibit.document) for it in every[3:]] == [(4, "seen/7"), (5, "unseen/1")]
    facts = dict(every[3].exhibit.facts)
    assert facts["p_z"] == pytest.approx(0.5 / 1.0 * (0.25 / 0.5) * (0.5 / 0.625))
    assert [token.agrees for token in every[3].exhibit.tokens] == [True, False, True]
    assert every[3].exhibit.tokens[1].predicted == tokenizer.decode(ids[9:10])
    assert every[3].text == tokenizer.decode(ids[:8])
    assert dict(every[4].exhibit.facts) == {"p_z": 0.0}
    (run / SCORES).write_bytes(b"damaged")
    assert "damaged" in Exploration(run).passages()[1]


def test_an_index_is_built_once_and_opened_again_without_the_sources(run: Path) -> None:
    first = Exploration(run).places()
    assert first.index.unit == "bytes"
    assert first.index.num_documents == len(SEEN)
    (run.parent / "seen.jsonl").unlink()
    again = Exploration(run).places()
    assert again.index.fingerprint == first.index.fingerprint


def test_sources_that_changed_since_are_refused_and_those_that_are_gone_are_named(run: Path) -> None:
    path = run.parent / "seen.jsonl"
    path.write_text(path.read_text().replace("word3", "word4"))
    with pytest.raises(FingerprintError, match="has changed since"):
        Exploration(run).places()
    path.unlink()
    with pytest.raises(SourceError, match="no such file"):
        Exploration(run).places()


def test_a_given_index_of_another_text_is_named(run: Path) -> None:
    own, other = run.parent / "own", run.parent / "other"
    make_index(IndexPlan(sources=(str(run.parent / "seen.jsonl"),)), own)
    make_index(IndexPlan(sources=(str(run.parent / "unseen.jsonl"),)), other)
    assert Exploration(run, index=own).index.is_another == ""
    said = Exploration(run, index=other).index.is_another
    assert f"it has {len(UNSEEN)} documents" in said
    assert f"that text has {len(SEEN)} documents" in said


def test_a_damaged_index_of_the_cache_is_built_again(run: Path) -> None:
    first = Exploration(run).places()
    (folder,) = (run.parent / "cache" / "explorer").glob("*-bytes")
    victim = max(folder.rglob("*"), key=lambda path: path.stat().st_size if path.is_file() else 0)
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(data)
    assert Exploration(run).places().index.fingerprint == first.index.fingerprint
    assert victim.read_bytes() != bytes(data)


def test_spans_stand_beside_chance_or_the_reason_why_there_is_none(run: Path) -> None:
    exploration = Exploration(run)
    found = exploration.spans(SEEN[4][3:90], 20)
    assert [(copied.documents, copied.count) for copied in found.spans] == [((4,), 1)]
    assert not isinstance(found.chance, Refusal)
    assert found.beyond_chance(found.spans[0])
    long = exploration.spans("word " * 2001, 20)
    assert isinstance(long.chance, Refusal)
    (run.parent / "unseen.jsonl").unlink()
    without = Exploration(run).spans(SEEN[4][3:90], 20)
    assert isinstance(without.chance, Refusal)
    assert "no such file" in without.chance.reason
    assert exploration.spans("", 20).spans == ()


def test_another_model_than_the_audited_one_is_named(run: Path) -> None:
    _, said, notes = Exploration(run).continuation("document 3: ", "word8")
    assert said[0].name == "audited memorizer:infinigram"
    assert any("is not what this run audited" in note for note in notes)


def test_what_a_network_gives_a_continuation_is_what_its_distributions_say() -> None:
    pytest.importorskip("torch")
    from tests.models.networks import predictor, texts

    network, (ids,) = predictor(), texts(14)
    it = Cut(token_ids=ids, num_given=9, moved_bytes=0, left_out_tokens=0)
    rows = network.next_log_probabilities_nats([ids[:place] for place in range(9, 14)])
    own = [float(row[token]) for row, token in zip(rows, ids[9:], strict=True)]
    kept = [decoded_probabilities(row, Decoding(top_k=40))[token] for row, token in zip(rows, ids[9:], strict=True)]
    found = say("m", network, it)
    assert found.bits == pytest.approx(-sum(own) / math.log(2), abs=1e-4)
    assert found.log_pz_nats == (pytest.approx(math.log(math.prod(kept)), abs=1e-4) if all(kept) else None)
    right = [int(row.argmax()) == token for row, token in zip(rows, ids[9:], strict=True)]
    assert found.num_right == (right.index(False) if False in right else 5)
    assert found.log_pz_right_nats == pytest.approx(math.log(math.prod(kept[: found.num_right])), abs=1e-4)
    # Whatever a network says: its own most probable tokens are greedy, and likely enough to come out.
    greedy = list(ids[:9])
    for _ in range(3):
        greedy.append(int(network.next_log_probabilities_nats([np.array(greedy, dtype=np.int32)])[0].argmax()))
    told = say(
        "m", network, Cut(token_ids=np.array(greedy, dtype=np.int32), num_given=9, moved_bytes=0, left_out_tokens=0)
    )
    assert told.is_greedy
    assert told.log_pz_right_nats == told.log_pz_nats
    assert told.log_pz_nats is not None
    assert told.tries == pytest.approx(max(1.0, math.log(1 - 0.5) / math.log(1 - math.exp(told.log_pz_nats))))


def test_an_endpoint_is_asked_only_where_somebody_says_so(run: Path) -> None:
    exploration = Exploration(run)
    exploration.speakers.plan = replace(exploration.speakers.plan, model="http://127.0.0.1:9/v1#x", tokenizer="")
    with pytest.raises(CapabilityError, match="nobody said"):
        exploration.continuation("a", "b")


def test_a_border_inside_a_token_moves_to_its_beginning_and_a_long_beginning_is_cut() -> None:
    tokenizer = Tokenizer.train(Corpus((Document("", "unbelievable " * 50),)), 300)
    ids = tokenizer.encode("unbelievable unbelievable").token_ids
    assert len(ids) == 2
    it = cut(tokenizer, "unbelievable unbel", "ievable", None)
    assert (it.num_given, it.num_tokens, it.moved_bytes) == (1, 1, len(" unbel"))
    exact = cut(tokenizer, "unbelievable", " unbelievable", None)
    assert (exact.num_given, exact.num_tokens, exact.moved_bytes) == (1, 1, 0)
    short = cut(tokenizer, "unbelievable" + " unbelievable" * 9, " unbelievable", 4)
    assert (short.num_given, short.left_out_tokens) == (4, 10 - 4)
    assert np.array_equal(short.token_ids, tokenizer.encode(" unbelievable" * 5).token_ids)
    for given, continuation in (("", ""), ("a", " unbelievable" * 600)):
        with pytest.raises(InputError, match="tokens here"):
            cut(tokenizer, given, continuation, None)


def test_the_line_end_that_a_copied_text_takes_along_does_not_make_it_unwritable(run: Path) -> None:
    exploration, given = Exploration(run), SEEN[3][:40]
    continuation = SEEN[3][40:60].rpartition(" ")[0]
    exact, said, _ = exploration.continuation(given, continuation)
    assert said[0].log_pz_nats is not None
    copied, again, _ = exploration.continuation(given, f"{continuation} \n")
    assert (copied.num_tokens, copied.blank_bytes, exact.blank_bytes) == (exact.num_tokens, 2, 0)
    assert again == said
    # Who asks about nothing but blanks is answered about them.
    assert exploration.continuation(given, "\n")[0].blank_bytes == 0


def test_of_a_text_that_is_never_written_the_part_that_comes_out_by_itself_has_its_p_z(run: Path) -> None:
    it, (model, *_), _ = Exploration(run).continuation(SEEN[3][:40], SEEN[3][40:60].rpartition(" ")[0] + " w\0")
    assert model.log_pz_nats is None
    assert 0 < model.num_right < it.num_tokens
    part = Cut(
        token_ids=it.token_ids[: it.num_given + model.num_right],
        num_given=it.num_given, moved_bytes=0, left_out_tokens=0,
    )  # fmt: skip
    alone = say("m", Exploration(run).speakers.speaker().predictor, part)
    assert alone.is_greedy
    assert alone.log_pz_nats == pytest.approx(model.log_pz_right_nats)


def test_a_window_of_a_document_never_cuts_a_character() -> None:
    text = "ä" * 4000 + "PASSAGE" + "ö" * 4000
    raw = np.frombuffer(text.encode(), dtype=np.uint8)
    from byheart.index.corpus_index import Index

    lookup = Lookup(Index.build([raw], ["one"], unit="bytes", alphabet_size=256), None)
    window = document_window(lookup, 0, Span(8000, 8007))
    assert (window.marked, window.num_symbols, window.shown) == ("PASSAGE", raw.size, Span(5000, 11007))
    assert window.before == "ä" * (AROUND["bytes"] // 2)
    assert window.after == "ö" * (AROUND["bytes"] // 2)
    assert document_window(lookup, 0, Span(1, 3)).marked == "ä"
    for number, span in ((1, Span(0, 0)), (-1, Span(0, 0)), (0, Span(0, raw.size + 1))):
        with pytest.raises(InputError):
            document_window(lookup, number, span)


def test_bytes_of_a_document_are_found_in_an_index_of_tokens() -> None:
    corpus = Corpus((Document("twice", "short"), Document("twice", "a longer text with that name")))
    tokenizer = Tokenizer.train(corpus, 290)
    lookup = Lookup(build_index(encode_corpus(corpus, tokenizer), tokenizer), tokenizer)
    found = place_of_bytes(lookup, "twice", Span(9, 18))
    assert found is not None
    number, span = found
    assert number == 1
    marked = lookup.text(lookup.index.document(1)[span.start : span.stop])
    assert "text with" in f"{marked}"
    assert place_of_bytes(lookup, "nobody", Span(0, 1)) is None
    assert place_of_bytes(lookup, "twice", Span(0, 1000)) is None


def test_chance_counts_the_windows_that_are_at_least_as_probable() -> None:
    top = np.log(np.array([[0.5, 0.1], [0.5, 0.5], [0.1, 1.0], [0.2, 0.2]]))
    whole = np.log(np.array([[0.5, 0.5], [0.1, 0.1], [0.1, 0.1], [0.1, 0.1]]))
    windows = HeldOutWindows(50, top, whole, np.array([2, 1, 0, 1]))
    found = windows.at_least(float(np.log(0.1)), 2, whole=False)
    assert isinstance(found, Interval)
    assert (found.value, found.n) == (2 / 4, 4)
    by_whole = windows.at_least(float(np.log(0.2)), 2, whole=True)
    assert isinstance(by_whole, Interval)
    assert by_whole.value == 1 / 4
    assert isinstance(windows.at_least(0.0, 3, whole=False), Refusal)
    as_far = windows.as_far(1)
    assert isinstance(as_far, Interval)
    assert (as_far.value, as_far.n) == (3 / 4, 4)
    assert isinstance(windows.as_far(3), Refusal)


def test_documents_are_found_by_words_of_their_names() -> None:
    names = ["a/One.py", "b/two.py", "c/ONE.txt"]
    assert names_of(names, "one", first=0, most=10) == ([(0, "a/One.py"), (2, "c/ONE.txt")], 2)
    assert names_of(names, "", first=1, most=1) == ([(1, "b/two.py")], 3)
