"""What each side found, as rows of one table, and whether the sides' answers agree."""

from dataclasses import dataclass
from typing import Any

Found = dict[str, dict[str, Any]]
OURS = "byheart"
FASTER = 1.3
"""How many times faster than every peer the issue asks byheart to be."""
SHARE_OF_MATMUL = 0.85
SHARE_OF_LOGITS = 0.25


@dataclass(frozen=True)
class Row:
    """One line."""

    work: str
    ours: str
    peer: str
    ratio: float
    target: str
    reached: bool


def training_rows(found: Found) -> list[Row]:
    """Tokens per second of the same steps, in either precision."""
    rows = []
    for precision in ("float32", "bfloat16"):
        ours = found[f"{OURS}, {precision}"]
        work = f"training in {precision}, {ours['parameters'] / 1e6:.1f} M parameters"
        rows += [_faster(work, ours, name, one) for name, one in found.items() if OURS not in name]
    return rows


def scoring_rows(found: Found) -> list[Row]:
    """Tokens per second, share of the matrix-product rate, memory; and the greatest difference of a text's nats."""
    ours = found[OURS]
    rows = []
    for name, one in found.items():
        if name == OURS:
            continue
        apart = max(abs(left - right) for left, right in zip(ours["nats"], one["nats"], strict=True))
        rows.append(_faster(f"scoring SmolLM2 (sums differ by {apart:.0e} nats at most)", ours, name, one))
    rate = max(one["matmul_flops"] for one in found.values())
    share = ours["flops"] / rate
    rows.append(
        Row(
            "scoring, share of the matrix-product rate",
            f"{ours['flops'] / 1e9:.0f} GFLOP/s",
            f"2048 x 2048 product: {rate / 1e9:.0f} GFLOP/s",
            share,
            f">= {SHARE_OF_MATMUL}",
            share >= SHARE_OF_MATMUL,
        )
    )
    for name, one in found.items():
        if name != OURS and "batch 16" in name:
            part = ours["pass_bytes"] / one["pass_bytes"]
            sizes = (f"{ours['pass_bytes'] / 1e6:.0f} MB", f"{name}: {one['pass_bytes'] / 1e6:.0f} MB")
            rows.append(Row("memory of the pass", *sizes, part, f"< {SHARE_OF_LOGITS}", part < SHARE_OF_LOGITS))
    return rows


def generation_rows(found: Found) -> list[Row]:
    """Tokens per second, and how many continuations are the same."""
    ours = found[OURS]
    rows = []
    for name, one in found.items():
        if name != OURS:
            same = sum(left == right for left, right in zip(ours["written"], one["written"], strict=True))
            work = f"greedy writing, {len(one['written'])} prompts ({same} of them continued alike)"
            rows.append(_faster(work, ours, name, one))
    return rows


def _faster(work: str, ours: dict[str, Any], name: str, peer: dict[str, Any]) -> Row:
    rates = [one["tokens_per_second"] for one in (ours, peer)]
    ratio = rates[0] / rates[1]
    words = [f"{rate:,.0f} tokens/s" for rate in rates]
    return Row(work, words[0], f"{name}: {words[1]}", ratio, f">= {FASTER}", ratio >= FASTER)


def markdown(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| work | byheart | peer | ratio | asked | reached |", "|---|---|---|--:|--:|---|"]
    for row in rows:
        reached = "yes" if row.reached else "no"
        lines.append(f"| {row.work} | {row.ours} | {row.peer} | {row.ratio:.2f} | {row.target} | {reached} |")
    return "\n".join(lines)
