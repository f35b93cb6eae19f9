"""The items of a benchmark: JSON lines, of which some fields are text that a model may have seen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from byheart.core.progress import Progress, silent
from byheart.core.visible import visible
from byheart.corpus.readers.json_lines import record
from byheart.corpus.readers.kind import Options
from byheart.corpus.readers.lines import numbered_lines
from byheart.corpus.readers.problems import Problem, named
from byheart.errors import SourceError
from byheart.study.harness_samples import is_sample, opened_sample

ID_FIELDS = ("id", "task_id", "question_id", "name")


@dataclass(frozen=True)
class Item:
    """One question of a benchmark."""

    name: str
    """Its id, or its line number; untrusted."""
    line: int
    """1-based line of the file."""
    texts: tuple[tuple[str, str], ...]
    """Field and text of each string that was asked for, untrusted; lists of strings give one entry each."""
    scores: tuple[tuple[str, float], ...] = ()
    """Metric, untrusted, and what the model that was tested got for this item; of a benchmark without a test none."""


def read_items(
    path: str, fields: Sequence[str] = (), *, skip_bad: bool = False, on_progress: Progress = silent
) -> list[Item]:
    """The items of a benchmark, in order.

    Samples that lm-evaluation-harness logged (`--log_samples`) are items too: the texts are those of their "doc", and
    each has the scores of the model that was tested. An item that several filters scored is one item.

    Args:
        path: a .jsonl, plain or .gz or .zst.
        fields: to look at, dotted where nested ("answer.text"); every string except ids when empty.
        skip_bad: leave out lines that are no item instead of stopping.
        on_progress: hears of the stage "read".
    Returns:
        at least one item.
    Raises:
        SourceError: no such file, no item, or lines that are no JSON object, lack a field or hold half a character.
    """
    if not Path(path).is_file():
        raise SourceError(f"There is no benchmark {visible(path)}.", next_step="Name a JSON lines file.")
    items, problems = [], []
    for line in numbered_lines(Path(path), Options(source=path, on_progress=on_progress)):
        if isinstance(line, Problem):
            problems.append(line)
        elif line.content.strip():
            try:
                items.append(_item(record(line.content), line.number, fields))
            except ValueError as error:
                problems.append(Problem(path, line.number, str(error)))
    if not items and not problems:
        problems.append(Problem(path, None, "no item in this file"))
    if problems and not (skip_bad and items):
        raise SourceError(
            f"{visible(path)} has {len(problems):,} unreadable {'part' if len(problems) == 1 else 'parts'}; "
            f"{len(items):,} items were read.",
            why="\n".join(named(problems)),
            next_step="Repair what is named, name other fields with --field, or leave bad lines out with --skip-bad.",
        )
    return merged(items)


def _item(fields: dict[str, Any], number: int, asked: Sequence[str]) -> Item:
    if is_sample(fields):
        name, inner, scores = opened_sample(fields)
        return replace(_item(inner, number, asked), name=name, scores=scores)
    name = next((str(fields[key]) for key in ID_FIELDS if isinstance(fields.get(key), str | int)), str(number))
    if asked:
        texts = [(path, text) for path in asked for text in _texts_at(fields, path)]
    else:
        texts = [pair for key, value in fields.items() if key not in ID_FIELDS for pair in all_texts(value, key)]
    if not texts and not asked:
        raise ValueError("no field holds text")
    for path, text in texts:
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            raise ValueError(f"the field {path!r} holds half a character")
    return Item(name, number, tuple(texts))


def merged(items: Sequence[Item]) -> list[Item]:
    """Items of a test once each, with the scores of all their lines; items without scores stay as they are."""
    places: dict[tuple[str, tuple[tuple[str, str], ...]], int] = {}
    found: list[Item] = []
    for item in items:
        at = places.setdefault((item.name, item.texts), len(found)) if item.scores else len(found)
        if at < len(found):
            known = dict(found[at].scores)
            more = tuple(pair for pair in item.scores if pair[0] not in known)
            found[at] = replace(found[at], scores=(*found[at].scores, *more))
        else:
            found.append(item)
    return found


def _texts_at(fields: dict[str, Any], path: str) -> list[str]:
    value: Any = fields
    for key in path.split("."):
        if not isinstance(value, dict) or key not in value:
            raise ValueError(f"no field {path!r}")
        value = value[key]
    texts = [text for _, text in all_texts(value, path)]
    if not texts and value not in (None, []):
        raise ValueError(f"the field {path!r} is not text")
    return texts


def all_texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """The strings of a value, each with the dotted path of its field."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for one in value:
            yield from all_texts(one, path)
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from all_texts(one, f"{path}.{key}")
