"""B2 membership: can one tell from its probabilities what the subject was trained on?

Question: Given texts of which some were in its training text and some were not, does the subject treat those that were
    differently?
Statistic: One window of each document; a score is one number of a window's suffix given its prefix, larger where the
    text looks trained-on. loss: mean log-probability per token. zlib ratio: loss by the compressed bytes. lowercase
    ratio: loss by the loss of the same text in lower case. Min-K%: mean of the 20 % least log-probabilities. Min-K%++:
    the same after subtracting the mean and dividing by the standard deviation of the log-probability at each place.
    reference ratio: loss less that of a reference that has not seen the text, the model without its adapter where there
    is one, else the blind pole. AUC: the chance that a trained-on document outscores a held-out one. TPR at 1 % FPR:
    the share of trained-on documents above a threshold that 1 % of unseen documents exceed. The headline is the loss,
    fixed in advance: it has nothing to tune, needs no reference and is to be had wherever membership can be tested at
    all; the best of several scores, chosen on the same documents, would flatter. The other scores stand in the table,
    their p-values corrected (Holm) for being several.
Null: Where membership means nothing, documents are exchangeable: AUC 1/2, TPR 1 %, and the mean score of the members is
    no larger than labels dealt at random make it (permutation test over documents, one-sided). Split gate: a classifier
    that never sees the subject (tf-idf of words, length, shares of digits, capitals, blanks and marks; cross-validated)
    tells the two sets of texts apart with an AUC of its own, from equally many characters of each window; where the
    interval of that does not cover 1/2, the two sets differ by themselves, and the headline is refused. Not to see a
    difference is not to show that there is none: the headline is refused too with fewer than 40 documents on a side,
    and where the subject's AUC is told from 1/2 but its lower bound is not above the gate's upper one.
Assumptions: The two sets are drawn alike but for membership; documents of different text are independent, each counts
    once, its exact copies included; and held-out documents were not trained on.
Fails when: The sets differ in a way that the gate cannot see, such as the order of words, or that the subject sees far
    better: of simulated sets whose words are somewhat easier on one side, a subject that had seen neither still told
    them apart, beyond the gate, in 6 of 70 studies of 40 documents a side and 6 of 35 of 100. Or they share near
    copies, which count as unseen and look seen. The reference of a small study is weak: the blind pole knows half of
    the held-out documents. An AUC near 1/2 does not say that nothing is memorized: one text among many that is known by
    heart hardly moves it; see extraction. A membership of a document is no proof in itself: the rate of false alarms at
    the threshold is what to quote.
Source: Yeom et al. 2018 (1709.01604), loss; Carlini et al. 2021 (2012.07805), zlib, lowercase and reference; Shi et al.
    2024 (2310.16789), Min-K%; Zhang et al. 2025 (2404.02936), Min-K%++; Carlini et al. 2022, "Membership inference
    attacks from first principles" (2112.03570), TPR at a small FPR; Das et al. 2024 (2406.16201), the gate; Duan et al.
    2024, "Do membership inference attacks work on large language models?" (2402.07841).
"""

from dataclasses import dataclass

import numpy as np

from byheart.audits.membership_gate import Doubt, doubt, enough, finds, gate_texts
from byheart.audits.membership_scores import Sides, known_scores, mixture_loss, sides_of
from byheart.audits.membership_tables import HEADLINE, STRATA, by_occurrences, roc_figure, scores_table
from byheart.core.audit import Audit
from byheart.core.evidence import Estimate, Evidence, Interval, Refusal
from byheart.core.material import ComparedWindowsNeed, Inputs, Need, WindowsNeed
from byheart.stats.permutation import larger_mean_p_values
from byheart.stats.roc import MIN_SIDE, controls_needed, tpr_at_fpr
from byheart.stats.split_gate import split_auc

RATES = (("membership.tpr_at_1pct_fpr", 0.01), ("membership.tpr_at_01pct_fpr", 0.001))
"""Names of the true positive rates and the false positive rates that they stand at."""


@dataclass(frozen=True, kw_only=True)
class Params:
    """Sizes of the membership audit. The windows are those of extraction of the same profile, asked once for both."""

    prefix_tokens: int = 50
    """Tokens given."""
    suffix_tokens: int = 50
    """Tokens whose probability counts."""
    num_windows: int = 100
    """Documents of each side."""
    num_per_stratum: int = 12
    """Windows to have in each stratum of occurrences; they count in the table by occurrences alone."""
    confidence: float = 0.95
    """Coverage of the intervals."""


