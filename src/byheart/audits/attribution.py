"""B5 attribution: which is the weakest memorizer that says what the subject says, token by token, and what is left?

Question: For how many of its predictions does the subject need more than a memory of its training text?
Statistic: At each place of the scored windows the subject's most probable token (its arg-max, equals by the smaller id)
    is compared with what each rung of a ladder says there, given the same tokens: knowledge (the longest match of the
    context has at least 32 tokens and one continuation), infinigram (by neighbours or by occurrences), markov (up to
    five tokens; of all documents, or of each once where they repeat), boolean (rules with gaps over seven tokens), copy
    (what followed the longest repeated suffix of the prompt itself). The first rung that says the same explains the
    token; what none explains is 'beyond'. Shares are of tokens. 'Beyond and right': no rung
    explains it, and it is the token that stands there. In bits: log2 of the subject's probability of the token that
    stands there minus log2 of the mixture's (M6), averaged over the tokens of an explanation.
Null: To agree is not to be copied from: text is predictable, and the first of five rules is an oracle that explains
    some of anything. So each share stands beside its floor, the same share of the blind pole on the same tokens: an
    infinigram of text of the same kind that is not the trained-on text. It is unrelated to that text by construction,
    knows the language and the domain, and costs no second model. A claim is one about the excess over it, paired by
    document. 'Text itself' is the other end of the scale: the share that the ladder explains of the tokens that stand
    there, as of a subject that is always right.
Assumptions: Windows are distinct and one comes from a document and its exact copies; documents of different text are
    independent. The ladder's memorizers were built on all the text that the subject was trained on, and see the same
    prompt as the subject.
Fails when: The subject was trained on more text than the ladder holds: what it recites of the rest counts as beyond. A
    subject that predicts better than the blind pole agrees more often with whoever is right, so that its floor is too
    low: compare 'text itself'. A wrong prediction is beyond as readily as an insight: read 'beyond and right'. The
    automaton (M1) is no rung: what only it says is beyond.
Source: Nguyen 2024, "Understanding Transformers via N-gram Statistics" (2407.12034), agreement of the arg-max with the
    best of many rules; theory.md B5 and M1 to M6; intervals of shares over documents after Korn and Graubard 1998,
    of the bits a document bootstrap after Efron and Tibshirani 1993.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from byheart.core.audit import Audit
from byheart.core.evidence import Cell, Estimate, Evidence, Exhibit, Interval, Refusal, Table, Token
from byheart.core.explanation import EXPLANATIONS, LADDER, Explanation
from byheart.core.material import Inputs, Need, Window, WindowsNeed
from byheart.core.tokens import Floats
from byheart.stats.bootstrap import MIN_CLUSTERS
from byheart.stats.explained import (
    ALL,
    BEYOND,
    BEYOND_RIGHT,
    Explained,
    Numbers,
    Totals,
    explain,
    numbers_of,
    totals_of,
)

Side = Literal["control", "member"]
_PREFIX: dict[Side, str] = {"control": "attribution.", "member": "attribution.member_"}
_TEXT: dict[Side, str] = {"control": "held-out", "member": "trained-on"}


@dataclass(frozen=True, kw_only=True)
class Params:
    """Sizes of the attribution audit: the windows of the extraction audit, so that they are scored once."""

    prefix_tokens: int = 50
    """Tokens given."""
    suffix_tokens: int = 50
    """Tokens whose prediction is explained."""
    num_windows: int = 100
    """Windows of each side."""
    num_per_stratum: int = 12
    """Of what is cut, as in the extraction audit; only the base sample counts here."""
    num_exhibits: int = 2
    """Passages to show of each side."""
    confidence: float = 0.95
    """Coverage of the intervals."""


def _share(name: str, column: int, numbers: Numbers, method: str, params: Params) -> Estimate:
    own = numbers.own[column]
    return Estimate(
        name=name,
        value=own.value,
        unit="share",
        low=own.low,
        high=own.high,
        confidence=params.confidence,
        n=own.n or 0,
        method=method,
        control=None if numbers.floor is None else numbers.floor[column],
        excess=None if numbers.excess is None else numbers.excess[column],
    )


def _shares(side: Side, numbers: Numbers, lacking: Sequence[Explanation], params: Params) -> list[Evidence]:
    """The share of each explanation, what is beyond all of them first."""
    rungs = ", ".join(rung for rung in LADDER if rung not in lacking)
    how = "Korn and Graubard's interval over documents; control: the blind pole on the same tokens, excess paired."
    found: list[Evidence] = []
    named = [
        (BEYOND, "beyond_share", f"Tokens of {_TEXT[side]} windows whose arg-max no rung says ({rungs}); {how}"),
        (BEYOND_RIGHT, "beyond_right_share", f"The same, where the arg-max is the token that stands there; {how}"),
        *(
            (place, f"{rung}_share", f"Tokens of {_TEXT[side]} windows whose first rung is {rung}; {how}")
            for place, rung in enumerate(LADDER)
        ),
    ]
    for column, word, method in named:
        if column < len(LADDER) and LADDER[column] in lacking:
            reason = f"The {LADDER[column]} memorizer was not built for this run; the other profiles build it."
            found.append(Refusal(name=_PREFIX[side] + word, reason=reason))
        else:
            found.append(_share(_PREFIX[side] + word, column, numbers, method, params))
    return found


def _bits_saved(side: Side, numbers: Numbers, *, has_mixture: bool, params: Params) -> list[Evidence]:
    """Bits over the mixture, of all tokens and of those beyond."""
    found: list[Evidence] = []
    for column, word, which in (
        (ALL, "bits_over_mixture_per_token", "all tokens"),
        (BEYOND, "beyond_bits_per_token", "the tokens whose arg-max no rung says"),
    ):
        name, it = _PREFIX[side] + word, numbers.bits[column]
        if it is None:
            few = f"Fewer than {MIN_CLUSTERS} documents have such a token; {MIN_CLUSTERS} are needed."
            reason = few if has_mixture else "There is no mixture of memorizers in this run to compare with."
            found.append(Refusal(name=name, reason=reason))
            continue
        found.append(
            Estimate(
                name=name,
                value=it.value,
                unit="bits per token",
                low=it.low,
                high=it.high,
                confidence=params.confidence,
                n=it.n or 0,
                method=f"log2 P(subject) - log2 P(mixture of memorizers) of the token that stands there, mean over "
                f"{which} of {_TEXT[side]} windows; percentile bootstrap over documents.",
            )
        )
    return found


def _table(side: Side, totals: Totals, numbers: Numbers, lacking: Sequence[Explanation]) -> Table:
    """Every explanation with its share, its floor, how often it is right and what it saves."""
    labels = [*(str(rung) for rung in EXPLANATIONS), "beyond and right"]
    own, right, text = (part.sum(axis=0) for part in (totals.own, totals.right, totals.text))
    rows: list[tuple[Cell, ...]] = []
    for column, label in enumerate(labels):
        if column < len(LADDER) and LADDER[column] in lacking:
            continue
        floor = (None, None, None) if numbers.floor is None else _cells(numbers.floor[column])
        rows.append(
            (
                label,
                *_cells(numbers.own[column]),
                *floor,
                float(right[column] / own[column]) if own[column] else None,
                float(text[column] / text[ALL]) if column != BEYOND_RIGHT else None,
                *_cells(numbers.bits[column]),
            )
        )
    return Table(
        name=f"{_PREFIX[side]}explanations",
        title=_finding(side, own),
        columns=(
            "explanation",
            *("share of its predictions", "low", "high"),
            *("floor: blind pole", "low", "high"),
            "right, share",
            "text itself, share",
            *("bits saved per token", "low", "high"),
        ),
        rows=tuple(rows),
    )


def _cells(it: Interval | None) -> tuple[float | None, float | None, float | None]:
    return (None, None, None) if it is None else (it.value, it.low, it.high)


def _finding(side: Side, own: Floats) -> str:
    if side == "member":
        stored = own[EXPLANATIONS.index(Explanation.KNOWLEDGE)] / own[ALL]
        return f"Trained-on text: a stored run of 32 tokens or more says {100 * stored:.0f} % of what it predicts"
    beyond, right = (100 * own[column] / own[ALL] for column in (BEYOND, BEYOND_RIGHT))
    return f"Held-out text: no rung says {beyond:.0f} % of what it predicts; {right:.0f} % are beyond and right"


def _exhibit(side: Side, it: Explained, inputs: Inputs) -> Exhibit:
    window, suffix = it.window, it.window.suffix
    is_right = suffix.is_argmax
    tokens = tuple(
        Token(
            inputs.decode(suffix.token_ids[i : i + 1]),
            agrees=bool(is_right[i]),
            predicted="" if is_right[i] else inputs.decode(suffix.argmax_id[i : i + 1]),
            explanation=EXPLANATIONS[it.own[i]],
        )
        for i in range(len(suffix))
    )
    counts = np.bincount(it.own, minlength=len(EXPLANATIONS)).tolist()
    most = "beyond every rung and right" if side == "control" else "stored in a long run"
    return Exhibit(
        name=f"{_PREFIX[side]}passage",
        label=f"{_TEXT[side].capitalize()} passage with the most predictions that are {most}",
        document=window.document,
        start_byte=window.span.start,
        stop_byte=window.span.stop,
        role="control" if side == "control" else "subject",
        given=inputs.decode(window.prefix),
        tokens=tokens,
        facts=tuple((str(rung), count) for rung, count in zip(EXPLANATIONS, counts, strict=True) if count),
    )


def _exhibits(side: Side, explained: Sequence[Explained], inputs: Inputs, params: Params) -> list[Exhibit]:
    def telling(it: Explained) -> tuple[int, str, int]:
        chosen = (it.own == BEYOND) & it.window.suffix.is_argmax if side == "control" else it.own == 0
        return -int(np.count_nonzero(chosen)), it.window.document, it.window.span.start

    return [_exhibit(side, it, inputs) for it in sorted(explained, key=telling)[: params.num_exhibits]]


def run(inputs: Inputs, params: Params, *, rng: np.random.Generator) -> tuple[Evidence, ...]:
    """The evidence of both sides, held-out text first: there nothing can be remembered."""
    evidence: list[Evidence] = []
    exhibits: list[Exhibit] = []
    sides: tuple[Side, Side] = ("control", "member")
    for side, of_side in zip(sides, rng.spawn(2), strict=True):
        windows = [w for w in inputs.windows if w.role == side and w.in_base_sample]
        explained = [explain(w, w.ladder) for w in windows if w.ladder is not None and w.suffix.knows("argmax_id")]
        refusal = _refusal(windows, explained)
        if refusal:
            evidence.append(Refusal(name=f"{_PREFIX[side]}beyond_share", reason=refusal))
            continue
        lacking = [rung for rung in LADDER[:-1] if rung not in explained[0].ladder.answers]
        totals = totals_of(explained)
        numbers = numbers_of(totals, rng=of_side, confidence=params.confidence)
        evidence += _shares(side, numbers, lacking, params)
        evidence += _bits_saved(side, numbers, has_mixture=totals.bits is not None, params=params)
        evidence.append(_table(side, totals, numbers, lacking))
        exhibits += _exhibits(side, explained, inputs, params)
    return (*evidence, *exhibits)


def _refusal(windows: Sequence[Window], explained: Sequence[Explained]) -> str:
    """Why this side has no number, empty where it has."""
    if len(explained) < len(windows):
        return "It needs the most probable token at each place, and the memorizers' beside it; one of them is not told."
    documents = len({w.document for w in windows})
    if documents < MIN_CLUSTERS:
        return f"An interval needs windows of {MIN_CLUSTERS} documents; there are {documents}."
    return ""


def needs(params: Params) -> tuple[Need, ...]:
    """Scored windows of both sides."""
    return (
        WindowsNeed(
            prefix_tokens=params.prefix_tokens,
            suffix_tokens=params.suffix_tokens,
            num_windows=params.num_windows,
            num_per_stratum=params.num_per_stratum,
        ),
    )


AUDIT = Audit(
    name="attribution",
    version=2,
    question="Which is the weakest memorizer that says what it says, and what is left beyond all of them?",
    profiles={
        "quick": Params(),
        "standard": Params(num_windows=400, num_per_stratum=50),
        "full": Params(num_windows=2000, num_per_stratum=200),
    },
    needs=needs,
    run=run,
)
