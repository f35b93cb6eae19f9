"""What the context axis found, in sentences: of a given model, and of networks that were trained for it."""

import re

from byheart.core.evidence import Estimate, Interval
from byheart.core.run_record import RunRecord
from byheart.report import format as fmt
from byheart.report.comparison import BLIND, LOOKUP, MODEL, Party, answer, parties
from byheart.report.phrases import both_poles, refused, sign

_COPY, _CHAIN, _LANGUAGE, _LABEL = (
    "context.copy_gain_bits",
    "context.chain_gain_bits",
    "context.language_gain_bits",
    "context.label_accuracy",
)
_BAYES, _END, _ORDERED, _SEEN = (
    "context.bayes_distance_nats",
    "context.end_bayes_kl_nats",
    "context.ordered_phases_rate",
    "context.seen_gain_bits",
)
_BEYOND = "context.language_beyond_bigrams_bits"


def context_said(record: RunRecord, audit: str, model: Party) -> tuple[str, str, tuple[str, ...]]:
    """The answer in a few words, the number behind it, and compared with what.

    Args:
        record: of the run.
        audit: "context".
        model: under test, or the trained networks.
    """
    is_lab = isinstance(answer(record, audit, model, _ORDERED), Estimate)
    name = _CHAIN if is_lab else _COPY
    it = answer(record, audit, model, name)
    others = _trained(record, audit, model) if is_lab else _other_rules(record, audit, model)
    if not isinstance(it, Estimate) or it.excess is None or it.control is None:
        return *refused(record, audit, model, name), others
    short = _answer(record, audit, model, it, is_lab=is_lab)
    lead = (
        f"Of a chain that no other sequence follows, {model.label} gains {fmt.estimate(it)} over the best fixed "
        "transition probabilities."
        if is_lab
        else f"Random tokens that stand in the prompt once already are {fmt.estimate(it)} less surprising to "
        f"{model.label} the second time."
    )
    what = "The best of those that only store" if is_lab else "Other random tokens in the same place"
    against = (
        f"{what}: {fmt.control(it.control, it.unit, it.confidence)}. "
        f"Excess: {fmt.excess(it.excess, it.unit, it.confidence)}"
    )
    if sign(it.excess) == 0:
        against += "; the interval includes zero"
    return short, lead, (f"{against}.", *_storing(record, audit, name, is_lab=is_lab), *others, _how_sure(it))


def _answer(record: RunRecord, audit: str, model: Party, it: Estimate, *, is_lab: bool) -> str:
    assert it.excess is not None
    match sign(it.excess):
        case -1:
            return (
                "No: the best memorizer gains more." if is_lab else "No: with the rule it predicts worse than without."
            )
        case 0:
            return "Undecided: the best memorizer gains as much." if is_lab else "No evidence of it."
    if is_lab and it.low is not None and it.low <= 0:
        return "No evidence of it: fixed transition probabilities do as well."
    rival, own = _strongest(record, audit, it.name, is_lab=is_lab), _compared(it, is_lab=is_lab)
    # In the laboratory the excess over the best of those that store, paired by sequence, leaves 0 out already.
    if rival is not None and rival[1].high >= own.low and (not is_lab or rival[0].role == BLIND):
        return f"Undecided: {rival[0].label}, which only stores, gains as much."
    if is_lab and not _poles_apart(record, audit):
        return "Undecided: the table of the training sequences does not know them better than an untrained network."
    if is_lab or any(_gains(record, audit, model, name) for name in (_CHAIN, _LANGUAGE, _LABEL)):
        return "Yes."
    return "Yes, as far as copying goes."


def _compared(it: Estimate, *, is_lab: bool) -> Interval:
    """What stands beside the memorizers: of chains that they were built for, all that is gained; else the excess.

    A table that mistakes a new chain for one it holds has an excess over random order, and still foresees it worse than
    fixed probabilities do.
    """
    if not is_lab:
        assert it.excess is not None
        return it.excess
    assert it.low is not None
    assert it.high is not None
    return Interval(it.value, it.low, it.high)


def _strongest(record: RunRecord, audit: str, name: str, *, is_lab: bool) -> tuple[Party, Interval] | None:
    """Who of those that learn nothing may gain most from the rule, or None where nobody else was asked.

    By the upper bound: one that is known less well may be the stronger.
    """
    found = [
        (party, _compared(it, is_lab=is_lab))
        for party in parties(record)
        if party.role not in (MODEL, "base")
        and isinstance(it := answer(record, audit, party, name), Estimate)
        and (it.low is not None if is_lab else it.excess is not None)
    ]
    return max(found, key=lambda pair: pair[1].high, default=None)


def _storing(record: RunRecord, audit: str, name: str, *, is_lab: bool) -> tuple[str, ...]:
    rival = _strongest(record, audit, name, is_lab=is_lab)
    if rival is None:
        return ("Nothing that only stores was asked beside it.",)
    party, interval = rival
    gained = fmt.excess(interval, "bits per token", 0.95)
    word = "gains nothing that stands out" if sign(interval) <= 0 else "gains something too"
    most = f"Of the memorizers and poles the one that may gain most, {party.label}, {word}: {gained}."
    if is_lab and sign(interval) > 0:
        most += (
            " So memorizers are not at chance on chains: the last few tokens tell something of how often each comes."
        )
    return (*_must_fail(record, audit, name, is_lab=is_lab), most)


