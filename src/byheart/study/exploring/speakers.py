"""Who can be asked about a text: the model of a run and the memorizers of its text, made when first asked."""

from dataclasses import dataclass
from pathlib import Path

from byheart.core.predictor import Scores
from byheart.core.progress import Progress, silent
from byheart.core.provenance import Provenance
from byheart.core.visible import visible
from byheart.corpus.encoded import encode_corpus
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import ByheartError, CapabilityError
from byheart.index.corpus_index import Index
from byheart.memorizers.memorizer import Memorizer
from byheart.models import GGUF, SMOLLM2, is_endpoint, load_model
from byheart.study.exploring.run_index import RunIndex
from byheart.study.exploring.run_texts import RunTexts
from byheart.study.ladder import RUNGS
from byheart.study.plan import StudyPlan
from byheart.study.scorers import MemorizerScorer, ModelScorer, Scorer
from byheart.study.subjects import DEFAULT_VOCABULARY, build_index, memorizer_name, open_tokenizer
from byheart.study.text_batches import Encoder
from byheart.study.text_ladder import TextLadder
from byheart.study.yardstick import (
    BLIND,
    LOOKUP,
    MIXTURE,
    build_memorizer,
    build_pole,
    build_yardstick,
    chosen_memorizers,
    fit_mixture,
)

_ASKED = {name.partition(":")[2] for names in RUNGS.values() for name in names}


@dataclass(frozen=True)
class Speaker:
    """The model under test, ready to be asked."""

    predictor: Scores
    """Who answers."""
    scorer: Scorer
    """The same, for whole texts."""
    notes: tuple[str, ...]
    """What a reader of its answers should know."""


