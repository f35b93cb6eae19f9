"""What asking an endpoint will take, said before anything is sent."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from byheart.core.context_needs import ChainsNeed, LabelsNeed, LanguagesNeed, RepeatedTokensNeed
from byheart.core.needs import (
    CanariesNeed,
    ComparedWindowsNeed,
    ContinuationsNeed,
    DamageNeed,
    HeldOutNeed,
    LayersNeed,
    NearMassNeed,
    Need,
    PathsNeed,
    PrefixSweepNeed,
    SeenPromptsNeed,
    TemperatureNeed,
    UnrelatedPrefixesNeed,
    WindowsNeed,
    WrittenWindowsNeed,
)
from byheart.corpus.secrets import SecretList
from byheart.models.endpoint.cost import PROBE_REQUESTS, Cost, Price, Work, cost
from byheart.models.endpoint.limits import Limits
from byheart.models.endpoint.order_check import NUM_TEXTS


@dataclass(frozen=True)
class Terms:
    """On what terms an endpoint is asked."""

    limits: Limits
    """How hard it may be asked."""
    price: Price
    """What its owner asks for."""


def work_of_canaries(need: CanariesNeed, canaries: SecretList | None) -> tuple[int, int]:
    """Texts and tokens to score for the exposure of canaries, at most: as if each byte were a token."""
    texts = tokens = 0
    for pair in canaries.pairs if canaries is not None else ():
        is_whole = pair.space_size <= need.max_enumerated
        num = pair.space_size if is_whole else min(pair.space_size, 2 + need.num_candidates)
        texts, tokens = texts + num, tokens + num * len(pair.planted_text.encode())
    return texts, tokens


def work_of_needs(needs: Iterable[Need], canaries: SecretList | None = None) -> Work:
    """What the needs of some audits ask of one subject, at most."""
    texts = scored = prompts = sent = written = 0
    for need in needs:
        match need:
            case WindowsNeed():
                num = 2 * need.num_windows + need.num_per_stratum * len(need.strata)
                texts, scored = texts + num, scored + num * (need.prefix_tokens + need.suffix_tokens)
            case ComparedWindowsNeed():
                num = 2 * need.windows.num_windows
                texts, scored = texts + num, scored + num * (need.windows.prefix_tokens + need.windows.suffix_tokens)
            case HeldOutNeed():
                texts += need.num_pieces
                scored += need.num_pieces * (need.context_tokens + need.scored_tokens)
            case ContinuationsNeed():
                prompts += need.num_prompts
                sent += need.num_prompts * need.prompt_tokens
                written += need.num_prompts * need.num_tokens
            case SeenPromptsNeed() | TemperatureNeed():
                prompts += need.num_prompts
                sent += need.num_prompts * need.continuations.prompt_tokens
                written += need.num_prompts * need.num_tokens
            case CanariesNeed():
                num, tokens = work_of_canaries(need, canaries)
                texts, scored = texts + num, scored + tokens
            case UnrelatedPrefixesNeed():
                num = 2 * need.num_windows * need.num_prefixes
                length = need.windows.prefix_tokens + need.windows.suffix_tokens
                texts, scored = texts + num, scored + num * length
            case PrefixSweepNeed():
                texts += 2 * need.num_windows * len(need.prefixes_tokens)
                lengths = (given + need.suffix_tokens for given in need.prefixes_tokens)
                scored += 2 * need.num_windows * sum(lengths)
            case LayersNeed():
                pass  # no endpoint shows its layers
            case NearMassNeed() | PathsNeed() | DamageNeed():
                pass  # no endpoint shows the whole distribution of the next token
            case WrittenWindowsNeed():
                prompts += 2 * need.num_windows
                sent += 2 * need.num_windows * need.windows.prefix_tokens
                written += 2 * need.num_windows * need.num_tokens
            case RepeatedTokensNeed() | ChainsNeed() | LanguagesNeed() | LabelsNeed():
                texts, scored = texts + need.num_texts, scored + need.num_texts * need.longest_tokens
    return Work(
        num_scored_texts=texts,
        scored_tokens=scored,
        num_prompts=prompts,
        prompt_tokens=sent,
        written_tokens=written,
    )


def work_of_texts(lengths_tokens: Sequence[int]) -> Work:
    """What scoring some texts asks.

    Args:
        lengths_tokens: of each text that is one request.
    """
    return Work(num_scored_texts=len(lengths_tokens), scored_tokens=sum(lengths_tokens))


def endpoint_forecast(work: Work, terms: Terms) -> dict[str, Any]:
    """Requests, tokens, money and time at most, as JSON values and as lines to print.

    Two cases: the endpoint shows log-probabilities of a given text, or it does not, and then no text is scored. Which
    one it is only the probe can tell, and a forecast sends nothing.

    Args:
        work: what is asked.
        terms: at what rate and price.
    """
    full = cost(work, terms.price)
    written = Work(num_prompts=work.num_prompts, prompt_tokens=work.prompt_tokens, written_tokens=work.written_tokens)
    bare = cost(written, terms.price)
    has_price = terms.price != Price()
    checks = f", {2 * NUM_TEXTS} to check its numbers" if work.num_scored_texts else ""
    parts = [f"{PROBE_REQUESTS} to probe it{checks}"]
    parts += [f"{work.num_scored_texts:,} texts to score"] if work.num_scored_texts else []
    parts += [f"{work.num_prompts:,} prompts to continue"] if work.num_prompts else []
    lines = [f"The endpoint: at most {_amount(full)} ({', '.join(parts)}; failed tries come on top)."]
    if work.num_scored_texts:
        lines.append(
            f"If it shows no log-probabilities of a given text, which only the probe can tell: {_amount(bare)}."
        )
    lines.append(_money(full, bare, terms.price) if has_price else "Cost: give --price-prompt and --price-completion.")
    lines.append(_time(full, bare, terms.limits))
    lines += _uncovered(full, terms.limits)
    return {
        **_values(full, terms.limits, has_price=has_price),
        "if_it_scores_nothing": _values(bare, terms.limits, has_price=has_price),
        "lines": lines,
    }


def _values(found: Cost, limits: Limits, *, has_price: bool) -> dict[str, Any]:
    rate = limits.requests_per_second
    return asdict(found) | {
        "money": found.money if has_price else None,
        "least_seconds": None if rate is None else found.requests / rate,
        "answers_in_a_row": -(-found.requests // limits.concurrency),
    }


def _amount(found: Cost) -> str:
    return f"{found.requests:,} requests, {found.prompt_tokens:,} tokens sent, {found.written_tokens:,} tokens written"


def _money(full: Cost, bare: Cost, price: Price) -> str:
    return (
        f"Cost: at most {full.money:,.2f}, or {bare.money:,.2f} if it scores nothing, at "
        f"{price.per_million_prompt_tokens:g} for a million tokens sent and {price.per_million_written_tokens:g} for a "
        "million written."
    )


def _time(full: Cost, bare: Cost, limits: Limits) -> str:
    rows = [-(-one.requests // limits.concurrency) for one in (full, bare)]
    said = (
        f"Time: {limits.concurrency} requests at a time are {rows[0]:,} answers in a row, or {rows[1]:,} if it scores "
        f"nothing: at 1 second an answer, which only asking can tell, {_minutes(rows[0])} or {_minutes(rows[1])}."
    )
    if limits.requests_per_second is not None:
        slowest = [one.requests / limits.requests_per_second for one in (full, bare)]
        said += (
            f" At {limits.requests_per_second:g} requests per second at least {_minutes(slowest[0])} or "
            f"{_minutes(slowest[1])}."
        )
    return said


def _minutes(seconds: float) -> str:
    return f"{seconds:,.0f} s" if seconds < 120 else f"{seconds / 60:,.0f} min"


def _uncovered(full: Cost, limits: Limits) -> list[str]:
    lacking = []
    if limits.max_requests is not None and limits.max_requests < full.requests:
        lacking.append(f"--max-requests {limits.max_requests}")
    tokens = full.prompt_tokens + full.written_tokens
    if limits.max_tokens is not None and limits.max_tokens < tokens:
        lacking.append(f"--max-tokens {limits.max_tokens}")
    if not lacking:
        return []
    return [f"{' and '.join(lacking)} may not cover that: it would stop with exit code 5, and go on when typed again."]
