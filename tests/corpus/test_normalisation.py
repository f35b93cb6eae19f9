import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from byheart.corpus.normalisation import normalise, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", b""),
        (" .,;\n", b""),
        ("Hello,   WORLD!\n", b" hello world "),
        ("don't -- stop_it", b" don t stop it "),
        ("Stra\u00dfe STRASSE", b" strasse strasse "),
        ("cafe\u0301 caf\u00e9 CAF\u00c9", " caf\u00e9 caf\u00e9 caf\u00e9 ".encode()),
        ("\ufb01ne \uff26\uff35\uff2c\uff2c x\u00b2", b" fine full x2 "),
        ("soft\u00adhyphen zero\u200bwidth a\ufe0f", b" softhyphen zerowidth a "),
        ("\u201cquoted\u201d\u2026done\u2014so", b" quoted done so "),
        ("x\u00bdy", b" x1 2y "),
        ("\u4f60\u597d\u3002\n\u4e16", " \u4f60 \u597d \u4e16 ".encode()),
        ("\u0e01\u0e31\u0e19", " \u0e01\u0e31 \u0e19 ".encode()),
        ("\u1112\u1161\u11ab\u1100\u1173\u11af", "\u0020\ud55c\uae00\u0020".encode()),
        ("a\udcffb", b" a b "),
    ],
)
def test_normalised_text_is_what_the_rule_says(text: str, expected: bytes) -> None:
    assert normalise(text) == words(text).normalised == expected


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30))
@example(text="\u1e9b\u0323 \u0130I\u0131 \u01c5 \u03c2\u03a3 \u0390")
def test_unicode_form_case_and_wrapping_change_nothing(form: str, text: str) -> None:
    expected = normalise(text)
    assert normalise(unicodedata.normalize(form, text)) == expected  # type: ignore[arg-type]
    assert normalise(text.casefold()) == expected
    assert normalise("\n\t" + text + " \r\n. ") == expected


@given(text=st.text(max_size=40), other=st.text(max_size=10))
def test_every_word_comes_from_its_bytes(text: str, other: str) -> None:
    text = "".join(c for c in text + "\u00bd" + other if unicodedata.category(c) != "Cs")
    found = words(text)
    assert found.normalised == normalise(text)
    tokens = found.normalised.split()
    data = text.encode()
    assert len(tokens) == found.starts.size == found.stops.size
    for token, start, stop in zip(tokens, found.starts.tolist(), found.stops.tolist(), strict=True):
        assert token in normalise(data[start:stop].decode()).split()


def test_a_byte_that_was_no_text_keeps_the_offsets_right() -> None:
    data = b"one \xff\xfe two"
    found = words(data.decode("utf-8", "surrogateescape"))
    assert found.normalised == b" one two "
    assert [data[a:b] for a, b in zip(found.starts, found.stops, strict=True)] == [b"one", b"two"]


def test_no_character_combines_with_one_before_it_across_a_cut() -> None:
    # Whoever follows a composed pair's first half must be kept with it, or NFC and NFD would part.
    parted = []
    for code in range(0x80, sys.maxunicode + 1):
        pair = unicodedata.normalize("NFD", chr(code))
        if (
            len(pair) == 2
            and unicodedata.normalize("NFC", pair) == chr(code)
            and normalise(pair) != normalise(chr(code))
        ):
            parted.append(chr(code))
    assert parted == []
