"""The corpus index beside its peers: one corpus, one run, both sides measured. `make bench`, or

    python bench/index.py --corpus FILE --bytes 200e6

docs/benchmarks.md says what each row means. Peers live in an environment of their own (`make bench` makes .venv-bench);
one that is not installed is said to be missing, and its rows stay empty.
"""

import argparse
import datetime
import json
import platform
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from contest import corpus_place, process
from contest.report import rows_of
from contest.table import agreement, markdown, plain

ROOT = Path(__file__).parents[1]
CONTEXT_TOKENS = 200
RUSTY_DAWG_BYTES = 150
BUILDS = 2


def say(text: str) -> None:
    """Progress, on standard error."""
    print(text, file=sys.stderr, flush=True)


def processor() -> str:
    """The name that Linux gives the processor."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())


def missing_peers(python: str) -> list[str]:
    """Peers that the environment cannot import."""
    names = ("infini_gram", "rusty_dawg", "tokengrams")
    return [name for name in names if process.finished([python, "-c", f"import {name}"], folder=ROOT).code]


def part_tokens(num_tokens: int) -> int:
    """How much of the corpus rusty-dawg's automaton can hold in two thirds of the free memory."""
    lines = Path("/proc/meminfo").read_text("utf-8").splitlines()
    free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    return min(num_tokens, free * 2 // 3 // RUSTY_DAWG_BYTES)


def best_build(runs: list[dict[str, Any]], *times: str) -> dict[str, Any]:
    """The run with the fewest seconds."""
    return min(runs, key=lambda run: sum(run[name] for name in times))


def measure(material: Path, work: Path, peers: str, *, budget_seconds: float, most_part: int) -> dict[str, Any]:
    """Runs every side; a side that fails or is missing leaves no figures."""
    places, budget = (str(material), str(work)), str(budget_seconds)
    found: dict[str, Any] = {"facts": json.loads((material / "facts.json").read_text("utf-8"))}
    absent = missing_peers(peers)
    found["missing"] = absent
    for name in absent:
        say(f"  {name} is not installed for {Path(peers).name}; `make bench` installs it")
    say("memory")
    found["floor"] = process.side(sys.executable, "floor").result
    say("builds")
    process.side(sys.executable, "ours", "compile", *places)
    ours = [process.side(sys.executable, "ours", "build", *places) for _ in range(BUILDS)]
    found["build"] = best_build([run.result for run in ours], "sort_seconds", "save_seconds")
    found["build"]["peak_bytes"] = max(run.peak_bytes for run in ours)
    one = process.side(sys.executable, "ours", "build", *places, one_core=True).result
    found["build_one_core"] = one
    if "infini_gram" not in absent:
        process.side(peers, "infini_gram_side", "write", *places)
        runs = [process.side(peers, "infini_gram_side", "build", *places) for _ in range(BUILDS)]
        good = [run.result for run in runs if "seconds" in run.result]
        if good:
            found["infini_gram_build"] = best_build(good, "seconds")
    say("questions to byheart")
    found["ours"] = process.side(sys.executable, "ours", "ask", *places).result
    found["ours_one_core"] = process.side(sys.executable, "ours", "ask-texts", *places, one_core=True).result
    if "infini_gram_build" in found:
        say("questions to infini-gram")
        found["infini_gram"] = process.side(peers, "infini_gram_side", "ask", *places, budget).result
    if "tokengrams" not in absent:
        say("questions to tokengrams")
        found["tokengrams"] = process.side(peers, "tokengrams_side", "ask", *places, budget).result
    if "rusty_dawg" not in absent:
        say("rusty-dawg, and byheart on the same part of the corpus")
        part = str(most_part or part_tokens(found["facts"]["tokens"]))
        run = process.side(peers, "rusty_dawg_side", part, *places, budget)
        found["rusty_dawg"] = run.result | {"peak_bytes": run.peak_bytes}
        found["ours_part"] = process.side(sys.executable, "ours", "part", *places, part, one_core=True).result
    found["differing"] = agreement(work, CONTEXT_TOKENS)
    return found


def heading(found: dict[str, Any]) -> str:
    """What the figures are of: date, machine, corpus, and what one read of this memory costs."""
    facts, floor, ours = found["facts"], found["floor"], found["ours"]
    return (
        f"{found['date']}, {found['processor']}, {found['build']['cores']} cores, Python {found['python']}; "
        f"{facts['bytes'] / 1e6:,.0f} MB of text ({facts['source']}), {facts['documents']:,} documents, "
        f"{facts['tokens']:,} tokens of {facts['vocabulary']:,}; {facts['held_out_tokens']:,} held-out tokens, "
        f"whose longest matches have {ours['held_out_median_match']:.0f} tokens in the median "
        f"({ours['held_out_long_share']:.0%} have 32 or more). A random read takes "
        f"{floor['dependent_read_ns']:.0f} ns when the next depends on it, else {floor['independent_read_ns']:.0f} ns."
    )


def main() -> None:
    """One run, from the corpus to the table."""
    parser = argparse.ArgumentParser(description="The corpus index beside its peers, in one run.")
    parser.add_argument("--corpus", default="stdlib", help="a file or folder as `byheart index` reads it")
    parser.add_argument("--bytes", type=float, help="at most so much text; 200e6, or 20e6 when quick")
    parser.add_argument(
        "--quick", action="store_true", help="less text, and 4 instead of 20 seconds a question and peer"
    )
    parser.add_argument("--peers", default=str(ROOT / ".venv-bench" / "bin" / "python"), help="the peers' python")
    parser.add_argument("--part", type=int, default=0, help="tokens for rusty-dawg; default: what memory holds")
    parser.add_argument("--json", action="store_true", help="all figures as one JSON document")
    parser.add_argument("--keep", action="store_true", help="keep the indexes and answers beside the corpus's tokens")
    asked = parser.parse_args()
    peers = asked.peers if Path(asked.peers).exists() else sys.executable
    num_bytes = int(asked.bytes or (20e6 if asked.quick else 200e6))
    material = corpus_place(asked.corpus, num_bytes)
    if not (material / "facts.json").exists():
        say(f"tokens of {num_bytes / 1e6:.0f} MB (once)")
        made = process.finished(
            [sys.executable, "-m", "contest.corpus", asked.corpus, str(num_bytes), str(material)],
            folder=Path(__file__).parent,
        )
        if made.code:
            sys.exit(made.output)
    work = Path(tempfile.mkdtemp(prefix="work-", dir=material))
    try:
        found = measure(material, work, peers, budget_seconds=4.0 if asked.quick else 20.0, most_part=asked.part)
    finally:
        if not asked.keep:
            shutil.rmtree(work, ignore_errors=True)
    found["date"] = datetime.datetime.now(datetime.UTC).date().isoformat()
    found["processor"], found["python"] = processor(), platform.python_version()
    rows = rows_of(found)
    if asked.json:
        print(json.dumps(found | {"rows": plain(rows)}, indent=1))
        return
    print(f"{heading(found)}\n\n{markdown(rows)}\n")
    for name, (differing, asked_of) in found["differing"].items():
        print(f"- {name}: {differing:,} of {asked_of:,} answers differ")


if __name__ == "__main__":
    main()
