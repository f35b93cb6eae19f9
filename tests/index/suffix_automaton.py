"""An oracle that knows no suffix array: the suffix automaton of all documents, in plain Python.

Source: Blumer et al. 1985, "The smallest automaton recognizing the subwords of a text".
Differs: between documents stands a symbol of its own, so that no run crosses a border.
"""

from collections.abc import Sequence

BORDER = -2


class SuffixAutomaton:
    """Every run of the documents is a path from state 0; a state knows how often its runs occur."""

    def __init__(self, documents: Sequence[Sequence[int]]) -> None:
        self.following: list[dict[int, int]] = [{}]
        self._link = [-1]
        self._longest = [0]
        self.occurrences = [0]
        last = 0
        for document in documents:
            for symbol in (*document, BORDER):
                last = self._extend(last, symbol)
        for state in sorted(range(1, len(self._longest)), key=lambda s: -self._longest[s]):
            self.occurrences[self._link[state]] += self.occurrences[state]

    def _extend(self, last: int, symbol: int) -> int:
        new = self._state({}, -1, self._longest[last] + 1, 1)
        state = last
        while state != -1 and symbol not in self.following[state]:
            self.following[state][symbol] = new
            state = self._link[state]
        if state == -1:
            self._link[new] = 0
            return new
        target = self.following[state][symbol]
        if self._longest[target] == self._longest[state] + 1:
            self._link[new] = target
            return new
        copy = self._state(dict(self.following[target]), self._link[target], self._longest[state] + 1, 0)
        while state != -1 and self.following[state].get(symbol) == target:
            self.following[state][symbol] = copy
            state = self._link[state]
        self._link[target] = self._link[new] = copy
        return new

    def _state(self, following: dict[int, int], link: int, longest: int, occurrences: int) -> int:
        self.following.append(following)
        self._link.append(link)
        self._longest.append(longest)
        self.occurrences.append(occurrences)
        return len(self._link) - 1

    def longest_suffixes(self, text: Sequence[int]) -> tuple[list[int], list[int], list[int]]:
        """For each end 0..n of the text: the longest run that ends there and occurs, its count, and for each end below
        n how often the next symbol follows that run. The count and the next count of the empty run are given as 0.
        """
        lengths, counts, next_counts = [0], [0], []
        state, length = 0, 0
        for symbol in text:
            after = self.following[state].get(symbol)
            next_counts.append(0 if after is None or length == 0 else self.occurrences[after])
            while state and symbol not in self.following[state]:
                state = self._link[state]
                length = self._longest[state]
            if symbol in self.following[state]:
                state, length = self.following[state][symbol], length + 1
            lengths.append(length)
            counts.append(self.occurrences[state] if length else 0)
        return lengths, counts, next_counts


def longest_matches(documents: Sequence[Sequence[int]], text: Sequence[int]) -> tuple[list[int], list[int]]:
    """The longest run that starts at each position of the text, and its count: suffixes, seen in a mirror."""
    mirrored = SuffixAutomaton([document[::-1] for document in documents])
    lengths, counts, _ = mirrored.longest_suffixes(text[::-1])
    return lengths[:0:-1], counts[:0:-1]
