"""A gate as JUnit XML: what build servers show as tests. A criterion is a test case."""

from xml.etree import ElementTree

from byheart.core.judgement import GateRecord, Judgement, Outcome
from byheart.core.run_record import RunRecord
from byheart.exports.wording import EACH_BY_ITSELF, line, title


def junit(record: RunRecord, gate: GateRecord) -> str:
    """One test case for each criterion: failed, skipped where undecided, else passed.

    An undecided criterion is skipped, since JUnit knows no third outcome; its message says what is missing. A build
    that must not go on undecided looks at the exit code of `byheart gate`, which is then 7.

    Args:
        record: the run.
        gate: held against it.
    Returns:
        an XML 1.0 document; equal arguments give equal bytes.
    Source: the JUnit XML schema of Apache Ant as build servers read it; XML 1.0, section 2.2, for its characters.
    Differs: no times, which are not results.
    """
    counts = {
        "tests": len(gate.judgements),
        "failures": sum(it.outcome is Outcome.FAILED for it in gate.judgements),
        "errors": 0,
        "skipped": sum(it.outcome is Outcome.UNDECIDED for it in gate.judgements),
    }
    totals = {name: str(count) for name, count in counts.items()}
    root = ElementTree.Element("testsuites", {"name": "byheart", **totals})
    suite = ElementTree.SubElement(root, "testsuite", {"name": f"byheart gate: {title(record, 200)}", **totals})
    properties = ElementTree.SubElement(suite, "properties")
    about = {
        "criteria": gate.criteria,
        "baseline": gate.baseline,
        "byheart": record.provenance.byheart,
        "seed": str(record.provenance.seed),
        "note": EACH_BY_ITSELF,
    }
    for name, value in about.items():
        ElementTree.SubElement(properties, "property", {"name": name, "value": line(value)})
    for number, judgement in enumerate(gate.judgements, start=1):
        suite.append(_case(judgement, number))
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _case(it: Judgement, number: int) -> ElementTree.Element:
    name = f"{number}. {line(it.criterion)} [{line(it.subject, 80)}]"
    audit = line(it.name.partition(".")[0], 60) or "criterion"
    case = ElementTree.Element("testcase", {"classname": f"byheart.{audit}", "name": name})
    said = line(it.said, 1000)
    if it.outcome is Outcome.FAILED:
        ElementTree.SubElement(case, "failure", {"type": "criterion", "message": said}).text = _text(it)
    elif it.outcome is Outcome.UNDECIDED:
        ElementTree.SubElement(case, "skipped", {"message": f"undecided: {said}"})
    else:
        ElementTree.SubElement(case, "system-out").text = said
    return case


def _text(it: Judgement) -> str:
    why = f"\nWhy it is asked: {line(it.why, 500)}" if it.why else ""
    return f"{line(it.criterion)}\n{line(it.said, 1000)}{why}"
