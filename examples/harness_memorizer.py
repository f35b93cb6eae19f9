"""What is a benchmark worth to one who only looks things up? lm-evaluation-harness asks a memorizer.

python examples/harness_memorizer.py
"""

import json
import tempfile
import textwrap
from pathlib import Path

from lm_eval import simple_evaluate
from lm_eval.tasks import TaskManager

import byheart as bh
from byheart.integrations.lm_eval import MemorizerLM

TASK = """\
task: continue
dataset_path: json
dataset_kwargs: {{data_files: {{test: {folder}/items.jsonl}}, cache_dir: {folder}/cache}}
test_split: test
output_type: multiple_choice
doc_to_text: question
doc_to_choice: choices
doc_to_target: answer
target_delimiter: ""
metric_list: [{{metric: acc, aggregation: mean, higher_is_better: true}}]
"""

source = Path(textwrap.__file__)
words = (textwrap.dedent.__doc__ or "").split()
items = [
    {"question": " ".join(words[at : at + 12]), "choices": [f" {words[at + 12]}", " sheep"], "answer": 0}
    for at in range(0, 30, 3)
]

with tempfile.TemporaryDirectory() as folder:
    (Path(folder) / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    (Path(folder) / "continue.yaml").write_text(TASK.format(folder=folder))
    bh.build_index(source, f"{folder}/corpus.idx")
    # On the command line:
    #   python -m byheart.integrations.lm_eval --model byheart --model_args memorizer=infinigram,index=... --tasks ...
    results = simple_evaluate(
        model=MemorizerLM(memorizer="infinigram", index=f"{folder}/corpus.idx"),
        tasks=["continue"],
        task_manager=TaskManager(include_path=folder, include_defaults=False),
        bootstrap_iters=0,
    )
    assert results is not None
    print(f"accuracy of a table of the text that the items are from: {results['results']['continue']['acc,none']:.2f}")
