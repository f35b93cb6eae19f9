"""What A4 found, in sentences: of the laboratory's networks, or of the layers of a given model."""

from byheart.core.evidence import Estimate, Interval, Refusal, Table
from byheart.core.run_record import RunRecord
from byheart.core.standing import standing
from byheart.report import format as fmt
from byheart.report.comparison import BLIND, LOOKUP, Party, answer, evidence_of, measures, parties
from byheart.report.phrases import how_sure, refused, sign, stopped

_HEAD = "complexity.unseen_accuracy"
_DELAY, _PLAIN = "complexity.grokking_delay_steps", "complexity.unseen_accuracy_without_decay"
_MEMORIZED, _ALL, _WITHIN = (
    "complexity.memorized_forming_layer_share",
    "complexity.forming_layer_share",
    "complexity.memorized_difference_share",
)
_TASKS = {
    _HEAD: "modular addition on never-seen pairs",
    f"{_HEAD}_dyck": "Dyck-2 beyond the trained depth",
    f"{_HEAD}_parity": "parity beyond the trained length",
    f"{_HEAD}_arithmetic": "modular arithmetic beyond the trained length",
    f"{_HEAD}_composition": "commands with a pair that was never together",
}
_WITHIN_SIZES = "complexity.within_sizes_accuracy"
_LEARNED = 0.9
"""Accuracy on unseen cases of trained sizes from which on a rule counts as learned there."""
_WORDS = {
    1: "Beyond chance and every memorizer",
    -1: "Not beyond chance or not beyond the best memorizer",
    0: "Undecided",
}
_Said = tuple[str, str, tuple[str, ...]]


def is_experiment(record: RunRecord) -> bool:
    """Whether networks were trained on the tasks, or the layers of a given model were read."""
    return _HEAD in measures(record, "complexity")


def complexity_question(record: RunRecord) -> str:
    """As a user would ask it."""
    if is_experiment(record):
        return "Does it answer cases of a rule of which a lookup table has none?"
    return "In which of its layers do its sure predictions form, on trained-on text and on other text?"


def complexity_said(record: RunRecord, audit: str, model: Party) -> _Said:
    """The answer in a few words, the number behind it, and compared with what.

    Args:
        record: of the run.
        audit: "complexity".
        model: under test.
    """
    return _experiment(record, audit, model) if is_experiment(record) else _layers(record, audit, model)


def _experiment(record: RunRecord, audit: str, model: Party) -> _Said:
    found = {name: it for name in _TASKS if isinstance(it := answer(record, audit, model, name), Estimate)}
    head = found.get(_HEAD)
    if head is None:
        return *refused(record, audit, model, _HEAD), ()
    chances = _chances(record, audit)
    stands = {name: _stands(record, audit, it, chances.get(name)) for name, it in found.items()}
    short_of = {name for name, it in _within(record, audit, model).items() if it.value < _LEARNED}
    lead = f"On pairs that it never saw, {model.label} is right on {fmt.estimate(head)}"
    if head.control is not None and head.excess is not None:
        lead += f"; the best memorizer of the same cases on {fmt.control(head.control, head.unit, head.confidence)}"
    details = (
        *(line for at, what in _WORDS.items() for line in _each(what, [n for n in found if stands[n] == at], found)),
        *_chance_levels(chances),
        *_trained_sizes(record, audit, model, short_of),
        *_grokking(record, audit, model),
        *_poles(record, audit),
        f"How sure: {fmt.shown(head.method.rpartition('; ')[2], 200)}",
    )
    return _short(stands, short_of), f"{lead}.", details


def _stands(record: RunRecord, audit: str, it: Estimate, chance: float | None) -> int:
    """1 beyond chance, the best memorizer and itself before training; -1 plainly not; 0 where this cannot tell."""
    if it.excess is None or it.low is None or it.high is None or chance is None:
        return 0
    found = standing(Interval(it.value, it.low, it.high, it.n), it.excess, chance)
    return 0 if found > 0 and _is_no_better_than_before(record, audit, it) else found


def _is_no_better_than_before(record: RunRecord, audit: str, it: Estimate) -> bool:
    """Whether the networks are, as far as their intervals tell, no better than they were before training."""
    for party in parties(record):
        before = answer(record, audit, party, it.name)
        if party.role == BLIND and isinstance(before, Estimate) and before.high is not None and it.low is not None:
            return it.low <= before.high
    return False


def _short(stands: dict[str, int], short_of: set[str]) -> str:
    def named(at: int) -> str:
        return ", ".join(
            _TASKS[name] + (" (nor within trained sizes)" if at < 1 and name in short_of else "")
            for name, found in stands.items()
            if found == at
        )

    yes, no, unclear = named(1), named(-1), named(0)
    if not no and not unclear:
        return f"Yes, on all {len(stands)} tasks."
    parts = [f"Yes on {yes}"] if yes else []
    parts += [f"not on {no}"] if no else []
    parts += [f"undecided on {unclear}"] if unclear else []
    said = "; ".join(parts)
    if not yes:
        said = f"{'Undecided' if unclear else 'No'}: shown on no task; {said}"
    return f"{said}."


def _chances(record: RunRecord, audit: str) -> dict[str, float]:
    """What uniform guesses get right, by estimate, from the table of all predictors."""
    found: dict[str, float] = {}
    for _, table in evidence_of(record, audit):
        if isinstance(table, Table) and table.name == "complexity.predictors":
            row = next((row for row in table.rows if row[0] == "chance"), ())
            for name, task in _TASKS.items():
                for column, value in zip(table.columns, row, strict=False):
                    if column.startswith(f"{task},") and isinstance(value, float):
                        found[name] = value
    return found


