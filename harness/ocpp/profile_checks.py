"""What a charging station refuses in a charging profile: one row per requirement, most particular first.

Reason codes are those of the standard's appendix or, for PhaseConflict and InvalidOperationMode, of the 2025-09
errata. They are advice in most rules: what counts is the status. Where no single requirement is known, the row names
the table or the variable that it follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from harness.ocpp.frames import Payload
from harness.ocpp.profiles import Kind, Mode, Profile, Purpose

SETPOINT_KEYS = ("setpoint", "setpoint_L2", "setpoint_L3")
REACTIVE_KEYS = ("setpointReactive", "setpointReactive_L2", "setpointReactive_L3")
LIMIT_KEYS = ("limit", "limit_L2", "limit_L3")
DISCHARGE_KEYS = ("dischargeLimit", "dischargeLimit_L2", "dischargeLimit_L3")

_TX_ONLY = frozenset({Purpose.TX, Purpose.TX_DEFAULT})
PURPOSES_BY_MODE: dict[Mode, frozenset[Purpose]] = {
    Mode.CHARGING_ONLY: frozenset(Purpose),
    Mode.CENTRAL_SETPOINT: _TX_ONLY,
    Mode.CENTRAL_FREQUENCY: _TX_ONLY,
    Mode.LOCAL_FREQUENCY: _TX_ONLY,
    Mode.LOCAL_LOAD_BALANCING: _TX_ONLY,
    Mode.IDLE: _TX_ONLY,
    Mode.EXTERNAL_SETPOINT: _TX_ONLY | {Purpose.EXTERNAL_CONSTRAINTS},
    Mode.EXTERNAL_LIMITS: _TX_ONLY | {Purpose.EXTERNAL_CONSTRAINTS, Purpose.LOCAL_GENERATION},
}
"""OCPP 2.1 part 2, block Q: table of operation modes (K01.FR.111 to 114, err)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    requirement: str
    reason_code: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Abilities:
    """What the station can do and holds at the moment, as far as a profile's acceptance depends on it."""

    evse_ids: frozenset[int]
    transactions: dict[int, str]
    """Transaction id by EVSE."""
    installed: Sequence[Profile] = ()
    modes: frozenset[Mode] = frozenset(Mode)
    purposes: frozenset[Purpose] = frozenset(Purpose)
    rate_units: frozenset[str] = frozenset({"W", "A"})
    dynamic_profiles: bool = True
    max_offline_duration: bool = True
    limit_at_soc: bool = True
    evse_sleep: bool = False
    local_time: bool = False
    randomized_delay: bool = False
    is_dc: bool = True
    iso15118: bool = True
    load_balancing_ready: bool = True
    largest_stack_level: int = 10
    periods_per_schedule: int = 1024
    max_external_constraints_id: int | None = None
    per_phase_discharge: bool = False
    """The EV has reported discharge powers of L2 and L3."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A profile that the CSMS wants to install, with quick ways to its parts."""

    evse_id: int
    profile: Payload
    abilities: Abilities

    @property
    def purpose(self) -> Purpose:
        return Purpose(self.profile["chargingProfilePurpose"])

    @property
    def kind(self) -> Kind:
        return Kind(self.profile["chargingProfileKind"])

    @property
    def schedules(self) -> list[Payload]:
        schedules: list[Payload] = self.profile["chargingSchedule"]
        return schedules

    def periods(self, *modes: Mode) -> Iterator[Payload]:
        """All periods, or those of the given modes."""
        for schedule in self.schedules:
            for period in schedule["chargingSchedulePeriod"]:
                if not modes or mode_of(period) in modes:
                    yield period

    def any_key(self, keys: Sequence[str], *modes: Mode) -> bool:
        return any(key in period for period in self.periods(*modes) for key in keys)


def mode_of(period: Payload) -> Mode:
    return Mode(period.get("operationMode", Mode.CHARGING_ONLY))


Breach = Callable[[Offer], bool]


def outside_limits(period: Payload, *phases: str) -> bool:
    """A setpoint above its limit or below its discharge limit (V2X.05), or that of a phase: _L2, _L3 (V2X.06)."""
    return any(
        f"setpoint{phase}" in period
        and not period.get(f"dischargeLimit{phase}", float("-inf"))
        <= period[f"setpoint{phase}"]
        <= period.get(f"limit{phase}", float("inf"))
        for phase in phases
    )


