"""What the control of a number is, in the few words that a table, a bar or a sentence has room for."""

_WORDS = {
    "context": "no rule in the prompt",
    "context.label_accuracy": "labels at random",
    "exposure": "unplanted twins",
    "exposure.right_guess_rate": "chance",
    "interpolation": "unseen text",
    "interpolation.largest_jump": "a rule that jumps (DNF)",
    "interpolation.jump_share": "a rule that jumps (DNF)",
    "interpolation.right_share": "untrained network",
    "interpolation.right_share_shuffled": "shuffled embeddings",
    "interpolation.right_share_memorizer": "best memorizer",
    "membership": "chance",
    "adaptation": "re-fitted memorizers",
    "attribution": "blind pole",
    "novelty": "human text",
    "novelty.valid_given_novel_rate": "best memorizer",
    "novelty.valid_novel_rate": "best memorizer",
    "propensity": "human text",
}
_LAB_WORDS = {
    "interpolation.largest_jump": "a rule that jumps (DNF)",
    "capacity": "unseen data",
}
UNSEEN = "unseen text"
"""Where nothing else is said."""


def control_word(name: str, *, is_lab: bool = False) -> str:
    """What a number is held against.

    Args:
        name: dotted name of the estimate.
        is_lab: whether networks were trained for it, whose controls are mostly memorizers of the same data.
    """
    words, default = (_LAB_WORDS, "best memorizer") if is_lab else (_WORDS, UNSEEN)
    return words.get(name) or words.get(name.partition(".")[0], default)
