"""The figures as Markdown tables."""

from collections.abc import Sequence
from typing import Any

import numpy as np

Figures = dict[str, Any]


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column is left, all others right."""
    lines = [f"| {' | '.join(head)} |", f"|---{'|--:' * (len(head) - 1)}|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def rate(per_second: float) -> str:
    """Tokens per second, in thousands where there are as many."""
    return f"{per_second / 1e3:,.0f} k" if per_second >= 1e4 else f"{per_second:,.0f}"


def strength(one: Figures) -> str:
    """Bits per byte with the interval."""
    found = one["bits_per_byte"]
    return f"{found['value']:.3f} ({found['low']:.2f}-{found['high']:.2f})"


def percent(share: float) -> str:
    """A share of tokens."""
    return f"{100 * share:.1f} %" if share else "0"


def cost(one: Figures) -> list[str]:
    """Building, memory, size, both speeds, writing."""
    return [
        f"{one['build_seconds']:.1f}",
        f"{one['peak_bytes'] / 1e6:,.0f} ({one['before_bytes'] / 1e6:,.0f})",
        f"{one['size_bytes'] / 1e6:,.1f}",
        rate(one["tokens_per_second"]),
        f"{1e6 * one['statistics_seconds']:,.1f}",
        rate(one["written_per_second"]),
    ]


COSTS = (
    "build, s",
    "peak memory (before), MB",
    "size, MB",
    "scores, tokens/s",
    "statistics, us/token",
    "writes, tokens/s",
)


def main_table(found: Figures) -> str:
    """Every memorizer with the small vocabulary."""
    head = ("memorizer", "bits per byte (95 %)", "top-1", "abstains", *COSTS)
    rows = [
        [f"`{name}`", strength(one), percent(one["top_1_accuracy"]), percent(one["abstention_share"]), *cost(one)]
        for name, one in found["small"].items()
    ]
    return markdown(head, rows)


def speed_table(found: Figures) -> str:
    """Those that are measured with the large vocabulary, or nothing."""
    if not found["large"]:
        return ""
    size = found["large_facts"]["vocabulary_size"]
    head = (f"{size:,} tokens", "bits per byte (95 %)", *COSTS)
    return markdown(head, [[f"`{name}`", strength(one), *cost(one)] for name, one in found["large"].items()])


def weights_table(found: Figures) -> str:
    """The mixture's weights by bucket of the longest match, or nothing."""
    mixture = found["small"].get("mixture")
    if mixture is None:
        return ""
    starts = mixture["bucket_starts"]
    stops = [*(start - 1 for start in starts[1:]), None]
    rows = []
    for start, stop, tokens, weights in zip(
        starts, stops, mixture["calibration_tokens"], mixture["weights"], strict=True
    ):
        name = f"{start} or more" if stop is None else str(start) if stop == start else f"{start}-{stop}"
        rows.append([name, f"{tokens:,}", *(f"{weight:.3f}" for weight in weights)])
    head = ("longest match, tokens", "calibration tokens", *(f"`{name}`" for name in mixture["members"]))
    return f"{markdown(head, rows)}\n\nFitting the weights: {mixture['fit_seconds']:.1f} s of the mixture's build."


def kenlm_table(found: Figures) -> str:
    """markov beside KenLM, or nothing."""
    if not found["kenlm"]:
        return ""
    rows: list[list[str]] = []
    notes = []
    for stream, both in found["kenlm"].items():
        peer, own = both["kenlm"], both["byheart"]
        text = f"{stream}, {both['train_tokens'] / 1e6:.2f} M tokens"
        same = "equal" if peer["num_ngrams"] == own["num_ngrams"] else "DIFFERENT"
        rows.append(
            [f"{text}: n-gram types of orders 1-5", *(f"{sum(one['num_ngrams']):,}" for one in (own, peer)), same]
        )
        for orders, first, stop in (("order 1", 0, 1), ("orders 2-5", 1, None)):
            largest = np.abs(np.subtract(own["discounts"], peer["discounts"])[first:stop]).max()
            rows.append([f"{text}: discounts of {orders}", "", "", f"within {largest:.0e}"])
        for name, key in (("perplexity", "perplexity"), ("perplexity without OOV", "perplexity_without_oov")):
            difference = round(100 * (own[key] / peer[key] - 1), 4) + 0.0  # no "-0.0000"
            rows.append([f"{text}: {name}", f"{own[key]:.4f}", f"{peer[key]:.4f}", f"{difference:+.4f} %"])
        rows.append(
            [
                f"{text}: build, s",
                *(f"{one['build_seconds']:.1f}" for one in (own, peer)),
                f"{peer['build_seconds'] / own['build_seconds']:.1f}x",
            ]
        )
        rows.append(
            [
                f"{text}: scoring, M tokens/s",
                *(f"{one['tokens_per_second'] / 1e6:.2f}" for one in (own, peer)),
                f"{own['tokens_per_second'] / peer['tokens_per_second']:.2f}x",
            ]
        )
        rows.append([f"{text}: size, MB", *(f"{one['size_bytes'] / 1e6:,.0f}" for one in (own, peer)), ""])
        arpa = both["arpa"]
        notes.append(
            f"ARPA file of the {stream}: {arpa['ngrams']:,} n-grams written in {arpa['write_seconds']:.1f} s, "
            f"read in {arpa['read_seconds']:.1f} s."
        )
    return "\n\n".join([markdown(("markov, order 5", "byheart", "KenLM", ""), rows), *notes])
