"""M2 `boolean`: for each token a disjunction of conjunctions of literals [x-j = v], mined from the corpus."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from byheart.core.progress import Progress, silent
from byheart.core.tokens import Floats, TokenIds
from byheart.errors import InputError
from byheart.index import Index
from byheart.index.layout import SymbolArray
from byheart.index.searching.search import Query
from byheart.memorizers.base_distribution import uniform_base
from byheart.memorizers.memorizer import Matches, Memorizer
from byheart.memorizers.rule_firing import (
    PRIOR_SUPPORT,
    Store,
    empty_sieve,
    firing_rules,
    log_probabilities,
    score_text,
    write,
    write_rows,
)
from byheart.memorizers.rule_mining import mine_rules
from byheart.memorizers.rules import Rules, Thresholds, make_rules
from byheart.memorizers.sparse_row import empty_row

DEFAULT_THRESHOLDS = Thresholds()


def expected_confidence(hits: int, support: int, vocabulary_size: int) -> float:
    """How often a rule is expected to be right on text that it was not mined from.

    Definition:
        (hits + b / V) / (support + b), b = PRIOR_SUPPORT, V = vocabulary_size
    Args:
        hits: occurrences of the literals that the output follows.
        support: occurrences of the literals, >= hits.
        vocabulary_size: number of tokens.
    Returns:
        probability, in (0, 1].
    Source: Cestnik 1990, "Estimating probabilities: a crucial task in machine learning" (the m-estimate).
    Differs: b is chosen on held-out text of the standard library: the most confident of many rules is mostly lucky.
    """
    return (hits + PRIOR_SUPPORT / vocabulary_size) / (support + PRIOR_SUPPORT)


@dataclass(frozen=True)
class Rule:
    """A conjunction of literals and the token that it says."""

    literals: tuple[tuple[int, int], ...]
    """(j, v) for each [x-j = v], nearest first; j = 1 is the token just before."""
    output: int
    """Token id."""
    hits: int
    """Occurrences of the literals that the output follows."""
    support: int
    """Occurrences of the literals."""

    @property
    def confidence(self) -> float:
        """Share of the occurrences that the output follows."""
        return self.hits / self.support

    def formula(self, text_of: Callable[[int], str]) -> str:
        """The rule to read, for example "[x-2 = 'if'] AND [x-1 = 'not'] -> ' x' (support 41, confidence 0.95)".

        Args:
            text_of: the text of a token; untrusted.
        """
        literals = " AND ".join(f"[x-{offset} = {text_of(token)!r}]" for offset, token in reversed(self.literals))
        return f"{literals} -> {text_of(self.output)!r} (support {self.support}, confidence {self.confidence:.2f})"


class Boolean(Memorizer):
    """For each token y the formula 'y = one of its rules holds': answers with the strongest rule, or abstains.

    Definition:
        A rule is a conjunction of literals [x-j = v], j in 1..window_tokens, that holds n >= min_support times in the
        corpus, h of them before y, with h / n >= min_confidence; it may not reach across the start of a document. It is
        dropped where a strict subset of its literals is a rule with the same y and at least the same h / n. Of the
        rules that fire the strongest answers: largest h / n, then largest n, then fewest literals, then smallest mask
        of offsets. P(y) = c = `expected_confidence(h, n, V)`, all others (1 - c) / (V - 1); none fires: 1 / V.
    Args:
        index: the corpus; a memorizer knows nothing else.
        vocabulary_size: V; token ids are 0..V-1.
        end_id: token for the end of a document.
        thresholds: which patterns are rules.
        name: how the report calls it.
        on_progress: hears of the stage "rules".
    Raises:
        InputError: vocabulary and index do not fit, or a threshold is outside its range.
    Example:
        documents "abac", "ab" and "abac", min_support 2, min_confidence 0.6, context "cab", V = 4: "b" is followed by
        a, by the end and by a, so [x-1 = b] -> a has n = 3, h = 2, and [x-2 = a] -> end has 3 of 5, which is less.
        [x-2 = a] AND [x-1 = b] has the same 2 of 3 and is dropped. So P(a) = (2 + 8/4)/(3 + 8).
    Cost: see `mine_rules`; scoring takes a look-up for each mask, log-probabilities alone about 1 microsecond a token.
    Source: theory.md M2.
    Differs: an abstention is the uniform distribution; a rule is trusted less than its share in the corpus says, and by
        default needs only the majority: rules of less than near certainty replace abstentions, and held-out text gains.
    """

    def __init__(
        self,
        index: Index,
        *,
        vocabulary_size: int,
        end_id: int,
        thresholds: Thresholds = DEFAULT_THRESHOLDS,
        name: str = "memorizer:boolean",
        on_progress: Progress = silent,
    ) -> None:
        if faults := thresholds.faults():
            raise InputError("These thresholds make no rules.", why="; ".join(faults) + ".", next_step="Correct them.")
        self.thresholds = thresholds
        super().__init__(index, vocabulary_size=vocabulary_size, end_id=end_id, name=name)
        text = index.sorted_text.text
        mined, self.min_support = mine_rules(text, thresholds, end_id=end_id, on_progress=on_progress)
        self.rules = by_strength(text, mined)
        sieve = empty_sieve(thresholds.window_tokens)
        self._store = Store(text, self.rules, uniform_base(vocabulary_size), empty_row(vocabulary_size), sieve)
        self.size_bytes, self.index_bytes = text.nbytes + self.rules.size_bytes, text.nbytes

    def parameters(self) -> dict[str, float | list[float]]:
        """The thresholds and what a rule is worth before it is seen."""
        return {**self.thresholds._asdict(), "prior_support": PRIOR_SUPPORT}

    def rule(self, number: int) -> Rule:
        """A rule by its place in the order of strength, 0-based."""
        mask, place = int(self.rules.masks[number]), int(self.rules.places[number])
        offsets = [j for j in range(1, self.thresholds.window_tokens + 1) if mask >> (j - 1) & 1]
        literals = tuple((j, int(self._store.text[place - j])) for j in offsets)
        outputs, hits, supports = self.rules.outputs, self.rules.hits, self.rules.supports
        return Rule(literals, int(outputs[number]), int(hits[number]), int(supports[number]))

    def most_supported(self, limit: int, *, output: int | None = None) -> list[Rule]:
        """The rules with most support, equals by strength: of one token those that its formula joins by OR.

        Args:
            limit: at most so many.
            output: of this token only.
        """
        numbers = np.arange(self.rules.num_rules) if output is None else np.flatnonzero(self.rules.outputs == output)
        order = np.argsort(-self.rules.supports[numbers].astype(np.int64), kind="stable")
        return [self.rule(int(number)) for number in numbers[order[:limit]]]

    def explain(self, context: TokenIds) -> Rule | None:
        """The rule that answers after a context, or None where it abstains.

        Args:
            context: token ids, shape [num_tokens].
        """
        self._check(context)
        (number,) = firing_rules(self._store, self.index.known_symbols(context), context.size, 1)
        return None if number < 0 else self.rule(int(number))

    def answering_rules(self, token_ids: TokenIds) -> npt.NDArray[np.int64]:
        """Numbers of the rules that answer before each token, -1 where it abstains, shape [num_tokens]."""
        self._check(token_ids)
        return firing_rules(self._store, self.index.known_symbols(token_ids), 0, token_ids.size)

    def matches(self, token_ids: TokenIds) -> Matches:
        """How many literals the answering rule has, and its support.

        Args:
            token_ids: shape [num_tokens].
        Raises:
            InputError: a token outside the vocabulary.
        """
        numbers = self.answering_rules(token_ids)
        lengths, counts = np.zeros((2, numbers.size), dtype=np.int64)
        answers = numbers >= 0
        lengths[answers] = np.bitwise_count(self.rules.masks[numbers[answers]])
        counts[answers] = self.rules.supports[numbers[answers]]
        return Matches(lengths, counts)

    def abstentions(self, token_ids: TokenIds) -> npt.NDArray[np.bool_]:
        """Where no rule fires, shape [num_tokens].

        Args:
            token_ids: shape [num_tokens].
        Raises:
            InputError: a token outside the vocabulary.
        """
        return self.answering_rules(token_ids) < 0

    def _walk(self, capacity_tokens: int) -> "_Walk":
        return _Walk(self)

    def _statistics(self, token_ids: TokenIds) -> Floats:
        return score_text(self._store, self.index.known_symbols(token_ids), token_ids.astype(np.int64))

    def _log_probabilities(self, token_ids: TokenIds) -> Floats:
        return log_probabilities(self._store, self.index.known_symbols(token_ids), token_ids.astype(np.int64))


class _Walk:
    """The last tokens of a context."""

    def __init__(self, memorizer: Boolean) -> None:
        self._memorizer = memorizer
        self._symbols = np.empty(0, dtype=np.int64)

    def read(self, token_ids: TokenIds) -> None:
        self._keep(self._with(token_ids))

    def write(self, out: Floats) -> None:
        write(self._memorizer._store, self._symbols, out)

    def write_rows(self, token_ids: TokenIds, out: Floats) -> None:
        symbols = self._with(token_ids)
        write_rows(self._memorizer._store, symbols, self._symbols.size, out)
        self._keep(symbols)

    def _with(self, token_ids: TokenIds) -> Query:
        return np.concatenate([self._symbols, self._memorizer.index.known_symbols(token_ids)])

    def _keep(self, symbols: Query) -> None:
        self._symbols = symbols[max(symbols.size - self._memorizer.thresholds.window_tokens, 0) :]


def by_strength(text: SymbolArray, rules: Rules) -> Rules:
    """The rules sorted so that of those that fire the first one answers."""
    doubt = -(rules.hits / rules.supports)
    order = np.lexsort((rules.places, rules.masks, np.bitwise_count(rules.masks), -rules.supports, doubt))
    columns = (rules.masks, rules.places, rules.outputs, rules.hits, rules.supports)
    return make_rules(text, tuple(column[order] for column in columns))
