"""The demonstration: the whole line on real input, with a true positive and a true negative built in.

Corpus: a sample of this machine's Python standard library, plus passages of other documents of it, planted by coin flip
once, 4, 16 or 64 times; each planted passage has an unplanted twin among the held-out documents. A small transformer is
trained on the corpus, then audited like any other model: `byheart audit RUN/small-transformer` with the files of
RUN/material gives the same results, and those of the audits that two minutes have no room for.
"""

import json
from collections.abc import Callable
from pathlib import Path

from byheart.core.codec import dumps
from byheart.core.progress import Progress, silent
from byheart.core.run_record import RunRecord
from byheart.core.streams import stream
from byheart.corpus.atomic_file import write_durably
from byheart.corpus.canaries import absent, flip_pairs, plant, twins, write_canaries
from byheart.corpus.documents import Corpus
from byheart.corpus.passages import passages
from byheart.corpus.readers import read
from byheart.corpus.splits import split
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import ConfigError
from byheart.study.commands import demo_command
from byheart.study.execute import execute
from byheart.study.plan import StudyPlan
from byheart.study.run_folder import RunFolder
from byheart.study.training import fit
from byheart.study.warming import compiling

REPETITIONS = (1, 4, 16, 64)
PAIRS_PER_REPETITION = 12
PASSAGE_TOKENS = 100
TRAINED_ON_BYTES = 180_000
HELD_OUT_BYTES = 900_000
SMALLEST_DOCUMENT_BYTES, LARGEST_DOCUMENT_BYTES = 1_000, 20_000
MODEL_FOLDER = "small-transformer"
VOCABULARY_SIZE = 2048
NUM_STEPS = 800


AUDITS = ("extraction", "membership", "adaptation", "attribution", "novelty", "propensity")
"""Memory, and what every memorizer is measured against; the other axes take their time of a model that is worth it."""
NOT_ASKED = (
    "Not asked in two minutes: context, interpolation and complexity. `byheart audit` asks them of any model, "
    "`byheart lab all` of networks that are trained for them."
)
PLANTED = (
    f"{PAIRS_PER_REPETITION * len(REPETITIONS)} of the trained-on passages were planted, "
    f"{PAIRS_PER_REPETITION} each {', '.join(map(str, REPETITIONS[:-1]))} and {REPETITIONS[-1]} times. "
    "Their copies are most of the trained-on text and they are about half of the windows, so the overall rate follows "
    "from them: read it by occurrences. "
    "Natural text of the library stands under 1 (beside 12 passages planted once) and under 2-3."
)
"""Said on the page: the demo's overall rate is a fact about its design."""


def _prose(library: Corpus) -> Corpus:
    """The library without encodings/: its tables copy one another, so that no table is unseen once one is known."""
    return Corpus(tuple(document for document in library if not document.name.startswith("encodings/")))


def _sample(corpus: Corpus, num_bytes: int) -> Corpus:
    """Documents of middling size, in order, up to a number of bytes: many small ones, for intervals' sake."""
    kept, size = [], 0
    for document in corpus:
        if SMALLEST_DOCUMENT_BYTES <= document.num_bytes <= LARGEST_DOCUMENT_BYTES and size < num_bytes:
            kept.append(document)
            size += document.num_bytes
    return Corpus(tuple(kept))


def _write(corpus: Corpus, path: Path) -> None:
    lines = (dumps({"name": document.name, "text": document.text}) + "\n" for document in corpus)
    write_durably(path, "".join(lines).encode("ascii"))


def prepare(folder: Path, seed: int, *, on_progress: Progress = silent) -> tuple[Tokenizer, Corpus, Corpus]:
    """Makes the demo's two sides from the standard library and writes them to RUN/material.

    Args:
        folder: the run folder.
        seed: root of the random streams.
        on_progress: told about reading and tokenizer training.
    Returns:
        the tokenizer, the trained-on corpus with its planted passages, and the held-out corpus with their twins.
    """
    library = _prose(read("stdlib", on_progress=on_progress).deduplicated())
    parts = split(library, calibration_share=0.3, held_out_share=0.3, rng=stream(seed, "demo", "split"))
    natural, unseen = _sample(parts.train, TRAINED_ON_BYTES), _sample(parts.held_out, HELD_OUT_BYTES)
    tokenizer = Tokenizer.train(parts.train, VOCABULARY_SIZE, on_progress=on_progress)
    num = 2 * PAIRS_PER_REPETITION * len(REPETITIONS)
    found = passages(
        parts.calibration, tokenizer, num_tokens=PASSAGE_TOKENS, num=num + 24, rng=stream(seed, "demo", "passages")
    )
    texts = absent(absent(found, natural), unseen)[:num]
    canaries = flip_pairs(texts, kind="passage", repetitions=REPETITIONS, rng=stream(seed, "demo", "flips"))
    trained_on = plant(natural, canaries, rng=stream(seed, "demo", "plant"))
    held_out = Corpus((*unseen, *twins(canaries)))
    material = folder / "material"
    material.mkdir(parents=True, exist_ok=True)
    _write(trained_on, material / "trained-on.jsonl")
    _write(held_out, material / "held-out.jsonl")
    write_canaries(material / "canaries.jsonl", canaries)
    return tokenizer, trained_on, held_out


def run_demo(
    folder: Path,
    seed: int,
    *,
    render: Callable[[RunRecord], str] | None,
    on_progress: Progress = silent,
) -> RunRecord:
    """Prepares, trains and audits into a run folder; resumes what is there.

    Args:
        folder: the run folder.
        seed: root of all random streams.
        render: the report's page, or None.
        on_progress: told about every stage.

    Raises:
        ConfigError: the folder holds another study, or a demo with another seed.
    """
    run = RunFolder(folder)
    plan = StudyPlan(
        model=str(folder / MODEL_FOLDER),
        trained_on=(str(folder / "material" / "trained-on.jsonl"),),
        held_out=(str(folder / "material" / "held-out.jsonl"),),
        audits=AUDITS,
        seed=seed,
    )
    if folder.exists() and any(folder.iterdir()) and not (folder / "plan.toml").exists():
        raise ConfigError(f"{folder} holds other files.", next_step="Choose another folder with -o.")
    run.begin(plan)
    trained = folder / MODEL_FOLDER / "trained.json"
    if not trained.exists():
        model = folder / MODEL_FOLDER
        with compiling(on_progress=on_progress):
            tokenizer, trained_on, held_out = prepare(folder, seed, on_progress=on_progress)
            result = fit(tokenizer, trained_on, held_out, model, NUM_STEPS, seed=seed, on_progress=on_progress)
        about = {"num_steps": NUM_STEPS, "num_tokens": result.num_tokens, "seconds": result.seconds}
        write_durably(trained, json.dumps(about).encode())
    return execute(
        plan,
        folder,
        title="a small transformer trained on this machine's Python standard library",
        command=demo_command(seed),
        notes=(PLANTED, NOT_ASKED),
        render=render,
        on_progress=on_progress,
    )
