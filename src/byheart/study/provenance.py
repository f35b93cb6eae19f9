"""Gathers where a run's numbers come from."""

import dataclasses
import importlib.metadata
import platform
import time
from collections.abc import Mapping
from typing import Any

from byheart._version import __version__
from byheart.core.provenance import Provenance, SubjectProvenance
from byheart.corpus.documents import Corpus
from byheart.corpus.encoded import EncodedCorpus
from byheart.study.plan import StudyPlan
from byheart.study.scoring import Throughput
from byheart.study.sources import Texts
from byheart.study.subjects import Cast

PACKAGES = ("numpy", "numba", "scipy", "tokenizers", "torch", "transformers", "peft")
"""Packages whose version can move a number."""


def package_versions() -> dict[str, str]:
    """Versions of the packages that numbers depend on; those not installed are left out."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def today() -> str:
    """The day in UTC: by it a reader tells two pages of one model apart; no number depends on it."""
    return time.strftime("%Y-%m-%d", time.gmtime())


def _corpus(sources: tuple[str, ...], corpus: Corpus, encoded: EncodedCorpus) -> dict[str, str | int]:
    return {
        "source": ", ".join(sources),
        "fingerprint": corpus.fingerprint,
        "documents": len(corpus),
        "bytes": corpus.num_bytes,
        "tokens": encoded.num_tokens,
    }


def provenance(
    plan: StudyPlan, texts: Texts, cast: Cast, throughput: Mapping[str, Throughput], command: str, seconds: float
) -> Provenance:
    """The provenance of a finished run.

    Args:
        plan: what ran.
        texts: what was read.
        cast: who was audited.
        throughput: tokens and seconds of scoring, by subject.
        command: what to type to reproduce it.
        seconds: wall-clock seconds of this run.
    """
    return Provenance(
        byheart=__version__,
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        packages=package_versions(),
        seed=plan.seed,
        command=command,
        seconds=seconds,
        date=today(),
        trained_on=_corpus(plan.trained_on, texts.trained_on, cast.trained_on),
        held_out=_corpus(plan.held_out, texts.held_out, cast.held_out),
        tokenizer=cast.tokenizer.fingerprint,
        canaries="" if cast.canaries is None else cast.canaries.fingerprint,
        subjects=tuple(
            SubjectProvenance(
                name=subject.name,
                role=subject.role,
                fingerprint=subject.predictor.fingerprint,
                access=str(subject.predictor.access),
                size_bytes=subject.predictor.size_bytes,
                loaded_as=dict(subject.loaded_as),
                weights_blake3=dict(subject.weights_blake3),
                scored_tokens=throughput[subject.name].tokens,
                scoring_seconds=throughput[subject.name].seconds,
            )
            for subject in cast.subjects
        ),
    )


def sizes_of(params: Any) -> dict[str, Any]:
    """Params of an audit or an experiment as the report shows them: what is several is one string."""
    return {
        name: ", ".join(map(str, value)) if isinstance(value, tuple) else value
        for name, value in dataclasses.asdict(params).items()
    }