def _chance_levels(chances: dict[str, float]) -> tuple[str, ...]:
    said = [f"{_TASKS[name]} {100 * chance:.2g} %" for name, chance in chances.items()]
    return (f"Chance: {'; '.join(said)}.",) if said else ()


def _within(record: RunRecord, audit: str, model: Party) -> dict[str, Estimate]:
    """Accuracy on unseen cases of trained sizes, by the estimate of the larger ones."""
    named = {name: name.replace(_HEAD, _WITHIN_SIZES) for name in _TASKS}
    return {
        name: it for name, other in named.items() if isinstance(it := answer(record, audit, model, other), Estimate)
    }


def _trained_sizes(record: RunRecord, audit: str, model: Party, short_of: set[str]) -> tuple[str, ...]:
    found = _within(record, audit, model)
    if not found:
        return ()
    said = "; ".join(f"{name.removeprefix(f'{_HEAD}_')} {fmt.estimate(it)}" for name, it in found.items())
    said = f"Unseen cases of trained sizes: {said}"
    if short_of:
        names = ", ".join(name.removeprefix(f"{_HEAD}_") for name in found if name in short_of)
        said += (
            f". Under {100 * _LEARNED:.0f} % the rule was not learned within them: nothing is said of size on {names}"
        )
    return (f"{said}.",)


def _each(what: str, names: list[str], found: dict[str, Estimate]) -> tuple[str, ...]:
    said = []
    for name in names:
        it = found[name]
        excess = "" if it.excess is None else f" (excess {fmt.excess(it.excess, it.unit, it.confidence)})"
        said.append(f"{_TASKS[name]} {fmt.estimate(it)}{excess}")
    return (f"{what}: {'; '.join(said)}.",) if said else ()


def _grokking(record: RunRecord, audit: str, model: Party) -> tuple[str, ...]:
    delay, plain = answer(record, audit, model, _DELAY), answer(record, audit, model, _PLAIN)
    said = []
    if isinstance(delay, Estimate) and delay.low is not None and delay.low > 0:
        said.append(f"95 % of the unseen pairs are right {fmt.estimate(delay)} after all trained ones are")
    elif isinstance(delay, Estimate):
        # An average that may be none, or less than none, is no delay: the seeds are said one by one, or nothing.
        _, mark, each = delay.method.rpartition("seed by seed: ")
        each = fmt.shown(each.rstrip("."), 200)
        said += [f"All trained pairs and 95 % of the unseen ones are right, seed by seed, after {each}"] if mark else []
    elif isinstance(delay, Refusal):
        said.append(f"Grokking: {fmt.shown(delay.reason, 300).rstrip('.')}")
    if isinstance(plain, Estimate):
        said.append(f"without weight decay the same networks end at {fmt.estimate(plain)} of the unseen pairs")
    whole = stopped("; ".join(said))
    return (f"{whole[:1].upper()}{whole[1:]}",) if said else ()


def _poles(record: RunRecord, audit: str) -> tuple[str, ...]:
    roles = {LOOKUP: "a table of the trained pairs", BLIND: "the networks before training"}
    said = [
        f"{roles[party.role]}: {fmt.estimate(it)}"
        for party in parties(record)
        if party.role in roles and isinstance(it := answer(record, audit, party, _HEAD), Estimate)
    ]
    return (f"Both poles on never-seen pairs: {'; '.join(said)}.",) if said else ()


def _layers(record: RunRecord, audit: str, model: Party) -> _Said:
    known = answer(record, audit, model, _MEMORIZED)
    details = (*_everything(record, audit, model), *_paired(record, audit, model))
    if not isinstance(known, Estimate):
        return *refused(record, audit, model, _MEMORIZED), details
    lead = f"Sure tokens of trained-on text form in {model.label} after {fmt.estimate(known)} of its depth"
    if known.control is None or known.excess is None:
        return "Undecided.", f"{lead}.", (*details, how_sure(known))
    match sign(known.excess):
        case 1:
            short = "Sure tokens form later on trained-on text than on unseen text."
        case -1:
            short = "Sure tokens form earlier on trained-on text than on unseen text."
        case _:
            short = "No difference between trained-on and unseen text that this sample can show."
    against = (
        f"Compared with held-out tokens that it is as sure of: "
        f"{fmt.control(known.control, known.unit, known.confidence)}. "
        f"Difference: {fmt.excess(known.excess, known.unit, known.confidence)}."
    )
    meaning = "Sure is not the same as known by heart: a token is sure as well where its context gives it away."
    limit = "Poles and memorizers have no layers; read through the logit lens, which reads early layers badly."
    return short, f"{lead}.", (against, meaning, *details, limit, how_sure(known))


def _everything(record: RunRecord, audit: str, model: Party) -> tuple[str, ...]:
    it = answer(record, audit, model, _ALL)
    if not isinstance(it, Estimate) or it.control is None or it.excess is None:
        return ()
    return (
        f"All tokens: trained-on {fmt.estimate(it)}, held-out {fmt.control(it.control, it.unit, it.confidence)}; "
        f"difference {fmt.excess(it.excess, it.unit, it.confidence)}.",
    )


def _paired(record: RunRecord, audit: str, model: Party) -> tuple[str, ...]:
    it = answer(record, audit, model, _WITHIN)
    if not isinstance(it, Estimate):
        return ()
    return (f"Within trained-on text, sure less other tokens: {fmt.estimate(it)}, the sureness not matched.",)
