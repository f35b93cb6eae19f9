"""What each memorizer costs and how well it knows text that it does not hold, in one run on one core. `make bench`, or

    python bench/memorizers.py --kenlm BIN

BIN is a folder with KenLM's lmplz, build_binary and query; without it markov stands alone. docs/benchmarks.md says what
each column means.
"""

import argparse
import datetime
import json
import platform
import sys
from pathlib import Path
from typing import Any

from contest.process import finished
from yardstick import ALL_NAMES, SMALL_VOCABULARY, place
from yardstick.library import Library, facts_of, library, prepare, say
from yardstick.table import kenlm_table, main_table, speed_table, weights_table

from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import ByheartError

HERE = Path(__file__).parent
LARGE_NAMES = ("infinigram", "mixture")
"""Measured with the large vocabulary too."""


def large_tokenizer() -> Tokenizer | None:
    """SmolLM2's with 49,152 tokens, or None where it is not on this machine."""
    try:
        from byheart.models.smollm2 import smollm2_folder

        return Tokenizer.from_folder(smollm2_folder())
    except (ByheartError, ImportError) as error:
        say(f"  the tokenizer of SmolLM2 is not here, its rows are left out: {error}")
        return None


def material(parts: Library, tokenizer: Tokenizer) -> Path:
    """The folder of one tokenizer's indexes, made where it is not there."""
    digest = parts.name.rpartition(" ")[2]
    folder = place() / f"{digest}-{tokenizer.vocabulary_size}-{tokenizer.fingerprint[:8]}"
    if not (folder / "facts.json").exists():
        say(f"index and tokens, {tokenizer.vocabulary_size:,} entries (once)")
        folder.mkdir(parents=True, exist_ok=True)
        prepare(tokenizer, parts, folder)
    return folder


def part(module: str, *arguments: str) -> dict[str, Any]:
    """What a module of the yardstick finds in a process of its own."""
    done = finished([sys.executable, "-m", f"yardstick.{module}", *arguments, "RESULT"], folder=HERE, one_core=True)
    if done.code:
        say(f"  {' '.join(arguments)} failed:\n{done.output[-2000:]}")
    return done.result


def subjects(names: tuple[str, ...], what: str, folder: Path) -> dict[str, Any]:
    """Each memorizer by its name; one that fails is left out."""
    found = {}
    for name in names:
        say(f"{name}, {facts_of(folder)['vocabulary_size']:,} entries")
        part("subject", "warm", name, str(folder))
        if one := part("subject", what, name, str(folder)):
            found[name] = one
    return found


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description="Cost and strength of the memorizers, in one run.")
    parser.add_argument("--kenlm", type=Path, help="folder with lmplz, build_binary and query")
    parser.add_argument("--only", nargs="+", choices=ALL_NAMES, default=ALL_NAMES, help="these memorizers")
    parser.add_argument("--quick", action="store_true", help="without the large vocabulary and KenLM's words")
    parser.add_argument("--json", action="store_true", help="all figures as one JSON document")
    asked = parser.parse_args()
    parts = library()
    folder = material(parts, Tokenizer.train(parts.train, SMALL_VOCABULARY))
    found: dict[str, Any] = {"date": datetime.datetime.now(datetime.UTC).date().isoformat(), "facts": facts_of(folder)}
    found["small"] = subjects(tuple(asked.only), "all", folder)
    found["kenlm"] = {}
    if asked.kenlm is None:
        say("KenLM is not given (--kenlm BIN), so its rows are left out")
    else:
        for stream in ("numbers",) if asked.quick else ("words", "numbers"):
            say(f"KenLM, {stream}")
            if one := part("kenlm", stream, str(asked.kenlm.resolve()), str(folder)):
                found["kenlm"][stream] = one
    found["large"] = {}
    if not asked.quick and (tokenizer := large_tokenizer()):
        large = material(parts, tokenizer)
        names = tuple(name for name in LARGE_NAMES if name in asked.only)
        found["large"] = subjects(names, "speed", large)
        found["large_facts"] = facts_of(large)
    if asked.json:
        print(json.dumps(found, indent=1))
        return
    facts = found["facts"]
    print(
        f"{found['date']}, {platform.machine()}, {facts['library']}; one core; {facts['train_documents']:,} files, "
        f"{facts['train_bytes'] / 1e6:.1f} MB, {facts['train_tokens']:,} tokens of {facts['vocabulary_size']:,}\n"
    )
    print(main_table(found))
    for table in (weights_table(found), kenlm_table(found), speed_table(found)):
        if table:
            print(f"\n{table}")


if __name__ == "__main__":
    main()
