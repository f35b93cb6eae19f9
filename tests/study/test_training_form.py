"""`byheart train --form`: the plain forms of the theory, from the command line to a model that is audited."""

import json
from pathlib import Path

import pytest

from tests.cli.command import answer, byheart
from tests.study.corpora import library_texts

pytest.importorskip("torch")


def test_a_plain_form_is_trained_kept_and_scored_as_any_model(tmp_path: Path) -> None:
    from byheart.models import load_model
    from byheart.models.transformer.checkpoint import load_checkpoint

    source, model = tmp_path / "text.jsonl", tmp_path / "model"
    source.write_text("".join(json.dumps({"text": text[:3000]}) + "\n" for _, text in library_texts(12)))
    command = ("train", str(source), "-o", str(model), "--vocabulary", "300", "--context", "32", "--steps", "3")
    assert answer(*command, "--form", "tanh")["tokens"] == 3 * 2048
    assert json.loads((model / "config.json").read_text())["model_type"] == "byheart"
    assert load_checkpoint(model).config.form == "tanh"
    loaded = load_model(str(model))
    text = loaded.tokenizer.encode("def main():\n    return 0\n").token_ids
    assert len(loaded.predictor.score([text])[0]) == text.size  # type: ignore[union-attr]
    other = byheart(*command, "--form", "llama")
    assert other.returncode == 2
    assert "form" in other.stderr
