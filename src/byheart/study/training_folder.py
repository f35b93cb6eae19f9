"""MODEL/training: the plan of a training, its states while it runs, its curve and its result when it is done."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from byheart.core.codec import dumps
from byheart.core.visible import visible
from byheart.corpus.atomic_file import write_durably
from byheart.errors import ConfigError, FormatError, StorageError

SCHEMA = 1
"""Version of plan.json and result.json."""
_FOLDER = "training"
_MODEL_FILES = ("config.json", "model.safetensors", "tokenizer.json")


class TrainingFolder:
    """Where a training leaves what it needs to go on, and what it did.

    Args:
        model: the folder that gets the model.
    """

    def __init__(self, model: Path) -> None:
        self.model = model
        self.path = model / _FOLDER

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Makes the folder and keeps every other training out of it.

        Raises:
            ConfigError: the model's folder holds something that no training wrote.
            StorageError: another process trains there, or the folder cannot be made.
        """
        if not self.path.exists() and self.model.exists() and any(self.model.iterdir()):
            raise ConfigError(
                f"{visible(str(self.model))} is not empty.",
                why="A model is never overwritten.",
                next_step="Choose another -o, or delete it.",
            )
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise StorageError(
                f"The model could not be written to {visible(str(self.model))}.",
                why=visible(str(error)),
                next_step="Choose another -o.",
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise StorageError(
                f"Another byheart is training {visible(str(self.model))}.",
                why="Two trainings would overwrite each other.",
                next_step="Wait until it is done, or choose another -o.",
            ) from error
        try:
            yield
        finally:
            os.close(descriptor)

    def begin(self, plan: Mapping[str, Any]) -> None:
        """Keeps the plan of a new training; an old one must have the same.

        Raises:
            ConfigError: another training was begun here.
            FormatError: its plan cannot be read.
        """
        before = self._read("plan.json")
        if before is None:
            self._write("plan.json", plan)
        elif different := sorted(name for name in {*before, *plan} if before.get(name) != plan.get(name)):
            raise ConfigError(
                f"{visible(str(self.model))} holds another training.",
                why="; ".join(
                    f"{name} was {visible(str(before.get(name)))}, is {visible(str(plan.get(name)))}"
                    for name in different
                ),
                next_step="Type the command that began it, or choose another -o.",
            )

    def plan(self) -> dict[str, Any] | None:
        """The plan that was kept, or None."""
        return self._read("plan.json")

    def result(self) -> dict[str, Any] | None:
        """What `finish` kept, or None while the training is not done."""
        return self._read("result.json")

    def check_model(self) -> None:
        """Nothing, when the model of a finished training is all there.

        Raises:
            FormatError: a file of it is missing.
        """
        if missing := [name for name in _MODEL_FILES if not (self.model / name).is_file()]:
            raise FormatError(
                f"The model in {visible(str(self.model))} is not whole any more.",
                why=f"Its training is finished, but {' and '.join(missing)} "
                f"{'is' if len(missing) == 1 else 'are'} missing.",
                next_step="Copy it back, or delete the folder and type the command again to train anew.",
            )

    def finish(self, curve: Sequence[Mapping[str, float]], result: Mapping[str, Any]) -> None:
        """Keeps the curve, then the result, whose existence means 'done'."""
        write_durably(self.path / "curve.jsonl", "".join(dumps(point) + "\n" for point in curve).encode())
        self._write("result.json", result)

    def _read(self, name: str) -> dict[str, Any] | None:
        path = self.path / name
        try:
            content = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            raise FormatError(
                f"{visible(str(path))} cannot be read.", why=visible(str(error)), next_step="Choose another -o."
            ) from error
        if not isinstance(content, dict) or content.pop("schema", None) != SCHEMA:
            raise FormatError(
                f"{visible(str(path))} is not from this version.",
                why=f"Schema {SCHEMA} is read.",
                next_step="Choose another -o.",
            )
        return content

    def _write(self, name: str, content: Mapping[str, Any]) -> None:
        text = json.dumps({"schema": SCHEMA, **content}, indent=1)
        write_durably(self.path / name, f"{text}\n".encode())
