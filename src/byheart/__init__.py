"""byheart: what does a language model know by heart, and what does it do that no memorizer of the same data can?

    import byheart as bh
    corpus = bh.read("stdlib")                        # or a folder, .txt, .jsonl, .parquet
    index = bh.build_index("stdlib", "stdlib.idx")    # of bytes; opens what is there
    index.count("import os")
    run = bh.audit("smollm2", trained_on="seen/", held_out="unseen/", output="runs/one")

docs/python.md has every name with an example that runs.

Importing this module loads nothing else: each name below is fetched when it is first used.
"""

from typing import TYPE_CHECKING, Any

from byheart._version import __version__

if TYPE_CHECKING:
    from byheart import integrations, memorizers
    from byheart.corpus.documents import Corpus, Document
    from byheart.corpus.readers import read
    from byheart.corpus.tokenizer import Tokenizer
    from byheart.errors import ByheartError
    from byheart.index.corpus_index import Index
    from byheart.models import load_model
    from byheart.study.api import Run, audit, build_index, open_run
    from byheart.study.lookup import Lookup
    from byheart.study.tracing import trace

_HOMES = {
    "ByheartError": "byheart.errors",
    "Corpus": "byheart.corpus.documents",
    "Document": "byheart.corpus.documents",
    "Index": "byheart.index.corpus_index",
    "Lookup": "byheart.study.lookup",
    "Run": "byheart.study.api",
    "Tokenizer": "byheart.corpus.tokenizer",
    "audit": "byheart.study.api",
    "build_index": "byheart.study.api",
    "load_model": "byheart.models",
    "open_run": "byheart.study.api",
    "read": "byheart.corpus.readers",
    "trace": "byheart.study.tracing",
}
_MODULES = ("integrations", "memorizers")

__all__ = [
    "ByheartError",
    "Corpus",
    "Document",
    "Index",
    "Lookup",
    "Run",
    "Tokenizer",
    "__version__",
    "audit",
    "build_index",
    "integrations",
    "load_model",
    "memorizers",
    "open_run",
    "read",
    "trace",
]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    import importlib

    if name in _MODULES:
        return importlib.import_module(f"byheart.{name}")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'byheart' has no attribute {name!r}; it has {', '.join(__all__)}")
