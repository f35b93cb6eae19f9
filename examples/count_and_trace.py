"""Count a phrase in a corpus, and find where the parts of a text come from.

python examples/count_and_trace.py
"""

import json
import tempfile
from pathlib import Path

import byheart as bh

text = """def greet(name):
    raise JSONDecodeError("Expecting value", s, err.value) from None  # copied, as it happens
"""

with tempfile.TemporaryDirectory() as folder:
    # The corpus: Python's own json package. A folder, .txt, .jsonl, .parquet or "stdlib" will do.
    index = bh.build_index(Path(json.__file__).parent, f"{folder}/json.idx")
    print(index)
    print("'Expecting value' stands in it", index.count("Expecting value"), "times")

    traced = bh.trace(bh.Lookup.open(Path(folder) / "json.idx"), text, min_symbols=20)
    print(f"{traced.covered_share:.0%} of the text stands in the corpus in runs of 20 bytes or more:")
    for copied in traced.spans:
        document, offset = copied.sources[0]
        said = text.encode()[copied.span.start : copied.span.stop].decode()
        print(f"  {said!r}: {copied.count} times, first in {document} at {offset}")
