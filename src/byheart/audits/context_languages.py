"""What networks trained on random automata do with an automaton that they never saw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from byheart.audits.context_params import LabParams
from byheart.audits.context_seeds import best_storing, estimate_over_seeds, pooled
from byheart.core.evidence import Cell, Evidence, Interval, Table
from byheart.core.tokens import Floats
from byheart.core.units import NATS_PER_BIT

STATIC, FREQUENCIES, BIGRAMS, TRIGRAMS = (
    "static mapping",
    "frequencies in the prompt",
    "bigrams in the prompt",
    "trigrams in the prompt",
)
REFERENCES = (STATIC, FREQUENCIES, BIGRAMS, TRIGRAMS)
GAIN, VALID, VARIATION, BEYOND = (
    "context.language_gain_bits",
    "context.language_validity",
    "context.language_variation",
    "context.language_beyond_bigrams_bits",
)


@dataclass(frozen=True, kw_only=True)
class LanguageTrial:
    """One seed: what everyone says of languages that no training sequence was written in, shape [num_held_out] each."""

    sizes_bytes: Mapping[str, int]
    """Bytes that each predictor stores, by name."""
    ruled_nats: Mapping[str, Floats]
    """nats per token; mean log-probability of the second half of each sequence."""
    shuffled_nats: Mapping[str, Floats]
    """nats per token; likewise of its tokens in random order."""
    valid: Mapping[str, Floats]
    """Probability that is given, at the last place, to symbols that may come there."""
    variation: Mapping[str, Floats]
    """Total variation, at the last place, between what is said and what the symbol is drawn from."""

    def gains(self, name: str) -> Floats:
        """Bits per token over the static mapping."""
        found: Floats = (self.ruled_nats[name] - self.ruled_nats[STATIC]) / NATS_PER_BIT
        return found

    def shuffled_gains(self, name: str) -> Floats:
        """Likewise in random order."""
        found: Floats = (self.shuffled_nats[name] - self.shuffled_nats[STATIC]) / NATS_PER_BIT
        return found

    def to_json(self) -> dict[str, Any]:
        """As plain values, for the journal."""
        maps = ("ruled_nats", "shuffled_nats", "valid", "variation")
        return {"sizes_bytes": dict(self.sizes_bytes)} | {
            name: {key: array.tolist() for key, array in getattr(self, name).items()} for name in maps
        }

    @staticmethod
    def from_json(raw: Mapping[str, Any]) -> "LanguageTrial":
        """The inverse of `to_json`."""
        arrays = {
            name: {key: np.array(values, dtype=np.float64) for key, values in raw[name].items()}
            for name in ("ruled_nats", "shuffled_nats", "valid", "variation")
        }
        return LanguageTrial(sizes_bytes=raw["sizes_bytes"], **arrays)


def language_evidence(
    name: str, trials: Sequence[LanguageTrial], params: LabParams, *, is_model: bool, rng: np.random.Generator
) -> tuple[Evidence, ...]:
    """What one predictor gains from languages that exist in their own sequence only.

    Args:
        name: of the predictor.
        trials: one of each seed.
        params: of the experiment.
        is_model: whether it is the trained network, which shows everyone beside it.
        rng: draws the resamples.
    """
    asked = [one for one in trials[0].ruled_nats if one not in REFERENCES]
    best = best_storing({one: [t.gains(one) for t in trials] for one in asked}) if is_model else None
    gains = [trial.gains(name) for trial in trials]
    control = None if best is None else [trial.gains(best) for trial in trials]
    method = "log2 P(token) - log2 P_static(token), mean over the second half of sequences of new automata"
    last = "at the last place of sequences of new automata"
    found: list[Evidence] = [
        estimate_over_seeds(
            GAIN, "bits per token", gains, method, params.confidence, control=control,
            controlled_by=f"the best of those that only store, {best}", rng=rng,
        ),
        estimate_over_seeds(
            VALID, "share", [t.valid[name] for t in trials], f"Probability of symbols that may come, {last}",
            params.confidence, rng=rng,
        ),
        estimate_over_seeds(
            VARIATION, "share", [t.variation[name] for t in trials], f"Total variation from the automaton, {last}",
            params.confidence, rng=rng,
        ),
    ]  # fmt: skip
    if not is_model:
        return tuple(found)
    beyond = [trial.gains(name) - trial.gains(BIGRAMS) for trial in trials]
    said = f"{method}, minus that of bigrams counted in the sequence"
    found.append(estimate_over_seeds(BEYOND, "bits per token", beyond, said, params.confidence, rng=rng))
    return (*found, languages_table(name, trials, rng=rng, confidence=params.confidence))


def languages_table(
    model: str, trials: Sequence[LanguageTrial], *, rng: np.random.Generator, confidence: float
) -> Table:
    """Everyone's gain, validity and total variation; intervals over the sequences of these very networks.

    Args:
        model: whose row is the first.
        trials: one of each seed.
        rng: draws the resamples.
        confidence: coverage of the intervals.
    """
    names = [model, *(name for name in trials[0].ruled_nats if name not in (model, *REFERENCES))]
    gains: dict[str, Interval] = {}
    rows: list[tuple[Cell, ...]] = []
    for name in (*names, *REFERENCES):
        sides = [
            [trial.gains(name) for trial in trials],
            [trial.valid[name] for trial in trials],
            [trial.variation[name] for trial in trials],
        ]
        found = [pooled(side, rng=rng, confidence=confidence) for side in sides]
        gains[name] = found[0]
        each = ", ".join(f"{trial.gains(name).mean():.3f}" for trial in trials)
        rows.append((name, *(cell for it in found for cell in (it.value, it.low, it.high)), each))
    best = max((n for n in names if n.startswith("memorizer:")), key=lambda name: gains[name].value, default="")
    said = f"Of a language that it never saw {model} gains {gains[model].value:.2f} bits per token"
    if best:
        said += f", the best memorizer ({best.removeprefix('memorizer:')}) {gains[best].value:.2f}"
    said += f"; counting in the prompt gains {gains[BIGRAMS].value:.2f} by bigrams, {gains[TRIGRAMS].value:.2f} by "
    return Table(
        name="context.languages",
        title=f"{said}trigrams",
        columns=(
            "predictor",
            "new languages, bits per token over the static mapping", "low", "high",
            "probability of symbols that may come", "low", "high",
            "total variation from the automaton", "low", "high",
            "bits per token, seed by seed",
        ),
        rows=tuple(rows),
    )  # fmt: skip
