import dataclasses
import json
import math
import stat
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.corpus.atomic_file import creating
from byheart.corpus.secrets import (
    KINDS,
    LARGEST_BYTES,
    SecretList,
    is_as_made,
    make_secrets,
    read_secrets,
    write_secrets,
)
from byheart.errors import FormatError, InputError, SourceError, StorageError


def made(
    num: int = 12, *, seed: int = 0, repetitions: tuple[int, ...] = (1, 4, 16), digits: int = 4, words: int = 3
) -> SecretList:
    rng = np.random.default_rng(seed)
    return make_secrets(num, seed=seed, repetitions=repetitions, digits=digits, words=words, rng=rng)


@settings(deadline=None, max_examples=30)
@given(st.integers(6, 40), st.integers(0, 99), st.integers(1, 12), st.integers(1, 5))
def test_twins_begin_alike_differ_in_the_secret_and_lie_in_their_space(
    num: int, seed: int, digits: int, words: int
) -> None:
    secrets = made(num, seed=seed, digits=digits, words=words)
    assert len(secrets.pairs) == num
    assert len({pair.beginning for pair in secrets.pairs}) == num
    for pair in secrets.pairs:
        assert {pair.planted_text, pair.twin_text} == set(pair.texts)
        assert pair.planted_text != pair.twin_text
        assert max(len(text) for text in pair.texts) <= LARGEST_BYTES
        assert pair.entropy_bits == pytest.approx(digits * math.log2(10) if pair.kind == "template" else 12 * words)
        assert len({len(secret) for secret in pair.secrets}) == 1


def test_a_small_space_is_given_whole_without_the_twins() -> None:
    pair = made(digits=2).pairs[0]
    texts = pair.others(1000, rng=np.random.default_rng(0))
    assert sorted([*texts, *pair.texts]) == [f"{pair.beginning}{number:02d}" for number in range(100)]


def test_every_number_is_another_secret() -> None:
    words = made(words=1).pairs[1]
    assert words.kind == "tokens"
    assert len({words.secret(number) for number in range(words.space_size)}) == words.space_size == 4096


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 99), st.integers(1, 60))
def test_other_secrets_are_different_and_neither_twin_s(seed: int, num: int) -> None:
    pair = made(digits=2).pairs[seed % 12]
    others = pair.others(num, rng=np.random.default_rng(seed))
    assert len(set(others)) == len(others) == num
    assert not set(others) & set(pair.texts)
    assert all(text.startswith(pair.beginning) for text in others)


def test_secrets_and_coins_are_uniform() -> None:
    secrets = made(4000, digits=1)
    coins = sum(pair.planted for pair in secrets.pairs)
    assert abs(coins - 4000 / 2) < 5 * math.sqrt(4000 / 4)
    for choose in (0, 1):
        digits = Counter(pair.secrets[choose] for pair in secrets.pairs if pair.kind == "template")
        assert set(digits) == set("0123456789")
        assert all(abs(count - 2000 / 10) < 5 * math.sqrt(2000 * 0.09) for count in digits.values())


def test_repetitions_are_dealt_evenly_in_each_kind() -> None:
    secrets = made(48)
    for kind in KINDS:
        assert Counter(p.repetitions for p in secrets.pairs if p.kind == kind) == {1: 8, 4: 8, 16: 8}


def test_what_cannot_be_made_is_refused_with_every_fault() -> None:
    with pytest.raises(InputError, match=r"repetitions must.*pairs must.*digits must.*words must"):
        made(1, repetitions=(0, 4), digits=13, words=0)


def test_a_list_comes_back_only_its_owner_may_read_it_and_it_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "canaries.jsonl"
    write_secrets(path, made())
    assert read_secrets(path) == made()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(StorageError, match="not written over"):
        write_secrets(path, made(seed=1))
    assert read_secrets(path) == made()
    assert list(tmp_path.iterdir()) == [path]


def turned(lines: list[str]) -> list[str]:
    pair = json.loads(lines[1])
    return [lines[0], json.dumps(pair | {"planted": 1 - pair["planted"]}), *lines[2:]]


@pytest.mark.parametrize(
    "change",
    [
        turned,
        lambda lines: lines[:-1],
        lambda lines: lines[:1],
        lambda lines: lines[1:],
        lambda lines: [lines[0], "[" * 100_000, *lines[2:]],
        lambda lines: ["{}", *lines[1:]],
        lambda lines: [],
        lambda lines: [*lines, "3"],
        lambda lines: [lines[0].replace('"schema":1', '"schema":2'), *lines[1:]],
    ],
)
def test_a_turned_coin_or_any_other_change_is_found(change: object, tmp_path: Path) -> None:
    path = tmp_path / "canaries.jsonl"
    write_secrets(path, made())
    path.write_text("\n".join(change(path.read_text().splitlines())))  # type: ignore[operator]
    with pytest.raises(FormatError, match=r"canaries\.jsonl is not a list of canaries"):
        read_secrets(path)


def test_a_missing_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"absent\.jsonl"):
        read_secrets(tmp_path / "absent.jsonl")


def test_the_fingerprint_follows_every_coin() -> None:
    secrets = made()
    first = dataclasses.replace(secrets.pairs[0], planted=1 - secrets.pairs[0].planted)
    other = SecretList((first, *secrets.pairs[1:]), secrets.seed)
    assert len({secrets.fingerprint, other.fingerprint, made(seed=1).fingerprint}) == 3


@pytest.mark.parametrize("repetitions", [(1, 4, 16), (16, 1), (3,)])
def test_a_list_is_made_again_from_its_seed(repetitions: tuple[int, ...]) -> None:
    secrets = made(13, seed=3, repetitions=repetitions)
    assert is_as_made(secrets, rng=np.random.default_rng(3))
    assert not is_as_made(secrets, rng=np.random.default_rng(4))


@pytest.mark.parametrize("field", ["planted", "secrets", "repetitions", "length", "beginning"])
def test_a_pair_that_its_seed_does_not_give_is_found_though_the_fingerprint_was_made_anew(field: str) -> None:
    secrets = made()
    pair = secrets.pairs[4]
    other: dict[str, Any] = {
        "planted": 1 - pair.planted,
        "secrets": pair.secrets[::-1],
        "repetitions": {1: 4, 4: 16, 16: 1}[pair.repetitions],
        "length": pair.length - 1,
        "beginning": f"{pair.beginning[:-1]}; ",
    }
    changed = dataclasses.replace(pair, **{field: other[field]})
    forged = SecretList((*secrets.pairs[:4], changed, *secrets.pairs[5:]), secrets.seed)
    assert not is_as_made(forged, rng=np.random.default_rng(0))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no folder .*absent to write canaries\.jsonl") as raised:
        write_secrets(tmp_path / "absent" / "canaries.jsonl", made())
    assert raised.value.exit_code == 3


def test_a_place_that_is_taken_while_a_file_is_written_keeps_what_came_first(tmp_path: Path) -> None:
    path = tmp_path / "out"

    def write() -> None:
        with creating(path) as file:
            file.write(b"mine")
            path.write_bytes(b"theirs")

    with pytest.raises(StorageError, match="cannot be written") as raised:
        write()
    assert raised.value.why == "File exists"
    assert path.read_bytes() == b"theirs"
    assert list(tmp_path.iterdir()) == [path]
