"""The real commands over real HTTP: each way in which a server fails has its exit code, keeps what was answered, and
names the command that goes on."""

import json
import math
import re
import shlex
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from byheart.corpus.tokenizer import Tokenizer
from tests.models.endpoint.commands import Commands, Done
from tests.models.endpoint.conftest import CORPUS, variant
from tests.models.endpoint.server import Offer, Reply, serving, true_scores

LINES = ("In the spring of that year.", "A list is sorted.", "The committee met.", "The café closed.", "To make dough.")
RETRIED = ((429, b"slow down"), (500, b"ill"), (200, b'{"choices": ['), (0, b""))


@pytest.fixture
def home(tokenizer: Tokenizer, tmp_path: Path) -> Path:
    """A folder with a tokenizer, a text of five documents, and both sides of an audit."""
    tokenizer.save(tmp_path / "tokenizer")
    (tmp_path / "text.txt").write_text("\n".join(LINES))
    for side, texts in (("seen", [d.text for d in CORPUS][:4]), ("unseen", [f"Unseen {n} " * 40 for n in range(8)])):
        (tmp_path / side).mkdir()
        for number, text in enumerate(texts):
            (tmp_path / side / f"{number}.txt").write_text(text * 2)
    return tmp_path


@pytest.fixture(scope="module")
def byheart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    commands = Commands(tmp_path_factory.mktemp("commands"))
    yield commands
    commands.close()


def audit_of(spec: str, *options: str) -> tuple[str, ...]:
    sides = ("--trained-on", "seen", "--held-out", "unseen", "--tokenizer", "tokenizer", "-o", "run", "-q")
    return ("audit", spec, *sides, "--audits", "extraction", *options)


def score_with(spec: str, *options: str) -> tuple[str, ...]:
    return ("score", "text.txt", "--lines", "--with", spec, "--tokenizer", "tokenizer", "--json", "-q", *options)


def command_that_goes_on(done: Done) -> list[str]:
    (line,) = re.findall(r"^  To go on:  (.*)$", done.stderr, re.MULTILINE)
    return shlex.split(line)


def documents(offer: Offer) -> list[list[int]]:
    """The five texts as they are sent: the start, the tokens, the end."""
    end = offer.tokenizer.end_id
    return [[end, *offer.tokenizer.encode(line).token_ids.tolist(), end] for line in LINES]


def asked(offer: Offer) -> list[list[int]]:
    """Which of the five texts came, in order and as often as they came."""
    whole = documents(offer)
    return [body["prompt"] for _, body in offer.seen if body.get("prompt") in whole]


def is_window(body: dict[str, Any]) -> bool:
    """Whether it asks about a window of an audit; the texts of the checks are shorter, or asked for fewer tokens."""
    return body.get("prompt_logprobs") == 40 and len(body["prompt"]) == 1 + 50 + 50


def total_bits(offer: Offer) -> float:
    """What the five texts cost by the definition."""
    texts = [np.array(text[1:], dtype=np.int32) for text in documents(offer)]
    return -sum(float(true_scores(offer, text).log_probability_nats.sum()) for text in texts) / math.log(2)


def test_a_wrong_key_exits_5_and_shows_itself_nowhere(byheart: Commands, memorizer: Offer, home: Path) -> None:
    with serving(variant(memorizer, key="sk-right-0123456789")) as spec:
        done = byheart(*score_with(spec), cwd=home, BYHEART_API_KEY="sk-wrong-0123456789")
    assert done.returncode == 5
    assert done.stdout == ""
    assert "does not accept the key" in done.stderr
    assert "sk-wrong" not in done.stderr
    assert command_that_goes_on(done) == ["byheart", *score_with(spec)]


def test_after_a_spent_budget_and_a_dead_host_the_command_asks_only_for_the_rest(
    byheart: Commands, memorizer: Offer, home: Path
) -> None:
    """The budget is set by a variable, and a larger one by a flag, which wins."""
    offer, cache = variant(memorizer), {"BYHEART_CACHE": str(home / "cache")}
    whole = documents(offer)
    with serving(offer) as spec:
        # The probe and the checks ask the same whenever they ask.
        poor = byheart(*score_with(spec, "--max-requests", "84"), cwd=home, **cache)
        num_opening = 84 - len(asked(offer))
        assert 0 < len(asked(offer)) < len(LINES)
        port = int(spec.partition("#")[0].split(":")[2].split("/")[0])
    assert (poor.returncode, poor.stdout) == (5, "")
    assert "All 84 requests are used up." in poor.stderr
    dead = byheart(*score_with(spec), cwd=home, **cache)
    assert (dead.returncode, dead.stdout) == (5, "")
    assert "ConnectError" in dead.stderr
    assert command_that_goes_on(dead) == ["byheart", *score_with(spec)]
    kept = len(asked(offer))
    with serving(offer, port) as again:
        assert again == spec
        enough = str(num_opening + len(LINES) - kept)
        done = byheart(*score_with(spec, "--max-requests", enough), cwd=home, BYHEART_SCORE_MAX_REQUESTS="1", **cache)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["bits_per_token"] * found["tokens"] == pytest.approx(total_bits(offer))
    assert sorted(asked(offer)) == sorted(whole)
    assert list((home / "cache" / "answers").iterdir()) == []


