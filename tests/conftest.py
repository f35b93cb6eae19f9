"""Tests keep no scores in the cache of whoever runs them, and read none: those of the cache itself name a folder."""

import os

os.environ["BYHEART_SCORE_CACHE"] = "off"
