"""Copies of a document are no independent observations: whatever is cut out of them, one counts."""

import dataclasses

import numpy as np
import pytest

from byheart.core.material import ContinuationsNeed, Need, SeenPromptsNeed, WindowsNeed
from byheart.corpus.documents import Corpus, Document
from byheart.corpus.encoded import encode_corpus
from byheart.corpus.tokenizer import Tokenizer
from byheart.study.materials import material
from byheart.study.passages import Passage, Prompt, round_robin, round_robin_of_texts
from byheart.study.subjects import Cast, build_index
from tests.study.corpora import library_texts

NUM_COPIES = 20
WINDOWS = WindowsNeed(prefix_tokens=8, suffix_tokens=6, num_windows=50, num_per_stratum=30, strata=(1, 2, 16))
PROMPTS = SeenPromptsNeed(continuations=ContinuationsNeed(prompt_tokens=8, num_tokens=6))


@pytest.fixture(scope="module")
def cast() -> Cast:
    """Six documents, of which one stands in the corpus twenty times; four held-out ones."""
    texts = [Document(name, text[:2000]) for name, text in library_texts(10)]
    copies = [dataclasses.replace(texts[0], name=f"copy {i}") for i in range(NUM_COPIES - 1)]
    tokenizer = Tokenizer.train(Corpus(tuple(texts[:4])), 300)
    seen, unseen = (encode_corpus(Corpus(tuple(it)), tokenizer) for it in ([*texts[:6], *copies], texts[6:]))
    return Cast((), tokenizer, seen, unseen, build_index(seen, tokenizer))


def texts_of(names: list[str], cast: Cast) -> list[bytes]:
    text = {document.name: document.token_ids.tobytes() for document in cast.trained_on}
    return [text[name] for name in names]


def members(need: Need, cast: Cast) -> list[Passage]:
    return [it for it in material(need, cast, 3) if isinstance(it, Passage) and it.role == "member"]


def test_the_base_sample_has_one_window_of_all_copies_of_a_document(cast: Cast) -> None:
    base = [it for it in members(WINDOWS, cast) if it.in_base_sample]
    texts = texts_of([it.document for it in base], cast)
    assert len(texts) == len(set(texts)) == 6


def test_a_stratum_sees_the_repetition_and_one_of_all_copies(cast: Cast) -> None:
    found = members(WINDOWS, cast)
    often = [it for it in found if it.num_occurrences >= WINDOWS.strata[-1]]
    assert {it.num_occurrences for it in often} >= {NUM_COPIES}
    assert len(set(texts_of([it.document for it in often], cast))) == len(often)


def test_of_all_copies_of_a_document_one_prompt_is_taken(cast: Cast) -> None:
    found = [it.document for it in material(PROMPTS, cast, 3) if isinstance(it, Prompt)]
    texts = texts_of(found, cast)
    assert len(texts) == len(set(texts)) == 6


def test_where_there_are_no_copies_nothing_changes(cast: Cast) -> None:
    places = [
        [(document.name, start) for document, start in walk(cast.held_out, 14, rng=np.random.default_rng(0))]
        for walk in (round_robin, round_robin_of_texts)
    ]
    assert len(places[0]) > 4
    assert places[0] == places[1]
