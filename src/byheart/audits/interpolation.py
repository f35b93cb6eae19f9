"""A2 interpolation: between two known inputs, does the answer move or jump, and what does damage do to it?

Question: Is the answer a continuous function of the input, as that of a network is, or a step function, as that of a
    disjunctive normal form (M2)? Does it degrade or collapse when the context is damaged?
Statistic: For pairs of held-out contexts a and b of equal length, the input embeddings are mixed,
    E(l) = (1 - l) E_a + l E_b, and P_l is the distribution of the next token on a grid of l. Largest jump: the largest
    total variation between neighbouring points of the grid, averaged over pairs; also as a share of the total variation
    between both ends. Beside it: changes of the most probable token, and the length of the path over its end-to-end
    distance. Sensitivity: log P_l of the most probable token at l = 0 is expanded there to first and second order by
    exact derivatives along the line, and compared with the answer further on. Damage: k of the tokens of a context are
    replaced by others, drawn as often as they occur in the corpus; the share of changed most probable tokens, and
    KL(P || P after the damage), of trained-on windows beside held-out ones.
Null: M2: it has no embeddings, and answers as at the nearer end: one step. After both ends of each pair one of its
    rules fires, and these say different tokens, so that its 0/1 output jumps by 1, which is what the subject's largest
    jump is compared with; as a distribution it doubts its rules and steps by less, but the whole way at once, which is
    what the subject's share is compared with, pair by pair. All memorizers are answered for by the nearer end.
    Continuity alone is not generalization: an untrained network of the same shape and the same network with the rows of
    its embedding shuffled are continuous too. What may tell them apart is how often, along the path, the most probable
    token is one that follows the one or the other context in the text; that the way is meaningful is said only where
    this share is above both, pair by pair, and not below that of the best memorizer, which says at every point what it
    says at the nearer end. Of damage: held-out windows, as many.
Assumptions: Couples of documents are independent, and a document is in pairs with one other only; windows at most one
    of a document. Held-out text was not trained on.
Fails when: The subject shows no embeddings (an endpoint): not applicable. The jump depends on the grid: a finer one
    finds smaller jumps of anything continuous, and the same one of a step. A subject whose answers at both ends hardly
    differ has small jumps for that reason: read the share. Mixed embeddings are no text: nothing is claimed of what a
    network should say between two texts. More brittle on trained-on text may also mean easier text, whose clean answers
    are surer.
Source: theory.md A2, L2 and M2; Zhang et al. 2017, "Understanding deep learning requires rethinking generalization"
    (1611.03530) for the untrained control; Pearlmutter 1994, "Fast exact multiplication by the Hessian".
"""

import numpy as np

from byheart.audits.interpolation_damage import damage_curve, damage_estimates
from byheart.audits.interpolation_expansion import expansion_evidence
from byheart.audits.interpolation_params import PROFILES, Params
from byheart.audits.interpolation_paths import path_curve, path_estimates
from byheart.audits.interpolation_tables import predictors_table
from byheart.core.audit import Audit
from byheart.core.evidence import Evidence, Refusal
from byheart.core.material import Inputs
from byheart.core.needs import Need

JUMP = "interpolation.largest_jump"


def run(inputs: Inputs, params: Params, *, rng: np.random.Generator) -> tuple[Evidence, ...]:
    """Jumps, sensitivity and damage of the subject, beside everyone else.

    Each part is left out, and refused, where its material is missing.
    """
    evidence: list[Evidence] = []
    paths = inputs.paths.get(inputs.subject, ())
    if paths:
        evidence += path_estimates(inputs.subject, inputs.paths, params, rng=rng)
        evidence += expansion_evidence(paths, params, rng=rng)
    else:
        evidence.append(Refusal(name=JUMP, reason=_missing(inputs, params.paths, "no two contexts to go between")))
    windows = inputs.damaged.get(inputs.subject, ())
    if windows:
        evidence += damage_estimates(windows, params)
    else:
        reason = _missing(inputs, params.damage, "no contexts of both sides to damage")
        evidence.append(Refusal(name="interpolation.changed_answer_rate", reason=reason))
    if paths:
        evidence.append(path_curve(inputs.subject, inputs.paths))
    if windows:
        evidence.append(damage_curve(windows))
    if paths or windows:
        evidence.append(predictors_table(inputs.subject, inputs.paths, inputs.damaged, params))
    return tuple(evidence)


def _missing(inputs: Inputs, need: Need, otherwise: str) -> str:
    return inputs.lacking.get(need, f"There are {otherwise}: give more and longer documents of both sides.")


def needs(params: Params) -> tuple[Need, ...]:
    """Paths between held-out contexts; contexts of both sides, damaged."""
    return (params.paths, params.damage)


AUDIT = Audit(
    name="interpolation",
    version=2,
    question="Between two known inputs, does its answer move smoothly or jump?",
    profiles=PROFILES,
    needs=needs,
    run=run,
    needs_all=False,
)
