"""A base and the same with an adapter are two subjects of one study; tests/models/test_adapter.py has it recite."""

import importlib
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from byheart.corpus.documents import Corpus, Document
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import ConfigError
from byheart.report.standing import headline_grid
from byheart.report.verdict import findings
from byheart.study.execute import execute
from byheart.study.headline import headline
from byheart.study.plan import StudyPlan
from byheart.study.run_folder import RunFolder
from byheart.study.score_plan import ScorePlan
from tests.models.folders import llama

# PEFT asks transformers by a name that transformers has renamed.
pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning")
_WORDS = "ash bay cod dew elm fig gum hay ivy jam kid lot mud nut oak pea rye sap tar urn vat wax yew zip".split()


def _documents(num_documents: int, seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(_WORDS, size=120)) for _ in range(num_documents)]


def _write(folder: Path, texts: list[str]) -> str:
    folder.mkdir()
    for number, text in enumerate(texts):
        (folder / f"{number}.txt").write_text(text)
    return str(folder)


def _fine_tuned(model: Any, rows: Any) -> Any:
    """The model with a LoRA adapter that PEFT trained on the rows for a few steps."""
    peft: Any = importlib.import_module("peft")
    config = peft.LoraConfig(r=32, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
    tuned = peft.get_peft_model(model, config)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, parameter in tuned.named_parameters():
            if "lora_A" in name:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.1)
    optimizer = torch.optim.AdamW([p for p in tuned.parameters() if p.requires_grad], lr=1e-2, weight_decay=0.0)
    for _ in range(5):
        optimizer.zero_grad()
        loss = tuned(input_ids=rows, labels=rows).loss
        loss.backward()
        optimizer.step()
    return tuned.eval()


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> StudyPlan:
    place = tmp_path_factory.mktemp("adapter-study")
    seen, unseen = _documents(6, 0), _documents(12, 1)
    tokenizer = Tokenizer.train(Corpus(tuple(Document(str(n), text) for n, text in enumerate(seen))), 340)
    shape = {"hidden_size": 64, "intermediate_size": 128, "max_position_embeddings": 160}
    base = llama(tokenizer.vocabulary_size, **shape)
    base.save_pretrained(place / "base")
    tokenizer.save(place / "base")
    rows = [np.concatenate(([0], tokenizer.encode(text).token_ids))[:122] for text in seen]
    tuned = _fine_tuned(base, torch.from_numpy(np.stack(rows).astype(np.int64)))
    tuned.save_pretrained(place / "adapter")
    return StudyPlan(
        model=str(place / "base"),
        adapter=str(place / "adapter"),
        trained_on=(_write(place / "seen", seen),),
        held_out=(_write(place / "unseen", unseen),),
        audits=("extraction",),
    )


def test_the_base_stands_beside_the_model_in_results_provenance_and_report(plan: StudyPlan, tmp_path: Path) -> None:
    record = execute(plan, tmp_path / "run")
    model, base = record.provenance.subjects[:2]
    assert [(model.role, model.name), (base.role, base.name)] == [("model", "base+adapter"), ("base", "base")]
    for subject in (model, base):
        result = record.of("extraction", subject.name)
        assert result is not None
        assert result.estimate("extraction.greedy_rate") is not None
        near = result.estimate("extraction.near_verbatim_rate")
        assert near is not None
        assert re.search(r"On (\d+) of \1 windows writing and scores agree", near.method), near.method
    assert model.fingerprint != base.fingerprint
    assert base.weights_blake3.items() < model.weights_blake3.items()
    assert model.loaded_as["adapter"] == plan.adapter
    assert base.loaded_as == {"device": "cpu", "dtype": "float32"}
    assert RunFolder(tmp_path / "run").read() == record
    assert {entry["role"] for entry in headline(record)} >= {"model", "base", "lookup pole", "blind pole"}
    grid = headline_grid(record)
    assert grid.columns == ("measure", "model", "base", "lookup pole", "blind pole", "control", "excess")
    assert all(len(row) == len(grid.columns) for row in grid.rows)
    (finding,) = findings(record)
    assert any("The base, base, without the adapter" in detail and "overlap" in detail for detail in finding.details)


def test_a_memorizer_has_no_weights_to_adapt() -> None:
    with pytest.raises(ConfigError, match="takes no adapter; a memorizer takes no device"):
        StudyPlan(model="memorizer:markov", adapter="x", device="cpu", trained_on=("a",), held_out=("b",))
    with pytest.raises(ConfigError, match="takes no --chat"):
        ScorePlan(source="a.txt", model="memorizer:markov", index="idx", chat="Go on.")
    with pytest.raises(ConfigError, match="no dtype 'int8'"):
        StudyPlan(model="folder", dtype="int8", trained_on=("a",), held_out=("b",))