def phase_without_plain(period: Payload) -> bool:
    """An _L2 or _L3 field beside no plain one (V2X.07)."""
    return any(key.rsplit("_L", 1)[0] not in period for key in period if key.endswith(("_L2", "_L3")))


def has_phase_power(period: Payload) -> bool:
    return any(key.endswith(("_L2", "_L3")) for key in period if not key.startswith("limit"))


def _unordered(offer: Offer) -> bool:
    for schedule in offer.schedules:
        starts = [period["startPeriod"] for period in schedule["chargingSchedulePeriod"]]
        if starts[0] != 0 or any(later <= earlier for earlier, later in pairwise(starts)):
            return True
    return False


def _clashes(offer: Offer) -> bool:
    """Same stack level, purpose and EVSE under another id; TxProfiles clash only within one transaction."""
    return any(
        other.id != offer.profile["id"]
        and other.stack_level == offer.profile["stackLevel"]
        and other.purpose is offer.purpose
        and other.evse_id == offer.evse_id
        and other.transaction_id == offer.profile.get("transactionId")
        for other in offer.abilities.installed
    )


def _wrong_transaction(offer: Offer) -> bool:
    return offer.purpose is Purpose.TX and offer.profile.get("transactionId") != offer.abilities.transactions.get(
        offer.evse_id
    )


def _no_curve(offer: Offer) -> bool:
    return any(
        "v2xBaseline" not in period or len(period.get("v2xFreqWattCurve", ())) < 2
        for period in offer.periods(Mode.LOCAL_FREQUENCY)
    )