def _must_fail(record: RunRecord, audit: str, name: str, *, is_lab: bool) -> tuple[str, ...]:
    """What M1 gains, of which the theory says that it can't respond to a pattern that was not built into it."""
    automaton = next((party for party in parties(record) if party.name == "memorizer:automaton"), None)
    it = None if automaton is None else answer(record, audit, automaton, name)
    if not isinstance(it, Estimate) or (it.low is None if is_lab else it.excess is None):
        return ()
    gained = fmt.excess(_compared(it, is_lab=is_lab), "bits per token", it.confidence)
    return (f"The automaton (M1), which by the theory must fail, gains {gained}.",)


def _poles_apart(record: RunRecord, audit: str) -> bool:
    """Whether what holds the training sequences foresees those better than what never saw them does."""
    found = {party.role: answer(record, audit, party, _SEEN) for party in parties(record)}
    table, blind = found.get(LOOKUP), found.get(BLIND)
    if not isinstance(table, Estimate) or not isinstance(blind, Estimate):
        return True
    return table.low is None or blind.high is None or table.low > blind.high


def _gains(record: RunRecord, audit: str, model: Party, name: str) -> bool:
    """Whether its excess leaves out zero, and what any memorizer or pole shows."""
    it = answer(record, audit, model, name)
    if not isinstance(it, Estimate) or it.excess is None or sign(it.excess) <= 0:
        return False
    rival = _strongest(record, audit, name, is_lab=False)
    return rival is None or rival[1].high < it.excess.low


def _other_rules(record: RunRecord, audit: str, model: Party) -> tuple[str, ...]:
    """Chains, languages and labels: what each adds, or that nothing is shown."""
    said = []
    for name, what in ((_CHAIN, "A Markov chain of the prompt"), (_LANGUAGE, "A language of the prompt")):
        it = answer(record, audit, model, name)
        if isinstance(it, Estimate) and it.excess is not None:
            verb = {1: "helps", 0: "is not shown to help", -1: "hurts"}[sign(it.excess)]
            if verb == "helps" and not _gains(record, audit, model, name):
                verb = "is not shown to help more than it helps who only stores"
            gained = fmt.excess(it.excess, it.unit, it.confidence)
            said.append(f"{what} {verb}: {gained} over the same tokens in random order.")
    label = answer(record, audit, model, _LABEL)
    if isinstance(label, Estimate) and label.control is not None:
        dealt = fmt.control(label.control, label.unit, label.confidence)
        verdict = "more than by chance" if _gains(record, audit, model, _LABEL) else "not shown to be more than chance"
        said.append(
            f"Labels without a meaning, told by examples: right in {fmt.estimate(label)}, with labels dealt at random "
            f"{dealt}: {verdict}."
        )
    return tuple(said)


def _trained(record: RunRecord, audit: str, model: Party) -> tuple[str, ...]:
    """How near the best predictor the networks end, and by which way."""
    said = []
    for name, what in ((_END, "By its whole distribution"), (_BAYES, "By the tokens that came")):
        it = answer(record, audit, model, name)
        if isinstance(it, Estimate):
            said.append(f"{what} it ends {fmt.estimate(it)} from the best predictor of a new chain (Bayes).")
    ordered = answer(record, audit, model, _ORDERED)
    if isinstance(ordered, Estimate):
        said.append(
            "The training passed from uniform through frequencies to Bayes, in this order, in "
            f"{fmt.estimate(ordered)} of the seeds."
        )
    said += _languages(record, audit, model)
    said += [
        f"On sequences that were trained on: {line[:1].lower()}{line[1:]}" for line in both_poles(record, audit, _SEEN)
    ]
    return tuple(said)


def _languages(record: RunRecord, audit: str, model: Party) -> list[str]:
    """What networks of random automata gain, and whether counting pairs in the sequence does better."""
    it, beyond = (answer(record, audit, model, name) for name in (_LANGUAGE, _BEYOND))
    if not isinstance(it, Estimate):
        return []
    said = f"Of a language that no other sequence is written in it gains {fmt.estimate(it)}"
    if it.excess is not None:
        said += f", {fmt.excess(it.excess, it.unit, it.confidence)} more than the best of those that only store"
    if isinstance(beyond, Estimate) and beyond.low is not None and beyond.high is not None:
        beside = Interval(beyond.value, beyond.low, beyond.high)
        verb = {1: "above", 0: "not told apart from", -1: "below"}[sign(beside)]
        said += f"; it is {verb} bigrams counted in the sequence ({fmt.excess(beside, it.unit, it.confidence)})"
    return [f"{said}."]


def _how_sure(it: Estimate) -> str:
    if (few := re.search(r"of these (\d+) networks, (\d+) new ones each", it.method)) is not None:
        return (
            f"How sure: the intervals rest on {fmt.number(it.n, 0)} new sequences, {few[2]} of each of {few[1]} "
            "networks, one observation each; they say nothing of other trainings."
        )
    if "seeds" in it.method:
        return f"How sure: the intervals rest on {fmt.number(it.n, 0)} seeds, each with weights and data of its own."
    return f"How sure: the intervals rest on {fmt.number(it.n, 0)} prompts, one observation each."
