"""The memorizers of the trained-on text: what 'beyond memorization' is measured against."""

from collections.abc import Mapping

from byheart import memorizers
from byheart.core.audit import Profile
from byheart.core.material import MixtureWeights
from byheart.core.progress import Progress, silent
from byheart.core.tokens import TokenIds
from byheart.corpus.encoded import EncodedCorpus
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import InputError
from byheart.index.corpus_index import Index
from byheart.memorizers.infinigram import Infinigram
from byheart.memorizers.memorizer import Memorizer
from byheart.memorizers.mixture import COPY_TOKENS, Mixture

LOOKUP, BLIND = "lookup:infinigram", "blind:infinigram"
"""The poles: the infinigram that believes in every occurrence, built on the trained-on text and without it."""
FIRST = "infinigram"
"""The member whose corpus says how long a match is."""
MIXTURE = "memorizer:mixture"
"""Its name in the results."""
DISTINCT = ("automaton", "markov")
"""Where the trained-on text repeats documents, these are also built of each document once: repetitions distort counts,
and a weak memorizer would flatter the model. In the demo their twins take 0.02 bits per byte off the mixture, those of
the others 0.001 together."""
SLOW = ("boolean", "automaton")
"""Building them takes seconds for every million tokens, and no one reads a corpus that large in a quick audit."""
QUICK_LIMIT_TOKENS = 2_000_000
"""Largest corpus of which a quick audit builds the slow ones."""
CALIBRATION_TOKENS = 100_000
"""Enough for a few weights in each of a dozen buckets of match lengths; more would take longer than the audits."""


def chosen_memorizers(num_tokens: int, profile: Profile, *, audited: str | None) -> tuple[tuple[str, ...], str]:
    """Which memorizers stand beside a model.

    Args:
        num_tokens: of the trained-on text.
        profile: of the audit.
        audited: the memorizer under test, which is built whatever it takes.
    Returns:
        names, FIRST first, and a sentence on those that are left out, empty where there are none.
    """
    known = [name for name in memorizers.NAMES if name != FIRST and f"memorizer:{name}" != MIXTURE]
    is_large = profile == "quick" and num_tokens > QUICK_LIMIT_TOKENS
    missing = [name for name in known if is_large and name in SLOW and name != audited]
    kept = (FIRST, *(name for name in known if name not in missing))
    if not missing:
        return kept, ""
    return kept, (
        f"Not run: the memorizers {' and '.join(missing)}. The trained-on text has {num_tokens:,} tokens, and a quick "
        f"audit builds them of at most {QUICK_LIMIT_TOKENS:,}; --profile standard builds them of any. The best "
        "memorizer is the best of the others."
    )


def build_pole(index: Index, tokenizer: Tokenizer) -> Memorizer:
    """Lookup pole of the trained-on text, blind pole of other text.

    It counts occurrences, so that what was repeated comes out, where the `memorizer:infinigram` of the yardstick counts
    neighbours and so predicts unseen text better. In the mixture it would take off 0.0004 bits per byte of the demo.
    """
    return Infinigram(index, vocabulary_size=tokenizer.vocabulary_size, end_id=tokenizer.end_id, counting="occurrences")


def build_memorizer(name: str, index: Index, tokenizer: Tokenizer) -> Memorizer:
    """A memorizer of an index of tokens."""
    return memorizers.build(name, index, vocabulary_size=tokenizer.vocabulary_size, end_id=tokenizer.end_id)


def build_yardstick(
    names: tuple[str, ...],
    index: Index,
    distinct: Index | None,
    tokenizer: Tokenizer,
    *,
    on_progress: Progress = silent,
) -> dict[str, Memorizer]:
    """The memorizers of a text, by their name in the results.

    Args:
        names: of `memorizers.NAMES`.
        index: of the trained-on tokens.
        distinct: the same with each document once, or None where no document is repeated.
        tokenizer: of both.
        on_progress: told who is being built.
    """
    planned = [(f"memorizer:{name}", name, index) for name in names]
    if distinct is not None:
        planned += [(f"distinct:{name}", name, distinct) for name in DISTINCT if name in names]
    members = {}
    for number, (title, name, source) in enumerate(planned):
        on_progress("build memorizers", number, len(planned), title)
        members[title] = build_memorizer(name, source, tokenizer)
    on_progress("build memorizers", len(planned), len(planned))
    return members


def fit_mixture(
    members: Mapping[str, Memorizer], calibration: EncodedCorpus, *, on_progress: Progress = silent
) -> tuple[Mixture | None, str]:
    """M6 over all the memorizers of a text.

    Args:
        members: by name; the first one's corpus decides how long a match is.
        calibration: unseen documents that are no controls, in random order; the first CALIBRATION_TOKENS of those count
            that the corpus does not hold as they are.
        on_progress: told before and after.
    Returns:
        the mixture; or None and a sentence that says why there is none.
    """
    on_progress("fit the mixture of memorizers", 0, 1)
    index = next(iter(members.values())).index
    texts: list[TokenIds] = []
    num_tokens = 0
    for document in calibration:
        ids = document.token_ids
        if num_tokens < CALIBRATION_TOKENS and 0 < ids.size and not (ids.size >= COPY_TOKENS and index.count(ids)):
            texts.append(ids[: CALIBRATION_TOKENS - num_tokens])
            num_tokens += texts[-1].size
    try:
        mixture = Mixture(tuple(members.values()), calibration=texts)
    except InputError as error:
        return None, (
            "Not run: the mixture of the memorizers. Its weights are fitted on the half of the held-out documents that "
            f"is no control, without those that the trained-on text holds as parts. {error.why}"
        )
    on_progress("fit the mixture of memorizers", 1, 1)
    return mixture, ""


def mixture_weights(mixture: Mixture, members: Mapping[str, Memorizer]) -> MixtureWeights:
    """What the mixture says of itself, under the names of the results."""
    return MixtureWeights(
        members=tuple(members),
        bucket_starts=tuple(mixture.bucket_starts.tolist()),
        calibration_tokens=tuple(mixture.calibration_tokens.tolist()),
        weights=tuple(tuple(row) for row in mixture.weights.tolist()),
    )
