"""The texts of a finished run: read again when somebody asks, and used only where they still are the same."""

from byheart.core.progress import Progress, silent
from byheart.core.provenance import Provenance
from byheart.corpus.documents import Corpus
from byheart.errors import FingerprintError
from byheart.study.plan import StudyPlan
from byheart.study.sources import Texts, read_all, read_texts

GIVE_AN_INDEX = "Give an index of that text: byheart serve RUN --index IDX (byheart index SOURCE -o IDX makes one)."


class RunTexts:
    """What a run was about.

    Args:
        plan: of the run.
        provenance: of the run; its fingerprints decide.
    """

    def __init__(self, plan: StudyPlan, provenance: Provenance) -> None:
        self._plan, self._provenance = plan, provenance
        self._trained_on: Corpus | None = None
        self._texts: Texts | None = None

    def trained_on(self, *, on_progress: Progress = silent) -> Corpus:
        """The trained-on text.

        Raises:
            SourceError: it cannot be read.
            FingerprintError: it has changed since.
        """
        if self._trained_on is None:
            found = read_all(self._plan.trained_on, self._plan, on_progress=on_progress)
            _check("trained-on", found, self._provenance.trained_on)
            self._trained_on = found
        return self._trained_on

    def both(self, *, on_progress: Progress = silent) -> Texts:
        """Both sides, split as in the run.

        Raises:
            SourceError: a source cannot be read.
            FingerprintError: one has changed since.
        """
        if self._texts is None:
            found = read_texts(self._plan, on_progress=on_progress)
            _check("trained-on", found.trained_on, self._provenance.trained_on)
            _check("held-out", found.held_out, self._provenance.held_out)
            self._texts, self._trained_on = found, found.trained_on
        return self._texts


def _check(side: str, found: Corpus, known: dict[str, str | int]) -> None:
    if found.fingerprint != known.get("fingerprint"):
        raise FingerprintError(
            f"The {side} text of this run has changed since.",
            why="Its sources no longer have the fingerprint in provenance.json.",
            next_step=GIVE_AN_INDEX,
        )
