"""Where else does this occur? Suffix arrays over bytes or tokens answer every such question exactly.

Course: `definition` (what each answer means, slowly), `layout` (the text), `sorting/` (its order), `sorted_text` (both,
with tables), `searching/` (the questions to one sorted text, compiled), `shard` (a part that fits into memory),
`combination` (several shards answer as one), `storing/` (the index on disk), `queries`, `answers` and `corpus_index`
(all of it behind one class); `duplicates` and `cooccurrence` ask more than one thing at once.
"""

from byheart.index.answers import Cooccurrences, Matches, NextSymbols, Occurrence, SuffixDistributions, Suffixes
from byheart.index.corpus_index import Index

__all__ = ["Cooccurrences", "Index", "Matches", "NextSymbols", "Occurrence", "SuffixDistributions", "Suffixes"]
