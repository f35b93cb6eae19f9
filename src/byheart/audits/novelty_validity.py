"""Whether what is new is right: continuations of Python code, parsed, beside those of memorizers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from byheart.audits.novelty_code import verdict
from byheart.audits.novelty_shares import COPY_TOKENS, is_novel, one_per_document
from byheart.core.evidence import Estimate, Evidence, Interval, Refusal
from byheart.core.material import Continuation, Inputs
from byheart.core.novelty_material import Place
from byheart.core.tokens import TokenIds
from byheart.stats.claims import MIN_TRIALS, excess_over_control
from byheart.stats.intervals import clopper_pearson

Count = tuple[int, int]
"""Successes and trials."""
NAMES = ("novelty.novel_rate", "novelty.valid_rate", "novelty.valid_given_novel_rate", "novelty.valid_novel_rate")
MEMORIZERS = ("memorizer", "lookup pole")
"""Roles of those that store the text."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What came out of continuations of code, one of a document."""

    num_written: int
    """Continuations."""
    num_novel: int
    """Long enough for a long copy, and without one."""
    num_valid: int
    """That parse."""
    num_valid_novel: int
    """Both."""

    @property
    def valid(self) -> Count:
        """P(valid)."""
        return self.num_valid, self.num_written

    @property
    def novel(self) -> Count:
        """P(novel)."""
        return self.num_novel, self.num_written

    @property
    def valid_novel(self) -> Count:
        """P(valid and novel)."""
        return self.num_valid_novel, self.num_written

    @property
    def valid_given_novel(self) -> Count:
        """P(valid given novel)."""
        return self.num_valid_novel, self.num_novel


def judge(
    texts: Sequence[Continuation], places: Sequence[Place], decode: Callable[[TokenIds], str], num_tokens: int
) -> Judged:
    """Parses the continuations whose prompts end in Python code.

    Args:
        texts: continuations by one writer.
        places: of the prompts, by index.
        decode: token ids to text.
        num_tokens: that were asked for; a shorter continuation ends its document.
    """
    found = []
    for text in one_per_document([text for text in texts if places[text.prompt_index].code_before is not None]):
        before = places[text.prompt_index].code_before or ""
        is_whole = text.token_ids.size < num_tokens
        is_valid = verdict(before, decode(text.token_ids), is_whole=is_whole) == "valid"
        found.append((is_novel(text), is_valid))
    return Judged(
        num_written=len(found),
        num_novel=sum(novel for novel, _ in found),
        num_valid=sum(valid for _, valid in found),
        num_valid_novel=sum(novel and valid for novel, valid in found),
    )


def best_memorizer(
    others: Mapping[str, Judged], rate: Callable[[Judged], Count], *, least_novel: float = 0.0, confidence: float
) -> tuple[str, Judged] | None:
    """The memorizer with the highest rate among those that write as much that is new, as far as the sample can tell.

    Definition:
        argmax of the rate over the memorizers whose P(novel) has an upper bound of at least `least_novel`
    Args:
        others: of the memorizers, by name.
        rate: which.
        least_novel: the subject's P(novel); 0 for a rate that counts what is new itself.
        confidence: 1 - alpha.
    Returns:
        None where nobody writes as much that is new. The best of several is chosen on the sample that it is then
        compared on, which favours it.
    Source: theory.md A5.
    Differs: nothing.
    """
    able = [
        (k / n, name, it)
        for name, it in others.items()
        for k, n in [rate(it)]
        if n and clopper_pearson(*it.novel, confidence=confidence).high >= least_novel
    ]
    return max(able, key=lambda one: one[0])[1:] if able else None


def evidence(inputs: Inputs, num_tokens: int, *, confidence: float) -> tuple[tuple[Evidence, ...], dict[str, Judged]]:
    """Estimates of what is new, right and both, and what came out of every writer by name.

    Args:
        inputs: of the subject.
        num_tokens: that were asked for.
        confidence: of the intervals.
    Returns:
        a refusal and nobody where the held-out documents are no code, or too few prompts end in code.
    """
    material = inputs.novelty
    places = material.places if material is not None else ()
    own = judge(inputs.continuations, places, inputs.decode, num_tokens) if places else None
    if own is None or own.num_written < MIN_TRIALS:
        have = own.num_written if own is not None else 0
        reason = (
            f"Whether new text is valid is decided by Python's parser: it needs prompts that end in Python code, "
            f"outside strings, in at least {MIN_TRIALS} held-out documents; there are {have}."
        )
        return (Refusal(name="novelty.valid_given_novel_rate", reason=reason),), {}
    assert material is not None
    human = judge(inputs.human, places, inputs.decode, num_tokens)
    others = {name: judge(it.continuations, places, inputs.decode, num_tokens) for name, it in material.writers.items()}
    memorizers = {name: others[name] for name, it in material.writers.items() if it.role in MEMORIZERS}
    said = tuple(_estimate(name, own, human, memorizers, confidence) for name in NAMES)
    return said, {inputs.subject: own, "human authors": human, **others}


def _estimate(
    name: str, own: Judged, human: Judged, memorizers: Mapping[str, Judged], confidence: float
) -> Estimate | Refusal:
    rate, what = _RATES[name]
    if not rate(own)[1]:
        return Refusal(name=name, reason=f"None of its {own.num_written} continuations of code is new.")
    found = clopper_pearson(*rate(own), confidence=confidence)
    beside: tuple[str, Judged] | None = ("the human authors after the same prompts", human)
    if name in ("novelty.valid_given_novel_rate", "novelty.valid_novel_rate"):
        least = own.num_novel / own.num_written if name == "novelty.valid_given_novel_rate" else 0.0
        beside = best_memorizer(memorizers, rate, least_novel=least, confidence=confidence)
    control: Interval | None = None
    excess: Interval | None = None
    whom = ""
    if beside is not None and rate(beside[1])[1]:
        control = clopper_pearson(*rate(beside[1]), confidence=confidence)
        excess = excess_over_control(rate(own), rate(beside[1]), confidence=confidence)
        whom = f" Control: {beside[0]}."
    return Estimate(
        name=name,
        value=found.value,
        unit="rate",
        low=found.low,
        high=found.high,
        confidence=confidence,
        n=rate(own)[1],
        method=f"{what}; Clopper-Pearson over continuations, one of a document; excess by Newcombe, leaving 0 out only "
        f"where Fisher's exact test does.{whom}",
        control=control,
        excess=excess,
        no_excess=f"An excess needs {MIN_TRIALS} on each side." if control is not None and excess is None else None,
    )


_RATES: Mapping[str, tuple[Callable[[Judged], Count], str]] = {
    NAMES[0]: (
        lambda it: it.novel,
        f"Continuations of code of {COPY_TOKENS} tokens or more, no {COPY_TOKENS} of which stand in the corpus",
    ),
    NAMES[1]: (lambda it: it.valid, "Continuations of code whose finished lines parse"),
    NAMES[2]: (lambda it: it.valid_given_novel, "Of its novel continuations of code, those whose finished lines parse"),
    NAMES[3]: (lambda it: it.valid_novel, "Continuations of code that are novel and whose finished lines parse"),
}
