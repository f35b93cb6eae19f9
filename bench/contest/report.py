"""From the figures of all sides to the rows of the table."""

import statistics
from typing import Any

from contest import CONTEXT_LENGTHS
from contest.table import Row

Figures = dict[str, Any]
NEXT_TARGET = 30.0


def _rate(figures: Figures, name: str, amount: str = "tokens") -> float | None:
    seconds, num = figures.get(f"{name}_seconds"), figures.get(f"{name}_{amount}")
    return num / seconds if seconds and num else None


def _per_second(rate: float | None) -> str:
    if rate is None:
        return "not measured"
    return f"{rate / 1e6:.2f} M/s" if rate >= 1e6 else f"{rate / 1e3:,.0f} k/s" if rate >= 1e4 else f"{rate:,.0f}/s"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "not measured"
    return (
        f"{seconds:.2f} s"
        if seconds >= 1
        else f"{seconds * 1e3:.1f} ms"
        if seconds >= 1e-3
        else f"{seconds * 1e6:.0f} us"
        if seconds >= 1e-5
        else f"{seconds * 1e6:.1f} us"
    )


def _rate_row(work: str, ours: float | None, peer: tuple[str, float | None] | None, target: str, needed: float) -> Row:
    """A row of two rates; the target is a ratio where there is a peer, else a rate."""
    if peer is None:
        judged = ours is not None and not target.endswith("x")
        return Row(work, _per_second(ours), "", None, target, ours >= needed if judged else None)
    name, theirs = peer
    ratio = ours / theirs if ours and theirs else None
    return Row(
        work,
        _per_second(ours),
        f"{name}: {_per_second(theirs)}",
        ratio,
        target,
        None if ratio is None else ratio >= needed,
    )


def _build_rows(found: Figures) -> list[Row]:
    ours, one, peer = found["build"], found["build_one_core"], found.get("infini_gram_build", {})
    tokens = found["facts"]["tokens"]

    def whole(run: Figures) -> float:
        return run["sort_seconds"] + run["save_seconds"]

    rows = []
    for work, run, target in (
        (f"build and save, {ours['cores']} cores", ours, ">= 3x"),
        ("build and save, 1 core", one, ""),
    ):
        ratio = peer["seconds"] / whole(run) if peer else None
        figure = f"{whole(run):.1f} s (sort {run['sort_seconds']:.1f}, save {run['save_seconds']:.1f})"
        theirs = f"infini-gram, 2 processes: {peer['seconds']:.1f} s" if peer else ""
        rows.append(Row(work, figure, theirs, ratio, target, ratio >= 3 if target and ratio else None))
    for work, name, target, most in (
        ("disk, bytes a token", "disk_bytes", "<= 6.5", 6.5),
        ("peak memory of the build, bytes a token", "peak_bytes", "<= 12", 12.0),
    ):
        figure = ours[name] / tokens
        theirs = f"infini-gram: {peer[name] / tokens:.2f}" if peer else ""
        if name == "peak_bytes":
            start = ours["peak_before_bytes"] / tokens
            theirs += f" (ours before the build: {start:.2f}, interpreter, kernels and tokens)"
        rows.append(Row(work, f"{figure:.2f}", theirs, None, target, figure <= most))
    return rows


