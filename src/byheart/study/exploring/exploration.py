"""A finished run, opened for exploring: one value that every question of the explorer goes to."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from byheart.core.evidence import Interval, Refusal
from byheart.core.progress import Progress, silent
from byheart.core.run_record import RunRecord
from byheart.core.units import NATS_PER_BIT
from byheart.corpus.documents import Document
from byheart.errors import ByheartError, CapabilityError, ConfigError, InputError
from byheart.memorizers.memorizer import Memorizer
from byheart.study.attributed_text import Attribution, shares_of
from byheart.study.attributing import explained
from byheart.study.exploring.continuation import Cut, Said, cut, say_all
from byheart.study.exploring.exhibits import ShownPassage, shown_passages
from byheart.study.exploring.run_index import RunIndex
from byheart.study.exploring.run_texts import RunTexts
from byheart.study.exploring.speakers import Speakers
from byheart.study.exploring.usual import HeldOutWindows, held_out_windows
from byheart.study.exploring.windows import scored_windows
from byheart.study.lookup import Lookup
from byheart.study.plan import StudyPlan
from byheart.study.run_folder import PLAN, RunFolder
from byheart.study.tracing import Trace, chance_level, trace

MOST_EXPLAINED = 1000
"""Tokens of a text that are explained; who explains more has `byheart attribute`."""
LONGEST_WITH_CHANCE = 10_000
"""Symbols of a text up to which its chance level is measured as one types; `byheart trace --held-out` has no limit."""
_PLACES = 5


class Exploration:
    """A run with its texts, its index, its passages and whoever answers.

    Questions may come from two threads: what both make is made twice, and is the same.

    Args:
        path: folder of a finished run.
        index: folder of an index that is used instead of the run's sources.
        model: another name for the model under test, where it has moved; "" for that of the plan.
    Raises:
        SourceError, FormatError, FingerprintError: run or index are missing, damaged or do not belong together.
    """

    def __init__(self, path: Path, *, index: Path | None = None, model: str = "") -> None:
        self.folder = RunFolder(path)
        self.record: RunRecord = self.folder.read()
        self.plan = _plan_of(self.folder)
        origin = self.record.provenance
        self._texts = None if self.plan is None else RunTexts(self.plan, origin)
        self.index = RunIndex(self.plan, origin, self._texts, index)
        self._windows_shown: tuple[tuple[ShownPassage, ...], str] | None = None
        self._speakers: Speakers | None = None
        if self.plan is not None and self._texts is not None:
            plan = replace(self.plan, model=model) if model else self.plan
            self._speakers = Speakers(plan, origin, self._texts, self.index, asks_endpoints=bool(model))

    @cached_property
    def shown(self) -> tuple[ShownPassage, ...]:
        """The passages of the results."""
        return shown_passages(self.record)

    def passages(self, *, on_progress: Progress = silent) -> tuple[tuple[ShownPassage, ...], str]:
        """The passages of the results, then every other window that the model scored.

        Returns:
            them, and why those windows are missing, "" where they are not.
        Cost: the tokenizer, where the model's folder has none that of opening the model's file.
        """
        if self._windows_shown is None:
            try:
                tokenizer = self.speakers.tokenizer(on_progress=on_progress)
                subject = self.record.provenance.subjects[0].name
                found = scored_windows(self.folder, subject, tokenizer, self.shown)
                self._windows_shown = (*self.shown, *found), ""
            except ByheartError as error:
                self._windows_shown = self.shown, " ".join(p for p in (error.what, error.why, error.next_step) if p)
        return self._windows_shown

    @property
    def speakers(self) -> Speakers:
        """Whoever answers.

        Raises:
            CapabilityError: the run is an experiment of the laboratory, whose networks are not kept.
        """
        if self._speakers is None:
            raise CapabilityError(
                "This run has no model that could be asked.",
                why="It is an experiment of the laboratory, whose networks are not kept.",
                next_step="Explore the run of an audit: byheart audit MODEL ... -o RUN",
            )
        return self._speakers

    def places(self, *, on_progress: Progress = silent) -> Lookup:
        """The index that spans are looked up in, as `RunIndex.for_places`."""
        return self.index.for_places(on_progress=on_progress)

    def spans(self, text: str, min_symbols: int, *, on_progress: Progress = silent) -> Trace:
        """Which parts of a text stand in the trained-on text, and how long a match held-out text has by accident.

        Args:
            text: any; without lone surrogates.
            min_symbols: shortest part worth showing, in the index's unit.
            on_progress: hears of building the index.
        Returns:
            with a refusal for its chance level where there is no held-out text, or the text is long.
        """
        lookup = self.places(on_progress=on_progress)
        found = trace(lookup, text, min_symbols=min_symbols, max_sources=_PLACES, on_progress=on_progress)
        if not found.num_bytes:
            return found
        if lookup.symbols(text)[0].size > LONGEST_WITH_CHANCE:
            why = (
                f"It is measured here for texts of up to {LONGEST_WITH_CHANCE:,} {lookup.index.unit}; "
                "byheart trace FILE --index IDX --held-out SOURCE measures it for any."
            )
            return replace(found, chance=Refusal(name="trace.chance", reason=why))
        if self._texts is None:
            return found
        try:
            unseen = self._texts.both(on_progress=on_progress)
        except ByheartError as error:
            reason = f"{error.what} {error.why}".strip()
            return replace(found, chance=Refusal(name="trace.chance", reason=reason))
        size = lookup.symbols(text)[0].size
        return replace(found, chance=chance_level(lookup, unseen.held_out, size, min_symbols, on_progress))

    def explanation(self, text: str, *, on_progress: Progress = silent) -> Attribution:
        """What explains each thing that the model says in the places of a text.

        Args:
            text: any; without lone surrogates.
            on_progress: hears of loading and building.
        Raises:
            InputError: it has no token, or more than MOST_EXPLAINED.
            ByheartError: model or index cannot be used.
        """
        speakers = self.speakers
        speakers.check()
        ladder = speakers.ladder(on_progress=on_progress)
        speaker = speakers.speaker(on_progress=on_progress)
        batch = speaker.scorer.encoder.batch([Document("text", text)], with_places=True)
        if not 1 < batch.token_ids.size <= MOST_EXPLAINED + 1:
            raise InputError(
                f"Texts of 1 to {MOST_EXPLAINED:,} tokens are explained here.",
                why=f"This one has {batch.token_ids.size - 1:,}.",
                next_step="Give a part of it, or type: byheart attribute FILE --with MODEL --index IDX",
            )
        # The end of the text is where somebody stopped pasting: it is no token of theirs.
        tokens = tuple(explained(batch, speaker.scorer, ladder, 0))[:-1]
        return Attribution(
            subject=speaker.scorer.name,
            num_documents=1,
            tokens=tokens,
            shares=shares_of(tokens, 1),
            has_intervals=False,
            notes=(*speaker.notes, *ladder.notes),
        )

    def continuation(
        self, given: str, continuation: str, *, on_progress: Progress = silent
    ) -> tuple[Cut, tuple[Said, ...], tuple[str, ...]]:
        """How probable a continuation is: to the model first, then to the memorizers and the blind pole.

        Args:
            given: what stands before; without lone surrogates.
            continuation: not empty.
            on_progress: hears of loading and building.
        Returns:
            the cut text, what everyone says, and notes.
        Raises:
            InputError: the continuation has no token, or too many.
            ByheartError: the model cannot be used.
        """
        speaker = self.speakers.speaker(on_progress=on_progress)
        tokenizer = self.speakers.tokenizer(on_progress=on_progress)
        it = cut(tokenizer, given, continuation, speaker.predictor.context_tokens)
        name = self.record.provenance.subjects[0].name
        beside, notes = dict[str, Memorizer](), speaker.notes
        try:
            beside = self.speakers.beside(on_progress=on_progress)
        except ByheartError as error:
            notes = (*notes, f"No memorizer stands beside it: {error.what} {error.why}".strip())
        said = say_all((name, speaker.predictor), beside, it)
        return it, said, notes

    def usual(self, said: Said, num_tokens: int) -> Interval | Refusal:
        """How many held-out windows have a continuation that the model finds at least as probable.

        Args:
            said: what the model gives the continuation: compared by p_z, or by its whole distribution where that is 0.
            num_tokens: of the continuation.
        """
        known = self._windows
        if isinstance(known, Refusal):
            return known
        if said.log_pz_nats is not None:
            return known.at_least(said.log_pz_nats, num_tokens, whole=False)
        return known.at_least(-NATS_PER_BIT * said.bits, num_tokens, whole=True)

    def usual_right(self, said: Said) -> Interval | Refusal:
        """How many held-out windows come out by themselves at least as far.

        Args:
            said: what the model gives the continuation.
        """
        known = self._windows
        return known if isinstance(known, Refusal) else known.as_far(said.num_right)

    @property
    def usual_given(self) -> int | None:
        """Tokens before each of those windows' continuations; None where there are none."""
        return None if isinstance(self._windows, Refusal) else self._windows.num_given

    @cached_property
    def _windows(self) -> HeldOutWindows | Refusal:
        return held_out_windows(self.folder, self.record.provenance.subjects[0].name)


def _plan_of(folder: RunFolder) -> StudyPlan | None:
    """The plan of an audit; None of an experiment's run."""
    try:
        return StudyPlan.from_toml((folder.path / PLAN).read_text("utf-8"))
    except (ConfigError, OSError, UnicodeDecodeError):
        return None


def names_of(documents: Sequence[str], words: str, *, first: int, most: int) -> tuple[list[tuple[int, str]], int]:
    """Documents of an index whose name has some words in it.

    Args:
        documents: all names, untrusted.
        words: whatever the case of their letters; "" for all.
        first: of those found, leave out so many.
        most: give at most so many.
    Returns:
        number and name of each, and how many there are in all.
    """
    wanted = words.casefold()
    if not wanted:
        return [(at, documents[at]) for at in range(first, min(first + most, len(documents)))], len(documents)
    found = [(at, name) for at, name in enumerate(documents) if wanted in name.casefold()]
    return found[first : first + most], len(found)
