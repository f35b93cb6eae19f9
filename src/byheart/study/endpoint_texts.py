"""Passages that a predictor cannot be asked about, since it reads text and cuts it into tokens by itself."""

from collections.abc import Mapping, Sequence

from byheart.core.needs import NearMassNeed, Need, WritingNeed
from byheart.core.progress import Progress, silent
from byheart.models.endpoint.remote import ReadsText
from byheart.study.materials import Material, longest_tokens
from byheart.study.passages import Passage, Prompt
from byheart.study.subjects import Subject


def readable(
    materials: Mapping[Need, Material], subjects: Sequence[Subject], *, on_progress: Progress = silent
) -> tuple[dict[Need, Material], tuple[str, ...]]:
    """What every subject can be asked about: passages that one of them reads otherwise are left out for all.

    Args:
        materials: by need.
        subjects: who will be asked; only those that read text are asked here, and keep their answers.
        on_progress: told the texts asked.
    Returns:
        the materials that are left, and a sentence on how many are not.
    Raises:
        BackendError: a subject reads most texts otherwise, or fails.
    """
    left, dropped, total = dict(materials), 0, 0
    for subject in subjects:
        predictor = subject.predictor
        if not isinstance(predictor, ReadsText):
            continue
        for need, found in materials.items():
            too_long = predictor.context_tokens is not None and longest_tokens(need) > predictor.context_tokens
            passages = {item.fingerprint: item for item in found if isinstance(item, Passage)}
            if too_long or not passages or isinstance(need, WritingNeed | NearMassNeed):
                continue
            texts = [passage.token_ids for passage in passages.values()]
            given = [passage.num_given for passage in passages.values()]
            answers = predictor.unreadable(texts, given, on_progress=on_progress)
            bad = {name for name, is_unreadable in zip(passages, answers, strict=True) if is_unreadable}
            dropped, total = dropped + len(bad), total + len(passages)
            left[need] = _without(left[need], bad)
    if not dropped:
        return left, ()
    note = (
        f"{dropped:,} of {total:,} passages were left out for every subject: written as text they have other tokens, "
        "so that an endpoint that reads text only cannot be asked about them."
    )
    return left, (note,)


def _without(found: Material, bad: set[str]) -> Material:
    passages = tuple(item for item in found if isinstance(item, Passage) and item.fingerprint not in bad)
    return passages or tuple(item for item in found if isinstance(item, Prompt))
