"""What the defects of the emulated charger's OCPP half are made of: changes to messages, answers and profiles."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

from harness.ocpp.frames import Payload
from harness.ocpp.quirks import Quirks, Rewrite, RewriteAnswer

FIELD = "field: first V2G session of a car maker and a charger maker"
OURS = "our default"
Seed = tuple[str, str, str, str, Quirks]
"""Id, where it was seen, what must find it, what it does, and the quirks that do it."""


def changed(wanted: str, change: Callable[[Payload], Payload | None]) -> Rewrite:
    """Change (a copy of) the payload of one action; None drops the message."""

    def rewrite(action: str, payload: Payload) -> Payload | None:
        return change(deepcopy(payload)) if action == wanted else payload

    return rewrite


def answered(wanted: str, change: Callable[[Payload, Payload], Payload | None]) -> RewriteAnswer:
    """Change the answer to one action; the function gets request and answer."""

    def rewrite(action: str, request: Payload, answer: Payload) -> Payload | None:
        return change(request, deepcopy(answer)) if action == wanted else answer

    return rewrite


def without(*keys: str) -> Callable[[Payload], Payload]:
    """Leave top-level keys out."""
    return lambda payload: {key: value for key, value in payload.items() if key not in keys}


def drop(key: str, inner: str = "") -> Callable[[Payload], Payload]:
    def apply(payload: Payload) -> Payload:
        holder = payload.get(inner, {}) if inner else payload
        holder.pop(key, None)
        return payload

    return apply


def each_of(keys: str, change: Callable[[Payload], None]) -> Callable[[Payload], Payload]:
    """Change the object at a dotted path."""

    def apply(payload: Payload) -> Payload:
        inner = payload
        for key in keys.split("."):
            inner = inner.get(key, {})
        change(inner)
        return payload

    return apply


def silent_about(action: str) -> Quirks:
    return Quirks(outgoing=changed(action, lambda _: None))


def says(action: str, status: str, instead: str) -> Quirks:
    """Answers one status where another is due."""
    return Quirks(
        answer=answered(action, lambda _, answer: {"status": instead} if answer["status"] == status else answer)
    )


def keeps(variable: str, value: str, instead_of: str | None = None) -> Quirks:
    """Accepts every value of a variable, or the one named, and keeps its own."""

    def apply(request: Payload) -> Payload:
        for one in request["setVariableData"]:
            if one["variable"]["name"] == variable and instead_of in (None, one["attributeValue"]):
                one["attributeValue"] = value
        return request

    return Quirks(incoming=changed("SetVariables", apply))


def profile_in(request: Payload) -> Payload:
    profile: Payload = request["chargingProfile"]
    return profile


def periods_in(request: Payload) -> list[Payload]:
    periods: list[Payload] = profile_in(request)["chargingSchedule"][0]["chargingSchedulePeriod"]
    return periods


def mode_in(request: Payload) -> str:
    return str(periods_in(request)[0].get("operationMode", "ChargingOnly"))


def accept_if(wrong: Callable[[Payload], bool], action: str = "SetChargingProfile") -> Quirks:
    """Accept what is wrong in this way, and forget it."""
    return Quirks(answer=answered(action, lambda request, answer: {"status": "Accepted"} if wrong(request) else answer))


def accepts_in_spite_of(reason_code: str) -> Quirks:
    """Accepts, and forgets, a profile that it has this reason to reject."""

    def apply(_: Payload, answer: Payload) -> Payload:
        refused = answer.get("statusInfo", {}).get("reasonCode") == reason_code
        return {"status": "Accepted"} if refused else answer

    return Quirks(answer=answered("SetChargingProfile", apply))


def in_periods(wanted: Callable[[Payload], bool], change: Callable[[Payload], None]) -> Quirks:
    """Takes the periods of some profiles for others."""

    def apply(request: Payload) -> Payload:
        if wanted(request):
            for period in periods_in(request):
                change(period)
        return request

    return Quirks(incoming=changed("SetChargingProfile", apply))


def forgets(wanted: Callable[[Payload], bool]) -> Quirks:
    """Accepts some profiles, and forgets them."""
    return Quirks(
        incoming=changed(
            "SetChargingProfile", lambda request: {**request, "evseId": 99} if wanted(request) else request
        ),
        answer=answered(
            "SetChargingProfile", lambda request, answer: {"status": "Accepted"} if wanted(request) else answer
        ),
    )
