"""The ladder of explanations of a text that is in no study: memorizers of an index, asked about whole documents."""

from dataclasses import dataclass
from pathlib import Path

from byheart.core.explanation import Explanation
from byheart.core.material import Ladder
from byheart.core.progress import Progress, silent
from byheart.core.tokens import TokenIds
from byheart.corpus.documents import Corpus, Document
from byheart.corpus.encoded import EncodedCorpus, encode_corpus
from byheart.corpus.readers import read
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import CapabilityError, SourceError
from byheart.index.corpus_index import Index
from byheart.memorizers.memorizer import Memorizer
from byheart.memorizers.mixture import COPY_TOKENS, Mixture
from byheart.study.attribution_plan import AttributionPlan
from byheart.study.ladder import RUNGS, stored_answers
from byheart.study.score_job import open_lookup
from byheart.study.subjects import build_index
from byheart.study.yardstick import LOOKUP, build_pole, build_yardstick, chosen_memorizers, fit_mixture


@dataclass(frozen=True)
class TextLadder:
    """Whoever may explain a text."""

    index: Index
    """Of the text that is known."""
    end_id: int
    """Token for the end of a document."""
    memorizers: dict[str, Memorizer]
    """By their names in results, those of RUNGS among them."""
    mixture: Mixture | None
    """Of all memorizers, where calibration text was given."""
    unrelated: Memorizer | None
    """The blind pole, where text for it was given."""
    notes: tuple[str, ...] = ()
    """What a reader of the numbers should know."""

    def read(self, token_ids: TokenIds) -> Ladder:
        """What everyone says in the places of one document.

        Args:
            token_ids: of the whole document, its end token included, shape [num_tokens].
        """
        answers: dict[Explanation, list[TokenIds]] = {
            Explanation.KNOWLEDGE: [stored_answers(self.index, token_ids, self.end_id)]
        }
        for rung, names in RUNGS.items():
            asked = [self.memorizers[name] for name in names if name in self.memorizers]
            answers[rung] = [memorizer.score([token_ids])[0].argmax_id for memorizer in asked]
        mixture, unrelated = self.mixture, self.unrelated
        return Ladder(
            answers=answers,
            mixture_nats=None if mixture is None else mixture.log_probabilities_nats(token_ids),
            unrelated=None if unrelated is None else unrelated.score([token_ids])[0].argmax_id,
        )


def open_ladder(plan: AttributionPlan, *, on_progress: Progress = silent) -> TextLadder:
    """Builds the memorizers of an index.

    Args:
        plan: names the index, and the text of the floor and of the mixture's weights.
        on_progress: hears of every stage.
    Raises:
        SourceError, FormatError, FingerprintError: the index or a text cannot be used.
        CapabilityError: it is an index of bytes, or has several shards.
    Cost: about 10 seconds for a million tokens with the mixture, 4 without.
    """
    lookup = open_lookup(Path(plan.index), plan.tokenizer)
    index, tokenizer = lookup.index, lookup.tokenizer
    if tokenizer is None:
        raise CapabilityError(
            "A text is explained by an index of tokens; this one is of bytes.",
            why="What a model says is a token of its tokenizer.",
            next_step="Make one: byheart index SOURCE -o IDX --unit tokens --tokenizer MODEL",
        )
    notes: list[str] = []
    unrelated = _unrelated(plan, index, tokenizer, notes, on_progress) if plan.floor else None
    names = tuple(name.removeprefix("memorizer:") for several in RUNGS.values() for name in several)
    if plan.calibration:
        names, _ = chosen_memorizers(0, "full", audited=None)
    known = tuple(name for name in names if name != LOOKUP and not name.startswith("distinct:"))
    members = build_yardstick(known, index, None, tokenizer, on_progress=on_progress)
    mixture = None
    if plan.calibration:
        calibration = encode_corpus(_read(plan, plan.calibration, on_progress), tokenizer, on_progress=on_progress)
        mixture, reason = fit_mixture(members, calibration, on_progress=on_progress)
        notes += [reason] if reason else []
    memorizers = members | {LOOKUP: build_pole(index, tokenizer)}
    return TextLadder(index, tokenizer.end_id, memorizers, mixture, unrelated, tuple(notes))


def _read(plan: AttributionPlan, sources: tuple[str, ...], on_progress: Progress) -> Corpus:
    documents: list[Document] = []
    for source in sources:
        documents += read(source, lines=plan.lines, skip_bad=plan.skip_bad, on_progress=on_progress)
    return Corpus(tuple(documents)).deduplicated()


def _unrelated(
    plan: AttributionPlan, index: Index, tokenizer: Tokenizer, notes: list[str], on_progress: Progress
) -> Memorizer:
    """The blind pole of the floor's text, without documents that the index holds as they are."""
    given = encode_corpus(_read(plan, plan.floor, on_progress), tokenizer, on_progress=on_progress)
    unseen = [d for d in given if d.token_ids.size < COPY_TOKENS or not index.count(d.token_ids)]
    if not any(d.token_ids.size for d in unseen):
        raise SourceError(
            "The floor's text has no document that is not in the index.",
            why="A predictor of it would be no stranger to the text that the index holds.",
            next_step="Give --floor other text of the same kind.",
        )
    if len(unseen) < len(given.documents):
        left_out = len(given.documents) - len(unseen)
        notes.append(f"{left_out:,} documents of the floor's text stand in the index and were left out.")
    notes.append(
        f"Floor: an infinigram of {sum(d.token_ids.size for d in unseen):,} tokens that are not in the index. A weaker "
        "predictor than the model agrees less often with whoever is right: the floor is a lower one."
    )
    return build_pole(build_index(EncodedCorpus(tuple(unseen), given.tokenizer_fingerprint), tokenizer), tokenizer)
