from pathlib import Path

import pytest

from byheart.corpus.cache_folder import cache_folder


def test_the_cache_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/shared")
    monkeypatch.delenv("BYHEART_CACHE", raising=False)
    assert cache_folder() == Path("/shared/byheart")
    monkeypatch.setenv("BYHEART_CACHE", "/own")
    assert cache_folder() == Path("/own")
    monkeypatch.delenv("BYHEART_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/reader")
    assert cache_folder() == Path("/home/reader/.cache/byheart")
