"""The indexes of a run's trained-on text: the one that is given, or those that are built once into the cache."""

import shutil
from collections.abc import Callable
from pathlib import Path

from byheart.core.progress import Progress, silent
from byheart.core.provenance import Provenance
from byheart.corpus.cache_folder import cache_folder
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import CapabilityError, FingerprintError, StorageError
from byheart.index.layout import Unit
from byheart.index.storing.manifest import MANIFEST
from byheart.study.exploring.run_texts import GIVE_AN_INDEX, RunTexts
from byheart.study.index_plan import IndexPlan
from byheart.study.indexing import make_index
from byheart.study.lookup import Lookup
from byheart.study.plan import StudyPlan
from byheart.study.score_job import open_lookup


class RunIndex:
    """Where a text stands in what the model was trained on.

    Args:
        plan: of the run; None of a run that has no such text (a laboratory's).
        provenance: of the run.
        texts: its texts; None likewise.
        given: folder of an index that is used instead of the sources; None for none.
    """

    def __init__(
        self, plan: StudyPlan | None, provenance: Provenance, texts: RunTexts | None, given: Path | None
    ) -> None:
        self._plan, self._provenance, self._texts = plan, provenance, texts
        self._given = None if given is None else open_lookup(given, "")
        self._tokens: Lookup | None = None
        self._bytes: Lookup | None = None
        if self._given is not None and self._given.index.unit == "tokens":
            self._tokens = self._given

    @property
    def is_another(self) -> str:
        """In one sentence that the given index is of another text than the run's, "" where its size says nothing so."""
        if self._given is None:
            return ""
        index, known = self._given.index, self._provenance.trained_on
        found = {"documents": index.num_documents, index.unit: index.num_symbols - index.num_documents - 1}
        if all(known.get(name, number) == number for name, number in found.items()):
            return ""
        theirs = " and ".join(f"{number:,} {name}" for name, number in found.items())
        own = " and ".join(f"{known[name]:,} {name}" for name in found if name in known)
        return f"The index that was given is not of this run's trained-on text: it has {theirs}, that text has {own}."

    def for_places(self, *, on_progress: Progress = silent) -> Lookup:
        """The index that spans are looked up in: the given one, else one of bytes, whose spans begin and end anywhere.

        Raises:
            SourceError, FingerprintError: there is none, and the sources are gone or have changed.
        """
        if self._given is not None:
            return self._given
        if self._bytes is None:
            self._bytes = self._cached("bytes", None, on_progress)
        return self._bytes

    def of_tokens(self, tokenizer: Callable[[], Tokenizer], *, on_progress: Progress = silent) -> Lookup:
        """The index of the model's tokens, for whoever explains what it says.

        Args:
            tokenizer: gives the model's; called only where there is no such index yet.
            on_progress: hears of building.
        Raises:
            FingerprintError: the given index has other tokens than the model.
            SourceError, FingerprintError: there is none, and the sources are gone or have changed.
        """
        if self._tokens is None:
            self._tokens = self._cached("tokens", tokenizer, on_progress)
        if self._plan is not None and self._tokens.index.tokenizer_fingerprint != self._provenance.tokenizer:
            raise FingerprintError(
                "The index has other tokens than the model of this run.",
                why="It was made with another tokenizer, so that the two never say the same.",
                next_step="Make it with the model's: byheart index SOURCE -o IDX --unit tokens --tokenizer MODEL",
            )
        return self._tokens

    def _cached(self, unit: Unit, tokenizer: Callable[[], Tokenizer] | None, on_progress: Progress) -> Lookup:
        if self._plan is None or self._texts is None:
            raise CapabilityError(
                "This run has no trained-on text of its own to look into.",
                why="It is an experiment of the laboratory.",
                next_step="Give an index of any text: byheart serve RUN --index IDX",
            )
        of_tokens = "" if tokenizer is None else f"-{self._provenance.tokenizer[:16]}"
        name = f"{self._provenance.trained_on['fingerprint']!s}-{unit}{of_tokens}"
        folder = cache_folder() / "explorer" / name
        if (folder / MANIFEST).exists():
            try:
                return Lookup.open(folder)
            except StorageError:
                shutil.rmtree(folder)  # it can be made again, and a damaged one is never answered from
        self._texts.trained_on(on_progress=on_progress)  # an index of other text must not take this name
        folder.parent.mkdir(parents=True, exist_ok=True)
        spec = "" if tokenizer is None else self._saved(tokenizer())
        plan = self._plan
        make_index(
            IndexPlan(sources=plan.trained_on, unit=unit, tokenizer=spec, lines=plan.lines, skip_bad=plan.skip_bad),
            folder,
            on_progress=on_progress,
        )
        return Lookup.open(folder)

    def _saved(self, tokenizer: Tokenizer) -> str:
        """The folder that the tokenizer now stands in.

        Raises:
            FingerprintError: it is not the one of the run.
        """
        if tokenizer.fingerprint != self._provenance.tokenizer:
            raise FingerprintError(
                "The model's tokenizer is not the one of this run.",
                why="Its fingerprint differs from that in provenance.json.",
                next_step=f"Name the model as it was with --with MODEL. {GIVE_AN_INDEX}",
            )
        folder = cache_folder() / "explorer" / f"tokenizer-{tokenizer.fingerprint}"
        tokenizer.save(folder)
        return str(folder)
