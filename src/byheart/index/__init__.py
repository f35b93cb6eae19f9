"""Where else does this occur? One suffix array over bytes or tokens answers every such question exactly.

Course: `definition` (what each answer means, slowly), `suffix_array` (the order), `search` (the questions, compiled),
`storage` (the folder on disk), `corpus_index` (all of it behind one class).
"""

from byheart.index.corpus_index import Index, Matches, NextSymbols, Occurrence

__all__ = ["Index", "Matches", "NextSymbols", "Occurrence"]
