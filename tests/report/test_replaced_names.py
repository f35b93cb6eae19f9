import time

import pytest

from byheart.report.replaced_names import PLACE, Names

NAMES = {
    "Merlin_7B": "model 1a2b",
    "/home/alice/nda/Frau Meier/a.jsonl": "source 3c4d",
    "Krankenakten/Herr Schulz.txt": "source 5e6f",
    "data": "source 7a8b",
    "passage-26a": "canary 9c0d",
}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Merlin_7B could not.", "model 1a2b could not."),
        ("MERLIN_7B, Merlin-7B and merlin 7b", "model 1a2b, model 1a2b and model 1a2b"),
        ("Merlin_7B-base", "model 1a2b-base"),
        ("of /home/alice/nda/Frau Meier/a.jsonl", "of source 3c4d"),
        ("Frau Meier/a.jsonl was read, a.jsonl too", "source 3c4d was read, source 3c4d too"),
        ("Herr Schulz.txt:3, see Herr Schulz", "source 5e6f:3, see source 5e6f"),
        ("passage-26a, not Passage-26a", "canary 9c0d, not Passage-26a"),
        ("metadata, database", "metadata, database"),
    ],
)
def test_names_go_in_every_spelling_and_parts_of_paths_too(text: str, said: str) -> None:
    assert Names(NAMES, exact={"passage-26a"}).replaced(text) == said


def test_a_name_of_blanks_and_dots_replaces_nothing() -> None:
    assert (
        Names({" - . ": "source 1", "..": "source 2", "...": "source 3"}, exact=set()).replaced("a - b . c")
        == "a - b . c"
    )


@pytest.mark.parametrize(
    "place",
    [
        "C:\\Users\\alice\\x.txt",
        "c:/Users/alice",
        "\\\\server\\share\\x",
        "~alice/x",
        "~/x/y",
        "/root",
        "/srv/alice/x.txt",
        '"/home/alice/My Docs/Frau Meier.txt"',
        "'C:\\My Docs\\Frau Meier.txt'",
        "alice.b+c@mail.example.org",
        "https://example.org/x?y#z",
    ],
)
def test_paths_and_addresses_of_every_system_go_whole(place: str) -> None:
    assert PLACE.sub("*", f"Read {place} first") == "Read * first"


@pytest.mark.parametrize(
    "text", ["1/1,000 and n/a, 3 of 4", "input/output, and/or", "tpr@0.01, k: v", "~3/4, a ~ b", "it's 5'"]
)
def test_ordinary_sentences_stay(text: str) -> None:
    assert PLACE.sub("*", text) == text


@pytest.mark.parametrize("piece", ["a", "a.", "/", "~", "'/", "\\", "a-", "a@", "~a/", "C:\\"])
def test_a_megabyte_of_anything_takes_no_longer_than_reading_it(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    names = Names(NAMES, exact=set())
    start = time.process_time()
    PLACE.sub("*", names.replaced(text))
    assert time.process_time() - start < 2.0
