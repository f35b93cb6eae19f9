"""What SARIF 2.1.0 demands of the objects that byheart writes: required properties, types, enumerations and bounds.

Written down from the text of the standard (sections 3.13 to 3.58) for these objects alone, and closed: a property that
is not here is a fault. `BYHEART_SARIF_SCHEMA` names the file of the whole OASIS schema, which is then used too.
"""

from typing import Any


def _object(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "additionalProperties": False, "properties": properties}


def _list(item: dict[str, Any], *, unique: bool = False) -> dict[str, Any]:
    return {"type": "array", "items": item, "uniqueItems": unique}


TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
MESSAGE = _object(("text",), text=TEXT)
LEVEL = {"enum": ["none", "note", "warning", "error"]}
KIND = {"enum": ["notApplicable", "pass", "fail", "review", "open", "informational"]}
URI = {"type": "string", "format": "uri-reference", "minLength": 1}
COUNT = {"type": "integer", "minimum": 0}
BAG = {"type": "object"}
ARTIFACT = _object((), uri=URI, uriBaseId={"type": "string"}, description=MESSAGE)
REGION = _object(("byteOffset", "byteLength"), byteOffset=COUNT, byteLength=COUNT, snippet=_object((), text=TEXT))
PLACE = _object(
    ("physicalLocation",), physicalLocation=_object(("artifactLocation",), artifactLocation=ARTIFACT, region=REGION)
)
RULE = _object(
    ("id",), id=TEXT, shortDescription=MESSAGE, fullDescription=MESSAGE, defaultConfiguration=_object((), level=LEVEL)
)
RESULT = _object(
    ("ruleId", "ruleIndex", "message", "locations"),
    ruleId=TEXT,
    ruleIndex=COUNT,
    kind=KIND,
    level=LEVEL,
    message=MESSAGE,
    locations=_list(PLACE),
    partialFingerprints={"type": "object", "additionalProperties": TEXT},
)
NOTIFICATION = _object(("message",), message=MESSAGE, level=LEVEL)
RUN = _object(
    ("tool", "results"),
    tool=_object(
        ("driver",),
        driver=_object(("name",), name=TEXT, version=TEXT, shortDescription=MESSAGE, rules=_list(RULE, unique=True)),
    ),
    originalUriBaseIds={"type": "object", "additionalProperties": ARTIFACT},
    invocations=_list(
        _object(
            ("executionSuccessful",),
            executionSuccessful={"type": "boolean"},
            toolExecutionNotifications=_list(NOTIFICATION),
        )
    ),
    properties=BAG,
    results=_list(RESULT),
)
FORM = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **_object(
        ("version", "runs"), **{"$schema": {"type": "string"}, "version": {"const": "2.1.0"}, "runs": _list(RUN)}
    ),
}
