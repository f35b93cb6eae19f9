"""Chains of one sequence and their predictors, each against a slow count."""

from itertools import pairwise

import numpy as np
import pytest

from byheart.core.tokens import Floats
from byheart.stats.chains import (
    Symbols,
    bayes_rows,
    draw_chains,
    kl_nats,
    log_of_realised_nats,
    static_rows,
    stationary,
    true_rows,
    unigram_rows,
    walk,
)

K, T = 3, 12


@pytest.fixture(scope="module")
def chains() -> Floats:
    return draw_chains(40, K, rng=np.random.default_rng(0))


@pytest.fixture(scope="module")
def symbols(chains: Floats) -> Symbols:
    return walk(chains, T, rng=np.random.default_rng(1))


def test_rows_are_uniform_over_all_distributions() -> None:
    rows = draw_chains(4000, K, rng=np.random.default_rng(2)).reshape(-1, K)
    assert rows.sum(axis=1) == pytest.approx(np.ones(len(rows)))
    # Dirichlet(1, 1, 1): mean 1/3, variance (1/3 2/3) / 4
    assert rows.mean(axis=0) == pytest.approx(np.full(K, 1 / 3), abs=0.01)
    assert rows.var(axis=0) == pytest.approx(np.full(K, (1 / 3) * (2 / 3) / 4), rel=0.05)


def test_a_chain_keeps_its_stationary_distribution(chains: Floats) -> None:
    shares = stationary(chains)
    assert np.einsum("ni,nij->nj", shares, chains) == pytest.approx(shares)
    assert shares.sum(axis=1) == pytest.approx(np.ones(40))


def test_a_walk_follows_its_chain() -> None:
    chain = draw_chains(1, K, rng=np.random.default_rng(3))
    path = walk(chain, 40_000, rng=np.random.default_rng(4))[0]
    found = np.zeros((K, K))
    for i, j in pairwise(path):
        found[i, j] += 1
    assert found / found.sum(axis=1, keepdims=True) == pytest.approx(chain[0], abs=0.02)


def test_bayes_and_frequencies_are_slow_counts(symbols: Symbols) -> None:
    bayes, unigram = bayes_rows(symbols, K), unigram_rows(symbols, K)
    for path, of_bayes, of_unigram in zip(symbols.tolist(), bayes, unigram, strict=True):
        for t in range(T):
            past = path[:t]
            assert of_unigram[t] == pytest.approx([(past.count(j) + 1) / (t + K) for j in range(K)])
            if t == 0:
                assert of_bayes[0] == pytest.approx([1 / K] * K)
                continue
            pairs = list(pairwise(past))
            after = [pairs.count((past[-1], j)) for j in range(K)]
            assert of_bayes[t] == pytest.approx([(c + 1) / (sum(after) + K) for c in after])


def test_bayes_is_the_posterior_mean_of_the_row() -> None:
    # 0 0 1 0 ?: state 0 was followed by 0 and by 1, so its row is Dirichlet(2, 2, 1)
    found = bayes_rows(np.array([[0, 0, 1, 0, 2]]), K)[0, 4]
    drawn = np.random.default_rng(5).dirichlet([2, 2, 1], size=20_000).mean(axis=0)
    assert found == pytest.approx(drawn, abs=0.01)
    assert found == pytest.approx([2 / 5, 2 / 5, 1 / 5])


def test_the_static_mapping_is_counted_over_the_training_sequences(symbols: Symbols) -> None:
    rows = static_rows(np.array([[0, 1, 1], [0, 2, 0]]), np.array([[1, 1, 0]]), K)[0]
    assert rows[0] == pytest.approx([3 / 5, 1 / 5, 1 / 5])  # both training sequences begin with 0
    assert rows[1] == pytest.approx([1 / 4, 2 / 4, 1 / 4])  # 1 was followed by 1 once
    assert rows[2] == pytest.approx(rows[1])


def test_true_rows_and_divergence(chains: Floats, symbols: Symbols) -> None:
    rows = true_rows(chains, symbols)
    assert rows[7, 5] == pytest.approx(chains[7, symbols[7, 4]])
    assert rows[7, 0] == pytest.approx(stationary(chains)[7])
    slow = sum(p * np.log(p / (1 / K)) for p in rows[7, 5])
    assert kl_nats(rows, np.full_like(rows, 1 / K))[7, 5] == pytest.approx(slow)
    assert kl_nats(rows, rows) == pytest.approx(np.zeros((40, T)))
    assert kl_nats(np.array([0.0, 1.0]), np.array([0.5, 0.5])) == pytest.approx(np.log(2))
    assert log_of_realised_nats(rows, symbols)[3, 2] == pytest.approx(np.log(rows[3, 2, symbols[3, 2]]))


def test_no_predictor_of_the_prompt_beats_bayes_on_average() -> None:
    chains = draw_chains(400, K, rng=np.random.default_rng(6))
    path = walk(chains, 60, rng=np.random.default_rng(7))
    truth = true_rows(chains, path)
    lost = [kl_nats(truth, rows)[:, 1:].mean() for rows in (bayes_rows(path, K), unigram_rows(path, K))]
    assert lost[0] < lost[1] < kl_nats(truth, np.full_like(truth, 1 / K))[:, 1:].mean()
