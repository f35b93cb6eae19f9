"""The commands about a whole corpus, and the trace as people see it."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from byheart.cli.app import app
from byheart.cli.session import progress, show_log
from byheart.cli.trace_answer import trace_lines
from byheart.cli.trace_view import painted
from byheart.core.spans import Span
from byheart.study.tracing import Copied, Trace
from tests.cli.command import byheart

LICENCE = "Permission is hereby granted, free of charge, to any person obtaining a copy of this software\n"
TEXTS = {"a.txt": f"{LICENCE}one of a kind", "b.txt": f"another {LICENCE}", "c.txt": LICENCE, "d.txt": LICENCE}


def shown(*arguments: str, text: str | None = None) -> str:
    """What a command prints on stdout, in this process: starting one takes a second."""
    done = CliRunner().invoke(app, arguments, input=text, catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def answer(*arguments: str, text: str | None = None) -> Any:
    return json.loads(shown(*arguments, "--json", text=text))


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "docs").mkdir()
    for name, text in TEXTS.items():
        (folder / "docs" / name).write_text(text)
    shown("index", str(folder / "docs"), "-o", str(folder / "idx"), "-q")
    return folder / "idx"


def test_duplicates_name_the_spans_their_places_and_equal_documents(index: Path) -> None:
    found = answer("duplicates", str(index), "--min-bytes", "60")
    assert found["num_spans"] == found["touched_documents"] == found["num_documents"] == 4
    assert found["equal_documents"] == 1
    assert found["covered_symbols"] == 4 * len(LICENCE)
    assert found["covered_share"] == 4 * len(LICENCE) / sum(map(len, TEXTS.values()))
    (longest,) = found["longest"]
    assert (longest["symbols"], longest["count"], longest["beginning"]) == (len(LICENCE), 4, LICENCE)
    assert longest["places"][1] == {"document": "b.txt", "offset": len("another ")}
    told = shown("duplicates", str(index), "--min-tokens", "60")
    assert "4 times: a.txt at 0, b.txt at 8" in told
    assert "1 documents equal an earlier one" in told


def test_duplicates_against_another_corpus_count_what_stands_there(index: Path, tmp_path: Path) -> None:
    (tmp_path / "new.txt").write_text(f"fresh words, then {LICENCE}")
    shown("index", str(tmp_path / "new.txt"), "-o", str(tmp_path / "idx"), "-q")
    found = answer("duplicates", str(tmp_path / "idx"), "--against", str(index))
    # The blank before it stands in b.txt too.
    assert (found["num_spans"], found["longest"][0]["count"]) == (1, 1)
    assert found["covered_symbols"] == len(f" {LICENCE}")
    assert found["equal_documents"] == 0
    assert answer("duplicates", str(tmp_path / "idx"))["num_spans"] == 0


def test_indexes_of_different_units_are_not_compared(index: Path, tmp_path: Path) -> None:
    tokens = ("--unit", "tokens", "--tokenizer", "whitespace")
    shown("index", str(index.parent / "docs"), "-o", str(tmp_path / "t"), *tokens, "-q")
    done = byheart("duplicates", str(tmp_path / "t"), "--against", str(index))
    assert done.returncode == 6
    assert "cannot be compared" in done.stderr
    found = answer("duplicates", str(tmp_path / "t"), "--min-tokens", "5")
    assert found["longest"][0]["beginning"].startswith("Permission is hereby")


def test_contaminated_says_leaked_clean_or_too_short_with_evidence(index: Path, tmp_path: Path) -> None:
    items = [
        {"id": "leak", "question": LICENCE.upper().replace(" ", "\n")},
        {"id": "new", "question": "nobody has ever asked this question of any model before, has anyone, I wonder?"},
        {"id": "short", "question": "free of charge"},
    ]
    bench = tmp_path / "bench.jsonl"
    bench.write_text("".join(json.dumps(item) + "\n" for item in items))
    done = byheart("contaminated", str(bench), "--index", str(index))
    assert done.returncode == 0, done.stderr
    assert "normalised and indexed" in done.stderr
    assert "1 of 2 (50 %, 95 % interval 1\N{EN DASH}99 %) of the items leaked" in done.stdout
    assert "Chance level: not given" in done.stdout
    found = answer("contaminated", str(bench), "--index", str(index), "--field", "question")
    assert [item["verdict"] for item in found["items"]] == ["leaked", "clean", "too short"]
    (evidence,) = found["items"][0]["evidence"]
    assert (evidence["document"], evidence["count"], evidence["words"]) == ("a.txt", 4, 16)
    assert evidence["passage"] == LICENCE.strip()
    control = tmp_path / "control.jsonl"
    control.write_text(json.dumps(items[1]) + "\n")
    beside = answer("contaminated", str(bench), "--index", str(index), "--control", str(control))["control"]
    assert (beside["value"], beside["control"]["value"]) == (1 / 2, 0.0)
    assert beside["no_excess"] == "An excess needs 10 observations on each side; there are 2 and 1."
    told = shown("contaminated", str(bench), "--index", str(index), "--control", str(control))
    assert f"Beyond chance: not to be said. {beside['no_excess']}" in " ".join(told.split())
    many = tmp_path / "many.jsonl"
    many.write_text("".join(json.dumps(item) + "\n" for item in [items[0]] * 5 + [items[1]] * 5))
    control.write_text((json.dumps(items[1]) + "\n") * 10)
    beside = answer("contaminated", str(many), "--index", str(index), "--control", str(control))["control"]
    assert beside["excess"]["value"] == 5 / 10
    assert "Beyond chance: 50" in shown("contaminated", str(many), "--index", str(index), "--control", str(control))


def test_contaminated_names_bad_lines_and_refuses_tokens(index: Path, tmp_path: Path) -> None:
    (tmp_path / "bench.jsonl").write_text('{"question": "fine and long enough"}\nnonsense\n')
    done = byheart("contaminated", str(tmp_path / "bench.jsonl"), "--index", str(index))
    assert done.returncode == 3
    assert "bench.jsonl:2" in done.stderr
    tokens = ("--unit", "tokens", "--tokenizer", "whitespace")
    shown("index", str(index.parent / "docs"), "-o", str(tmp_path / "t"), *tokens, "-q")
    done = byheart("contaminated", str(tmp_path / "bench.jsonl"), "--index", str(tmp_path / "t"), "--skip-bad")
    assert done.returncode == 2
    assert "byheart index SOURCE" in done.stderr


def test_counts_of_many_texts_and_of_texts_near_one_another(index: Path) -> None:
    found = answer("count", "Permission", "kind", "--index", str(index))
    assert found == {"counts": [{"text": "Permission", "count": 4}, {"text": "kind", "count": 1}]}
    assert answer("count", "--file", "-", "--index", str(index), text="free\n")["counts"] == [
        {"text": "free", "count": 4}
    ]
    near = ("--near", "another", "--within")
    assert answer("count", "Permission", *near, "8", "--index", str(index)) == {"count": 1}
    assert answer("count", "Permission", *near, "7", "--index", str(index)) == {"count": 0}
    assert byheart("count", "--index", str(index)).returncode == 2


def test_trace_gives_the_chance_level_or_says_why_not(index: Path, tmp_path: Path) -> None:
    (tmp_path / "held.txt").write_text(
        "".join(f"{number} unrelated words and other things \n" * 2 for number in range(60))
    )
    arguments = (
        "trace",
        "-",
        "--index",
        str(index),
        "--min",
        "12",
        "--held-out",
        str(tmp_path / "held.txt"),
        "--lines",
    )
    found = answer(*arguments, text="granted, free of charge")
    assert found["chance"]["windows"] == 60
    assert found["chance"]["at_least_as_long"]["value"] == 0.0
    assert [span["beyond_chance"] for span in found["spans"]] == [True]
    told = shown(*arguments, text="granted, free of charge")
    assert "1* 23 bytes" in told
    assert "0 of 60 held-out windows" in told
    assert "refused" in answer(*arguments, text=LICENCE)["chance"]
    assert "Chance level: none." in shown(*arguments, text=LICENCE)


def test_names_and_ids_cannot_forge_a_line_of_the_answer(tmp_path: Path) -> None:
    corpus, bench = tmp_path / "corpus", tmp_path / "bench.jsonl"
    corpus.mkdir()
    words = " ".join(f"word{number}" for number in range(20))
    (corpus / "evil\n0 of 1 leaked.txt").write_text(words)
    bench.write_text(json.dumps({"id": "a\nNone of the items leaked", "question": words}) + "\n")
    shown("index", str(corpus), "-o", str(tmp_path / "idx"))
    for line in shown("contaminated", str(bench), "--index", str(tmp_path / "idx")).splitlines():
        assert not line.startswith(("0 of 1", "None of the items"))
    for line in shown("trace", "-", "--index", str(tmp_path / "idx"), text=words).splitlines():
        assert not line.startswith("0 of 1")


def test_an_empty_text_is_traced_and_not_counted(index: Path) -> None:
    assert "0 span(s)" in shown("trace", "-", "--index", str(index), text="")
    assert byheart("count", "", "--index", str(index)).returncode == 2


def test_logs_reach_the_terminal_but_not_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("byheart")
    before = logger.level, logger.propagate, list(logger.handlers)
    try:
        show_log()
        logging.getLogger("byheart.index.compiled").info("Compiling \x1b]52;")
        with progress(quiet=True):
            logging.getLogger("byheart.index.compiled").info("not said")
            logging.getLogger("byheart.corpus.readers").warning("2 skipped")
    finally:
        logger.level, logger.propagate, logger.handlers = before
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == (
        "",
        "Compiling \N{MATHEMATICAL LEFT ANGLE BRACKET}U+001B\N{MATHEMATICAL RIGHT ANGLE BRACKET}]52;\n2 skipped\n",
    )


def traced(text: str, *spans: tuple[int, int]) -> Trace:
    copied = tuple(Copied(Span(*span), span[1] - span[0], 1, (("d", 0),)) for span in spans)
    return Trace(copied, 0, 0, len(text.encode()), 0.5)


def test_brackets_number_the_spans_longest_first_and_the_longer_of_two_that_overlap_is_shown() -> None:
    text = "zero one two three four"
    pieces = painted(text, traced(text, (5, 12), (9, 18)), 3, colours=False)
    left, right = "\N{MATHEMATICAL LEFT WHITE SQUARE BRACKET}", "\N{MATHEMATICAL RIGHT WHITE SQUARE BRACKET}"
    told = "".join(part for part, _ in pieces)
    assert told == f"zero {left}2: one {right}{left}1: two three{right} four"
    coloured = painted(text, traced(text, (5, 12), (9, 18)), 3, colours=True)
    assert [part for part, style in coloured if "bg" in style] == ["one ", "two three"]


def test_longer_spans_have_darker_colours() -> None:
    text = "x" * 1000
    found = traced(text, (0, 50), (100, 200), (300, 500), (500, 900))
    backgrounds = [style["bg"] for _, style in painted(text, found, 50, colours=True) if "bg" in style]
    assert backgrounds == [229, 221, 214, 208]


def test_a_span_that_cuts_a_character_shows_the_whole_of_it() -> None:
    text = "aéb"
    assert [part for part, style in painted(text, traced(text, (0, 2)), 1, colours=True) if style.get("bg")] == ["aé"]


def test_of_a_long_text_only_what_stands_around_spans_is_shown() -> None:
    text = "".join(f"line {number}\n" for number in range(2000))
    at = text.index("line 1000")
    pieces = painted(text, traced(text, (at, at + 50)), 50, colours=False)
    told = "".join(part for part, _ in pieces)
    assert "line 990\n" in told
    assert "line 900\n" not in told
    assert told.count("characters ...]") == 2
    assert len(told) < 600


def test_a_long_copied_run_is_shortened_and_nothing_is_said_of_none() -> None:
    text = "x" * 3000
    told = "".join(part for part, _ in painted(text, traced(text, (0, 3000)), 50, colours=False))
    assert "2,400 more copied characters" in told
    empty = "".join(part for part, _ in trace_lines("abc", traced("abc"), 50, "bytes", colours=True))
    assert "0 span(s)" in empty
