"""What somebody meant who named a number that there is not: never less than was asked, a bound least of all."""

import difflib
from collections import Counter
from collections.abc import Sequence

from byheart.report.comparison import spoken
from byheart.study.plan import did_you_mean

ENDS = ("excess", "control", "value", "low", "high")
"""What may stand after a name, in this order: of the first two one, of the others one."""
_SAME_NAME = 0.8
"""How alike names of different audits must be."""


def meant(path: str, known: Sequence[str]) -> str:
    """A hint with the nearest name, every end of it kept: `x_rate.hihg` is a slip for `x_rate.high`, not for `x_rate`.

    Args:
        path: all that stands before the comparison.
        known: dotted names of all numbers that there are.
    Returns:
        a sentence: the one that was meant, or what there is to choose from.
    """
    everything = [*known, *_short(known)]
    first = path.partition(".")[0]
    without_audit = [name for name in everything if name.partition(".")[2] == first]
    if len(without_audit) == 1:
        path = without_audit[0] + path[len(first) :]
    head = next((name for name in _heads(path) if name in everything), ".".join(path.split(".")[:2]))
    ends = [end for end in path[len(head) :].split(".") if end]
    name = head if head in everything else _nearest(head, everything)
    if name is None:
        return _choice(head, known)
    near = [next(iter(difflib.get_close_matches(end, ENDS, n=1)), None) for end in ends]
    strange = [end for end, found in zip(ends, near, strict=True) if found is None]
    if strange:
        return (
            f"After {name!r} may stand .excess or .control, then .value, .low or .high; .{strange[0]} is none of them."
        )
    found = sorted({end for end in near if end is not None}, key=ENDS.index)
    return f"Did you mean {'.'.join((name, *found))!r}?"


def _heads(path: str) -> list[str]:
    """The path and all that its ends are taken from, longest first."""
    parts = path.split(".")
    return [".".join(parts[:stop]) for stop in range(len(parts), 0, -1)]


def _short(known: Sequence[str]) -> list[str]:
    """Short forms that mean one number only: x_excess for x_rate.excess."""
    found = Counter(f"{stem}_{end}" for name in known for stem in _stems(name) for end in ENDS[:2])
    return [short for short, num in found.items() if num == 1 and short not in known]


def _stems(name: str) -> tuple[str, ...]:
    stem = name.rpartition("_")[0]
    return (name, stem) if "." in stem else (name,)


def _nearest(name: str, everything: Sequence[str]) -> str | None:
    """Of the same audit by what follows its name, which alone tells them apart; else of any that is nearly the same."""
    audit, _, own = name.partition(".")
    same = {it.partition(".")[2]: it for it in everything if it.partition(".")[0] == audit}
    if same:
        near = difflib.get_close_matches(own, list(same), n=1)
        return same[near[0]] if near else None
    near = difflib.get_close_matches(name, everything, n=1, cutoff=_SAME_NAME)
    return near[0] if near else None


def _choice(name: str, known: Sequence[str]) -> str:
    audit = name.partition(".")[0]
    same = [it for it in known if it.startswith(f"{audit}.")]
    if same:
        return f"Of {audit} there are: {', '.join(same)}."
    audits = sorted({it.partition(".")[0] for it in known})
    return f"It begins with one of {', '.join(audits)}; byheart explain lists every name."


def meant_subject(asked: str, names: Sequence[str], roles: Sequence[str]) -> str:
    """A hint: whom the report calls so, else all whose names end so, which may be opposite poles, else the nearest."""
    same = [name for name in names if spoken(name) == asked]
    same = same or [name for name in names if name.endswith(f":{asked}")]
    return f"Did you mean {' or '.join(map(repr, same))}?" if same else did_you_mean(asked, [*roles, *names])
