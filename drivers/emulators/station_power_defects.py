"""Power and meter values of the emulated charger's OCPP half that are not as they should be."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from dataclasses import replace

from drivers.emulators.station_quirks import (
    FIELD,
    OURS,
    Seed,
    changed,
    keeps,
    profile_in,
    silent_about,
)
from harness.ocpp.frames import Payload
from harness.ocpp.quirks import Quirks
from harness.ocpp.timestamps import to_seconds, to_text


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


def _without_duration(request: Payload) -> Payload:
    for schedule in profile_in(request)["chargingSchedule"]:
        schedule.pop("duration", None)
    return request


def _without_in_profile(*keys: str) -> Callable[[Payload], Payload]:
    def apply(request: Payload) -> Payload:
        for key in keys:
            profile_in(request).pop(key, None)
        return request

    return apply


def _unsigned_setpoint(sample: Payload) -> None:
    if sample["measurand"] == "Power.Active.Setpoint":
        sample["value"] = abs(sample["value"])


def _both_directions(sample: Payload) -> None:
    if sample["measurand"].startswith("Power.Active.") and sample["measurand"].endswith("port"):
        sample["value"] = max(sample["value"], 1_000.0)


def _without_phase_2(payload: Payload) -> Payload:
    for value in payload.get("meterValue", ()):
        value["sampledValue"] = [one for one in value["sampledValue"] if one.get("phase") != "L2"]
    return payload


def _registers_for_intervals(payload: Payload) -> Payload:
    told = {one["measurand"]: one["value"] for one in _samples(payload)}
    for sample in _samples(payload):
        sample["value"] = told.get(sample["measurand"].replace(".Interval", ".Register"), sample["value"])
    return payload


def _record_changed(sample: Payload) -> None:
    signed = sample.get("signedMeterValue")
    if signed:
        octets = base64.b64decode(signed["signedMeterData"]).replace(b'"ST": "G"', b'"ST":"G"')
        sample["signedMeterValue"] = {**signed, "signedMeterData": base64.b64encode(octets).decode()}


def _signed_rounded(sample: Payload) -> None:
    if "signedMeterValue" in sample:
        sample["value"] = round(sample["value"] + 0.5)


def _no_mode_measurands(request: Payload) -> Payload:
    for one in request["setVariableData"]:
        if one["component"]["name"] == "V2XChargingCtrlr" and one["variable"]["name"].endswith("Measurands"):
            one["attributeValue"] = ""
    return request


def _later(payload: Payload) -> Payload:
    for value in payload["meterValue"]:
        value["timestamp"] = to_text(to_seconds(value["timestamp"]) + 1.5)
    return payload


def _two_hours_late(payload: Payload) -> Payload:
    return {**payload, "timestamp": to_text(to_seconds(payload["timestamp"]) + 7_200.0)}


POWER_SEEDS: tuple[Seed, ...] = (
    (
        "remote-discharge-ignored", FIELD, "ocpp2.1/accepted-setpoints-are-followed",
        "accepts UpdateDynamicSchedule and SetChargingProfile with a negative setpoint and never discharges",
        Quirks(target_w=lambda power_w: max(power_w, 0.0)),
    ),
    (
        "discharge-as-charge", FIELD, "ocpp2.1/sign-of-power",
        "takes the size of a setpoint and forgets its sign: charges when asked to discharge",
        Quirks(target_w=abs),
    ),
    (
        "half-the-power", OURS, "ocpp2.1/accepted-setpoints-are-followed",
        "aims at half of what was asked for",
        Quirks(target_w=lambda power_w: power_w / 2.0),
    ),
    (
        "dynamic-update-ignored", OURS, "ocpp2.1/told-setpoint-is-the-accepted-one",
        "accepts UpdateDynamicSchedule and goes on with the number of the profile",
        Quirks(incoming=changed("UpdateDynamicSchedule", lambda p: {**p, "scheduleUpdate": {}})),
    ),
    (
        "dynamic-duration-ignored", OURS, "ocpp2.1/stale-profiles-step-back",
        "follows a Dynamic profile for ever, whatever its duration",
        Quirks(incoming=changed("SetChargingProfile", _without_duration)),
    ),
    (
        "offline-time-ignored", OURS, "PF_Q11_01_CS",
        "keeps a profile beyond its maxOfflineDuration",
        Quirks(incoming=changed("SetChargingProfile", _without_in_profile("maxOfflineDuration"))),
    ),
    (
        "comes-back-although-invalid", OURS, "PF_Q12_01_CS",
        "follows a profile again after the time offline although invalidAfterOfflineDuration is set",
        Quirks(incoming=changed("SetChargingProfile", _without_in_profile("invalidAfterOfflineDuration"))),
    ),
    (
        "pull-forgotten", OURS, "ocpp2.1/due-profiles-are-pulled",
        "accepts dynUpdateInterval and never pulls",
        silent_about("PullDynamicScheduleUpdate"),
    ),
    (
        "pull-put-off-offline", OURS, "PF_Q04_07_CS",
        "counts the interval of its pulls anew from the end of a time offline",
        Quirks(overlooks=frozenset({"K28.FR.10"})),
    ),
)  # fmt: skip
"""Power that is not what was accepted."""


METER_SEEDS: tuple[Seed, ...] = (
    (
        "meter-values-wrong-sign", FIELD, "ocpp2.1/sign-of-power",
        "tells discharged power as Power.Active.Import",
        Quirks(outgoing=changed("TransactionEvent", _each_sample(_wrong_sign))),
    ),
    (
        "meter-registers-swapped", OURS, "ocpp2.1/registers-and-power",
        "counts discharged energy in the import register and the reverse",
        Quirks(outgoing=changed("TransactionEvent", _each_sample(_registers_swapped))),
    ),
    (
        "meter-kilowatts-as-watts", OURS, "ocpp2.1/accepted-setpoints-are-followed",
        "sends kilowatts with the unit W",
        Quirks(outgoing=changed("TransactionEvent", _each_sample(_kilowatts_called_watts))),
    ),
    (
        "meter-both-directions", OURS, "ocpp2.1/one-direction",
        "tells import and export at the same time",
        Quirks(outgoing=changed("TransactionEvent", _each_sample(_both_directions))),
    ),
    (
        "meter-registers-reset", OURS, "ocpp2.1/registers-never-fall",
        "its energy registers start again at every 50 Wh",
        Quirks(readings=lambda r: replace(r, imported_wh=r.imported_wh % 50.0, exported_wh=r.exported_wh % 50.0)),
    ),
    (
        "meter-values-low", OURS, "PF_AF_03",
        "its power reads a fifth low",
        Quirks(readings=lambda r: replace(r, power_w=0.8 * r.power_w)),
    ),
    (
        "setpoint-told-unsigned", OURS, "ocpp2.1/told-setpoint-is-the-accepted-one",
        "tells Power.Active.Setpoint without its sign",
        Quirks(outgoing=changed("TransactionEvent", _each_sample(_unsigned_setpoint))),
    ),
    (
        "phase-missing", OURS, "PF_J02_04_CS",
        "tells power for two of three phases",
        Quirks(outgoing=changed("TransactionEvent", _without_phase_2)),
    ),
    (
        "phases-each-the-total", OURS, "PF_J02_04_CS",
        "tells the power of all phases for each of them",
        Quirks(readings=lambda r: replace(r, phase_power_w=(r.power_w,) * len(r.phase_power_w))),
    ),
    (
        "interval-is-the-register", OURS, "PF_J02_06_CS",
        "tells its register where the energy of an interval is meant",
        Quirks(outgoing=changed("TransactionEvent", _registers_for_intervals)),
    ),
    (
        "signs-nothing", OURS, "PF_J02_05_CS",
        "accepts SignReadings and sends values without a signature",
        keeps("SignReadings", "false"),
    ),
    (
        "signature-of-another-record", OURS, "PF_J02_05_CS",
        "changes a record after its meter has signed it",
        Quirks(outgoing=changed("TransactionEvent", _each_sample(_record_changed))),
    ),
    (
        "signed-value-not-told", OURS, "PF_J02_05_CS",
        "tells other register values than those that its meter has signed",
        Quirks(outgoing=changed("TransactionEvent", _each_sample(_signed_rounded))),
    ),
    (
        "measurands-of-modes-ignored", OURS, "PF_Q01_33_CS",
        "takes the measurands of an operation mode and tells the usual ones",
        Quirks(incoming=changed("SetVariables", _no_mode_measurands)),
    ),
    (
        "public-key-untold", OURS, "PF_J02_05_CS",
        "sends signed values without the meter's public key",
        keeps("PublicKeyWithSignedMeterValue", "Never"),
    ),
    (
        "aligned-values-late", OURS, "PF_J01_01_CS",
        "counts the interval of clock-aligned values from when it was set",
        Quirks(outgoing=changed("MeterValues", _later)),
    ),
    (
        "aligned-values-for-ever", OURS, "PF_J01_01_CS",
        "sends clock-aligned values although their interval is 0",
        keeps("Interval", "5", instead_of="0"),
    ),
    (
        "clock-two-hours-ahead", OURS, "ocpp2.1/time-stamps-are-past",
        "sends local time as UTC",
        Quirks(outgoing=changed("TransactionEvent", _two_hours_late)),
    ),
)  # fmt: skip
"""Meter values that are not what flows."""
