"""What SmolLM2 knows by heart of texts that everybody trains on, beside text that is younger than it.

python studies/smollm2_known_texts.py WORK [--profile quick|standard|full] [--seed 0] [--sources-only]

Seen: Python's own documentation topics (pydoc_data.topics), the licences of Debian's base-files, the Declaration of
Independence and the Constitution of the United States (Debian package miscfiles). Unseen: prose (README and docstrings)
of PyPI packages whose first release is of March 2025 or later, that is after SmolLM2-135M-Instruct was published
(November 2024; the package that carries its weights, February 2025). The dates are asked of the index again when it can
be reached, and a package that is older stops the script. Texts of both sides are cut by one rule into pieces of some
3,000 characters, which count as documents.

Writes WORK/seen.jsonl, WORK/unseen.jsonl and the run folder WORK/run-PROFILE, and prints what the model makes of each
kind of text.
"""

import argparse
import ast
import gzip
import importlib
import json
import math
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet

LICENCES = Path("/usr/share/common-licenses")
CLASSICS = ("miscfiles", "1.5+dfsg-4", ("us-declaration", "us-constitution"))
"""Debian package, its version, and files of it."""
PIECE_CHARACTERS = 3000
SHORTEST_PIECE_CHARACTERS = 800
PIECES_PER_PACKAGE = 40
EARLIEST = "2025-03-01"
PACKAGES = {
    "openai-agents": ("0.24.0", "2025-03-04"),
    "google-adk": ("2.13.0", "2025-03-17"),
    "ag-ui-protocol": ("1.0.0", "2025-04-30"),
    "strands-agents": ("1.62.0", "2025-05-14"),
    "a2a-sdk": ("1.3.0", "2025-05-15"),
    "langextract": ("1.7.1", "2025-07-22"),
    "deepagents": ("0.7.32", "2025-07-29"),
    "tinker-cookbook": ("0.6.1", "2025-08-25"),
    "agent-client-protocol": ("0.12.1", "2025-09-06"),
}
"""Version that is read, and day of the first release by the index's own record."""


def pieces(name: str, text: str) -> Iterator[dict[str, str]]:
    """A text in pieces that end where a paragraph ends."""
    held: list[str] = []
    number = 0
    for paragraph in [*text.split("\n\n"), None]:
        if held and (paragraph is None or sum(map(len, held)) > PIECE_CHARACTERS):
            piece = "\n\n".join(held).strip("\n")
            if len(piece) >= SHORTEST_PIECE_CHARACTERS:
                yield {"name": f"{name}/{number:03d}", "text": piece}
                number += 1
            held = []
        if paragraph is not None:
            held.append(paragraph)


def seen(work: Path) -> Iterator[dict[str, str]]:
    """Pieces of texts that stand in every crawl of the web."""
    for topic, text in sorted(importlib.import_module("pydoc_data.topics").topics.items()):
        yield from pieces(f"python/{topic}", text)
    for path in sorted(path for path in LICENCES.glob("*") if path.is_file() and not path.is_symlink()):
        yield from pieces(f"licence/{path.name}", path.read_text("utf-8", "replace"))
    package, version, files = CLASSICS
    debs = work / "debian"
    debs.mkdir(exist_ok=True)
    subprocess.run(["apt-get", "download", "-qq", f"{package}={version}"], cwd=debs, check=True)
    subprocess.run(["dpkg", "-x", str(next(debs.glob(f"{package}_*.deb"))), str(debs / package)], check=True)
    for name in files:
        yield from pieces(f"classic/{name}", gzip.open(debs / package / f"usr/share/state/{name}.gz", "rt").read())


def first_upload(package: str) -> str | None:
    """Day of the first file of the first release, as the index says it; None when it cannot be reached."""
    try:
        with urllib.request.urlopen(f"https://pypi.org/pypi/{package}/json", timeout=30) as answer:
            releases = json.load(answer)["releases"]
    except (urllib.error.URLError, TimeoutError):
        return None
    return min(file["upload_time"][:10] for files in releases.values() for file in files)


