from byheart.core.audit import METHOD_HEADINGS, method_parts


def test_headings_split_a_docstring_and_continued_lines_are_folded() -> None:
    text = "Title\n\nQuestion: What\n    now?\nStatistic: a: b\nFails when: never\n"
    assert method_parts(text) == {"Question": "What now?", "Statistic": "a: b", "Fails when": "never"}


def test_there_are_six_headings() -> None:
    assert len(METHOD_HEADINGS) == 6
