"""What is left of a 2.1 message in an older version: the parts that its schema has.

The agent thinks in 2.1. In 2.0.1 a message that does not exist is not sent, keys that the schema does not have are
left out, list members with unknown enum values (a measurand, say) are dropped, and a trigger that is not known there
becomes the nearest one.
"""

from __future__ import annotations

from typing import Any

from harness.ocpp.frames import Payload
from harness.ocpp.schema import actions, load_schema, problem, schema_name
from harness.ocpp.version import Version

_NEAREST_TRIGGER = {"OperationModeChanged": "ChargingRateChanged", "CostLimitReached": "EnergyLimitReached"}
_ABSENT = object()


def spoken(version: Version, action: str, payload: Payload) -> Payload | None:
    """The message as `version` can say it; None where it cannot."""
    if version is Version.V21:
        return payload
    if action not in actions(version):
        return None
    if action == "NotifyEVChargingNeeds":
        payload = {**payload, "chargingNeeds": _needs_201(payload["chargingNeeds"])}
    if action == "TransactionEvent":
        trigger = payload["triggerReason"]
        payload = {**payload, "triggerReason": _NEAREST_TRIGGER.get(trigger, trigger)}
    schema = load_schema(version, schema_name(version, action, response=False))
    pruned = _pruned(payload, schema, schema.get("definitions", {}))
    fits = isinstance(pruned, dict) and problem(version, action, pruned, response=False) is None
    return pruned if fits else None


def _needs_201(needs: Payload) -> Payload:
    """2.0.1 knows no V2X: the needs as plain DC (K15)."""
    if "v2xChargingParameters" not in needs:
        return needs
    powers = needs.get("v2xChargingParameters", {})
    plain = {"requestedEnergyTransfer": "DC"}
    if "departureTime" in needs:
        plain["departureTime"] = needs["departureTime"]
    maximum_w = int(powers.get("maxChargePower", 0))
    voltage_v = 920  # highest voltage of the emulated converter: 2.0.1 wants a current and a voltage
    return {
        **plain,
        "dcChargingParameters": {
            "evMaxCurrent": maximum_w // voltage_v,
            "evMaxVoltage": voltage_v,
            "evMaxPower": maximum_w,
        },
    }


def _pruned(value: Any, schema: dict[str, Any], definitions: dict[str, Any]) -> Any:
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rsplit("/", 1)[-1]]
    if "enum" in schema:
        return value if value in schema["enum"] else _ABSENT
    if isinstance(value, dict) and "properties" in schema:
        parts = {
            key: _pruned(part, schema["properties"][key], definitions)
            for key, part in value.items()
            if key in schema["properties"]
        }
        kept = {key: part for key, part in parts.items() if part is not _ABSENT}
        return kept if set(schema.get("required", ())) <= kept.keys() and _complete(parts) else _ABSENT
    if isinstance(value, list) and "items" in schema:
        items = [_pruned(item, schema["items"], definitions) for item in value]
        items = [item for item in items if item is not _ABSENT]
        return items or _ABSENT
    return value


def _complete(parts: dict[str, Any]) -> bool:
    """A sample whose measurand is unknown would mean something else without it."""
    return parts.get("measurand") is not _ABSENT
