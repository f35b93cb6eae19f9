"""Made prompts follow their rule, their controls do not, and nothing else tells the two apart."""

import itertools

import numpy as np
import pytest

from byheart.core.context_needs import ChainsNeed, ContextNeed, LabelsNeed, LanguagesNeed, RepeatedTokensNeed
from byheart.corpus.documents import Corpus, Document
from byheart.corpus.tokenizer import Tokenizer
from byheart.study.context_answers import next_by_copy
from byheart.study.context_texts import MadePassage, made_texts, ordinary_ids
from byheart.study.materials import longest_tokens

NEEDS: tuple[ContextNeed, ...] = (
    RepeatedTokensNeed(num_sequences=4, num_tokens=6),
    ChainsNeed(num_prompts=4, num_tokens=20),
    LanguagesNeed(num_prompts=4, num_tokens=20),
    LabelsNeed(num_prompts=4, num_shots=3),
)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    words = ["".join(pair) for pair in itertools.product("bcdfghjklm", "aeiouy", "nrst", "aeo")]
    text = " ".join(words * 2) + "\n\n"
    return Tokenizer.train(Corpus((Document("a", text),)), 1500)


def made(need: ContextNeed, tokenizer: Tokenizer) -> list[MadePassage]:
    return list(made_texts(need, tokenizer, rng=np.random.default_rng(0)))


def parts(need: ContextNeed, tokenizer: Tokenizer) -> tuple[list[MadePassage], list[MadePassage]]:
    found = made(need, tokenizer)
    return [p for p in found if p.part == "ruled"], [p for p in found if p.part == "control"]


def test_ordinary_tokens_are_words_that_text_gives_back(tokenizer: Tokenizer) -> None:
    ids = ordinary_ids(tokenizer)
    assert ids.size >= 256
    assert all(tokenizer.decode(ids[i : i + 1]).startswith(" ") for i in range(ids.size))
    drawn = np.random.default_rng(1).choice(ids, size=40)
    assert tokenizer.encode(tokenizer.decode(drawn)).token_ids.tolist() == drawn.tolist()


def test_without_words_any_token_but_the_end_is_ordinary() -> None:
    few = Tokenizer.train(Corpus((Document("a", "ab ba abba baab"),)), 260)
    ids = ordinary_ids(few)
    assert few.end_id not in ids
    assert ids.size > 100


@pytest.mark.parametrize("need", NEEDS, ids=lambda need: type(need).__name__)
def test_texts_are_as_many_and_as_long_as_the_need_says(need: ContextNeed, tokenizer: Tokenizer) -> None:
    found = made(need, tokenizer)
    assert len(found) == need.num_texts
    assert max(p.token_ids.size for p in found) <= longest_tokens(need)
    assert len({p.fingerprint for p in found}) == len(found)
    again = made(need, tokenizer)
    assert all(np.array_equal(a.token_ids, b.token_ids) for a, b in zip(found, again, strict=True))


def test_random_tokens_come_again_or_others_do(tokenizer: Tokenizer) -> None:
    for own, other in zip(*parts(NEEDS[0], tokenizer), strict=True):
        assert np.array_equal(own.token_ids[:6], own.token_ids[6:])
        assert np.array_equal(own.token_ids[:6], other.token_ids[:6])
        assert not np.array_equal(other.token_ids[:6], other.token_ids[6:])
        assert (own.num_given, other.num_given) == (0, 6)


@pytest.mark.parametrize("need", NEEDS[1:3], ids=lambda need: type(need).__name__)
def test_the_control_has_the_same_tokens_in_another_order(need: ContextNeed, tokenizer: Tokenizer) -> None:
    for own, other in zip(*parts(need, tokenizer), strict=True):
        assert sorted(own.token_ids) == sorted(other.token_ids)
        assert not np.array_equal(own.token_ids, other.token_ids)
        # The numbers name the tokens, one to one, and each was allowed where it stands.
        assert len({(int(s), int(t)) for s, t in zip(own.symbols, own.token_ids, strict=True)}) == len(set(own.symbols))
        assert (own.rows[np.arange(20), own.symbols] > 0).all()


def test_labels_are_told_by_words_and_dealt_anew_in_the_control(tokenizer: Tokenizer) -> None:
    need = LabelsNeed(num_prompts=30, num_shots=3)
    ruled, control = parts(need, tokenizer)
    rules = []
    for texts in (ruled, control):
        for at in range(0, len(texts), 2):
            first, second = texts[at : at + 2]
            assert np.array_equal(first.token_ids[:-1], second.token_ids[:-1])
            assert first.num_given == first.token_ids.size - 1
            labels = [int(first.token_ids[-1]), int(second.token_ids[-1])]
            step = 4 if (first.token_ids.size - 3) % 4 == 0 else 3
            lines = [first.token_ids[i : i + 3].tolist() for i in range(0, first.token_ids.size, step)]
            shown = {word: {label for _, w, label in lines[:-1] if w == word} for _, word, *_ in lines}
            rules.append(all(len(found) <= 1 for found in shown.values()))
            assert sum(label == labels[0] for _, _, label in lines[:-1]) == need.num_shots
            if texts is ruled:
                asked = lines[-1][1]
                right = labels[int(first.symbols[0])]
                assert shown[asked] <= {right}
    assert all(rules[:30])
    assert sum(rules[30:]) < 5


def test_a_tokenizer_without_tokens_makes_nothing(tokenizer: Tokenizer) -> None:
    assert made(ChainsNeed(num_symbols=ordinary_ids(tokenizer).size + 1), tokenizer) == []


def test_the_copy_in_the_prompt_is_what_followed_the_longest_repeated_ending() -> None:
    assert next_by_copy(np.array([1, 2, 3, 9, 2, 4, 1, 2], dtype=np.int32)) == 3  # "1 2" stood before 3
    assert next_by_copy(np.array([2, 3, 2, 4, 2], dtype=np.int32)) == 4  # of equals the last
    assert next_by_copy(np.array([1, 2, 3], dtype=np.int32)) == -1
