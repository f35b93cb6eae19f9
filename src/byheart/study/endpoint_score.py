"""What `byheart score` over an endpoint will take: the text is cut as it will be sent, and nothing is sent."""

from collections.abc import Callable
from typing import Any

from byheart.errors import ConfigError
from byheart.models import is_endpoint
from byheart.study.endpoint_forecast import Terms, endpoint_forecast, work_of_texts
from byheart.study.indexing import chosen_tokenizer
from byheart.study.score_job import documents_of
from byheart.study.score_plan import ScorePlan
from byheart.study.scorers import WINDOW_TOKENS, windows
from byheart.study.text_batches import Encoder, in_batches


def forecast_score(plan: ScorePlan, terms: Terms, *, read_stdin: Callable[[], str]) -> dict[str, Any]:
    """Requests, tokens, money and time at most, as JSON values and as lines to print.

    Args:
        plan: what, and with which endpoint.
        terms: on what terms it is asked.
        read_stdin: gives the text of standard input; called only where the plan asks for it.
    Raises:
        ConfigError: no endpoint, or no tokenizer for it.
        SourceError: the text cannot be read.
    """
    if not is_endpoint(plan.model):
        raise ConfigError(
            "Only an endpoint has a forecast of a score.",
            why="Every other model answers on this machine.",
            next_step="Leave --dry-run out.",
        )
    if not plan.tokenizer:
        raise ConfigError(
            "An endpoint scores nothing without the tokenizer of its model.",
            next_step="Add --tokenizer: a folder, a tokenizer.json or smollm2.",
        )
    encoder = Encoder(chosen_tokenizer(plan.tokenizer, ()))
    documents, _ = documents_of(plan, read_stdin)
    lengths = [
        stop - start
        for batch in in_batches(documents)
        for ids in encoder.token_ids(batch)
        # The end of a document is a token of it.
        for start, stop, _ in windows(ids.size + 1, WINDOW_TOKENS)
    ]
    planned = endpoint_forecast(work_of_texts(lengths), terms)
    shorter = f"A context of less than {WINDOW_TOKENS:,} tokens, which only the probe can tell, makes it more."
    planned["lines"] += [shorter, "Nothing was sent."]
    return planned
