"""Which items of a benchmark stand in a corpus? And may this new text be trained on?

python examples/contaminated_benchmark.py
"""

import json
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import byheart as bh

documented = textwrap.wrap(" ".join((textwrap.dedent.__doc__ or "").split()), 120)
items = [
    {"id": "leaked", "question": documented[0].upper()},  # case, wrapping and punctuation do not matter
    {"id": "clean", "question": "How many of the seven green bottles that stood on the wall of the inn fell down?"},
]

with tempfile.TemporaryDirectory() as folder:
    bench, index, new = (Path(folder) / name for name in ("bench.jsonl", "corpus.idx", "new.jsonl"))
    bench.write_text("".join(json.dumps(item) + "\n" for item in items))
    bh.build_index(textwrap.__file__, index)

    def byheart(*arguments: str | Path) -> str:
        command = [sys.executable, "-m", "byheart", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    # Samples that lm-evaluation-harness wrote with --log_samples are items too: then the scores stand beside.
    found = json.loads(byheart("contaminated", bench, "--index", index, "--json", "-q"))
    for item in found["items"]:
        print(f"{item['item']}: {item['verdict']}, longest run {item['longest_words']} words")

    # The same question the other way round, before training: the pre-commit hook `byheart-data` asks it.
    new.write_text(json.dumps({"text": f"Some new text. {documented[0]} And so on."}) + "\n")
    print(byheart("data-check", new, "--benchmark", bench).replace(folder, "..."), end="")
