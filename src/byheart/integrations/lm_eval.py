r"""lm-evaluation-harness asks memorizers what it asks models: what a benchmark is worth to who only looks up.

    python -m byheart.integrations.lm_eval --model byheart \
        --model_args memorizer=infinigram,index=corpus.idx --tasks arc_easy

is the harness's own command line with one model more. In Python, importing this module registers it.
"""

import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
from lm_eval.api.instance import Instance
from lm_eval.api.model import TemplateLM
from lm_eval.api.registry import register_model
from lm_eval.models.utils import normalize_gen_kwargs, postprocess_generated_text
from tqdm import tqdm

from byheart.core.decoding import Decoding
from byheart.core.streams import stream
from byheart.core.tokens import TokenIds
from byheart.core.visible import visible
from byheart.corpus.documents import Document
from byheart.errors import ByheartError, ConfigError
from byheart.study.score_job import open_scorer
from byheart.study.score_plan import STDIN, ScorePlan
from byheart.study.scorers import MemorizerScorer

_TOKENS_AT_ONCE = 32
"""Written before it is looked whether a stop sequence is there."""
_GENERATION = ("do_sample", "max_gen_toks", "temperature", "top_k", "top_p", "until")
"""What a task may ask of the writing."""


@register_model("byheart")
class MemorizerLM(TemplateLM):  # type: ignore[misc]  # the harness has no types
    """A memorizer of an index as a model of lm-evaluation-harness.

    Contexts and continuations are encoded as the harness does it for causal models: trailing blanks of the context go
    to the continuation, and the continuation's tokens are those of the whole behind as many as the context has. Without
    a context the text stands at the start of a document. Nothing is cut: a memorizer's context has no bound.

    Args:
        memorizer: knowledge, infinigram, automaton, markov, boolean or mixture.
        index: folder that `byheart index` wrote; of tokens, or of bytes.
        calibration: for the mixture: text that is neither in the index nor in the benchmark.
        tokenizer: for an index that carries none.
        seed: root of the random streams of what is sampled.
        batch_size: of the harness; means nothing here, as device and max_batch_size.
    Raises:
        ConfigError: an ill-formed choice.
        SourceError, FormatError, FingerprintError: the index cannot be opened.
    """

    def __init__(
        self,
        memorizer: str = "infinigram",
        index: str = "",
        calibration: str = "",
        tokenizer: str = "",
        seed: int = 0,
        batch_size: Any = None,
        max_batch_size: Any = None,
        device: Any = None,
    ) -> None:
        super().__init__()
        plan = ScorePlan(
            source=STDIN,
            model=f"memorizer:{memorizer}",
            index=str(index),
            tokenizer=str(tokenizer),
            calibration=(str(calibration),) if calibration else (),
        )
        with ExitStack() as nothing_to_close:
            scorer = open_scorer(plan, nothing_to_close)
        assert isinstance(scorer, MemorizerScorer)
        self._memorizer, self._encoder = scorer.memorizer, scorer.encoder
        self._seed = int(seed)

    @property
    def eot_token_id(self) -> int:
        """The end of a document, which is also how one begins."""
        return self._encoder.end_id

    @property
    def tokenizer_name(self) -> str:
        """For the harness's cache of requests."""
        return f"byheart-{self._encoder.fingerprint or 'bytes'}"

    def tok_encode(self, string: str, **kwargs: Any) -> list[int]:
        """Token ids of a text; no special token is ever added."""
        return [int(one) for one in self._encoder.token_ids([Document("", string)])[0]]

    def _loglikelihood_tokens(
        self, requests: Sequence[tuple[Any, Sequence[int], Sequence[int]]], **kwargs: Any
    ) -> list[tuple[float, bool]]:
        return [self._scored(context, end) for _, context, end in _with_progress(requests, kwargs)]

    def _scored(self, context: Sequence[int], continuation: Sequence[int]) -> tuple[float, bool]:
        """Log-probability of a continuation in nats, and whether each of its tokens is the most probable one."""
        # A memorizer begins every text at the start of a document, which is what the harness puts before it.
        given = list(context[1:] if context and context[0] == self.eot_token_id else context)
        if not continuation:
            return 0.0, True
        text = np.array([*given, *continuation], dtype=np.int32)
        (scores,) = self._memorizer.score([text], [len(given)])
        return float(scores.log_probability_nats.sum()), bool(scores.is_argmax.all())

    def loglikelihood_rolling(self, requests: Sequence[Instance], **kwargs: Any) -> list[float]:
        """Log-probability of whole texts in nats, each from the start of a document; their ends are not asked for."""
        found = []
        for (text,) in _with_progress([one.args for one in requests], kwargs):
            ids = np.array(self.tok_encode(text), dtype=np.int32)
            found.append(float(self._memorizer.log_probabilities_nats(ids).sum()) if ids.size else 0.0)
        return found

    def generate_until(self, requests: Sequence[Instance], **kwargs: Any) -> list[str]:
        """Continuations up to the first stop sequence, the end of the document or the most tokens that are wanted.

        `do_sample: true` without a temperature is greedy: the harness takes a missing temperature for 0, and warns. Who
        wants draws gives one, as `temperature: 1.0`.
        """
        found = []
        for number, (context, options) in enumerate(_with_progress([one.args for one in requests], kwargs)):
            settings: dict[str, Any] = dict(normalize_gen_kwargs(options))
            unknown = sorted(set(settings) - set(_GENERATION))
            if unknown:
                raise ConfigError(
                    f"A memorizer is not sampled with {visible(', '.join(unknown))}.",
                    next_step=f"Leave it out of the task's generation_kwargs; known: {', '.join(_GENERATION)}.",
                )
            found.append(self._written(context, settings, number))
        return found

    def _written(self, context: str, settings: dict[str, Any], number: int) -> str:
        stops = [stop for stop in settings["until"] if stop]
        decoding = Decoding(
            temperature=float(settings.get("temperature") or 0.0),
            top_k=settings.get("top_k") or None,
            top_p=settings.get("top_p") or None,
        )
        rng = stream(self._seed, "lm_eval", str(number))
        start: TokenIds = np.array(self.tok_encode(context), dtype=np.int32)
        written: TokenIds = np.zeros(0, dtype=np.int32)
        most = int(settings["max_gen_toks"])
        while written.size < most and not any(stop in self._encoder.decode(written) for stop in stops):
            num = min(_TOKENS_AT_ONCE, most - written.size)
            (more,) = self._memorizer.sample([np.concatenate((start, written))], decoding, num, rng=rng)
            written = np.concatenate((written, more))
            if more.size < num:
                break
        text: str = postprocess_generated_text(self._encoder.decode(written), stops, None)
        return text


def _with_progress(items: Sequence[Any], options: dict[str, Any]) -> Iterable[Any]:
    """With the harness's own kind of bar, where it does not ask for none."""
    shown: Iterable[Any] = tqdm(items, disable=bool(options.get("disable_tqdm", False)))
    return shown


def main() -> None:
    """The command line of lm-evaluation-harness, with the model `byheart`."""
    from lm_eval.__main__ import cli_evaluate

    try:
        cli_evaluate()
    except ByheartError as error:
        sys.stderr.write(visible(f"Error: {error}\n"))
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
