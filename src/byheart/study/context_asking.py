"""Asks memorizers about made texts by their faster road: the log-probability of each token and nothing else."""

from collections.abc import Sequence

from byheart.core.progress import Progress, silent
from byheart.core.tokens import Floats
from byheart.memorizers.memorizer import Memorizer
from byheart.study.passages import Passage


def memorizer_nats(
    memorizer: Memorizer, passages: Sequence[Passage], *, on_progress: Progress = silent
) -> dict[str, Floats]:
    """Log-probability of the tokens of each passage that are not given, nats, by fingerprint.

    Args:
        memorizer: who answers.
        passages: what is asked.
        on_progress: told after every passage.
    Cost: some microseconds a token, where the whole statistics of a token need a row of the vocabulary.
    """
    found = {}
    for number, passage in enumerate(passages):
        found[passage.fingerprint] = memorizer.log_probabilities_nats(passage.token_ids)[passage.num_given :]
        on_progress(f"ask {memorizer.name}", number + 1, len(passages))
    return found
