"""Who needs how many bits of the held-out documents of both domains, before and after the new one was met."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.audits.adaptation_repetitions import LOOKUP, MIXTURE, TOLD, PartName
from byheart.core.tokens import Floats, TokenIds
from byheart.core.units import NATS_PER_BIT
from byheart.memorizers.infinigram import Infinigram
from byheart.memorizers.memorizer import Memorizer
from byheart.memorizers.mixture import Mixture, mix_log_probabilities
from byheart.memorizers.mixture_fitting import buckets_of
from byheart.study.lab.adaptation_texts import Domains, Part
from byheart.study.lab.adaptation_told import GappedTable
from byheart.study.lab.storing import index_of, memorizers_of

if TYPE_CHECKING:
    from byheart.models.transformer.network import Network

_FOR_WEIGHTS = 8
"""One token of so many is kept from the memorizers while the weights of their mixture are fitted on it."""
_FIVE = ("automaton", "boolean", "markov", "knowledge", "infinigram")
_ALONE = ("markov", "infinigram")
"""Those that join the mixture once more, built of the new tokens alone."""


class Asked:
    """What everyone said of one repetition.

    Args:
        domains: its text.
    """

    def __init__(self, domains: Domains) -> None:
        self.domains = domains
        self.parts: dict[PartName, Part] = {
            "seen": domains.seen,
            "old": domains.old_unseen,
            "new": domains.new_unseen,
        }
        self._bits: dict[str, dict[PartName, list[list[float]]]] = {}
        self._sizes: dict[str, int] = {}

    def new_documents(self, num_tokens: int) -> list[TokenIds]:
        """The first so many tokens of the new domain."""
        found, left = [], num_tokens
        for document in self.domains.new.documents:
            if left > 0:
                found.append(document[:left])
                left -= found[-1].size
        return found

    def add(self, name: str, part: PartName, bits: Floats) -> None:
        """Another row of a predictor: bits of each document of the part."""
        self._bits.setdefault(name, {}).setdefault(part, []).append(bits.tolist())

    def add_size(self, name: str, size_bytes: int) -> None:
        """What a predictor stores when it is first asked."""
        self._sizes.setdefault(name, size_bytes)

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "documents": {part: list(it.names) for part, it in self.parts.items()},
            "num_learned": {
                "old": len(self.domains.old.documents),
                "new": len(self.domains.new.documents),
            },
            "num_bytes": {part: list(it.num_bytes) for part, it in self.parts.items()},
            "bits": self._bits,
            "sizes_bytes": self._sizes,
            "floor_bits_per_byte": self.domains.floor_bits_per_byte,
        }


def ask_network(asked: Asked, name: str, network: "Network", *, parts: Sequence[PartName] = ("old", "new")) -> None:
    """Asks a network about held-out documents, a context's tokens at a time, each behind the start token."""
    from byheart.models.transformer.memorization import sequence_log_probabilities_nats

    length = network.config.context_tokens
    for part in parts:
        documents = asked.parts[part].documents
        rows = np.concatenate([document.reshape(-1, length) for document in documents])
        nats = sequence_log_probabilities_nats(network, rows)
        asked.add(name, part, _by_document(nats, documents, length))
    asked.add_size(name, sum(it.numel() * it.element_size() for it in network.parameters()))


