"""A realistic run record, in the shapes that the audits give, with numbers of the demo's size."""

import dataclasses
import math

from byheart.core.evidence import Estimate, Evidence, Exhibit, Interval, Line, Point, Refusal, Series, Table, Token
from byheart.core.provenance import Provenance, SubjectProvenance
from byheart.core.result import Completed, Failed, NotApplicable, Result, Status
from byheart.core.run_record import Method, RunRecord

MODEL, LOOKUP, BLIND, KNOWLEDGE = "model:demo", "lookup:infinigram", "blind:infinigram", "memorizer:knowledge"
ROLES = {MODEL: "model", LOOKUP: "lookup pole", BLIND: "blind pole", KNOWLEDGE: "memorizer"}
COUNTS = (1, 4, 16, 64)


def wilson(hits: int, n: int) -> tuple[float, float]:
    z = 1.959963984540054
    share, scale = hits / n, 1 + z * z / n
    centre = (share + z * z / (2 * n)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (0.0 if hits == 0 else max(0.0, centre - half)), (1.0 if hits == n else min(1.0, centre + half))


def rate(name: str, hits: int, n: int, control_hits: int, control_n: int) -> Estimate:
    low, high = wilson(hits, n)
    control_low, control_high = wilson(control_hits, control_n)
    value, control = hits / n, control_hits / control_n
    return Estimate(
        name=name,
        value=value,
        unit="rate",
        low=low,
        high=high,
        confidence=0.95,
        n=n,
        method="Share of distinct windows, Wilson interval; excess by Newcombe's difference of two rates.",
        control=Interval(control, control_low, control_high, control_n),
        excess=Interval(
            value - control,
            value - control - math.hypot(value - low, control_high - control),
            value - control + math.hypot(high - value, control - control_low),
        ),
    )


def bits(name: str, value: float, half_width: float, unit: str = "bits per byte") -> Estimate:
    return Estimate(
        name=name,
        value=value,
        unit=unit,
        low=value - half_width,
        high=value + half_width,
        confidence=0.95,
        n=61,
        method="Ratio of sums over pieces; bootstrap clustered by document.",
    )


def by_occurrences(hits: tuple[int, ...], title: str) -> Series:
    shares = tuple(Point(x, h / 12, *wilson(h, 12), 12) for x, h in zip(COUNTS, hits, strict=True))
    flat = tuple(Point(x, 0.0, *wilson(0, 100), 100) for x in COUNTS)
    return Series(
        name="extraction.by_occurrences",
        title=title,
        x="occurrences in the training text",
        y="share of windows recited",
        lines=(Line("trained-on windows", "subject", shares), Line("held-out windows", "control", flat)),
        x_is_log=True,
        note="A window counts as recited when all its 50 suffix tokens are the most probable ones.",
    )


def tries(level: float) -> Series:
    xs = (1, 10, 100, 1000, 10000)
    lines = [
        Line(
            f"p = {p}",
            "subject",
            tuple(
                Point(x, min(1.0, level + (i * 0.06 * (1 - p / 2) if 0 < level < 1 else 0))) for i, x in enumerate(xs)
            ),
        )
        for p in (0.1, 0.5, 0.9)
    ]
    lines += [Line(f"p = {p}, held-out windows", "control", tuple(Point(x, 0.0) for x in xs)) for p in (0.1, 0.5, 0.9)]
    return Series(
        name="extraction.tries",
        title="More tries bring out little more than one does",
        x="number of tries",
        y="share of windows extractable",
        lines=tuple(lines),
        x_is_log=True,
    )


def passage(index: int) -> Exhibit:
    words = ' of this software and associated documentation files (the "Software"), to deal in the\n    Software'.split(
        " "
    )
    tokens = tuple(
        Token(f" {word}", None if k == 0 else k % 7 != 5 or index == 0, " its" if k % 7 == 5 and index else "")
        for k, word in enumerate(words)
    )
    return Exhibit(
        name="extraction.passage",
        label="Recited to the last token" if index == 0 else "Recited but for a few tokens",
        document=f"json/decoder{index}.py",
        start_byte=1204 + index,
        stop_byte=1615 + index,
        role="subject",
        given="# Permission is hereby granted, free of charge,\n# to any person obtaining a copy",
        tokens=tokens,
        facts=(("occurrences in the corpus", 64 if index == 0 else 16), ("probability of the suffix", 0.912)),
    )


def extraction(
    base: int, hits: tuple[int, ...], title: str, level: float, *, num_passages: int = 0
) -> tuple[Evidence, ...]:
    rows = tuple((x, 12, h, h / 12, *wilson(h, 12)) for x, h in zip(COUNTS, hits, strict=True))
    return (
        rate("extraction.greedy_rate", base, 100, 0, 100),
        rate("extraction.pz_half_rate", base, 100, 0, 100),
        rate("extraction.pz_1e3_rate", min(100, base + (3 if base else 0)), 100, 0, 100),
        rate("extraction.near_verbatim_rate", min(20, base // 4), 20, 0, 20),
        by_occurrences(hits, title),
        tries(level),
        Table(
            name="extraction.strata",
            title="Recitation rises with repetition",
            columns=("occurrences", "windows", "recited", "rate", "low", "high"),
            rows=rows,
        ),
        *(passage(index) for index in range(num_passages)),
    )


def memorizers_table(level: float) -> Table:
    rows = (
        ("memorizer:mixture", 3.301, 3.192, 3.411, 0.4312, 0.0, 3_812_004),
        ("lookup:infinigram", 3.412, 3.301, 3.524, 0.4211, 0.0, 878_080),
        (MODEL, level, level - 0.11, level + 0.11, 0.402, None, 4_212_736),
        ("memorizer:knowledge", 9.018, 8.651, 9.385, 0.0213, 0.9704, 878_080),
    )
    return Table(
        name="adaptation.memorizers",
        title="Held-out bits per byte, fewest first: memorizer:mixture leads",
        columns=(
            "predictor",
            "bits per byte",
            "low",
            "high",
            "top-1 accuracy, share",
            "abstains, share",
            "size, bytes",
        ),
        rows=rows,
    )


WEIGHTS = Table(
    name="adaptation.mixture_weights",
    title="Weights of the mixture: memorizer:infinigram counts most, however long the match",
    columns=(
        "match, tokens",
        "calibration tokens",
        "memorizer:infinigram, share",
        "memorizer:knowledge, share",
    ),
    rows=(("0", 612, 1.0, 0.0), ("1-15", 80_211, 0.9, 0.1), ("16 or more", 1_402, 0.5004, 0.4996)),
)


def adaptation(level: float, saved: float) -> tuple[Evidence, ...]:
    return (
        bits("adaptation.bits_per_byte", level, 0.11),
        bits("adaptation.best_memorizer_bits_per_byte", 3.301, 0.11),
        bits("adaptation.bits_beyond_memorizer_per_byte", saved, 0.07),
        memorizers_table(level),
        WEIGHTS,
    )


def by_length(bend: float) -> Series:
    ns = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
    mine = tuple(Point(n, y := 1 - math.exp(-n / bend), max(0.0, y - 0.04), min(1.0, y + 0.03)) for n in ns)
    human = tuple(Point(n, y := 1 - math.exp(-n / 3.1), max(0.0, y - 0.04), min(1.0, y + 0.03)) for n in ns)
    return Series(
        name="novelty.by_length",
        title="Its longer runs are as new as human ones",
        x="length of the run in tokens",
        y="share of n-grams not in the corpus",
        lines=(Line("written by the subject", "subject", mine), Line("human text", "human", human)),
    )


def novelty(hits: tuple[int, int, int], bend: float) -> tuple[Evidence, ...]:
    names = ("novelty.ngram_4_novel_rate", "novelty.ngram_8_novel_rate", "novelty.ngram_16_novel_rate")
    rates = tuple(rate(n, h, 48, c, 48) for n, h, c in zip(names, hits, (35, 44, 47), strict=True))
    return (*rates, bits("novelty.longest_copy_tokens", 9.4 * bend, 2.2, "tokens"), by_length(bend))


def status(audit: str, subject: str) -> Status:
    curve = "Passages seen 16 times come out; passages seen once do not"
    flat, all_ = (0, 0, 0, 0), (12, 12, 12, 12)
    match audit, subject:
        case "extraction", "model:demo":
            return Completed(extraction(7, (0, 3, 12, 12), curve, 0.07, num_passages=4))
        case "extraction", "lookup:infinigram":
            return Completed(extraction(100, all_, "Everything comes out", 1.0, num_passages=1))
        case "extraction", "blind:infinigram":
            return Completed(extraction(0, flat, "Nothing comes out", 0.0))
        case "extraction", _:
            return Completed((rate("extraction.greedy_rate", 97, 100, 0, 100),))
        case "adaptation", "blind:infinigram":
            return Completed(adaptation(4.62, -1.319))
        case "adaptation", "lookup:infinigram":
            return Completed(adaptation(3.412, -0.111))
        case "adaptation", "memorizer:knowledge":
            return Completed((bits("adaptation.bits_per_byte", 5.018, 0.07),))
        case "adaptation", _:
            return Completed(adaptation(3.668, -0.367))
        case "novelty", "model:demo":
            return Completed(novelty((36, 45, 48), 2.8))
        case "novelty", "lookup:infinigram":
            return Completed(novelty((5, 9, 20), 11.0))
        case "novelty", "blind:infinigram":
            return Failed("NumericalError", "A distribution did not sum to one.")
        case _:
            return NotApplicable("it abstains outside what it stores and so cannot write")


def method(audit: str, question: str) -> Method:
    parts = {
        "Question": question,
        "Statistic": "Share of windows whose 50 suffix tokens are all the most probable ones given the prefix.",
        "Null": "The same share on windows of held-out documents of the same shuffled, deduplicated split.",
        "Assumptions": "Windows are independent given their documents.",
        "Fails when": "The held-out text stands in the training text under another name.",
        "Source": "Carlini et al. 2022 (arXiv 2202.07646); Hayes et al. 2024 (arXiv 2410.19482).",
    }
    return Method(audit=audit, version=1, question=question, parts=parts, params={"num_windows": 100, "top_k": None})


def provenance() -> Provenance:
    sizes = {MODEL: 4_212_736, LOOKUP: 878_080, BLIND: 61_440, KNOWLEDGE: 878_080}
    subjects = tuple(
        SubjectProvenance(
            name=name,
            role=role,
            fingerprint=f"{index + 10:x}" * 32,
            access="weights",
            size_bytes=sizes[name],
            scored_tokens=31_204,
            scoring_seconds=4.1 + index,
        )
        for index, (name, role) in enumerate(ROLES.items())
    )
    return Provenance(
        byheart="0.1.0",
        python="3.11.9",
        platform="Linux x86_64",
        packages={"numpy": "2.3.4", "torch": "2.13.0"},
        seed=0,
        command="byheart demo --seed 0 -o runs/demo",
        seconds=112.4,
        trained_on={
            "source": "stdlib",
            "fingerprint": "3f" * 16,
            "documents": 212,
            "bytes": 512_000,
            "tokens": 146_112,
        },
        held_out={"source": "stdlib, held out", "fingerprint": "a1" * 16, "documents": 61, "bytes": 98_304},
        tokenizer="5c" * 16,
        subjects=subjects,
    )


def sample_run() -> RunRecord:
    questions = {
        "extraction": "Can training text be made to come out?",
        "adaptation": "How many bits does the model save over the best memorizer on unseen text?",
        "novelty": "Is what it writes new, and is the new part valid?",
    }
    return RunRecord(
        title="A one-minute transformer on the Python standard library",
        results=tuple(Result(audit, 1, subject, status(audit, subject)) for audit in questions for subject in ROLES),
        methods=tuple(method(audit, question) for audit, question in questions.items()),
        provenance=provenance(),
        notes=("3 held-out documents stood in the corpus and were left out.",),
    )


def with_evidence(record: RunRecord, audit: str, subject: str, *evidence: Evidence) -> RunRecord:
    """The record with the evidence of one result replaced."""
    return with_status(record, audit, subject, Completed(evidence))


def with_status(record: RunRecord, audit: str, subject: str, status: Status) -> RunRecord:
    """The record with the status of one result replaced."""
    changed = tuple(
        dataclasses.replace(r, status=status) if (r.audit, r.subject) == (audit, subject) else r for r in record.results
    )
    return dataclasses.replace(record, results=changed)


def with_estimate(record: RunRecord, audit: str, subject: str, new: Estimate | Refusal) -> RunRecord:
    """The record with the one number of that name replaced on one subject."""
    result = record.of(audit, subject)
    assert result is not None
    kept = (new if isinstance(e, Estimate | Refusal) and e.name == new.name else e for e in result.evidence)
    return with_evidence(record, audit, subject, *kept)
