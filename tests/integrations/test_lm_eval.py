"""lm-evaluation-harness itself, on local tasks: what it gets from a memorizer is what byheart's own scorer says."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lm_eval import simple_evaluate
from lm_eval.api.instance import Instance
from lm_eval.api.registry import get_model
from lm_eval.tasks import TaskManager
from typer.testing import CliRunner

from byheart.cli.app import app
from byheart.corpus.documents import Corpus, Document
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import ConfigError
from byheart.integrations.lm_eval import MemorizerLM
from byheart.study.benchmark import read_items
from byheart.study.index_plan import IndexPlan
from byheart.study.indexing import make_index
from byheart.study.score_job import run_score
from byheart.study.score_plan import ScorePlan
from tests.study.corpora import library_texts

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning"
)
NUM_ITEMS = 12
TASKS = {
    "choose": """\
output_type: multiple_choice
doc_to_text: question
doc_to_choice: choices
doc_to_target: answer
target_delimiter: ""
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]
""",
    "whole": """\
output_type: loglikelihood_rolling
doc_to_text: ""
doc_to_target: question
metric_list: [{metric: bits_per_byte}]
""",
    "write": """\
output_type: generate_until
doc_to_text: question
doc_to_target: "{{choices[answer]}}"
generation_kwargs: {until: ["\\n"], max_gen_toks: 40}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
""",
}


@dataclass(frozen=True)
class Bench:
    """A corpus, its indexes, and tasks about it: half of the items stand in the corpus, half nowhere."""

    folder: Path
    items: list[dict[str, Any]]

    def lm(self, memorizer: str = "infinigram", unit: str = "tokens") -> MemorizerLM:
        return MemorizerLM(memorizer=memorizer, index=str(self.folder / f"{unit}.idx"))

    def manager(self) -> TaskManager:
        return TaskManager(include_path=str(self.folder / "tasks"), include_defaults=False)


def items_of(text: str, *, backwards: bool) -> list[dict[str, Any]]:
    """Questions of 20 words whose right answer are the 4 words after them; backwards they stand nowhere."""
    words = text.split()
    found = []
    for number in range(NUM_ITEMS):
        cut = words[number * 30 : number * 30 + 24]
        if backwards:
            cut = [word[::-1] for word in reversed(cut)]
        right, wrong = " " + " ".join(cut[20:]), " " + " ".join(reversed(cut[20:]))
        found.append(
            {"question": " ".join(cut[:20]), "choices": [right, wrong][:: 1 - 2 * (number % 2)], "answer": number % 2}
        )
    return found


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("bench")
    texts = [" ".join(text.split()) for _, text in library_texts(4)]
    (folder / "corpus").mkdir()
    for number, text in enumerate(texts[:3]):
        (folder / "corpus" / f"{number}.txt").write_text(text)
    Tokenizer.train(Corpus(tuple(Document("", text) for text in texts[:3])), 500).save(folder / "tokenizer")
    source = (str(folder / "corpus"),)
    make_index(IndexPlan(sources=source, unit="tokens", tokenizer=str(folder / "tokenizer")), folder / "tokens.idx")
    make_index(IndexPlan(sources=source), folder / "bytes.idx")
    items = items_of(texts[0], backwards=False) + items_of(texts[3], backwards=True)
    (folder / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    (folder / "tasks").mkdir()
    for name, body in TASKS.items():
        data = f"dataset_kwargs: {{data_files: {{test: {folder / 'items.jsonl'}}}, cache_dir: {folder / 'cache'}}}\n"
        (folder / "tasks" / f"{name}.yaml").write_text(
            f"task: {name}\ndataset_path: json\n{data}test_split: test\n{body}"
        )
    return Bench(folder, items)


@pytest.fixture(scope="module")
def evaluated(bench: Bench) -> dict[str, Any]:
    found = simple_evaluate(
        model=bench.lm(), tasks=["choose", "whole", "write"], task_manager=bench.manager(), bootstrap_iters=0
    )
    assert found is not None
    return dict(found)


def asked(*arguments: Any) -> Instance:
    return Instance(request_type="loglikelihood", doc={}, arguments=arguments, idx=0)


def test_a_continuation_has_the_log_probability_that_byheart_score_gives_it(bench: Bench, tmp_path: Path) -> None:
    context, end = bench.items[0]["question"], bench.items[0]["choices"][0]
    for memorizer, unit in (("infinigram", "tokens"), ("markov", "tokens"), ("infinigram", "bytes")):
        lm = bench.lm(memorizer, unit)
        (found,) = lm.loglikelihood([asked(context, end)])
        totals = []
        for text in (context, context + end):
            (tmp_path / "text.txt").write_text(text)
            plan = ScorePlan(
                source=str(tmp_path / "text.txt"),
                model=f"memorizer:{memorizer}",
                index=str(bench.folder / f"{unit}.idx"),
            )
            score = run_score(plan, read_stdin=str, wanted="all")
            # The harness asks for no end of a document.
            totals.append(-sum(row.bits for row in score.table if not row.is_end) * np.log(2))
        assert found[0] == pytest.approx(totals[1] - totals[0])


def test_without_a_context_a_text_stands_at_the_start_of_a_document(bench: Bench) -> None:
    lm, text = bench.lm(), bench.items[0]["question"]
    (alone,) = lm.loglikelihood([asked("", text)])
    (rolling,) = lm.loglikelihood_rolling([asked(text)], disable_tqdm=True)
    assert alone[0] == pytest.approx(rolling)
    assert lm.loglikelihood_rolling([asked("")]) == [0.0]
    first = np.array(lm.tok_encode(text), dtype=np.int32)
    assert rolling == pytest.approx(float(lm._memorizer.log_probabilities_nats(first).sum()))


def test_greedy_means_that_every_token_is_the_most_probable_one(bench: Bench) -> None:
    lm = bench.lm()
    item = bench.items[0]
    right, wrong = item["choices"][item["answer"]], item["choices"][1 - item["answer"]]
    (found, other) = lm.loglikelihood([asked(item["question"], right), asked(item["question"], wrong)])
    assert found[1] is True
    assert other[1] is False
    (written,) = lm.generate_until([asked(item["question"], {"until": ["\n"], "max_gen_toks": 60})])
    assert written.startswith(right)


def test_blanks_at_the_end_of_a_context_go_to_the_continuation(bench: Bench) -> None:
    lm = bench.lm()
    one, other = lm.loglikelihood([asked("import os ", "and more"), asked("import os", " and more")])
    assert one == other


def test_stop_sequences_cut_and_the_end_of_a_document_ends(bench: Bench) -> None:
    lm = bench.lm(unit="bytes")
    question = bench.items[0]["question"]
    (whole,) = lm.generate_until([asked(question, {"max_gen_toks": 70})])
    assert len(whole) == 70
    stop = whole[40:43]
    (cut,) = lm.generate_until([asked(question, {"until": stop, "max_gen_toks": 70})])
    assert cut == whole.split(stop)[0]
    last = (bench.folder / "corpus" / "0.txt").read_text()[-300:]
    assert lm.generate_until([asked(last, {"max_gen_toks": 50})]) == [""]
    drawn = [
        lm.generate_until([asked("x", {"do_sample": True, "temperature": 1.0, "max_gen_toks": 50})]) for _ in range(2)
    ]
    assert drawn[0] == drawn[1]
    # Without a temperature the harness means greedy, and so does this.
    greedy, asked_to_draw = (
        lm.generate_until([asked("x", {"do_sample": bool(on), "max_gen_toks": 50})]) for on in (0, 1)
    )
    assert asked_to_draw == greedy != drawn[0]
    with pytest.raises(ConfigError, match="not sampled with num_beams"):
        lm.generate_until([asked("x", {"num_beams": 4})])


def test_the_harness_finds_that_a_memorizer_knows_what_leaked_and_nothing_else(
    bench: Bench, evaluated: dict[str, Any]
) -> None:
    rows = evaluated["samples"]["choose"]
    assert [row["acc"] for row in rows[:NUM_ITEMS]] == [1.0] * NUM_ITEMS
    assert sum(row["acc"] for row in rows[NUM_ITEMS:]) < NUM_ITEMS
    assert evaluated["results"]["write"]["exact_match,none"] >= 0
    assert evaluated["results"]["whole"]["bits_per_byte,none"] > 0


def test_its_samples_are_items_and_the_score_on_leaked_ones_stands_beside_that_on_clean_ones(
    bench: Bench, evaluated: dict[str, Any], tmp_path: Path
) -> None:
    rows = evaluated["samples"]["choose"]
    samples = tmp_path / "samples_choose.jsonl"
    # A second filter over the same items, as tasks with regular expressions have: no item counts twice.
    again = [{**row, "filter": "strict", "acc": 0.0} for row in rows]
    samples.write_text("".join(json.dumps(row, default=str) + "\n" for row in [*rows, *again]))
    items = read_items(str(samples))
    assert len(items) == 2 * NUM_ITEMS
    assert [name for name, _ in items[0].scores] == ["acc", "acc,strict"]
    assert {field for field, _ in items[0].texts} == {"question", "choices"}
    arguments = ("contaminated", str(samples), "--index", str(bench.folder / "bytes.idx"), "-q")
    found = json.loads(CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False).stdout)
    assert (found["leaked"], found["clean"]) == (NUM_ITEMS, NUM_ITEMS)
    right = sum(row["acc"] for row in rows[NUM_ITEMS:])
    acc, strict = found["scores"]
    assert (acc["leaked"]["value"], acc["leaked"]["n"]) == (1.0, NUM_ITEMS)
    assert acc["clean"]["value"] == pytest.approx(right / NUM_ITEMS)
    assert acc["difference"]["value"] == pytest.approx(1 - right / NUM_ITEMS)
    assert acc["difference"]["low"] <= acc["difference"]["value"] <= acc["difference"]["high"]
    assert strict["difference"]["value"] == 0
    told = CliRunner().invoke(app, arguments, catch_exceptions=False).stdout
    assert "acc: 12 of 12 (100 %, 95 % interval 74\N{EN DASH}100 %) on leaked items" in told
    assert "no proof of its cause" in told


@pytest.mark.slow
def test_the_command_line_of_the_harness_knows_the_model_by_its_name(bench: Bench, tmp_path: Path) -> None:
    arguments = ["--model", "byheart", "--model_args", f"memorizer=knowledge,index={bench.folder / 'tokens.idx'}"]
    arguments += ["--include_path", str(bench.folder / "tasks"), "--tasks", "choose"]
    arguments += ["--output_path", str(tmp_path / "out"), "--log_samples"]
    done = subprocess.run(
        [sys.executable, "-m", "byheart.integrations.lm_eval", *arguments],
        capture_output=True, text=True, check=False, timeout=120, env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    (samples,) = (tmp_path / "out").rglob("samples_choose_*.jsonl")
    assert len(read_items(str(samples))) == 2 * NUM_ITEMS


def test_what_cannot_be_opened_is_said_as_everywhere(bench: Bench) -> None:
    assert get_model("byheart") is MemorizerLM
    with pytest.raises(ConfigError, match="Did you mean 'markov'"):
        bench.lm("markow")
