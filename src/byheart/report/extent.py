"""What a run read, in a few words."""

import re

from byheart.core.run_record import RunRecord
from byheart.report import format as fmt
from byheart.report.comparison import model_of
from byheart.report.foreign_names import is_lab

_AXIS = re.compile(r"(?:^|; )(context|interpolation|adaptation|complexity|novelty|capacity): ")
"""What an older run of several experiments has before the data of each, in one line."""
_USUAL = frozenset(("source", "fingerprint", "documents", "bytes", "tokens"))
"""What is said of every corpus; a run of several experiments has a name of its own for each besides."""


def what_was_tested(record: RunRecord) -> str:
    """What was tested, on what and against what, in one sentence that is safe to show."""
    it, model, is_made = record.provenance, model_of(record), is_lab(record)
    who = "memorizers only" if model is None else model.label
    seen, unseen = (extent(corpus, is_made=is_made) for corpus in (it.trained_on, it.held_out))
    what = "data" if is_made else "text"
    return (
        f"Tested: {who}, on {what} that it was trained on ({seen}), against {what} that it cannot have seen ({unseen})."
    )


def extent(corpus: dict[str, str | int], *, is_made: bool) -> str:
    """A corpus in a few words, safe to show: what it is, documents, size, as far as they are known.

    Args:
        corpus: as in provenance.
        is_made: whether byheart made it and its source is said in words; else the ends of the paths are enough.
    """
    source = str(corpus.get("source", ""))
    axes = ([name for name in corpus if name not in _USUAL] or _AXIS.findall(source)) if is_made else []
    if len(axes) > 1:
        words = [f"data of {len(axes)} experiments ({', '.join(fmt.shown(name, 40) for name in axes)})"]
    else:
        source = source if is_made else ", ".join(_end(one) for one in source.split(", "))
        words = [fmt.shown(source, 200 if is_made else 80)] if source else []
    words += [f"{fmt.cell(corpus['documents'])} documents"] if "documents" in corpus else []
    num_bytes = corpus.get("bytes")
    words += [fmt.size(num_bytes)] if isinstance(num_bytes, int) else []
    return ", ".join(words) or "of unknown size"


def _end(path: str) -> str:
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1]
