"""Misbehaviours of the OCPP half of the emulated charger, each a documented defect and the quirks that make it.

`seen_in` says where such a fault was reported, or that it is ours, made from an error that the use case names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from functools import reduce

from drivers.emulators.defects import Defect
from harness.ocpp.frames import Payload
from harness.ocpp.quirks import HONEST, Quirks, Rewrite, RewriteAnswer

_FIELD = "field: first V2G session of a car maker and a charger maker"
_OURS = "our default"


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


def each_period(change: Callable[[Payload], None]) -> Callable[[Payload], Payload]:
    """Change every period of a SetChargingProfileRequest."""

    def apply(request: Payload) -> Payload:
        for schedule in request["chargingProfile"]["chargingSchedule"]:
            for period in schedule["chargingSchedulePeriod"]:
                change(period)
        return request

    return apply


def without(*keys: str) -> Callable[[Payload], Payload]:
    """Leave top-level keys out."""
    return lambda payload: {key: value for key, value in payload.items() if key not in keys}


def _samples(payload: Payload) -> Iterable[Payload]:
    for value in payload.get("meterValue", ()):
        yield from value["sampledValue"]


def _each_sample(change: Callable[[Payload], None]) -> Callable[[Payload], Payload]:
    def apply(payload: Payload) -> Payload:
        for sample in _samples(payload):
            change(sample)
        return payload

    return apply


def _wrong_sign(sample: Payload) -> None:
    """Discharging is told as import, charging as export."""
    swap = {"Power.Active.Import": "Power.Active.Export", "Power.Active.Export": "Power.Active.Import"}
    sample["measurand"] = swap.get(sample["measurand"], sample["measurand"])


def _registers_swapped(sample: Payload) -> None:
    swap = {
        "Energy.Active.Import.Register": "Energy.Active.Export.Register",
        "Energy.Active.Export.Register": "Energy.Active.Import.Register",
    }
    sample["measurand"] = swap.get(sample["measurand"], sample["measurand"])


def _kilowatts_called_watts(sample: Payload) -> None:
    if sample["measurand"].startswith("Power.Active"):
        sample["value"] = round(sample["value"] / 1000.0, 6)


def _drop(key: str, inner: str = "") -> Callable[[Payload], Payload]:
    def apply(payload: Payload) -> Payload:
        holder = payload.get(inner, {}) if inner else payload
        holder.pop(key, None)
        return payload

    return apply


def _no_evccid(payload: Payload) -> Payload:
    payload.get("idToken", {}).pop("additionalInfo", None)
    return payload


_Seed = tuple[str, str, str, str, Quirks]

_SEEDS: tuple[_Seed, ...] = (
    (
        "remote-discharge-ignored", _FIELD, "PF_Q04_01_CS",
        "accepts UpdateDynamicSchedule and SetChargingProfile with a negative setpoint and never discharges",
        Quirks(target_w=lambda power_w: max(power_w, 0.0)),
    ),
    (
        "discharge-as-charge", _FIELD, "PF_Q04_01_CS",
        "takes the size of a setpoint and forgets its sign: charges when asked to discharge",
        Quirks(target_w=abs),
    ),
    (
        "meter-values-wrong-sign", _FIELD, "PF_J02_01_CS",
        "tells discharged power as Power.Active.Import",
        Quirks(outgoing=changed("TransactionEvent", _each_sample(_wrong_sign))),
    ),
    (
        "meter-registers-swapped", _OURS, "PF_J02_02_CS",
        "counts discharged energy in the import register and the reverse",
        Quirks(outgoing=changed("TransactionEvent", _each_sample(_registers_swapped))),
    ),
    (
        "meter-kilowatts-as-watts", _OURS, "PF_J02_01_CS",
        "sends kilowatts with the unit W",
        Quirks(outgoing=changed("TransactionEvent", _each_sample(_kilowatts_called_watts))),
    ),
    (
        "transaction-ends-on-pause", _FIELD, "PF_E02_01_CS",
        "ends the transaction when the vehicle pauses; after the resume there is none",
        Quirks(ends_on_pause=True),
    ),
    (
        "dynamic-update-ignored", _OURS, "PF_Q04_02_CS",
        "accepts UpdateDynamicSchedule and goes on with the number of the profile",
        Quirks(incoming=changed("UpdateDynamicSchedule", lambda p: {**p, "scheduleUpdate": {}})),
    ),
    (
        "evccid-missing", _OURS, "Q01.FR.02",
        "leaves the EVCCID out of the first TransactionEvent",
        Quirks(outgoing=changed("TransactionEvent", _no_evccid)),
    ),
    (
        "mode-change-untold", _OURS, "K01.FR.110",
        "sends no TransactionEvent when the operation mode changes",
        Quirks(
            outgoing=changed(
                "TransactionEvent", lambda p: None if p["triggerReason"] == "OperationModeChanged" else p
            )
        ),
    ),
    (
        "offline-events-lost", "field: public issue reports of station firmware", "PF_E04_01_CS",
        "does not keep transaction events while it is offline",
        Quirks(forgets_offline=True),
    ),
)  # fmt: skip

DEFECTS: tuple[Defect, ...] = tuple(
    Defect(id=name, role="charger", protocol="ocpp2.1", seen_in=seen_in, description=description, found_by=found_by)
    for name, seen_in, found_by, description, _ in _SEEDS
)

QUIRKS: dict[str, Quirks] = {name: quirks for name, _, _, _, quirks in _SEEDS}


def quirks_of(defects: Iterable[str]) -> Quirks:
    """All named defects at once; names of other halves of the charger are not ours and are left alone."""
    return reduce(lambda one, other: one + other, (QUIRKS[name] for name in defects if name in QUIRKS), HONEST)
