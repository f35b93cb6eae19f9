import math
from pathlib import Path

import numpy as np
import pytest

from byheart.errors import FormatError, InputError, SourceError
from byheart.memorizers.arpa import write_arpa
from byheart.memorizers.arpa_reading import Arpa, read_arpa
from byheart.memorizers.markov import Markov
from byheart.memorizers.smoothing import Smoothing
from tests.memorizers.test_laws import ids, index_of
from tests.memorizers.test_markov import SMOOTHINGS, random_documents

LINES = ["a b r a c a d a b r a", "a b r a", "", "b a r b a r a", "c a b"]
NAMES = ["<end>", "<unk>", "a", "b", "r", "c", "d"]
LMPLZ = """\
\\data\\
ngram 1=8
ngram 2=16
ngram 3=17

\\1-grams:
-0.97003675	<unk>	0
0	<s>	-0.18010986
-0.97003675	</s>	0
-0.6342447	a	-0.11953028
-0.97003675	b	-0.16690323
-0.83970296	r	-0.14574727
-0.83970296	c	-0.106296636
-0.80370533	d	-0.23736092

\\2-grams:
-0.809721	<s> </s>	0
-0.84919906	a </s>	0
-0.749046	b </s>	0
-0.6194657	<s> a	-0.30103
-0.57410145	b a	-0.30103
-0.5076607	r a	-0.30103
-0.3991918	c a	-0.30103
-0.25535414	d a	-0.30103
-0.809721	<s> b	-0.30103
-1.0895671	a b	-0.30103
-0.6636431	r b	-0.30103
-0.76957166	a r	-0.30103
-0.69089484	b r	-0.30103
-0.7453288	<s> c	-0.30103
-0.76957166	a c	-0.30103
-0.7459732	a d	-0.30103

\\3-grams:
-0.35090157	r a </s>
-0.6693641	a b </s>
-0.19838242	<s> b a
-0.19838242	r b a
-0.39217055	a r a
-0.18352716	b r a
-0.15525924	<s> c a
-0.15525924	a c a
-0.10917362	a d a
-0.26705804	<s> a b
-0.53658175	c a b
-0.26705804	d a b
-0.44554198	a r b
-0.23284711	b a r
-0.32159382	a b r
-0.67778903	r a c
-0.4688505	c a d

\\end\\
"""
"""What KenLM 0.3.0 wrote: printf 'a b r a c a d a b r a\\na b r a\\n\\nb a r b a r a\\nc a b\\n' | lmplz -o 3
--discount_fallback. Its digits are those of a float32."""


def markov_of_lines() -> Markov:
    documents = [[NAMES.index(word) for word in line.split()] for line in LINES]
    return Markov(index_of(documents, 7), vocabulary_size=7, end_id=0, order=3)


def columns(text: str) -> dict[str, tuple[float, float]]:
    """log10 probability and backoff by n-gram, the backoff that is not written as 0, without the probability of <s>."""
    found = {}
    for line in text.splitlines():
        probability, *rest = line.split("\t")
        if rest:
            found[rest[0]] = float(probability) if rest[0] != "<s>" else 0.0, float(rest[1]) if rest[1:] else 0.0
    return found


def test_every_ngram_has_the_probability_and_backoff_that_lmplz_gives_it(tmp_path: Path) -> None:
    memorizer = markov_of_lines()
    write_arpa(memorizer.table, NAMES, tmp_path / "ours.arpa", end_id=0)
    ours, golden = columns((tmp_path / "ours.arpa").read_text("utf-8")), columns(LMPLZ)
    assert ours.keys() == golden.keys()
    for ngram, values in golden.items():
        assert ours[ngram] == pytest.approx(values, abs=2e-7), ngram
    assert memorizer.num_ngrams == [8 - len(["<unk>", "<s>"]), 16, 17]
    expected = [(0.2, 1.4, 3), (0.578947, 1.56579, 3), (0.5, 1, 1.5)]
    np.testing.assert_allclose(memorizer.discounts, expected, rtol=1e-6)


def test_a_file_of_lmplz_scores_as_the_memorizer(tmp_path: Path) -> None:
    (tmp_path / "lmplz.arpa").write_text(LMPLZ, "utf-8")
    read = read_arpa(tmp_path / "lmplz.arpa")
    text = ["a", "b", "a", "<unk>", "r", "a", "</s>", "c", "a", "b", "d", "</s>"]
    found = read.log_probabilities_nats(ids(*(read.names.index(word) for word in text)))
    ours = ids(*(0 if word == "</s>" else NAMES.index(word) for word in text))
    np.testing.assert_allclose(found, markov_of_lines().log_probabilities_nats(ours), atol=1e-6)


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
@pytest.mark.parametrize("order", [1, 2, 5])
def test_what_was_written_reads_as_the_same_table(tmp_path: Path, smoothing: Smoothing, order: int) -> None:
    memorizer = Markov(index_of(random_documents(), 12), vocabulary_size=15, end_id=5, order=order, smoothing=smoothing)
    names = [f"t{token}" for token in range(15)]
    write_arpa(memorizer.table, names, tmp_path / "one.arpa", end_id=5)
    read = read_arpa(tmp_path / "one.arpa")
    assert sorted(read.names) == sorted([*names[:5], "</s>", *names[6:]])
    token_of = {name: token for token, name in enumerate(read.names)}
    text = np.random.default_rng(0).integers(0, 15, 500, dtype=np.int32)
    asked = ids(*(token_of["</s>" if token == 5 else f"t{token}"] for token in text.tolist()))
    np.testing.assert_allclose(
        read.log_probabilities_nats(asked), memorizer.log_probabilities_nats(text), rtol=1e-12, atol=1e-12
    )
    write_arpa(read.table, read.names, tmp_path / "two.arpa", end_id=read.end_id)
    again = read_arpa(tmp_path / "two.arpa")
    np.testing.assert_array_equal(again.table.tokens, read.table.tokens)
    np.testing.assert_allclose(again.table.probabilities, read.table.probabilities, rtol=1e-12)


