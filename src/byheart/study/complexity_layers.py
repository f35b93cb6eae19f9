"""Turns what was asked of the layers of a subject into what the complexity audit may see."""

from byheart.core.complexity_material import LayeredWindow
from byheart.core.needs import LayersNeed
from byheart.core.predictor import Layered
from byheart.study.asking import Answers
from byheart.study.passages import Passage
from byheart.study.subjects import Subject


def layered_windows(need: LayersNeed, subject: Subject, asked: Answers) -> tuple[LayeredWindow, ...]:
    """The windows of a need with the layers that the subject's predictions form in."""
    predictor = subject.predictor
    assert isinstance(predictor, Layered)
    formed, stored = asked.formations[subject.name, need], asked.stored[need]
    return tuple(
        LayeredWindow(
            role=p.role,
            document=p.document,
            span=p.span,
            token_ids=p.token_ids[p.num_given :],
            formation=formed[p.fingerprint],
            num_layers=predictor.num_layers,
            stored=stored[p.fingerprint][p.num_given :],
        )
        for p in asked.materials[need]
        if isinstance(p, Passage)
    )
