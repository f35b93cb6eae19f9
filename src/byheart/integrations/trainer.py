"""`ByheartCallback`: transformers' Trainer says while it trains how far planted secrets stand out.

planted = plant(texts, "canaries.jsonl")
callback = ByheartCallback(planted, held_out=other_texts)
trainer = Trainer(model=..., train_dataset=tokenized(planted.texts), processing_class=tokenizer, ...)
callback.attach(trainer)
trainer.train()
"""

import logging
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from transformers import (
    DefaultFlowCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from byheart.audits.exposure import MIN_PAIRS, Params
from byheart.core.audit import Profile
from byheart.core.evidence import Evidence
from byheart.core.predictor import Scores
from byheart.core.visible import visible
from byheart.corpus.atomic_file import require_free
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import CapabilityError, InputError
from byheart.integrations.planting import PlantedTexts, plant
from byheart.integrations.training_run import AUDITS, Material, audit_trained, folder_beside, output_folder
from byheart.integrations.training_scores import TrainingScores, held_out_texts, refusals, scalars
from byheart.models.in_training import predictor_in_training
from byheart.study.api import Run

logger = logging.getLogger(__name__)


class ByheartCallback(TrainerCallback):
    """Scores planted secrets at every evaluation and save and at the end, logs scalars, and audits at the end.

    What it does costs time and nothing else: weights, modes, buffers and random generators are as they were, so the
    training ends in the same bits with it and without it. What fails is said once, as a warning, and never stops the
    training. Where there are several processes the first one scores, and the others go on.

    Args:
        planted: what `plant` gave; its texts are what is trained on.
        held_out: texts that are not trained on: bits per byte on them is logged, and the audit at the end takes them as
            its control. Without them there is no audit at the end. What cannot be written as UTF-8 is left out, and a
            warning says how many.
        num_candidates: other secrets that each pair is ranked among; 63 let a secret stand out by 6 bits.
        audits: of the run at the end, by name; () for no run.
        profile: sample sizes of that run.
        tokenizer: as `processing_class` of the Trainer; only for a Trainer that has none.
        seed: root of the random streams of all that is told; not of the canaries.
    Raises:
        InputError: fewer canaries than carry an interval, or held-out texts that are none.
    """

    plant = staticmethod(plant)

    def __init__(
        self,
        planted: PlantedTexts,
        *,
        held_out: Sequence[str] = (),
        num_candidates: int = Params().num_candidates,
        audits: Sequence[str] = AUDITS,
        profile: Profile = "quick",
        tokenizer: Any = None,
        seed: int = 0,
    ) -> None:
        if len(planted.secrets.pairs) < MIN_PAIRS:
            raise InputError(
                f"Exposure needs at least {MIN_PAIRS} pairs of canaries.",
                why=f"The list has {len(planted.secrets.pairs)}.",
                next_step=f"Plant more: plant(texts, path, pairs={MIN_PAIRS}) or more.",
            )
        self.planted, self.held_out = planted, held_out_texts(held_out)
        self.run: Run | None = None
        """The audit at the end, once there is one."""
        self._params = Params(num_candidates=num_candidates)
        self._audits, self._profile, self._seed = tuple(audits), profile, seed
        self._given_tokenizer = tokenizer
        self._trainer: Trainer | None = None
        self._start_over()

    def _start_over(self) -> None:
        """Forgets the training before: another one may have other weights, another tokenizer and the same steps."""
        self.run = None
        self._scores: TrainingScores | None = None
        self._tokenizer: Tokenizer | None = None
        self._scored_step: int | None = None
        self._said: set[str] = set()

    def attach(self, trainer: Trainer) -> None:
        """Adds itself to a trainer, and logs through it, so that every tracker shows the scalars.

        A callback is told nothing of its trainer; without this (`callbacks=[callback]`) the scalars stand in
        `state.log_history` alone. It stands before all trackers, which close at the end of the training, and behind the
        callback that decides whether a step is saved.

        Args:
            trainer: before `train()`.
        """
        callbacks = trainer.callback_handler.callbacks
        if self in callbacks:
            callbacks.remove(self)
        flow = [at for at, one in enumerate(callbacks) if isinstance(one, DefaultFlowCallback)]
        callbacks.insert(flow[0] + 1 if flow else 0, self)
        self._trainer = trainer
        self._start_over()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Starts over, and looks whether the list of canaries would be uploaded."""
        self._start_over()
        if self._trainer is not None and self._trainer.state is not state:
            self._trainer = None  # this is the training of one that it is not attached to
        if state.is_world_process_zero:
            self._safely(
                "Looking for the list", lambda: self._warn_if_uploaded("list of canaries", self.planted.canaries, args)
            )

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Scores what will be saved now, so that the checkpoint holds its own scalars and resuming keeps them."""
        self._score_before_saving(args, state, control, kwargs)

    on_epoch_end = on_step_end

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Scores, unless this step was scored."""
        self._score(args, state, kwargs)

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Scores, unless this step was scored: a save that was decided late, which its checkpoint does not hold."""
        self._score(args, state, kwargs)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Scores what came out, and audits it."""
        if args.load_best_model_at_end:
            self._scored_step = None  # other weights than those of this step
        self._score(args, state, kwargs)
        if self._audits and self.held_out and state.is_world_process_zero:
            self._safely("The audit at the end", lambda: self._audit(kwargs.get("model"), kwargs, folder_beside(args)))

    def audit(self, folder: str | Path) -> Run:
        """Audits the attached trainer's model as it is, and leaves a run folder; errors are raised here.

        Args:
            folder: the run folder, outside of what you upload; the audited model and the texts stand beside it, in
                FOLDER-material, and the list of canaries stays where it is.
        Raises:
            ByheartError: as `byheart.audit`; InputError where the callback is attached to no trainer or has no held-out
                texts.
        """
        if self._trainer is None or not self.held_out:
            raise InputError(
                "There is nothing to audit.",
                why="The callback is attached to no trainer." if self._trainer is None else "It has no held-out texts.",
                next_step="callback = ByheartCallback(planted, held_out=texts); callback.attach(trainer)",
            )
        require_free(Path(folder))
        self._warn_if_uploaded("run folder", Path(folder), self._trainer.args)
        self._audit(self._trainer.model, {}, Path(folder))
        assert self.run is not None
        return self.run

    def _audit(self, model: Any, given: dict[str, Any], folder: Path) -> None:
        if hasattr(model, "get_base_model"):
            raise CapabilityError(
                "A model with an adapter is not audited at the end of its training.",
                why="What was saved is the adapter alone.",
                next_step="byheart audit BASE --adapter FOLDER --canaries FILE --trained-on ... --held-out ... -o RUN",
            )
        material = Material(self.planted, self.held_out, model, self._processing(given))
        self.run = audit_trained(material, folder, audits=self._audits, profile=self._profile, seed=self._seed)
        logger.info("byheart: the run is in %s", visible(str(folder)))

    def _score_before_saving(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, given: dict[str, Any]
    ) -> None:
        if control.should_save:
            wanted = control.should_log
            self._score(args, state, given)
            control.should_log = wanted  # whoever logs takes it back, and the Trainer would leave its own row out

    def _score(self, args: TrainingArguments, state: TrainerState, given: dict[str, Any]) -> None:
        if not state.is_world_process_zero or self._scored_step == state.global_step:
            return
        self._scored_step = state.global_step
        self._safely("Scoring the canaries", lambda: self._scored(args, state, given))

    def _scored(self, args: TrainingArguments, state: TrainerState, given: dict[str, Any]) -> None:
        if args.fsdp or args.deepspeed:
            raise CapabilityError(
                "A model whose weights are spread over processes is not scored while it trains.",
                next_step="Audit the saved model: byheart audit FOLDER --canaries FILE ...",
            )
        if self._scores is None:
            self._tokenizer = tokenizer_of(self._processing(given))
            self._scores = TrainingScores(
                self._tokenizer, self.planted.secrets, self.held_out, params=self._params, seed=self._seed
            )
        assert self._tokenizer is not None
        start_ids, end_id = self._tokenizer.start_ids, self._tokenizer.end_id
        with predictor_in_training(given["model"], end_id=end_id, start_ids=start_ids) as predictor:
            evidence: list[Evidence] = []
            # One by one: text that cannot be encoded or scored must not cost the other's numbers.
            for what, asked in (("canaries", self._scores.exposure), ("held-out texts", self._scores.held_out)):
                self._safely(f"Scoring the {what}", partial(_extend, evidence, asked, predictor))
        for reason in refusals(evidence):
            self._warn(reason)
        self._log(state, scalars(evidence))

    def _processing(self, given: dict[str, Any]) -> Any:
        found = self._given_tokenizer or given.get("processing_class")
        if found is None and self._trainer is not None:
            found = getattr(self._trainer, "processing_class", None)
        if found is None:
            raise InputError(
                "The canaries cannot be encoded: the Trainer has no tokenizer.",
                next_step="Give ByheartCallback(..., tokenizer=tokenizer), or Trainer(processing_class=tokenizer).",
            )
        return found

    def _warn_if_uploaded(self, what: str, path: Path, args: TrainingArguments) -> None:
        if path.resolve().is_relative_to(output_folder(args)):
            self._warn(
                f"The {what} is in the Trainer's output folder, which push_to_hub and some trackers upload with the "
                "training texts and secrets in it. Keep it elsewhere."
            )

    def _log(self, state: TrainerState, found: dict[str, float]) -> None:
        if not found:
            return
        if self._trainer is not None:
            self._trainer.log(found)
            return
        self._warn("The scalars reach no tracker: call callback.attach(trainer) instead of callbacks=[callback].")
        state.log_history.append({**found, "epoch": state.epoch, "step": state.global_step})

    def _safely(self, what: str, job: Callable[[], None]) -> None:
        """Does a job; whatever it raises is said and forgotten, for a training of days must not end for a measurement.

        KeyboardInterrupt and SystemExit go through.
        """
        try:
            job()
        # The one place that catches everything: weights, trackers and disks of others fail in their own ways.
        except Exception as error:
            lines = " ".join(str(error).split("\n")) or type(error).__name__
            kind = type(error).__name__
            self._warn(f"{what} failed, and the training goes on. {kind}: {visible(lines)}", once=f"{what} {kind}")
            logger.debug("byheart: what failed", exc_info=True)

    def _warn(self, text: str, *, once: str = "") -> None:
        if (once or text) not in self._said:
            self._said.add(once or text)
            logger.warning("byheart: %s", text)


def _extend(found: list[Evidence], asked: Callable[[Scores], Sequence[Evidence]], model: Scores) -> None:
    found += asked(model)


def tokenizer_of(processing_class: Any) -> Tokenizer:
    """The tokenizer of a Trainer as byheart reads it from a saved model.

    Args:
        processing_class: of transformers, of the fast kind.
    Raises:
        InputError: it is no fast tokenizer.
        SourceError: it has no token for the end of a text.
    """
    inner = getattr(processing_class, "tokenizer", processing_class)
    if getattr(inner, "backend_tokenizer", None) is None:
        raise InputError(
            "The tokenizer is not of the `tokenizers` library.",
            why=f"Got a {type(processing_class).__name__}.",
            next_step="Use the fast tokenizer of this model.",
        )
    with tempfile.TemporaryDirectory() as folder:
        inner.save_pretrained(folder)
        return Tokenizer.from_folder(Path(folder))
