"""markov beside KenLM's lmplz and query on the same tokens, both on one core.

Two streams: the words of the library's lines, where half of the interest is in words that the corpus lacks, and the
BPE tokens of whole documents, written as numbers, which is the text of the other rows.
KenLM 0.3.0: cmake -DCMAKE_BUILD_TYPE=Release, then make lmplz build_binary query.
"""

import json
import math
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from contest.process import write_result
from contest.timing import best, timed

from byheart.core.tokens import TokenIds
from byheart.corpus.documents import Corpus, Document
from byheart.corpus.tokenizer import Tokenizer
from byheart.index import Index
from byheart.memorizers.arpa import write_arpa
from byheart.memorizers.arpa_reading import read_arpa
from byheart.memorizers.markov import Markov
from yardstick.library import facts_of, library, load

ORDER = 5
RESERVED = {"<s>", "</s>", "<unk>"}


@dataclass(frozen=True)
class Stream:
    """The same text for both: a line is a document."""

    train_lines: list[str]
    held_lines: list[str]
    train: list[TokenIds]
    held: list[TokenIds]
    names: list[str]
    """The word of each token."""
    end_id: int


@dataclass(frozen=True)
class Answer:
    """What one of the two says."""

    num_ngrams: list[int]
    """n-gram types of each order, <s> and <unk> included."""
    discounts: list[list[float]]
    perplexity: float
    perplexity_without_oov: float
    build_seconds: float
    tokens_per_second: float
    """Scoring; reading the text and the model is not counted."""
    size_bytes: int
    """KenLM: its binary file of the probing kind."""


def lines_of(corpus: Corpus) -> list[str]:
    """Non-empty lines, without KenLM's own words."""
    lines = (" ".join(w for w in line.split() if w not in RESERVED) for d in corpus for line in d.text.split("\n"))
    return [line for line in lines if line]


def words(train: list[str], held: list[str]) -> Stream:
    """Words between blanks."""
    tokenizer = Tokenizer.words(Corpus(tuple(Document(str(i), line) for i, line in enumerate(train))))
    names = [tokenizer.decode(np.array([token], dtype=np.int32)) for token in range(tokenizer.vocabulary_size)]
    names[tokenizer.end_id] = "</s>"
    ids, others = ([one.token_ids for one in tokenizer.encode_many(lines)] for lines in (train, held))
    return Stream(train, held, ids, others, names, tokenizer.end_id)


def numbers(folder: Path) -> Stream:
    """BPE tokens of whole documents as numbers."""
    facts, index = facts_of(folder), Index.open(folder / "train.idx")
    train = [index.document(i).astype(np.int32) for i in range(index.num_documents)]
    held = load(folder / "report.npz").tokens
    lines, others = ([" ".join(map(str, ids.tolist())) for ids in some] for some in (train, held))
    return Stream(lines, others, train, held, [str(i) for i in range(facts["vocabulary_size"])], facts["end_id"])


def run(command: Sequence[str | Path], text: bytes) -> tuple[float, str]:
    """Fewest seconds of three runs on one core, and what the last printed."""
    core = ["taskset", "-c", str(max(os.sched_getaffinity(0)))]

    def once() -> str:
        done = subprocess.run([*core, *command], input=text, capture_output=True, check=True)
        return (done.stdout + done.stderr).decode(errors="replace")

    return best(once)


def theirs(kenlm: Path, text: Stream, folder: Path) -> Answer:
    """KenLM's answer; its query without text is timed too and taken off."""
    arpa, binary = folder / "kenlm.arpa", folder / "kenlm.bin"
    train, held = ("\n".join(lines).encode() + b"\n" for lines in (text.train_lines, text.held_lines))
    build_seconds, log = run([kenlm / "lmplz", "-o", str(ORDER), "-S", "2G", "--arpa", arpa], train)
    run([kenlm / "build_binary", arpa, binary], b"")
    ask = [kenlm / "query", "-v", "summary", binary]
    query_seconds, said = run(ask, held)
    start_seconds, _ = run(ask, b"\n")
    orders = re.findall(r"^\d (\d+) D1=(\S+) D2=(\S+) D3\+=(\S+)", log, flags=re.MULTILINE)
    including, excluding = (float(x) for x in re.findall(r"OOVs:\s+(\d+\.\d+)", said))
    num_tokens = sum(ids.size + 1 for ids in text.held)
    return Answer(
        num_ngrams=[int(found[0]) for found in orders],
        discounts=[[float(x) for x in found[1:]] for found in orders],
        perplexity=including,
        perplexity_without_oov=excluding,
        build_seconds=build_seconds,
        tokens_per_second=num_tokens / max(query_seconds - start_seconds, 1e-9),
        size_bytes=binary.stat().st_size,
    )


def ours(text: Stream, folder: Path) -> tuple[Answer, dict[str, float]]:
    """markov's answer, and what its ARPA file costs; the end of a document is scored as a token, as KenLM does."""
    size = len(text.names)
    small = Index.build(text.train[:9], [""] * 9, unit="tokens", alphabet_size=size)
    Markov(small, vocabulary_size=size, end_id=text.end_id).log_probabilities_nats(text.train[0])
    index = Index.build(text.train, [""] * len(text.train), unit="tokens", alphabet_size=size)
    build_seconds, markov = best(lambda: Markov(index, vocabulary_size=size, end_id=text.end_id, order=ORDER))
    asked = np.concatenate([np.append(ids, text.end_id) for ids in text.held]).astype(np.int32)
    score_seconds, logs = best(lambda: markov.log_probabilities_nats(asked))
    held = np.zeros(size, dtype=np.bool_)
    held[np.concatenate([*text.train, np.array([text.end_id])])] = True
    answer = Answer(
        num_ngrams=[markov.num_ngrams[0] + len(["<s>", "<unk>"]), *markov.num_ngrams[1:]],
        discounts=[list(some) for some in markov.discounts],
        perplexity=math.exp(-logs.mean()),
        perplexity_without_oov=math.exp(-logs[held[asked]].mean()),
        build_seconds=build_seconds,
        tokens_per_second=asked.size / score_seconds,
        size_bytes=markov.size_bytes,
    )
    path = folder / "ours.arpa"
    write_seconds, _ = timed(lambda: write_arpa(markov.table, text.names, path, end_id=text.end_id))
    read_seconds, again = timed(lambda: read_arpa(path))
    return answer, {"write_seconds": write_seconds, "read_seconds": read_seconds, "ngrams": again.table.tokens.size}


def compare(kenlm: Path, text: Stream) -> dict[str, Any]:
    """Both answers to one stream."""
    with tempfile.TemporaryDirectory() as scratch:
        peer = theirs(kenlm, text, Path(scratch))
        own, arpa = ours(text, Path(scratch))
    sizes = {"train_tokens": sum(ids.size for ids in text.train), "held_tokens": sum(ids.size + 1 for ids in text.held)}
    lines = {"train_lines": len(text.train_lines), "vocabulary": len(text.names)}
    return {"kenlm": asdict(peer), "byheart": asdict(own), "arpa": arpa, **sizes, **lines}


def main(stream: str, kenlm: Path, folder: Path) -> dict[str, Any]:
    """One of the two streams."""
    if stream == "numbers":
        return compare(kenlm, numbers(folder))
    parts = library()
    return compare(kenlm, words(lines_of(parts.train), lines_of(parts.report)))


if __name__ == "__main__":
    write_result(
        sys.argv[-1], json.loads(json.dumps(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])), default=float))
    )
