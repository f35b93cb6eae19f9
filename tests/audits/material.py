"""Hand-made material for audits: small enough to check by head."""

import numpy as np

from byheart.core.complexity_material import Formation, LayeredWindow
from byheart.core.explanation import NO_ANSWER, Explanation
from byheart.core.interpolation_material import DamagedWindow, Path
from byheart.core.material import ComparedWindow, Continuation, Inputs, Ladder, Piece, Prediction, ScoredCanary, Window
from byheart.core.spans import Span
from byheart.core.token_scores import TokenScores, token_scores
from byheart.core.tokens import Floats, TokenIds

VOCABULARY = 50


def scores(token_ids: list[int], probability: float, *, agrees: bool = True) -> TokenScores:
    """Each token gets the probability, the others share the rest; not agreeing, its successor gets all the rest."""
    ids = np.array(token_ids, dtype=np.int32)
    rows = np.full((ids.size, VOCABULARY), (1 - probability) / (VOCABULARY - 1))
    at = np.arange(ids.size)
    if not agrees:
        rows[:] = 1e-9
        rows[at, (ids + 1) % VOCABULARY] = 1 - probability - (VOCABULARY - 2) * 1e-9
    rows[at, ids] = probability
    return token_scores(ids, np.log(rows))


def window(
    role: str,
    document: str,
    probability: float,
    *,
    agrees: bool = True,
    num_occurrences: int = 1,
    in_base_sample: bool = True,
    prefix_tokens: int = 2,
    suffix_tokens: int = 4,
    ladder: Ladder | None = None,
) -> Window:
    ids = [(7 * i) % VOCABULARY for i in range(prefix_tokens + suffix_tokens)]
    return Window(
        role="member" if role == "member" else "control",
        document=document,
        span=Span(0, 10),
        num_occurrences=num_occurrences if role == "member" else 0,
        in_base_sample=in_base_sample,
        prefix=np.array(ids[:prefix_tokens], dtype=np.int32),
        suffix=scores(ids[prefix_tokens:], probability, agrees=agrees),
        ladder=ladder,
    )


def ladder(num_tokens: int, *, unrelated: bool = True, mixture: bool = True, **answers: list[int]) -> Ladder:
    """Rungs by name with their answers; a mixture that gives each token 1/4; an unrelated predictor that says 0."""
    return Ladder(
        answers={Explanation(name): [np.array(said, dtype=np.int32)] for name, said in answers.items()},
        mixture_nats=np.full(num_tokens, np.log(1 / 4)) if mixture else None,
        unrelated=np.zeros(num_tokens, dtype=np.int32) if unrelated else None,
    )


def compared(it: Window, *, lowercase: float = 3.0, reference: float = 2.0, mixture: float = 1.0) -> ComparedWindow:
    """The window with so many nats per token in lower case, under the reference and under the mixture."""
    nats = (np.full(len(it.suffix), -per_token) for per_token in (lowercase, reference, mixture))
    return ComparedWindow(window=it, **dict(zip(("lowercase", "reference", "mixture"), nats, strict=True)))


def prediction(nats: float, *, hits: int = 0, abstains: int | None = None) -> Prediction:
    """Two tokens of so many nats each; so many of them foreseen, so many abstained from (None: no memorizer)."""
    first = np.arange(2)
    return Prediction(
        log_probability_nats=np.full(2, -nats),
        is_argmax=first < hits,
        abstains=None if abstains is None else first < abstains,
    )


def piece(document: str, num_bytes: int, own: float, **memorizers: float) -> Piece:
    """Two tokens, each of the given nats under the subject and under each memorizer."""
    return Piece(
        document=document,
        num_bytes=num_bytes,
        subject=prediction(own),
        memorizers={name: prediction(nats, abstains=0) for name, nats in memorizers.items()},
    )


def layered(
    role: str, document: str, layers: list[int], *, sure: list[bool], stored: list[bool], num_layers: int = 4
) -> LayeredWindow:
    """Tokens that form in these layers, said for sure or not, what the corpus has after a long match or not."""
    ids = np.arange(len(layers), dtype=np.int32)
    return LayeredWindow(
        role="member" if role == "member" else "control",
        document=document,
        span=Span(0, 10),
        token_ids=ids,
        formation=Formation(
            layers=np.array(layers, dtype=np.int64),
            argmax_id=np.where(sure, ids, ids + 1).astype(np.int32),
            log_probability_nats=np.log(np.where(sure, 0.5, 0.1)),
        ),
        num_layers=num_layers,
        stored=np.where(stored, ids, NO_ANSWER).astype(np.int32),
    )


def continuation(prompt_index: int, longest: list[int]) -> Continuation:
    return Continuation(
        prompt_index=prompt_index,
        document=f"d{prompt_index}",
        token_ids=np.arange(len(longest), dtype=np.int32),
        longest_match_tokens=np.array(longest, dtype=np.int64),
    )


def decode(token_ids: TokenIds) -> str:
    return "".join(f"<{i}>" for i in token_ids)


def inputs(**parts: object) -> Inputs:
    return Inputs(subject="model", decode=decode, **parts)  # type: ignore[arg-type]


def canary(
    name: str, planted_nats: float, twin_nats: float, others_nats: Floats, *, repetitions: int = 1
) -> ScoredCanary:
    return ScoredCanary(
        name=name,
        kind="template",
        hint="The code of ",
        repetitions=repetitions,
        entropy_bits=13.3,
        planted_nats=float(planted_nats),
        twin_nats=float(twin_nats),
        others_nats=others_nats,
        is_whole_space=False,
        num_planted_found=repetitions,
        num_twin_found=0,
    )


def path(
    number: int,
    steps: list[float],
    *,
    argmax_ids: list[int] | None = None,
    fired: tuple[int, int] | None = (1, 2),
    derivatives: tuple[float, float, float] | None = None,
    start_nats: list[float] | None = None,
) -> Path:
    """Between documents of their own; it goes straight, so that the steps add up; tokens 1 and 2 follow its ends."""
    gone = np.concatenate(([0.0], np.cumsum(steps)))
    said = argmax_ids or [1] * (len(steps) // 2) + [2] * (len(steps) + 1 - len(steps) // 2)
    return Path(
        documents=(f"a{number}", f"b{number}"),
        following=(1, 2),
        fired=fired,
        steps=np.array(steps),
        from_start=gone,
        argmax_ids=np.array(said, dtype=np.int32),
        start_nats=np.array(start_nats) if start_nats is not None else -gone,
        derivatives=derivatives,
    )


def damaged(role: str, number: int, kept: list[bool], bits: list[float]) -> DamagedWindow:
    return DamagedWindow(
        role="member" if role == "member" else "control",
        document=f"{role}{number}",
        num_damaged=(1, 2, 4, 8, 16, 32)[: len(kept)],
        is_kept=np.array(kept),
        divergence_nats=np.array(bits) * np.log(2),
    )