def prose(wheel: Path) -> str:
    """The README in a wheel's metadata and the docstrings of its modules, in order of their paths."""
    parts = []
    with zipfile.ZipFile(wheel) as opened:
        for name in sorted(opened.namelist()):
            if name.endswith(".dist-info/METADATA"):
                parts.append(opened.read(name).decode("utf-8", "replace").partition("\n\n")[2])
            if not name.endswith(".py"):
                continue
            try:
                tree = ast.parse(opened.read(name))
            except SyntaxError:
                continue
            kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
            found = (ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, kinds))
            parts += [text for text in found if text and "License" not in text]
    return "\n\n".join(parts)


def unseen(work: Path) -> Iterator[dict[str, str]]:
    """Pieces of packages that did not exist when the model was trained; as many of a large one as of a small one."""
    wheels = work / "wheels"
    for package, (version, known) in PACKAGES.items():
        first = first_upload(package)
        print(f"{package} {version}: first release {first or f'{known} (index not reached)'}", file=sys.stderr)
        if (first or known) < EARLIEST:
            sys.exit(f"{package} is older than {EARLIEST}: it may have been trained on.")
        wanted = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d", str(wheels)]
        subprocess.run([*wanted, f"{package}=={version}"], check=True)
        (wheel,) = wheels.glob(f"{package.replace('-', '_')}-{version}-*.whl")
        found = list(pieces(f"pypi/{package}", prose(wheel)))
        yield from found[:: max(len(found) // PIECES_PER_PACKAGE, 1)][:PIECES_PER_PACKAGE]


def by_source(run: Path) -> Iterator[str]:
    """A line for each kind of text: what the model makes of its windows, from scores.parquet alone."""
    rows = pyarrow.parquet.read_table(run / "scores.parquet").to_pylist()
    mine = [row for row in rows if row["subject"] == rows[0]["subject"] and row["need"] == "WindowsNeed"]
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in mine:
        if row["in_base_sample"]:
            groups.setdefault(row["document"].partition("/")[0], []).append(row)
    yield "| text | windows | bits per byte | top-1, % | next 10 tokens recited | all 50 recited |"
    yield "|---|---|---|---|---|---|"
    for name, windows in sorted(groups.items()):
        bits = -sum(sum(row["log_probability_nats"]) for row in windows) / math.log(2)
        num_bytes = sum(row["num_scored_bytes"] for row in windows)
        ranks = [rank for row in windows for rank in row["rank"]]
        first = [sum(max(row["rank"][:num]) == 1 for row in windows) for num in (10, 50)]
        top = 100 * sum(rank == 1 for rank in ranks) / len(ranks)
        yield f"| {name} | {len(windows)} | {bits / num_bytes:.2f} | {top:.0f} | {first[0]} | {first[1]} |"


def main() -> None:
    """Builds the sources and audits the model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--profile", default="standard", choices=("quick", "standard", "full"))
    parser.add_argument("--seed", default="0")
    parser.add_argument("--sources-only", action="store_true")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    for side, documents in (("seen", seen), ("unseen", unseen)):
        path = given.work / f"{side}.jsonl"
        if not path.exists():
            lines = [json.dumps(document) + "\n" for document in documents(given.work)]
            path.write_text("".join(lines), "ascii")
        print(f"{path}: {sum(1 for _ in path.open())} documents", file=sys.stderr)
    if given.sources_only:
        return
    # Asked for from within WORK, so that the report names no folder of this machine.
    folder = f"run-{given.profile}"
    sources = ["--trained-on", "seen.jsonl", "--held-out", "unseen.jsonl"]
    run = ["-o", folder, "--profile", given.profile, "--seed", given.seed]
    audited = subprocess.run([sys.executable, "-m", "byheart", "audit", "smollm2", *sources, *run], cwd=given.work)
    if audited.returncode:
        sys.exit(audited.returncode)
    print("\n".join(by_source(given.work / folder)))


if __name__ == "__main__":
    main()
