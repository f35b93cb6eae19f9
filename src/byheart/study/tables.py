"""scores.parquet and samples.parquet: every number of the report can be recomputed from them without byheart."""

from dataclasses import fields
from typing import Any

from byheart.core.material import CanariesNeed, WritingNeed
from byheart.core.token_scores import TokenScores
from byheart.study.asking import Answers
from byheart.study.passages import Passage, Prompt
from byheart.study.subjects import Cast

_WITHHELD = {"given_ids": None, "token_ids": None, "argmax_id": None}
"""Of planted secrets: who reads them can look for them. Their probabilities stay."""


def score_table(cast: Cast, asked: Answers) -> bytes:
    """A row for each scored text and subject; a Parquet file with page checksums.

    The statistics of its tokens are lists. They cover the tokens after the given ones, whose ids stand in `given_ids`;
    of canaries no ids are told.
    """
    rows: list[dict[str, Any]] = []
    for subject in cast.subjects:
        for need, found in asked.materials.items():
            scores = asked.scores.get((subject.name, need))
            for passage in found if scores is not None else ():
                assert isinstance(passage, Passage)
                assert scores is not None
                head = {
                    "subject": subject.name,
                    "need": type(need).__name__,
                    "role": passage.role,
                    "document": _encodable(passage.document),
                    "start_byte": passage.span.start,
                    "stop_byte": passage.span.stop,
                    "num_given": passage.num_given,
                    "given_ids": passage.token_ids[: passage.num_given],
                    "num_scored_bytes": passage.num_scored_bytes,
                    "num_occurrences": passage.num_occurrences,
                    "in_base_sample": passage.in_base_sample,
                }
                # What a subject does not say stays empty.
                columns = {field.name: None for field in fields(TokenScores) if field.name != "ranked_tokens"}
                row = head | columns | dict(scores[passage.fingerprint].arrays())
                rows.append(row | _WITHHELD if isinstance(need, CanariesNeed) else row)
    empty = ["subject", "need", "role", "document", *(field.name for field in fields(TokenScores))]
    return parquet(rows, empty)


def sample_table(cast: Cast, asked: Answers) -> bytes:
    """A row for each text that was written, by the subjects and by the human author; a Parquet file."""
    rows: list[dict[str, Any]] = []
    for need, found in asked.materials.items():
        if not isinstance(need, WritingNeed):
            continue
        prompts = [item if isinstance(item, Prompt) else item.as_prompt() for item in found]
        authors = [("human", [prompt.human for prompt in prompts])]
        authors += [(s.name, asked.written[s.name, need]) for s in cast.subjects if (s.name, need) in asked.written]
        rows += [
            {
                "author": author,
                "need": type(need).__name__,
                "document": _encodable(prompt.document),
                "prompt_ids": prompt.given,
                "token_ids": ids,
                "text": _encodable(cast.tokenizer.decode(ids)),
            }
            for author, texts in authors
            for prompt, ids in zip(prompts, texts, strict=True)
        ]
    return parquet(rows, ["author", "need", "document", "prompt_ids", "token_ids", "text"])


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
