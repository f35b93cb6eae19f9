"""Which symbols of a text stand in a long run that a corpus holds, given how long the match at each position is."""

import numpy as np
import numpy.typing as npt


def in_long_matches(
    match_lengths: npt.NDArray[np.int64], byte_borders: npt.NDArray[np.int64], least_bytes: int
) -> npt.NDArray[np.bool_]:
    """Which symbols a match of so many bytes covers.

    Definition:
        symbol t is covered when some i <= t < i + L_i has borders[i + L_i] - borders[i] >= least_bytes
    Args:
        match_lengths: symbols; L_i, the longest match that starts at each symbol, shape [num_symbols].
        byte_borders: bytes of the text before each symbol, and after the last, ascending, shape [num_symbols + 1].
        least_bytes: of a match that counts.
    Returns:
        shape [num_symbols].
    Source: definition; protocols.md A3.
    Differs: nothing. A run of bytes that begins or ends inside a symbol is longer than the symbols in it.
    """
    stops = np.arange(match_lengths.size) + match_lengths
    is_long = (byte_borders[stops] - byte_borders[:-1] >= least_bytes) & (match_lengths > 0)
    change = np.zeros(match_lengths.size + 1, dtype=np.int64)
    np.add.at(change, np.flatnonzero(is_long), 1)
    np.add.at(change, stops[is_long], -1)
    covered: npt.NDArray[np.bool_] = np.cumsum(change)[:-1] > 0
    return covered
