"""Payloads against the published JSON schemas, formats included.

The schemas are those inside the `ocpp` package (edition 1 of 2.1), compiled when first needed. That package's own
validator is not used: it never checks date-time, and refuses 1.0 where an integer is asked for.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema_rs

from harness.ocpp.frames import Payload
from harness.ocpp.version import ErrorCode, Version

_FOLDERS = {Version.V16: "v16", Version.V201: "v201", Version.V21: "v21"}

SEND_ONLY = frozenset({"NotifyPeriodicEventStream"})
"""Actions of 2.1 that are told by SEND and have no response."""

_CODES = {
    "type": ErrorCode.TYPE_CONSTRAINT_VIOLATION,
    "required": ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    "minItems": ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    "maxItems": ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    "additionalProperties": ErrorCode.FORMAT_VIOLATION,
}
"""What a broken keyword means as an error code; all others are PropertyConstraintViolation (a value out of range)."""


@dataclass(frozen=True, slots=True)
class SchemaProblem:
    """The first thing that is wrong with a payload. `path` is as in `chargingProfile/chargingSchedule/0/id`."""

    code: ErrorCode
    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path or 'payload'}: {self.text}"


def schema_name(version: Version, action: str, *, response: bool) -> str:
    """The name of a message's schema: 1.6 has no suffix for requests; SEND messages of 2.1 have none either."""
    if response:
        return f"{action}Response"
    bare = version is Version.V16 or action in SEND_ONLY
    return action if bare else f"{action}Request"


@cache
def actions(version: Version) -> frozenset[str]:
    """Every action of a version."""
    names = {path.name.removesuffix(".json") for path in _folder(version).iterdir() if path.name.endswith(".json")}
    return frozenset(name.removesuffix("Request") for name in names if not name.endswith("Response"))


@cache
def load_schema(version: Version, name: str) -> dict[str, Any]:
    """A schema as a dictionary; raises FileNotFoundError if the version has no such message."""
    schema: dict[str, Any] = json.loads(_folder(version).joinpath(f"{name}.json").read_text("utf-8-sig"))
    schema.pop("$id", None)  # 1.6 gives all messages one id, 2.x a URN: neither can be a base for references
    schema.pop("id", None)
    return schema


def problem(version: Version, action: str, payload: Payload, *, response: bool) -> SchemaProblem | None:
    """What is wrong with a payload, or None. An action that the version does not know is NotImplemented."""
    if action not in actions(version):
        return SchemaProblem(ErrorCode.NOT_IMPLEMENTED, "", f"OCPP {version} has no action {action!r:.60}")
    validator = _validator(version, schema_name(version, action, response=response))
    try:
        if validator.is_valid(payload):
            return None
        error = next(iter(validator.iter_errors(payload)))
    except ValueError as unreadable:  # nested deeper than the validator goes (255)
        return SchemaProblem(ErrorCode.FORMAT_VIOLATION, "", str(unreadable))
    keyword = str(error.schema_path[-1])
    path = "/".join(str(part) for part in error.instance_path)
    return SchemaProblem(_CODES.get(keyword, ErrorCode.PROPERTY_CONSTRAINT_VIOLATION), path, error.message[:200])


def _folder(version: Version) -> Any:
    return files("ocpp") / _FOLDERS[version] / "schemas"


@cache
def _validator(version: Version, name: str) -> Any:
    return jsonschema_rs.validator_for(load_schema(version, name), validate_formats=True)
