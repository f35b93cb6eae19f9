"""What every name means that byheart prints: numbers, audits, memorizers and words of the glossary.

Docstrings are read from the files, not from the modules: an audit imports scipy, a memorizer numba: a second.
"""

import ast
import difflib
import inspect
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from byheart.core.audit import METHOD_HEADINGS, method_parts
from byheart.errors import ConfigError
from byheart.memorizers import NAMES
from byheart.report.comparison import CONTROLS, measure

PACKAGE = Path(__file__).parents[1]
MEMORIZER = "memorizer:"
_USUAL_CONTROL = "the same number on text that the subject cannot have seen"
_LAB = {
    "context": "context_lab",
    "interpolation": "interpolation_lab",
    "adaptation": "adaptation_lab",
    "complexity": "complexity_experiment",
    "novelty": "novelty_sentences",
}
"""Files of the audits of experiments, where these are others than those of a given model."""
_ROW = re.compile(r"^\| (?P<word>[^|]+?) \| (?P<meaning>[^|]+?) \| (?P<unit>[^|]+?) \| `(?P<home>byheart[\w.]+)` \|$")


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """One thing that a name stands for."""

    name: str
    """As byheart prints it."""
    kind: str
    """"number", "audit", "memorizer" or "word"."""
    said: str
    """What it is, in one sentence."""
    facts: tuple[tuple[str, str], ...]
    """All else, each under its heading."""


def meanings_of(name: str) -> tuple[Meaning, ...]:
    """Everything that a name stands for, the most specific first.

    Args:
        name: a dotted name, the end of one, or what a report calls it; an audit; a memorizer, with "memorizer:" or
            without; a word.
    Raises:
        ConfigError: it stands for nothing, with the nearest name.
    """
    asked = name.strip().lower()
    found = [meaning for key, meaning in _all() if key == asked]
    found = found or [meaning for key, meaning in _all() if key.endswith(f".{asked}")]
    if found:
        return tuple(dict.fromkeys(found))
    near = difflib.get_close_matches(asked, [key for key, _ in _all()] + _ends(), n=3, cutoff=0.6)
    raise ConfigError(
        f"Nothing here is called {name!r}.",
        why=f"Did you mean {' or '.join(map(repr, dict.fromkeys(near)))}?" if near else "",
        next_step="byheart explain  lists every name.",
    )


def names() -> dict[str, tuple[str, ...]]:
    """Every name, by kind, each once."""
    by_kind: dict[str, list[str]] = {"number": [], "audit": [], "memorizer": [], "word": []}
    for _, meaning in _all():
        by_kind[meaning.kind].append(meaning.name)
    return {kind: tuple(dict.fromkeys(found)) for kind, found in by_kind.items()}


@cache
def _all() -> tuple[tuple[str, Meaning], ...]:
    """Every meaning under every key that leads to it, in lower case."""
    table = tomllib.loads((PACKAGE / "report" / "meanings.toml").read_text("utf-8"))
    numbers = [
        (f"{audit}.{name}", _number(audit, name, it)) for audit, rows in table.items() for name, it in rows.items()
    ]
    audits = [(audit, _audit(audit)) for audit in table]
    memorizers = [(key, it) for name in NAMES for it in (_memorizer(name),) for key in (name, MEMORIZER + name)]
    labels = [(dict(it.facts)["called"].lower(), it) for _, it in numbers]
    return (*numbers, *labels, *audits, *memorizers, *_words())


def _ends() -> list[str]:
    return [key.partition(".")[2] for key, _ in _all() if "." in key]


def _number(audit: str, name: str, it: dict[str, Any]) -> Meaning:
    dotted = f"{audit}.{name}"
    file = _LAB[audit] if it.get("lab") else audit
    parts = method_parts(_docstring(f"audits/{file}"))
    control = it.get("control") or CONTROLS.get(dotted) or CONTROLS.get(audit) or _USUAL_CONTROL
    facts = {
        "called": measure(dotted),
        "unit": it["unit"],
        "formula": it.get("formula", ""),
        "control": control,
        "high": it["high"],
        "low": it["low"],
        "measured by": f"byheart lab {audit}" if it.get("lab") or audit == "capacity" else f"audit {audit}",
        "fails when": parts["Fails when"],
        "source": parts["Source"],
    }
    return Meaning(name=dotted, kind="number", said=it["is"], facts=_given(facts))


def _audit(name: str) -> Meaning:
    text = _docstring(f"audits/{name}")
    parts = method_parts(text)
    facts = {heading.lower(): parts[heading] for heading in METHOD_HEADINGS}
    if name in _LAB:
        facts["from scratch"] = f"byheart lab {name}: {method_parts(_docstring(f'audits/{_LAB[name]}'))['Question']}"
    return Meaning(name=name, kind="audit", said=_first_line(text), facts=_given(facts))


def _memorizer(name: str) -> Meaning:
    tree = _tree(f"memorizers/{name}")
    of_class = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name.capitalize())
    summary, *sections = re.split(r"\n(?=[A-Z][a-z]+:)", inspect.cleandoc(ast.get_docstring(of_class) or ""))
    facts = {"in short": " ".join(summary.split())}
    for section in sections:
        heading, _, text = section.partition(":")
        if heading in ("Definition", "Cost", "Source", "Differs"):
            facts[heading.lower()] = " ".join(text.split())
    facts["type"] = f"byheart score TEXT --with {MEMORIZER}{name} --index IDX"
    return Meaning(
        name=MEMORIZER + name, kind="memorizer", said=_first_line(ast.get_docstring(tree) or ""), facts=_given(facts)
    )


def _words() -> list[tuple[str, Meaning]]:
    """The glossary, where it is: in the installed package, or at the root of the repository."""
    path = next((it for it in (PACKAGE / "GLOSSARY.md", PACKAGE.parents[1] / "GLOSSARY.md") if it.is_file()), None)
    rows = [_ROW.match(line) for line in path.read_text("utf-8").splitlines()] if path is not None else []
    found = []
    for row in rows:
        if row is not None:
            unit = "" if row["unit"] == "-" else row["unit"]
            meaning = Meaning(
                name=row["word"],
                kind="word",
                said=row["meaning"],
                facts=_given({"unit": unit, "in the code": row["home"]}),
            )
            found += [(key, meaning) for key in _keys(row["word"])]
    return found


def _keys(word: str) -> tuple[str, ...]:
    """A word as it may be asked for: "FPR, TPR" by each, "automaton (M1)" by both, "distinct:markov" as it is shown."""
    lower = word.lower()
    plain = re.sub(r" \([^)]*\)", "", lower)
    inside = re.findall(r"\(([a-z]\d)\)", lower)
    each = (*lower.split(", "), *plain.split(", "))
    return tuple(dict.fromkeys((lower, plain, *each, *(one.replace(":", " ") for one in each), *inside)))


def _given(facts: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((heading, text) for heading, text in facts.items() if text)


def _first_line(docstring: str) -> str:
    return docstring.partition("\n")[0]


def _docstring(module: str) -> str:
    return ast.get_docstring(_tree(module)) or ""


@cache
def _tree(module: str) -> ast.Module:
    file = PACKAGE / f"{module}.py"
    return ast.parse((file if file.is_file() else PACKAGE / module / "__init__.py").read_text("utf-8"))
