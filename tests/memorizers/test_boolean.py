import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.errors import InputError
from byheart.index import Index
from byheart.memorizers import definition_boolean
from byheart.memorizers.boolean import Boolean, Rule, expected_confidence
from byheart.memorizers.rule_firing import firing_rules
from byheart.memorizers.rules import Thresholds, literal_key, slot_tag
from tests.memorizers.test_laws import ids, index_of, prefix_rows

A, B, C, END = range(4)
WORKED = [[A, B, A, C], [A, B], [A, B, A, C]]
CHOSEN = Thresholds(min_support=2, min_confidence=0.6)
GAPPED = [
    *([0, between, 1, 2] for between in (3, 4, 5)),
    *([6, between, 1, 0] for between in (3, 4, 5)),
    *([start, 2, 7, end] for start, end in ((0, 3), (6, 2))),
]
two_letters = st.lists(st.lists(st.integers(0, 1), max_size=12), max_size=3)


def worked(thresholds: Thresholds = CHOSEN) -> Boolean:
    return Boolean(index_of(WORKED, 3), vocabulary_size=4, end_id=END, thresholds=thresholds)


def mined(memorizer: Boolean) -> dict[definition_boolean.Literals, definition_boolean.Conclusion]:
    rules = [memorizer.rule(number) for number in range(memorizer.rules.num_rules)]
    return {
        frozenset(rule.literals): definition_boolean.Conclusion(rule.output, rule.hits, rule.support) for rule in rules
    }


def test_the_worked_example_of_the_docstring() -> None:
    memorizer = worked()
    assert memorizer.explain(ids(C, A, B)) == Rule(((1, B),), A, hits=2, support=3)
    rules = mined(memorizer)
    assert rules[frozenset({(2, A)})] == definition_boolean.Conclusion(END, 3, 5)
    assert frozenset({(1, B), (2, A)}) not in rules
    (row,) = np.exp(memorizer.next_log_probabilities_nats([ids(C, A, B)]))
    confidence = (2 + 8 / 4) / (3 + 8)
    np.testing.assert_allclose(row, [confidence] + [(1 - confidence) / 3] * 3, rtol=1e-12)


def test_it_abstains_where_no_rule_fires() -> None:
    memorizer = worked(CHOSEN._replace(min_confidence=0.9))
    assert memorizer.explain(ids(A, B)) is None
    assert memorizer.explain(ids()) is None
    np.testing.assert_allclose(np.exp(memorizer.next_log_probabilities_nats([ids(A, B), ids()])), 1 / 4, rtol=1e-12)
    assert memorizer.answering_rules(ids(A, C, A)).tolist() == [-1, -1, memorizer.answering_rules(ids(C, A))[1]]


def test_an_answer_rests_on_its_literals_and_their_support() -> None:
    memorizer = worked(CHOSEN._replace(min_confidence=0.9))
    text = ids(A, C, A, B, C, B, A, C, A)
    found, abstentions = memorizer.matches(text), memorizer.abstentions(text)
    assert abstentions.any()
    assert not abstentions.all()
    for stop in range(text.size):
        rule = memorizer.explain(text[:stop])
        expected = (0, 0) if rule is None else (len(rule.literals), rule.support)
        assert (found.lengths_tokens[stop], found.num_occurrences[stop]) == expected
        assert abstentions[stop] == (rule is None)


def test_half_a_match_gives_no_half_an_answer() -> None:
    document = [0, 1, 2, 5, 0, 1, 3, 6, 0, 4, 2, 6]
    memorizer = Boolean(
        index_of([document] * 3, 7),
        vocabulary_size=8,
        end_id=7,
        thresholds=Thresholds(min_confidence=0.9, window_tokens=3),
    )
    whole, half = memorizer.explain(ids(0, 1, 2)), memorizer.explain(ids(0, 7, 2))
    assert whole == Rule(((1, 2), (2, 1)), 5, hits=3, support=3)
    assert half is None


