"""The index on disk.

Course: `shard_folder` (a shard), `manifest` (what belongs together), `soundness` and `stamps` (what must hold before
anything is answered, and what need not be checked twice), `folder` (opening and saving), `build_folder` (building piece
by piece, going on after a kill, adding).
"""
