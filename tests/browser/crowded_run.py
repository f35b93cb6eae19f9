"""A run whose figures have all that crowds a figure: what a laboratory and long names bring along."""

import dataclasses
import math

from byheart.core.evidence import Estimate, Line, Point, Series, Table
from byheart.core.explanation import EXPLANATIONS
from byheart.core.result import Completed, Result
from byheart.core.run_record import RunRecord
from tests.report.sample_run import BLIND, LOOKUP, MODEL, sample_run, with_evidence

LONG = "a-model-whose-name-is-longer-than-any-margin-has-room-for"


def _line(label: str, role: str, level: float, xs: tuple[float, ...], scale: float = 1.0) -> Line:
    points = tuple(
        Point(x, y := scale * (level + 0.02 * math.sin(x)), y - 0.05 * scale, y + 0.05 * scale, 9) for x in xs
    )
    return Line(label, role, points)  # type: ignore[arg-type]


def crowded_series() -> tuple[Series, ...]:
    """Many lines that end at one place, numbers of many digits, logarithmic axes and long names of axes."""
    steps = tuple(float(x) for x in range(0, 800, 20))
    sizes = (768.0, 1536.0, 2304.0, 3072.0, 4608.0, 6144.0, 12288.0)
    many = tuple(_line(f"trained-on passages, p = 0.{k}", "subject", 0.4 + k / 500, steps) for k in range(1, 10))
    controls = tuple(_line(f"held-out passages, p = 0.{k}", "control", 0.39 + k / 500, steps) for k in range(1, 4))
    x_name = "gradient steps of the network on the tokens of the new domain, all repetitions counted"
    y_name = "bits per byte on held-out text of the new domain, after so many steps of gradient descent there"
    bits = tuple(_line(label, "subject", 0.2, sizes, 1_234_567.0) for label in ("memorized", "half of the steps"))
    return (
        Series(name="novelty.many", title="Many", x=x_name, y=y_name, lines=(*many, *controls), chance=0.4),
        Series(name="novelty.big", title="Big", x="entropy, bits", y="memorized bits", lines=bits, x_is_log=True),
        Series(
            name="novelty.tiny",
            title="Tiny",
            x="place in the work",
            y="nats per token",
            lines=(_line(LONG, "subject", 0.5, sizes, 1e-5), _line("human", "human", 0.9, sizes, 1e-3)),
            x_is_log=True,
            y_is_log=True,
        ),
    )


def _shares(shift: float) -> tuple[Estimate | Table, ...]:
    shares = (0.31 - shift, 0.2, 0.15, 0.04, 0.05 + shift, 0.25)
    estimates = tuple(
        Estimate(
            name=f"attribution.{rung}_share",
            value=share,
            unit="share",
            low=max(0.0, share - 0.02),
            high=share + 0.02,
            confidence=0.95,
            n=60,
            method="m",
        )
        for rung, share in zip(EXPLANATIONS, shares, strict=True)
    )
    columns = ("explanation", "share", "right, share of those that the model foresees at all")
    table = Table(
        name="attribution.explanations",
        title="A quarter is beyond every rung",
        columns=columns,
        rows=tuple((str(rung), share, 0.5) for rung, share in zip(EXPLANATIONS, shares, strict=True)),
    )
    return (*estimates, table)


def _map() -> Table:
    columns = ("document", "document, bytes", "from byte", "to byte", "occurrences", "word for word", "nearly", "p_z")
    works = ("json/decoder.py", f"{LONG}/{LONG}.py", "a b c.txt", "x" * 300)
    rows = tuple((work, 1000 * (k + 1), 100 * k, 100 * k + 90, 1, "no", "no", "yes") for k, work in enumerate(works))
    return Table(name="extraction.coverage", title="4 of 4 works", columns=columns, rows=rows)


def crowded_run() -> RunRecord:
    """The sample run with all of them."""
    record = sample_run()
    for subject in (MODEL, LOOKUP, BLIND):
        found = record.of("extraction", subject)
        assert found is not None
        record = with_evidence(record, "extraction", subject, *found.evidence, _map())
        record = with_evidence(record, "novelty", subject, *crowded_series())
    shares = tuple(
        Result("attribution", 1, subject, Completed(_shares(0.1 if subject == LOOKUP else 0.0)))
        for subject in (MODEL, LOOKUP, BLIND)
    )
    return dataclasses.replace(record, results=(*record.results, *shares))
