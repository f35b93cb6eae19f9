"""Who is audited: the model, the two poles and the memorizers, all through one interface."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from byheart import memorizers
from byheart.core.material import MixtureWeights
from byheart.core.predictor import Predictor
from byheart.core.progress import Progress, silent
from byheart.corpus.documents import Corpus
from byheart.corpus.encoded import EncodedCorpus, encode_corpus
from byheart.corpus.secrets import SecretList
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import ConfigError, FingerprintError, SourceError
from byheart.index.corpus_index import Index
from byheart.models import LoadedModel, is_endpoint, load_model
from byheart.models.endpoint.limits import Limits
from byheart.study.plan import StudyPlan, did_you_mean
from byheart.study.sources import Texts
from byheart.study.yardstick import (
    BLIND,
    LOOKUP,
    MIXTURE,
    build_pole,
    build_yardstick,
    chosen_memorizers,
    fit_mixture,
    mixture_weights,
)

DEFAULT_VOCABULARY = 4096
"""Tokens of the tokenizer that is trained for a memorizer under test."""


@dataclass(frozen=True)
class Subject:
    """A predictor with the part it plays."""

    name: str
    """As in the results."""
    role: str
    """"model", "base" (the model without its adapter), "lookup pole", "blind pole" or "memorizer"."""
    predictor: Predictor
    """Who answers."""
    loaded_as: Mapping[str, str] = field(default_factory=dict)
    """Of a model on this machine: device, dtype, adapter, chat."""
    weights_blake3: Mapping[str, str] = field(default_factory=dict)
    """Of a model on this machine: BLAKE3 of each file of weights, by its name."""


@dataclass(frozen=True)
class Cast:
    """Everyone who is audited, and what they were built from."""

    subjects: tuple[Subject, ...]
    """The model first, its base where it has an adapter, then the poles, then the other memorizers."""
    tokenizer: Tokenizer
    """One encoding for all."""
    trained_on: EncodedCorpus
    """Trained-on documents as tokens."""
    held_out: EncodedCorpus
    """Control documents as tokens."""
    index: Index
    """Of the trained-on tokens."""
    mixture: MixtureWeights | None = None
    """Of the mixture among the memorizers."""
    canaries: SecretList | None = None
    """Planted secrets; None where the plan names none."""
    notes: tuple[str, ...] = ()
    """What the model shows, who is missing and why, for the report."""

    @property
    def memorizers(self) -> tuple[Subject, ...]:
        """Memorizers of the trained-on text: the yardstick of 'beyond'."""
        return tuple(s for s in self.subjects if s.role in ("lookup pole", "memorizer"))

    def reference_of(self, subject: Subject) -> Subject | None:
        """Who says how hard a text is for one that has not seen it: a model's base, else the blind pole.

        Returns:
            another than the subject, or None where there is no other.
        """
        roles = ("base", "blind pole") if subject.role == "model" else ("blind pole",)
        found = (s for role in roles for s in self.subjects if s.role == role and s.name != subject.name)
        return next(found, None)


def build_index(documents: EncodedCorpus, tokenizer: Tokenizer, *, on_progress: Progress = silent) -> Index:
    """A token index of encoded documents."""
    return Index.build(
        [document.token_ids for document in documents.documents],
        [document.name for document in documents.documents],
        unit="tokens",
        alphabet_size=tokenizer.vocabulary_size,
        tokenizer_fingerprint=tokenizer.fingerprint,
        on_progress=on_progress,
    )


def _tokenizer_for_memorizer(plan: StudyPlan, texts: Texts, on_progress: Progress) -> Tokenizer:
    if not plan.tokenizer:
        return Tokenizer.train(texts.trained_on.deduplicated(), DEFAULT_VOCABULARY, on_progress=on_progress)
    return open_tokenizer(plan.tokenizer)


def open_tokenizer(spec: str) -> Tokenizer:
    """A tokenizer from a tokenizer.json file or from a folder that has one."""
    path = Path(spec)
    return Tokenizer.from_folder(path) if path.is_dir() else Tokenizer.from_file(path)


def memorizer_name(plan: StudyPlan) -> str | None:
    """The memorizer that is under test, or None when a model is.

    Raises:
        ConfigError: there is no such memorizer; the nearest one is named.
    """
    kind, _, name = plan.model.partition(":")
    if kind != "memorizer":
        return None
    if name not in memorizers.NAMES:
        raise ConfigError(f"There is no memorizer {name!r}.", why=did_you_mean(name, list(memorizers.NAMES)))
    return name


def assemble_cast(
    plan: StudyPlan, texts: Texts, *, limits: Limits | None = None, on_progress: Progress = silent
) -> Cast:
    """Loads the model and builds the poles and memorizers beside it.

    Args:
        plan: names them.
        texts: both sides.
        limits: how hard an endpoint may be asked; they decide no number.
        on_progress: told about every stage.
    Raises:
        ConfigError: the model's name means nothing.
        SourceError, UnsafeError, FormatError: it cannot be loaded.
    """
    memorizer = memorizer_name(plan)
    models: tuple[Subject, ...] = ()
    shown: tuple[str, ...] = ()
    if memorizer is not None:
        tokenizer = _tokenizer_for_memorizer(plan, texts, on_progress)
    else:
        loaded = _loaded(plan, plan.adapter, limits, on_progress)
        tokenizer, shown = loaded.tokenizer, loaded.notes
        models = (_model_subject("model", loaded),)
        if plan.adapter:
            models = (*models, _model_subject("base", _loaded(plan, "", limits, on_progress)))
    trained_on = encode_corpus(texts.trained_on, tokenizer, on_progress=on_progress)
    held_out = encode_corpus(texts.held_out, tokenizer, on_progress=on_progress)
    calibration = encode_corpus(texts.calibration, tokenizer, on_progress=on_progress)
    if plan.index:
        index = opened_index(plan.index, tokenizer, trained_on)
    else:
        index = build_index(trained_on, tokenizer, on_progress=on_progress)
    blind = build_index(calibration, tokenizer, on_progress=on_progress)
    names, left_out = chosen_memorizers(trained_on.num_tokens, plan.profile, audited=memorizer)
    once = _distinct(texts.trained_on, tokenizer)
    members = build_yardstick(names, index, once, tokenizer, on_progress=on_progress)
    mixture, no_mixture = fit_mixture(members, calibration, on_progress=on_progress)
    weights = mixture_weights(mixture, members) if mixture is not None else None
    everyone = members | ({MIXTURE: mixture} if mixture is not None else {})
    subjects = (
        Subject(LOOKUP, "lookup pole", build_pole(index, tokenizer)),
        Subject(BLIND, "blind pole", build_pole(blind, tokenizer)),
        *(Subject(name, "memorizer", member) for name, member in everyone.items()),
    )
    if memorizer is not None:
        audited = everyone.get(plan.model)
        if audited is None:
            raise SourceError(f"There is nothing to audit: {no_mixture}", next_step="Give other held-out documents.")
        models = (Subject(f"audited {plan.model}", "model", audited),)
    notes = tuple(note for note in (*shown, left_out, no_mixture) if note)
    return Cast((*models, *subjects), tokenizer, trained_on, held_out, index, weights, texts.canaries, notes)


def _loaded(plan: StudyPlan, adapter: str, limits: Limits | None, on_progress: Progress) -> LoadedModel:
    return load_model(
        plan.model,
        adapter=adapter,
        tokenizer=plan.tokenizer if is_endpoint(plan.model) else "",
        chat=plan.chat,
        limits=limits,
        device=plan.device,
        dtype=plan.dtype,
        on_progress=on_progress,
    )


def _model_subject(role: str, loaded: LoadedModel) -> Subject:
    name = loaded.predictor.name.removeprefix("model:")
    return Subject(name, role, loaded.predictor, loaded.loaded_as, loaded.weights_blake3)


def _distinct(trained_on: Corpus, tokenizer: Tokenizer) -> Index | None:
    """An index of each document once, or None where no document is repeated."""
    distinct = trained_on.deduplicated()
    if len(distinct) == len(trained_on):
        return None
    return build_index(encode_corpus(distinct, tokenizer), tokenizer)


def opened_index(folder: str, tokenizer: Tokenizer, trained_on: EncodedCorpus) -> Index:
    """A token index from disk, refused unless it is of this corpus under this tokenizer.

    Raises:
        FingerprintError: it belongs to another corpus, unit or tokenizer.
    """
    index = Index.open(Path(folder))
    reasons = []
    if index.unit != "tokens":
        reasons.append(f"it is an index of {index.unit}, an audit needs tokens")
    elif index.tokenizer_fingerprint != tokenizer.fingerprint:
        reasons.append("it was made with another tokenizer")
    elif not index.holds([document.token_ids for document in trained_on.documents]):
        reasons.append("it holds other documents than the trained-on sources")
    if reasons:
        raise FingerprintError(
            f"The index {folder} does not belong to this study.",
            why="; ".join(reasons) + ".",
            next_step="Make it with `byheart index TRAINED-ON -o IDX --unit tokens --tokenizer MODEL`.",
        )
    return index
