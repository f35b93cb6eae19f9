"""All of `byheart score`: opens the predictor, reads the text, scores it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain
from pathlib import Path

from byheart import memorizers
from byheart.core.predictor import Scores
from byheart.core.progress import Progress, silent
from byheart.core.tokens import TokenIds
from byheart.core.visible import visible
from byheart.corpus.documents import Document
from byheart.corpus.readers import stored_bytes, stream
from byheart.errors import CapabilityError, SourceError
from byheart.index.corpus_index import Index
from byheart.models import is_endpoint, load_model
from byheart.models.endpoint.limits import Limits
from byheart.study.calibration_overlap import CalibrationOverlap
from byheart.study.endpoint_answers import answers_of_score
from byheart.study.indexing import chosen_tokenizer
from byheart.study.lookup import TOKENIZER_FOLDER, Lookup
from byheart.study.score_cache import score_cache
from byheart.study.score_plan import STDIN, ScorePlan
from byheart.study.scorers import MemorizerScorer, ModelScorer, Scorer
from byheart.study.text_batches import Encoder, in_batches
from byheart.study.text_score import TextScore, score_text
from byheart.study.token_table import Wanted

_PACKED = (".gz", ".zst", ".parquet")


def run_score(
    plan: ScorePlan,
    *,
    read_stdin: Callable[[], str],
    wanted: Wanted = "none",
    limits: Limits | None = None,
    on_progress: Progress = silent,
) -> TextScore:
    """Scores a text with a predictor.

    Args:
        plan: what, and with what.
        read_stdin: gives the text of standard input; called only where the plan asks for it.
        wanted: tokens of the table.
        limits: how hard an endpoint may be asked; they decide no number.
        on_progress: hears of every stage.
    Raises:
        SourceError: text, index or model cannot be read.
        FormatError, FingerprintError: the index is damaged, or has another tokenizer.
        CapabilityError: the index has several shards, or models cannot be opened here.
        InputError: the index holds the calibration text, or most of what is scored is calibration text.
    """
    documents, total_bytes = documents_of(plan, read_stdin)
    # A text that cannot be read is named before a model is loaded for nothing.
    first = next(documents)
    with ExitStack() as until_scored:
        scorer = open_scorer(plan, until_scored, limits=limits, on_progress=on_progress)
        overlap = CalibrationOverlap(_calibration_documents(plan))
        score = score_text(
            scorer,
            overlap.watched(chain([first], documents)),
            wanted=wanted,
            total_bytes=total_bytes,
            on_progress=on_progress,
        )
    return replace(score, notes=(*score.notes, *overlap.notes()))


def documents_of(plan: ScorePlan, read_stdin: Callable[[], str]) -> tuple[Iterator[Document], int]:
    """The text that is scored, and its bytes where they are known, else 0.

    Args:
        plan: names it.
        read_stdin: gives the text of standard input; called only where the plan asks for it.
    Raises:
        SourceError: it cannot be read.
    """
    if plan.source == STDIN:
        text = read_stdin()
        return _of_stdin(text, lines=plan.lines), len(text.encode())
    # What a packed file will unpack to is not known.
    total_bytes = 0 if plan.source.lower().endswith(_PACKED) else stored_bytes(plan.source)
    return stream(plan.source, lines=plan.lines, skip_bad=plan.skip_bad), total_bytes


def _of_stdin(text: str, *, lines: bool) -> Iterator[Document]:
    """The documents of standard input, as of a text file.

    Raises:
        SourceError: there are none.
    """
    # Line feeds alone end a line, as in files.
    parts = ((f"{STDIN}:{number}", line.removesuffix("\r")) for number, line in enumerate(text.split("\n"), start=1))
    found = [Document(name, part) for name, part in parts if part.strip()] if lines else [Document(STDIN, text)]
    if not found or not text:
        raise SourceError("Standard input is empty.", next_step="Pipe the text in, or name a file.")
    yield from found


def open_scorer(
    plan: ScorePlan, until_scored: ExitStack, *, limits: Limits | None = None, on_progress: Progress = silent
) -> Scorer:
    """Opens what the plan scores with.

    Args:
        plan: names it.
        until_scored: closes what has to be closed once the text is scored.
        limits: how hard an endpoint may be asked.
        on_progress: hears of loading and learning.
    Raises:
        SourceError, FormatError, FingerprintError, CapabilityError, InputError: as `run_score`.
    """
    name = plan.memorizer
    if name is None:
        loaded = load_model(
            plan.model,
            adapter=plan.adapter,
            tokenizer=plan.tokenizer,
            chat=plan.chat,
            limits=limits,
            device=plan.device,
            dtype=plan.dtype,
            on_progress=on_progress,
        )
        until_scored.enter_context(answers_of_score(plan, loaded.predictor))
        if not isinstance(loaded.predictor, Scores):
            raise CapabilityError(
                f"{loaded.predictor.name} gives no log-probabilities of a given text.",
                # Of an endpoint they tell what was found wrong with its numbers, if anything was.
                why=" ".join((f"Its access level is: {loaded.predictor.access}.", *loaded.notes)),
                next_step="Give the tokenizer of its model with --tokenizer; docs/models.md tells what else to do.",
            )
        # Of an endpoint they tell what it shows, which here is clear from what was scored.
        notes = () if is_endpoint(plan.model) else loaded.notes
        return ModelScorer(loaded.predictor, Encoder(loaded.tokenizer), score_cache(), notes)
    lookup = open_lookup(Path(plan.index), plan.tokenizer)
    encoder = Encoder(lookup.tokenizer)
    texts, notes = calibration_texts(plan, encoder, on_progress=on_progress)
    on_progress(f"learn {name}", 0, 1)
    memorizer = memorizers.build(
        name,
        lookup.index,
        vocabulary_size=encoder.vocabulary_size,
        end_id=encoder.end_id,
        calibration=texts,
    )
    on_progress(f"learn {name}", 1, 1)
    return MemorizerScorer(memorizer, encoder, lookup.index.unit, notes)


def calibration_texts(
    plan: ScorePlan, encoder: Encoder, *, on_progress: Progress = silent
) -> tuple[list[TokenIds], tuple[str, ...]]:
    """The texts that the mixture's weights are fitted on, each with its end, and what a reader is told of them.

    Args:
        plan: names their sources.
        encoder: of the index.
        on_progress: hears of reading.
    Raises:
        SourceError: a source cannot be read.
    """
    if not plan.calibration:
        return [], ()
    texts: list[TokenIds] = []
    for documents in in_batches(_calibration_documents(plan, on_progress=on_progress)):
        batch = encoder.batch(documents, with_places=False)
        texts += [batch.token_ids[start:stop] for start, stop in batch.spans()]
    size = sum(text.size for text in texts)
    note = f"The weights of its members were fitted on {size:,} tokens of {len(texts):,} calibration documents."
    return texts, (note,)


def _calibration_documents(plan: ScorePlan, *, on_progress: Progress = silent) -> Iterator[Document]:
    for source in plan.calibration:
        yield from stream(source, lines=plan.lines, skip_bad=plan.skip_bad, on_progress=on_progress)


def open_lookup(folder: Path, tokenizer: str) -> Lookup:
    """An index with its tokenizer: the one that is given, else the one that it carries.

    Args:
        folder: of the index.
        tokenizer: file or folder; empty for the index's own.
    Raises:
        SourceError, FormatError, FingerprintError: it is missing, carries none, is damaged, or is another's.
    """
    if tokenizer:
        given = chosen_tokenizer(tokenizer, ())
        return Lookup(Index.open(folder, tokenizer_fingerprint=given.fingerprint), given)
    try:
        return Lookup.open(folder)
    except SourceError as error:
        if not folder.is_dir() or (folder / TOKENIZER_FOLDER).is_dir():
            raise
        raise SourceError(
            f"The index {visible(str(folder))} carries no tokenizer.",
            why="It holds token ids, and was not written by `byheart index`.",
            next_step="Name the tokenizer that made them: --tokenizer FOLDER|tokenizer.json",
        ) from error
