"""A run that never was: a small campaign with known truth, the same octets every time."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

from harness.campaign.evidence import attempt_folder, collect, write_manifest
from harness.campaign.records import Campaign, CaseInfo, Instrument, Pair, Planned, Step, Unit
from harness.campaign.store import Store
from harness.transcript.event import Event, to_line
from harness.verdict import Confidence, Finding, Kind, Limit, Measurement, Severity, Side, Source, Verdict

START_UTC_US = 1_795_420_800_000_000  # 2026-11-23 08:00 UTC

CASES = [
    CaseInfo("PF_V2G_01", "The V2G service is activated and a programme is made", "csms", "OCPP 2.1"),
    CaseInfo("PF_V2G_02", "A V2G session is validated on the reference charger", "vehicle", "ISO 15118-20"),
    CaseInfo("PF_V2G_03", "The communication session opens with mobility needs", "charger", "ISO 15118-20"),
    CaseInfo("PF_V2G_04", "The charge loop opens", "charger", "ISO 15118-20", requirements=("V2G20-2006",)),
    CaseInfo("PF_V2G_05", "The vehicle charges when charging is asked for", "vehicle", "ISO 15118-20"),
    CaseInfo(
        "PF_Q04_01",
        "The station discharges when the CSMS asks for it",
        "charger",
        "OCPP 2.1",
        requirements=("Q03.FR.02", "K28.FR.08"),
    ),
    CaseInfo("PF_PAUSE_20", "After a pause the session resumes", "vehicle", "ISO 15118-20"),
    CaseInfo("PF_UNPLUG", "Unplugging ends the transfer without an arc", "charger", "IEC 61851-1"),
    CaseInfo("PF_CAN_DROP", "A lost gateway signal stops the discharge", "gateway", "CAN"),
]
VEHICLES = [
    Unit(
        "car-17",
        "vehicle",
        True,
        {"maker": "Weltwagen", "model": "Ion 5", "vin": "WVWZZZE1ZMP012345", "evccid": "02:AB:44:9C:10:FE"},
        {"propulsion": "BEV", "phases": "3"},
    ),
    Unit(
        "car-18",
        "vehicle",
        True,
        {"maker": "Autonova", "model": "Tera", "vin": "XNVTR00000Q777001", "evccid": "02:AB:44:9C:10:FF"},
        {"propulsion": "BEV", "phases": "1"},
    ),
    Unit(
        "car-21",
        "vehicle",
        True,
        {"maker": "Nordic EV", "model": "Fjell", "vin": "NEVFJ22222T000042"},
        {"propulsion": "PHEV"},
    ),
]
CHARGERS = [
    Unit(
        "cs-42",
        "charger",
        True,
        {"maker": "Ladekraft", "model": "B11", "serial": "LK-0099-4711", "evseid": "DE*PFE*E0042"},
    ),
    Unit(
        "cs-43",
        "charger",
        True,
        {"maker": "Voltnet", "model": "Duo 22", "serial": "VN22-55555", "evseid": "NL*PFE*E0043"},
    ),
]
INSTRUMENTS = [
    Instrument(
        "power_analyser",
        "Yokogawa",
        "WT1804E",
        "91K225903",
        "F3.02",
        "B3",
        "K-2026-118",
        "2026-03-01",
        "2027-03-01",
        "0.05 % of reading + 0.05 % of range",
        emulated=True,
    ),
    Instrument("control_pilot", "Plugfest", "pilot box", "CP-3", "1.2", "B3", emulated=True),
]


def truth(case: str, pair: Pair) -> Verdict:
    """What a right report must say of each cell."""
    if case == "PF_PAUSE_20" and pair.vehicle == "car-18":
        return Verdict.FAIL
    if case == "PF_Q04_01" and pair.charger == "cs-43":
        return Verdict.FAIL
    if case == "PF_V2G_05" and pair == Pair("car-21", "cs-43"):
        return Verdict.FAIL
    if case == "PF_CAN_DROP" and pair.vehicle == "car-21":
        return Verdict.NOT_APPLICABLE
    if case == "PF_UNPLUG" and pair == Pair("car-17", "cs-43"):
        return Verdict.INCONCLUSIVE
    if case == "PF_PAUSE_20" and pair == Pair("car-21", "cs-42"):
        return Verdict.CONDITIONAL_PASS
    return Verdict.PASS


BLAME = {
    "PF_PAUSE_20": (Side.VEHICLE, Kind.CONFORMANCE, "no wake-up within 60 s of the end of the pause"),
    "PF_Q04_01": (Side.STATION, Kind.CONFORMANCE, "the discharge setpoint was accepted and not followed"),
    "PF_V2G_05": (Side.PAIR, Kind.COMPATIBILITY, "the vehicle's minimum current is above the station's offer"),
    "PF_UNPLUG": (Side.UNKNOWN, Kind.CONFORMANCE, "the current at release is nearer to the limit than the uncertainty"),
}


def build(run: Path, *, hostile: str = "", campaign: Campaign | None = None, cases=CASES, finish: bool = True) -> Path:
    """A finished run folder. `hostile` is planted wherever a device may speak."""
    chance = random.Random(4711)
    campaign = campaign or Campaign(
        id="2026-11-23T080000Z",
        title="V2G programme of vehicles and chargers",
        origin="b3",
        protocol_version="plugfest 0.1.0",
        plan_hash="5b" * 32,
        software="plugfest 0.1.0",
        lab_config_hash="a7" * 32,
        laboratory="Interoperability laboratory",
        place="hall 2",
        bench="B3",
        clock_source="monotonic clock of the bench computer",
        not_covered=("emission and immunity",),
        retest_rule="a failed case is repeated once",
        started_utc_us=START_UTC_US,
    )
    store = Store.create(run / "store.sqlite", campaign)
    vehicles = [_planted(unit, hostile) for unit in VEHICLES]
    store.describe(units=[*vehicles, *CHARGERS], instruments=INSTRUMENTS, cases=cases)
    pairs = [Pair(vehicle.key, charger.key) for vehicle in VEHICLES for charger in CHARGERS]
    store.plan(Planned(case.id, pair) for case in cases for pair in pairs)
    at_utc_us = START_UTC_US
    for case in cases:
        for pair in pairs:
            verdict = truth(case.id, pair)
            if verdict is Verdict.NOT_APPLICABLE:
                store.rule_out(Planned(case.id, pair), "the vehicle declares no gateway")
                continue
            at_utc_us += 41_500_000
            if verdict is Verdict.FAIL and case.id == "PF_PAUSE_20":
                _attempt(store, run, case.id, pair, verdict, at_utc_us, chance, hostile)
                at_utc_us += 41_500_000
            _attempt(store, run, case.id, pair, verdict, at_utc_us, chance, hostile)
    if finish:
        store.seal()
        store.close()
        write_manifest(run)
    else:
        store.close()
    return run


def _planted(unit: Unit, hostile: str) -> Unit:
    if not hostile:
        return unit
    return Unit(unit.key, unit.kind, unit.emulated, {**unit.identity, "model": hostile}, unit.traits, unit.pics)


def _attempt(store, run, case, pair, verdict, at_utc_us, chance, hostile):
    attempt = store.begin(case, pair, {"pause_s": 20, "setpoint_w": -10_000.0}, at_utc_us=at_utc_us)
    folder = attempt_folder(run, attempt)
    proof = _transcript(folder / "transcript.jsonl", pair, verdict, at_utc_us, chance, hostile)
    bad = verdict not in (Verdict.PASS, Verdict.CONDITIONAL_PASS)
    side, kind, reason = BLAME.get(case, (None, None, "")) if bad else (None, None, "")
    if verdict is Verdict.CONDITIONAL_PASS:
        side, kind, reason = Side.VEHICLE, Kind.COMPATIBILITY, "resumed after a wake-up by the station"
    findings = []
    if verdict is Verdict.FAIL:
        findings = [
            Finding(f"rule/{case.lower()}", "V2G20-2006", Severity.FAIL, side, reason, kind, message=7, events=proof)
        ]
    if pair.charger == "cs-43":
        findings.append(
            Finding(
                "ocpp/late-meter-values",
                "J02.FR.11",
                Severity.WARN,
                Side.STATION,
                f"meter values come late {hostile}".strip(),
                confidence=Confidence.I,
            )
        )
    settle = round(2 + chance.random() * 2, 3)
    power = -9_980.0 + chance.random() * 20 if verdict is not Verdict.FAIL else -120.0
    store.finish(
        attempt,
        verdict,
        at_utc_us=at_utc_us + 38_000_000,
        side=side,
        kind=kind,
        reason=reason,
        findings=findings,
        measurements=[
            Measurement("settled power", power, "W", Limit(-10_200, -9_800, Source.OURS), 24.0, Side.STATION),
            Measurement(
                "settling time", settle, "s", Limit(None, 5.0, Source.PUBLISHED, "smart charging study 2024"), 0.1
            ),
            Measurement("current at release", 0.4, "A", Limit(None, 1.0, Source.STANDARD, "IEC 61851-1"), 0.02),
        ],
        steps=[Step(1.0, "plug in"), Step(4.0, "the CSMS asks for 10 kW back into the grid")],
        evidence=collect(run, attempt),
    )


def _transcript(path: Path, pair: Pair, verdict: Verdict, at_utc_us: int, chance: random.Random, hostile: str):
    events: list[Event] = []

    def add(at_s, channel, kind, source="", target="", **data):
        events.append(Event(len(events) + 1, at_s, at_utc_us + round(at_s * 1e6), channel, kind, source, target, data))
        return len(events)

    add(1.0, "case", "step", text="plug in")
    add(1.1, "pilot", "pilot", "control_pilot", "", state="B", duty_percent=5.0, plugged=True)
    add(
        1.3,
        "ocpp",
        "ocpp.frame",
        "charger",
        "csms",
        station=pair.charger,
        text=json.dumps(
            [
                2,
                "1",
                "BootNotification",
                {
                    "reason": "PowerUp",
                    "chargingStation": {
                        "model": "B11",
                        "vendorName": hostile or "Ladekraft",
                        "serialNumber": "LK-0099-4711",
                    },
                },
            ]
        ),
    )
    add(1.35, "ocpp", "ocpp.frame", "csms", "charger", text='[3,"1",{"status":"Accepted","interval":300}]')
    ends = ("charger", "vehicle")
    for place in range(24):
        frame = bytes.fromhex("01fe8004") + (20).to_bytes(4, "big") + bytes(chance.randrange(256) for _ in range(20))
        add(2 + place * 1.4, "v2g", "v2g.frame", *ends[:: 1 if place % 2 else -1], hex=frame.hex(), session=1)
    setpoint = add(
        8.0,
        "ocpp",
        "ocpp.frame",
        "csms",
        "charger",
        text=json.dumps(
            [2, "2", "UpdateDynamicSchedule", {"chargingProfileId": 1, "scheduleUpdate": {"setpoint": -10000}}]
        ),
    )
    wanted = -10_000.0 if verdict is not Verdict.FAIL else -120.0
    for tick in range(180):
        at_s = 0.2 * tick
        true = (
            6_000 * (1 - math.exp(-max(0, at_s - 2) / 1.2))
            if at_s < 8
            else wanted + (6_000 - wanted) * math.exp(-(at_s - 8) / 1.1)
        )
        add(
            at_s,
            "power_analyser",
            "reading",
            "power_analyser",
            active_w=round(true + chance.gauss(0, 12), 1),
            dc_power_w=round(true * 0.955, 1),
            uncertainty={"active_w": 12.0},
        )
    add(36.0, "bench", "bench", what="safe", note=hostile)
    events.sort(key=lambda event: event.at_s)
    path.write_bytes(b"".join(to_line(event) for event in events))
    return (setpoint,) if verdict is Verdict.FAIL else ()
