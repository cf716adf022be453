"""A CSMS under test: what it has to answer to a V2G station, and what it must not send."""

from __future__ import annotations

from harness.case import expect, step
from harness.ocpp.schedule_dialogue import ScheduleState
from harness.ocpp.session import Answered, Refused
from harness.ocpp.timestamps import to_text
from harness.usecase import usecase
from testcases.ocpp21.under_test import asked

RULES = ["ocpp2.1"]
PROFILE_S = 60.0
"""Until the profile has to be there after needs were accepted (K18.FR.08)."""


@usecase("PF_B01_01_CSMS", sut="csms", protocol="ocpp2.1", requires={"ocpp2.1"}, requirements=["B01"], uses_rules=RULES)
async def test_a_station_is_accepted(pf_test_station):
    """Boot, status and heartbeat of a station are answered"""
    await pf_test_station.boots(0)
    answer = await asked(pf_test_station, "Heartbeat", {})
    expect(isinstance(answer, Answered), equals=True, of="csms", named="Heartbeat answered with a result")


@usecase("PF_Q01_01_CSMS", sut="csms", protocol="ocpp2.1", requires={"ocpp2.1", "v2x"},
         requirements=["Q01.FR.01", "Q01.FR.07"], uses_rules=RULES, parameters={"charge_s": 35})  # fmt: skip
async def test_bidirectional_needs_get_a_profile(pf_test_station, pf_parameters):
    """Authorisation lists the transfers, and accepted needs are followed by a profile in time"""
    station = pf_test_station
    await station.boot()
    await station.authorise()
    expect(station.evse.admission.allowed is not None, equals=True, of="csms", named="allowedEnergyTransfer given")
    state = await station.tell_needs()
    if state in (ScheduleState.COMING, ScheduleState.GIVEN):
        await station.until(
            lambda: station.evse.schedule.state is ScheduleState.GIVEN, "the CSMS sent no profile", PROFILE_S
        )
    await station.charge(pf_parameters.charge_s)
    await station.unplug()


@usecase("PF_Q01_04_CSMS", sut="csms", protocol="ocpp2.1", requires={"ocpp2.1", "v2x"},
         requirements=["Q01.FR.04", "K18.FR.22", "K19.FR.15"], uses_rules=RULES)  # fmt: skip
async def test_a_transfer_that_is_not_allowed_is_rejected(pf_test_station):
    """Needs for a transfer that is not in the list are rejected, in dynamic control and in scheduled control"""
    station = pf_test_station
    await station.boot()
    await station.authorise()
    allowed = station.evse.admission.allowed or ()
    forbidden = next((one for one in ("WPT", "AC_BPT_DER", "DC_ACDP_BPT") if one not in allowed), "WPT")
    for dynamic in (True, False):
        state = await station.tell_needs(forbidden, dynamic=dynamic)
        expect(state, equals=ScheduleState.TRANSFER_REFUSED, of="csms", named="answer to the needs")
    await station.unplug()


@usecase("PF_E01_01_CSMS", sut="csms", protocol="ocpp2.1", requires={"ocpp2.1"}, requirements=["E01"],
         uses_rules=RULES, parameters={"charge_s": 35})  # fmt: skip
async def test_transaction_events_are_answered(pf_test_station, pf_parameters):
    """Every event of a transaction is answered, from start to end"""
    station = pf_test_station
    await station.boot()
    await station.authorise()
    await station.charge(pf_parameters.charge_s)
    await station.unplug()
    await station.until(lambda: station.core.messages_waiting == 0, "the CSMS left events without an answer", 40.0)


@usecase("PF_K28_12_CSMS", sut="csms", protocol="ocpp2.1", requires={"ocpp2.1", "v2x"}, requirements=["K28.FR.12"],
         uses_rules=RULES)  # fmt: skip
async def test_a_pull_of_an_unknown_profile_is_rejected(pf_test_station):
    """PullDynamicScheduleUpdate for a profile that the CSMS never sent is rejected"""
    await pf_test_station.boot()
    answer = await asked(pf_test_station, "PullDynamicScheduleUpdate", {"chargingProfileId": 999_999})
    status = answer.payload.get("status") if isinstance(answer, Answered) else "no result"
    expect(status, equals="Rejected", of="csms", named="status of PullDynamicScheduleUpdate")


@usecase("PF_K28_10_CSMS", sut="csms", protocol="ocpp2.1", requires={"ocpp2.1", "v2x"}, requirements=["K28.FR.10", "Q04"],
         uses_rules=RULES)  # fmt: skip
async def test_a_pull_of_a_known_profile_brings_numbers(pf_test_station):
    """PullDynamicScheduleUpdate for the CSMS's own Dynamic profile is accepted, with numbers"""
    station = pf_test_station
    await station.boot()
    await station.authorise()
    await station.tell_needs()
    await station.until(
        lambda: station.evse.schedule.state is ScheduleState.GIVEN, "the CSMS sent no profile", PROFILE_S
    )
    dynamic = [one.id for one in station.evse.smart.profiles if one.kind == "Dynamic"]
    expect(len(dynamic), at_least=1, of="csms", named="Dynamic profiles sent", unit="")
    answer = await asked(station, "PullDynamicScheduleUpdate", {"chargingProfileId": dynamic[0]})
    given = answer.payload.get("scheduleUpdate") if isinstance(answer, Answered) else None
    expect(bool(given), equals=True, of="csms", named="scheduleUpdate given")
    await station.unplug()


@usecase("PF_R05_01_CSMS", sut="csms", protocol="ocpp2.1", requires={"ocpp2.1"}, requirements=["R05.FR.01", "R05.FR.02"],
         uses_rules=RULES)  # fmt: skip
async def test_der_notices_are_answered(pf_test_station):
    """NotifyDERAlarm and NotifyDERStartStop are answered with a result"""
    station = pf_test_station
    await station.boot()
    now = to_text(station.now_s())
    for action, payload in (
        ("NotifyDERAlarm", {"controlType": "VoltWatt", "gridEventFault": "OverVoltage", "timestamp": now}),
        ("NotifyDERAlarm", {"controlType": "VoltWatt", "alarmEnded": True, "timestamp": now}),
        ("NotifyDERStartStop", {"controlId": "x", "started": True, "timestamp": now}),
    ):
        answer = await asked(station, action, payload)
        expect(isinstance(answer, Answered), equals=True, of="csms", named=f"{action} answered with a result")


@usecase("PF_P4_01_CSMS", sut="csms", protocol="ocpp2.1", requires={"ocpp2.1"}, requirements=["part 4"],
         uses_rules=RULES)  # fmt: skip
async def test_an_unknown_action_is_refused(pf_test_station):
    """An action that does not exist gets a CALLERROR, broken frames do not kill the link"""
    station = pf_test_station
    await station.boot()
    for text in ("no json", "[]", '[3,"nobody",{}]'):
        station.core.put_raw(text)
    step("an action that no version has")
    answer = await asked(station, "NoSuchAction", {})
    expect(isinstance(answer, Refused), equals=True, of="csms", named="unknown action refused")
    answer = await asked(station, "Heartbeat", {})
    expect(isinstance(answer, Answered), equals=True, of="csms", named="Heartbeat answered afterwards")
