"""scores.parquet and samples.parquet: what the report's numbers are recomputed from without byheart.

docs/run-folder.md describes every column, and names the numbers that need more than these tables.
"""

import zlib
from dataclasses import fields
from typing import Any

import numpy as np

from byheart.core.needs import CanariesNeed, Need, WindowsNeed, WritingNeed
from byheart.core.token_scores import TokenScores
from byheart.core.tokens import TokenIds
from byheart.study.asking import Answers
from byheart.study.passages import CanaryPassage, Passage, prompts_of
from byheart.study.subjects import Cast, Subject

_WITHHELD = {"given_ids": None, "token_ids": None, "argmax_id": None}
"""Of planted secrets: who reads them can look for them. Their probabilities stay."""


def score_table(cast: Cast, asked: Answers) -> bytes:
    """A row for each scored text and subject; a Parquet file with page checksums.

    The statistics of its tokens are lists. They cover the tokens after the given ones, whose ids stand in `given_ids`;
    of canaries no ids are told.
    """
    rows: list[dict[str, Any]] = []
    # What a subject does not say stays empty.
    columns = {field.name: None for field in fields(TokenScores) if field.name != "ranked_tokens"}
    for need, found in asked.materials.items():
        heads = [_head(need, item, asked, cast) for item in found if isinstance(item, Passage)]
        for subject in cast.subjects:
            scores = asked.scores.get((subject.name, need))
            for passage, head in zip(found, heads, strict=True) if scores is not None else ():
                assert isinstance(passage, Passage)
                assert scores is not None
                said = columns | dict(scores[passage.fingerprint].arrays())
                row = {"subject": subject.name} | head | _abstains(subject, need, passage, asked) | said
                rows.append(row | _WITHHELD if isinstance(need, CanariesNeed) else row)
            nats = asked.nats.get((subject.name, need))
            for passage, head in zip(found, heads, strict=True) if nats is not None else ():
                assert isinstance(passage, Passage)
                assert nats is not None
                said = columns | {"log_probability_nats": nats[passage.fingerprint]}
                said["token_ids"] = passage.token_ids[passage.num_given :]
                rows.append({"subject": subject.name} | head | {"abstains": None} | said)
    order = {subject.name: number for number, subject in enumerate(cast.subjects)}
    rows.sort(key=lambda row: order[row["subject"]])
    empty = ["subject", "need", "role", "document", *(field.name for field in fields(TokenScores))]
    return parquet(rows, empty)


def _head(need: Need, passage: Passage, asked: Answers, cast: Cast) -> dict[str, Any]:
    """What is so of a text whoever scores it."""
    given = passage.num_given
    is_window, canary = isinstance(need, WindowsNeed), passage if isinstance(passage, CanaryPassage) else None
    return {
        "need": type(need).__name__,
        "role": passage.role,
        "document": _encodable(passage.document),
        "start_byte": passage.span.start,
        "stop_byte": passage.span.stop,
        "num_given": given,
        "given_ids": passage.token_ids[:given],
        "num_scored_bytes": passage.num_scored_bytes,
        "num_occurrences": passage.num_occurrences,
        "in_base_sample": passage.in_base_sample,
        "num_zlib_bytes": _zlib_bytes(cast.tokenizer.decode(passage.token_ids[given:])) if is_window else None,
        "stored_ids": asked.stored[need][passage.fingerprint][given:] if need in asked.stored else None,
        "part": canary.part if canary is not None else None,
        "repetitions": canary.pair.repetitions if canary is not None else None,
    }


def _zlib_bytes(text: str) -> int:
    return len(zlib.compress(text.encode("utf-8", "replace"), 6))


def _abstains(subject: Subject, need: Need, passage: Passage, asked: Answers) -> dict[str, Any]:
    flags = asked.abstentions.get((subject.name, need))
    return {"abstains": None if flags is None else flags[passage.fingerprint][passage.num_given :]}


def sample_table(cast: Cast, asked: Answers) -> bytes:
    """A row for each text that was written, by the subjects and by the human author; a Parquet file."""
    rows: list[dict[str, Any]] = []
    longest: dict[bytes, Any] = {}
    for need, found in asked.materials.items():
        if not isinstance(need, WritingNeed):
            continue
        prompts = prompts_of(found)
        authors = [("human", [prompt.human for prompt in prompts])]
        authors += [(s.name, asked.written[s.name, need]) for s in cast.subjects if (s.name, need) in asked.written]
        rows += [
            {
                "author": author,
                "need": type(need).__name__,
                "temperature": need.decoding.temperature,
                "document": _encodable(prompt.document),
                "prompt_ids": prompt.given,
                "token_ids": ids,
                "longest_match_tokens": _longest_matches(ids, cast, longest),
                "text": _encodable(cast.tokenizer.decode(ids)),
            }
            for author, texts in authors
            for prompt, ids in zip(prompts, texts, strict=True)
        ]
    return parquet(
        rows, ["author", "need", "temperature", "document", "prompt_ids", "token_ids", "longest_match_tokens", "text"]
    )


def _longest_matches(ids: TokenIds, cast: Cast, known: dict[bytes, Any]) -> Any:
    """At each place the longest run starting there that stands in the trained-on text; equal texts are asked once."""
    key = ids.tobytes()
    if key not in known:
        known[key] = cast.index.longest_matches(ids).lengths if ids.size else np.zeros(0, dtype=np.int64)
    return known[key]


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def parquet(rows: list[dict[str, Any]], empty: list[str]) -> bytes:
    """Rows as a Parquet file with page checksums; of none, the names of their columns."""
    import pyarrow
    import pyarrow.parquet

    names = list(rows[0]) if rows else empty
    sink = pyarrow.BufferOutputStream()
    table = pyarrow.table({name: [row[name] for row in rows] for name in names})
    pyarrow.parquet.write_table(table, sink, compression="zstd", write_page_checksum=True)
    return bytes(sink.getvalue())
