"""Tokens that are given cost no row of the vocabulary, and change no bit of what is said of the others."""

import numpy as np
import pytest

from byheart.core.streams import stream
from byheart.index import Index
from byheart.memorizers.automaton import Automaton
from byheart.memorizers.infinigram import Infinigram
from byheart.memorizers.memorizer import Memorizer
from byheart.memorizers.mixture import Mixture

VOCABULARY, END = 30, 29


def memorizers() -> list[Memorizer]:
    rng = stream(0, "given tokens")
    texts = [rng.integers(0, 12, size=60).astype(np.int32) for _ in range(8)]
    index = Index.build(texts, [str(i) for i in range(8)], unit="tokens", alphabet_size=VOCABULARY)
    automaton = Automaton(index, vocabulary_size=VOCABULARY, end_id=END, num_states=4, num_passes=2)
    infinigram = Infinigram(index, vocabulary_size=VOCABULARY, end_id=END)
    calibration = [rng.integers(0, 12, size=90).astype(np.int32) for _ in range(3)]
    return [automaton, infinigram, Mixture([infinigram, automaton], calibration=calibration)]


@pytest.mark.parametrize("memorizer", memorizers(), ids=lambda memorizer: memorizer.name)
def test_scores_after_given_tokens_are_those_of_the_whole_text_to_the_bit(memorizer: Memorizer) -> None:
    text = stream(1, "given tokens").integers(0, 14, size=40).astype(np.int32)
    (whole,) = memorizer.score([text])
    for given in (0, 1, 17, 39):
        (part,) = memorizer.score([text], [given])
        for (name, wanted), (_, found) in zip(whole.arrays(), part.arrays(), strict=True):
            np.testing.assert_array_equal(found, wanted[given:], err_msg=name)
