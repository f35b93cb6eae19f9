"""What `byheart attribute` is to explain, and by what."""

from dataclasses import dataclass
from pathlib import Path

from byheart.core.visible import visible
from byheart.errors import ConfigError
from byheart.models import is_endpoint
from byheart.study.score_plan import STDIN, ScorePlan


@dataclass(frozen=True, kw_only=True)
class AttributionPlan:
    """A text, a predictor and the text that it is said to know, as on the command line."""

    source: str
    """The text: a source, or "-" for standard input."""
    model: str
    """A model as `load_model` takes it, or memorizer:NAME."""
    index: str
    """Folder of the index of the text that the model was trained on."""
    tokenizer: str = ""
    """Tokenizer file or folder, for an index that carries none."""
    floor: tuple[str, ...] = ()
    """Sources of text of the same kind that is not in the index: the unrelated predictor is built from it."""
    calibration: tuple[str, ...] = ()
    """Sources of such text that the mixture's weights are fitted on, for the bits; none for no bits."""
    adapter: str = ""
    """Folder of a LoRA adapter on the model."""
    chat: str = ""
    """What an instruct model is asked, so that the text stands as its answer."""
    device: str = "auto"
    """Where the model computes."""
    dtype: str = "auto"
    """In which precision."""
    lines: bool = False
    """Each line of a .txt source is a document."""
    skip_bad: bool = False
    """Leave out what cannot be read instead of stopping."""

    def __post_init__(self) -> None:
        if is_endpoint(self.model):
            raise ConfigError(
                "attribute asks models on this machine only.",
                why=f"{visible(self.model)} is an endpoint.",
                next_step="byheart audit --audits attribution explains what an endpoint says, where it tells enough.",
            )
        for option, sources in (("floor", self.floor), ("calibration", self.calibration)):
            if self.source != STDIN and Path(self.source).resolve() in {Path(s).resolve() for s in sources}:
                raise ConfigError(
                    f"The text that is explained cannot be its own --{option}.",
                    why="What is built from it must not know it.",
                    next_step=f"Give --{option} other text of the same kind.",
                )
        _ = self.score_plan  # its faults are said before anything is read

    @property
    def mixture_plan(self) -> ScorePlan | None:
        """How the mixture of memorizers scores the text; None where no text is given to fit it on."""
        if not self.calibration:
            return None
        return ScorePlan(
            source=self.source,
            model="memorizer:mixture",
            index=self.index,
            tokenizer=self.tokenizer,
            calibration=self.calibration,
            lines=self.lines,
            skip_bad=self.skip_bad,
        )

    @property
    def score_plan(self) -> ScorePlan:
        """How the model scores the text."""
        is_memorizer = self.model.startswith("memorizer:")
        return ScorePlan(
            source=self.source,
            model=self.model,
            index=self.index if is_memorizer else "",
            tokenizer=self.tokenizer if is_memorizer else "",
            calibration=self.calibration if self.model == "memorizer:mixture" else (),
            adapter=self.adapter,
            chat=self.chat,
            device=self.device,
            dtype=self.dtype,
            lines=self.lines,
            skip_bad=self.skip_bad,
        )
