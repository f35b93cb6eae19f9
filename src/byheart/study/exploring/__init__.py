"""A finished run as a person explores it: its texts, its passages, and whoever can be asked about another text.

Course: `run_texts` (the sources, if they are still those of the run), `run_index` (where a text stands in them),
`documents` (what stands around a place), `exhibits` (the passages of the results), `speakers` (model and memorizers),
`continuation` (what they give a text to go on), `usual` (what held-out windows have), `exploration` (all of it).
"""
