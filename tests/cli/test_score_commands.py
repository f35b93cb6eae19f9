"""A text under a memorizer, as people and scripts see it."""

import json
import math
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from byheart.cli.app import app
from byheart.core.predictor import Scores
from byheart.corpus.documents import Corpus, Document
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import ByheartError
from byheart.index import Index
from byheart.memorizers import NAMES

TRAIN = "a b r a c a d a b r a\na b r a\nb a r b a r a\nc a b\na c a d a b r a\nr a b a d a c\n"
HELD_OUT = "a b r a c a b\nx b a r\nd a b r a y y\nc\n"
KENLM_PERPLEXITY, KENLM_WITHOUT_OOV, KENLM_OOVS, KENLM_TOKENS = 4.702914076230368, 3.377425095504079, 3, 23
"""What KenLM 0.3.0 printed for these two texts: lmplz -o 5 --discount_fallback, query -v summary."""
KENLM_LOG10 = [
    -0.4151559, -0.31754166, -0.17463389, -0.046028756, -0.37223116, -0.06039685, -0.92298067, -0.21723539,
    -1.5015157, -0.8202745, -0.3620564, -0.4084479, -1.7233646,
    -1.3351843, -0.19760002, -0.4001019, -0.17463389, -0.046028756, -2.190726, -1.2004857, -0.8202745,
    -0.84086096, -0.9166821,
]  # fmt: skip
"""Of each word and each </s>: query -v word; its digits are those of a float32."""


