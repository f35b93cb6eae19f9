"""A model that never saw the text must not be convicted: the excess over held-out text holds its level."""

import numpy as np

from byheart.audits.extraction import AUDIT, Params
from byheart.core.evidence import Estimate
from byheart.core.needs import WindowsNeed
from byheart.core.streams import stream
from byheart.corpus.documents import Corpus, Document
from byheart.corpus.encoded import encode_corpus
from byheart.corpus.tokenizer import Tokenizer
from byheart.memorizers import build
from byheart.study.asking import Answers
from byheart.study.inputs import inputs_for
from byheart.study.materials import windows
from byheart.study.passages import Passage
from byheart.study.scoring import Throughput
from byheart.study.subjects import Cast, Subject, build_index
from tests.study.corpora import library_texts

LICENCE = "".join(
    f"# Clause {i}: the holder grants every person a right of kind {i * i} without charge.\n" for i in range(40)
)


def exchangeable(rng: np.random.Generator) -> list[Corpus]:
    """Three sets of documents of one source, a third of them beginning with one licence: nothing tells them apart."""
    texts = [
        Document(name, (LICENCE if rng.random() < 1 / 3 else "") + text[int(rng.integers(1000)) :])
        for name, text in library_texts(45, smallest=2500, largest=20000)
    ]
    order = rng.permutation(len(texts))
    return [Corpus(tuple(texts[i] for i in order[k::3])) for k in range(3)]


def excess_of_a_stranger(seed: int, tokenizer: Tokenizer) -> Estimate:
    """The audit's greedy rate of a memorizer of a third set, members and controls from the other two."""
    rng = stream(seed, "null")
    seen, unseen, elsewhere = (encode_corpus(corpus, tokenizer) for corpus in exchangeable(rng))
    need = WindowsNeed(num_windows=15)
    stranger = build(
        "infinigram",
        build_index(elsewhere, tokenizer),
        vocabulary_size=tokenizer.vocabulary_size,
        end_id=tokenizer.end_id,
    )
    subject = Subject("stranger", "model", stranger)
    cast = Cast((subject,), tokenizer, seen, unseen, build_index(seen, tokenizer))
    found = windows(need, cast, rng=rng)
    scores = {p.fingerprint: stranger.score([p.token_ids], [p.num_given])[0] for p in found if isinstance(p, Passage)}
    answers = Answers({need: found}, {("stranger", need): scores}, {}, {"stranger": Throughput()})
    evidence = AUDIT.run(inputs_for((need,), subject, answers, cast), Params(num_windows=15), rng=rng)
    return next(e for e in evidence if isinstance(e, Estimate) and e.name == "extraction.greedy_rate")


def test_a_stranger_is_not_convicted_although_common_text_comes_out() -> None:
    tokenizer = Tokenizer.train(Corpus(tuple(Document(n, t) for n, t in library_texts(20))), 600)
    estimates = [excess_of_a_stranger(seed, tokenizer) for seed in range(24)]
    assert sum(e.value > 0 for e in estimates) > 5  # the licence does come out: the test can fail
    convicted = sum(e.excess is not None and (e.excess.low > 0 or e.excess.high < 0) for e in estimates)
    # At level 0.05, more than 4 of 24 would happen by chance in 1 study of 170: Binomial(24, 0.05).
    assert convicted <= 4
