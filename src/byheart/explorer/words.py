"""Numbers of the explorer in words, each with its interval, its chance level, or the reason why there is none."""

import math

from byheart.core.evidence import Interval, Refusal
from byheart.core.explanation import EXPLANATIONS
from byheart.core.units import nats_to_bits
from byheart.report import format as fmt
from byheart.study.attributed_text import Attribution
from byheart.study.exploring.continuation import Cut, Said
from byheart.study.tracing import Chance, Trace

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
FORMULA = "n = log(1 \N{MINUS SIGN} 0.5) / log(1 \N{MINUS SIGN} p_z)"


def spans_said(found: Trace, shortest: int, unit: str) -> str:
    """What was found, in one sentence."""
    if not found.spans:
        return (
            f"No run of at least {shortest:,} {unit} stands in the trained-on text; the longest that does has "
            f"{found.longest_symbols:,}."
        )
    runs = "One run" if len(found.spans) == 1 else f"{len(found.spans):,} runs"
    return (
        f"{runs} of at least {shortest:,} {unit}, {fmt.percent(found.covered_share, 1)} of {found.num_bytes:,} bytes; "
        f"the longest has {found.longest_symbols:,} {unit}."
    )


def chance_said(found: Trace, unit: str) -> str:
    """How much of that is chance."""
    match found.chance:
        case None:
            return "Chance level: none, since no held-out text is known."
        case Refusal(reason=reason):
            return f"Chance level: none. {reason}"
        case Chance() as chance:
            rate = chance.at_least(found.longest_symbols)
            share, inside = fmt.bounds(rate.value, rate.low, rate.high, "rate")
            count = round(rate.value * chance.num_windows)
            return (
                f"By chance: {count} of {chance.num_windows} windows of held-out text of this length ({share}, 95 % "
                f"interval {inside}) have a run at least as long; their median is {chance.longest_quantile(0.5):,} "
                f"{unit}, and {fmt.percent(chance.covered_quantile(0.5), 1)} of it is covered. The half of the "
                "held-out text that the blind pole is built of is left out."
            )


def probability(log_nats: float | None) -> str:
    """A probability as a share where that can be read, else as a power of ten; None is never."""
    if log_nats is None:
        return "0"
    return fmt.percent(math.exp(log_nats), 1) if log_nats > math.log(1e-3) else power_of_ten(log_nats)


def power_of_ten(log_nats: float) -> str:
    """A number far from one by its logarithm, two digits of it."""
    exponent = math.floor(log_nats / math.log(10))
    digits = f"{math.exp(log_nats - exponent * math.log(10)):.1f}"
    if digits == "10.0":
        digits, exponent = "1.0", exponent + 1
    return f"{digits} \N{MULTIPLICATION SIGN} 10{str(exponent).translate(_RAISED)}"


def tries_said(it: Said) -> str:
    """How often one must ask."""
    if it.tries is None:
        return "never" if it.log_pz_nats is None else "more than can be counted"
    return f"{math.ceil(it.tries - 1e-9):,}" if it.tries < 1e6 else power_of_ten(math.log(it.tries))


def greedy_said(it: Said, num_tokens: int) -> str:
    """How much of it comes out without any chance."""
    return f"all {num_tokens:,}" if it.is_greedy else f"first {it.num_right:,} of {num_tokens:,}"


def continuation_said(it: Said, num_tokens: int) -> str:
    """What the model gives the continuation: first how much of it comes out by itself."""
    by_itself = _by_itself(it, num_tokens)
    if not it.tells_pz:
        return f"{by_itself} {_whole(it)} It does not tell its 40 most probable tokens, so that there is no p_z."
    ends = (
        " (A text that ends inside a word ends in another token than its source: end it with a whole word.)"
        if it.log_pz_nats is None or it.num_right == num_tokens - 1
        else ""
    )
    if it.log_pz_nats is None:
        return (
            f"{by_itself} Exactly these {num_tokens:,} it never writes at temperature 1 and top-k 40: one of them is "
            f"not among its 40 most probable. {_whole(it)}{ends}"
        )
    often = tries_said(it)
    times = "In one try" if often == "1" else f"In {often} tries"
    return (
        f"{by_itself} p_z = {probability(it.log_pz_nats)} ({nats_to_bits(-it.log_pz_nats):,.1f} bits for "
        f"{num_tokens:,} tokens). {times} it comes out with probability one half or more. {_whole(it)}{ends}"
    )


