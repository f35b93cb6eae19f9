"""The token view: the source beside what the subject says, token by token."""

import dataclasses
import re

import pytest

from byheart.core.evidence import Exhibit, Token
from byheart.core.explanation import Explanation
from byheart.report import render_html
from byheart.report.passages import MAX_TOKENS, OPEN_TOKENS, Passage, passages
from tests.report.sample_run import MODEL, passage, sample_run, with_evidence

RETURN = "\N{DOWNWARDS ARROW WITH CORNER LEFTWARDS}"


def of(*tokens: Token, **changes: str) -> Passage:
    exhibit = dataclasses.replace(passage(0), tokens=tokens, **changes)  # type: ignore[arg-type]
    (shown,) = passages(with_evidence(sample_run(), "extraction", MODEL, exhibit)).of_model
    return shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("   ", "···"),
        ("\t", "\N{RIGHTWARDS ARROW TO BAR}\t"),
        ("\n\n ", f"{RETURN}\n" * 2 + "·"),
        (" word", " word"),
        ("", ""),
    ],
)
def test_tokens_of_blanks_alone_are_visible_and_still_break_the_line(text: str, shown: str) -> None:
    assert of(Token(text, agrees=True)).pieces[0].text == shown


@pytest.mark.parametrize(
    ("said", "shown"),
    [(" its ", "·its·"), ("\n", RETURN), ("  ", "··"), ("a b", "a b"), ("", "nothing")],
)
def test_what_the_subject_says_instead_is_spelled_on_one_line(said: str, shown: str) -> None:
    assert of(Token("x", agrees=False, predicted=said)).pieces[0].said == shown


def test_a_token_beside_another_one_gives_its_line_end_back_behind_the_pair() -> None:
    (piece,) = of(Token(" x\n", agrees=False, predicted="y")).pieces
    assert (piece.text, piece.after) == (f"·x{RETURN}", "\n")


def test_long_passages_fold_and_longer_ones_are_cut_with_a_count() -> None:
    shown = of(*(Token(" x", agrees=True) for _ in range(MAX_TOKENS + 3)))
    assert (len(shown.pieces), len(shown.folded)) == (OPEN_TOKENS, MAX_TOKENS - OPEN_TOKENS)
    assert shown.left_out == "3 more tokens are left out here."


def test_short_passages_do_not_fold() -> None:
    page = render_html(sample_run())
    assert "more tokens of this passage" not in page


def explained() -> Exhibit:
    tokens = (
        Token(" one", agrees=True, explanation=Explanation.KNOWLEDGE),
        Token(" two", agrees=True, explanation=Explanation.KNOWLEDGE),
        Token(" three", agrees=False, predicted=" four", explanation=Explanation.BEYOND),
    )
    return dataclasses.replace(passage(0), tokens=tokens)


def test_recited_passages_are_coloured_by_what_explains_each_token() -> None:
    page = render_html(with_evidence(sample_run(), "extraction", MODEL, explained()))
    section = page.partition('<section id="passages"')[2].partition("</section>")[0]
    assert len(re.findall('<span class="why" [^>]*title="knowledge: [^>]*> (?:one|two)<', section)) == 2
    assert re.search('<del class="differs why" [^>]*title="beyond: [^>]*>·three</del><ins[^>]*>·four</ins>', section)
    # A letter where an explanation begins, so that the colour is not the only sign.
    article = section.partition("<article>")[2]
    assert re.findall('<b class="letter">(.)</b>', article) == ["K", "+"]
    assert "knowledge: follows a stored run" in section.partition("<article>")[0]


def test_without_explanations_there_is_no_legend() -> None:
    section = render_html(sample_run()).partition('<section id="passages"')[2].partition("</section>")[0]
    assert 'class="looks"' not in section
    assert 'class="agrees"' in section
