"""byheart inside of other tools: transformers' Trainer, lm-evaluation-harness, pre-commit.

Importing this room loads none of them: each name is fetched when it is first used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from byheart.integrations.planting import PlantedTexts, plant
    from byheart.integrations.trainer import ByheartCallback

_HOMES = {
    "ByheartCallback": "byheart.integrations.trainer",
    "PlantedTexts": "byheart.integrations.planting",
    "plant": "byheart.integrations.planting",
}

__all__ = ["ByheartCallback", "PlantedTexts", "plant"]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    import importlib

    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'byheart.integrations' has no attribute {name!r}; it has {', '.join(__all__)}")
