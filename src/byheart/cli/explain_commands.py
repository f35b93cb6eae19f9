"""Commands that explain: what a name means (explain), and what a memorizer knows (explain-rules)."""

from pathlib import Path
from typing import Annotated

import typer

from byheart.cli.session import JsonFlag, QuietFlag, answer, answer_json, answer_styled, progress, terminal_columns
from byheart.errors import CapabilityError, InputError

MIN_SUPPORT = 3
MIN_CONFIDENCE = 0.51
END_TEXT = "<end of document>"
"""What stands for the token that no document holds."""


def explain(
    name: Annotated[
        str,
        typer.Argument(
            help="Number, by its dotted name or as a report calls it, audit, memorizer or word; all are listed without."
        ),
    ] = "",
    json: JsonFlag = False,
) -> None:
    """Say what a number, an audit, a memorizer or a word means, how to read it, and where it fails.

    Example:  byheart explain extraction.greedy_rate
    """
    from byheart.cli.explain_answer import explained_lines, listed_lines
    from byheart.study.meanings import meanings_of, names

    width = terminal_columns()
    if not name:
        known = names()
        answer_json({kind: list(found) for kind, found in known.items()}) if json else answer_styled(
            listed_lines(known, width)
        )
        return
    found = meanings_of(name)
    if json:
        meanings = [{"name": m.name, "kind": m.kind, "said": m.said, **dict(m.facts)} for m in found]
        answer_json({"asked": name, "meanings": meanings})
    else:
        answer_styled(explained_lines(found, width))


def explain_rules(
    index: Annotated[Path, typer.Option("--index", help="Index of tokens that `byheart index` wrote.")],
    token: Annotated[str, typer.Option("--token", help="Only the rules that say this token, exactly one.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="Rules to list, most support first.")] = 20,
    min_support: Annotated[
        int, typer.Option("--min-support", min=1, help="Fewest places where a rule's literals hold.")
    ] = MIN_SUPPORT,
    min_confidence: Annotated[
        float,
        typer.Option("--min-confidence", min=0.51, max=1.0, help="Smallest share of them that its token follows."),
    ] = MIN_CONFIDENCE,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """List what follows from which tokens in a corpus, as formulae: the rules of memorizer:boolean.

    Example:  byheart explain-rules --index stdlib-tokens.idx --min-confidence 0.95
    """
    import numpy as np

    from byheart.memorizers.boolean import Boolean
    from byheart.memorizers.rules import Thresholds
    from byheart.study.lookup import Lookup

    lookup = Lookup.open(index)
    tokenizer = lookup.tokenizer
    if tokenizer is None:
        raise CapabilityError(
            "Rules are about tokens.",
            why=f"{index} is an index of bytes.",
            next_step="Make one with byheart index SOURCE -o IDX --unit tokens --tokenizer MODEL.",
        )
    output = _one_token(lookup.symbols(token)[0].tolist(), token) if token else None
    with progress(quiet) as on_progress:
        memorizer = Boolean(
            lookup.index,
            vocabulary_size=tokenizer.vocabulary_size,
            end_id=tokenizer.end_id,
            thresholds=Thresholds(min_support, min_confidence),
            on_progress=on_progress,
        )

    def text_of(token_id: int) -> str:
        return END_TEXT if token_id == tokenizer.end_id else lookup.text(np.array([token_id]))

    rules = memorizer.most_supported(limit, output=output)
    if json:
        answer_json(
            {
                "num_rules": memorizer.rules.num_rules,
                "min_support": memorizer.min_support,
                "rules": [
                    {
                        "literals": [{"offset": j, "token": text_of(v)} for j, v in rule.literals],
                        "output": text_of(rule.output),
                        "support": rule.support,
                        "hits": rule.hits,
                        "confidence": rule.confidence,
                    }
                    for rule in rules
                ],
            }
        )
        return
    for rule in rules:
        answer(rule.formula(text_of))
    answer(f"{len(rules):,} of {memorizer.rules.num_rules:,} rules with support {memorizer.min_support} or more.")


def _one_token(symbols: list[int], text: str) -> int:
    if len(symbols) != 1:
        raise InputError(
            "A rule says one token.",
            why=f"{text!r} is {len(symbols)} tokens of this index.",
            next_step="Give a shorter text; a word's first token often has its space: --token ' word'.",
        )
    return symbols[0]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    for command in (explain, explain_rules):
        app.command()(command)
