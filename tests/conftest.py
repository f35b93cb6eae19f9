"""Tests keep no scores in the cache of whoever runs them, and read none: those of the cache itself name a folder."""

import os

os.environ["BYHEART_SCORE_CACHE"] = "off"
# Before any test imports torch: as byheart.models does.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