def run(inputs: Inputs, params: Params, *, rng: np.random.Generator) -> tuple[Evidence, ...]:
    """The gate first, then the headline or its refusal, the table of all scores and the ROC curve."""
    texts = gate_texts(inputs)
    num = {role: len(found) for role, found in texts.items()}
    if min(num.values()) < MIN_SIDE:
        length = params.prefix_tokens + params.suffix_tokens
        reason = f"{enough(num['member'], num['control'])} A document counts where it has a window of {length} tokens."
        return tuple(Refusal(name=f"membership.{name}", reason=reason) for name in ("auc", "split_auc"))
    gate = split_auc(texts["member"], texts["control"], rng=rng, confidence=params.confidence)
    found, missing = known_scores(inputs)
    sides = {name: sides_of(inputs, score) for name, score in found.items()}
    stacked = [np.stack([getattr(side, role) for side in sides.values()], axis=1) for role in ("members", "controls")]
    p_values = dict(zip(sides, larger_mean_p_values(*stacked, rng=rng), strict=True))
    area = sides[HEADLINE].auc(params.confidence)
    doubted = doubt(gate, area, tuple(num.values()), params.confidence)
    caveat = doubted.short if doubted is not None else ""
    reference = _mixture_sides(inputs)
    return (
        *_headline(sides[HEADLINE], area, p_values[HEADLINE], gate, doubted, params),
        roc_figure(sides[HEADLINE], params.confidence, caveat=caveat),
        scores_table(inputs, sides, p_values, missing, reference, gate, params.confidence, caveat=caveat),
        *by_occurrences(inputs, sides[HEADLINE].controls, params.confidence, caveat=caveat),
    )


def _mixture_sides(inputs: Inputs) -> Sides | None:
    is_known = all(it.mixture is not None for it in inputs.compared)
    return sides_of(inputs, mixture_loss) if is_known else None


def _headline(
    sides: Sides, own: Interval, p_value: float, gate: Interval, doubted: Doubt | None, params: Params
) -> list[Evidence]:
    def against(name: str, it: Interval, chance: float, unit: str, method: str) -> Estimate:
        return Estimate(
            name=name,
            value=it.value,
            unit=unit,
            low=it.low,
            high=it.high,
            confidence=params.confidence,
            n=sides.members.size + sides.controls.size if unit == "AUC" else sides.members.size,
            method=method,
            control=Interval(chance, chance, chance),
            excess=Interval(it.value - chance, it.low - chance, it.high - chance),
        )

    split = against(
        "membership.split_auc",
        gate,
        0.5,
        "AUC",
        "Cross-validated AUC of a classifier that never sees the subject (words, length, kinds of characters); "
        f"interval of placements within folds and of shuffled labels{finds(gate, params.confidence)}. Control: 1/2, "
        "chance.",
    )
    names = ("membership.auc", *(name for name, _ in RATES), "membership.set_p_value")
    if doubted is not None:
        beside = f"{doubted.short}: see membership.auc."
        return [*(Refusal(name=name, reason=doubted.reason if name == names[0] else beside) for name in names), split]
    area = against(
        "membership.auc",
        own,
        0.5,
        "AUC",
        f"Chance that a trained-on document has a larger score ({HEADLINE}, fixed in advance) than a held-out one; "
        "DeLong's variance on the logit. Control: 1/2, chance.",
    )
    rates: list[Evidence] = []
    for name, rate in RATES:
        needed, has = controls_needed(rate), sides.controls.size
        if has < needed:
            reason = (
                f"A false positive rate of {100 * rate:g} % needs {needed:,} held-out documents; there are {has:,}."
            )
            rates.append(Refusal(name=name, reason=reason))
            continue
        share = tpr_at_fpr(sides.members, sides.controls, rate, confidence=params.confidence)
        method = (
            f"Share of trained-on documents above the threshold that at most {100 * rate:g} % of unseen documents "
            f"exceed ({HEADLINE}); interval over members and over the threshold, which {has:,} held-out documents "
            f"leave open. Control: {100 * rate:g} %, chance."
        )
        rates.append(against(name, share, rate, "share", method))
    set_level = Estimate(
        name="membership.set_p_value",
        value=p_value,
        unit="p-value",
        low=None,
        high=None,
        confidence=params.confidence,
        n=sides.members.size + sides.controls.size,
        method=f"Permutation test over documents, one-sided: mean {HEADLINE} of members against held-out documents.",
        no_interval="A p-value has none.",
    )
    return [area, *rates, set_level, split]


def needs(params: Params) -> tuple[Need, ...]:
    """The windows of extraction, and what they are compared with."""
    windows = WindowsNeed(
        prefix_tokens=params.prefix_tokens,
        suffix_tokens=params.suffix_tokens,
        num_windows=params.num_windows,
        num_per_stratum=params.num_per_stratum,
        strata=STRATA,
    )
    return (windows, ComparedWindowsNeed(windows=windows))


AUDIT = Audit(
    name="membership",
    version=2,
    question="Can one tell from its probabilities what it was trained on?",
    profiles={
        "quick": Params(),
        "standard": Params(num_windows=400, num_per_stratum=50),
        "full": Params(num_windows=2000, num_per_stratum=200),
    },
    needs=needs,
    run=run,
)
