"""What could not be read, and where; nothing that could be read is lost with it."""

from collections.abc import Sequence
from dataclasses import dataclass

from byheart.core.visible import visible, visible_in_line
from byheart.corpus.documents import Corpus
from byheart.errors import SourceError

NUM_NAMED = 5


@dataclass(frozen=True)
class Problem:
    """One file, line or row that could not be read."""

    file: str
    """Path as the user can find it, untrusted."""
    line: int | None
    """1-based line of the file, or row of a table; None when the whole file is meant."""
    what: str
    """What is wrong with it, without a full stop."""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{visible_in_line(place)}: {visible_in_line(self.what)}"


class UnreadableSourceError(SourceError):
    """A source was not readable in full. What was readable is in `documents`.

    Args:
        source: as the user typed it.
        problems: at least one.
        documents: everything that was read all the same; none where they were handed out one by one.
        num_documents: how many were handed out.
    """

    def __init__(
        self, source: str, problems: Sequence[Problem], documents: Corpus, *, num_documents: int | None = None
    ) -> None:
        num, kept = len(problems), len(documents) if num_documents is None else num_documents
        super().__init__(
            f"{visible(source)} has {num:,} unreadable {'part' if num == 1 else 'parts'}; {kept:,} "
            f"{'document was' if kept == 1 else 'documents were'} read.",
            why="\n".join(named(problems)),
            next_step="Repair what is named, or leave it out with --skip-bad."
            if kept
            else "Correct the source; --skip-bad does not help where nothing can be read.",
        )
        self.problems = tuple(problems)
        self.documents = documents


def named(problems: Sequence[Problem]) -> list[str]:
    """The first problems in words, and how many more there are."""
    rest = len(problems) - NUM_NAMED
    return [str(problem) for problem in problems[:NUM_NAMED]] + ([f"and {rest:,} more"] if rest > 0 else [])
