"""Where byheart keeps what it can make again: converted models, compiled searches."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """$BYHEART_CACHE, else $XDG_CACHE_HOME/byheart, else ~/.cache/byheart; it need not exist yet."""
    own = os.environ.get("BYHEART_CACHE")
    if own:
        return Path(own)
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path.home() / ".cache") / "byheart"
