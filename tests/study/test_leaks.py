import base64
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.core.visible import visible_in_line
from byheart.corpus.normalisation import normalise
from byheart.study import leaks as module
from byheart.study.leaks import RUN_WORDS, leaks, own_runs, runs
from byheart.study.page_texts import texts_of_page

TEXT = "The heron stood motionless beside eleven weathered fishing boats at dusk."
CORPUS = [("bay.txt", f"Before it. {TEXT} After it.")]
WORDS = TEXT.split(" ")


def found(page: str) -> list[str]:
    return sorted(leak.words for leak in leaks(texts_of_page(page), CORPUS).values())


def test_a_text_of_eleven_words_has_four_runs_of_eight() -> None:
    assert len(WORDS) == 11
    assert len(runs(TEXT)) == 11 - RUN_WORDS + 1


@pytest.mark.parametrize(
    "page",
    [
        f"<p>{TEXT}</p>",
        f'<p title="{TEXT}"></p>',
        f'<img alt="{TEXT}">',
        f"<!-- {TEXT} -->",
        f"<svg><text>{TEXT}</text></svg>",
        f"<svg><path aria-label='{TEXT}'/></svg>",
        f"<p>{TEXT.upper().replace(' ', ' - ')}</p>",
        "<p>" + "".join(f"<span>{word} </span>" for word in WORDS) + "</p>",
        "<p>" + "".join(f"<span>{letter}</span>" for letter in TEXT) + "</p>",
        "<ul>" + "".join(f"<li>{word}</li>" for word in WORDS) + "</ul>",
        "<p>" + "".join(f"<del>{w} </del><ins>else</ins><b>K</b>" for w in WORDS) + "</p>",
        "<p>" + "&#32;".join(f"&#{ord(word[0])};{word[1:]}" for word in WORDS) + "</p>",
        f"<p>{TEXT.replace('r', 'r<wbr>')}</p>",
        f"<p>{TEXT.replace('o', '<i>o</i>').replace('e', '<u>e</u>').replace('h', '<mark>h</mark>')}</p>",
        f"<p>{TEXT.replace('o', '<x-new>o</x-new>')}</p>",
        "".join(f"<p title='{word}' class='a{at}'>x</p>" for at, word in enumerate(WORDS)),
        "".join(f"<!--{word}-->no" for word in WORDS),
        "<table>" + "".join(f"<tr><td>{word}</td><td>{at}</td></tr>" for at, word in enumerate(WORDS)) + "</table>",
        "<table>" + "".join(f"<tr><th>{at}<td>one<td>{word}</tr>" for at, word in enumerate(WORDS)) + "</table>",
        f"<a href='x?q={quote(TEXT)}'>x</a>",
        f"<a href='data:text/plain,{quote(TEXT)}'>x</a>",
        f"<img src='data:image/svg+xml;base64,{base64.b64encode(f'<text>{TEXT}</text>'.encode()).decode()}'>",
        f"<p>{visible_in_line(TEXT.replace(' ', chr(10)))}</p>",
        f"<p>{visible_in_line(TEXT.replace('o', 'o' + chr(0xAD)))}</p>",
    ],
    ids=lambda page: page[:20],
)
def test_a_leak_is_found_however_the_page_holds_it(page: str) -> None:
    assert found(page) == sorted(b" ".join(run).decode() for run in runs(TEXT))


def test_seven_words_are_no_leak_and_eight_are() -> None:
    assert found(f"<p>{' '.join(WORDS[:7])}</p>") == []
    assert found(f"<p>{' '.join(WORDS[:8])}</p>") == ["the heron stood motionless beside eleven weathered fishing"]


def test_the_document_that_has_it_is_named() -> None:
    assert {leak.document for leak in leaks([TEXT], [("other", "no such text"), *CORPUS]).values()} == {"bay.txt"}


def test_rows_of_numbers_are_no_text() -> None:
    axis = "0 10 20 30 40 50 60 70 80 90"
    assert leaks([axis], [("table.csv", axis)]) == {}
    assert len(leaks([f"{axis} percent"], [("table.csv", f"{axis} percent")])) == 1


def test_labels_of_points_are_no_text() -> None:
    drawn = "<svg>" + "".join(f"<text>{letter}</text>" for letter in "ABCDEFGHIJKLM") + "</svg>"
    corpus = [("lib2to3/pytree.py", "# like a b c d e f g h i j k l m 1 2")]
    assert leaks(texts_of_page(drawn), corpus) == {}
    assert len(leaks(texts_of_page(drawn.replace("H", "if")), [("x", "a b c d e f g if i")])) == 2


def test_what_byheart_says_by_itself_is_no_leak() -> None:
    own = "A model can predict text that it never saw. Only the excess over unseen text is evidence of memory."
    assert runs(own) <= own_runs()
    assert leaks([own], [("a copy of the page", own)]) == {}
    assert runs(TEXT).isdisjoint(own_runs())


def test_the_methods_of_every_audit_are_byhearts_own_words() -> None:
    from byheart.audits import AUDITS

    for audit in AUDITS:
        for text in audit.method().values():
            assert runs(text) <= own_runs(), (audit.name, text)


def test_letters_of_scripts_without_spaces_count_as_words() -> None:
    assert len(leaks(["鷺は夕暮れの漁船のそばに"], [("a", "その鷺は夕暮れの漁船のそばに立つ")])) == 12 - RUN_WORDS + 1


@given(
    st.lists(st.sampled_from("ab cd e 1 22".split()), max_size=40), st.lists(st.sampled_from("ab cd e 1 22".split()))
)
def test_equals_its_definition(one: list[str], other: list[str]) -> None:
    page, text = " ".join(one), " ".join(other)
    words = normalise(text).split()
    inside = {tuple(words[i : i + 8]) for i in range(len(words) - 7)}
    assert set(leaks([page], [("d", text)])) == (runs(page) & inside) - own_runs()


def test_lone_surrogates_and_control_characters_do_not_stop_the_search() -> None:
    hostile = f"\ud800\x00\x1b]0;x\x07 {TEXT}"
    assert len(leaks([hostile], CORPUS)) == 4


def test_the_own_words_are_those_of_the_installed_package() -> None:
    root = Path(module.__file__).parents[1]
    assert (root / "report" / "templates" / "page.html.j2").exists()
    assert len(own_runs()) > 100_000
