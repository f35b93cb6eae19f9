"""byheart: what does a language model know by heart, and what does it do that no memorizer of the same data can?

    import byheart as bh
    corpus = bh.read("stdlib")                        # or a folder, .txt, .jsonl, .parquet
    bh.Index.open("stdlib.idx").count("import os")    # of an index of bytes that `byheart index` wrote
    run = bh.audit("smollm2", trained_on="seen/", held_out="unseen/", output="runs/one")

Importing this module loads nothing else: each name below is fetched when it is first used.
"""

from typing import TYPE_CHECKING, Any

from byheart._version import __version__

if TYPE_CHECKING:
    from byheart import memorizers
    from byheart.corpus.documents import Corpus, Document
    from byheart.corpus.readers import read
    from byheart.corpus.tokenizer import Tokenizer
    from byheart.errors import ByheartError
    from byheart.index.corpus_index import Index
    from byheart.models import load_model
    from byheart.study.api import Run, audit

_HOMES = {
    "ByheartError": "byheart.errors",
    "Corpus": "byheart.corpus.documents",
    "Document": "byheart.corpus.documents",
    "Index": "byheart.index.corpus_index",
    "Run": "byheart.study.api",
    "Tokenizer": "byheart.corpus.tokenizer",
    "audit": "byheart.study.api",
    "load_model": "byheart.models",
    "read": "byheart.corpus.readers",
}
_MODULES = ("memorizers",)

__all__ = [
    "ByheartError",
    "Corpus",
    "Document",
    "Index",
    "Run",
    "Tokenizer",
    "__version__",
    "audit",
    "load_model",
    "memorizers",
    "read",
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
