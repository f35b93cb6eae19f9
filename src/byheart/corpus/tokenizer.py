"""Text to token ids and back, by a tokenizer that is trained here, read from a model, or made of whole words."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path

import numpy as np
import tokenizers
from tokenizers import decoders, models, pre_tokenizers, trainers

from byheart.core.progress import Progress, silent
from byheart.core.tokens import TokenIds
from byheart.core.visible import visible
from byheart.corpus.documents import Corpus, Document
from byheart.corpus.encoding import Encoding, byte_ends_from_characters
from byheart.corpus.end_token import END, LAST_RESORTS, hinted_ends
from byheart.errors import InputError, SourceError, StorageError

__all__ = ["Encoding", "Tokenizer"]

WORDS_END = "<|end of text|>"
"""End token of `Tokenizer.words`: it has blanks, so no word of a text can be taken for it."""
UNKNOWN = "<unk>"
_BLANKS = r"[\x00\x09-\x0d ]+"
_CHARACTERS_PER_BATCH = 1 << 22
NUM_BYTE_SYMBOLS = 256


class Tokenizer:
    """A tokenizer of the `tokenizers` library, with text taken as text.

    Text that looks like a special token is ordinary text, no special tokens are added, nothing is cut or padded.

    Args:
        backend: taken over; its truncation and padding are switched off.
        end_id: the token that stands for the start and the end of a document.
    """

    def __init__(self, backend: tokenizers.Tokenizer, end_id: int) -> None:
        backend.no_truncation()
        backend.no_padding()
        backend.encode_special_tokens = True
        self._backend = backend
        self.end_id = end_id

    @cached_property
    def vocabulary_size(self) -> int:
        """Number of token ids: one more than the largest."""
        return max(self._backend.get_vocab(with_added_tokens=True).values()) + 1

    @property
    def end_token(self) -> str:
        """The end token as text."""
        return self._backend.id_to_token(self.end_id) or ""

    @property
    def unknown_id(self) -> int | None:
        """The token that stands for what is not in the vocabulary, or None when every text can be written."""
        unknown = getattr(self._backend.model, "unk_token", None)
        return None if unknown is None else self._backend.token_to_id(unknown)

    @cached_property
    def start_ids(self) -> TokenIds | None:
        """What stands before a text by the tokenizer's own rule (a model's <bos>), shape [num]; None where nothing."""
        plain, whole = (self._backend.encode("a", add_special_tokens=more).ids for more in (False, True))
        num = next((at for at in range(len(whole)) if whole[at : at + len(plain)] == plain), 0)
        return np.array(whole[:num], dtype=np.int32) if num else None

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever an encoding may.

        Definition:
            the first 128 bits of BLAKE2b over the tokenizer's JSON with sorted keys
        Returns:
            32 hexadecimal digits.
        Source: definition.
        Differs: nothing.
        """
        canonical = json.dumps(json.loads(self._backend.to_str()), sort_keys=True, separators=(",", ":"))
        return hashlib.blake2b(canonical.encode(), digest_size=16).hexdigest()

    @classmethod
    def train(cls, corpus: Corpus, vocabulary_size: int, *, on_progress: Progress = silent) -> "Tokenizer":
        """A byte-level BPE tokenizer; equal corpora give equal files.

        Args:
            corpus: what to learn the merges from.
            vocabulary_size: tokens, at least 257: the end token (id 0) and the bytes. A small corpus may give fewer.
            on_progress: called with bytes read.
        Raises:
            InputError: vocabulary_size below 257.
        Source: Sennrich et al. 2016, "Neural Machine Translation of Rare Words with Subword Units" (arXiv 1508.07909);
            Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", for bytes as the alphabet.
        Differs: digits are split one by one.
        """
        if vocabulary_size <= NUM_BYTE_SYMBOLS:
            raise InputError(
                "A byte-level vocabulary has one end token and 256 bytes at least.",
                why=f"Got vocabulary_size={vocabulary_size}.",
                next_step="Ask for 257 tokens or more.",
            )
        backend = tokenizers.Tokenizer(models.BPE())
        backend.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
        backend.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=vocabulary_size,
            special_tokens=[END],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )

        def texts() -> Iterator[str]:
            done = 0
            for document in corpus:
                yield document.text
                done += document.num_bytes
                on_progress("train tokenizer", done, corpus.num_bytes)

        backend.train_from_iterator(texts(), trainer=trainer, length=len(corpus))
        return cls(backend, 0)  # special tokens come first

    @classmethod
    def words(cls, corpus: Iterable[Document]) -> "Tokenizer":
        """One token per word between ASCII blanks, for text that comes tokenized.

        Ids: 0 the end token, 1 "<unk>" (words that the corpus lacks, and that very word), then the words of the corpus
        by decreasing count, ties by code point.

        Source: Heafield 2011, "KenLM: Faster and Smaller Language Model Queries", whose words are what stands between
            NUL, tab, line breaks and blank.
        Differs: the end token stands for both <s> and </s>.
        """
        counts = Counter(chain.from_iterable(re.split(_BLANKS, document.text) for document in corpus))
        counts.pop("", None)
        counts.pop(UNKNOWN, None)
        ordered = sorted(counts, key=lambda word: (-counts[word], word))
        vocabulary = {word: word_id for word_id, word in enumerate([WORDS_END, UNKNOWN, *ordered])}
        backend = tokenizers.Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
        backend.pre_tokenizer = pre_tokenizers.Split(tokenizers.Regex(_BLANKS), "removed")
        backend.add_special_tokens([WORDS_END])
        return cls(backend, vocabulary[WORDS_END])

    @classmethod
    def from_folder(cls, path: Path) -> "Tokenizer":
        """The tokenizer of a model folder: tokenizer.json, and the hints beside it for the end token.

        Raises:
            SourceError: no tokenizer.json, not readable, or no end token.
        """
        return cls.from_file(Path(path) / "tokenizer.json")

    @classmethod
    def from_file(cls, path: Path) -> "Tokenizer":
        """The tokenizer of a tokenizer.json.

        The end token is "<|endoftext|>" where that is special, else what the files beside it call the end of a text,
        else a customary name.

        Raises:
            SourceError: missing, not readable, or no end token.
        """
        shown = visible(str(path))
        try:
            content = Path(path).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise SourceError(
                f"No tokenizer can be read from {shown}.",
                why=str(error),
                next_step="Name a tokenizer.json of the `tokenizers` library, or a folder that has one.",
            ) from error
        try:
            backend = tokenizers.Tokenizer.from_str(content)
        except Exception as error:  # the library raises nothing more particular
            raise SourceError(
                f"{shown} is not a tokenizer of the `tokenizers` library.",
                why=visible(str(error)),
                next_step="Save the tokenizer again with a current version of transformers or tokenizers.",
            ) from error
        special = {token_id for token_id, token in backend.get_added_tokens_decoder().items() if token.special}
        end_id = backend.token_to_id(END)
        if end_id is not None and end_id in special:
            return cls(backend, end_id)
        for hint in (*hinted_ends(Path(path).parent), WORDS_END, *LAST_RESORTS):
            end_id = backend.token_to_id(hint) if isinstance(hint, str) else hint
            if end_id is not None and backend.id_to_token(end_id) is not None:
                return cls(backend, end_id)
        raise SourceError(
            f"The tokenizer {shown} has no token for the end of a text.",
            why=f"Neither {END} nor an eos_token in tokenizer_config.json nor {' nor '.join(LAST_RESORTS)} is in it.",
            next_step="Put a tokenizer_config.json with an eos_token beside it.",
        )

    def encode(self, text: str) -> Encoding:
        """One text as tokens.

        Raises:
            InputError: the text has lone surrogates.
        """
        return self.encode_many([text])[0]

    def encode_many(self, texts: Sequence[str], *, on_progress: Progress = silent) -> list[Encoding]:
        """Several texts as tokens, on all cores.

        Args:
            texts: any number.
            on_progress: called with texts encoded.
        Raises:
            InputError: a text has lone surrogates.
        """
        encodings: list[Encoding] = []
        for batch in _batches(texts):
            for text, one in zip(batch, self._encoded(batch, with_places=True), strict=True):
                token_ids = np.array(one.ids, dtype=np.int32)
                offsets = np.fromiter(chain.from_iterable(one.offsets), dtype=np.int64, count=2 * token_ids.size)
                encodings.append(Encoding(token_ids, byte_ends_from_characters(offsets[1::2], text)))
            on_progress("encode", len(encodings), len(texts))
        return encodings

    def token_ids_many(self, texts: Sequence[str]) -> list[TokenIds]:
        """The token ids that `encode_many` gives, in half the time: nobody asks where each token stands.

        Raises:
            InputError: a text has lone surrogates.
        """
        batches = (self._encoded(batch, with_places=False) for batch in _batches(texts))
        return [np.array(one.ids, dtype=np.int32) for batch in batches for one in batch]

    def _encoded(self, batch: list[str], *, with_places: bool) -> list[tokenizers.Encoding]:
        encode = self._backend.encode_batch if with_places else self._backend.encode_batch_fast
        try:
            return encode(batch, add_special_tokens=False)
        except TypeError as error:
            raise InputError(
                "A text cannot be written as UTF-8.",
                why="It holds a lone surrogate, half a character.",
                next_step="Decode it with errors='replace' first.",
            ) from error

    def decode(self, token_ids: TokenIds) -> str:
        """The text of a run of tokens; special tokens are left out.

        Args:
            token_ids: shape [num_tokens]. A run that starts or ends inside a character shows U+FFFD there.
        Raises:
            InputError: an id outside the vocabulary.
        """
        ids = np.asarray(token_ids, dtype=np.int64)
        if ids.size and (int(ids.min()) < 0 or int(ids.max()) >= self.vocabulary_size):
            raise InputError(
                "A token id is outside the vocabulary.",
                why=f"Ids run from {int(ids.min())} to {int(ids.max())}, the vocabulary has {self.vocabulary_size}.",
                next_step="Decode with the tokenizer that encoded the text.",
            )
        return self._backend.decode(ids.tolist(), skip_special_tokens=True)

    def save(self, folder: Path) -> None:
        """Writes tokenizer.json and the tokenizer_config.json that transformers' AutoTokenizer reads.

        Raises:
            StorageError: the folder cannot be written.
        """
        config = {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": self.end_token,
            "eos_token": self.end_token,
            "clean_up_tokenization_spaces": False,
        }
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
            (Path(folder) / "tokenizer.json").write_text(self._backend.to_str(), encoding="utf-8")
            (Path(folder) / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise StorageError(
                f"The tokenizer cannot be written to {visible(str(folder))}.",
                why=str(error),
                next_step="Choose a folder that you may write to.",
            ) from error


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """Runs of texts with few enough characters that the library's bulky encodings fit in memory."""
    batch: list[str] = []
    num_characters = 0
    for text in texts:
        if batch and num_characters + len(text) > _CHARACTERS_PER_BATCH:
            yield batch
            batch, num_characters = [], 0
        batch.append(text)
        num_characters += len(text)
    if batch:
        yield batch
