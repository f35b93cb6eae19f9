import numpy as np
import pytest

from byheart.core.evidence import Refusal
from byheart.core.spans import Span
from byheart.corpus.documents import Corpus, Document
from byheart.index import Index
from byheart.study.lookup import Lookup
from byheart.study.tracing import FEWEST_WINDOWS, MOST_WINDOWS, Chance, chance_level, trace
from tests.study.corpora import library_texts

SENTENCE = "It was a bright cold day in April, and the clocks were striking thirteen."


def lookup(*texts: str, num_shards: int = 1) -> Lookup:
    arrays = [np.frombuffer(text.encode(), dtype=np.uint8) for text in texts]
    longest, size = max(a.size for a in arrays), sum(a.size + 1 for a in arrays)
    names = [f"{number}.txt" for number in range(len(texts))]
    room = max(longest + 2, size // num_shards + 2)
    return Lookup(Index.build(arrays, names, unit="bytes", alphabet_size=256, shard_symbols=room), None)


def windows_of(texts: list[str]) -> Corpus:
    return Corpus(tuple(Document(str(number), text) for number, text in enumerate(texts)))


@pytest.mark.parametrize("num_shards", [1, 2])
def test_overlapping_spans_are_both_named_and_covered_once(num_shards: int) -> None:
    corpus = lookup("one two three", "two three four", "zzz", num_shards=num_shards)
    found = trace(corpus, "one two three four!", min_symbols=5)
    assert [(copied.span, copied.count) for copied in found.spans] == [
        (Span(0, len("one two three")), 1),
        (Span(len("one "), len("one two three four")), 1),
    ]
    assert [copied.sources for copied in found.spans] == [(("0.txt", 0),), (("1.txt", 0),)]
    assert found.longest_bytes == len("two three four")
    assert found.covered_share == len("one two three four") / len("one two three four!")
    assert found.chance is None


def test_an_empty_text_has_no_span() -> None:
    found = trace(lookup("abc"), "", min_symbols=1)
    assert (found.spans, found.longest_bytes, found.covered_share) == ((), 0, 0.0)


def test_a_copied_text_is_longer_than_chance_and_a_fresh_one_is_not() -> None:
    texts = [text for _, text in library_texts(80, smallest=2000, largest=40_000)]
    corpus = lookup(*texts[:30])
    held_out = windows_of(texts[30:])
    copied = trace(corpus, texts[0][500:1500], min_symbols=30, held_out=held_out)
    assert isinstance(copied.chance, Chance)
    assert copied.chance.num_windows == 50
    assert copied.beyond_chance(copied.spans[0])
    rate = copied.chance.at_least(copied.longest_symbols)
    assert (rate.value, rate.low) == (0.0, 0.0)
    assert rate.high == pytest.approx(1 - 0.025 ** (1 / 50))
    # Any held-out text is an ordinary one among held-out texts.
    fresh = trace(corpus, texts[31][500:1500], min_symbols=30, held_out=held_out)
    assert isinstance(fresh.chance, Chance)
    assert fresh.chance.at_least(fresh.longest_symbols).value > 0
    assert fresh.covered_share < 1.0


def test_quantiles_are_values_of_windows() -> None:
    chance = Chance(tuple(range(1, 21)), tuple(i / 20 for i in range(20)), 0)
    assert [chance.longest_quantile(q) for q in (0.5, 0.95, 1.0)] == [10, 19, 20]
    assert chance.covered_quantile(0.95) == 18 / 20
    assert chance.at_least(20).value == 1 / 20


def test_windows_that_stand_in_the_corpus_or_are_too_short_or_equal_are_left_out() -> None:
    rng = np.random.default_rng(1)
    texts = ["".join(rng.choice(list("abcdef "), 300)) for _ in range(FEWEST_WINDOWS + 4)]
    corpus = lookup(*texts[:4])
    held_out = windows_of([*texts, *texts[4:], "short"])
    level = chance_level(corpus, held_out, 300, 10)
    assert isinstance(level, Chance)
    assert (level.num_windows, level.num_in_corpus) == (FEWEST_WINDOWS, 4)
    assert level.longest_symbols[-1] < 30
    assert level == chance_level(corpus, held_out, 300, 10)
    refused = chance_level(corpus, windows_of(texts[:-1]), 300, 10)
    assert isinstance(refused, Refusal)
    assert f"there are {FEWEST_WINDOWS - 1}" in refused.reason
    assert isinstance(chance_level(corpus, held_out, 301, 10), Refusal)


def test_there_are_at_most_so_many_windows() -> None:
    texts = [f"{number} {SENTENCE}" for number in range(MOST_WINDOWS + 30)]
    level = chance_level(lookup(SENTENCE), windows_of(texts), len(SENTENCE), 10)
    assert isinstance(level, Chance)
    assert level.num_windows == MOST_WINDOWS
    assert level.longest_symbols[-1] <= len(SENTENCE)
    assert level.longest_symbols[0] >= len(SENTENCE) - len("229 ")
