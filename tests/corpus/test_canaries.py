import stat
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.corpus.canaries import Canary, absent, flip_pairs, plant, read_canaries, twins, write_canaries
from byheart.corpus.documents import Corpus, Document
from byheart.errors import FormatError, InputError, StorageError

CORPUS = Corpus(tuple(Document(f"{i}", f"document {i}") for i in range(10)))
REPETITIONS = (1, 4, 16)


def flipped(num: int, *, seed: int = 0, repetitions: Sequence[int] = REPETITIONS) -> tuple[Canary, ...]:
    texts = [f"secret {i}\n" for i in range(num)]
    return flip_pairs(texts, kind="passage", repetitions=repetitions, rng=np.random.default_rng(seed))


@settings(deadline=None)
@given(st.integers(0, 12), st.integers(0, 99))
def test_exactly_one_of_two_consecutive_texts_is_planted(num_pairs: int, seed: int) -> None:
    canaries = flipped(2 * num_pairs, seed=seed)
    assert [canary.text for canary in canaries] == [f"secret {i}\n" for i in range(2 * num_pairs)]
    by_name = {canary.name: canary for canary in canaries}
    assert len(by_name) == 2 * num_pairs
    for one, other in zip(canaries[::2], canaries[1::2], strict=True):
        assert one.is_planted != other.is_planted
        assert one.repetitions == other.repetitions
        assert by_name[one.twin] is other
        assert by_name[other.twin] is one


@settings(deadline=None)
@given(st.integers(0, 12), st.integers(0, 99))
def test_repetitions_are_dealt_evenly(num_pairs: int, seed: int) -> None:
    counts = Counter(canary.repetitions for canary in flipped(2 * num_pairs, seed=seed) if canary.is_planted)
    assert all(num_pairs // 3 <= counts[r] <= -(-num_pairs // 3) for r in REPETITIONS)


def test_the_coin_is_fair() -> None:
    heads = sum(canary.is_planted for canary in flipped(2000)[::2])
    # 1,000 flips: five standard deviations.
    assert abs(heads - 1000 / 2) < 5 * (1000 / 4) ** 0.5


@pytest.mark.parametrize(
    ("texts", "repetitions"), [(["a"], [1]), (["a", "a"], [1]), (["a", "b"], []), (["a", "b"], [1, 0])]
)
def test_what_cannot_be_paired_is_refused(texts: list[str], repetitions: list[int]) -> None:
    with pytest.raises(InputError):
        flip_pairs(texts, kind="passage", repetitions=repetitions, rng=np.random.default_rng(0))


@settings(deadline=None)
@given(st.integers(0, 8), st.integers(0, 99))
def test_planting_adds_each_planted_canary_as_often_as_it_says_and_nothing_else(num_pairs: int, seed: int) -> None:
    canaries = flipped(2 * num_pairs, seed=seed)
    planted = plant(CORPUS, canaries, rng=np.random.default_rng(seed))
    assert [document for document in planted if document in CORPUS.documents] == list(CORPUS)
    counts = Counter(document.text for document in planted if document.name.startswith("canary/"))
    assert counts == Counter({canary.text: canary.repetitions for canary in canaries if canary.is_planted})
    assert len(planted) == len(CORPUS) + sum(counts.values())


def test_copies_are_named_and_stand_at_random_places() -> None:
    canary = Canary("c", "passage", "secret", 2, True, "d")
    rng = np.random.default_rng(0)
    places: Counter[tuple[int, ...]] = Counter()
    for _ in range(1000):
        planted = plant(Corpus(CORPUS.documents[:2]), [canary], rng=rng)
        assert [d.name for d in planted if d.text == "secret"] in (
            ["canary/c#0", "canary/c#1"],
            ["canary/c#1", "canary/c#0"],
        )
        places[tuple(i for i, d in enumerate(planted) if d.text == "secret")] += 1
    # Two copies among four places: 6 equally likely ways; five standard deviations.
    assert len(places) == 6
    assert all(abs(count - 1000 / 6) < 5 * (1000 / 6 * 5 / 6) ** 0.5 for count in places.values())


def test_the_twins_are_the_texts_that_were_not_planted() -> None:
    canaries = flipped(8)
    unplanted = twins(canaries)
    assert [document.text for document in unplanted] == [c.text for c in canaries if not c.is_planted]
    planted = plant(CORPUS, canaries, rng=np.random.default_rng(0))
    assert absent([document.text for document in unplanted], planted) == [document.text for document in unplanted]
    assert absent([c.text for c in canaries], planted) == [document.text for document in unplanted]


def test_a_text_inside_a_longer_document_is_not_absent() -> None:
    assert absent(["ocument 3", "document 33"], CORPUS) == ["document 33"]


def test_canaries_come_back_and_only_their_owner_may_read_them(tmp_path: Path) -> None:
    path = tmp_path / "canaries.jsonl"
    path.write_text("older, and readable by all")
    path.chmod(0o644)
    canaries = (*flipped(6), Canary("ü", "kind", "a\u2028b\x85c\nd", 1, False, "v"))
    write_canaries(path, canaries)
    assert read_canaries(path) == canaries
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", ["{", "[]", "[" * 100_000, '{"name": "a"}', "\n"])
def test_a_line_that_is_no_canary_is_named(content: str, tmp_path: Path) -> None:
    path = tmp_path / "canaries.jsonl"
    write_canaries(path, flipped(2))
    path.write_text(path.read_text() + content + "\n")
    with pytest.raises(FormatError, match=r"canaries\.jsonl:3 is not a canary"):
        read_canaries(path)


def test_a_missing_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"absent\.jsonl"):
        read_canaries(tmp_path / "absent.jsonl")


def test_a_place_that_cannot_be_written_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(StorageError, match="taken cannot be written"):
        write_canaries(tmp_path / "taken", flipped(2))
    assert list(tmp_path.iterdir()) == [tmp_path / "taken"]


def test_what_fails_in_the_middle_leaves_the_older_list(tmp_path: Path) -> None:
    path = tmp_path / "canaries.jsonl"
    canaries = flipped(2)
    write_canaries(path, canaries)
    with pytest.raises(ValueError, match="JSON"):
        write_canaries(path, [replace(canaries[0], repetitions=float("nan"))])  # type: ignore[arg-type]
    assert read_canaries(path) == canaries
    assert list(tmp_path.iterdir()) == [path]
