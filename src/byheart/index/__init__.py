"""Where else does this occur? Suffix arrays over bytes or tokens answer every such question exactly.

Course: `definition` (what each answer means, slowly), `layout` (the text), `suffix_array` (its order), `search` (the
questions, compiled), `shard` (a part that fits into memory), `combination` (several shards answer as one), `manifest`
and `folder` (the index on disk), `corpus_index` (all of it behind one class).
"""

from byheart.index.answers import Cooccurrences, Matches, NextSymbols, Occurrence, SuffixDistributions, Suffixes
from byheart.index.corpus_index import Index

__all__ = ["Cooccurrences", "Index", "Matches", "NextSymbols", "Occurrence", "SuffixDistributions", "Suffixes"]
