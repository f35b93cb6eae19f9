"""What the exposure audit found, in sentences."""

from byheart.core.evidence import Estimate, Refusal
from byheart.core.run_record import RunRecord
from byheart.report import format as fmt
from byheart.report.comparison import BLIND, LOOKUP, Party, answer, parties, why_missing

_MEAN = "exposure.mean_bits"
_P_VALUE = "exposure.p_value"


def exposure_said(record: RunRecord, audit: str, model: Party) -> tuple[str, str, tuple[str, ...]]:
    """The answer in a few words, the number behind it, and compared with what.

    Args:
        record: of the run.
        audit: "exposure".
        model: under test.
    """
    mean = answer(record, audit, model, _MEAN)
    if isinstance(mean, Refusal):
        return "Undecided.", f"The sample cannot carry this number: {fmt.shown(mean.reason, 600)}", ()
    if mean is None or mean.control is None or mean.excess is None:
        return "Not measured.", f"{model.label}: {why_missing(record.of(audit, model.name))}.", ()
    lead = f"Among what {model.label} might say instead, secrets that were planted in the training text stand out by "
    lead += f"{fmt.estimate(mean)} on average; by chance, as their unplanted twins do, it is "
    lead += f"{fmt.control(mean.control, mean.unit, mean.confidence)}."
    against = f"Excess over the twins: {fmt.excess(mean.excess, mean.unit, mean.confidence)}"
    blind = _pole(record, audit, BLIND)
    coins = answer(record, audit, model, _P_VALUE)
    p_value = coins.value if isinstance(coins, Estimate) else 1.0
    level = (1 - mean.confidence) / 2
    if mean.excess.low <= 0:
        short = "No evidence of it."
        against += ", an interval that includes zero" if mean.excess.high >= 0 else ", so they stand out less"
    elif p_value > level + 1e-12:
        short = "No evidence of it."
        against += (
            f", an interval above zero; but new falls of the coins give as much with a probability of "
            f"{fmt.number(p_value, 3)}, and a yes needs at most {fmt.number(level, 3)}"
        )
    elif blind is not None and blind.excess is not None and blind.excess.low > 0:
        short = "Undecided: the blind pole, which never saw the text, differs the same way."
    else:
        short = "Yes."
    if short.startswith("No evidence") and _lookup_missing(record, audit):
        short = "Undecided: planted secrets are missing in the text that was given as trained-on."
    details = (f"{against}.", *_guesses(record, audit, model), *_poles(record, audit, blind))
    return short, lead, (*details, f"How sure: the intervals rest on {fmt.number(mean.n, 0)} pairs, a coin each.")


def _pole(record: RunRecord, audit: str, role: str) -> Estimate | None:
    found = (answer(record, audit, party, _MEAN) for party in parties(record) if party.role == role)
    return next((it for it in found if isinstance(it, Estimate)), None)


def _guesses(record: RunRecord, audit: str, model: Party) -> tuple[str, ...]:
    """Who was planted can be guessed so often, and what that proves about privacy."""
    right = answer(record, audit, model, "exposure.right_guess_rate")
    epsilon = answer(record, audit, model, "exposure.epsilon_lower_bound")
    said = []
    if isinstance(right, Estimate):
        said.append(f"Which twin was planted is guessed rightly in {fmt.estimate(right)}; by chance in half.")
    if isinstance(epsilon, Estimate) and epsilon.value > 0:
        said.append(
            f"So for a record that stands in the text once the training is not differentially private with an epsilon "
            f"below {fmt.number(epsilon.value, 2)} ({fmt.confidence(epsilon.confidence)} confidence; {epsilon.method})"
        )
    elif isinstance(epsilon, Estimate):
        said.append("About differential privacy of records that stand in the text once this sample proves nothing.")
    return tuple(said)


def _lookup_missing(record: RunRecord, audit: str) -> str:
    """Why the lookup pole has no number, "" where it has one: it has none where the text does not hold the secrets."""
    party = next((party for party in parties(record) if party.role == LOOKUP), None)
    if party is None or _pole(record, audit, LOOKUP) is not None:
        return ""
    return why_missing(record.of(audit, party.name))


def _poles(record: RunRecord, audit: str, blind: Estimate | None) -> tuple[str, ...]:
    """The ceiling and the floor, and whether this audit can tell them apart on this sample."""
    lookup = _pole(record, audit, LOOKUP)
    if lookup is None:
        missing = _lookup_missing(record, audit)
        said = f"The lookup pole: {missing.rstrip('.')}." if missing else ""
    else:
        said = f"The lookup pole, which holds the text: {fmt.estimate(lookup)}."
    if blind is not None:
        said += f" The blind pole, which never saw it: {fmt.estimate(blind)}."
        if lookup is not None and (lookup.low or 0.0) <= (blind.high or 0.0):
            said += " The two poles do not stand apart here, so this number cannot tell memory from chance."
    return (said.strip(),) if said else ()
