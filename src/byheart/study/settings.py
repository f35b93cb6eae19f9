"""Settings of an audit in two runs: numbers that were measured in another way are no measurement of a difference."""

from byheart.core.run_record import RunRecord
from byheart.stats.seed_rates import LEAST_SEEDS

Settings = dict[str, str | int | float | None]
SAMPLE_SIZES = frozenset(
    (
        *("num_windows", "num_per_stratum", "num_written", "num_searched", "num_behind_unrelated", "num_swept"),
        *("num_exhibits", "num_shown", "num_prompts", "num_attacks", "num_pieces", "num_pairs", "num_control_pairs"),
        *("num_expanded", "num_swept_prompts", "num_label_prompts", "num_seeds", "num_held_out", "num_cases"),
        *("num_paths", "num_unseen", "num_watched", "num_looks", "num_points", "curve_points"),
    )
)
"""How much was measured. More of it makes a number surer and no other one; everything else decides what it is."""
_OF_ONE_NUMBER = {
    "false_positive_rate": "extraction.above_threshold_rate",
    "beam_width": "extraction.near_verbatim_mass",
    "num_unrelated_prefixes": "extraction.merely_common_rate",
    "other_temperatures": "",
}
"""Settings that one number alone hangs on, or, where it is empty, figures alone."""


def settings(record: RunRecord, audit: str) -> Settings:
    """The params of an audit as it ran; none where the run does not tell them."""
    return next((dict(it.params) for it in record.methods if it.audit == audit), {})


def is_experiment(record: RunRecord, audit: str) -> bool:
    """Whether the laboratory trained the networks itself, so that other settings are other networks."""
    return "num_seeds" in settings(record, audit)


def other_settings(name: str, first: RunRecord, second: RunRecord) -> tuple[str, ...]:
    """What two runs set otherwise, sample sizes left out, as "prefix_tokens 50 and 100".

    Args:
        name: dotted name of a number, or of the audit, which is every number of it.
        first: a run.
        second: another.
    Returns:
        in the order of the first run's settings; empty where none differs that the number hangs on.
    """
    audit, _, number = name.partition(".")
    one, two = settings(first, audit), settings(second, audit)
    sizes = SAMPLE_SIZES | ({"num_sequences"} if not is_experiment(first, audit) else set())
    return tuple(
        f"{it} {_said(one, it)} and {_said(two, it)}"
        for it in dict.fromkeys((*one, *two))
        if it not in sizes and one.get(it) != two.get(it) and not (number and _OF_ONE_NUMBER.get(it, name) != name)
    )


def _said(known: Settings, name: str) -> str:
    value = known.get(name)
    return "not told" if value is None else str(value) or "none"


def are_equal(first: RunRecord, second: RunRecord) -> bool:
    """Whether every audit that both ran had the same settings, sample sizes too."""
    audits = {it.audit for it in first.methods} & {it.audit for it in second.methods}
    return all(settings(first, audit) == settings(second, audit) for audit in audits)


def why_incomparable(name: str, first: RunRecord, second: RunRecord) -> str:
    """Why a number of two runs is not the same statistic, versions left out; empty where it is.

    Args:
        name: dotted name of the number.
        first: a run.
        second: another.
    """
    other = other_settings(name, first, second)
    if other:
        return f"the audit was set otherwise: {'; '.join(other)}"
    tokens = first.provenance.tokenizer, second.provenance.tokenizer
    counts_tokens = not name.endswith("_per_byte") and name.partition(".")[0] not in (
        "context",
        "complexity",
        "capacity",
    )
    if counts_tokens and (tokens[0] != tokens[1] or not tokens[0]):
        return "the tokenizers differ, and it counts tokens; bits per byte compare"
    return ""


def freedom_of_seeds(name: str, first: RunRecord, second: RunRecord) -> int | None:
    """Degrees of freedom of a number of networks that were trained again with other seeds, of the run with fewer.

    Args:
        name: dotted name of the number.
        first: a run.
        second: another.
    Returns:
        seeds less one; None where no seeds were repeated, or too few to say anything of others.
    """
    seeds = [settings(run, name.partition(".")[0]).get("num_seeds") for run in (first, second)]
    known = [it for it in seeds if isinstance(it, int)]
    return min(known) - 1 if len(known) == 2 and min(known) >= LEAST_SEEDS else None
