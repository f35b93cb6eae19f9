"""What a study will ask of each subject, and what its samples can show, before it asks."""

from dataclasses import asdict
from typing import Any

from byheart.core.audit import Audit, Profile
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
    WritingNeed,
    WrittenWindowsNeed,
)
from byheart.corpus.secrets import SecretList
from byheart.study.duration import PARAMETERS, seconds_needed
from byheart.study.endpoint_forecast import Terms, endpoint_forecast, work_of_canaries, work_of_needs
from byheart.study.sensitivity import lines as sensitivity_lines
from byheart.study.sensitivity import planned
from byheart.study.yardstick import DISTINCT, MIXTURE, QUICK_LIMIT_TOKENS, SLOW, chosen_memorizers


def tokens_asked(need: Need, canaries: SecretList | None = None) -> int:
    """Tokens to score or to write for one need, at most; of canaries as if each byte were a token."""
    match need:
        case WindowsNeed():
            filled = need.num_per_stratum * len(need.strata)
            return (2 * need.num_windows + filled) * (need.prefix_tokens + need.suffix_tokens)
        case ComparedWindowsNeed():
            return 2 * need.windows.num_windows * (need.windows.prefix_tokens + need.windows.suffix_tokens)
        case HeldOutNeed():
            return need.num_pieces * (need.context_tokens + need.scored_tokens)
        case ContinuationsNeed() | TemperatureNeed() | SeenPromptsNeed():
            return need.num_prompts * need.num_tokens
        case CanariesNeed():
            return work_of_canaries(need, canaries)[1]
        case UnrelatedPrefixesNeed():
            length = need.windows.prefix_tokens + need.windows.suffix_tokens
            return 2 * need.num_windows * need.num_prefixes * length
        case PrefixSweepNeed():
            return 2 * need.num_windows * sum(given + need.suffix_tokens for given in need.prefixes_tokens)
        case LayersNeed():
            return 2 * need.windows.num_windows * (need.windows.prefix_tokens + need.windows.suffix_tokens)
        case NearMassNeed():
            return need.num_read_tokens
        case PathsNeed():
            return (need.num_pairs + 2 * need.num_control_pairs) * need.num_points * need.context_tokens
        case DamageNeed():
            return 2 * need.num_windows * (1 + len(need.num_damaged)) * need.context_tokens
        case WrittenWindowsNeed():
            return 2 * need.num_windows * need.num_tokens
        case RepeatedTokensNeed() | ChainsNeed() | LanguagesNeed() | LabelsNeed():
            return need.num_texts * need.longest_tokens


def forecast(
    audits: tuple[Audit, ...],
    profile: Profile,
    *,
    endpoint: Terms | None = None,
    canaries: SecretList | None = None,
    starts_now: bool = False,
    flop_per_second: float | None = None,
) -> dict[str, Any]:
    """Tokens to score and to write per subject and the smallest effects to be found, as JSON and as lines to print.

    Args:
        audits: that are planned.
        profile: sizes of their samples.
        endpoint: on what terms it is asked; None where the model is on this machine.
        canaries: whose exposure is asked for; None for none.
        starts_now: whether the study begins, or nothing is run.
        flop_per_second: of this machine, for the time that a model here takes; None to tell no time.
    """
    totals = {"score": 0, "write": 0}
    rows: list[dict[str, str | int]] = []
    lines: list[str] = []
    owners: dict[Need, str] = {}
    for audit in audits:
        of_kind: dict[str, int] = {}
        shared: dict[str, None] = {}
        for need in audit.needs(audit.profiles[profile]):
            if need in owners:
                shared[owners[need]] = None
                continue
            owners[need] = audit.name
            kind = "write" if isinstance(need, WritingNeed) else "score"
            of_kind[kind] = of_kind.get(kind, 0) + tokens_asked(need, canaries)
        for kind, tokens in of_kind.items():
            totals[kind] += tokens
            rows.append({"audit": audit.name, "kind": kind, "tokens": tokens})
        said = [f"{kind} at most {tokens:,} tokens" for kind, tokens in of_kind.items()]
        said += [f"what {owner} asks, which is asked once" for owner in shared]
        lines.append(f"{audit.name}: {', '.join(said)}  ({audit.question})")
    work = work_of_needs(owners, canaries)
    lines.append(
        f"Per subject: score at most {totals['score']:,} tokens in {work.num_scored_texts:,} texts, write at most "
        f"{totals['write']:,} after {work.num_prompts:,} prompts."
    )
    seconds = None
    if flop_per_second is not None and endpoint is None:
        seconds = seconds_needed(totals["score"], totals["write"], flop_per_second)
        lines.append(
            f"On this machine ({flop_per_second / 1e9:,.0f} GFLOP/s) a model of {PARAMETERS // 10**6} million "
            f"parameters takes about {seconds / 60:.1f} minutes for it, others in proportion."
        )
    sensitivity = planned(audits, profile, canaries)
    lines += sensitivity_lines(sensitivity)
    asked_over_http: dict[str, Any] = {}
    if endpoint is not None:
        asked_over_http["endpoint"] = over_http = endpoint_forecast(work, endpoint)
        lines += [*over_http.pop("lines"), "Poles and memorizers answer on this machine: no request, no cost."]
    lines += _yardstick(profile)
    if not starts_now:
        lines.append("Nothing was run." if endpoint is None else "Nothing was run, and nothing sent.")
    return {
        "audits": rows,
        **asked_over_http,
        "tokens_to_score": totals["score"],
        "tokens_to_write": totals["write"],
        "texts_to_score": work.num_scored_texts,
        "prompts_to_continue": work.num_prompts,
        "seconds_per_100m_parameters": seconds,
        "sensitivity": [asdict(row) for row in sensitivity],
        "memorizers": [name.removeprefix("memorizer:") for name in (*_members(), MIXTURE)],
        "lines": lines,
    }


def _members() -> tuple[str, ...]:
    return chosen_memorizers(0, "full", audited=None)[0]


def _yardstick(profile: Profile) -> list[str]:
    """Who will be built, and what that costs."""
    lines = [
        "Beside the model: the poles, an infinigram of the trained-on text and one of unseen text; of the trained-on "
        f"text {', '.join(_members())}, the mixture of these, and {' and '.join(DISTINCT)} of each document once where "
        "documents are repeated. Building them takes about 10 seconds for a million tokens."
    ]
    if profile == "quick":
        lines.append(
            f"Of more than {QUICK_LIMIT_TOKENS:,} trained-on tokens the quick profile leaves out {' and '.join(SLOW)}."
        )
    return lines
