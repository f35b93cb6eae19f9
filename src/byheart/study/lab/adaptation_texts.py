"""What the adaptation experiment reads: an old domain and a new one, made by a known rule or taken from real code."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from byheart.audits.adaptation_lab_params import Params, TextSize
from byheart.core.tokens import TokenIds
from byheart.corpus.documents import Corpus, Document
from byheart.corpus.encoded import EncodedDocument
from byheart.corpus.readers import read
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import InputError

_LEFT_OUT = ("encodings/", "pydoc_data/")
"""Tables, and prose in string literals."""
_LARGEST_BYTES = 24_000
"""Of a document, so that none is most of the text."""

_TEXTS_AT_ONCE = 32
"""That are encoded before looking whether they are enough."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Documents of one domain."""

    names: tuple[str, ...]
    """Of the documents."""
    documents: tuple[TokenIds, ...]
    """Token ids; the size of each is a multiple of the context's."""
    num_bytes: tuple[int, ...]
    """Of each document."""

    def first(self, num_documents: int) -> "Part":
        """Its first documents."""
        kept = slice(num_documents)
        return Part(names=self.names[kept], documents=self.documents[kept], num_bytes=self.num_bytes[kept])


@dataclass(frozen=True, kw_only=True)
class Domains:
    """One kind of text, cut for an experiment. No document is in two parts."""

    vocabulary_size: int
    """Token ids are 0..vocabulary_size-1."""
    end_id: int
    """The end of a document, and what stands before its first token."""
    old: Part
    """To learn from."""
    seen: Part
    """The beginnings of some documents of `old`, to be asked about."""
    calibration: Part
    """Of the old domain, for the first weights of the mixture."""
    old_unseen: Part
    """Of the old domain, to be asked about."""
    new: Part
    """Of the new domain, to adapt to."""
    new_unseen: Part
    """Of the new domain, to be asked about."""
    floor_bits_per_byte: float | None
    """What no predictor can do without, of either domain, where the rule is known."""


