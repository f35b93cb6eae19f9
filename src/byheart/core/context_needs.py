"""What the audit of context asks for: texts that are made, each following a rule that exists nowhere else."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RepeatedTokensNeed:
    """Random tokens twice in a row, and before other random tokens, scored."""

    num_sequences: int = 32
    """Sequences, each with random tokens of its own."""
    num_tokens: int = 32
    """Tokens of a sequence; a text has twice as many."""

    @property
    def num_texts(self) -> int:
        """Texts to score."""
        return 2 * self.num_sequences

    @property
    def longest_tokens(self) -> int:
        """Tokens of a text."""
        return 2 * self.num_tokens


@dataclass(frozen=True, kw_only=True)
class ChainsNeed:
    """Markov chains that exist in one prompt only, and the same tokens in random order, scored."""

    num_prompts: int = 32
    """Chains."""
    num_symbols: int = 3
    """Different tokens of a prompt."""
    num_tokens: int = 64
    """Tokens of a prompt."""

    @property
    def num_texts(self) -> int:
        """Texts to score."""
        return 2 * self.num_prompts

    @property
    def longest_tokens(self) -> int:
        """Tokens of a text."""
        return self.num_tokens


@dataclass(frozen=True, kw_only=True)
class LanguagesNeed:
    """Languages of random automata that exist in one prompt only, and the same tokens in random order, scored."""

    num_prompts: int = 32
    """Automata."""
    num_states: int = 4
    """States of each."""
    num_symbols: int = 5
    """Different tokens of a prompt, at most."""
    num_tokens: int = 64
    """Tokens of a prompt."""

    @property
    def num_texts(self) -> int:
        """Texts to score."""
        return 2 * self.num_prompts

    @property
    def longest_tokens(self) -> int:
        """Tokens of a text."""
        return self.num_tokens


@dataclass(frozen=True, kw_only=True)
class LabelsNeed:
    """Classification by examples in the prompt, under labels without a meaning, and under labels dealt at random."""

    num_prompts: int = 48
    """Prompts, each with classes and labels of its own."""
    num_classes: int = 2
    """Classes, and labels; chance is one by their number."""
    num_words: int = 2
    """Words that mean a class."""
    num_shots: int = 8
    """Examples of each class in a prompt."""

    @property
    def num_texts(self) -> int:
        """Texts to score: one for each label, that only differ in it."""
        return 2 * self.num_prompts * self.num_classes

    @property
    def longest_tokens(self) -> int:
        """Tokens of a text: filler, word, label and line break of each example, and what is asked likewise."""
        return 4 * (self.num_shots * self.num_classes + 1)


ContextNeed = RepeatedTokensNeed | ChainsNeed | LanguagesNeed | LabelsNeed
"""Texts that are made, not cut from documents: each follows a rule that exists nowhere else."""
