"""Validity of code: the place of a prompt, and the parser's word on what follows it."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.audits.novelty_code import code_before, verdict

DOCUMENT = '''import os


class Box:
    """Holds things."""

    size = 3

    @property
    def first(self):
        """The first one."""
        for item in self.items:
            if item:
                return item
        return None

    def add(self, item):
        self.items.append(
            item
        )


def after(x):
    return x + 1
'''


def at(words: str) -> int:
    return DOCUMENT.index(words) + len(words)


def test_code_before_is_the_statement_around_the_place_behind_the_heads_of_its_classes() -> None:
    before = code_before(DOCUMENT, at("if item:\n                return"))
    assert before is not None
    assert before.startswith(
        'class Box:\n    pass\n    @property\n    def first(self):\n        """The first one."""\n'
    )
    assert before.endswith("if item:\n                return")
    assert "size" not in before
    assert code_before(DOCUMENT, at("return x")) == "def after(x):\n    return x"


def test_a_place_inside_a_string_or_in_no_code_has_none() -> None:
    assert code_before(DOCUMENT, at('"""The fir')) is None
    assert code_before("Prose is no code, as a rule.\n", 5) is None
    assert code_before("a\nb\n", 2) is None  # it parses, but nothing is defined, imported or assigned
    assert code_before("x = 'é' + (\n", 4) is None


def test_a_place_at_the_border_of_a_string_is_outside_even_behind_letters_of_several_bytes() -> None:
    text = "x = 'éé' + y\n"
    assert code_before(text, text.index("'")) == "x = "
    assert code_before(text, text.index("é") + 1) is None
    assert code_before(text, text.index(" + ")) == "x = 'éé'"


@given(st.integers(0, len(DOCUMENT) - 1), st.integers(1, 200))
def test_no_continuation_by_the_author_is_invalid(stop: int, length: int) -> None:
    before = code_before(DOCUMENT, stop)
    written = DOCUMENT[stop : stop + length]
    if before is not None:
        assert verdict(before, written) != "invalid"
        rest = DOCUMENT[stop:]
        assert (verdict(before, rest, is_whole=True) == "valid") == any(line.strip() for line in rest.splitlines())


@given(st.integers(0, len(DOCUMENT) - 1), st.text(alphabet="abx =+()[]:\n 1'#", max_size=30))
def test_what_comes_before_the_context_decides_nothing(stop: int, written: str) -> None:
    """The whole document before the place and the short context agree on every whole continuation."""
    before = code_before(DOCUMENT, stop)
    if before is None:
        return

    def parses(text: str) -> bool:
        try:
            ast.parse(text)
        except (SyntaxError, ValueError):
            return False
        return True

    whole, short = DOCUMENT[:stop] + written + "\n", before + written + "\n"
    assert parses(whole) == parses(short)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (" 1\ny = 2\n", "valid"),
        (" 1\ny = 2 3\n", "invalid"),
        (" 1\ny = (2,\n", "valid"),  # the line before the open bracket is finished
        (" (2,\n", "open"),
        (" 1", "open"),  # no line was finished
        (" 1\n    y = 2\n", "invalid"),  # an indentation that nothing opens
        (" 1\ndef f(\n", "valid"),
        (' """words that\nnever end\n', "open"),
        (" 1\n\x00\n", "invalid"),
        (" " + "(" * 500 + "\n", "invalid"),
    ],
)
def test_the_parser_decides_line_by_line(written: str, expected: str) -> None:
    assert verdict("x =", written) == expected


def test_blank_lines_and_comments_alone_are_open() -> None:
    assert verdict("x = 1", "\n\n# words\n") == "open"
    assert verdict("x = 1", "\ny\n") == "valid"
    assert verdict("x =", " 1", is_whole=True) == "valid"


def test_words_of_comments_and_of_bare_strings_are_no_code() -> None:
    assert verdict("x = 1\n", "# a\n# b is a word salad banana\n# c\n") == "open"
    assert verdict("x = 1\n", '"""Words of\nmany lines."""\n\'more\'\n') == "open"
    assert verdict("class Box:\n", '    """Any words."""\n') == "open"
    assert verdict("x = 1", "  # words\n") == "open"
    assert verdict("x = 1\n", "# a\ny = 2\n") == "valid"
    assert verdict("x =", ' "words"\n') == "valid"
    assert verdict("def f", '(x):\n    """Doc."""\n') == "valid"
    assert verdict("x = 1\n", "# a\n) words\n") == "invalid"


def test_a_place_inside_a_comment_has_no_code_before_it() -> None:
    text = "import os\n# a comment\nx = '# no comment' + y  # one\n"
    assert code_before(text, text.index("comment")) is None
    assert code_before(text, text.index("\nx =")) is None  # words there go on the comment
    assert code_before(text, text.index("# a")) is not None
    assert code_before(text, text.index(" + y")) is not None
    assert code_before(text, text.index("one")) is None
