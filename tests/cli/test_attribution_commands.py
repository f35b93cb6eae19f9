"""A text explained, as people and scripts see it; memorizers stand for the model, so that no weights are needed."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from byheart.cli.app import app
from byheart.cli.attribution_answer import attribution_lines
from byheart.core.evidence import Interval
from byheart.core.explanation import EXPLANATIONS, Explanation
from byheart.core.predictor import Scores
from byheart.corpus.documents import Corpus, Document
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import ByheartError
from byheart.study.attributed_text import BEYOND_AND_RIGHT, AttributedToken, Attribution, ExplanationShare

LICENCE = " ".join(f"clause{i % 17} of part{i}" for i in range(30))
TRAIN = f"{LICENCE}\na b r a c a d a b r a\na b r a\nb a r b a r a\nc a b\na c a d a b r a\nr a b a d a c\n"
OTHER = "q a b q b\nb b a q\nr q r q\na q a q a b\nq q b\nc q c b\n" * 3
"""Words of TRAIN are unknown where this stands, and the other way round."""


def shown(*arguments: str, text: str | None = None, **env: str) -> str:
    done = CliRunner().invoke(app, arguments, input=text, catch_exceptions=False, env=env or None)
    assert done.exit_code == 0
    return done.stdout


def refused(code: int, named: str, *arguments: str) -> None:
    with pytest.raises(ByheartError, match=re.escape(named)) as raised:
        CliRunner().invoke(app, ("attribute", *arguments), catch_exceptions=False)
    assert raised.value.exit_code == code


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("attribute")
    (folder / "train.txt").write_text(TRAIN)
    (folder / "other.txt").write_text(OTHER)
    (folder / "text.txt").write_text("a b r a c a\nb a r b\nc a b a d\nr a b a d a c\na c a d\n" + LICENCE + "\n")
    words = ("--unit", "tokens", "--tokenizer", "whitespace")
    shown("index", str(folder / "train.txt"), "-o", str(folder / "words"), "--lines", *words, "-q")
    shown("index", str(folder / "train.txt"), "-o", str(folder / "bytes"), "--lines", "-q")
    return folder


def asked(folder: Path, name: str = "infinigram") -> tuple[str, ...]:
    return ("--with", f"memorizer:{name}", "--index", str(folder / "words"), "--lines", "-q")


def answer(folder: Path, *more: str, name: str = "infinigram") -> Any:
    return json.loads(shown("attribute", str(folder / "text.txt"), *asked(folder, name), *more, "--json"))


def test_the_names_of_the_answer_are_frozen(folder: Path) -> None:
    # Scripts rely on them: changing this list needs an entry in CHANGELOG.md.
    found = answer(folder)
    assert list(found) == ["with", "documents", "num_tokens", "tokens", "shares", "notes"]
    assert list(found["tokens"][0]) == [
        "document", "document_index", "start", "stop", "text", "token_id", "is_end", "predicted_id", "predicted",
        "is_right", "explanation", "bits", "bits_saved", "floor", "floor_is_right",
    ]  # fmt: skip
    assert list(found["shares"][0]) == [
        "explanation", "tokens", "right_tokens", "share", "floor", "excess", "bits_saved_per_token",
    ]  # fmt: skip
    assert [it["explanation"] for it in found["shares"]] == [*map(str, EXPLANATIONS), BEYOND_AND_RIGHT]


def test_every_token_has_an_entry_and_the_shares_are_their_counts(folder: Path) -> None:
    found = answer(folder)
    tokens = found["tokens"]
    assert len(tokens) == found["num_tokens"] == 6 + 4 + 5 + 7 + 4 + 3 * 30 + 6
    assert sum(token["is_end"] for token in tokens) == found["documents"] == 6
    for share in found["shares"][:-1]:
        of_it = [token for token in tokens if token["explanation"] == share["explanation"]]
        assert share["tokens"] == len(of_it)
        assert share["right_tokens"] == sum(token["is_right"] for token in of_it)
        assert share["share"]["value"] == pytest.approx(len(of_it) / len(tokens))
    assert sum(share["tokens"] for share in found["shares"][:-1]) == len(tokens)


def test_an_infinigram_is_explained_by_its_rung_and_a_long_stored_run_by_knowledge(folder: Path) -> None:
    found = answer(folder)
    by = {share["explanation"]: share for share in found["shares"]}
    assert by["beyond"]["tokens"] == by["markov"]["tokens"] == by["copy"]["tokens"] == 0
    # The licence line is the only one with 32 tokens before another, and the end follows it everywhere.
    stored = [token for token in found["tokens"] if token["explanation"] == "knowledge"]
    assert len(stored) == 3 * 30 + 1 - 32
    assert {token["document_index"] for token in stored} == {5}
    assert all(token["is_right"] for token in stored)


def test_floor_and_bits_come_when_asked_for(folder: Path) -> None:
    assert all(it["floor"] is None and it["bits_saved_per_token"] is None for it in answer(folder)["shares"])
    more = ("--floor", str(folder / "other.txt"))
    found = answer(folder, *more)
    by = {share["explanation"]: share for share in found["shares"]}
    assert sum(share["floor"]["value"] for share in found["shares"][:-1]) == pytest.approx(1)
    assert by["knowledge"]["floor"]["value"] < by["knowledge"]["share"]["value"]
    assert by["beyond"]["excess"]["high"] < 0
    assert any("an infinigram of" in note for note in found["notes"])
    assert answer(folder, *more) == found


def test_short_documents_of_the_index_and_pieces_of_long_ones_are_left_out_of_the_floor(folder: Path) -> None:
    whole = answer(folder, "--floor", str(folder / "other.txt"))
    piece = " ".join(LICENCE.split()[7:47])
    # Known: a short line as a whole, 40 of 59 tokens in one run. Not known: 40 of 80 tokens, half and no more.
    known = f"a c a d a\n{piece} {'q ' * 19}\n"
    (folder / "mixed.txt").write_text(f"{OTHER}{known}{piece} {'b q ' * 20}\n")
    found = answer(folder, "--floor", str(folder / "mixed.txt"))
    (note,) = (note for note in found["notes"] if "left out" in note)
    assert "2 of 9 documents" in note
    size = sum(len(line.split()) for line in sorted(set(OTHER.splitlines()))) + 5 + 59 + 80
    assert f"{100 * (5 + 59) / size:.1f} % of its tokens" in note
    assert not [note for note in whole["notes"] if "left out" in note]


def test_a_memorizer_is_as_good_as_the_mixture_that_it_is(folder: Path) -> None:
    found = answer(folder, "--calibration", str(folder / "other.txt"), name="mixture")
    assert all(token["bits_saved"] == pytest.approx(0, abs=1e-9) for token in found["tokens"])


def test_a_model_is_explained_by_an_index_of_its_own_tokens(folder: Path) -> None:
    torch = pytest.importorskip("torch")
    from byheart.models import load_model
    from byheart.models.transformer.checkpoint import save_checkpoint
    from byheart.models.transformer.config import NetworkConfig
    from byheart.models.transformer.network import Network

    tokenizer = Tokenizer.train(Corpus((Document("", TRAIN),)), 270)
    config = NetworkConfig(vocabulary_size=tokenizer.vocabulary_size, end_id=tokenizer.end_id, width=16, num_layers=1)
    save_checkpoint(Network(config).initialize(torch.Generator().manual_seed(0)), folder / "model")
    tokenizer.save(folder / "model")
    own = ("--unit", "tokens", "--tokenizer", str(folder / "model"))
    shown("index", str(folder / "train.txt"), "-o", str(folder / "own"), "--lines", *own, "-q")
    given = (str(folder / "text.txt"), "--with", str(folder / "model"), "--lines", "-q")
    found = json.loads(shown("attribute", *given, "--index", str(folder / "own"), "--json"))
    predictor = load_model(str(folder / "model")).predictor
    assert isinstance(predictor, Scores)
    last = [token for token in found["tokens"] if token["document_index"] == 4]
    (scores,) = predictor.score([np.array([token["token_id"] for token in last], dtype=np.int32)])
    assert [token["predicted_id"] for token in last] == scores.argmax_id.tolist()
    assert [token["is_right"] for token in last] == scores.is_argmax.tolist()
    assert [token["bits"] for token in last] == pytest.approx((-scores.log_probability_nats / np.log(2)).tolist())
    assert found["with"] == "model:model"
    refused(6, "other tokens than model:model", *given, "--index", str(folder / "words"))


def test_a_person_without_colours_sees_letters_and_the_shares(folder: Path) -> None:
    told = shown("attribute", str(folder / "text.txt"), *asked(folder), NO_COLOR="1", COLUMNS="120")
    assert "[K:" in told
    assert "[I:" in told
    assert "text.txt:6" in told
    assert "\x1b" not in told
    (line,) = (line for line in told.splitlines() if line.startswith("K knowledge") and "%" in line)
    assert f"{(3 * 30 + 1 - 32) / 122:.1%}" in line
    assert "\N{FULL BLOCK}" in line


def test_what_cannot_be_explained_is_refused_in_words(folder: Path) -> None:
    text, index = str(folder / "text.txt"), str(folder / "words")
    refused(2, "models on this machine only", text, "--with", "http://host/v1#m", "--index", index)
    refused(2, "no memorizer", text, "--with", "memorizer:markow", "--index", index)
    refused(2, "cannot be its own --floor", text, *asked(folder), "--floor", text)
    (folder / "known.txt").write_text(LICENCE + "\n")
    refused(3, "not in the index", text, *asked(folder), "--floor", str(folder / "known.txt"))
    (folder / "copy.txt").write_text((folder / "text.txt").read_text())
    refused(3, "in the text that is explained", text, *asked(folder), "--floor", str(folder / "copy.txt"))
    refused(3, "no such file", "nowhere.txt", *asked(folder))
    (folder / "short.txt").write_text("q\n")
    mixed = ("--with", "memorizer:infinigram", "--index", str(folder / "bytes"))
    with pytest.raises(ByheartError, match="of bytes"):
        CliRunner().invoke(app, ("attribute", str(folder / "short.txt"), *mixed), catch_exceptions=False)


def token(text: str, explanation: Explanation, *, is_right: bool = True) -> AttributedToken:
    return AttributedToken(
        document="d\x1b[31m", document_index=0, start=0, stop=len(text), text=text, token_id=1, is_end=False,
        predicted_id=1 if is_right else 2, predicted="\x07", is_right=is_right, explanation=explanation, bits=1.0,
        bits_saved=None, floor=None, floor_is_right=None,
    )  # fmt: skip


def attribution(*tokens: AttributedToken) -> Attribution:
    whole = Interval(1.0, 1.0, 1.0)
    share = ExplanationShare(
        explanation="knowledge", tokens=len(tokens), right_tokens=1, share=whole, floor=None, excess=None,
        bits_saved_per_token=None,
    )  # fmt: skip
    return Attribution(
        subject="model:m", num_documents=1, tokens=tokens, shares=(share,), has_intervals=False, notes=("A note.",)
    )


def test_runs_of_one_explanation_stand_together_and_right_ones_are_underlined() -> None:
    found = attribution(
        token("ab", Explanation.KNOWLEDGE),
        token("cd", Explanation.KNOWLEDGE, is_right=False),
        token("ef", Explanation.BEYOND),
    )
    plain = attribution_lines(found, colours=False, show_all=False)
    assert [text for text, _ in plain[:2]] == ["[K:abcd]", "[+:ef]"]
    coloured = attribution_lines(found, colours=True, show_all=False)
    assert [text for text, _ in coloured[:5]] == ["K", "ab", "cd", "+", "ef"]
    assert coloured[1][1]["underline"]
    assert "underline" not in coloured[2][1]
    assert coloured[1][1]["bg"] == coloured[2][1]["bg"] != coloured[4][1]["bg"]


@pytest.mark.parametrize("columns", ["30", "60", "90", "200"])
def test_lines_fit_the_terminal_where_they_can(monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    found = attribution(token("x", Explanation.COPY))
    wide = Interval(0.12345, 0.0, 1.0)
    share = dataclasses.replace(found.shares[0], share=wide, floor=wide, excess=wide, bits_saved_per_token=-12.5)
    found = dataclasses.replace(found, shares=(share,), has_intervals=True)
    text = "".join(part for part, _ in attribution_lines(found, colours=False, show_all=False))
    assert max(map(len, text.splitlines())) <= int(columns)
    assert "12.3%" in text


def test_a_long_text_is_cut_and_says_so() -> None:
    many = attribution(*[token("x", Explanation.COPY)] * 2500)
    cut = "".join(part for part, _ in attribution_lines(many, colours=False, show_all=False))
    assert "500 more tokens: --all shows every one" in cut
    whole = "".join(part for part, _ in attribution_lines(many, colours=False, show_all=True))
    assert whole.count("x") > 2400
