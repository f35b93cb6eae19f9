import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.core.predictor import Access, given_lengths
from byheart.core.token_scores import TokenScores, token_scores
from byheart.core.tokens import Floats, TokenIds
from byheart.corpus.documents import Corpus, Document
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import ConfigError, InputError, NumericalError
from byheart.index import Index
from byheart.memorizers.infinigram import Infinigram
from byheart.memorizers.markov import Markov
from byheart.memorizers.memorizer import Memorizer
from byheart.study import text_batches, token_table
from byheart.study.score_plan import ScorePlan
from byheart.study.scorers import MemorizerScorer, ModelScorer, windows
from byheart.study.text_batches import Encoder
from byheart.study.text_score import score_text
from tests.memorizers.test_laws import MAKERS

LINES = ("the cat sat on the mat", "the dog sat on the log", "a cat and a dog", "the cat sat on the dog")
ASKED = ("the cat sat on a bird", "bird", "a dog and the cat sat on the dog")
CORPUS = Corpus(tuple(Document(f"train:{number}", line) for number, line in enumerate(LINES)))
WORDS = Tokenizer.words(CORPUS)
SIZE, END = WORDS.vocabulary_size, WORDS.end_id
TEXTS = [Document(f"held:{number}", line) for number, line in enumerate(ASKED)]


def index_of_words() -> Index:
    encoded = [one.token_ids for one in WORDS.encode_many(LINES)]
    return Index.build(encoded, list(LINES), unit="tokens", alphabet_size=SIZE)


def words_scorer(name: str = "markov") -> MemorizerScorer:
    return MemorizerScorer(MAKERS[name](index_of_words(), SIZE, END), Encoder(WORDS), "tokens")


class Alternating:
    """A model of a short context whose distribution depends on how many tokens it has read, and on the last of them."""

    name, access, context_tokens, fingerprint, size_bytes = "model:alternating", Access.WEIGHTS, 3, "", 0
    vocabulary_size, end_id = SIZE, END

    def __init__(self) -> None:
        self.batches: list[list[int]] = []

    def row(self, context: TokenIds) -> Floats:
        assert context.size <= self.context_tokens
        weights = 1.0 + np.arange(SIZE) * (1 + context.size) + (np.arange(SIZE) == (context[-1:].sum() + 1) % SIZE)
        return np.log(weights / weights.sum())

    def score(self, texts: Sequence[TokenIds], num_given: Sequence[int] = ()) -> list[TokenScores]:
        self.batches.append([text.size for text in texts])
        return [
            token_scores(text[first:], np.array([self.row(text[:at]) for at in range(first, text.size)]))
            for text, first in zip(texts, given_lengths(texts, num_given), strict=True)
        ]