def test_a_gap_in_the_literals_lets_any_token_stand_there() -> None:
    memorizer = Boolean(index_of(GAPPED, 9), vocabulary_size=10, end_id=9)
    assert memorizer.explain(ids(0, 8, 1)) == Rule(((1, 1), (3, 0)), 2, hits=3, support=3)
    assert memorizer.explain(ids(6, 8, 1)) == Rule(((1, 1), (3, 6)), 0, hits=3, support=3)


def test_a_token_that_the_corpus_cannot_hold_does_not_silence_literals_beyond_it() -> None:
    memorizer = Boolean(index_of(GAPPED, 8), vocabulary_size=10, end_id=9)
    assert memorizer.explain(ids(0, 8, 1)) == Rule(((1, 1), (3, 0)), 2, hits=3, support=3)


@pytest.mark.parametrize(("min_support", "min_confidence"), [(1, 0.9), (2, 0.51), (3, 0.75)])
@settings(max_examples=30, deadline=None)
@given(documents=two_letters)
def test_the_rules_are_those_of_the_brute_force_definition(
    documents: list[list[int]], min_support: int, min_confidence: float
) -> None:
    thresholds = Thresholds(min_support, min_confidence)
    memorizer = Boolean(index_of(documents, 2), vocabulary_size=3, end_id=2, thresholds=thresholds)
    confident = definition_boolean.confident_rules(documents, end_id=2, thresholds=thresholds)
    assert mined(memorizer) == definition_boolean.unimplied(confident)


@settings(max_examples=40, deadline=None)
@given(documents=two_letters, text=st.lists(st.integers(0, 3), min_size=1, max_size=12))
def test_dropping_implied_rules_changes_no_answer(documents: list[list[int]], text: list[int]) -> None:
    memorizer = Boolean(index_of(documents, 3), vocabulary_size=4, end_id=3, thresholds=CHOSEN)
    all_rules = definition_boolean.confident_rules(documents, end_id=3, thresholds=CHOSEN)
    rows = np.exp(prefix_rows(memorizer, ids(*text)))
    for stop, row in enumerate(rows):
        expected = definition_boolean.boolean(
            all_rules, text[:stop], vocabulary_size=4, window_tokens=7, trust=expected_confidence
        )
        np.testing.assert_allclose(row, expected, rtol=1e-12)


def test_fewer_rules_than_there_are_is_the_same_as_a_larger_support() -> None:
    rng = np.random.default_rng(4)
    index = index_of([rng.choice(6, 150, p=[0.4, 0.2, 0.1, 0.1, 0.1, 0.1]).tolist() for _ in range(4)], 6)
    some, fewer = (Boolean(index, vocabulary_size=7, end_id=6, thresholds=Thresholds(support)) for support in (2, 3))
    room = fewer.rules.num_rules
    bounded = Boolean(index, vocabulary_size=7, end_id=6, thresholds=Thresholds(2, max_rules=room))
    assert some.rules.num_rules > room > 0
    assert (some.min_support, bounded.min_support) == (2, 3)
    assert mined(bounded) == mined(fewer)


@pytest.mark.parametrize("alphabet_size", [200, 60_000, 70_000])
def test_every_rule_of_a_larger_corpus_holds_in_it_whatever_the_width_of_a_symbol(alphabet_size: int) -> None:
    rng = np.random.default_rng(6)
    words = [rng.integers(0, alphabet_size, 4) for _ in range(30)]
    documents = [np.concatenate([words[i] for i in rng.zipf(1.3, 400) % 30]).tolist() for _ in range(3)]
    memorizer = Boolean(index_of(documents, alphabet_size), vocabulary_size=alphabet_size + 1, end_id=alphabet_size)
    padded = np.concatenate([[-1] * 7 + document + [alphabet_size] for document in documents])
    assert memorizer.rules.num_rules > 100
    for number in range(0, memorizer.rules.num_rules, 7):
        rule = memorizer.rule(number)
        places = np.ones(padded.size, dtype=np.bool_)
        places[:7] = False
        for offset, token in rule.literals:
            places[offset:] &= padded[:-offset] == token
        assert (rule.support, rule.hits) == (places.sum(), (padded[places] == rule.output).sum())


