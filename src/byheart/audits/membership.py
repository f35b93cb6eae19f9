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
    that never sees the subject (tf-idf of words, length, digits; cross-validated) tells the two sets of texts apart
    with an AUC of its own, from equally many characters of each window; where the interval of that does not cover 1/2,
    the two sets differ by themselves, and the headline is refused.
Assumptions: The two sets are drawn alike but for membership; documents of different text are independent, each counts
    once, its exact copies included; and held-out documents were not trained on.
Fails when: The sets differ in a way that the gate cannot see (its interval says how much it may have missed), or share
    near copies, which count as unseen and look seen. The reference of a small study is weak: the blind pole knows half
    of the held-out documents. An AUC near 1/2 does not say that nothing is memorized: one text among many that is known
    by heart hardly moves it; see extraction. A membership of a document is no proof in itself: the rate of false
    alarms at the threshold is what to quote.
Source: Yeom et al. 2018 (1709.01604), loss; Carlini et al. 2021 (2012.07805), zlib, lowercase and reference; Shi et al.
    2024 (2310.16789), Min-K%; Zhang et al. 2025 (2404.02936), Min-K%++; Carlini et al. 2022, "Membership inference
    attacks from first principles" (2112.03570), TPR at a small FPR; Das et al. 2024 (2406.16201), the gate; Duan et al.
    2024, "Do membership inference attacks work on large language models?" (2402.07841).
"""

from dataclasses import dataclass

import numpy as np

from byheart.audits.membership_scores import Sides, known_scores, mixture_loss, sides_of
from byheart.audits.membership_tables import DIFFERENT, HEADLINE, STRATA, by_occurrences, roc_figure, scores_table
from byheart.core.audit import Audit
from byheart.core.evidence import Estimate, Evidence, Interval, Refusal
from byheart.core.material import ComparedWindowsNeed, Inputs, Need, WindowsNeed
from byheart.stats.permutation import larger_mean_p_values
from byheart.stats.roc import MIN_SIDE, controls_needed, tpr_at_fpr
from byheart.stats.split_gate import split_auc

RATES = (("membership.tpr_at_1pct_fpr", 0.01), ("membership.tpr_at_01pct_fpr", 0.001))
"""Names of the true positive rates and the false positive rates that they stand at."""

SHORT_SHARE = 0.1
"""Share of windows that may be shorter than what the gate reads of the others; the very shortest leave it little."""


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


def _texts(inputs: Inputs) -> dict[str, list[str]]:
    """What the gate reads of each side: equally long beginnings of the windows.

    A tokenizer that was trained on the trained-on text has longer tokens there, so that windows of equally many tokens
    differ in characters: that is the subject's doing, and would have the gate refuse what it is to protect.
    """
    windows = [it.window for it in inputs.compared]
    texts = [inputs.decode(np.concatenate([w.prefix, w.suffix.token_ids])) for w in windows]
    length = int(np.quantile([len(text) for text in texts], SHORT_SHARE)) if texts else 0
    return {
        role: [text[:length] for text, w in zip(texts, windows, strict=True) if w.role == role]
        for role in ("member", "control")
    }


def run(inputs: Inputs, params: Params, *, rng: np.random.Generator) -> tuple[Evidence, ...]:
    """The gate first, then the headline or its refusal, the table of all scores and the ROC curve."""
    texts = _texts(inputs)
    num = {role: len(found) for role, found in texts.items()}
    if min(num.values()) < MIN_SIDE:
        reason = (
            f"Needs {MIN_SIDE} documents on each side with a window of {params.prefix_tokens + params.suffix_tokens} "
            f"tokens; has {num['member']} trained-on and {num['control']} held-out."
        )
        return tuple(Refusal(name=f"membership.{name}", reason=reason) for name in ("auc", "split_auc"))
    gate = split_auc(texts["member"], texts["control"], rng=rng, confidence=params.confidence)
    found, missing = known_scores(inputs)
    sides = {name: sides_of(inputs, score) for name, score in found.items()}
    stacked = [np.stack([getattr(side, role) for side in sides.values()], axis=1) for role in ("members", "controls")]
    p_values = dict(zip(sides, larger_mean_p_values(*stacked, rng=rng), strict=True))
    differs = not gate.low <= 0.5 <= gate.high
    reference = _mixture_sides(inputs)
    return (
        *_headline(sides[HEADLINE], p_values[HEADLINE], gate, params),
        roc_figure(sides[HEADLINE], params.confidence, differs=differs),
        scores_table(inputs, sides, p_values, missing, reference, gate, params.confidence),
        *by_occurrences(inputs, sides[HEADLINE].controls, params.confidence, differs=differs),
    )


def _mixture_sides(inputs: Inputs) -> Sides | None:
    is_known = all(it.mixture is not None for it in inputs.compared)
    return sides_of(inputs, mixture_loss) if is_known else None


def _headline(sides: Sides, p_value: float, gate: Interval, params: Params) -> list[Evidence]:
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
        "Cross-validated AUC of a classifier that never sees the subject (words, length, digits); interval of "
        "placements within folds and of shuffled labels. Control: 1/2, chance.",
    )
    names = ("membership.auc", *(name for name, _ in RATES), "membership.set_p_value")
    if not gate.low <= 0.5 <= gate.high:
        reason = (
            f"{DIFFERENT}: a classifier that never sees the subject tells them apart with AUC {gate.value:.2f} "
            f"({100 * params.confidence:g} % interval {gate.low:.2f} to {gate.high:.2f}, chance 0.50). Give held-out "
            "text that was drawn like the trained-on text."
        )
        beside = f"{DIFFERENT}: see membership.auc."
        return [*(Refusal(name=name, reason=reason if name == names[0] else beside) for name in names), split]
    area = against(
        "membership.auc",
        sides.auc(params.confidence),
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
            f"Share of trained-on documents above the threshold that {100 * rate:g} % of unseen documents exceed "
            f"({HEADLINE}); interval over members and over the threshold, which {has:,} held-out documents leave open. "
            f"Control: {100 * rate:g} %, chance."
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
    version=1,
    question="Can one tell from its probabilities what it was trained on?",
    profiles={
        "quick": Params(),
        "standard": Params(num_windows=400, num_per_stratum=50),
        "full": Params(num_windows=2000, num_per_stratum=200),
    },
    needs=needs,
    run=run,
)
