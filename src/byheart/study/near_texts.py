"""Asks a subject for the probability of everything near a passage, one passage at a time, through the journal."""

import math
from collections.abc import Sequence
from typing import Any

from byheart.core.material import NearMassNeed
from byheart.core.predictor import Distributes
from byheart.core.progress import Progress, silent
from byheart.stats.near_mass import NearMass, Neighbourhood, near_mass
from byheart.study.journal import Journal
from byheart.study.passages import Passage
from byheart.study.subjects import Subject


def search_passages(
    subject: Subject,
    need: NearMassNeed,
    passages: Sequence[Passage],
    journal: Journal,
    *,
    end_id: int,
    on_progress: Progress = silent,
) -> list[NearMass]:
    """What was found near the tokens of each passage that are not given.

    Args:
        subject: whose predictor offers Distributes.
        need: distance, beam and decoding; part of the journal's keys.
        passages: whose neighbourhoods are searched.
        journal: keeps what was found.
        end_id: token for the end of a document.
        on_progress: told after each passage.
    Returns:
        in the order of the passages.
    Cost: for each passage as many contexts as the beam is wide for each of its tokens, each read whole; few where the
        subject does not know it.
    """
    predictor = subject.predictor
    assert isinstance(predictor, Distributes)
    within = Neighbourhood(
        at_most=need.at_most,
        beam_width=need.beam_width,
        decoding=need.decoding,
        end_id=end_id,
        least=need.least,
    )
    found = []
    for passage in passages:
        key = f"near/{subject.name}/{predictor.fingerprint}/{need!r}/{passage.fingerprint}"
        if key not in journal:
            prefix, target = passage.token_ids[: passage.num_given], passage.token_ids[passage.num_given :]
            it = near_mass(prefix, target, predictor.next_log_probabilities_nats, within)
            journal.put(key, _to_json(it))
        else:
            it = _from_json(journal.get(key))
        found.append(it)
        on_progress(f"search {subject.name}", len(found), len(passages))
    return found


def _to_json(it: NearMass) -> list[Any]:
    """Without infinite numbers, which are no JSON: what has no probability has no logarithm of it."""
    nats = [None if value == -math.inf else value for value in (it.log_verbatim_nats, it.log_mass_nats)]
    return [*nats, it.num_texts, it.is_whole]


def _from_json(raw: list[Any]) -> NearMass:
    verbatim, mass, num_texts, is_whole = raw
    first, second = (-math.inf if value is None else float(value) for value in (verbatim, mass))
    return NearMass(first, second, int(num_texts), bool(is_whole))
