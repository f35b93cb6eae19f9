"""The order of a text's suffixes.

Course: `suffix_array` (what is sorted and in which steps), `lms_sample` (the suffixes from which all others follow),
`lms_order` (their order), `induced_sorting` (the order of the rest).
"""
