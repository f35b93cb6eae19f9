"""The ladder of explanations of a text that is in no study: memorizers of an index, asked about whole documents."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from byheart.core.explanation import Explanation
from byheart.core.material import Ladder
from byheart.core.progress import Progress, silent
from byheart.core.tokens import TokenIds
from byheart.corpus.documents import Document
from byheart.errors import CapabilityError
from byheart.index.corpus_index import Index
from byheart.memorizers import NAMES
from byheart.memorizers.memorizer import Memorizer
from byheart.memorizers.mixture import Mixture, texts_with_tokens
from byheart.study.attribution_plan import AttributionPlan
from byheart.study.floor_text import unrelated_predictor
from byheart.study.ladder import RUNGS, stored_answers
from byheart.study.score_job import calibration_texts, open_lookup
from byheart.study.text_batches import Encoder
from byheart.study.yardstick import LOOKUP, MIXTURE, build_memorizer, build_pole


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


def open_ladder(plan: AttributionPlan, explained: Sequence[Document], *, on_progress: Progress = silent) -> TextLadder:
    """Builds the memorizers of an index.

    Args:
        plan: names the index, and the text of the floor and of the mixture's weights.
        explained: the text that is explained, of which the floor's text may hold nothing.
        on_progress: hears of every stage.
    Raises:
        SourceError, FormatError, FingerprintError: the index or a text cannot be used.
        CapabilityError: it is an index of bytes, or has several shards.
        InputError: the index holds the calibration text, or that has no tokens.
    Cost: that of learning the memorizers from the index, of all of them where the mixture is asked for.
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
    unrelated = None
    if plan.floor:
        unrelated, of_floor = unrelated_predictor(plan, index, tokenizer, explained, on_progress=on_progress)
        notes += of_floor
    everyone = [name for name in NAMES if f"memorizer:{name}" != MIXTURE]
    asked = {name for several in RUNGS.values() for name in several}
    names = everyone if plan.calibration else [name for name in everyone if f"memorizer:{name}" in asked]
    # In the order of NAMES, so that the mixture is that of `byheart score`, to the last bit.
    members: dict[str, Memorizer] = {}
    for number, name in enumerate(names):
        on_progress("build memorizers", number, len(names), name)
        members[f"memorizer:{name}"] = build_memorizer(name, index, tokenizer)
    on_progress("build memorizers", len(names), len(names))
    mixture = None
    if plan.mixture_plan is not None:
        texts, fitted = calibration_texts(plan.mixture_plan, Encoder(tokenizer), on_progress=on_progress)
        mixture = Mixture(list(members.values()), calibration=texts_with_tokens(texts))
        notes += fitted
    memorizers = members | {LOOKUP: build_pole(index, tokenizer)}
    return TextLadder(index, tokenizer.end_id, memorizers, mixture, unrelated, tuple(notes))
