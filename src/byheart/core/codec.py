"""The one way results become JSON and come back. No number that is not finite passes."""

import base64
import dataclasses
import json
from typing import Any

import numpy as np
import numpy.typing as npt

from byheart.core.evidence import (
    Cell,
    Estimate,
    Evidence,
    Exhibit,
    Interval,
    Line,
    Point,
    Refusal,
    Series,
    Table,
    Token,
)
from byheart.core.explanation import Explanation
from byheart.core.result import Completed, Failed, NotApplicable, Result
from byheart.core.token_scores import TokenScores
from byheart.errors import FormatError, NumericalError

SCHEMA = 1
_KINDS: dict[str, type[Any]] = {
    "estimate": Estimate,
    "refusal": Refusal,
    "series": Series,
    "table": Table,
    "exhibit": Exhibit,
}
_ALWAYS = frozenset(("low", "high"))
_DTYPES = frozenset(("int32", "int64", "float64"))


def dumps(value: object) -> str:
    """Compact JSON in ASCII, keys in the order given, so that equal values give equal bytes.

    Args:
        value: anything of dicts, lists, strings (lone surrogates allowed), finite numbers and None.
    Raises:
        ValueError: a number is not finite.
    """
    return json.dumps(value, allow_nan=False, ensure_ascii=True, separators=(",", ":"))


def _plain(value: object) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = ((f.name, getattr(value, f.name), f.default) for f in dataclasses.fields(value))
        return {
            name: _plain(v) for name, v, default in pairs if name in _ALWAYS or v is not None or default is not None
        }
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def evidence_to_json(evidence: Evidence) -> dict[str, Any]:
    """One piece of evidence as plain JSON values, its kind first."""
    kind = next(name for name, cls in _KINDS.items() if isinstance(evidence, cls))
    return {"kind": kind, **_plain(evidence)}


def _interval(raw: dict[str, Any] | None) -> Interval | None:
    return None if raw is None else Interval(**raw)


def _token(raw: dict[str, Any]) -> Token:
    explanation = raw.get("explanation")
    return Token(**raw | {"explanation": None if explanation is None else Explanation(explanation)})


def _cells(raw: list[list[Cell]]) -> tuple[tuple[Cell, ...], ...]:
    return tuple(tuple(row) for row in raw)


def evidence_from_json(raw: dict[str, Any]) -> Evidence:
    """The inverse of `evidence_to_json`.

    Raises:
        FormatError: an unknown kind or field.
    """
    fields = {name: value for name, value in raw.items() if name != "kind"}
    try:
        match raw["kind"]:
            case "estimate":
                fields |= {name: _interval(raw.get(name)) for name in ("control", "excess")}
                return Estimate(**fields)
            case "refusal":
                return Refusal(**fields)
            case "series":
                lines = (
                    Line(line["label"], line["role"], tuple(Point(**point) for point in line["points"]))
                    for line in raw["lines"]
                )
                return Series(**fields | {"lines": tuple(lines)})
            case "table":
                return Table(**fields | {"columns": tuple(raw["columns"]), "rows": _cells(raw["rows"])})
            case "exhibit":
                tokens = tuple(_token(token) for token in raw["tokens"])
                facts = tuple((name, value) for name, value in raw["facts"])
                return Exhibit(**fields | {"tokens": tokens, "facts": facts})
    except (TypeError, KeyError, ValueError) as error:
        raise FormatError(
            "A piece of evidence is not in the form that this version writes.",
            why=str(error),
            next_step="Run `byheart verify` on the run, or read it with the version that wrote it.",
        ) from error
    raise FormatError(
        f"Unknown kind of evidence {raw.get('kind')!r}.", next_step="Read the run with the version that wrote it."
    )


def result_to_json(result: Result) -> dict[str, Any]:
    """One result as contract.md states it."""
    head: dict[str, Any] = {"audit": result.audit, "version": result.version, "subject": result.subject}
    match result.status:
        case Completed(evidence):
            return head | {"status": "completed", "evidence": [evidence_to_json(e) for e in evidence]}
        case NotApplicable(reason):
            return head | {"status": "not_applicable", "reason": reason, "evidence": []}
        case Failed(kind, message):
            return head | {"status": "failed", "reason": f"{kind}: {message}", "evidence": []}


def result_from_json(raw: dict[str, Any]) -> Result:
    """The inverse of `result_to_json`.

    Raises:
        FormatError: a field is missing, unknown or of another kind than byheart writes.
    """
    try:
        match raw["status"]:
            case "completed":
                status: Completed | NotApplicable | Failed = Completed(
                    tuple(evidence_from_json(e) for e in raw["evidence"])
                )
            case "not_applicable":
                status = NotApplicable(raw["reason"])
            case "failed":
                kind, _, message = raw["reason"].partition(": ")
                status = Failed(kind, message)
            case other:
                raise FormatError(f"Unknown status {other!r} of a result.")
        return Result(raw["audit"], raw["version"], raw["subject"], status)
    except KeyError as error:
        raise FormatError("A result lacks a field.", why=f"No {error}.", next_step="Run `byheart verify`.") from error
    except (TypeError, AttributeError, ValueError, NumericalError) as error:
        raise FormatError(
            "A result is not as byheart writes them.", why=str(error), next_step="Run `byheart verify`."
        ) from error


def array_to_json(array: npt.NDArray[Any]) -> dict[str, Any]:
    """An array as its dtype and its little-endian bytes in base64, exact to the last bit."""
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return {"dtype": array.dtype.name, "data": base64.b64encode(little.tobytes()).decode("ascii")}


def array_from_json(raw: dict[str, Any]) -> npt.NDArray[Any]:
    """The inverse of `array_to_json`, for arrays of one dimension.

    Raises:
        FormatError: a dtype that byheart does not write.
    """
    if raw.get("dtype") not in _DTYPES:
        raise FormatError(f"An array has the dtype {raw.get('dtype')!r}, which byheart does not write.")
    dtype = np.dtype(raw["dtype"])
    return np.frombuffer(base64.b64decode(raw["data"]), dtype=dtype.newbyteorder("<")).astype(dtype)


def token_scores_to_json(scores: TokenScores) -> dict[str, Any]:
    """TokenScores as arrays by name, without the columns that are not known."""
    limit = {} if scores.ranked_tokens is None else {"ranked_tokens": scores.ranked_tokens}
    return {name: array_to_json(array) for name, array in scores.arrays()} | limit


def token_scores_from_json(raw: dict[str, Any]) -> TokenScores:
    """The inverse of `token_scores_to_json`."""
    arrays = {name: array_from_json(array) for name, array in raw.items() if name != "ranked_tokens"}
    return TokenScores(ranked_tokens=raw.get("ranked_tokens"), **arrays)
