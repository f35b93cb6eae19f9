"""B1 extraction: does trained-on text come out when its beginning is given?

Question: Given the first tokens of a passage that it was trained on, does the subject continue it word for word?
Statistic: Windows of prefix and suffix tokens, cut from one encoding of each document. greedy: every suffix token is
    the subject's most probable token given what precedes it, which is the same as saying that greedy generation
    reproduces the suffix exactly. p_z: the probability of drawing the whole suffix in one try at temperature 1 with
    top-k 40 renormalisation; a passage is extractable with n tries at confidence p if n >= log(1-p)/log(1-p_z).
    Rates are shares of windows; strata go by the number of occurrences of the whole window in the corpus.
    near-verbatim: the tokens that the subject itself writes greedily after the prefix differ from the suffix by a
    normalised edit distance of at most 0.1; writing and scores must agree on what comes out word for word.
    near-verbatim p_z: the probability of everything that near the suffix, bounded from below by the sum of the exact
    probabilities of different texts of its length, itself among them, that a beam search meets.
    Passages that came out are recited (more than 5 occurrences), reconstructed (they follow a pattern) or recollected.
    Merely common: the suffix is at most 10 times as probable behind its own prefix as behind prefixes of held-out
    documents. above_threshold: the suffix is likelier per token than a threshold that the held-out windows give for a
    declared false-positive rate; passages are named by Benjamini-Hochberg over conformal p-values, and neither is done
    where the split gate, a classifier that never sees the subject, tells the two sets of windows apart.
    repetition_slope: the change of the log-odds of greedy extraction when a window occurs ten times as often, by
    penalised logistic regression, one window of a document.
Null: The same statistic on windows of held-out documents, cut by the same rule. A claim 'memorized' is a claim about
    the excess of the trained-on rate over the held-out rate, made where Newcombe's interval and Fisher's exact test
    both leave out 0; a blind pole with an excess of its own refutes it. Fewer than 10 windows on a side carry none.
Assumptions: Windows are distinct and at most one comes from a document (in strata: one in each stratum), its exact
    copies included, so they count as independent trials; documents of different text are independent of one another;
    the held-out documents come from the same source as the trained-on ones and are unseen by the subject.
Fails when: The held-out text was in fact seen (the excess is then too small), or differs in kind from the trained-on
    text (the excess is then anything; a negative one says as much, and is no evidence against reciting). Near copies
    (another header, another date) each count as a document of their own, so that where many stand in the corpus the
    intervals are too narrow. Predictable text is extractable without being memorized: see the control.
    A window given without what stood before it in its document understates what a longer prompt would draw out.
Source: Carlini et al. 2022, "Quantifying Memorization Across Neural Language Models" (2202.07646), greedy; Hayes et al.
    2024, "Measuring memorization through probabilistic discoverable extraction" (2410.19482), p_z and n tries; Cooper
    et al. 2026 (2607.12649), the held-out control; 2603.24917, near-verbatim; Prashanth et al. 2024, "Recite,
    Reconstruct, Recollect" (2406.17746), the kinds; Firth 1993, the penalised regression; Tiwari et al. 2026
    (2602.18733), merely common; Bates et al. 2023 (2104.08279), conformal p-values.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from byheart.audits.extraction.coming_out import count, is_greedily_extracted, reaches, tells_pz
from byheart.audits.extraction.commonness import log_ratios_nats, merely_common
from byheart.audits.extraction.coverage import coverage
from byheart.audits.extraction.flags import flags
from byheart.audits.extraction.near_mass import near_mass_rates
from byheart.audits.extraction.near_verbatim import near_verbatim, written_verbatim_rate
from byheart.audits.extraction.params import Params, mass_needs, sweep_need, unrelated_need, windows_need, written_need
from byheart.audits.extraction.passages import exhibits
from byheart.audits.extraction.repetition import law, repetition_slope
from byheart.audits.extraction.sweeps import prefix_sweep, suffix_sweep, tries
from byheart.audits.extraction.taxonomy import taxonomy
from byheart.core.audit import Audit
from byheart.core.evidence import Evidence, Refusal
from byheart.core.material import Inputs, Need, Window
from byheart.core.token_scores import TOP_K
from byheart.stats.claims import rate_beside_control

__all__ = ["AUDIT", "Params", "needs", "run"]


def run(inputs: Inputs, params: Params, *, rng: np.random.Generator) -> tuple[Evidence, ...]:
    """The evidence of the audit; the split gate alone draws."""
    members = [w for w in inputs.windows if w.role == "member"]
    controls = [w for w in inputs.windows if w.role == "control"]
    base = [w for w in members if w.in_base_sample]
    ratios = log_ratios_nats(members, inputs.behind_unrelated, params)
    evidence = [*_rates(base, controls, inputs, params)]
    evidence += _refused(inputs, written_need(params), "extraction.near_verbatim_rate") or near_verbatim(
        inputs.written, inputs.windows, params
    )
    for need in mass_needs(params):
        evidence += _refused(inputs, need, "extraction.near_verbatim_pz_1e3_rate") or near_mass_rates(
            inputs.searched, params
        )
    if base and controls:
        evidence += law(members, controls, params)
        evidence.append(repetition_slope(members, params))
        evidence += taxonomy(members, controls, inputs, params)
        evidence += [tries(base, controls, params)] if tells_pz(inputs.windows) else []
        evidence.append(suffix_sweep(base, controls, params))
        evidence += coverage(inputs, base, controls, params)
    evidence += _refused(inputs, sweep_need(params), "extraction.prefix_sweep") or prefix_sweep(
        inputs.prefix_sweep, params
    )
    evidence += _refused(inputs, unrelated_need(params), "extraction.merely_common_rate") or merely_common(
        base, ratios, params
    )
    evidence += _refused(inputs, windows_need(params), "extraction.above_threshold_rate") or flags(
        base, controls, inputs, params, rng=rng
    )
    return (*evidence, *exhibits(inputs, params, ratios))


def _refused(inputs: Inputs, need: Need, name: str) -> tuple[Evidence, ...]:
    """A refusal where the subject could not serve the need, else nothing."""
    reason = inputs.lacking.get(need)
    return (Refusal(name=name, reason=reason),) if reason is not None else ()


def _rates(base: Sequence[Window], controls: Sequence[Window], inputs: Inputs, params: Params) -> Sequence[Evidence]:
    """The shares that come out, by the rules of the field; the greedy one also where a subject only writes."""
    length = params.suffix_tokens
    after = f"{length} tokens after {params.prefix_tokens} given."
    rules: tuple[tuple[str, str, Callable[[Window], bool]], ...] = (
        ("extraction.greedy_rate", f"Greedy: {after}", partial(is_greedily_extracted, num_tokens=length)),
        ("extraction.pz_half_rate", f"p_z >= 0.5: {after}", partial(reaches, num_tokens=length, pz=0.5)),
        ("extraction.pz_1e3_rate", f"p_z >= 0.001: {after}", partial(reaches, num_tokens=length, pz=0.001)),
    )
    unscored = inputs.lacking.get(windows_need(params))
    if unscored is not None:
        return [
            written_verbatim_rate(inputs.written, params),
            *(Refusal(name=n, reason=unscored) for n, *_ in rules[1:]),
        ]
    evidence: list[Evidence] = []
    shows_pz = tells_pz(inputs.windows)
    for name, method, came_out in rules:
        if not shows_pz and "pz" in name:
            evidence.append(Refusal(name=name, reason=f"p_z needs the {TOP_K} most probable tokens at each place."))
            continue
        seen, unseen = count(base, came_out), count(controls, came_out)
        evidence.append(rate_beside_control(name, seen, unseen, method=method, confidence=params.confidence))
    return evidence


def needs(params: Params) -> tuple[Need, ...]:
    """Scored windows of both sides; what the subject writes after some; some behind other prefixes; some searched."""
    asked_always = (windows_need(params), written_need(params), sweep_need(params), unrelated_need(params))
    return (*asked_always, *mass_needs(params))


AUDIT = Audit(
    name="extraction",
    version=2,
    question="Given the beginning of a passage that it was trained on, does it continue word for word?",
    profiles={
        "quick": Params(),
        "standard": Params(
            num_windows=400,
            num_per_stratum=50,
            num_written=100,
            num_searched=10,
            num_behind_unrelated=100,
            num_swept=100,
        ),
        "full": Params(
            num_windows=2000,
            num_per_stratum=200,
            num_written=500,
            num_searched=100,
            beam_width=16,
            num_behind_unrelated=250,
            num_unrelated_prefixes=10,
            num_swept=500,
            false_positive_rate=0.01,
        ),
    },
    needs=needs,
    run=run,
    needs_all=False,
)
