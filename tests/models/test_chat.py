import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from byheart.core.decoding import GREEDY
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import BackendError, CapabilityError, FormatError, UnsafeError
from byheart.models import load_model
from byheart.models.causal import CausalPredictor
from byheart.models.chat import open_chat
from byheart.models.chat_rendering import render
from tests.models.folders import PASSAGE, llama, transformers

_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|turn|>"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
_SPECIAL = ("<|endoftext|>", "<|user|>", "<|assistant|>", "<|turn|>")


def _tokenizer(folder: Path, template: Any = _TEMPLATE) -> Path:
    """A byte-level tokenizer with the control tokens of a chat: <|turn|> ends a turn, <|endoftext|> a document."""
    import tokenizers
    from tokenizers import decoders, models, pre_tokenizers, trainers

    backend = tokenizers.Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=list(_SPECIAL), initial_alphabet=alphabet, show_progress=False
    )
    backend.train_from_iterator([PASSAGE], trainer=trainer)
    folder.mkdir(parents=True, exist_ok=True)
    backend.save(str(folder / "tokenizer.json"))
    config = {"bos_token": "<|endoftext|>", "eos_token": {"content": "<|turn|>"}, "chat_template": template}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return folder


def test_an_opening_is_the_instruction_in_the_template_with_its_control_tokens(tmp_path: Path) -> None:
    folder = _tokenizer(tmp_path)
    chat = open_chat(folder, "Go on.")
    inside = Tokenizer.from_folder(folder).encode("Go on.").token_ids.tolist()
    ids = {token: number for number, token in enumerate(_SPECIAL)}
    expected = [ids["<|endoftext|>"], ids["<|user|>"], *inside, ids["<|turn|>"], ids["<|assistant|>"]]
    assert chat.start_ids.tolist() == expected
    assert chat.end_id == ids["<|turn|>"]
    assert chat.text == "<|endoftext|><|user|>Go on.<|turn|><|assistant|>"


def test_every_text_stands_behind_the_opening_and_an_answer_ends_with_its_turn(tmp_path: Path) -> None:
    folder = _tokenizer(tmp_path)
    model = llama(300)
    model.save_pretrained(folder)
    plain, loaded = load_model(str(folder)), load_model(str(folder), chat="Go on.")
    assert isinstance(loaded.predictor, CausalPredictor)
    assert isinstance(plain.predictor, CausalPredictor)
    start = open_chat(folder, "Go on.").start_ids
    assert loaded.predictor.fingerprint != plain.predictor.fingerprint
    assert loaded.predictor.context_tokens == 128 - start.size
    assert (plain.tokenizer.end_id, loaded.tokenizer.end_id, loaded.predictor.end_id) == (0, 3, 3)
    assert loaded.loaded_as["chat"] == "<|endoftext|><|user|>Go on.<|turn|><|assistant|>"
    assert "Go on." in loaded.notes[0]
    text = loaded.tokenizer.encode(PASSAGE).token_ids[:40]
    ids = torch.from_numpy(np.concatenate((start, text)).astype(np.int64))[None]
    with torch.inference_mode():
        logs = model(ids).logits[0].log_softmax(dim=-1)
    own = logs[start.size - 1 : -1].gather(1, ids[0, start.size :, None])[:, 0]
    np.testing.assert_allclose(loaded.predictor.score([text])[0].log_probability_nats, own.numpy(), atol=1e-4)
    (written,) = loaded.predictor.sample([text], GREEDY, 1, rng=np.random.default_rng(0))
    best = int(logs[-1].argmax())
    assert written.tolist() == ([] if best == 3 else [best])


def test_a_template_in_a_file_of_its_own_wins_and_of_several_the_default_is_taken(tmp_path: Path) -> None:
    several = [{"name": "tool_use", "template": "no"}, {"name": "default", "template": "{{ eos_token }}default"}]
    folder = _tokenizer(tmp_path, several)
    assert open_chat(folder, "x").text == "<|turn|>default"
    (folder / "chat_template.jinja").write_text("file: {{ messages[0]['content'] }}")
    assert open_chat(folder, "x").text == "file: x"


