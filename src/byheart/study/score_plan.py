"""What `byheart score` is to score, and with what."""

from dataclasses import dataclass
from pathlib import Path

from byheart import memorizers
from byheart.core.visible import visible
from byheart.errors import ConfigError
from byheart.models import check_options, is_endpoint
from byheart.study.plan import did_you_mean

STDIN = "-"
_KIND = "memorizer"


@dataclass(frozen=True, kw_only=True)
class ScorePlan:
    """A text and a predictor, as on the command line."""

    source: str
    """The text: a source, or "-" for standard input."""
    model: str
    """A model as `load_model` takes it, or memorizer:NAME."""
    index: str = ""
    """Folder of the index that a memorizer answers from."""
    tokenizer: str = ""
    """Tokenizer file or folder, for an index that carries none."""
    adapter: str = ""
    """Folder of a LoRA adapter on the model."""
    chat: str = ""
    """What an instruct model is asked, so that the text stands as its answer; empty: no chat template."""
    device: str = "auto"
    """Where the model computes, as `load_model` takes it."""
    dtype: str = "auto"
    """In which precision, likewise."""
    calibration: tuple[str, ...] = ()
    """Sources of text that the index does not hold, which the mixture's weights are fitted on."""
    lines: bool = False
    """Each line of a .txt source is a document."""
    skip_bad: bool = False
    """Leave out what cannot be read instead of stopping."""

    def __post_init__(self) -> None:
        name = self.memorizer
        if name is None:
            # Only an endpoint does not bring its tokenizer.
            options = ("index", "calibration") if is_endpoint(self.model) else ("index", "tokenizer", "calibration")
            given = [f"--{option}" for option in options if getattr(self, option)]
            if given:
                raise ConfigError(
                    f"A model takes no {' and no '.join(given)}.",
                    why=f"{visible(self.model)} answers from its weights; only memorizer:NAME answers from an index.",
                    next_step="Leave it out, or score with memorizer:NAME.",
                )
            check_options(self.model, adapter=self.adapter, chat=self.chat, device=self.device, dtype=self.dtype)
            return
        of_models = [o for o in ("adapter", "chat", "device", "dtype") if getattr(self, o) not in ("", "auto")]
        if of_models:
            raise ConfigError(
                f"{visible(self.model)} takes no --{of_models[0]}.",
                why="It is a memorizer and has no weights.",
                next_step="Leave it out, or score with a model.",
            )
        if name not in memorizers.NAMES:
            raise ConfigError(
                f"There is no memorizer {visible(name)!r}.", why=did_you_mean(name, list(memorizers.NAMES))
            )
        if not self.index:
            raise ConfigError(
                "A memorizer needs the corpus that it knows by heart.",
                why=f"{self.model} was given no --index.",
                next_step="Add --index IDX; byheart index SOURCE -o IDX --unit tokens --tokenizer MODEL makes one.",
            )
        if name == "mixture" and not self.calibration:
            raise ConfigError(
                "The mixture needs text to weigh its members by.",
                why="Fitted on what the index holds, it would trust whoever recites best.",
                next_step="Add --calibration SOURCE: text of the same kind that is neither in the index nor scored.",
            )
        if name != "mixture" and self.calibration:
            raise ConfigError(
                f"{self.model} takes no --calibration.",
                why="It is learned from the index alone.",
                next_step="Leave it out, or score with memorizer:mixture.",
            )
        if self.source != STDIN and Path(self.source).resolve() in {Path(s).resolve() for s in self.calibration}:
            raise ConfigError(
                "The text that is scored cannot be its own calibration.",
                why="The mixture's weights would be fitted on what they are judged by.",
                next_step="Give --calibration another text of the same kind.",
            )

    @property
    def memorizer(self) -> str | None:
        """The memorizer's name, or None where a model scores."""
        kind, _, name = self.model.partition(":")
        return name if kind == _KIND else None