class Speakers:
    """Model and memorizers of a run. Nothing is loaded or built before somebody asks.

    Args:
        plan: of the run, its model as it is to be opened now.
        provenance: of the run.
        texts: of the run.
        index: of the run.
        asks_endpoints: whether a model behind an address may be asked: that sends the text there, and may cost money.
    """

    def __init__(
        self, plan: StudyPlan, provenance: Provenance, texts: RunTexts, index: RunIndex, *, asks_endpoints: bool
    ) -> None:
        self.plan = plan
        self._provenance, self._texts, self._index = provenance, texts, index
        self._asks_endpoints = asks_endpoints
        self._speaker: Speaker | None = None
        self._tokenizer: Tokenizer | None = None
        self._ladder: TextLadder | None = None

    @property
    def is_loaded(self) -> bool:
        """Whether the model can answer at once."""
        return self._speaker is not None

    def check(self) -> None:
        """Nothing, when the model may be asked.

        Raises:
            CapabilityError: it is an endpoint that nobody asked for.
        """
        if is_endpoint(self.plan.model) and not self._asks_endpoints:
            raise CapabilityError(
                "The model of this run is asked over HTTP, and nobody said that the explorer may.",
                why="What you type would be sent there, and may cost money.",
                next_step=f"byheart serve RUN --with {self.plan.model}",
            )

    def speaker(self, *, on_progress: Progress = silent) -> Speaker:
        """The model.

        Raises:
            CapabilityError: it gives no log-probabilities of a given text, or may not be asked.
            ByheartError: it cannot be opened.
        """
        if self._speaker is None:
            self.check()
            is_memorizer = memorizer_name(self.plan) is not None
            self._speaker = self._of_memorizer(on_progress) if is_memorizer else self._of_model(on_progress)
        return self._speaker

    def tokenizer(self, *, on_progress: Progress = silent) -> Tokenizer:
        """The model's own, without loading the model where its folder has one."""
        if self._tokenizer is None:
            plan = self.plan
            if memorizer_name(plan) is not None:
                if plan.tokenizer:
                    self._tokenizer = open_tokenizer(plan.tokenizer)
                else:
                    once = self._texts.trained_on(on_progress=on_progress).deduplicated()
                    self._tokenizer = Tokenizer.train(once, DEFAULT_VOCABULARY, on_progress=on_progress)
            elif is_endpoint(plan.model) or plan.chat:
                self.speaker(on_progress=on_progress)  # which tells what its end is
            else:
                self._tokenizer = Tokenizer.from_folder(_folder_of(plan.model, on_progress))
        assert self._tokenizer is not None
        return self._tokenizer

    def ladder(self, *, on_progress: Progress = silent) -> TextLadder:
        """The memorizers of the trained-on text, and the blind pole where the held-out text is still there.

        Raises:
            ByheartError: there is no index of the model's tokens, or it has several shards.
        """
        if self._ladder is None:
            index, tokenizer = self._tokens(on_progress)
            name = memorizer_name(self.plan)
            names, left_out = chosen_memorizers(_num_tokens(index), self.plan.profile, audited=name)
            asked = tuple(n for n in names if n in _ASKED)
            members = build_yardstick(asked, index, _distinct(index), tokenizer, on_progress=on_progress)
            blind, no_blind = self._blind(tokenizer, on_progress)
            self._ladder = TextLadder(
                index=index,
                end_id=tokenizer.end_id,
                memorizers=members | {LOOKUP: build_pole(index, tokenizer)},
                mixture=None,
                unrelated=blind,
                notes=tuple(note for note in (left_out, no_blind) if note),
            )
        return self._ladder

    def beside(self, *, on_progress: Progress = silent) -> dict[str, Memorizer]:
        """Everyone who may be asked the same as the model, the blind pole last, by their names in the results."""
        ladder = self.ladder(on_progress=on_progress)
        blind = {} if ladder.unrelated is None else {BLIND: ladder.unrelated}
        return ladder.memorizers | blind

    def _tokens(self, on_progress: Progress) -> tuple[Index, Tokenizer]:
        lookup = self._index.of_tokens(lambda: self.tokenizer(on_progress=on_progress), on_progress=on_progress)
        assert lookup.tokenizer is not None
        return lookup.index, lookup.tokenizer

    def _blind(self, tokenizer: Tokenizer, on_progress: Progress) -> tuple[Memorizer | None, str]:
        try:
            unseen = self._texts.both(on_progress=on_progress).calibration
        except ByheartError as error:
            return None, f"No floor: {error.what} {error.why}"
        encoded = encode_corpus(unseen, tokenizer, on_progress=on_progress)
        return build_pole(build_index(encoded, tokenizer, on_progress=on_progress), tokenizer), ""

    def _of_model(self, on_progress: Progress) -> Speaker:
        plan = self.plan
        loaded = load_model(
            plan.model,
            adapter=plan.adapter,
            tokenizer=plan.tokenizer if is_endpoint(plan.model) else "",
            chat=plan.chat,
            device=plan.device,
            dtype=plan.dtype,
            on_progress=on_progress,
        )
        self._tokenizer = loaded.tokenizer
        if not isinstance(loaded.predictor, Scores):
            raise CapabilityError(
                f"{loaded.predictor.name} gives no log-probabilities of a given text.",
                why=" ".join((f"Its access level is: {loaded.predictor.access}.", *loaded.notes)),
                next_step="Spans of a text can be looked up all the same.",
            )
        notes = (*loaded.notes, *self._is_another(loaded.predictor.fingerprint))
        # No cache: what somebody pastes is kept nowhere.
        scorer = ModelScorer(loaded.predictor, Encoder(loaded.tokenizer), None, notes)
        return Speaker(loaded.predictor, scorer, notes)

    def _of_memorizer(self, on_progress: Progress) -> Speaker:
        index, tokenizer = self._tokens(on_progress)
        name = memorizer_name(self.plan) or ""
        memorizer: Memorizer | None
        if f"memorizer:{name}" == MIXTURE:
            unseen = encode_corpus(self._texts.both(on_progress=on_progress).calibration, tokenizer)
            names, _ = chosen_memorizers(_num_tokens(index), self.plan.profile, audited=name)
            members = build_yardstick(names, index, _distinct(index), tokenizer, on_progress=on_progress)
            memorizer, why = fit_mixture(members, unseen, on_progress=on_progress)
            if memorizer is None:
                raise CapabilityError("There is no mixture to ask.", why=why)
        else:
            on_progress("build memorizers", 0, 1, name)
            memorizer = build_memorizer(name, index, tokenizer)
            on_progress("build memorizers", 1, 1)
        notes = self._is_another(memorizer.fingerprint)
        return Speaker(memorizer, MemorizerScorer(memorizer, Encoder(tokenizer), "tokens", notes), notes)

    def _is_another(self, fingerprint: str) -> tuple[str, ...]:
        audited = self._provenance.subjects[0]
        if fingerprint == audited.fingerprint:
            return ()
        return (
            f"{visible(self.plan.model)} is not what this run audited ({visible(audited.name)}): its fingerprint is "
            "another. Its answers here are not those of the report.",
        )


def _folder_of(model: str, on_progress: Progress) -> Path:
    """Where a model on this machine has its tokenizer."""
    if model == SMOLLM2:
        from byheart.models.smollm2 import smollm2_folder

        return smollm2_folder(on_progress=on_progress)
    if model.startswith(GGUF):
        from byheart.models.gguf import converted_gguf

        return converted_gguf(Path(model.removeprefix(GGUF)), on_progress=on_progress)
    return Path(model)


def _num_tokens(index: Index) -> int:
    return index.num_symbols - index.num_documents - 1


def _distinct(index: Index) -> Index | None:
    """An index of each document once, or None where no document is repeated; the tokens decide."""
    first: dict[bytes, int] = {}
    for number in range(index.num_documents):
        first.setdefault(index.document(number).tobytes(), number)
    if len(first) == index.num_documents:
        return None
    kept = list(first.values())
    return Index.build(
        [index.document(number) for number in kept],
        [index.document_names[number] for number in kept],
        unit="tokens",
        alphabet_size=index.alphabet_size,
        tokenizer_fingerprint=index.tokenizer_fingerprint,
    )
