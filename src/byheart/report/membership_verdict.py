"""What the membership audit found, in sentences."""

from byheart.core.evidence import Estimate
from byheart.core.run_record import RunRecord
from byheart.report import format as fmt
from byheart.report.comparison import Party, answer
from byheart.report.phrases import beside_base, blind_does_the_same, both_poles, how_sure, refused, sign


def membership_said(record: RunRecord, audit: str, model: Party) -> tuple[str, str, tuple[str, ...]]:
    """The answer in a few words, the number behind it, and compared with what.

    Args:
        record: of the run.
        audit: "membership".
        model: under test.
    """
    name = "membership.auc"
    area, gate = (answer(record, audit, model, it) for it in (name, "membership.split_auc"))
    checked = (
        (f"A classifier that never sees the model tells the two sets apart with {fmt.estimate(gate)}; chance is 0.5.",)
        if isinstance(gate, Estimate)
        else ()
    )
    if not isinstance(area, Estimate) or area.excess is None:
        return *refused(record, audit, model, name), checked
    what = (
        f"A document that {model.label} was trained on is likelier to it, token for token, than an unseen one with "
        f"{fmt.estimate(area)}; chance is 0.5."
    )
    match sign(area.excess):
        case 1:
            short = "Yes, better than by chance."
        case -1:
            short = "No: unseen text is likelier to it, so the two sets differ in more than membership."
        case _:
            short = "No evidence of it."
    sure = []
    found = answer(record, audit, model, "membership.tpr_at_1pct_fpr")
    if isinstance(found, Estimate):
        sure.append(
            f"Where at most 1 % of unseen documents raise a false alarm, {fmt.estimate(found)} of the trained-on ones "
            "do."
        )
    dealt = answer(record, audit, model, "membership.set_p_value")
    if isinstance(dealt, Estimate):
        sure.append(
            "Were the two labels dealt to the documents at random, a difference as large would come with probability "
            f"{fmt.plain_number(dealt.value)}."
        )
    return (
        blind_does_the_same(record, audit, name, area.excess) or short,
        what,
        (
            *sure,
            *checked,
            *beside_base(record, audit, name),
            *both_poles(record, audit, name),
            how_sure(area),
        ),
    )
