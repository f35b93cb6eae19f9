"""An audit is a value: one question, one statistic, one file.

An audit file holds a frozen `Params`, pure statistics, one function (inputs, params, *, rng) -> evidence, and one
constant `AUDIT = Audit(...)`. Its module docstring has six headings (Question, Statistic, Null, Assumptions, Fails
when, Source), which the report prints verbatim, so that the page can never describe another method than the one that
ran.
"""

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

import numpy as np

from byheart.core.evidence import Evidence
from byheart.core.material import Inputs
from byheart.core.needs import Need

Profile = Literal["quick", "standard", "full"]
"""How large the samples are."""

METHOD_HEADINGS = ("Question", "Statistic", "Null", "Assumptions", "Fails when", "Source")

P_contra = TypeVar("P_contra", contravariant=True)


class Run(Protocol[P_contra]):
    """The function of an audit."""

    def __call__(self, inputs: Inputs, params: P_contra, *, rng: np.random.Generator) -> tuple[Evidence, ...]:
        """Computes the evidence from the material of one subject."""


@dataclass(frozen=True, kw_only=True)
class Audit:
    """One question about a subject."""

    name: str
    """Short and stable; the first part of its estimates' dotted names."""
    version: int
    """Raised whenever the statistic changes."""
    question: str
    """One sentence, as a user would ask it."""
    profiles: Mapping[Profile, Any]
    """Its Params for each profile."""
    needs: Callable[[Any], tuple[Need, ...]]
    """The material it needs, given its Params."""
    run: Run[Any]
    """The statistic."""
    needs_all: bool = True
    """Whether one need that cannot be served makes it not applicable; else it refuses what rests on that need."""

    def method(self) -> dict[str, str]:
        """The six parts of its module docstring, by heading."""
        return method_parts(inspect.getdoc(sys.modules[self.run.__module__]) or "")


def method_parts(docstring: str) -> dict[str, str]:
    """Splits an audit's module docstring at its headings.

    Args:
        docstring: lines "Heading: text", continued on the following lines.
    Returns:
        heading -> text with line breaks folded, for every heading of METHOD_HEADINGS that is present.
    """
    parts: dict[str, list[str]] = {}
    heading = None
    for line in docstring.splitlines():
        start = next((h for h in METHOD_HEADINGS if line.startswith(h + ":")), None)
        if start is not None:
            heading = start
            parts[heading] = [line[len(start) + 1 :].strip()]
        elif heading is not None:
            parts[heading].append(line.strip())
    return {name: " ".join(part for part in lines if part) for name, lines in parts.items()}
