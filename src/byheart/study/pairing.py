"""Texts that two runs have in common, and what each says of them: from scores.parquet and samples.parquet."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from byheart.core.tokens import Floats
from byheart.study.run_folder import SAMPLES, SCORES

TOP_K = 40
WINDOWS, HELD_OUT, CONTINUATIONS = "WindowsNeed", "HeldOutNeed", "ContinuationsNeed"
_COLUMNS = (
    "need",
    "role",
    "document",
    "start_byte",
    "stop_byte",
    "num_given",
    "given_ids",
    "token_ids",
    "num_scored_bytes",
    "num_occurrences",
    "in_base_sample",
    "log_probability_nats",
    "rank",
    "log_top_k_mass_nats",
)
Place = tuple[str, str, int, int, tuple[int, ...], tuple[int, ...]]
"""Role, document, first byte, one past the last, tokens given and scored: sources may share the name of a document."""


@dataclass(frozen=True)
class TextTables:
    """What one subject of a run said, text by text.

    Args:
        path: the run folder.
        subject: name of the subject.
    """

    path: Path
    subject: str

    @cached_property
    def _rows(self) -> list[dict[str, Any]]:
        import pyarrow.parquet as parquet

        path = self.path / SCORES
        schema = parquet.read_schema(path)
        if not _has_texts(schema, "need", "subject"):
            return []
        columns = [name for name in _COLUMNS if name in schema.names]
        wanted = [("subject", "==", self.subject), ("need", "in", [WINDOWS, HELD_OUT])]
        found: list[dict[str, Any]] = parquet.read_table(path, columns=columns, filters=wanted).to_pylist()
        return found

    @cached_property
    def windows(self) -> dict[Place, dict[str, Any]]:
        """Windows of the base sample by their place."""
        rows = (row for row in self._rows if row["need"] == WINDOWS and row["in_base_sample"])
        return {_place(row): row for row in rows}

    @cached_property
    def held_out(self) -> dict[Place, dict[str, Any]]:
        """Pieces of held-out text by their place."""
        return {_place(row): row for row in self._rows if row["need"] == HELD_OUT}

    @cached_property
    def written(self) -> dict[tuple[str, tuple[int, ...]], dict[str, Any]]:
        """Continuations by the document and the prompt that they continue."""
        import pyarrow.parquet as parquet

        path = self.path / SAMPLES
        if not path.is_file() or not _has_texts(parquet.read_schema(path), "need", "author"):
            return {}
        wanted = [("author", "==", self.subject), ("need", "==", CONTINUATIONS)]
        columns = ["document", "prompt_ids", "longest_match_tokens"]
        rows = parquet.read_table(path, columns=columns, filters=wanted).to_pylist()
        return {(row["document"], tuple(row["prompt_ids"])): row for row in rows}


def _has_texts(schema: Any, *columns: str) -> bool:
    """Whether a table has rows by text: not where it is empty, nor that of an experiment of the laboratory."""
    return all(name in schema.names and str(schema.field(name).type) == "string" for name in columns)


def _place(row: dict[str, Any]) -> Place:
    given, scored = tuple(row["given_ids"]), tuple(row["token_ids"])
    return row["role"], row["document"], row["start_byte"], row["stop_byte"], given, scored


@dataclass(frozen=True)
class Pairs:
    """The texts that two runs share.

    Args:
        first: what one says.
        second: what the other says.
        same_tokens: whether both have one tokenizer. Without it windows are others, and so are pieces of held-out text.
        same_held_out: whether both read the same held-out text.
    """

    first: TextTables
    second: TextTables
    same_tokens: bool
    same_held_out: bool

    @cached_property
    def windows(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Windows of the same tokens at the same place of documents of the same name, member or control in both."""
        if not self.same_tokens:
            return []
        one, two = self.first.windows, self.second.windows
        return [(one[place], two[place]) for place in one if place in two]

    @cached_property
    def held_out(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Pieces of held-out text that both scored, or of other tokenizers the pieces of documents that both read.

        Either side is in the order of the documents' names, so that its totals by document are those of the same ones.
        """
        one, two = self.first.held_out, self.second.held_out
        if self.same_tokens:
            places = [place for place in one if place in two]
            rows = [one[place] for place in places], [two[place] for place in places]
        elif self.same_held_out:
            shared = {row["document"] for row in one.values()} & {row["document"] for row in two.values()}
            rows = tuple([row for row in side.values() if row["document"] in shared] for side in (one, two))  # type: ignore[assignment]
        else:
            rows = [], []
        first, second = (sorted(side, key=lambda row: row["document"]) for side in rows)
        return first, second

    @cached_property
    def written(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Continuations of the same prompts."""
        one, two = (self.first.written, self.second.written) if self.same_tokens else ({}, {})
        return [(one[key], two[key]) for key in one if key in two]


def comes_out(row: dict[str, Any]) -> bool:
    """Whether every token of the suffix is the most probable one."""
    return all(rank == 1 for rank in row["rank"])


def probability(row: dict[str, Any]) -> float:
    """p_z: of drawing the whole suffix at temperature 1 among the 40 likeliest tokens."""
    ranks = np.asarray(row["rank"])
    if (ranks > TOP_K).any():
        return 0.0
    nats = np.asarray(row["log_probability_nats"]) - np.asarray(row["log_top_k_mass_nats"])
    return float(np.exp(np.minimum(nats, 0.0).sum()))


def loss(row: dict[str, Any]) -> float:
    """Mean log-probability of the suffix, nats per token: the score of the membership audit."""
    return float(np.mean(row["log_probability_nats"]))


def bits_and_bytes(rows: list[dict[str, Any]]) -> tuple[Floats, Floats]:
    """Bits and bytes of each document, documents in order of first appearance."""
    from byheart.core.units import nats_to_bits
    from byheart.stats.bootstrap import cluster_totals

    bits = [-nats_to_bits(float(np.sum(row["log_probability_nats"]))) for row in rows]
    sizes = [row["num_scored_bytes"] for row in rows]
    above, below = cluster_totals([row["document"] for row in rows], bits, sizes)
    return above, below


def new_ngrams(rows: list[dict[str, Any]], n: int) -> tuple[Floats, Floats]:
    """Of each document the n-grams of its continuation that stand nowhere in the corpus, and all of them."""
    from byheart.stats.bootstrap import cluster_totals

    longest = [
        np.asarray(row["longest_match_tokens"])[: max(len(row["longest_match_tokens"]) - n + 1, 0)] for row in rows
    ]
    new = [int((it < n).sum()) for it in longest]
    above, below = cluster_totals([row["document"] for row in rows], new, [it.size for it in longest])
    return above, below
