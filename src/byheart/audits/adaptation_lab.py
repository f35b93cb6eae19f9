"""A3 adaptation, from scratch: what do gradient steps on a new domain buy beside recounting, and at what cost?

Question: After some tokens of a new domain, does a network that takes gradient steps on them predict the rest of it
    better than memorizers that keep their probabilities, and better than memorizers that are built anew with the same
    tokens? What does it forget?
Statistic: A network is trained on an old domain and M1 to M6 are built of it. Bits per byte on held-out documents of
    the old domain: the network's, the best memorizer's, and the difference (bits beyond memorization). Then, for each
    N, the network takes gradient steps on N tokens of the new domain from the weights that the old one gave it; every
    memorizer is built anew of the old text and these tokens. To the members of the mixture M6 come M3 and M5 of the new
    tokens alone; its weights are fitted on the last 1/8 of the tokens with members that know the first 7/8, and then
    every member is built again of all N. What answers is bits beyond the best of them on held-out documents of the new
    domain. Gain: bits per byte there before minus after the largest N, beside that of the memorizer that is best after
    as control. A frozen memorizer gains 0, because its p_ij do not move. Forgetting: bits per byte on held-out
    documents of the old domain after minus before. Of two kinds of text: made text, each symbol of which is the
    permuted symbol 12 places before (with noise; the old and the new domain differ in the permutation), and real text:
    Python code without comments, then the docstrings of other files. One made symbol counts as one byte.
Null: What only stores is one of the memorizers, and is beyond by 0 or less. In made text no context that these
    memorizers store (rules over 7 tokens, order 5, longest suffix) tells the next symbol, so that they stand at log2 V
    bits; the entropy of the source is the least that anyone needs. A table of V x V counts that is told the gap holds
    the rule as well as the network does, and is recounted as cheaply: it is none of the six and stands beside them as a
    declared ceiling.
Assumptions: Everyone gets the same beginnings of documents, cut to the network's context, and nothing before. Documents
    are independent given a seed. With 3 seeds and more the intervals are Student's t over seeds; with fewer, bootstrap
    over documents, which says nothing of other weights.
Fails when: The training is too short: bits that more steps would save are missing, and on real text a network needs
    minutes to pass an n-gram model; a loss there says 'not with so many steps', not 'never'. Made text is one rule,
    chosen because its lag is longer than these memorizers reach: a yes there is 'beyond these memorizers', says that
    the network found the gap by itself, and does not say that no table could hold it. The gain rewards a bad start: who
    knew least gains most. It is no evidence by itself, and stands beside the gains of both poles.
Source: theory.md A3, M3, M6 and L3; protocols.md A3; McCloskey and Cohen 1989, "Catastrophic interference in
    connectionist networks", for forgetting.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from byheart.audits.adaptation_lab_figures import curve, forgetting_curve, predictors_table, seeds_table
from byheart.audits.adaptation_repetitions import MIXTURE, MODEL, TOLD, Experiment, Kind, PartName, Repetition
from byheart.core.evidence import Estimate, Evidence, Interval
from byheart.core.tokens import Floats

PREFIX: Mapping[Kind, str] = {"real": "adaptation.", "made": "adaptation.made_"}
"""Of the names of estimates: those of real text are those of an audit."""


def predictor_evidence(
    experiments: Sequence[Experiment], name: str, confidence: float, *, rng: np.random.Generator
) -> tuple[Estimate, ...]:
    """The same estimates of any predictor.

    Args:
        experiments: of each kind of text.
        name: of the predictor.
        confidence: of the intervals.
        rng: draws the resamples.
    """
    return tuple(one for it in experiments for one in _estimates(it, name, confidence, rng=rng))


def model_evidence(
    experiments: Sequence[Experiment], confidence: float, *, rng: np.random.Generator
) -> tuple[Evidence, ...]:
    """Those of the network, the table of everyone, and the figures."""
    estimates = predictor_evidence(experiments, MODEL, confidence, rng=rng)
    figures = [
        figure
        for it in experiments
        for figure in (curve(it, confidence, rng=rng), forgetting_curve(it, confidence, rng=rng))
    ]
    return (*estimates, *figures, predictors_table(experiments, confidence, rng=rng), seeds_table(experiments))


def _estimates(
    it: Experiment, name: str, confidence: float, *, rng: np.random.Generator
) -> tuple[Estimate, ...]:  # fmt: skip
    last, text = len(it.new_tokens) - 1, f"{it.kind} text"
    best, best_new = it.best_memorizer("old", 0), it.best_memorizer("new", last)
    num_tokens, steps = it.new_tokens[last], it.steps[last]
    after = f"after {num_tokens:,} tokens of the new domain ({steps} gradient steps, or building anew)"

    def bits(who: str, part: PartName, row: int) -> Callable[[Repetition], Floats]:
        return lambda one: one.bits[who][part][row]

    def fewer(part: PartName, first: tuple[str, int], second: tuple[str, int]) -> Callable[[Repetition], Floats]:
        return lambda one: one.bits[first[0]][part][first[1]] - one.bits[second[0]][part][second[1]]

    def found(
        measure: str,
        part: PartName,
        what: Callable[[Repetition], Floats],
        method: str,
        control: Callable[[Repetition], Floats] | None = None,
    ) -> Estimate:
        def over(asked: Callable[[Repetition], Floats]) -> Interval:
            return it.interval(part, asked, confidence, rng=rng)

        interval = over(what)
        # Bits that no document varies in (nothing gained, nothing forgotten) have an interval of no width.
        is_known = interval.high > interval.low or interval.value == 0.0
        return Estimate(
            name=f"{PREFIX[it.kind]}{measure}",
            value=interval.value,
            unit="bits per byte",
            low=interval.low if is_known else None,
            high=interval.high if is_known else None,
            confidence=confidence,
            n=interval.n or len(it.repetitions),
            method=f"{method}; {it.said_of_intervals()}.",
            control=None if control is None else over(control),
            excess=None if control is None else over(lambda one: what(one) - control(one)),
            no_interval=None
            if is_known
            else "It is the same in every document and seed, or there are too few of them.",
        )

    rebuilt = None if name == best_new else fewer("new", (best_new, 0), (best_new, last))
    ceiling: tuple[Estimate, ...] = ()
    if it.kind == "made" and TOLD in it.repetitions[0].bits:
        ceiling = (
            found(
                "new_domain_bits_beyond_told_table_per_byte",
                "new",
                fewer("new", (TOLD, last), (name, last)),
                f"Bits per byte of {TOLD}, counted of the same tokens, minus its own, held-out {text} of the new "
                f"domain, {after}, paired; that table is a declared ceiling, no memorizer of the six",
            ),
        )
    return (
        found("bits_per_byte", "old", bits(name, "old", 0), f"Held-out {text} of the old domain"),
        found(
            "best_memorizer_bits_per_byte", "old", bits(best, "old", 0), f"The same of the best memorizer ({best})"
        ),
        found(
            "bits_beyond_memorizer_per_byte",
            "old",
            fewer("old", (best, 0), (name, 0)),
            f"Bits per byte of the best memorizer ({best}) minus its own, held-out {text} of the old domain, paired",
        ),
        found(
            "new_domain_gain_bits_per_byte",
            "new",
            fewer("new", (name, 0), (name, last)),
            f"Held-out {text} of the new domain, before minus {after}, paired; control: the same of the memorizer "
            f"that is best after ({best_new}); a frozen memorizer gains 0, and who knew least gains most",
            rebuilt,
        ),
        found(
            "new_domain_bits_beyond_memorizer_per_byte",
            "new",
            fewer("new", (best_new, last), (name, last)),
            f"Bits per byte of the best memorizer built anew ({best_new}) minus its own, held-out {text} of the new "
            f"domain, {after}, paired",
        ),
        found(
            "new_domain_bits_beyond_frozen_mixture_per_byte",
            "new",
            fewer("new", (MIXTURE, 0), (name, last)),
            f"Bits per byte of the mixture as the old domain left it minus its own {after}, held-out {text} of the new "
            "domain, paired",
        ),
        found(
            "forgetting_bits_per_byte",
            "old",
            fewer("old", (name, last), (name, 0)),
            f"Held-out {text} of the old domain, {after}, minus before, paired",
        ),
        *ceiling,
        found("seen_bits_per_byte", "seen", bits(name, "seen", 0), f"{text.capitalize()} that it learned from"),
    )  # fmt: skip
