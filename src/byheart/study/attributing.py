"""All of `byheart attribute`: opens predictor and ladder, reads the text, explains it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import numpy as np

from byheart.core.explanation import EXPLANATIONS, Explanation, copy_answers, weakest_explanations
from byheart.core.progress import Progress, silent
from byheart.core.units import nats_to_bits
from byheart.errors import CapabilityError, FingerprintError
from byheart.stats.bootstrap import MIN_CLUSTERS
from byheart.study.attributed_text import AttributedToken, Attribution, shares_of
from byheart.study.attribution_plan import AttributionPlan
from byheart.study.score_job import documents_of, open_scorer
from byheart.study.scorers import Scorer
from byheart.study.text_batches import Batch, in_batches
from byheart.study.text_ladder import TextLadder, open_ladder
from byheart.study.token_table import rows

STAGE = "explain"


def attribute(plan: AttributionPlan, *, read_stdin: Callable[[], str], on_progress: Progress = silent) -> Attribution:
    """Explains what a predictor says in each place of a text.

    Args:
        plan: what, and by what.
        read_stdin: gives the text of standard input; called only where the plan asks for it.
        on_progress: hears of every stage.
    Raises:
        SourceError: text, index or model cannot be read.
        FormatError, FingerprintError: the index is damaged, or has other tokens than the model.
        CapabilityError: the model does not tell its most probable token, or the index is of bytes or in several shards.
        InputError: the calibration text is not fit for it.
    Cost: one pass of the model, and one of each memorizer that ranks the whole vocabulary.
    """
    stream, total_bytes = documents_of(plan.score_plan, read_stdin)
    # A text that cannot be read is named before a model is loaded for nothing, and the floor's text is held against it.
    documents = list(stream)
    tokens: list[AttributedToken] = []
    num_documents = done = 0
    with ExitStack() as until_scored:
        scorer = open_scorer(plan.score_plan, until_scored, on_progress=on_progress)
        ladder = open_ladder(plan, documents, on_progress=on_progress)
        _check_same_tokens(scorer, ladder)
        for chosen in in_batches(iter(documents)):
            batch = scorer.encoder.batch(chosen, with_places=True)
            on_progress(STAGE, done, max(total_bytes, done + batch.num_bytes))
            tokens += explained(batch, scorer, ladder, num_documents)
            num_documents += len(chosen)
            done += batch.num_bytes
            on_progress(STAGE, done, max(total_bytes, done))
    carries = num_documents >= MIN_CLUSTERS
    note = "" if carries else f"Shares of this very text: an interval for others needs {MIN_CLUSTERS} documents."
    return Attribution(
        subject=scorer.name,
        num_documents=num_documents,
        tokens=tuple(tokens),
        shares=shares_of(tokens, num_documents),
        has_intervals=carries,
        notes=(*scorer.notes, *ladder.notes, *([note] if note else [])),
    )


def _check_same_tokens(scorer: Scorer, ladder: TextLadder) -> None:
    if scorer.encoder.fingerprint != ladder.index.tokenizer_fingerprint:
        raise FingerprintError(
            f"The index has other tokens than {scorer.name}.",
            why="It was made with another tokenizer, so that the two never say the same.",
            next_step="Make it with the model's: byheart index SOURCE -o IDX --unit tokens --tokenizer MODEL",
        )


def explained(batch: Batch, scorer: Scorer, ladder: TextLadder, first_document: int) -> Iterator[AttributedToken]:
    """The tokens of a batch with their explanations.

    Args:
        batch: with the places of its tokens.
        scorer: who predicts.
        ladder: who explains.
        first_document: number of the batch's first document.
    Raises:
        CapabilityError: the scorer does not tell its most probable token.
    """
    scores = scorer.score(batch, in_full=True)
    if scores.argmax_ids is None:
        raise CapabilityError(
            f"{scorer.name} does not tell its most probable token.",
            why="Without it there is nothing to explain.",
            next_step="Attribute a model whose weights are here.",
        )
    table = rows(batch, scores, np.arange(batch.token_ids.size), scorer.encoder.unknown_id)
    texts: dict[int, str] = {}
    for number, (start, stop) in enumerate(batch.spans(), start=first_document):
        ids, said = batch.token_ids[start:stop], scores.argmax_ids[start:stop]
        beside = ladder.read(ids)
        answers = {**beside.answers, Explanation.COPY: [copy_answers(ids)]}
        own = weakest_explanations(said, answers)
        other = beside.unrelated
        floor = None if other is None else weakest_explanations(other, answers)
        logs = scores.log_probabilities_nats[start:stop]
        saved = None if beside.mixture_nats is None else logs - beside.mixture_nats
        for place in range(ids.size):
            row, predicted = next(table), int(said[place])
            if predicted not in texts:
                texts[predicted] = scorer.encoder.text_of(predicted)
            yield AttributedToken(
                document=row.document,
                document_index=number,
                start=row.start,
                stop=row.stop,
                text=row.text,
                token_id=row.token_id,
                is_end=row.is_end,
                predicted_id=predicted,
                predicted=texts[predicted],
                is_right=predicted == row.token_id,
                explanation=EXPLANATIONS[own[place]],
                bits=row.bits,
                bits_saved=None if saved is None else nats_to_bits(float(saved[place])),
                floor=None if floor is None else EXPLANATIONS[floor[place]],
                floor_is_right=None if other is None else bool(other[place] == row.token_id),
            )
