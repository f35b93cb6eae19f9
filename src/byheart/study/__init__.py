"""The only room that sees everything: plan, assemble, score once, audit, keep.

Reading order: plan, sources, assemble, subjects, journal, scoring, execute, run_folder, demo.
"""
