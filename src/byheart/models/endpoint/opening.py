"""From an address to a Predictor: probe, checks of its numbers, predictor."""

import os
from collections.abc import Mapping
from dataclasses import replace

from byheart.core.progress import Progress, silent
from byheart.corpus.byte_tokenizer import byte_tokenizer
from byheart.corpus.tokenizer import Tokenizer
from byheart.models.endpoint.address import read_address
from byheart.models.endpoint.alignment_check import check_alignment
from byheart.models.endpoint.connection import Connection
from byheart.models.endpoint.key import key_from_environment
from byheart.models.endpoint.limits import Limits
from byheart.models.endpoint.order_check import check_order
from byheart.models.endpoint.predictor import Endpoint, ScoringEndpoint
from byheart.models.endpoint.probe import Probe

_STAGE = "probe the endpoint"


def open_endpoint(
    spec: str,
    *,
    tokenizer: Tokenizer | None = None,
    limits: Limits | None = None,
    environment: Mapping[str, str] = os.environ,
    on_progress: Progress = silent,
) -> Endpoint:
    """The model at an address, with what it lets us see.

    Args:
        spec: http://host:port/v1#name.
        tokenizer: that the model was trained with; without it nothing is scored and texts are counted in bytes.
        limits: how hard the server may be asked.
        environment: where the key stands: BYHEART_API_KEY, or OPENAI_API_KEY for OpenAI and this machine.
        on_progress: hears the stages.
    Returns:
        a ScoringEndpoint where the server shows log-probabilities of a given text that were found to be those of its
            tokens, else an Endpoint; `found.in_words()` tells which and why.
    Raises:
        ConfigError: the address is ill-formed, or names no model where there are several.
        UnsafeError: the key would cross a network unencrypted.
        BackendError: the server does not answer, wants another key, answers wrongly, or fails the order check.
    """
    address = read_address(spec)
    connection = Connection(address, key=key_from_environment(address, environment), limits=limits or Limits())
    try:
        return _opened(connection, tokenizer, on_progress)
    except BaseException:
        connection.close()
        raise


def _opened(connection: Connection, tokenizer: Tokenizer | None, on_progress: Progress) -> Endpoint:
    on_progress(_STAGE, 0, 2)
    probe = Probe(connection, tokenizer)
    found = probe.run()
    on_progress(_STAGE, 1, 2, str(found.access))
    known = tokenizer or byte_tokenizer()
    if found.score_form is not None:
        checked = check_alignment(ScoringEndpoint(connection, model=probe.model, found=found, tokenizer=known))
        if checked.fault is not None:
            found = replace(found, score_form=None, top_tokens=0, notes=(*found.notes, checked.fault))
    if found.score_form is None:
        endpoint = Endpoint(connection, model=probe.model, found=found, tokenizer=known)
    else:
        endpoint = ScoringEndpoint(connection, model=probe.model, found=found, tokenizer=known)
        # Only the tokens themselves are compared.
        lean = ScoringEndpoint(connection, model=probe.model, found=replace(found, top_tokens=1), tokenizer=known)
        check_order(lean.score, known, longest=found.context_tokens, as_text=not found.takes_token_ids)
    on_progress(_STAGE, 2, 2, str(found.access))
    return endpoint