CHECKS: tuple[tuple[str, str, Breach], ...] = (
    ("K01.FR.28", "UnknownEvse", lambda o: o.evse_id != 0 and o.evse_id not in o.abilities.evse_ids),
    ("K01.FR.16", "InvalidProfile", lambda o: o.purpose is Purpose.TX and o.evse_id == 0),
    ("K01.FR.22", "InvalidProfile", lambda o: o.purpose is Purpose.EXTERNAL_CONSTRAINTS),
    ("K01.FR.120", "UnsupportedPurpose", lambda o: o.purpose not in o.abilities.purposes),
    ("K01.FR.121", "UnsupportedKind", lambda o: o.kind is Kind.DYNAMIC and not o.abilities.dynamic_profiles),
    ("K01.FR.09", "TxNotFound", lambda o: o.purpose is Purpose.TX and o.evse_id not in o.abilities.transactions),
    ("K01.FR.39", "TxNotFound", _wrong_transaction),
    ("K01.FR.26", "UnsupportedRateUnit",
     lambda o: any(s["chargingRateUnit"] not in o.abilities.rate_units for s in o.schedules)),
    ("ProfileStackLevel", "InvalidStackLevel", lambda o: o.profile["stackLevel"] > o.abilities.largest_stack_level),
    ("K01.FR.06", "DuplicateProfile", _clashes),
    ("K01.FR.34", "InvalidSchedule", lambda o: len(o.schedules) > 1 and not o.abilities.iso15118),
    ("K01.FR.38", "InvalidProfile",
     lambda o: o.purpose is Purpose.STATION_MAX and o.kind is Kind.RELATIVE),
    ("K01.FR.40", "InvalidSchedule",
     lambda o: o.kind in (Kind.ABSOLUTE, Kind.RECURRING) and any("startSchedule" not in s for s in o.schedules)),
    ("K01.FR.41", "InvalidSchedule",
     lambda o: o.kind is Kind.RELATIVE and any("startSchedule" in s for s in o.schedules)),
    ("K28.FR.01", "InvalidSchedule", lambda o: o.kind is Kind.DYNAMIC and len(o.schedules) != 1),
    ("K28.FR.02", "InvalidSchedule",
     lambda o: o.kind is Kind.DYNAMIC and len(o.schedules[0]["chargingSchedulePeriod"]) != 1),
    ("K28.FR.03", "InvalidSchedule",
     lambda o: o.kind is Kind.DYNAMIC and o.schedules[0]["chargingSchedulePeriod"][0]["startPeriod"] != 0),
    ("K28.FR.04", "InvalidProfile", lambda o: "dynUpdateInterval" in o.profile and o.kind is not Kind.DYNAMIC),
    ("K01.FR.31", "InvalidSchedule", _unordered),
    ("K18.FR.07", "InvalidSchedule",
     lambda o: any(len(s["chargingSchedulePeriod"]) > o.abilities.periods_per_schedule for s in o.schedules)),
    ("K01.FR.44", "NoPhaseForDC",
     lambda o: o.abilities.is_dc and any({"numberPhases", "phaseToUse"} & p.keys() for p in o.periods())),
    ("K01.FR.115", "InvalidOperationMode",
     lambda o: any(mode_of(p) not in o.abilities.modes and mode_of(p) is not Mode.LOCAL_LOAD_BALANCING
                   for p in o.periods())),
    ("Q09.FR.01", "UnsupportedParam",
     lambda o: Mode.LOCAL_LOAD_BALANCING not in o.abilities.modes and any(o.periods(Mode.LOCAL_LOAD_BALANCING))),
    ("Q09.FR.02", "MissingDevModelInfo",
     lambda o: not o.abilities.load_balancing_ready and any(o.periods(Mode.LOCAL_LOAD_BALANCING))),
    ("K01.FR.111", "InvalidOperationMode",
     lambda o: any(o.purpose not in PURPOSES_BY_MODE[mode_of(p)] for p in o.periods())),
    ("K01.FR.70", "InvalidSchedule",
     lambda o: o.purpose is Purpose.PRIORITY and any("duration" in s for s in o.schedules)),
    ("Q08.FR.01", "InvalidSchedule",
     lambda o: o.any_key(LIMIT_KEYS + DISCHARGE_KEYS + SETPOINT_KEYS + REACTIVE_KEYS, Mode.LOCAL_FREQUENCY)),
    ("Q08.FR.02", "NoFreqWattCurve", _no_curve),
    ("Q08.FR.05", "InvalidSchedule",
     lambda o: any(o.periods(Mode.LOCAL_FREQUENCY)) and any(s["chargingRateUnit"] != "W" for s in o.schedules)),
    ("Q10.FR.01", "InvalidSchedule",
     lambda o: o.any_key(LIMIT_KEYS + DISCHARGE_KEYS + SETPOINT_KEYS + REACTIVE_KEYS, Mode.IDLE)),
    ("K01.FR.126", "InvalidSchedule",
     lambda o: not o.abilities.evse_sleep and any(p.get("evseSleep") and mode_of(p) is not Mode.IDLE
                                                  for p in o.periods())),
    ("operation modes", "InvalidSchedule",
     lambda o: any("setpoint" not in p for p in o.periods(Mode.CENTRAL_SETPOINT, Mode.CENTRAL_FREQUENCY))),
    ("operation modes", "InvalidSchedule",
     lambda o: any("limit" not in p for p in o.periods(Mode.CHARGING_ONLY))),
    ("V2X.05", "InvalidSchedule", lambda o: any(outside_limits(p, "") for p in o.periods())),
    ("V2X.06", "InvalidSchedule", lambda o: any(outside_limits(p, "_L2", "_L3") for p in o.periods())),
    ("V2X.07", "InvalidSchedule", lambda o: any(phase_without_plain(p) for p in o.periods())),
    ("V2X.09", "PhaseConflict",
     lambda o: any(has_phase_power(p) for p in o.periods())
     and (o.purpose is not Purpose.TX or not o.abilities.per_phase_discharge)),
    ("K01.FR.122..125", "InvalidProfile",
     lambda o: "maxOfflineDuration" in o.profile and not o.abilities.max_offline_duration),
    ("K01.FR.90..95", "InvalidSchedule",
     lambda o: not o.abilities.local_time and any(s.get("useLocalTime") for s in o.schedules)),
    ("K01.FR.90..95", "InvalidSchedule",
     lambda o: not o.abilities.randomized_delay and any("randomizedDelay" in s for s in o.schedules)),
    ("K01.FR.122..125", "InvalidSchedule",
     lambda o: not o.abilities.limit_at_soc and any("limitAtSoC" in s for s in o.schedules)),
    ("K01.FR.80", "InvalidProfileId",
     lambda o: o.abilities.max_external_constraints_id is not None
     and o.profile["id"] <= o.abilities.max_external_constraints_id),
)  # fmt: skip


def refusal_of(evse_id: int, profile: Payload, abilities: Abilities) -> Refusal | None:
    """Why a station refuses a schema-valid profile, or None."""
    offer = Offer(evse_id, profile, abilities)
    for requirement, reason_code, breach in CHECKS:
        if breach(offer):
            return Refusal(requirement, reason_code, f"refused by {requirement}")
    return None
