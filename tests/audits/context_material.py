"""Hand-made answers to prompts with a rule of their own: by one that follows it, and by one that cannot."""

import numpy as np

from byheart.core.context_material import ContextAnswers, LabelPrompts, RepeatedTokens, RuledPrompts
from byheart.core.tokens import Floats
from byheart.stats.chains import Symbols, bayes_rows, draw_chains, log_of_realised_nats, true_rows, walk
from byheart.stats.languages import draw_languages, ngram_rows

FOLLOWS, STORES = "model", "memorizer:automaton"
FLAT = float(np.log(1 / 50))


def told(num: int = 12, *, first: str = FOLLOWS, seed: int = 0) -> ContextAnswers:
    """Answers of one that reads the prompt (half a nat worse than Bayes and trigrams) and of one that says 1/50."""
    rng = np.random.default_rng(seed)
    names = (first, STORES if first == FOLLOWS else FOLLOWS)
    flat = np.full((num, 8), FLAT) + rng.normal(0, 0.1, (num, 8))
    copies = RepeatedTokens(
        first={FOLLOWS: flat, STORES: flat},
        again={FOLLOWS: flat + 3.0 * np.log(2), STORES: flat[:, ::-1]},
        other={FOLLOWS: flat[::-1], STORES: flat[::-1]},
    )
    chains = draw_chains(num, 3, rng=rng)
    symbols = walk(chains, 60, rng=rng)
    of_chains = _ruled(symbols, true_rows(chains, symbols), 3, rng=rng)
    languages = draw_languages(num, 4, 5, rng=rng)
    words = languages.write(60, rng=rng)
    right = rng.integers(2, size=num)
    know, guess = np.eye(2)[right] - 3.0, np.tile([-3.0, -4.0], (num, 1))
    labels = LabelPrompts(
        right=right,
        ruled_nats={FOLLOWS: know, STORES: guess},
        dealt_nats={FOLLOWS: guess, STORES: guess},
        copied=np.where(np.arange(num) % 3 == 0, right, -1),
        copied_dealt=np.full(num, -1),
    )
    return ContextAnswers(
        names=names,
        repeated=copies,
        chains=of_chains,
        languages=_ruled(words, languages.rows(words), 5, rng=rng),
        labels=labels,
    )


def _ruled(symbols: Symbols, rows: Floats, k: int, *, rng: np.random.Generator) -> RuledPrompts:
    shuffled = rng.permuted(symbols, axis=1)

    def reads(ids: Symbols) -> Floats:
        said = bayes_rows(ids, k) if k == 3 else ngram_rows(ids, k, 3)
        return log_of_realised_nats(said, ids) - 0.5

    flat = np.full(symbols.shape, FLAT)
    return RuledPrompts(
        num_symbols=k,
        symbols=symbols,
        rows=rows,
        shuffled=shuffled,
        ruled_nats={FOLLOWS: reads(symbols), STORES: flat},
        shuffled_nats={FOLLOWS: reads(shuffled), STORES: flat},
    )