def shown(*arguments: str, text: str | None = None) -> str:
    """What a command prints on stdout, in this process: starting one takes a second."""
    done = CliRunner().invoke(app, arguments, input=text, catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def refused(code: int, named: str, *arguments: str, text: str | None = None) -> None:
    """Checks that a command says what is wrong with it, and with which exit code."""
    with pytest.raises(ByheartError, match=re.escape(named)) as raised:
        CliRunner().invoke(app, ("score", *arguments), input=text, catch_exceptions=False)
    assert raised.value.exit_code == code


def answer(*arguments: str, text: str | None = None) -> Any:
    return json.loads(shown("score", *arguments, "--json", text=text))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """train.txt and held.txt, with an index of the words and one of the bytes of train.txt."""
    folder = tmp_path_factory.mktemp("score")
    (folder / "train.txt").write_text(TRAIN)
    (folder / "held.txt").write_text(HELD_OUT)
    words = ("--unit", "tokens", "--tokenizer", "whitespace")
    shown("index", str(folder / "train.txt"), "-o", str(folder / "words"), "--lines", *words, "-q")
    shown("index", str(folder / "train.txt"), "-o", str(folder / "bytes"), "--lines", "-q")
    return folder


def asked(folder: Path, name: str = "markov", index: str = "words") -> tuple[str, ...]:
    return (str(folder / "held.txt"), "--with", f"memorizer:{name}", "--index", str(folder / index), "--lines", "-q")


def test_markov_says_what_kenlm_says(folder: Path) -> None:
    found = answer(*asked(folder))
    assert found["perplexity"] == pytest.approx(KENLM_PERPLEXITY, rel=1e-6)
    assert found["perplexity_without_oov"] == pytest.approx(KENLM_WITHOUT_OOV, rel=1e-6)
    assert (found["oov_tokens"], found["tokens"]) == (KENLM_OOVS, KENLM_TOKENS)
    every = answer(*asked(folder), "--all")["token_table"]["bits"]
    assert every == pytest.approx([-log10 * math.log2(10) for log10 in KENLM_LOG10], rel=1e-6)


def test_the_names_of_the_answer_are_frozen(folder: Path) -> None:
    # Scripts rely on them: changing this list needs an entry in CHANGELOG.md.
    found = answer(*asked(folder))
    assert list(found) == [
        "tokens", "bytes", "oov_tokens", "bits_per_token", "bits_per_byte", "perplexity", "perplexity_without_oov",
        "documents", "unit", "with", "notes",
    ]  # fmt: skip
    assert (found["documents"], found["unit"], found["with"]) == (4, "tokens", "memorizer:markov")
    assert found["bytes"] == len(HELD_OUT) - 4
    table = answer(*asked(folder), "--all")["token_table"]
    assert list(table) == [
        "document", "start", "stop", "text", "token_id", "is_end", "is_oov", "bits", "rank", "match_tokens",
        "match_count",
    ]  # fmt: skip
    assert {len(column) for column in table.values()} == {KENLM_TOKENS}


@pytest.mark.parametrize(
    ("name", "index"),
    [*((name, "words") for name in NAMES if name != "mixture"), ("markov", "bytes"), ("infinigram", "bytes")],
)
def test_every_memorizer_scores_words_and_bytes(folder: Path, name: str, index: str) -> None:
    found = answer(*asked(folder, name, index))
    assert found["tokens"] == (KENLM_TOKENS if index == "words" else len(HELD_OUT))
    assert found["oov_tokens"] == (KENLM_OOVS if index == "words" else 0)
    assert found["bits_per_byte"] * found["bytes"] == pytest.approx(found["bits_per_token"] * found["tokens"])
    assert 0 < found["bits_per_byte"] < 8.1


def test_a_person_sees_each_token_of_a_short_text_and_the_costliest_of_a_long_one(folder: Path) -> None:
    told = shown("score", *asked(folder)).splitlines()
    assert len([line for line in told if line.lstrip().startswith("held.txt:")]) == KENLM_TOKENS
    assert "held.txt:3:9     7.277" in "\n".join(told)
    assert any(line.endswith("<end of document>") for line in told)
    assert "memorizer:markov: 23 tokens (4 ends of documents included), 34 bytes of text" in told
    assert "perplexity 4.703" in "\n".join(told)
    assert "perplexity 3.377 without the 3 words (13.0% of the tokens)" in "\n".join(told)
    long = ("-", *asked(folder)[1:])
    told = shown("score", *long, text=HELD_OUT * 3).splitlines()
    assert told[0] == "The 20 costliest of 69 tokens; --all shows every one."
    assert len([line for line in told if line.lstrip().startswith("-:")]) == 20
    told = shown("score", *long, "--all", text=HELD_OUT * 3).splitlines()
    assert len([line for line in told if line.lstrip().startswith("-:")]) == 3 * KENLM_TOKENS


def test_a_person_sees_bytes_as_bytes(folder: Path) -> None:
    told = shown("score", "-", *asked(folder, index="bytes")[1:-2], "-q", text="bé").splitlines()
    assert [line.split()[0] for line in told[1:5]] == ["0", "1", "2", "3"]
    assert "memorizer:markov: 3 bytes of text and its end" in told


def test_the_mixture_is_fitted_on_other_text_and_on_no_other_memorizers_behalf(folder: Path) -> None:
    (folder / "other.txt").write_text("a b a b r a x\nb r a c\n" * 20)
    given = ("--calibration", str(folder / "other.txt"))
    found = answer(*asked(folder, "mixture"), *given)
    assert found["notes"][0].endswith(f"fitted on {20 * (7 + 1 + 4 + 1)} tokens of 40 calibration documents.")
    assert 0 < found["bits_per_byte"] < answer(*asked(folder, "knowledge"))["bits_per_byte"]
    refused(2, "Add --calibration SOURCE", *asked(folder, "mixture"))
    refused(2, "takes no --calibration", *asked(folder, "markov"), *given)
    refused(2, "its own calibration", *asked(folder, "mixture"), "--calibration", str(folder / "held.txt"))
    (folder / "copy.txt").write_text((folder / "held.txt").read_text())
    refused(2, "its own calibration", *asked(folder, "mixture"), "--calibration", str(folder / "copy.txt"))
    line = (folder / "held.txt").read_text().splitlines()[0]
    (folder / "one.txt").write_text((folder / "other.txt").read_text() + line + "\n")
    shared = answer(*asked(folder, "mixture"), "--calibration", str(folder / "one.txt"))
    share = 100 * len(line) / found["bytes"]
    assert f"{share:.1f} % of the scored bytes are in documents that also stand" in " ".join(shared["notes"])
    refused(3, "no such file", *asked(folder, "mixture"), "--calibration", "nowhere.txt")


def test_a_model_scores_with_its_own_tokenizer(folder: Path) -> None:
    torch = pytest.importorskip("torch")
    from byheart.models import load_model
    from byheart.models.transformer.checkpoint import save_checkpoint
    from byheart.models.transformer.config import NetworkConfig
    from byheart.models.transformer.network import Network

    tokenizer = Tokenizer.train(Corpus((Document("", TRAIN),)), 270)
    config = NetworkConfig(vocabulary_size=tokenizer.vocabulary_size, end_id=tokenizer.end_id, width=16, num_layers=1)
    save_checkpoint(Network(config).initialize(torch.Generator().manual_seed(0)), folder / "model")
    tokenizer.save(folder / "model")
    found = answer(str(folder / "held.txt"), "--with", str(folder / "model"), "--all", "-q")
    ids = np.append(tokenizer.encode(HELD_OUT).token_ids, tokenizer.end_id)
    predictor = load_model(str(folder / "model")).predictor
    assert isinstance(predictor, Scores)
    (scores,) = predictor.score([ids])
    bits = -scores.log_probability_nats / math.log(2)
    assert found["bits_per_byte"] == pytest.approx(bits.sum() / len(HELD_OUT), rel=1e-12)
    assert found["token_table"]["rank"] == scores.rank.tolist()
    assert found["token_table"]["match_tokens"] == [None] * ids.size
    assert (found["with"], found["oov_tokens"], found["notes"]) == ("model:model", 0, [])


def test_standard_input_is_one_document_or_one_a_line(folder: Path) -> None:
    arguments = ("-", *asked(folder)[1:])
    assert answer(*arguments, text=HELD_OUT) == answer(*asked(folder))
    without_lines = tuple(argument for argument in arguments if argument != "--lines")
    assert answer(*without_lines, text=HELD_OUT)["documents"] == 1
    refused(3, "Standard input is empty", *arguments, text="\n\n")


def test_a_text_cannot_command_the_terminal_or_forge_a_line(folder: Path) -> None:
    told = shown("score", "-", *asked(folder)[1:-2], text="a\x1b]0;\nmemorizer:markov: 0 tokens\u202e b")
    assert "\x1b" not in told
    assert "\u202e" not in told
    assert len([line for line in told.splitlines() if line.startswith("memorizer:markov:")]) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        (("held.txt", "--with", "memorizer:markov"), 2, "--index"),
        (("held.txt", "--with", "memorizer:markow", "--index", "words"), 2, "'markov'"),
        (("held.txt", "--with", "memorizer:markov", "--index", "nowhere"), 3, "byheart index SOURCE -o nowhere"),
        (("nowhere.txt", "--with", "memorizer:markov", "--index", "words"), 3, "no such file"),
        (("empty.txt", "--with", "memorizer:markov", "--index", "words"), 3, "empty"),
        (("picture.bin", "--with", "memorizer:markov", "--index", "words"), 3, "not text"),
        (("held.txt", "--with", "words"), 3, "not a model folder"),
        (("held.txt", "--with", "words", "--index", "words"), 2, "takes no --index"),
    ],
)
def test_errors_say_what_to_type_next(
    folder: Path, arguments: tuple[str, ...], code: int, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "empty.txt").write_text("")
    (folder / "picture.bin").write_bytes(b"\x89PNG\x00\x00")
    monkeypatch.chdir(folder)
    refused(code, named, *arguments)


def test_an_index_without_its_tokenizer_takes_the_right_one_and_no_other(folder: Path, tmp_path: Path) -> None:
    Index.open(folder / "words").save(tmp_path / "bare")
    arguments = (str(folder / "held.txt"), "--with", "memorizer:markov", "--index", str(tmp_path / "bare"), "--lines")
    refused(3, "--tokenizer FOLDER", *arguments)
    shutil.copytree(folder / "words" / "tokenizer", tmp_path / "tokenizer")
    assert answer(*arguments, "-q", "--tokenizer", str(tmp_path / "tokenizer")) == answer(*asked(folder))
    Tokenizer.words(Corpus((Document("", "other words"),))).save(tmp_path / "other")
    refused(6, "another tokenizer", *arguments, "--tokenizer", str(tmp_path / "other"))