def ask_memorizers(asked: Asked, num_tokens: int, length: int) -> None:
    """Builds M1 to M6 and the lookup pole of the old domain and so many tokens of the new one, and asks them.

    Definition:
        of N = 0 tokens the mixture's weights are fitted on calibration documents of the old domain. Else the mixture
        has M1 to M5 of the old documents and the new tokens as members, and M3 and M5 of the new tokens alone; its
        weights are fitted on the last 1/8 of the tokens, with members that know the first 7/8, and then every member
        is built again of all N
    Args:
        asked: takes the answers.
        num_tokens: N.
        length: tokens that are read at a time: the network's context.
    """
    domains = asked.domains
    met = asked.new_documents(num_tokens)
    learned, kept = _parted(met, num_tokens // _FOR_WEIGHTS)
    members = _members(domains, learned)
    mixture = Mixture(tuple(members.values()), calibration=kept or list(domains.calibration.documents))
    if kept:
        members = _members(domains, met)
    lookup = Infinigram(
        index_of([*domains.old.documents, *met], domains.vocabulary_size),
        vocabulary_size=domains.vocabulary_size, end_id=domains.end_id, counting="occurrences",
    )  # fmt: skip
    for part in ("old", "new") if num_tokens else ("seen", "old", "new"):
        texts = asked.parts[part].documents
        found = [_said(lookup, members, mixture, row) for text in texts for row in text.reshape(-1, length)]
        for name in found[0]:
            asked.add(name, part, _by_document(np.array([one[name] for one in found]), texts, length))
    sizes = {LOOKUP: lookup.size_bytes, MIXTURE: mixture.size_bytes}
    for name, size in (sizes | {name: one.size_bytes for name, one in members.items()}).items():
        asked.add_size(name, size)


def _members(domains: Domains, met: Sequence[TokenIds]) -> dict[str, Memorizer]:
    """The members of the mixture by name, the infinigram first: its corpus says how long a match is."""
    size, end_id = domains.vocabulary_size, domains.end_id
    built = memorizers_of([*domains.old.documents, *met], size, end_id, calibration=(), names=_FIVE)
    found = dict(sorted(built.items(), key=lambda pair: pair[0] != "memorizer:infinigram"))
    alone = memorizers_of(met, size, end_id, calibration=(), names=_ALONE) if met else {}
    return found | {f"{name}, new tokens alone": one for name, one in alone.items()}


def _said(lookup: Memorizer, members: dict[str, Memorizer], weighed: Mixture, row: TokenIds) -> dict[str, float]:
    """nats; log-probability of the row under everyone, the mixture's weights taken for these members."""
    logs = np.array([one.log_probabilities_nats(row) for one in members.values()])
    index = next(iter(members.values())).index
    lengths = index.longest_suffixes(index.known_symbols(row)).lengths[:-1]
    mixed = mix_log_probabilities(logs, weighed.weights, buckets_of(weighed.bucket_starts, lengths))
    own = {f"memorizer:{name}": float(logs[list(members).index(f"memorizer:{name}")].sum()) for name in _FIVE}
    return {LOOKUP: float(lookup.log_probabilities_nats(row).sum())} | own | {MIXTURE: float(mixed.sum())}


def ask_told(asked: Asked, num_tokens: int, length: int, gap: int) -> None:
    """Asks a table that is told the gap: counted of the old domain, or of the tokens of the new one alone.

    Args:
        asked: takes the answers.
        num_tokens: N; 0 for the old domain.
        length: tokens that are read at a time.
        gap: places.
    """
    old, met = asked.domains.old.documents, asked.new_documents(num_tokens)
    size = asked.domains.vocabulary_size
    table = GappedTable(met or old, old if met else (), gap=gap, vocabulary_size=size)
    for part in ("old", "new") if num_tokens else ("seen", "old", "new"):
        texts = asked.parts[part].documents
        rows = [row for text in texts for row in text.reshape(-1, length)]
        nats = np.array([table.log_probabilities_nats(row).sum() for row in rows])
        asked.add(TOLD, part, _by_document(nats, texts, length))
    asked.add_size(TOLD, table.size_bytes)


def _parted(documents: Sequence[TokenIds], num_kept: int) -> tuple[list[TokenIds], list[TokenIds]]:
    """The tokens but the last so many, and these."""
    first, last, left = list[TokenIds](), list[TokenIds](), num_kept
    for document in reversed(documents):
        cut = document.size - min(left, document.size)
        left -= document.size - cut
        if cut:
            first.insert(0, document[:cut])
        if cut < document.size:
            last.insert(0, document[cut:])
    return first, last


def _by_document(nats: Floats, documents: Sequence[TokenIds], length: int) -> Floats:
    """bits; of each document, whose pieces are consecutive."""
    borders = np.cumsum([0, *(document.size // length for document in documents)])[:-1]
    return np.asarray(-np.add.reduceat(nats, borders) / NATS_PER_BIT)
