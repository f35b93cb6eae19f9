"""Audit a memorizer, which must recite, and read the numbers: headline, Arrow table, one estimate.

python examples/audit_and_read_results.py
"""

import email
import tempfile
from pathlib import Path

import pyarrow.compute as pc

import byheart as bh

# Real documents: the modules of Python's email package, every second one of them held out.
modules = [document for document in bh.read(str(Path(email.__file__).parent)) if 2000 < document.num_bytes < 12000]

with tempfile.TemporaryDirectory() as folder:
    for number, document in enumerate(modules):
        side = Path(folder) / ("seen" if number % 2 else "unseen")
        side.mkdir(exist_ok=True)
        (side / f"{number}.txt").write_text(document.text, "utf-8")
    run = bh.audit(
        "memorizer:infinigram",
        trained_on=f"{folder}/seen",
        held_out=f"{folder}/unseen",
        output=f"{folder}/run",
        audits=["extraction"],
    )
    run = bh.open_run(f"{folder}/run")  # the same, later or elsewhere

    rate = run.results[0].estimate("extraction.greedy_rate")
    assert rate is not None
    assert rate.control is not None
    print(
        f"recited word for word: {rate.value:.0%} (95 % interval {rate.low:.0%} to {rate.high:.0%}) of {rate.n} windows"
    )
    print(f"of text that it never saw: {rate.control.value:.0%}")

    table = run.to_arrow()
    greedy = table.filter(pc.equal(table["name"], "extraction.greedy_rate"))
    for row in greedy.select(["subject", "value", "low", "high"]).to_pylist():
        print("  {subject}: {value:.2f} ({low:.2f} to {high:.2f})".format(**row))