def test_the_date_in_a_template_does_not_change_from_day_to_day(tmp_path: Path) -> None:
    assert open_chat(_tokenizer(tmp_path, "{{ strftime_now('%d %b %Y') }}"), "x").text == "26 Jul 2024"


def test_a_model_without_a_template_says_so(tmp_path: Path) -> None:
    with pytest.raises(CapabilityError, match="no chat template"):
        open_chat(_tokenizer(tmp_path, None), "x")


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "SecurityError"),
        ("{{ cycler.__init__.__globals__.os.system('touch ' + messages[0]['content']) }}", "SecurityError"),
        ("{{ raise_exception('System prompts only') }}", "System prompts only"),
        ("{% for %}", "TemplateSyntaxError"),
        ("{{ messages[0].nothing.at_all }}", "UndefinedError"),
    ],
)
def test_a_hostile_template_runs_no_code(template: str, fault: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    with pytest.raises(ValueError, match=fault):
        render(template, {}, str(trace))
    assert not trace.exists()


def test_a_template_that_eats_the_memory_is_named(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="MemoryError"):
        open_chat(_tokenizer(tmp_path, "{{ 'a' * 10 ** 11 }}"), "x")


def test_a_template_without_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("byheart.models.chat._CPU_SECONDS", 4)
    endless = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
    with pytest.raises(UnsafeError, match="more time") as caught:
        open_chat(_tokenizer(tmp_path, endless), "x")
    assert caught.value.exit_code == 4


@pytest.mark.parametrize("template", ["{{ 'ab' * 10000000 }}", "{{ 'ship ' * 60000 }}"])
def test_a_template_that_writes_without_measure_is_refused_before_it_is_read(template: str, tmp_path: Path) -> None:
    folder = _tokenizer(tmp_path, template)
    # Encoding is what takes memory and time; here it would fail otherwise.
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(UnsafeError, match="at most 262,144") as caught:
        open_chat(folder, "x")
    assert caught.value.exit_code == 4


def test_an_error_that_a_template_makes_long_is_cut_where_it_arises(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="TemplateError: aaaa"):
        open_chat(_tokenizer(tmp_path, "{{ raise_exception('a' * 100000000) }}"), "x")


def test_an_answer_that_is_longer_than_any_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("byheart.models.chat._MOST_ANSWER_BYTES", 10)
    with pytest.raises(UnsafeError, match="more than any real one"):
        open_chat(_tokenizer(tmp_path), "x")


def test_sizes_are_bounded(tmp_path: Path) -> None:
    with pytest.raises(UnsafeError, match="too long"):
        open_chat(_tokenizer(tmp_path, "x" * 200_000), "x")
    with pytest.raises(BackendError, match="tokens"):
        open_chat(_tokenizer(tmp_path, "{{ 'ship ' * 3000 }}"), "x")
    folder = _tokenizer(tmp_path)
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(FormatError, match="encoded"):
        open_chat(folder, "x")


@pytest.mark.slow
def test_the_template_of_smollm2_is_rendered_as_transformers_does() -> None:
    loaded = load_model("smollm2", chat="Continue this text.")
    assert loaded.folder is not None
    tokenizer = transformers().AutoTokenizer.from_pretrained(loaded.folder)
    conversation = [{"role": "user", "content": "Continue this text."}]
    expected = tokenizer.apply_chat_template(conversation, add_generation_prompt=True, return_dict=False)
    assert isinstance(loaded.predictor, CausalPredictor)
    assert loaded.predictor.start_ids.tolist() == list(expected)
    context = loaded.tokenizer.encode("The capital of France is").token_ids
    (answer,) = loaded.predictor.sample([context], GREEDY, 12, rng=np.random.default_rng(0))
    assert "Paris" in loaded.tokenizer.decode(answer)
