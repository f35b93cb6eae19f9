"""What is usual: how probable the model of a run finds text that it cannot have seen, from the run's own scores."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from byheart.core.evidence import Interval, Refusal
from byheart.core.token_scores import TOP_K
from byheart.core.tokens import Floats
from byheart.stats.intervals import clopper_pearson
from byheart.study.run_folder import SCORES, RunFolder

FEWEST_WINDOWS = 20
NAME = "explorer.continuation_chance"


@dataclass(frozen=True)
class HeldOutWindows:
    """One window of each held-out document that the model scored."""

    num_given: int
    """Tokens before each."""
    log_top_k_nats: Floats
    """nats; of each token after those, renormalised over the 40 most probable; -inf where it is not among them. Shape
    [num_windows, num_tokens]."""
    log_nats: Floats
    """nats; the same under the whole distribution."""
    num_right: npt.NDArray[np.int64]
    """Tokens from the start of each on that are the most probable ones. Shape [num_windows]."""

    def as_far(self, num_right: int) -> Interval | Refusal:
        """Of so many windows at least so many tokens come out by themselves, with its exact interval.

        Args:
            num_right: tokens from the start on, of the continuation that is compared.
        """
        num_windows, longest = self.log_nats.shape
        if num_right > longest:
            return self._too_short(num_right)
        return clopper_pearson(int((self.num_right >= num_right).sum()), num_windows)

    def at_least(self, nats: float, num_tokens: int, *, whole: bool) -> Interval | Refusal:
        """Of so many windows a continuation of the same length is at least as probable, with its exact interval.

        Args:
            nats: log-probability of the continuation that is compared.
            num_tokens: its length.
            whole: under the whole distribution; else log p_z, which says nothing where it is that of 0.
        """
        num_windows, longest = self.log_top_k_nats.shape
        if num_tokens > longest:
            return self._too_short(num_tokens)
        theirs = (self.log_nats if whole else self.log_top_k_nats)[:, :num_tokens].sum(axis=1)
        return clopper_pearson(int((theirs >= nats).sum()), num_windows)

    def _too_short(self, num_tokens: int) -> Refusal:
        longest = self.log_nats.shape[1]
        return Refusal(
            name=NAME,
            reason=f"The held-out windows of this run have {longest} tokens after the {self.num_given} given ones, "
            f"and this continuation has {num_tokens}: shorten it to {longest}.",
        )


def held_out_windows(folder: RunFolder, subject: str) -> HeldOutWindows | Refusal:
    """The held-out windows of a run, out of scores.parquet.

    Args:
        folder: of the run.
        subject: who scored them.
    Returns:
        one window of each document, so that they are independent; a refusal where there are fewer than FEWEST_WINDOWS,
        or where the file is not what the run wrote.
    """
    import pyarrow.parquet

    damaged = [fault for fault in folder.faults() if fault.startswith(SCORES)]
    if damaged:
        return Refusal(name=NAME, reason=f"{damaged[0]} So nothing is read from it.")
    columns = ["document", "num_given", "rank", "log_probability_nats", "log_top_k_mass_nats"]
    try:
        table = pyarrow.parquet.read_table(
            folder.path / SCORES,
            columns=columns,
            filters=[
                ("subject", "=", subject),
                ("need", "=", "WindowsNeed"),
                ("role", "=", "control"),
                ("in_base_sample", "=", True),
            ],
        )
    except (pyarrow.ArrowException, OSError) as error:
        return _no_windows(f"scores.parquet has none ({error}).")
    return _of_rows(table.to_pylist())


def _of_rows(rows: Sequence[dict[str, object]]) -> HeldOutWindows | Refusal:
    first = {str(row["document"]): row for row in reversed(rows) if row["log_top_k_mass_nats"] is not None}
    lengths = {(row["num_given"], len(row["rank"])) for row in first.values()}  # type: ignore[arg-type]
    if len(first) < FEWEST_WINDOWS or len(lengths) != 1:
        return _no_windows(f"there are {len(first)}.")
    ranks, nats, mass = (
        np.array([row[name] for row in first.values()], dtype=np.float64)
        for name in ("rank", "log_probability_nats", "log_top_k_mass_nats")
    )
    inside = np.where(ranks <= TOP_K, np.minimum(nats - mass, 0.0), -np.inf)
    num_right = np.cumprod(ranks == 1, axis=1).sum(axis=1)
    return HeldOutWindows(next(iter(lengths))[0], inside, nats, num_right)  # type: ignore[arg-type]


def _no_windows(why: str) -> Refusal:
    return Refusal(
        name=NAME,
        reason=f"A chance level needs {FEWEST_WINDOWS} held-out windows of different documents that the model scored, "
        f"and {why} byheart audit --audits extraction scores them.",
    )