@given(num_tokens=st.integers(0, 60), longest=st.integers(1, 9))
def test_windows_count_each_token_once_and_give_it_half_a_window_of_context(num_tokens: int, longest: int) -> None:
    counted: list[int] = []
    for start, stop, first in windows(num_tokens, longest):
        assert stop - start == min(longest, num_tokens)
        counted += range(first, stop)
        if start:
            assert first - start >= longest - max(longest // 2, 1)
        else:
            assert stop <= longest
    assert counted == list(range(num_tokens))


def test_perplexities_are_those_of_kenlm_worked_by_hand() -> None:
    scorer = words_scorer()
    found = score_text(scorer, TEXTS)
    unknown = WORDS.unknown_id
    total = known = 0.0
    num_known = 0
    for text in ASKED:
        tokens = [*WORDS.encode(text).token_ids.tolist(), END]
        logs = scorer.memorizer.log_probabilities_nats(np.array(tokens, dtype=np.int32))
        total += logs.sum()
        known += sum(log for token, log in zip(tokens, logs, strict=True) if token != unknown)
        num_known += sum(token != unknown for token in tokens)
    assert found.num_tokens == 6 + 1 + 1 + 1 + 9 + 1
    assert (found.num_oov_tokens, found.num_documents) == (2, 3)
    assert found.num_bytes == sum(len(text) for text in ASKED)
    assert found.perplexity == pytest.approx(math.exp(-total / found.num_tokens), rel=1e-12)
    assert found.perplexity_without_oov == pytest.approx(math.exp(-known / num_known), rel=1e-12)
    assert found.bits_per_token == pytest.approx(-total / math.log(2) / found.num_tokens, rel=1e-12)
    assert found.bits_per_byte == pytest.approx(-total / math.log(2) / found.num_bytes, rel=1e-12)
    assert "within one vocabulary" in found.notes[0]


def test_every_end_of_a_document_is_known_even_where_the_unknown_token_is_the_end_token() -> None:
    scorer = words_scorer()
    scorer.encoder.unknown_id = END
    assert score_text(scorer, TEXTS).num_oov_tokens == 0


@pytest.mark.parametrize("name", MAKERS)
def test_the_fast_road_of_each_memorizer_gives_the_numbers_of_the_whole_table(name: str) -> None:
    scorer = words_scorer(name)
    fast, whole = (score_text(scorer, TEXTS, wanted=wanted) for wanted in ("none", "all"))
    assert fast.table == ()
    assert fast.total_nats == pytest.approx(whole.total_nats, rel=1e-12)
    assert fast.oov_nats == pytest.approx(whole.oov_nats, rel=1e-12)
    assert len(whole.table) == whole.num_tokens
    assert sum(row.bits for row in whole.table) == pytest.approx(whole.bits_per_token * whole.num_tokens, rel=1e-12)
    assert [row.is_oov for row in whole.table].count(True) == 2


@pytest.mark.parametrize("name", MAKERS)
def test_the_costliest_tokens_are_rows_of_the_whole_table(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_table, "WHOLE_TOKENS", 9)
    monkeypatch.setattr(token_table, "COSTLIEST_TOKENS", 4)
    monkeypatch.setattr(text_batches, "_CHARACTERS_PER_BATCH", 8)
    scorer = words_scorer(name)
    whole = score_text(scorer, TEXTS, wanted="all").table
    few = score_text(scorer, TEXTS, wanted="costliest").table
    by_cost = sorted(range(len(whole)), key=lambda place: (-round(whole[place].bits, 9), place))[:4]
    for row, place in zip(few, sorted(by_cost), strict=True):
        for field in ("document", "start", "token_id", "is_end", "is_oov", "rank", "match_tokens", "match_count"):
            assert getattr(row, field) == getattr(whole[place], field), field
        assert row.bits == pytest.approx(whole[place].bits, rel=1e-12)
    assert len(score_text(scorer, TEXTS[1:2], wanted="costliest").table) == 2


def test_rows_say_what_stands_where_and_what_the_prediction_rests_on() -> None:
    scorer = MemorizerScorer(Infinigram(index_of_words(), vocabulary_size=SIZE, end_id=END), Encoder(WORDS), "tokens")
    text = "the cat sat"
    table = score_text(scorer, [Document("d", text)], wanted="costliest").table
    assert [(row.text, row.start, row.stop) for row in table] == [
        ("the", 0, 3),
        (" cat", 3, 7),
        (" sat", 7, 11),
        ("", 11, 11),
    ]
    assert [row.match_tokens for row in table] == [0, 1, 2, 3]
    # "the" stands twice in lines 0, 1 and 3, "the cat" and "the cat sat" in lines 0 and 3.
    assert [row.match_count for row in table] == [0, 2 + 2 + 2, 2, 2]
    assert [row.is_end for row in table] == [False, False, False, True]


def test_the_texts_of_all_rows_are_the_text_even_where_tokens_are_parts_of_characters() -> None:
    tokenizer = Tokenizer.train(CORPUS, 270)
    ids = [one.token_ids for one in tokenizer.encode_many(LINES)]
    index = Index.build(ids, list(LINES), unit="tokens", alphabet_size=tokenizer.vocabulary_size)
    memorizer = Markov(index, vocabulary_size=tokenizer.vocabulary_size, end_id=tokenizer.end_id)
    text = "the é 猫 😀"
    table = score_text(
        MemorizerScorer(memorizer, Encoder(tokenizer), "tokens"), [Document("d", text)], wanted="all"
    ).table
    assert "".join(row.text for row in table) == text
    assert len(table) > len(text)
    assert [row.start for row in table[1:]] == [row.stop for row in table[:-1]]


def test_bytes_are_tokens_of_their_own_and_the_end_is_one_more() -> None:
    documents = [np.frombuffer(line.encode(), dtype=np.uint8) for line in LINES]
    index = Index.build(documents, list(LINES), unit="bytes", alphabet_size=256)
    encoder = Encoder(None)
    scorer = MemorizerScorer(Markov(index, vocabulary_size=encoder.vocabulary_size, end_id=256), encoder, "bytes")
    found = score_text(scorer, [Document("d", "caté")], wanted="costliest")
    assert (found.num_tokens, found.num_bytes, found.num_oov_tokens) == (5 + 1, 5, 0)
    assert [row.token_id for row in found.table] == [*"caté".encode(), 256]
    assert found.bits_per_byte == pytest.approx(found.bits_per_token * 6 / 5, rel=1e-12)
    assert found.notes == ()


def test_batches_change_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    scorer = words_scorer("boolean")
    together = score_text(scorer, TEXTS * 3, wanted="all")
    monkeypatch.setattr(text_batches, "_CHARACTERS_PER_BATCH", 1)
    apart = score_text(scorer, TEXTS * 3, wanted="all")
    assert apart.table == together.table
    assert apart.total_nats == pytest.approx(together.total_nats, rel=1e-12)


def test_a_model_reads_long_documents_in_windows_that_overlap_by_half() -> None:
    model = Alternating()
    text = " ".join(LINES[0].split() * 3)
    ids = np.append(WORDS.encode(text).token_ids, END).astype(np.int32)
    found = score_text(
        ModelScorer(model, Encoder(WORDS)), [Document("d", text), Document("e", "the cat")], wanted="all"
    )
    # Windows of 3 + 1 tokens that advance by 2; the last of the 19 tokens stands alone at the end of a whole window.
    lengths = [0, 1, 2, 3, *[2, 3] * 7, 3]
    expected = [-model.row(ids[at - length : at])[ids[at]] for at, length in enumerate(lengths)]
    assert [row.bits for row in found.table[: ids.size]] == pytest.approx(
        [e / math.log(2) for e in expected], rel=1e-12
    )
    assert found.table[0].match_tokens is None
    assert "windows of as many that overlap by half" in found.notes[0]
    assert all(size <= 4 for sizes in model.batches for size in sizes)
    assert score_text(ModelScorer(model, Encoder(WORDS)), [Document("e", "the cat")]).notes == ()


def test_no_text_and_numbers_that_are_not_finite_are_refused() -> None:
    with pytest.raises(InputError, match="no text"):
        score_text(words_scorer(), [])

    class Broken(Infinigram):
        def _log_probabilities(self, token_ids: TokenIds) -> Floats:
            return np.full(token_ids.size, -np.inf)

    broken = Broken(index_of_words(), vocabulary_size=SIZE, end_id=END)
    with pytest.raises(NumericalError, match="not finite"):
        score_text(MemorizerScorer(broken, Encoder(WORDS), "tokens"), TEXTS)


def test_a_perplexity_that_no_float_holds_is_none() -> None:
    class Surprised(Infinigram):
        def _log_probabilities(self, token_ids: TokenIds) -> Floats:
            return np.full(token_ids.size, -1e6)

    memorizer: Memorizer = Surprised(index_of_words(), vocabulary_size=SIZE, end_id=END)
    found = score_text(MemorizerScorer(memorizer, Encoder(WORDS), "tokens"), TEXTS)
    assert found.perplexity is None
    assert found.bits_per_token == pytest.approx(1e6 / math.log(2), rel=1e-12)


def test_progress_counts_the_bytes_of_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_batches, "_CHARACTERS_PER_BATCH", 1)
    heard: list[tuple[str, float, float]] = []
    total = sum(len(text) for text in ASKED)
    score_text(
        words_scorer("boolean"),
        TEXTS,
        wanted="all",
        total_bytes=total,
        on_progress=lambda stage, done, total, note="": heard.append((stage, done, total)),
    )
    assert {stage for stage, _, _ in heard} == {"score"}
    assert [done for _, done, _ in heard] == sorted(done for _, done, _ in heard)
    assert heard[-1] == ("score", total, total)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"model": "memorizer:markov"}, "--index"),
        ({"model": "memorizer:markow", "index": "i"}, "markov"),
        ({"model": "folder", "index": "i"}, "--index"),
        ({"model": "folder", "tokenizer": "t", "calibration": ("c",)}, "--calibration"),
        ({"model": "memorizer:markov", "index": "i", "calibration": ("c",)}, "mixture"),
    ],
)
def test_an_ill_formed_plan_says_what_to_change(arguments: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        ScorePlan(source="t.txt", **arguments)  # type: ignore[arg-type]
