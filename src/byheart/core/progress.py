"""Progress is an argument: libraries report, only `cli` draws."""

from typing import Protocol


class Progress(Protocol):
    """Receives how far a piece of work has come."""

    def __call__(self, stage: str, done: float, total: float, note: str = "") -> None:
        """Reports progress.

        Args:
            stage: what is being done, a short phrase such as "train" or "score model"; one bar per stage.
            done: work finished so far, in any unit.
            total: all the work of this stage, in the same unit.
            note: what to show beside the bar, for example the current loss.
        """


def silent(stage: str, done: float, total: float, note: str = "") -> None:
    """Reports to no one."""
