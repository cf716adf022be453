"""What a station must reject in SetChargingProfile: one rule per row, broken by the status Accepted."""

from __future__ import annotations

from collections.abc import Iterator
from weakref import WeakKeyDictionary

from harness.ocpp.profile_checks import (
    CHECKS,
    DISCHARGE_KEYS,
    LIMIT_KEYS,
    PURPOSES_BY_MODE,
    REACTIVE_KEYS,
    SETPOINT_KEYS,
    Breach,
    Offer,
    has_phase_power,
    mode_of,
)
from harness.ocpp.profiles import Kind, Mode, Purpose
from harness.rules.ocpp21.believed import believed, needs_before
from harness.rules.ocpp21.terms import Session, asked, broken, station
from harness.rules.rule import Broken, Check
from harness.transcript.ocpp import Exchange


def _check(requirement: str) -> Breach:
    """What of a requirement the station's own checks know; it may stand in several rows."""
    rows = [breach for name, _, breach in CHECKS if name == requirement]
    assert rows, requirement
    return lambda offer: any(breach(offer) for breach in rows)


def _mode_breach(*purposes: Purpose) -> Breach:
    return lambda o: o.purpose in purposes and any(o.purpose not in PURPOSES_BY_MODE[mode_of(p)] for p in o.periods())


def _no_baseline(o: Offer) -> bool:
    return any("v2xBaseline" not in period for period in o.periods(Mode.LOCAL_FREQUENCY))


def _short_curve(o: Offer) -> bool:
    return any(len(period.get("v2xFreqWattCurve", ())) < 2 for period in o.periods(Mode.LOCAL_FREQUENCY))


_MUST_REJECT: tuple[tuple[str, str, Breach], ...] = (
    ("V2X.05", "a setpoint lies between dischargeLimit and limit", _check("V2X.05")),
    ("V2X.06", "a setpoint of L2 or L3 lies between that phase's limits", _check("V2X.06")),
    ("V2X.07", "a field of L2 or L3 stands beside its plain field", _check("V2X.07")),
    (
        "V2X.08, V2X.09, V2X.10, K01.FR.142, K01.FR.143, K01.FR.144, K01.FR.145, K01.FR.146, K01.FR.147",
        "powers of L2 and L3 only in a TxProfile, and for a vehicle that told its phases' discharge powers",
        lambda o: any(has_phase_power(period) for period in o.periods())
        and (o.purpose is not Purpose.TX or not o.abilities.per_phase_discharge),
    ),
    ("K01.FR.09", "a TxProfile needs a running transaction", _check("K01.FR.09")),
    ("K01.FR.39", "a TxProfile is for the transaction that runs", lambda o: "transactionId" in o.profile
     and bool(o.abilities.transactions) and _check("K01.FR.39")(o)),
    ("K01.FR.33", "a TxProfile names its transaction", lambda o: o.purpose is Purpose.TX
     and "transactionId" not in o.profile),
    ("K01.FR.16", "a TxProfile is for one EVSE, not for 0", _check("K01.FR.16")),
    ("K01.FR.06, K01.FR.52, K01.FR.53", "no two profiles of one purpose, stack level and EVSE", _check("K01.FR.06")),
    ("K01.FR.26", "the rate unit is one that the station supports", _check("K01.FR.26")),
    ("K01.FR.31", "the first period starts at 0", lambda o: any(
        s["chargingSchedulePeriod"][0]["startPeriod"] != 0 for s in o.schedules) and o.kind is not Kind.DYNAMIC),
    ("K01.FR.35", "periods are in order of their start", lambda o: any(
        later["startPeriod"] <= earlier["startPeriod"]
        for s in o.schedules
        for earlier, later in zip(s["chargingSchedulePeriod"], s["chargingSchedulePeriod"][1:], strict=False))
     and o.kind is not Kind.DYNAMIC),
    ("K01.FR.38", "a ChargingStationMaxProfile is not Relative", _check("K01.FR.38")),
    ("K01.FR.40", "startSchedule is there in Absolute and Recurring profiles", _check("K01.FR.40")),
    ("K01.FR.41", "startSchedule is not there in Relative profiles", _check("K01.FR.41")),
    ("K01.FR.44", "a DC station gets no phases", _check("K01.FR.44")),
    ("K01.FR.70", "a PriorityCharging profile has no duration", _check("K01.FR.70")),
    ("K01.FR.71", "PriorityCharging is ChargingOnly", _mode_breach(Purpose.PRIORITY)),
    (
        "K01.FR.111, K01.FR.112, K01.FR.113, K01.FR.114",
        "the purpose goes with the operation mode",
        _mode_breach(*(set(Purpose) - {Purpose.PRIORITY})),
    ),
    ("K01.FR.80, K01.FR.81, K01.FR.82", "ids up to MaxExternalConstraintsId are the station's", _check("K01.FR.80")),
    ("K01.FR.115", "the operation mode is one that the station supports", _check("K01.FR.115")),
    ("K01.FR.120", "the purpose is one that the station supports", _check("K01.FR.120")),
    ("K01.FR.121", "Dynamic only where SupportsDynamicProfiles is true", _check("K01.FR.121")),
    ("K01.FR.126", "evseSleep outside Idle only where SupportsEvseSleep is true", _check("K01.FR.126")),
    ("K01.FR.90..95, K01.FR.122..125", "useLocalTime and randomizedDelay only where they are supported", _check("K01.FR.90..95")),
    ("K01.FR.122..125", "limitAtSoC and maxOfflineDuration only where they are supported", _check("K01.FR.122..125")),
    ("K18.FR.07", "no more periods than PeriodsPerSchedule", _check("K18.FR.07")),
    ("K28.FR.01", "a Dynamic profile has one schedule", _check("K28.FR.01")),
    ("K28.FR.02", "a Dynamic profile has one period", _check("K28.FR.02")),
    ("K28.FR.03", "the period of a Dynamic profile starts at 0", _check("K28.FR.03")),
    ("K28.FR.04", "dynUpdateInterval only in a Dynamic profile", _check("K28.FR.04")),
    ("Q08.FR.01", "no limits in a LocalFrequency period",
     lambda o: o.any_key(LIMIT_KEYS + DISCHARGE_KEYS, Mode.LOCAL_FREQUENCY)),
    ("Q08.FR.04", "no setpoint in a LocalFrequency period",
     lambda o: o.any_key(SETPOINT_KEYS + REACTIVE_KEYS, Mode.LOCAL_FREQUENCY)),
    ("Q08.FR.02", "a LocalFrequency period has v2xBaseline", _no_baseline),
    ("Q08.FR.03", "a LocalFrequency period has a curve of two points at least", _short_curve),
    ("Q08.FR.05", "a LocalFrequency schedule is in W", _check("Q08.FR.05")),
    ("Q09.FR.01", "LocalLoadBalancing only where it is supported", _check("Q09.FR.01")),
    ("Q09.FR.02", "LocalLoadBalancing only with thresholds and offsets set", _check("Q09.FR.02")),
    ("Q10.FR.01", "no limits in an Idle period", lambda o: o.any_key(LIMIT_KEYS + DISCHARGE_KEYS, Mode.IDLE)),
    ("Q10.FR.02", "no setpoint in an Idle period", lambda o: o.any_key(SETPOINT_KEYS + REACTIVE_KEYS, Mode.IDLE)),
)  # fmt: skip
"""Requirement ids, what is asked for, and the breach of it."""


