r"""Tables of n-grams as text that KenLM, SRILM and others read and write: ARPA files.

`\data\`, one line `ngram k=N` for each order, then for each order `\k-grams:` and N lines of log10 probability, words
and log10 backoff (none where nothing follows), then `\end\`. Words are parted by ASCII blanks.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from byheart.core.visible import visible
from byheart.errors import InputError
from byheart.memorizers.ngram_table import NgramTable

START, END = "<s>", "</s>"
NEVER = -99.0
"""log10; how ARPA files write the probability of what is never predicted."""
_BLANK = re.compile("[\x00\x09-\x0d ]")


def write_arpa(table: NgramTable, names: Sequence[str], path: Path, *, end_id: int) -> None:
    """Writes a table, with as many digits as make it the same when read.

    Args:
        table: of a Markov memorizer.
        names: a word for each token id, different from each other, without ASCII blanks; for KenLM one must be "<unk>".
            That of the end token is not used: it is written as </s>.
        path: the file; one that exists is replaced.
        end_id: the end token.
    Raises:
        InputError: names that an ARPA file cannot hold.
    Cost: the words of all n-grams of two orders in memory.
    """
    _check(names, end_id, table.vocabulary_size)
    starts = table.order_starts.tolist()
    last_words = [*names, END]
    ngrams = [*names, START]
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("\\data\\\n")
        file.writelines(f"ngram {k}={stop - first}\n" for k, (first, stop) in enumerate(pairwise(starts), start=1))
        file.write("\n\\1-grams:\n")
        file.writelines(_unigram_lines(table, ngrams, end_id))
        for order in range(2, table.order + 1):
            ngrams = _longer_ngrams(table, ngrams, last_words, order)
            file.write(f"\n\\{order}-grams:\n")
            file.writelines(_lines(table, ngrams, starts[order - 1], starts[order]))
        file.write("\n\\end\\\n")


def _check(names: Sequence[str], end_id: int, vocabulary_size: int) -> None:
    plain = [name for token, name in enumerate(names) if token != end_id]
    wrong = next((name for name in plain if not _is_word(name)), None)
    if len(names) != vocabulary_size:
        why = f"There are {len(names)} names for {vocabulary_size} tokens."
    elif wrong is not None:
        why = f"The name {visible(wrong)!r} is empty, reserved, no UTF-8 or has a blank."
    elif len(set(plain)) < len(plain):
        why = "Two names are equal."
    else:
        return
    raise InputError(
        "These names cannot be written to an ARPA file.",
        why=why,
        next_step="Give each token a name of its own without blanks, for example t17.",
    )


def _is_word(name: str) -> bool:
    encodable = name.encode(errors="replace").decode() == name
    return bool(name) and encodable and not _BLANK.search(name) and name not in (START, END)


def _longer_ngrams(table: NgramTable, contexts: list[str], last_words: list[str], order: int) -> list[str]:
    """The words of every n-gram of an order, given those of the order below."""
    first, middle, stop = table.order_starts[order - 2 : order + 1]
    sizes = np.diff(table.first_children[first : middle + 1])
    parents = np.repeat(np.arange(sizes.size), sizes).tolist()
    tokens = table.tokens[middle:stop].tolist()
    return [f"{contexts[parent]} {last_words[token]}" for parent, token in zip(parents, tokens, strict=True)]


def _lines(table: NgramTable, ngrams: Sequence[str], first: int, stop: int) -> Iterator[str]:
    """The lines of the n-grams first..stop-1."""
    probabilities = np.log10(table.probabilities[first:stop]).tolist()
    if first >= table.backoffs.size:
        yield from (f"{probability!r}\t{ngram}\n" for probability, ngram in zip(probabilities, ngrams, strict=True))
        return
    follows = (np.diff(table.first_children[first : stop + 1]) > 0).tolist()
    backoffs = np.log10(table.backoffs[first:stop]).tolist()
    for probability, ngram, backoff, used in zip(probabilities, ngrams, backoffs, follows, strict=True):
        yield f"{probability!r}\t{ngram}\t{backoff!r}\n" if used else f"{probability!r}\t{ngram}\n"


def _unigram_lines(table: NgramTable, names: Sequence[str], end_id: int) -> Iterator[str]:
    """Those of the tokens, then </s> and <s>, which are one node: the end's probability and the start's backoff."""
    border = table.vocabulary_size
    for token, line in enumerate(_lines(table, names[:border], 0, border)):
        if token != end_id:
            yield line
    (end,) = _lines(table, [END], border, border + 1)
    probability, _, *backoff = end.rstrip("\n").split("\t")
    yield f"{probability}\t{END}\n"
    yield "\t".join([repr(NEVER), START, *backoff]) + "\n"