def made_domains(params: Params, *, rng: np.random.Generator) -> Domains:
    """Documents of symbols, each written as one byte, that follow a rule over a distance.

    Definition:
        x_t uniform over V symbols for t < lag; then x_t = pi(x_{t - lag}) with probability 1 - noise, else uniform. pi
        is a permutation, drawn once for each domain: the rule is the same, its constants are others.
    Args:
        params: of the experiment.
        rng: draws permutations and symbols.
    Source: ours; theory.md A3. What stands `lag` places before depends on no shorter context, so that no n-gram of
        order up to lag, no rule over the last 7 tokens and no suffix that occurs twice can tell. A table of pairs
        `lag` places apart can (study/lab/adaptation_told.py).
    Differs: nothing.
    """
    size = params.made
    num_symbols, length = size.vocabulary_size - 1, size.context_tokens
    permutations = [rng.permutation(num_symbols) for _ in range(2)]

    def part(domain: int, num_documents: int, kind: str) -> Part:
        ids = rng.integers(num_symbols, size=(num_documents, length))
        for place in range(params.lag, length):
            follows = rng.random(num_documents) >= params.noise
            ids[follows, place] = permutations[domain][ids[follows, place - params.lag]]
        names = tuple(f"{kind} {number}" for number in range(num_documents))
        return Part(names=names, documents=tuple(ids.astype(np.int32)), num_bytes=(length,) * num_documents)

    old = part(0, size.old_tokens // length, "old")
    return Domains(
        vocabulary_size=size.vocabulary_size,
        end_id=num_symbols,
        old=old,
        seen=old.first(size.num_documents),
        calibration=part(0, size.num_documents, "calibration"),
        old_unseen=part(0, size.num_documents, "old, unseen"),
        new=part(1, max(params.new_tokens) // length, "new"),
        new_unseen=part(1, size.num_documents, "new, unseen"),
        floor_bits_per_byte=source_bits(params),
    )


def source_bits(params: Params) -> float:
    """Bits per symbol of made text under its own rule.

    Definition:
        (lag log2 V + (S - lag) H) / S, H = -(1 - e) log2(1 - e) - e log2(e / (V - 1)), e = noise (V - 1) / V: noise
        draws the right symbol too, once in V times. S is the length of a document.
    Args:
        params: of the experiment.
    Returns:
        bits per symbol, which is a byte.
    Source: Shannon 1948, the entropy of a source.
    Differs: nothing.
    """
    num_symbols, length = params.made.vocabulary_size - 1, params.made.context_tokens
    wrong = params.noise * (num_symbols - 1) / num_symbols
    following = 0.0
    if 0 < wrong < 1:
        following = -(1 - wrong) * np.log2(1 - wrong) - wrong * np.log2(wrong / (num_symbols - 1))
    return float((params.lag * np.log2(num_symbols) + (length - params.lag) * following) / length)


def real_domains(params: Params, *, rng: np.random.Generator) -> Domains:
    """Python code of this machine's standard library without comments, and the docstrings of other such files.

    Args:
        params: of the experiment; the tokenizer is trained on the old domain alone.
        rng: draws which files are what.
    Raises:
        InputError: the library is too small for these sizes.
    """
    size = params.real
    sources = library_sources()
    order = rng.permutation(len(sources)).tolist()
    half = len(order) // 2  # a file gives code or prose, never both, so that no name is met again across the domains
    code = [(sources[i][0], sources[i][1]) for i in order[:half]]
    prose = [(sources[i][0], sources[i][2]) for i in order[half:]]
    # Some files are too short to be asked about, so that more are set apart than are needed: what is held out or
    # weighs the mixture is not in the tokenizer's text.
    held, most = size.num_documents, 4 * size.context_tokens
    apart = 3 * held
    tokenizer = Tokenizer.train(
        Corpus(tuple(Document(name, text, "") for name, text in code[apart:])), size.vocabulary_size
    )
    asked = _encoded(code[:apart], tokenizer, size, 2 * held, 0)
    if len(asked) < 2 * held:
        raise _too_small(f"{2 * held - len(asked)} documents")
    old = _encoded(code[apart:], tokenizer, size, 0, size.old_tokens)
    new = _encoded(prose, tokenizer, size, held, max(params.new_tokens))
    learned = _cut(old, size, num_tokens=size.old_tokens)
    # The last of them may be cut.
    whole = [document for document in old if document.name in learned.names[:-1]]
    return Domains(
        vocabulary_size=tokenizer.vocabulary_size,
        end_id=tokenizer.end_id,
        old=learned,
        seen=_cut(whole[:held], size, most_tokens=most),
        calibration=_cut(asked[held : 2 * held], size),
        old_unseen=_cut(asked[:held], size, most_tokens=most),
        new=_cut(new[held:], size, num_tokens=max(params.new_tokens)),
        new_unseen=_cut(new[:held], size, most_tokens=most),
        floor_bits_per_byte=None,
    )


@cache
def library_sources() -> tuple[tuple[str, str, str], ...]:
    """Name, code without comments and docstrings, and docstrings of each file of the standard library that parses."""
    found = []
    for document in read("stdlib").deduplicated():
        if not document.name.startswith(_LEFT_OUT):
            code, prose = code_and_prose(document.text)
            if code:
                found.append((document.name, code[:_LARGEST_BYTES], prose[:_LARGEST_BYTES]))
    return tuple(found)


def code_and_prose(text: str) -> tuple[str, str]:
    """The code of a Python file as `ast.unparse` writes it, without comments and docstrings; and the docstrings.

    Args:
        text: of the file; untrusted, parsed and never run.
    Returns:
        two empty texts where it does not parse.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return "", ""
    said = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node)
            if docstring is not None:
                said.append(docstring)
                node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree), "\n\n".join(said)


def _encoded(
    texts: Sequence[tuple[str, str]], tokenizer: Tokenizer, size: TextSize, num_held: int, num_tokens: int
) -> list[EncodedDocument]:
    """The first documents that have a context's tokens: so many, and others with so many tokens in all."""
    found: list[EncodedDocument] = []
    for start in range(0, len(texts), _TEXTS_AT_ONCE):
        if (
            len(found) >= num_held
            and sum(document.num_tokens - size.context_tokens for document in found[num_held:]) >= num_tokens
        ):
            break
        some = texts[start : start + _TEXTS_AT_ONCE]
        encodings = tokenizer.encode_many([text for _, text in some])
        documents = [
            EncodedDocument(name, it.token_ids, it.byte_ends) for (name, _), it in zip(some, encodings, strict=True)
        ]
        found += [document for document in documents if document.num_tokens >= size.context_tokens]
    return found


def _cut(
    documents: Sequence[EncodedDocument],
    size: TextSize,
    *,
    most_tokens: int | None = None,
    num_tokens: int | None = None,
) -> Part:
    """Beginnings of the documents, each of a multiple of the context's tokens.

    Args:
        documents: each of a context's tokens or more.
        size: whose context.
        most_tokens: of each document; None: all.
        num_tokens: of them together, exactly; None: of all documents.
    """
    names, found, sizes = [], [], []
    left = None if num_tokens is None else num_tokens // size.context_tokens * size.context_tokens
    for document in documents:
        bounds = [it for it in (document.num_tokens, most_tokens, left) if it is not None]
        kept = min(bounds) // size.context_tokens * size.context_tokens
        if kept:
            names.append(document.name)
            found.append(np.ascontiguousarray(document.token_ids[:kept], dtype=np.int32))
            sizes.append(int(document.byte_ends[kept - 1]))
            left = None if left is None else left - kept
    if left or not found:
        raise _too_small(f"{left or size.context_tokens:,} tokens")
    return Part(names=tuple(names), documents=tuple(found), num_bytes=tuple(sizes))


def _too_small(missing: str) -> InputError:
    return InputError(
        "The standard library of this machine is too small for this experiment.",
        why=f"{missing} are missing.",
        next_step="Take a smaller profile.",
    )
