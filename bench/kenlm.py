"""markov beside KenLM on the same words: `python bench/kenlm.py BIN`, BIN with KenLM's lmplz, build_binary and query.

Corpus: the lines of the standard library, words between blanks, a line a document; every tenth file is held out. KenLM
0.3.0: cmake -DCMAKE_BUILD_TYPE=Release, then make lmplz build_binary query. Both sides run on one core.
"""

import argparse
import math
import re
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from byheart.corpus.documents import Corpus, Document
from byheart.corpus.readers import read
from byheart.corpus.tokenizer import Tokenizer
from byheart.index import Index
from byheart.memorizers.arpa import write_arpa
from byheart.memorizers.arpa_reading import read_arpa
from byheart.memorizers.markov import Markov

T = TypeVar("T")
ORDER = 5
RESERVED = {"<s>", "</s>", "<unk>"}


def lines_of(documents: list[Document]) -> list[str]:
    """Non-empty lines, without KenLM's own words."""
    lines = (" ".join(w for w in line.split() if w not in RESERVED) for d in documents for line in d.text.split("\n"))
    return [line for line in lines if line]


def best(work: Callable[[], T]) -> tuple[float, T]:
    """Fewest seconds of three calls, and what the last returned."""
    seconds = math.inf
    for _ in range(3):
        started = time.perf_counter()
        found = work()
        seconds = min(seconds, time.perf_counter() - started)
    return seconds, found


def run(command: list[str | Path], source: Path | None = None) -> tuple[float, str]:
    """Fewest seconds of three runs, and what the last printed."""

    def once() -> str:
        text = source.read_bytes() if source else b""
        done = subprocess.run(command, input=text, capture_output=True, check=True)
        return (done.stdout + done.stderr).decode()

    return best(once)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bin", type=Path)
    parser.add_argument("--source", default="stdlib")
    parser.add_argument("--tokens", type=int, default=2_400_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        compare(arguments.bin, arguments.source, arguments.tokens, Path(folder))


def compare(kenlm: Path, source: str, num_tokens: int, folder: Path) -> None:
    """Both sides, one after the other."""
    documents = list(read(source))
    train = lines_of([d for i, d in enumerate(documents) if i % 10])
    ends = np.cumsum([line.count(" ") + 1 for line in train])
    train = train[: int(np.searchsorted(ends, num_tokens)) + 1]
    held_out = lines_of(documents[::10])
    (folder / "train.txt").write_text("\n".join(train) + "\n", "utf-8")
    (folder / "held_out.txt").write_text("\n".join(held_out) + "\n", "utf-8")
    arpa, binary = folder / "kenlm.arpa", folder / "kenlm.bin"
    build_seconds, log = run([kenlm / "lmplz", "-o", str(ORDER), "-S", "2G", "--arpa", arpa], folder / "train.txt")
    run([kenlm / "build_binary", arpa, binary])
    query_seconds, answer = run([kenlm / "query", "-v", "summary", binary], folder / "held_out.txt")
    orders = re.findall(r"^\d (\d+) D1=(\S+) D2=(\S+) D3\+=(\S+)", log, flags=re.MULTILINE)
    numbers = [int(found[0]) for found in orders]
    discounts = np.array([[float(x) for x in found[1:]] for found in orders])
    including, excluding = (float(x) for x in re.findall(r"OOVs:\s+(\d+\.\d+)", answer))

    tokenizer = Tokenizer.words(Corpus(tuple(Document(str(i), line) for i, line in enumerate(train))))
    encoded = [one.token_ids for one in tokenizer.encode_many(train)]
    size, end = tokenizer.vocabulary_size, tokenizer.end_id
    index = Index.build(encoded, [""] * len(encoded), unit="tokens", alphabet_size=size)
    Markov(Index.build(encoded[:9], [""] * 9, unit="tokens", alphabet_size=size), vocabulary_size=size, end_id=end)
    ours_seconds, markov = best(lambda: Markov(index, vocabulary_size=size, end_id=end, order=ORDER))
    asked = [one.token_ids for one in tokenizer.encode_many(held_out)]
    text = np.concatenate([np.append(ids, end) for ids in asked]).astype(np.int32)
    markov.log_probabilities_nats(text[:9])
    score_seconds, logs = best(lambda: markov.log_probabilities_nats(text))
    markov.score([text[:9]])
    full_seconds, _ = best(lambda: markov.score([text[:2_000]]))
    known = text != tokenizer.unknown_id
    ours_including, ours_excluding = math.exp(-logs.mean()), math.exp(-logs[known].mean())
    ours_numbers = [markov.num_ngrams[0] + len(["<s>", "<unk>"]), *markov.num_ngrams[1:]]

    num_train = int(sum(ids.size for ids in encoded))
    print(f"{num_train:,} tokens in {len(train):,} lines, {size:,} words; held out {text.size:,} tokens")
    print(f"n-grams of each order    KenLM {numbers}  byheart {ours_numbers}  equal {numbers == ours_numbers}")
    print(f"largest difference of a discount    {np.abs(discounts - np.array(markov.discounts)).max():.1e}")
    for name, theirs, ours in (("with", including, ours_including), ("without", excluding, ours_excluding)):
        print(f"perplexity {name} OOV    KenLM {theirs:.5f}  byheart {ours:.5f}  difference {ours / theirs - 1:.1e}")
    print(f"building, seconds    lmplz {build_seconds:.2f}  byheart after the index {ours_seconds:.2f}")
    print(f"scoring, million tokens/s    byheart {text.size / score_seconds / 1e6:.2f}")
    print(f"query, reading the model and the text, seconds    KenLM {query_seconds:.2f}")
    print(f"all statistics, thousand tokens/s    byheart {2.0 / full_seconds:.1f}")
    total = sum(ours_numbers)
    print(
        f"size    byheart {markov.size_bytes:,} bytes, {markov.size_bytes / total:.1f} an n-gram; KenLM "
        f"{binary.stat().st_size:,}, {binary.stat().st_size / total:.1f}"
    )
    words = [tokenizer.decode(np.array([token], dtype=np.int32)) for token in range(size)]
    started = time.perf_counter()
    write_arpa(markov.table, words, folder / "ours.arpa", end_id=end)
    written = time.perf_counter()
    again = read_arpa(folder / "ours.arpa")
    print(
        f"ARPA, seconds    writing {written - started:.1f}, reading {time.perf_counter() - written:.1f}; "
        f"{again.table.tokens.size:,} n-grams"
    )


if __name__ == "__main__":
    main()
