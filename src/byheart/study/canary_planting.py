"""Makes lists of planted secrets, and plants them into a user's own training data."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import randbits

from byheart.audits.exposure import MIN_PAIRS
from byheart.core.codec import dumps
from byheart.core.progress import Progress, silent
from byheart.core.streams import stream
from byheart.core.visible import visible
from byheart.corpus import readers
from byheart.corpus.atomic_file import creating, require_free
from byheart.corpus.documents import Document
from byheart.corpus.secrets import SecretList, is_as_made, make_secrets, read_secrets, write_secrets
from byheart.errors import ConfigError, FormatError, InputError, SourceError

FEWEST_CANDIDATES = 20
"""Of fewer, none has a p-value of 0.05."""
GUESSABLE_SEEDS = 2**64
"""Seeds below can be tried one after another until the fingerprint is right."""
LARGEST_SHARE = 0.01
"""Of the bytes of the training data: more would change what is trained, not only be remembered by it."""
STAGE = "plant"


@dataclass(frozen=True)
class Planted:
    """What was written."""

    num_documents: int
    """Of the source."""
    num_copies: int
    """Of planted canaries among them."""
    share: float
    """Of all bytes that are the copies', in [0, LARGEST_SHARE]."""
    secrets: SecretList
    """Whose planted ones they are."""


def make_canaries(
    output: Path, *, num_pairs: int, repetitions: Sequence[int], digits: int, words: int, seed: int | None
) -> SecretList:
    """Makes pairs of secrets, flips their coins, and writes the list where only its owner may read it.

    Args:
        output: a file that does not exist.
        num_pairs: of twins.
        repetitions: copies of the planted ones.
        digits: of the secrets of templates.
        words: of the secrets of random tokens.
        seed: None draws 128 bits from the operating system, and who does not have the file cannot make it again. With
            a seed that others use too, their canaries are the same, and may stand in the training text already; and
            whoever guesses it knows every secret, and can check the guess by a published fingerprint.
    Returns:
        the list.
    Raises:
        InputError: an argument outside its range.
        StorageError: the place is taken or cannot be written.
    """
    require_free(output)
    root = randbits(128) if seed is None else seed
    rng = stream(root, "canary", "make")
    made = make_secrets(num_pairs, seed=root, repetitions=repetitions, digits=digits, words=words, rng=rng)
    write_secrets(output, made)
    return made


def canary_warnings(secrets: SecretList) -> tuple[str, ...]:
    """What is wrong with a list for an audit or a publication, in sentences; none where nothing is.

    Args:
        secrets: as made.
    """
    warnings = []
    if secrets.seed < GUESSABLE_SEEDS:
        warnings.append(
            f"whoever tries the seed {secrets.seed} has all secrets, and knows by the fingerprint that they are right: "
            "do not publish it. Without --seed none can."
        )
    if len(secrets.pairs) < MIN_PAIRS:
        warnings.append(f"the exposure audit refuses fewer than {MIN_PAIRS} pairs: --pairs {MIN_PAIRS} or more.")
    if min(pair.space_size for pair in secrets.pairs) - 1 < FEWEST_CANDIDATES:
        warnings.append("secrets of one digit are too few for any of them to stand out significantly: --digits 2.")
    return tuple(warnings)


def read_canaries(path: Path) -> SecretList:
    """The list of a file, as `byheart canary make` wrote it.

    Args:
        path: the file.
    Raises:
        SourceError: there is no such file.
        FormatError: it is no such list, or its secrets or coins are not those that its seed gives.
    Cost: that of making the list again, some 0.1 ms for each pair.
    """
    secrets = read_secrets(path)
    if not is_as_made(secrets, rng=stream(secrets.seed, "canary", "make")):
        raise FormatError(
            f"{visible(str(path))} is not a list of canaries as it was made.",
            why="Its secrets or coins are not what its seed gives: they were changed, or another version made them.",
            next_step="Name a file that `byheart canary make` wrote, unchanged.",
        )
    return secrets