def rows_of(found: Figures) -> list[Row]:
    """The table of issue 3, as far as it was measured."""
    ours, one = found.get("ours", {}), found.get("ours_one_core", {})
    gram, grams, dawg = found.get("infini_gram", {}), found.get("tokengrams", {}), found.get("rusty_dawg", {})
    rows = _build_rows(found)
    rows.append(
        Row(
            "open",
            _duration(ours.get("open_seconds")),
            f"infini-gram: {_duration(gram.get('open_seconds'))}" if gram else "",
            None,
            "<= 50 ms",
            ours["open_seconds"] <= 0.05 if ours else None,
        )
    )
    cores = f"{ours.get('cores', 2)} cores"
    longest = "longest match at every held-out position"
    for where, run, target, needed in (("1 core", one, ">= 1.2 M/s", 1.2e6), (cores, ours, ">= 2 M/s", 2e6)):
        rows.append(_rate_row(f"{longest}, {where}", _rate(run, "held_out"), None, target, needed))
    if gram:
        peer = "infini-gram creativity", _rate(gram, "held_out")
        for where, run in (("1 core", one), (cores, ours)):
            rows.append(_rate_row(f"{longest}, {where}", _rate(run, "held_out"), peer, ">= 300x", 300))
    if dawg.get("seconds"):
        part = found["ours_part"]
        size = dawg["corpus_tokens"]
        name = f"rusty-dawg ({size / 1e6:.0f} M tokens, {dawg['peak_bytes'] / size:.0f} bytes each)"
        rows.append(
            _rate_row(
                f"{longest}, first part of the corpus, 1 core",
                part["tokens"] / part["seconds"],
                (name, dawg["tokens"] / dawg["seconds"]),
                ">= 4x",
                4,
            )
        )
    copied = "the same, text copied with 0.1 % noise"
    for where, run in (("1 core", one), (cores, ours)):
        rows.append(_rate_row(f"{copied}, {where}", _rate(run, "copied"), None, ">= 10 M/s", 1e7))
    rows.append(
        _rate_row(
            f"longest suffix, its count and the next token's, every position, {cores}",
            _rate(ours, "suffix"),
            ("infini-gram infgram_prob", _rate(gram, "suffix")) if gram else None,
            ">= 1,000x",
            1000,
        )
    )
    rows.extend(_next_rows(ours, gram, grams))
    counting = f"count of 1 to 8 tokens, batched, {cores}"
    mine = _rate(ours, "count", "patterns")
    if not gram and not grams:
        rows.append(_rate_row(counting, mine, None, ">= 100x", 100))
    if gram:
        rows.append(_rate_row(counting, mine, ("infini-gram count", _rate(gram, "count", "patterns")), ">= 100x", 100))
    if grams:
        row = _rate_row(counting, mine, ("tokengrams count", _rate(grams, "count", "patterns")), "", 0)
        rows.append(Row(row.work, row.ours, row.peer, row.ratio, "", None))
    return rows


def _next_rows(ours: Figures, gram: Figures, grams: Figures) -> list[Row]:
    """Median time of one distribution, of both sides on those contexts that the peer had the time for."""
    rows = []
    for length in CONTEXT_LENGTHS:
        work = f"next-token distribution of {length} token{'s' if length > 1 else ''}, median"
        mine = ours.get(f"next_{length}_seconds", [])
        if mine and not gram and not grams:
            rows.append(Row(work, _duration(statistics.median(mine)), "", None, ">= 30x", None))
        for name, figures, key, target in (
            ("infini-gram ntd, exact", gram, "exact_", ">= 30x"),
            ("infini-gram ntd, max_support 1000", gram, "default_", ">= 30x"),
            ("tokengrams count_next", grams, "", ""),
        ):
            theirs = figures.get(f"next_{length}_{key}seconds", [])
            if not theirs or not mine:
                continue
            us, them = statistics.median(mine[: len(theirs)]), statistics.median(theirs)
            guessed = figures.get(f"next_{length}_{key}approximate", 0)
            note = f", {guessed} of {len(theirs)} approximate" if guessed else f", {len(theirs)} contexts"
            reached = them / us >= NEXT_TARGET if target else None
            rows.append(Row(work, _duration(us), f"{name}: {_duration(them)}{note}", them / us, target, reached))
        exact = gram.get(f"next_{length}_exact_seconds", [])
        if mine and exact:
            batched, them = ours[f"next_{length}_batched_seconds"], statistics.median(exact)
            peer = f"infini-gram ntd, exact, has no batch: {_duration(them)}"
            work = f"the same, {len(mine)} contexts in one call, mean"
            rows.append(Row(work, _duration(batched), peer, them / batched, "", None))
    return rows
