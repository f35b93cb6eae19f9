"""Two runs or more: what differs between them by more than chance, and which passages."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from byheart.core.comparison import ChangedPassage, Compared, Comparison, Difference
from byheart.core.evidence import Estimate, Line, Point, Series
from byheart.core.run_record import RunRecord
from byheart.errors import CapabilityError, ConfigError
from byheart.report.comparison import MEASURES, measure
from byheart.stats.multiplicity import holm
from byheart.study.differences import difference_of
from byheart.study.gating import whole_run
from byheart.study.headline import NAMES
from byheart.study.pairing import Pairs, TextTables, comes_out
from byheart.study.settings import are_equal, freedom_of_seeds, is_experiment, other_settings, why_incomparable

MOST_RUNS = 50


def compare(paths: Sequence[Path]) -> Comparison:
    """The runs after the first, each beside it.

    Args:
        paths: run folders, at least two: the base and what became of it, or checkpoints in their order.
    Raises:
        ConfigError: fewer than two runs, or too many.
        CapabilityError: a run has no model, or two have no number in common.
        SourceError, FormatError: a run is missing, unfinished or damaged.
    Source: protocols.md, rule 3: paired differences between models, Holm over all of them.
    Differs: nothing.
    """
    if not 2 <= len(paths) <= MOST_RUNS:
        raise ConfigError(
            f"A comparison is of 2 to {MOST_RUNS} runs.", why=f"Got {len(paths)}.", next_step="byheart compare RUN RUN"
        )
    records = [whole_run(path) for path in paths]
    models = [_model_of(record, path) for record, path in zip(records, paths, strict=True)]
    labels = _labels(paths)
    first = (records[0], TextTables(paths[0], models[0]))
    others = [
        _compared(first, (record, TextTables(path, model)), label)
        for record, path, model, label in zip(records[1:], paths[1:], models[1:], labels[1:], strict=True)
    ]
    adjusted = _adjusted(others)
    trends = _trends(records, models, labels, adjusted) if len(records) > 2 else ()
    return Comparison(label=labels[0], subject=models[0], others=tuple(adjusted), trends=trends)


def _model_of(record: RunRecord, path: Path) -> str:
    name = next((s.name for s in record.provenance.subjects if s.role == "model"), None)
    if name is None:
        raise CapabilityError(
            f"{path} has no model under test.", why="Only memorizers were audited.", next_step="Give another run."
        )
    return name


def _labels(paths: Sequence[Path]) -> list[str]:
    """Names of the folders, with as much of the path before them as tells them apart, else numbered."""
    parts = [path.resolve().parts for path in paths]
    for depth in range(1, max(map(len, parts)) + 1):
        labels = ["/".join(it[-depth:]).lstrip("/") for it in parts]
        if len(set(labels)) == len(labels):
            return labels
    return [f"{it[-1]} ({number})" for number, it in enumerate(parts, start=1)]


def _compared(first: tuple[RunRecord, TextTables], second: tuple[RunRecord, TextTables], label: str) -> Compared:
    (one, texts), (two, other_texts) = first, second
    here, there = one.provenance, two.provenance
    same_tokens = here.tokenizer == there.tokenizer and bool(here.tokenizer)
    same_held_out = _same(here.held_out, there.held_out)
    pairs = Pairs(texts, other_texts, same_tokens, same_held_out)
    same_texts = same_tokens and same_held_out and _same(here.trained_on, there.trained_on)
    same_texts = same_texts and here.seed == there.seed and are_equal(one, two)
    same_model = _fingerprint(one, texts.subject) == _fingerprint(two, other_texts.subject)
    versions = _versions(one, texts.subject), _versions(two, other_texts.subject)
    found = _numbers(two, other_texts.subject)
    differences = [
        difference_of(
            it,
            found[name],
            pairs,
            _refused(name, versions, one, two),
            same_texts=same_texts,
            same_model=same_model,
            freedom=freedom_of_seeds(name, one, two),
        )
        for name, it in _numbers(one, texts.subject).items()
        if name in found
    ]
    if not differences:
        raise CapabilityError(
            f"{label} has no number in common with the first run.",
            why="The audits differ, or all of its numbers were refused.",
            next_step="Run both with the same --audits.",
        )
    why = "" if same_tokens else "The tokenizers differ, so that the passages do."
    if not why and not pairs.windows:
        why = "The two runs asked for no passage in common."
    return Compared(
        label=label,
        subject=other_texts.subject,
        notes=tuple(_notes(one, two, is_same=same_texts and same_model, same_tokens=same_tokens)),
        differences=tuple(differences),
        changed=_changed(pairs),
        num_shared=sum(a["role"] == "member" for a, _ in pairs.windows),
        why_no_passages=why,
    )


def _same(one: dict[str, str | int], two: dict[str, str | int]) -> bool:
    """Whether two corpora are one: by fingerprint, and in the laboratory, which has none, by what is said of them."""
    return one.get("fingerprint", one) == two.get("fingerprint", two)


def _fingerprint(record: RunRecord, subject: str) -> str:
    return next(s.fingerprint for s in record.provenance.subjects if s.name == subject)


def _versions(record: RunRecord, subject: str) -> dict[str, int]:
    return {r.audit: r.version for r in record.results if r.subject == subject}


def _numbers(record: RunRecord, subject: str) -> dict[str, Estimate]:
    found = [e for r in record.results if r.subject == subject for e in r.evidence if isinstance(e, Estimate)]
    order = {name: place for place, name in enumerate(MEASURES)}
    return {it.name: it for it in sorted(found, key=lambda it: order.get(it.name, len(order)))}


def _refused(name: str, versions: tuple[dict[str, int], dict[str, int]], first: RunRecord, second: RunRecord) -> str:
    """Why a number of one run does not compare with that of the other; empty where it does."""
    audit = name.partition(".")[0]
    one, two = (known.get(audit) for known in versions)
    if one != two:
        return f"Refused: the statistic has version {one} in the first run and {two} here."
    # Networks of the laboratory that were trained otherwise are what is compared: that is told, not refused.
    is_told = is_experiment(first, audit) and is_experiment(second, audit)
    why = "" if is_told else why_incomparable(name, first, second)
    return f"Refused: {why}." if why else ""


def _notes(one: RunRecord, two: RunRecord, *, is_same: bool, same_tokens: bool) -> list[str]:
    here, there = one.provenance, two.provenance
    notes = ["Both are the same measurement: same model, texts, settings and seed."] if is_same else []
    if not same_tokens:
        notes.append("The tokenizers differ.")
    for said, a, b in (
        ("trained-on", here.trained_on, there.trained_on),
        ("held-out", here.held_out, there.held_out),
    ):
        if not _same(a, b):
            notes.append(f"The {said} texts differ: only what both runs have is compared text by text.")
    for audit in (it.audit for it in one.methods):
        other = other_settings(audit, one, two) if any(it.audit == audit for it in two.methods) else ()
        if other:
            notes.append(f"{audit.capitalize()} was set otherwise: {'; '.join(other)}.")
    if not (_same(here.trained_on, there.trained_on) and _same(here.held_out, there.held_out)):
        notes.append("What the best memorizer needs tells of the texts, not of the models.")
    if here.seed != there.seed:
        notes.append(f"The seeds differ ({here.seed} and {there.seed}): the samples may be others.")
    return notes


def _changed(pairs: Pairs) -> tuple[ChangedPassage, ...]:
    found = [
        ChangedPassage(
            document=b["document"],
            start_byte=b["start_byte"],
            stop_byte=b["stop_byte"],
            occurrences=b["num_occurrences"],
            is_new=comes_out(b),
        )
        for a, b in pairs.windows
        if a["role"] == "member" and comes_out(a) != comes_out(b)
    ]
    return tuple(sorted(found, key=lambda it: (not it.is_new, -it.occurrences, it.document, it.start_byte)))


def _adjusted(others: Sequence[Compared]) -> list[Compared]:
    """Holm over every difference of the whole comparison."""
    levels = [it.p_value for one in others for it in one.differences if it.p_value is not None]
    corrected = iter(holm(levels))

    def with_level(it: Difference) -> Difference:
        return it if it.p_value is None else replace(it, adjusted_p_value=next(corrected))

    return [replace(one, differences=tuple(with_level(it) for it in one.differences)) for one in others]


def _trends(
    records: Sequence[RunRecord], models: Sequence[str], labels: Sequence[str], others: Sequence[Compared]
) -> tuple[Series, ...]:
    """A line for each headline number that every run has with one statistic, over the runs in their order."""
    found = [_numbers(record, model) for record, model in zip(records, models, strict=True)]
    comparable = set.intersection(*({d.name for d in one.differences if d.difference is not None} for one in others))
    last = {d.name: d for d in others[-1].differences}
    return tuple(
        _trend(name, [numbers[name] for numbers in found], labels, last[name])
        for name in dict.fromkeys((*NAMES, *MEASURES))
        if name in comparable and all(name in numbers for numbers in found)
    )


def _trend(name: str, estimates: Sequence[Estimate], labels: Sequence[str], last: Difference) -> Series:
    assert last.difference is not None
    rises = "rises" if last.difference.value > 0 else "falls"
    ends = f"from {labels[0]} to {labels[-1]}"
    finding = f"{rises} {ends}" if last.is_claimed else "does not change by more than chance"
    if last.is_claimed and last.difference.value * (estimates[-1].value - estimates[0].value) <= 0:
        # The line is of all that each run measured, the claim of the texts that both did.
        finding = f"{rises} {ends} on the texts that both measured, though not on all that each did"
    points = [Point(x, it.value, it.low, it.high, it.n) for x, it in enumerate(estimates, start=1)]
    controls = [
        Point(x, it.control.value, it.control.low, it.control.high, it.control.n)
        for x, it in enumerate(estimates, start=1)
        if it.control is not None
    ]
    lines = [Line("model", "subject", tuple(points))]
    if len(controls) == len(points):
        lines.append(Line("control", "control", tuple(controls)))
    return Series(
        name=f"trend.{name}",
        title=f"{measure(name)} {finding}",
        x="run, in the order given",
        y=estimates[0].unit,
        lines=tuple(lines),
    )
