"""A gate at the terminal: the outcome first, then each criterion with what was found. Markup is off."""

from rich.console import Console
from rich.text import Text

from byheart.core.judgement import GateRecord, Outcome
from byheart.report.format import shown

STYLES = {Outcome.PASSED: "bold green", Outcome.FAILED: "bold red", Outcome.UNDECIDED: "bold yellow"}
MEANING = {
    Outcome.PASSED: "every criterion is kept",
    Outcome.FAILED: "at least one criterion is broken",
    Outcome.UNDECIDED: "not enough evidence to decide",
}
WIDEST_CRITERION = 300


def gate_table(gate: GateRecord, console: Console) -> None:
    """Writes a gate: wraps to the console's width, says every outcome in words, not in colour alone.

    Args:
        gate: as `judge` gives it; its strings may be hostile.
        console: where to; its width, colours and NO_COLOR are respected.
    """
    numbers = [f"{sum(it.outcome is one for it in gate.judgements)} {one.value}" for one in Outcome]
    head = f"Gate {gate.outcome.value}"
    console.print(Text.assemble((head, STYLES[gate.outcome]), f": {MEANING[gate.outcome]} ({', '.join(numbers)})."))
    for it in gate.judgements:
        console.print()
        label = f"{it.outcome.value:<9} "
        console.print(Text.assemble((label, STYLES[it.outcome]), (shown(it.criterion, WIDEST_CRITERION), "bold")))
        who = f"{shown(it.subject, 60)}: {shown(it.said, 1000)}"
        for line in (who, f"Why it is asked: {shown(it.why, 500)}" if it.why else ""):
            if line:
                console.print(_indented(line, console.width))
    console.print()
    against = f" Baseline: {shown(gate.baseline, 80)}." if gate.baseline else ""
    console.print(
        Text(
            f"Criteria: {shown(gate.criteria, 200)}.{against} Each criterion stands by itself, at the "
            "confidence of its own interval.",
            style="dim",
        )
    )


def _indented(text: str, width: int) -> Text:
    """Lines of a paragraph, two characters in."""
    import textwrap

    room = max(width - 2, 20)
    lines = textwrap.wrap(text.replace("\n", " "), room, break_long_words=True) or [""]
    return Text("\n".join(f"  {line}" for line in lines))