WRONG_ANYWHERE = (
    "V2X.05", "V2X.06", "V2X.07", "K01.FR.16", "K01.FR.31", "K01.FR.35", "K01.FR.38", "K01.FR.40", "K01.FR.41", "K01.FR.70",
    "K01.FR.71", "K28.FR.01", "K28.FR.02", "K28.FR.03", "K28.FR.04", "Q08.FR.01", "Q08.FR.02", "Q08.FR.03", "Q08.FR.04",
    "Q08.FR.05", "Q10.FR.01", "Q10.FR.02",
)  # fmt: skip
"""Requirements that a profile breaks by itself, whatever station it is sent to."""


def wrong_anywhere(offer: Offer) -> str:
    """The first requirement that a profile breaks at every station; empty if there is none."""
    rows = (row for row in _MUST_REJECT if row[0] in WRONG_ANYWHERE)
    return next((requirement for requirement, _, breach in rows if breach(offer)), "")


def _register(requirement: str, reason: str, breach: Breach) -> None:
    def accepted_all_the_same(session: Session) -> Iterator[Broken]:
        for one, offer in offers(session):
            if one.status == "Accepted" and breach(offer):
                assert one.answer
                yield broken(one.answer, f"{one.request} breaks it and is accepted", one.request)

    check: Check = accepted_all_the_same
    station(requirement, reason, id=f"ocpp2.1/{requirement.partition(',')[0]}")(check)


for _row in _MUST_REJECT:
    _register(*_row)


def offers(session: Session) -> list[tuple[Exchange, Offer]]:
    """Every sound SetChargingProfile, with what is known at that moment; worked out once per session."""
    if session not in _OFFERS:
        _OFFERS[session] = [
            (one, Offer(one.asked["evseId"], one.asked["chargingProfile"], believed(session, one)))
            for one in asked(session, "SetChargingProfile", source="csms")
        ]
    return _OFFERS[session]


_OFFERS: WeakKeyDictionary[Session, list[tuple[Exchange, Offer]]] = WeakKeyDictionary()


@station("K01.FR.05", "a profile of the same id takes the place of the old one")
def same_id_replaces(session: Session) -> Iterator[Broken]:
    for one in asked(session, "ReportChargingProfiles"):
        ids = [profile["id"] for profile in one.asked["chargingProfile"]]
        if len(set(ids)) < len(ids):
            yield broken(one.request, f"{one.request} has the ids {ids}")


@station("K18.FR.17, K19.FR.13", "a TxProfile before the vehicle's needs is rejected in an ISO 15118 session")
def no_profile_before_the_needs(session: Session) -> Iterator[Broken]:
    for one in asked(session, "SetChargingProfile", source="csms"):
        transaction = session.transaction_at(one.request, one.asked["evseId"])
        if (
            not transaction
            or one.status != "Accepted"
            or one.asked["chargingProfile"]["chargingProfilePurpose"] != "TxProfile"
        ):
            continue
        started = _start_of(session, transaction)
        if started and _evccid(started) and needs_before(session, one) is None:
            assert one.answer
            yield broken(one.answer, f"{one.request} came before any NotifyEVChargingNeeds", started.request)


def _start_of(session: Session, transaction: str) -> Exchange | None:
    return next(
        (
            one
            for one in session.of("TransactionEvent")
            if one.asked.get("eventType") == "Started" and one.asked["transactionInfo"]["transactionId"] == transaction
        ),
        None,
    )


def _evccid(started: Exchange) -> bool:
    return any(info["type"] == "EVCCID" for info in started.asked.get("idToken", {}).get("additionalInfo", ()))