SMALL = """\\data\\
ngram 1=4
ngram 2=2
ngram 3=1

\\1-grams:
-1 <s> -0.5
-0.5 </s>
-0.6 a -0.25
-0.7 b

\\2-grams:
-0.2 <s> a -0.125
-0.3 a b

\\3-grams:
-0.1 <s> a b

\\end\\
"""


def read_text(tmp_path: Path, text: str | bytes) -> Arpa:
    (tmp_path / "a.arpa").write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_arpa(tmp_path / "a.arpa")


def log10_of(arpa: Arpa, text: str) -> list[float]:
    found = arpa.log_probabilities_nats(ids(*map(arpa.names.index, text.split())))
    return [float(value) for value in found / math.log(10)]


def test_a_probability_is_that_of_the_longest_ngram_after_the_backoffs_of_the_longer_contexts(tmp_path: Path) -> None:
    arpa = read_text(tmp_path, SMALL)
    expected = [-0.2, -0.125 + -0.25 + -0.6, -0.3, 0 + -0.5, -0.5 + -0.7]
    assert log10_of(arpa, "a a b </s> b") == pytest.approx(expected, rel=1e-12)


def test_an_ngram_whose_last_words_are_none_is_taken(tmp_path: Path) -> None:
    arpa = read_text(tmp_path, SMALL.replace("ngram 2=2", "ngram 2=1").replace("-0.3 a b\n", ""))
    assert log10_of(arpa, "a b </s> a a b") == pytest.approx([-0.2, -0.1, -0.5, -0.2, -0.975, -0.25 - 0.7], rel=1e-12)


def test_probabilities_next_to_nothing_have_logarithms(tmp_path: Path) -> None:
    arpa = read_text(tmp_path, SMALL.replace("-0.25", "-299").replace("-0.7", "-inf").replace("-0.125", "-99"))
    assert log10_of(arpa, "a a") == pytest.approx([-0.2, -99 - 100 - 0.6], rel=1e-12)
    assert log10_of(arpa, "a </s> b") == pytest.approx([-0.2, -99 - 100 - 0.5, -0.5 - 100], rel=1e-12)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("\\data\\", "GGUF", "Line 1: expected .data"),
        ("ngram 2=2", "ngram 3=2", "orders must be"),
        ("ngram 1=4", "ngram 1=999999999", "too small"),
        ("ngram 1=4\nngram 2=2\nngram 3=1\n", "", "after the numbers"),
        ("ngram 1=4", "ngram 1=5", "expected a probability"),
        ("ngram 2=2", "ngram 2=1", "expected .3-grams:"),
        ("-0.6 a", "0.1 a", "no number up to 0"),
        ("-0.6 a", "nan a", "no number"),
        ("-0.6 a", "x\x1b[2J a", "U\\+001B"),
        ("-0.25", "101", "no number up to 100"),
        ("-0.3 a b", "-0.3 a c", "not among the 1-grams"),
        ("-0.3 a b", "-0.3 a <s>", "stands where it cannot"),
        ("-0.1 <s> a b", "-0.1 a </s> b", "stands where it cannot"),
        ("-0.1 <s> a b", "-0.1 b a b", "no 2-gram"),
        ("-0.1 <s> a b", "-0.1 <s> a b -0.5", "at most a backoff"),
        ("-0.3 a b", "-0.3 <s> a", "stands there twice"),
        ("-0.7 b", "-0.7 a", "stands there twice"),
        ("-0.7 b", "-0.7 <s>", "stands there twice"),
        ("-0.5 </s>", "-0.5 c", "not among the words"),
        ("\\end\\\n", "", "ends too early"),
        ("-0.7 b", "-0.7 " + "b" * (1 << 20), "too long"),
    ],
)
def test_a_damaged_file_is_refused_with_its_line(tmp_path: Path, old: str, new: str, why: str) -> None:
    assert old in SMALL
    with pytest.raises(FormatError, match=why):
        read_text(tmp_path, SMALL.replace(old, new, 1))


def test_whatever_bytes_are_damaged_the_file_is_refused_or_gives_finite_numbers(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    num_refused = 0
    for _ in range(1_500):
        damaged = bytearray(SMALL.encode())
        for _ in range(int(rng.integers(1, 4))):
            place = int(rng.integers(len(damaged)))
            damaged[place] = int(rng.choice([rng.integers(256), *b"0123 -.e\n"]))
        try:
            arpa = read_text(tmp_path, bytes(damaged))
        except FormatError:
            num_refused += 1
            continue
        found = arpa.log_probabilities_nats(np.arange(len(arpa.names), dtype=np.int32).repeat(2))
        assert np.isfinite(found).all(), bytes(damaged)
    assert 500 < num_refused < 1_500


def test_words_that_are_not_utf8_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="UTF-8"):
        read_text(tmp_path, SMALL.encode().replace(b" b\n", b" \xff\n"))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        read_arpa(tmp_path / "none.arpa")


@pytest.mark.parametrize(
    "names",
    [
        NAMES[:-1],
        [*NAMES[:-1], "a"],
        [*NAMES[:-1], "d d"],
        [*NAMES[:-1], ""],
        [*NAMES[:-1], "<s>"],
        [*NAMES[:-1], "\ud800"],
    ],
)
def test_names_that_an_arpa_file_cannot_hold_are_refused(tmp_path: Path, names: list[str]) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        write_arpa(markov_of_lines().table, names, tmp_path / "a.arpa", end_id=0)
