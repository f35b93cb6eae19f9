"""The evidence itself: passages that come out, token by token."""

import math
from collections.abc import Mapping

from byheart.audits.extraction.coming_out import log_pz_nats
from byheart.audits.extraction.commonness import SMALL, Place
from byheart.audits.extraction.params import Params
from byheart.core.evidence import Cell, Exhibit, Token
from byheart.core.explanation import EXPLANATIONS
from byheart.core.material import Inputs
from byheart.stats.explained import explain


def exhibits(inputs: Inputs, params: Params, ratios: Mapping[Place, float]) -> list[Exhibit]:
    """The trained-on passages that come out most readily, one per document."""
    members = [w for w in inputs.windows if w.role == "member"]
    ranked = sorted(members, key=lambda w: (-w.suffix.log_probability_nats.sum(), w.document, w.span.start))
    shown: list[Exhibit] = []
    for window in ranked:
        if len(shown) == params.num_exhibits:
            break
        if any(e.document == window.document for e in shown):
            continue
        suffix = window.suffix
        rungs = explain(window, window.ladder).own if window.ladder and suffix.knows("argmax_id") else None
        tokens = tuple(
            Token(
                inputs.decode(suffix.token_ids[i : i + 1]),
                agrees=bool(suffix.is_argmax[i]),
                predicted=""
                if suffix.is_argmax[i] or not suffix.knows("argmax_id")
                else inputs.decode(suffix.argmax_id[i : i + 1]),
                explanation=None if rungs is None else EXPLANATIONS[rungs[i]],
            )
            for i in range(len(suffix))
        )
        facts: tuple[tuple[str, Cell], ...] = (("occurrences in the corpus", window.num_occurrences),)
        if window.suffix.knows_top_k:
            log_pz = log_pz_nats(window, params.suffix_tokens)
            facts += (("p_z", math.exp(log_pz) if log_pz > -math.inf else 0.0),)
        if (window.document, window.span) in ratios:
            nats = ratios[window.document, window.span]
            facts += (
                ("powers of ten likelier than behind unrelated beginnings", nats / math.log(10)),
                ("merely common", "yes" if nats <= math.log(SMALL) else "no"),
            )
        shown.append(
            Exhibit(
                name="extraction.passage",
                label="Recited word for word" if suffix.is_argmax.all() else "Closest to being recited",
                document=window.document,
                start_byte=window.span.start,
                stop_byte=window.span.stop,
                role="subject",
                given=inputs.decode(window.prefix),
                tokens=tokens,
                facts=facts,
            )
        )
    return shown
