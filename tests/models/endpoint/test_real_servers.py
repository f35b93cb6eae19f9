"""Against servers of others, in environments of their own; skipped where nobody installed one.

python -m venv VENV && VENV/bin/pip install 'llama-cpp-python[server]==0.3.36' 'transformers[serving]' torch
CMAKE_ARGS='-DGGML_NATIVE=OFF -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON' before it where the processor has AMX: the
native build crashes there.
BYHEART_SERVERS=VENV pytest tests/models/endpoint/test_real_servers.py
"""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from byheart.core.decoding import GREEDY
from byheart.core.predictor import Access
from byheart.corpus.tokenizer import Tokenizer
from byheart.models import load_model
from byheart.models.causal import CausalPredictor
from byheart.models.endpoint.opening import open_endpoint
from byheart.models.endpoint.predictor import ScoringEndpoint
from byheart.models.smollm2 import smollm2_folder, smollm2_gguf

SERVERS = os.environ.get("BYHEART_SERVERS", "")
TEXTS = (
    "Licensed under the Apache License, Version 2.0 (the License); you may not use this file except in compliance",
    "We hold these truths to be self-evident, that all men are created equal",
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SERVERS, reason="BYHEART_SERVERS names no environment with servers"),
]


@contextlib.contextmanager
def running(*command: str, port: int) -> Iterator[None]:
    """A server that runs inside the block."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": ""}
    server = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                break
            assert server.poll() is None, "the server ended"
            time.sleep(0.2)
        yield
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture
def port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
def local() -> CausalPredictor:
    predictor = load_model("smollm2").predictor
    assert isinstance(predictor, CausalPredictor)
    return predictor


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_folder(smollm2_folder())


def test_llama_cpp_python_is_found_to_put_log_probabilities_beside_the_wrong_tokens(
    port: int, local: CausalPredictor, tokenizer: Tokenizer
) -> None:
    """Its echo (0.3.36) shows at each token the distribution after it: 7.5 nats off on average."""
    options = {
        "model": str(smollm2_gguf()),
        "model_alias": "smollm2",
        "host": "127.0.0.1",
        "port": str(port),
        "logits_all": "true",
        "n_threads": "2",
        "n_ctx": "1024",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    python = str(Path(SERVERS) / "bin" / "python")
    with running(python, "-m", "llama_cpp.server", *arguments, port=port):
        endpoint = open_endpoint(f"http://127.0.0.1:{port}/v1#smollm2", tokenizer=tokenizer, environment={})
        assert not isinstance(endpoint, ScoringEndpoint)
        assert endpoint.access is Access.GENERATED_LOG_PROBABILITIES
        assert "not those of its tokens" in endpoint.found.notes[0]
        texts = [tokenizer.encode(text).token_ids for text in TEXTS]
        remote = endpoint.sample(texts, GREEDY, 8, rng=np.random.default_rng(0))
        first = endpoint.complete(endpoint.prompt(texts[0]), GREEDY, 1, seed=0)
        endpoint.connection.close()
    # 4-bit weights times 8-bit activations there, float32 here: an AVX2 build prefers another token now and then.
    whole = [np.concatenate((text, ids)) for text, ids in zip(texts, remote, strict=True)]
    is_own = np.concatenate([scores.is_argmax for scores in local.score(whole, [text.size for text in texts])])
    assert is_own.mean() >= 0.75
    # What it writes has the right number.
    assert first.log_probability_nats is not None
    expected = local.next_log_probabilities_nats(texts[:1])[0].max()
    assert first.log_probability_nats[0] == pytest.approx(expected, abs=0.1)


def test_transformers_serve_shows_text_only_and_writes_what_the_local_model_writes(
    port: int, local: CausalPredictor, tokenizer: Tokenizer
) -> None:
    command = str(Path(SERVERS) / "bin" / "transformers")
    folder = str(smollm2_folder())
    with running(command, "serve", "--host", "127.0.0.1", "--port", str(port), "--device", "cpu", port=port):
        endpoint = open_endpoint(f"http://127.0.0.1:{port}/v1#{folder}", tokenizer=tokenizer, environment={})
        assert endpoint.access is Access.TEXT
        assert not isinstance(endpoint, ScoringEndpoint)
        assert not endpoint.found.takes_token_ids
        texts = [tokenizer.encode(text).token_ids for text in TEXTS]
        remote = endpoint.sample(texts, GREEDY, 8, rng=np.random.default_rng(0))
        endpoint.connection.close()
    own = local.sample(texts, GREEDY, 8, rng=np.random.default_rng(0))
    assert [tokenizer.decode(ids) for ids in remote] == [tokenizer.decode(ids) for ids in own]