def plant_canaries(
    canaries: Path,
    source: str,
    output: Path,
    *,
    lines: bool = False,
    skip_bad: bool = False,
    on_progress: Progress = silent,
) -> Planted:
    """Writes the documents of a source with the planted canaries among them, each copy a document of its own.

    The places follow from the list's own seed: the same list and source give the same bytes. The source is read twice
    and never held in memory.

    Args:
        canaries: the list.
        source: as for `readers.read`.
        output: a .jsonl that does not exist; records of name and text, readable by its owner only.
        lines: as for `readers.read`.
        skip_bad: as for `readers.read`.
        on_progress: told the documents written.
    Raises:
        ConfigError: the output is not named as what it is.
        InputError: the copies would be more than LARGEST_SHARE of the bytes.
        SourceError: the source cannot be read, holds a canary already, or changed meanwhile.
        StorageError: the place is taken or cannot be written.
    Cost: reading the source twice, and looking for each pair in it.
    """
    if not output.name.endswith(".jsonl"):
        raise ConfigError(
            f"{visible(str(output))} is not named .jsonl.", next_step="What is written are JSON lines: -o OUT.jsonl."
        )
    require_free(output)
    secrets = read_canaries(canaries)
    beginnings = [pair.beginning for pair in secrets.pairs]
    num_documents = num_bytes = 0
    for document in readers.stream(source, lines=lines, skip_bad=skip_bad, on_progress=on_progress):
        num_documents, num_bytes = num_documents + 1, num_bytes + document.num_bytes
        if any(beginning in document.text for beginning in beginnings):
            raise SourceError(
                f"{visible(source)} holds a canary of this list already.",
                why=f"In {visible(document.name)}.",
                next_step="Plant into the data as they were before, or make other canaries.",
            )
    share = _share(secrets, num_bytes)
    places = iter(_places(secrets, num_documents))
    copies = _copies(secrets)
    written = 0
    with creating(output) as file:
        next_place = next(places, None)
        for document in readers.stream(source, lines=lines, skip_bad=skip_bad):
            while next_place == written:
                file.write(_record(next(copies)))
                written, next_place = written + 1, next(places, None)
            file.write(_record(document))
            written += 1
            on_progress(STAGE, written, num_documents)
        for copy in copies:
            file.write(_record(copy))
            written += 1
        num_copies = sum(pair.repetitions for pair in secrets.pairs)
        if written != num_documents + num_copies:
            raise SourceError(
                f"{visible(source)} changed while it was read.",
                why=f"It had {num_documents:,} documents, then {written - num_copies:,}.",
                next_step="Wait until nothing writes to it, and type the command again.",
            )
    return Planted(num_documents, num_copies, share, secrets)


def plant_texts(secrets: SecretList, texts: Sequence[str], *, largest_share: float = LARGEST_SHARE) -> tuple[str, ...]:
    """Texts in memory with the planted copies among them, at the places that `plant_canaries` would take.

    Args:
        secrets: the list.
        texts: of the training, as they were; an empty one counts.
        largest_share: of the bytes that may be the copies', in (0, 1].
    Returns:
        all texts in their order, the copies between them.
    Raises:
        InputError: the copies would be more than that share.
        SourceError: a text holds a canary already.
    Cost: looking for each pair in each text.
    """
    for pair in secrets.pairs:
        if any(pair.beginning in text for text in texts):
            raise SourceError(
                "The training texts hold a canary of this list already.",
                next_step="Plant into the data as they were before, or make other canaries.",
            )
    _share(secrets, sum(len(text.encode("utf-8", "surrogatepass")) for text in texts), largest_share)
    places = set(_places(secrets, len(texts)))
    copies, rest = _copies(secrets), iter(texts)
    return tuple(next(copies).text if at in places else next(rest) for at in range(len(texts) + len(places)))


def _share(secrets: SecretList, num_bytes: int, largest: float = LARGEST_SHARE) -> float:
    planted = secrets.num_planted_bytes
    share = planted / (planted + num_bytes)
    if share > largest:
        needed = round(planted * (1 / largest - 1))
        raise InputError(
            f"The canaries would be {100 * share:.1f} % of the data; at most {100 * largest:g} % may be.",
            why=f"Their copies have {planted:,} bytes, so the source needs {needed:,}; it has {num_bytes:,}.",
            next_step="Give more data, or make fewer canaries: `byheart canary make --pairs N --repetitions 1,4`.",
        )
    return share


def _places(secrets: SecretList, num_documents: int) -> list[int]:
    """Where the copies stand among all records, ascending: each choice of places is equally likely."""
    num_copies = sum(pair.repetitions for pair in secrets.pairs)
    rng = stream(secrets.seed, "canary", "places")
    chosen: list[int] = rng.choice(num_documents + num_copies, size=num_copies, replace=False).tolist()
    return sorted(chosen)


def _copies(secrets: SecretList) -> Iterator[Document]:
    """The copies in random order, under names that say nothing: who trains need not know which records they are."""
    rng = stream(secrets.seed, "canary", "order")
    texts = [pair.planted_text for pair in secrets.pairs for _ in range(pair.repetitions)]
    for index in rng.permutation(len(texts)):
        yield Document(rng.bytes(8).hex(), texts[index])


def _record(document: Document) -> bytes:
    return dumps({"name": document.name, "text": document.text}).encode("ascii") + b"\n"