def _by_itself(it: Said, num_tokens: int) -> str:
    """How far the model says the text without any chance, and how probable that part is."""
    if it.is_greedy:
        return f"All {num_tokens:,} tokens come out by themselves (greedy)."
    if not it.num_right:
        return f"The model would begin otherwise: of {num_tokens:,} tokens not even the first comes out by itself."
    first = "token comes out by itself" if it.num_right == 1 else f"{it.num_right:,} tokens come out by themselves"
    own = "" if it.log_pz_right_nats is None else f"; p_z of that part is {probability(it.log_pz_right_nats)}"
    return f"Of {num_tokens:,} tokens the first {first} (greedy), then the model says another{own}."


def _whole(it: Said) -> str:
    return f"Under its whole distribution it costs {it.bits:,.1f} bits."


def cut_said(it: Cut) -> str:
    """What happened to the border and to both ends of the text, "" where nothing did."""
    moved = (
        f"The border lies inside a token, so that the continuation begins {it.moved_bytes} bytes earlier. "
        if it.moved_bytes
        else ""
    )
    left = (
        f"The first {it.left_out_tokens:,} tokens of the given text were not read: no context is so long."
        if it.left_out_tokens
        else ""
    )
    blank = (
        f"The blanks at the end ({it.blank_bytes:,} bytes) are left out: in a source a longer token may hold them. "
        if it.blank_bytes
        else ""
    )
    return f"{moved}{blank}{left}".strip()


def usual_said(found: Interval | Refusal, num_tokens: int, num_given: int | None, *, whole: bool) -> str:
    """How probable the model finds what it cannot have seen.

    Args:
        found: share of the windows.
        num_tokens: of the continuation.
        num_given: tokens before those of the windows.
        whole: compared by the whole distribution, not by p_z.
    """
    if isinstance(found, Refusal):
        return f"Chance level: none. {found.reason}"
    share, inside = fmt.bounds(found.value, found.low, found.high, "rate")
    n = found.n or 0
    return (
        f"By chance: {round(found.value * n)} of {n} windows of held-out text ({share}, 95 % interval {inside}) go on, "
        f"after {num_given} tokens, with {num_tokens:,} tokens that the model finds at least as probable, by "
        f"{'its whole distribution' if whole else 'p_z'}."
    )


def as_far_said(found: Interval | Refusal, num_right: int) -> str:
    """How far text comes out by itself that the model cannot have seen; "" where that is no question.

    Args:
        found: share of the windows.
        num_right: tokens of the continuation that come out by themselves.
    """
    if not num_right or isinstance(found, Refusal):
        return ""
    share, inside = fmt.bounds(found.value, found.low, found.high, "rate")
    n = found.n or 0
    return (
        f"By chance: of {round(found.value * n)} of {n} windows of held-out text ({share}, 95 % interval {inside}) at "
        f"least the first {num_right:,} tokens come out by themselves."
    )


def explanation_said(found: Attribution) -> str:
    """How much no memorizer explains, beside the floor, in one sentence or two."""
    beyond = found.shares[len(EXPLANATIONS) - 1]
    said = (
        f"Of what the model says in these {len(found.tokens):,} places, {counted(beyond.share.value, found)} are "
        "explained by no memorizer of the trained-on text"
    )
    if beyond.floor is None:
        return f"{said}."
    return (
        f"{said}; of what the blind pole says there, which never saw that text, {counted(beyond.floor.value, found)}."
    )


def counted(share: float | None, found: Attribution) -> str:
    """A share of the tokens as their number; a dash for None."""
    num = len(found.tokens)
    return fmt.EM_DASH if share is None else f"{round(share * num):,} of {num:,} ({fmt.percent(share, 0)})"
