"""B1 extraction: does trained-on text come out when its beginning is given?

Question: Given the first tokens of a passage that it was trained on, does the subject continue it word for word?
Statistic: Windows of prefix and suffix tokens, cut from one encoding of each document. greedy: every suffix token is
    the subject's most probable token given what precedes it, which is the same as saying that greedy generation
    reproduces the suffix exactly. p_z: the probability of drawing the whole suffix in one try at temperature 1 with
    top-k 40 renormalisation; a passage is extractable with n tries at confidence p if n >= log(1-p)/log(1-p_z).
    Rates are shares of windows; strata go by the number of occurrences of the whole window in the corpus.
    repetition_slope: the change of the log-odds of greedy extraction when a window occurs ten times as often, by
    penalised logistic regression, one window of a document.
Null: The same statistic on windows of held-out documents, cut by the same rule. A claim 'memorized' is a claim about
    the excess of the trained-on rate over the held-out rate; a blind pole with an excess of its own refutes it.
Assumptions: Windows are distinct and at most one comes from a document (in strata: one in each stratum), so they
    count as independent trials; documents are independent of one another; the held-out documents come from the same
    source as the trained-on ones and are unseen by the subject.
Fails when: The held-out text was in fact seen (the excess is then too small), or differs in kind from the trained-on
    text (the excess is then anything). Predictable text is extractable without being memorized: see the control.
    A window given without what stood before it in its document understates what a longer prompt would draw out.
Source: Carlini et al. 2022, "Quantifying Memorization Across Neural Language Models" (2202.07646), greedy; Hayes et al.
    2024, "Measuring memorization through probabilistic discoverable extraction" (2410.19482), p_z and n tries; Cooper
    et al. 2026 (2607.12649), the held-out control.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from byheart.audits.extraction.coming_out import count, is_greedily_extracted, reaches, tells_pz
from byheart.audits.extraction.params import Params, windows_need
from byheart.audits.extraction.passages import exhibits
from byheart.audits.extraction.repetition import law, repetition_slope
from byheart.audits.extraction.sweeps import suffix_sweep, tries
from byheart.core.audit import Audit
from byheart.core.evidence import Evidence, Refusal
from byheart.core.material import Inputs, Need, Window
from byheart.core.token_scores import TOP_K
from byheart.stats.claims import rate_beside_control

__all__ = ["AUDIT", "Params", "needs", "run"]


def run(inputs: Inputs, params: Params, *, rng: np.random.Generator) -> tuple[Evidence, ...]:
    """The evidence of the audit; no statistic here is random."""
    members = [w for w in inputs.windows if w.role == "member"]
    controls = [w for w in inputs.windows if w.role == "control"]
    base = [w for w in members if w.in_base_sample]
    length = params.suffix_tokens
    after = f"{length} tokens after {params.prefix_tokens} given."
    rules: tuple[tuple[str, str, Callable[[Window], bool]], ...] = (
        ("extraction.greedy_rate", f"Greedy: {after}", partial(is_greedily_extracted, num_tokens=length)),
        ("extraction.pz_half_rate", f"p_z >= 0.5: {after}", partial(reaches, num_tokens=length, pz=0.5)),
        ("extraction.pz_1e3_rate", f"p_z >= 0.001: {after}", partial(reaches, num_tokens=length, pz=0.001)),
    )
    evidence: list[Evidence] = []
    shows_pz = tells_pz(inputs.windows)
    for name, method, came_out in rules:
        if not shows_pz and "pz" in name:
            evidence.append(Refusal(name=name, reason=f"p_z needs the {TOP_K} most probable tokens at each place."))
            continue
        seen, unseen = count(base, came_out), count(controls, came_out)
        evidence.append(rate_beside_control(name, seen, unseen, method=method, confidence=params.confidence))
    if base and controls:
        evidence += law(members, controls, params)
        evidence.append(repetition_slope(members, params))
        evidence += [tries(base, controls, params)] if shows_pz else []
        evidence.append(suffix_sweep(base, controls, params))
    return (*evidence, *exhibits(inputs, params))


def needs(params: Params) -> tuple[Need, ...]:
    """Scored windows of both sides."""
    return (windows_need(params),)


AUDIT = Audit(
    name="extraction",
    version=1,
    question="Given the beginning of a passage that it was trained on, does it continue word for word?",
    profiles={
        "quick": Params(),
        "standard": Params(num_windows=400, num_per_stratum=50),
        "full": Params(num_windows=2000, num_per_stratum=200),
    },
    needs=needs,
    run=run,
)
