"""Tests keep no scores in the cache of whoever runs them, and read none: those of the cache itself name a folder."""

import os

import pytest

LONG = ("test_resume.py", "test_without_torch.py", "test_train_command.py", "test_execute.py", "test_claims.py")
"""Files of few tests that take long: begun first, so that no processor waits for one of them at the end."""

os.environ["BYHEART_SCORE_CACHE"] = "off"
# Before any test imports torch: as byheart.models does.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in LONG)
