"""What to index, how, and what that takes."""

from dataclasses import dataclass

from byheart.corpus.readers import stored_bytes
from byheart.errors import ConfigError
from byheart.index.layout import MAX_SYMBOLS
from byheart.study.memory import available_bytes

UNITS = ("bytes", "tokens")
WHITESPACE = "whitespace"
FIXED_BYTES = 350_000_000
"""Of a process that builds an index, however small the shards: Python, compiling the sorter, one batch of text."""
_SORTING_BYTES = {1: 8, 2: 11, 4: 18}
"""Most memory of a shard per symbol while it is sorted, by the symbol's own bytes."""
_DISK_BYTES = 4.25
"""On disk per symbol beside the symbol itself."""
_BYTES_PER_TOKEN = 4
_BYTES_PER_SECOND = {"bytes": 1.2e7, "tokens": 2.5e6}
_SMALLEST_SHARD = 1_000_000


@dataclass(frozen=True, kw_only=True)
class IndexPlan:
    """What to index, and how."""

    sources: tuple[str, ...]
    """Sources as on the command line."""
    unit: str = ""
    """"bytes" (also when empty) or "tokens"."""
    tokenizer: str = ""
    """Needed for tokens: `whitespace`, `smollm2`, a model's folder or a tokenizer.json."""
    lines: bool = False
    """Each line of a .txt source is a document."""
    skip_bad: bool = False
    """Leave out what cannot be read instead of stopping."""
    add: bool = False
    """Add to the index that is there; unit and tokenizer are its own."""
    memory_bytes: int | None = None
    """Most memory to use; None for half of what is available."""

    def __post_init__(self) -> None:
        if self.unit not in ("", *UNITS):
            raise ConfigError(f"Unknown unit {self.unit!r}.", next_step="Use --unit bytes or --unit tokens.")
        if not self.add and (self.unit == "tokens") != bool(self.tokenizer):
            raise ConfigError(
                "An index of tokens needs a tokenizer, an index of bytes has none.",
                why=f"Got --unit {self.unit or 'bytes'} and --tokenizer {self.tokenizer or '(none)'}.",
                next_step="Use --unit tokens --tokenizer MODEL|smollm2|whitespace|FILE, or leave both out for bytes.",
            )


def shard_symbols(memory_bytes: int | None, symbol_bytes: int) -> int:
    """Symbols that can be sorted at once.

    Args:
        memory_bytes: of the whole process; None for half of what is available.
        symbol_bytes: 1, 2 or 4.
    Raises:
        ConfigError: too little memory to build anything.
    """
    if memory_bytes is None:
        memory_bytes = max(available_bytes() // 2, memory_needed(_SMALLEST_SHARD, symbol_bytes))
    symbols = (memory_bytes - FIXED_BYTES) // _SORTING_BYTES[symbol_bytes]
    if symbols < _SMALLEST_SHARD:
        raise ConfigError(
            f"{memory_bytes / 1e6:,.0f} MB of memory are too little to build an index.",
            why=f"The program itself takes {FIXED_BYTES / 1e6:,.0f} MB.",
            next_step=f"Give it --memory {-(-memory_needed(_SMALLEST_SHARD, symbol_bytes) // 10**6)}M or more.",
        )
    return min(symbols, MAX_SYMBOLS)


def memory_needed(num_symbols: int, symbol_bytes: int) -> int:
    """Bytes of memory that sorting so many symbols at once takes."""
    return FIXED_BYTES + num_symbols * _SORTING_BYTES[symbol_bytes]


def forecast(plan: IndexPlan, unit: str, symbol_bytes: int, shard_symbols: int) -> str:
    """What a build will take, in words: from the sizes of the sources, before anything is read."""
    stored = sum(stored_bytes(source) for source in plan.sources)
    is_packed = any(source.lower().endswith((".gz", ".zst", ".parquet")) for source in plan.sources)
    symbols = stored if unit == "bytes" else stored // _BYTES_PER_TOKEN
    memory = memory_needed(min(symbols, shard_symbols), symbol_bytes)
    more = ", more where it is compressed" if is_packed else ""
    disk = symbols * (symbol_bytes + _DISK_BYTES)
    return (
        f"{stored / 1e6:,.1f} MB of sources{more}: about {disk / 1e6:,.1f} MB on disk, "
        f"{memory / 1e6:,.0f} MB of memory, {stored / _BYTES_PER_SECOND[unit]:,.0f} s, "
        f"{max(1, -(-symbols // shard_symbols))} shard(s)."
    )
