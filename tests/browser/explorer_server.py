"""A run for the explorer with hostile text in it, and the explorer as a user starts it: a process of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from byheart.corpus.cache_folder import cache_folder
from byheart.corpus.readers import read
from byheart.corpus.tokenizer import Tokenizer
from byheart.study.execute import execute
from byheart.study.plan import StudyPlan
from tests.study.corpora import library_texts

HOSTILE = (
    "<script>window.hit()</script><img src=x onerror=hit()>\n"
    "</script></textarea></style>]]> ::error:: | `tick` [/x] [bold]no[/bold]\n"
    "javascript:hit() \u202eright to left\u202c zero\u200bwidth \ufeffmark\n"
    "NUL\x00 ESC\x1b[31mred BEL\x07 OSC\x1b]0;title\x07 OSC-52\x1b]52;c;aGk=\x07 C1\x9b31m\n"
    "a combining run " + "e" + "\u0301" * 40 + " and emoji \U0001f469\u200d\U0001f4bb\n"
)
"""What may stand in a corpus, over and over, so that a memorizer recites it."""
HOSTILE_NAME = "../../<img src=x onerror=hit()>\u202e\x1b]0;t\x07\"'|`.py"
VOCABULARY = 700
LINE_BYTES = 1_000_000


def write_texts(folder: Path) -> tuple[Path, Path]:
    """Two sides of real text, short for the sake of speed; hostile text stands eight times in the first."""
    texts = [(name, text[:1600]) for name, text in library_texts(64, largest=40_000)]
    hostile = [(f"{HOSTILE_NAME}{n}", HOSTILE * 3) for n in range(8)]
    for name, side in (("seen", [*texts[:16], *hostile]), ("unseen", texts[16:])):
        records = [{"name": title, "text": text} for title, text in side]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return folder / "seen.jsonl", folder / "unseen.jsonl"


def make_run(folder: Path, model: str = "memorizer:infinigram") -> Path:
    """A finished audit with passages of both audits that show some."""
    seen, unseen = write_texts(folder)
    # Of few tokens, so that the memorizers are made fast.
    Tokenizer.train(read(str(seen)), VOCABULARY).save(folder / "tokenizer")
    plan = StudyPlan(
        model=model,
        trained_on=(str(seen),),
        held_out=(str(unseen),),
        tokenizer=str(folder / "tokenizer"),
        audits=("extraction", "attribution"),
    )
    execute(plan, folder / "run", title=f"a run <b>with</b> {HOSTILE[:60]}", command="byheart audit ...")
    return folder / "run"


def own_cache(folder: Path) -> Path:
    """A cache that holds nothing but the compiled searches, which take long to compile."""
    compiled = cache_folder() / "kernels"
    compiled.mkdir(parents=True, exist_ok=True)
    folder.mkdir(exist_ok=True)
    (folder / "kernels").symlink_to(compiled, target_is_directory=True)
    return folder


@contextmanager
def served(run: Path, cache: Path, *options: str) -> Iterator[str]:
    """The address of the explorer; it is stopped by Ctrl-C, and must then end in order."""
    command = [sys.executable, "-m", "byheart", "serve", str(run), "--port", "0", "-q", *options]
    environment = {**os.environ, "BYHEART_CACHE": str(cache), "OMP_NUM_THREADS": "1", "NO_COLOR": "1"}
    server = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )
    assert server.stdout is not None
    said = server.stdout.readline()
    try:
        if not said.startswith("Explorer: http://127.0.0.1:"):
            server.wait(20)
            raise AssertionError(server.stderr.read() if server.stderr else said)
        yield said.split()[-1]
    finally:
        server.send_signal(signal.SIGINT)
        _, complaints = server.communicate(timeout=30)
    assert server.returncode == 0
    assert "Traceback" not in complaints
