"""Compiled questions to one sorted text.

Course: `search` (one step of one search), `prefix_keys` and `sampled_prefixes` (a table that saves most reads),
`prefetch` and `interleaved_search` (many searches side by side), `threads`; then what is asked with them: `intervals`
(where a run stands), `matching` and `suffixes` (the longest run from and before each position), `next_symbols`.
"""