def test_bytes_serve_as_tokens() -> None:
    text = np.frombuffer(b"to be or not to be, to be, to be", dtype=np.uint8)
    index = Index.build([text], ["hamlet"], unit="bytes", alphabet_size=256)
    memorizer = Boolean(index, vocabulary_size=257, end_id=256)
    rule = memorizer.explain(ids(*b"not to b"))
    assert rule is not None
    assert rule.formula(lambda token: chr(token)) == "[x-1 = 'b'] -> 'e' (support 4, confidence 1.00)"


def test_a_formula_reads_in_the_order_of_the_text() -> None:
    rule = Rule(((1, A), (3, B)), C, hits=19, support=20)
    assert rule.formula("abc".__getitem__) == "[x-3 = 'b'] AND [x-1 = 'a'] -> 'c' (support 20, confidence 0.95)"


def test_the_most_supported_rules_come_first_and_those_of_one_token_alone() -> None:
    memorizer = worked(CHOSEN._replace(min_support=1))
    supports = [rule.support for rule in memorizer.most_supported(100)]
    assert supports == sorted(supports, reverse=True)
    assert len(supports) == memorizer.rules.num_rules
    of_c = memorizer.most_supported(100, output=C)
    assert of_c[0] == Rule(((2, B),), C, hits=2, support=2)
    assert {rule.output for rule in of_c} == {C}
    assert len(memorizer.most_supported(1)) == 1


def test_a_vocabulary_of_one_token_is_certain() -> None:
    memorizer = Boolean(index_of([[0, 0, 0]], 1), vocabulary_size=1, end_id=0, thresholds=Thresholds(min_support=1))
    assert memorizer.rules.num_rules > 0
    assert memorizer.next_log_probabilities_nats([ids(0)]).tolist() == [[0.0]]
    assert memorizer.log_probabilities_nats(ids(0, 0)).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("name", "thresholds"),
    [
        ("window_tokens", Thresholds(window_tokens=8)),
        ("window_tokens", Thresholds(window_tokens=0)),
        ("min_support", Thresholds(min_support=0)),
        ("min_confidence", Thresholds(min_confidence=0.5)),
        ("max_rules", Thresholds(max_rules=0)),
    ],
)
def test_a_threshold_outside_its_range_is_refused(name: str, thresholds: Thresholds) -> None:
    with pytest.raises(InputError, match=name):
        worked(thresholds)


def test_the_thresholds_are_part_of_the_fingerprint() -> None:
    others = [Thresholds(1, 0.6), Thresholds(2, 0.7), Thresholds(2, 0.6, 3), Thresholds(2, 0.6, max_rules=2)]
    assert len({worked(thresholds).fingerprint for thresholds in [CHOSEN, *others]}) == 1 + 4


def test_an_answer_is_the_most_probable_token_even_of_two() -> None:
    memorizer = Boolean(index_of([[0, 0, 0, 1]] * 2, 2), vocabulary_size=2, end_id=1, thresholds=Thresholds(1))
    for context in (ids(0), ids(1), ids(0, 0)):
        rule = memorizer.explain(context)
        (row,) = np.exp(memorizer.next_log_probabilities_nats([context]))
        assert rule is not None
        assert row[rule.output] == pytest.approx((rule.hits + 8 / 2) / (rule.support + 8))
        assert row[rule.output] > 1 / 2


def test_a_pattern_whose_key_has_the_tag_of_a_stronger_rule_does_not_hide_the_rule_that_holds() -> None:
    memorizer = worked()
    store, context = memorizer._store, np.array([C, A, B], dtype=np.int64)
    (expected,) = firing_rules(store, context, context.size, 1)
    assert expected > 0
    slots, key = store.rules.slots, literal_key(1, B) ^ literal_key(2, A) ^ literal_key(3, C)
    slot = key & (slots.size - 1)
    while slots[slot] != -1:
        slot = (slot + 1) & (slots.size - 1)
    slots[slot] = slot_tag(key) << 32
    store.rules.filter[:] = -1
    assert firing_rules(store, context, context.size, 1).tolist() == [expected]
