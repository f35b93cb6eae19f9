"""Where the prompts of the novelty audit stand in their documents."""

from collections.abc import Sequence

import numpy as np

from byheart.audits.novelty_code import code_before
from byheart.core.novelty_material import Place
from byheart.study.passages import Prompt
from byheart.study.subjects import Cast


def places(prompts: Sequence[Prompt], cast: Cast) -> tuple[Place, ...]:
    """What the audit of novelty needs to know of each prompt's document, in the order of the prompts.

    Args:
        prompts: of held-out documents.
        cast: the corpora and the index.
    Cost: a pass of the index over each document, and a parse of each for each of its prompts.
    """
    documents = {document.name: document for document in cast.held_out.documents}
    longest: dict[str, int] = {}
    found = []
    for prompt in prompts:
        ids = np.ascontiguousarray(documents[prompt.document].token_ids, dtype=np.int32)
        if prompt.document not in longest:
            longest[prompt.document] = int(cast.index.longest_matches(ids).lengths.max(initial=0))
        before = cast.tokenizer.decode(ids[: prompt.start + prompt.given.size])
        after = cast.tokenizer.decode(ids[prompt.start + prompt.given.size :])
        code = code_before(before + after, len(before))
        found.append(Place(longest_copy_tokens=longest[prompt.document], code_before=code))
    return tuple(found)