def test_a_server_that_is_ill_on_the_way_changes_no_number(byheart: Commands, memorizer: Offer, home: Path) -> None:
    """It says too many requests, an error, half an answer and nothing, once each; the forecast holds but for these."""
    offer = variant(memorizer)
    whole = documents(offer)
    faults, lock = list(RETRIED), threading.Lock()

    def ill(number: int, path: str, body: dict[str, Any]) -> Reply | None:
        with lock:
            return Reply(*faults.pop()) if body.get("prompt") in whole and faults else None

    offer.fault = ill
    with serving(offer) as spec:
        forecast = byheart(*score_with(spec, "--dry-run", "--price-prompt", "2"), cwd=home)
        assert offer.num_requests == 0
        done = byheart(*score_with(spec, "--concurrency", "2"), cwd=home)
    assert done.returncode == 0, done.stderr
    assert faults == []
    found = json.loads(done.stdout)
    assert found["bits_per_token"] * found["tokens"] == pytest.approx(total_bits(offer))
    assert len(asked(offer)) == len(LINES) + len(RETRIED)
    planned = json.loads(forecast.stdout)
    assert offer.num_requests - len(RETRIED) <= planned["requests"] == 32 + 2 * 32 + len(LINES)
    assert planned["money"] == pytest.approx(2 * planned["prompt_tokens"] / 1e6)
    assert planned["if_it_scores_nothing"]["requests"] == 32


def test_a_wrong_number_exits_5_and_names_its_field(byheart: Commands, memorizer: Offer, home: Path) -> None:
    third = documents(memorizer)[2]

    def change(body: dict[str, Any], answer: dict[str, Any]) -> None:
        if body.get("prompt") == third:
            answer["choices"][0]["prompt_logprobs"][3][str(third[3])]["logprob"] = 0.25

    with serving(variant(memorizer, change=change)) as spec:
        done = byheart(*score_with(spec), cwd=home)
    assert (done.returncode, done.stdout) == (5, "")
    assert "choices[0].prompt_logprobs[3]" in done.stderr


def test_an_audit_whose_key_is_taken_away_keeps_what_was_answered_and_goes_on(
    byheart: Commands, memorizer: Offer, home: Path
) -> None:
    offer = variant(memorizer, key="sk-first")
    answered: list[list[int]] = []

    def answer(body: dict[str, Any], answer: dict[str, Any]) -> None:
        if is_window(body):
            answered.append(body["prompt"])
            if len(answered) == 4:
                offer.key = "sk-second"

    offer.change = answer
    with serving(offer) as spec:
        broken = byheart(*audit_of(spec), cwd=home, BYHEART_API_KEY="sk-first")
        assert broken.returncode == 5
        assert "What was answered is kept in run/journal." in broken.stderr
        first, before = len(answered), offer.num_requests
        assert first >= 4
        # The command as it was told, with another key and another limit.
        command = [*command_that_goes_on(broken)[1:], "--concurrency", "1"]
        done = byheart(*command, cwd=home, BYHEART_API_KEY="sk-second")
    assert done.returncode == 0, done.stderr
    assert (home / "run" / "manifest.json").exists()
    later = [body["prompt"] for _, body in offer.seen[before:] if is_window(body)]
    assert later == answered[first:] != []
    # Every window was answered, and paid for, once.
    assert len({tuple(window) for window in answered}) == len(answered)


def test_an_audit_of_a_server_that_shows_text_only_is_done_and_says_what_is_refused(
    byheart: Commands, memorizer: Offer, home: Path
) -> None:
    with serving(variant(memorizer, completions=False, generated_logprobs=False, extras=False)) as spec:
        done = byheart(*audit_of(spec, "--json"), cwd=home)
    assert done.returncode == 0, done.stderr
    (result,) = (one for one in json.loads(done.stdout)["results"] if one["subject"] == "endpoint:tiny")
    assert result["status"] == "completed"
    found = {one["name"]: one for one in result["evidence"]}
    assert found["extraction.greedy_rate"]["kind"] == "estimate"  # by writing
    assert found["extraction.pz_half_rate"]["kind"] == "refusal"
    assert found["extraction.pz_half_rate"]["reason"] == "endpoint:tiny gives no log-probabilities of a given text."
