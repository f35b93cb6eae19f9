"""The whole way: a training with the callback, its run folder, and the gate's exit code."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from byheart.cli.app import app
from byheart.integrations import ByheartCallback, plant
from tests.integrations.small_training import fast_tokenizer, llama, texts, trainer

CRITERIA = """
[[criterion]]
require = "exposure.mean_bits.excess.low <= 0.5"
why = "No secret of the training data may stand out."
"""
HAS_GATE = "gate" in typer.main.get_command(app).commands  # type: ignore[attr-defined]


@pytest.mark.slow
@pytest.mark.skipif(not HAS_GATE, reason="`byheart gate` is not here")
def test_a_gate_fails_where_canaries_were_repeated_sixteen_times_and_passes_where_there_were_none(
    tmp_path: Path,
) -> None:
    found = texts(6)
    planted = plant(
        found.trained_on, tmp_path / "canaries.jsonl", pairs=12, repetitions=(16,), seed=5, largest_share=0.25
    )
    tokenizer = fast_tokenizer(tmp_path / "tokenizer", found.trained_on)
    criteria = tmp_path / "gate.toml"
    criteria.write_text(CRITERIA)

    def exit_code(name: str, records: Sequence[str]) -> tuple[int, str]:
        own = dataclasses.replace(planted, texts=tuple(records))
        callback = ByheartCallback(own, held_out=found.held_out, audits=["exposure"])
        made = trainer(tmp_path / name, llama(tokenizer), tokenizer, records, num_train_epochs=4)
        callback.attach(made)
        made.train()
        assert any("byheart/exposure_mean_bits" in row for row in made.state.log_history)
        run = tmp_path / f"{name}-byheart"
        done = CliRunner().invoke(app, ["gate", str(run), "--criteria", str(criteria), "--json"])
        return done.exit_code, json.loads(done.stdout)["outcome"]

    assert exit_code("leaky", planted.texts) == (1, "failed")
    assert exit_code("sound", found.trained_on) == (0, "passed")
