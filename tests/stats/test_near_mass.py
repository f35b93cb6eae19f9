"""The search against the definition: all texts of a tiny vocabulary, one by one."""

import math
from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.core.decoding import Decoding, decoded_probabilities
from byheart.core.tokens import Floats, TokenIds
from byheart.stats.near_mass import NearMass, Neighbourhood, near_mass
from tests.stats.test_edit_distance import definition

VOCABULARY, END = 4, 3
PREFIX = np.array([1], dtype=np.int32)


class Chance:
    """Each context has a distribution of its own, drawn from the seed; counts how many it was asked for."""

    def __init__(self, seed: int) -> None:
        self._seed, self.asked = seed, 0

    def __call__(self, contexts: Sequence[TokenIds]) -> Floats:
        self.asked += len(contexts)
        return np.stack([self.row(context.tolist()) for context in contexts])

    def row(self, context: list[int]) -> Floats:
        rng = np.random.default_rng([self._seed, len(context), *context])
        return np.asarray(np.log(rng.dirichlet(np.full(VOCABULARY, 0.5)) * 0.99 + 0.01 / VOCABULARY))


def brute_force(target: list[int], chance: Chance, within: Neighbourhood) -> dict[tuple[int, ...], float]:
    """The probability of every text that counts."""
    found = {}
    for text in product(range(VOCABULARY), repeat=len(target)):
        if END not in text and definition(list(text), target) <= within.at_most:
            given = PREFIX.tolist()
            share = 1.0
            for at, token in enumerate(text):
                share *= decoded_probabilities(chance.row([*given, *text[:at]]), within.decoding)[token]
            found[text] = float(share)
    return found


def search(target: list[int], chance: Chance, within: Neighbourhood) -> NearMass:
    return near_mass(PREFIX, np.array(target, dtype=np.int32), chance, within)


targets = st.lists(st.integers(0, END - 1), min_size=1, max_size=5)


def neighbourhood(at_most: int, beam_width: int, top_k: int | None) -> Neighbourhood:
    return Neighbourhood(at_most=at_most, beam_width=beam_width, decoding=Decoding(top_k=top_k), end_id=END)


@settings(max_examples=25, deadline=None)
@given(targets, st.integers(0, 2), st.integers(1, 6), st.sampled_from([None, 3, 2]), st.integers(0, 99))
def test_the_bound_lies_between_the_target_s_own_probability_and_the_mass(
    target: list[int], at_most: int, beam_width: int, top_k: int | None, seed: int
) -> None:
    within = neighbourhood(at_most, beam_width, top_k)
    shares = brute_force(target, Chance(seed), within)
    it = search(target, Chance(seed), within)
    own, mass = shares[tuple(target)], sum(shares.values())
    assert math.exp(it.log_verbatim_nats) == pytest.approx(own)
    assert own * (1 - 1e-12) <= math.exp(it.log_mass_nats) <= mass * (1 + 1e-12)
    assert it.num_texts <= sum(share > 0 for share in shares.values())


@settings(max_examples=20, deadline=None)
@given(targets, st.integers(0, 2), st.sampled_from([None, 2]), st.integers(0, 99))
def test_a_beam_that_leaves_nothing_out_finds_the_whole_mass(
    target: list[int], at_most: int, top_k: int | None, seed: int
) -> None:
    within = neighbourhood(at_most, VOCABULARY**5, top_k)
    shares = brute_force(target, Chance(seed), within)
    it = search(target, Chance(seed), within)
    assert it.is_whole
    assert math.exp(it.log_mass_nats) == pytest.approx(sum(shares.values()))
    assert it.num_texts == sum(share > 0 for share in shares.values())


def test_without_edits_the_mass_is_the_target_s_own_probability() -> None:
    it = search([0, 1, 2, 0], Chance(5), neighbourhood(0, 1, None))
    assert it.log_mass_nats == it.log_verbatim_nats
    assert (it.num_texts, it.is_whole) == (1, True)


def test_a_narrow_beam_asks_no_more_than_it_says_and_knows_that_it_left_something_out() -> None:
    chance = Chance(1)
    it = search([0, 1, 2, 0, 1], chance, neighbourhood(2, 3, None))
    assert chance.asked <= 3 * 5
    assert not it.is_whole


def greedy_text(chance: Chance, num_tokens: int) -> list[int]:
    text: list[int] = []
    while len(text) < num_tokens:
        text.append(int(chance.row([*PREFIX.tolist(), *text]).argmax()))
    return text


def test_a_target_that_cannot_be_drawn_still_has_neighbours() -> None:
    # Greedy writing is one text; a target that differs from it in its last token has probability 0 and that neighbour.
    texts = ((chance, greedy_text(chance, 4)) for chance in map(Chance, range(50)))
    chance, written = next((chance, text) for chance, text in texts if END not in text)
    target = [*written[:3], (written[3] + 1) % END]
    within = Neighbourhood(at_most=1, beam_width=2, decoding=Decoding(top_k=1), end_id=END)
    it = search(target, chance, within)
    assert it.log_verbatim_nats == -math.inf
    assert it.log_mass_nats == pytest.approx(0.0)


def test_what_is_too_improbable_is_given_up_early_and_never_above_the_limit() -> None:
    target, limits = [0, 1, 2, 0, 1], (1e-9, 0.9)
    asked, masses = [], []
    for least in limits:
        chance = Chance(3)
        within = Neighbourhood(at_most=1, beam_width=4, decoding=Decoding(), end_id=END, least=least)
        masses.append(math.exp(search(target, chance, within).log_mass_nats))
        asked.append(chance.asked)
    full = search(target, Chance(3), neighbourhood(1, 4, None))
    assert 1e-9 < math.exp(full.log_mass_nats) < 0.9
    assert masses == [math.exp(full.log_mass_nats), 0.0]
    assert asked[1] < asked[0]


def test_nothing_near_can_be_drawn() -> None:
    chance = Chance(7)
    first = int(chance.row([1]).argmax())
    target = [(first + 1) % END] * 3
    it = search(target, chance, Neighbourhood(at_most=0, beam_width=2, decoding=Decoding(top_k=1), end_id=END))
    assert it == NearMass(-math.inf, -math.inf, 0, True)
