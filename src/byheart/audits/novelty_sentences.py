"""A5 as an experiment: does a trained network write new sentences that are right, and do memorizers of its data?

Question: Of the sentences that it writes and that nobody wrote before, how many are right, against memorizers of the
    same data?
Statistic: Networks and memorizers learn the same sentences of a language with recursion (relative clauses and bracketed
    speech inside one another) and agreement at a distance. Each then writes sentences at several temperatures. A
    sentence is novel when it is none of the training sentences, and valid when it is in the language, which a parser
    decides exactly; one that does not end in time is not. Shares: P(novel), P(valid), P(valid given novel), and
    P(valid and novel), which noise and copying cannot both have.
Null: The best of all memorizers, Markov chains of several orders and samplers without smoothing, at any temperature:
    chosen on the very sentences that are then compared, which favours the memorizer. For P(valid and novel) among all
    of them; for P(valid given novel) among those whose P(novel) reaches, as far as the sample can tell, that of the
    network at temperature 1. More novelty than that is no stricter: a memorizer that writes more may recite
    training sentences now and then, which lowers its P(novel) and leaves its P(valid given novel) as it is. The lookup
    pole writes training sentences only (P(novel) = 0); the blind pole is the network before its first step (P(valid)
    about 0). New draws of the language itself are the ceiling: P(valid) = 1.
Assumptions: Sentences are drawn independently, so that their intervals are exact (Clopper-Pearson; differences by
    Newcombe where Fisher's test agrees). From 3 seeds on, the seeds are the units, each with sentences and weights of
    its own: Student's interval, and never narrower than the exact one.
Fails when: The language is small enough for short sentences to be training sentences by chance: see P(novel) of the
    language itself. Valid is not meaningful, and one small language is not language: the contrast is one of mechanism.
Source: theory.md A5; Merrill et al. 2024, "Evaluating n-gram novelty of language models" (2406.13069), for novelty
    without validity; Newcombe 1998.
"""

from collections.abc import Mapping, Sequence

from byheart.audits.novelty_lab_params import Params
from byheart.audits.novelty_sentence_tables import curve, predictors_table, seeds_table
from byheart.audits.novelty_writings import (
    FEWEST_SEEDS,
    Rate,
    Writing,
    control_of,
    excess,
    interval,
    novel,
    valid,
    valid_given_novel,
    valid_novel,
)
from byheart.core.evidence import Cell, Estimate, Evidence, Refusal, Table

RATES: Mapping[str, tuple[Rate, str]] = {
    "novelty.valid_given_novel_rate": (valid_given_novel, "New sentences at temperature 1 that are in the language"),
    "novelty.valid_novel_rate": (valid_novel, "Sentences at temperature 1 that are new and in the language"),
    "novelty.novel_rate": (novel, "Sentences at temperature 1 that are no training sentence"),
    "novelty.valid_rate": (valid, "Sentences at temperature 1 that are in the language"),
}  # fmt: skip
"""By dotted name, in the order of the page."""
COMPARED = ("novelty.valid_given_novel_rate", "novelty.valid_novel_rate")
"""Those that stand beside the best memorizer."""


def evidence(own: Sequence[Writing], params: Params, *, others: Sequence[Writing] = ()) -> tuple[Evidence, ...]:
    """What is said of every predictor alike, and its curve.

    Args:
        own: all that it wrote.
        params: of the experiment.
        others: what the memorizers wrote, for the network; none for whoever is not compared.
    """
    at_one = [it for it in own if it.temperature == 1.0]
    said = tuple(_estimate(name, at_one, params, others) for name in RATES)
    return (*said, curve(own, others, params))


def model_evidence(
    own: Sequence[Writing],
    everyone: Sequence[Writing],
    compared: Sequence[str],
    sizes: Mapping[str, int],
    params: Params,
) -> tuple[Evidence, ...]:
    """The table of all predictors, and the seeds one by one.

    Args:
        own: what the network wrote.
        everyone: what all wrote, in the order of the table.
        compared: names of the memorizers among them.
        sizes: bytes that each stores, by name.
        params: of the experiment.
    """
    return predictors_table(own, everyone, compared, sizes, params), seeds_table(
        own, everyone, compared, confidence=params.confidence
    )


def examples(found: Sequence[Sequence[Cell]]) -> tuple[Evidence, ...]:
    """Some new sentences of the first seed's network, each with whether it is in the language."""
    rows = tuple((text, "yes" if right else "no") for text, right in found)
    if not rows:
        return ()
    title = "New sentences of the network of the first seed, the first of each kind"
    return (Table(name="novelty.examples", title=title, columns=("sentence", "in the language"), rows=rows),)


def _estimate(name: str, at_one: Sequence[Writing], params: Params, others: Sequence[Writing]) -> Estimate | Refusal:
    rate, what = RATES[name]
    found = interval(at_one, rate, confidence=params.confidence)
    if found is None:
        return Refusal(name=name, reason=f"None of its {sum(it.num_written for it in at_one):,} sentences is new.")
    by_seeds = len(at_one) >= FEWEST_SEEDS
    units = (
        "hull of Student's interval over seeds and Clopper-Pearson's" if by_seeds else "Clopper-Pearson over sentences"
    )
    best = control_of(at_one, others, rate, confidence=params.confidence) if name in COMPARED else None
    control = gain = None
    beside = ""
    if best is not None:
        other, temperature, writings = best
        control = interval(writings, rate, confidence=params.confidence)
        gain = excess(at_one, writings, rate, confidence=params.confidence)
        limit = "" if rate is valid_novel else ", of those that write as much that is new as far as can be told"
        beside = (
            f" Control: {other} at temperature {temperature:g}, the best of all memorizers and temperatures{limit}."
        )
    elif others and name in COMPARED:
        beside = " No memorizer writes as much that is new at any temperature, so that there is no control."
    return Estimate(
        name=name,
        value=found.value,
        # A rate says its hits of its trials; over seeds there are none.
        unit="share" if by_seeds else "rate",
        low=found.low,
        high=found.high,
        confidence=params.confidence,
        n=found.n or 0,
        method=f"{what}; {units}.{beside}",
        control=control,
        excess=gain,
        no_excess="Too few new sentences on a side." if control is not None and gain is None else None,
    )
