"""What the capacity experiment found, in sentences."""

import math

from byheart.core.evidence import Estimate, Refusal
from byheart.core.run_record import RunRecord
from byheart.report import format as fmt
from byheart.report.comparison import BLIND, LOOKUP, Party, answer, parties
from byheart.report.phrases import refused, stopped

_RATIO, _BITS, _KINK = "capacity.bits_per_parameter", "capacity.plateau_bits", "capacity.kink_sequences"
_GAIN, _EXACT, _UNSEEN = (
    "capacity.gain_of_doubled_steps",
    "capacity.exact_sequences",
    "capacity.unseen_bits_per_sequence",
)
_SETTLED = 0.01
"""As audits/capacity.py: a gain that may be larger than this makes the plateau a lower bound."""


def capacity_said(record: RunRecord, audit: str, model: Party) -> tuple[str, str, tuple[str, ...]]:
    """The answer in a few words, the number behind it, and compared with what.

    Args:
        record: of the run.
        audit: "capacity".
        model: the trained networks.
    """
    ratio, bits = (answer(record, audit, model, name) for name in (_RATIO, _BITS))
    details = (*_exact(record, audit, model), *_unseen(record, audit, model), *_poles(record, audit))
    if not isinstance(ratio, Estimate) or not isinstance(bits, Estimate):
        return *refused(record, audit, model, _RATIO), details
    gain = answer(record, audit, model, _GAIN)
    is_settled = isinstance(gain, Estimate) and gain.high is not None and gain.high <= _SETTLED
    short = f"{fmt.value_and_interval(ratio)[0]} bits per parameter." if is_settled else _at_least(ratio)
    lead = f"Of more random sequences than fit, as far as was tried, these networks hold {fmt.estimate(bits)}"
    lead += f", {fmt.estimate(ratio)}."
    return short, lead, (*_steps(gain, is_settled=is_settled), *_kink(record, audit, model), *details, _how_sure(bits))


def _at_least(ratio: Estimate) -> str:
    """A bound that holds for the seeds that were not drawn too: the lower end of the interval, rounded down."""
    if ratio.low is None or ratio.high is None or ratio.low <= 0:
        return "Undecided: the interval over seeds gives no lower bound."
    scale = 10.0 ** fmt.supported_decimals(ratio.high - ratio.low)
    low = math.floor(ratio.low * scale) / scale
    return f"At least {low:g} bits per parameter." if low > 0 else f"At least {ratio.low:.1g} bits per parameter."


def _steps(gain: Estimate | Refusal | None, *, is_settled: bool) -> tuple[str, ...]:
    if not isinstance(gain, Estimate):
        return ("A lower bound: whether more steps would raise it was not measured.",)
    said = f"Twice as many steps raised what is held beyond the kink by {fmt.estimate(gain)}"
    if is_settled:
        return (f"{said}: more steps would hardly raise it.",)
    return (f"{said}: a lower bound, more steps may raise it further.",)


def _kink(record: RunRecord, audit: str, model: Party) -> tuple[str, ...]:
    kink = answer(record, audit, model, _KINK)
    return (f"A table of so many bits would be full at {fmt.estimate(kink)}.",) if isinstance(kink, Estimate) else ()


def _exact(record: RunRecord, audit: str, model: Party) -> tuple[str, ...]:
    exact = answer(record, audit, model, _EXACT)
    if isinstance(exact, Estimate):
        number = fmt.number(exact.value, 0)
        return (
            f"While the data fit: up to {number} sequences every network holds 98 % or more of the data's entropy.",
        )
    return (stopped(f"While the data fit: {fmt.shown(exact.reason, 400)}"),) if isinstance(exact, Refusal) else ()


def _unseen(record: RunRecord, audit: str, model: Party) -> tuple[str, ...]:
    unseen = answer(record, audit, model, _UNSEEN)
    if not isinstance(unseen, Estimate):
        return ()
    said = f"Chance level: of a sequence that it never saw it holds {fmt.estimate(unseen)}"
    return (f"{said}, on {fmt.number(unseen.n, 0)} sequences.",)


def _poles(record: RunRecord, audit: str) -> tuple[str, ...]:
    """A table of everything, and the networks before training, at the largest data set."""
    found = {
        party.role: it
        for party in parties(record)
        if isinstance(it := answer(record, audit, party, "capacity.largest_rung_bits"), Estimate)
    }
    said = []
    if LOOKUP in found:
        bits = fmt.number(found[LOOKUP].value, 0)
        said.append(f"of the largest data set a table of all sequences holds {bits} bits, and its size grows with it")
    if BLIND in found:
        said.append(f"the networks before training hold {fmt.estimate(found[BLIND])}")
    return (f"Both poles: {'; '.join(said)}.",) if said else ()


def _how_sure(it: Estimate) -> str:
    return (
        f"How sure: the intervals rest on {fmt.number(it.n, 0)} seeds, each with weights and data of its own. They "
        "hold for this shape, optimizer and number of steps."
    )
