"""The charger under test: ongoing phases, pause and resume, renegotiation, and the pilot."""

from __future__ import annotations

from typing import Any

from fixtures.evcc import BATTERY_V, BenchEvcc, EvccOnBench
from fixtures.liveness import Liveness
from harness.bench import Bench
from harness.case import expect, good_case, step
from harness.iso15118.evcc import StoredSession
from harness.iso15118.intent import Intent
from harness.iso15118.timing import timer
from harness.ocpp.station_handle import StationHandle
from harness.usecase import usecase
from harness.verdict import Side
from testcases.iso15118_20.charger import end, expect_code, expect_refused, reach
from testcases.iso15118_20.groups import GROUPS
from testcases.iso15118_20.table import PROTOCOL, for_each, row

PHASES = {
    "Authorization": ("Authorization", "EIM_Authorization_Ongoing"),
    "ScheduleExchange": ("ScheduleExchange", "V2G_SECC_Ongoing_Performance_Time"),
    "CableCheck": ("DC_CableCheck", "V2G_EVCC_CableCheck_Timeout"),
    "PreCharge": ("DC_PreCharge", "V2G_EVCC_PreCharge_Timeout"),
}
THIEF = "DETHIEF0000000001"
SAFE_V = 60.0
"""Below this a DC outlet may be touched (SELV, IEC 61140)."""
LOW_BATTERY_V = 330.0
"""A target apart from what the isolation test leaves on the line (our default)."""
POWER_GONE_S = 2.0
"""From the loss of the vehicle to no power (our default; an oscilloscope has to look at the 100 ms of the pilot)."""


# P6, phases that take their time


@for_each(
    [
        row(f"TC_SECC_{'DC' if message.startswith('DC') else 'CMN'}_VTB_{name}_061", message=message, clock=clock)
        for name, (message, clock) in PHASES.items()
    ],
    into=globals(),
    sut="charger",
)
async def a_phase_ends_in_time(evcc: EvccOnBench, *, message: str, clock: str) -> None:
    """{message} repeated while it is ongoing: finished before {clock} is over"""
    ev = await reach(evcc, message)
    began_s = ev.clock.now_s()
    step(f"{message}Req until it is finished")
    answer: Any = await ev.advance_to(message, processing="Finished")
    took_s = ev.clock.now_s() - began_s
    expect_code(answer, ["OK"])
    expect(took_s, at_most=timer(clock).value_s, of="station", named=f"{message} finished after", unit="s")
    if message == "DC_PreCharge":
        shown_v = float(answer.evse_present_voltage)
        expect(shown_v, at_least=BATTERY_V - 20, at_most=BATTERY_V + 20, of="station", named="voltage", unit="V")
    await end(ev)


@for_each([row("TC_SECC_DC_VTB_PreCharge_062", "V2G20-2005")], into=globals(), sut="charger", liveness=True)
async def power_before_pre_charge_is_refused(evcc: EvccOnBench) -> None:
    """PowerDeliveryReq(Start) while pre-charge is still called ongoing: FAILED_SequenceError, and the connection closed"""
    ev = await evcc.before("DC_PreCharge")
    await ev.exchange()
    step("PowerDeliveryReq(Start) instead of the next DC_PreChargeReq")
    answer = await ev.exchange(ev.draft("PowerDeliveryReq", charge_progress="Start"))
    await expect_refused(ev, answer, ["FAILED_SequenceError"])


@for_each([row("TC_SECC_DC_VTB_PreCharge_063", requires=["hardware"])], into=globals(), sut="charger", liveness=True)
async def the_voltage_in_pre_charge_is_measured(evcc: EvccOnBench) -> None:
    """EVSEPresentVoltage in pre-charge is what is measured at the inlet in the same moment"""
    ev = await evcc.before("DC_PreCharge")
    ev.car.battery_voltage_v = LOW_BATTERY_V
    step(f"DC_PreChargeReq until the station's word is {LOW_BATTERY_V:g} V")
    while not ev.session.pre_charged:
        answer: Any = await ev.exchange()
        expect_code(answer, ["OK"])
    await ev.car.measure()
    apart_v = abs(ev.car.measured.voltage_v - float(answer.evse_present_voltage))
    expect(apart_v, at_most=20.0, of="station", named="stated less measured voltage", unit="V")
    await end(ev)


@for_each([row("TC_SECC_DC_VTB_WeldingDetection_061")], into=globals(), sut="charger")
async def the_outlet_becomes_safe(evcc: EvccOnBench) -> None:
    """Welding detection until the outlet is safe: below 60 V at last"""
    ev = await reach(evcc, "DC_WeldingDetection")
    step("DC_WeldingDetectionReq until the vehicle is satisfied")
    answer: Any = await ev.advance_to("DC_WeldingDetection", processing="Finished")
    expect(float(answer.evse_present_voltage), at_most=SAFE_V, of="station", named="voltage at the outlet", unit="V")
    await end(ev)


# P7, pause and resume


async def paused(evcc: EvccOnBench, **config: Any) -> StoredSession:
    """Preamble: a session that has charged, and paused; the charger is awake again."""
    ev = await evcc.charging(**config)
    with good_case(Side.STATION):
        stored = await ev.pause()
        await ev.clock.sleep(2.0)
        await evcc.wake()
    return stored


PAUSE = ("pause",)


@for_each([row("TC_SECC_CMN_VTB_SessionSetup_071", "V2G20-2545", requires=PAUSE)], into=globals(), sut="charger")
async def a_paused_session_is_joined(evcc: EvccOnBench) -> None:
    """Pause, B-C-B wake-up and resume with the old session id: OK_OldSessionJoined, and power flows again"""
    stored = await paused(evcc)
    step("a new connection with the old session id")
    ev = await evcc.session(stored=stored)
    await ev.exchange()
    answer = await ev.exchange()
    expect_code(answer, ["OK_OldSessionJoined"])
    expect(ev.session.session_id.hex(), equals=stored.session_id.hex(), of="station", named="session id")
    step("authorization and services stay valid: charge parameters are next")
    await ev.charge_loop(count=3)
    await end(ev)


@for_each(
    [
        row(
            "TC_SECC_CMN_VTB_SessionSetup_072",
            "V2G20-2554",
            requires=PAUSE,
            who="an id that was never given",
            wrong="id",
        ),
        row(
            "TC_SECC_CMN_VTB_SessionSetup_073",
            "V2G20-2626",
            requires=PAUSE,
            who="another vehicle with the id",
            wrong="evcc",
        ),
    ],
    into=globals(),
    sut="charger",
    liveness=True,
)
async def nobody_else_joins(evcc: EvccOnBench, *, who: str, wrong: str) -> None:
    """Resume by {who}: a new session with a new id, nothing of the old one"""
    stored = await paused(evcc)
    config: dict[str, Any] = {"evcc_id": THIEF, "tls": evcc.certified(THIEF)} if wrong == "evcc" else {}
    ev = await evcc.session(stored=stored, **config)
    await ev.exchange()
    asked = stored.session_id if wrong == "evcc" else b"\x0f" * 8
    step(f"SessionSetupReq of {who}")
    answer: Any = await ev.exchange(header__session_id=asked)
    expect_code(answer, ["OK_NewSessionEstablished"])
    given = answer.header.session_id
    expect(given != asked and any(given), equals=True, of="station", named="a new session id was given")
    await end(ev)


@for_each([row("TC_SECC_CMN_VTB_SessionSetup_074", "V2G20-2554", requires=PAUSE)], into=globals(), sut="charger")
async def a_terminated_session_is_not_joined(evcc: EvccOnBench) -> None:
    """The id of a terminated session: a new session is established"""
    ev = await evcc.charging()
    with good_case(Side.STATION):
        await ev.stop()
        stored = ev.session.store()
        await ev.clock.sleep(2.0)
        await evcc.wake()
    later = await evcc.session(stored=stored)
    await later.exchange()
    step("SessionSetupReq with the id of the terminated session")
    expect_code(await later.exchange(), ["OK_NewSessionEstablished"])
    await end(later)


async def resumed(evcc: EvccOnBench) -> BenchEvcc:
    """Preamble: a paused session that was joined again, up to its first request."""
    stored = await paused(evcc)
    with good_case(Side.STATION):
        ev = await evcc.session(stored=stored)
        await ev.exchange()
        expect_code(await ev.exchange(), ["OK_OldSessionJoined"])
        await ev.advance_to("DC_ChargeParameterDiscovery")
    return ev


@for_each(
    [
        row("TC_SECC_DC_VTB_ChargeParameterDiscovery_072", "V2G20-459", requires=PAUSE, other="AuthorizationSetup"),
        row("TC_SECC_DC_VTB_ChargeParameterDiscovery_073", "V2G20-459", requires=PAUSE, other="ServiceDiscovery"),
        row("TC_SECC_DC_VTB_ChargeParameterDiscovery_074", "V2G20-459", requires=PAUSE, other="PowerDelivery"),
    ],
    into=globals(),
    sut="charger",
    liveness=True,
)
async def after_a_resume_parameters_come_first(evcc: EvccOnBench, *, other: str) -> None:
    """{other}Req right after a resume: FAILED_SequenceError, and the connection closed"""
    ev = await resumed(evcc)
    step(f"{other}Req instead of DC_ChargeParameterDiscoveryReq")
    await expect_refused(ev, await ev.exchange(ev.draft(f"{other}Req")), ["FAILED_SequenceError"])


@for_each(
    [row("TC_SECC_DC_VTB_ChargeParameterDiscovery_071", "V2G20-460", requires=PAUSE)],
    into=globals(),
    sut="charger",
    liveness=True,
)
async def after_a_resume_the_id_still_counts(evcc: EvccOnBench) -> None:
    """Another session id right after a resume: FAILED_UnknownSession, and the connection closed"""
    ev = await resumed(evcc)
    step("session id 0 after the resume")
    await expect_refused(ev, await ev.exchange(header__session_id=bytes(8)), ["FAILED_UnknownSession"])


@for_each([row("TC_SECC_CMN_VTB_SessionSetup_075", "V2G20-2545", requires=PAUSE)], into=globals(), sut="charger")
async def a_session_pauses_twice(evcc: EvccOnBench) -> None:
    """Two pauses in one session: joined both times"""
    stored = await paused(evcc)
    with good_case(Side.STATION):
        ev = await evcc.session(stored=stored)
        await ev.charge_loop(count=3)
    step("the second pause")
    again = await ev.pause()
    await ev.clock.sleep(2.0)
    await evcc.wake()
    last = await evcc.session(stored=again)
    await last.charge_loop(count=3)
    expect(last.session.resumed, equals=True, of="station", named="joined after the second pause")
    await end(last)


# P8, renegotiation, standby


@for_each([row("TC_SECC_CMN_VTB_ScheduleExchange_081")], into=globals(), sut="charger", liveness=True)
async def the_schedule_is_renegotiated(evcc: EvccOnBench) -> None:
    """The vehicle renegotiates the schedule in the charge loop: granted, power goes on, and the next session works"""
    ev = await evcc.charging()
    step("PowerDeliveryReq(ScheduleRenegotiation), ScheduleExchange, and back to the loop")
    await ev.renegotiate_schedule()
    expect_code(await ev.charge_loop(count=3), ["OK"])
    await end(ev)


@for_each([row("TC_SECC_CMN_VTB_ScheduleExchange_082", "V2G20-459")], into=globals(), sut="charger", liveness=True)
async def a_renegotiation_is_finished_first(evcc: EvccOnBench) -> None:
    """ServiceDiscoveryReq in the middle of a schedule renegotiation: FAILED_SequenceError, and the connection closed"""
    ev = await evcc.charging()
    with good_case(Side.STATION):
        ev.session.intent = Intent.RENEGOTIATE_SCHEDULE
        await ev.exchange()
    step("ServiceDiscoveryReq instead of ScheduleExchangeReq")
    await expect_refused(ev, await ev.exchange(ev.draft("ServiceDiscoveryReq")), ["FAILED_SequenceError"])


@for_each(
    [row("TC_SECC_CMN_VTB_SessionStop_081", "V2G20-1477", requires=["service_renegotiation"])],
    into=globals(),
    sut="charger",
    liveness=True,
)
async def the_service_is_renegotiated(evcc: EvccOnBench) -> None:
    """SessionStopReq(ServiceRenegotiation): granted, services are discovered on the same connection, and power flows"""
    ev = await evcc.charging()
    step("the vehicle goes back to service discovery")
    await ev.renegotiate_service()
    answer = await ev.charge_loop(count=3)
    expect_code(answer, ["OK"])
    await end(ev)


@for_each(
    [
        row("TC_SECC_CMN_VTB_ServiceDiscovery_081", "V2G20-459", requires=["service_renegotiation"], other=other)
        for other in ("AuthorizationSetup",)
    ]
    + [
        row(
            "TC_SECC_CMN_VTB_ServiceDiscovery_082",
            "V2G20-459",
            requires=["service_renegotiation"],
            other="PowerDelivery",
        )
    ],
    into=globals(),
    sut="charger",
    liveness=True,
)
async def discovery_comes_first_after_a_service_renegotiation(evcc: EvccOnBench, *, other: str) -> None:
    """{other}Req after SessionStop(ServiceRenegotiation): FAILED_SequenceError, and the connection closed"""
    ev = await evcc.charging()
    with good_case(Side.STATION):
        await ev.renegotiate_service()
    step(f"{other}Req instead of ServiceDiscoveryReq")
    await expect_refused(ev, await ev.exchange(ev.draft(f"{other}Req")), ["FAILED_SequenceError"])


@for_each([row("TC_SECC_DC_VTB_PowerDelivery_081", requires=["standby"])], into=globals(), sut="charger", liveness=True)
async def standby_and_back(evcc: EvccOnBench) -> None:
    """PowerDeliveryReq(Standby) and back: both granted, and the session ends in order"""
    ev = await evcc.charging()
    step("standby")
    await ev.standby()
    expect_code(ev.last_response, ["OK"])
    step("power again")
    ev.session.intent = Intent.CHARGE
    expect_code(await ev.charge_loop(count=3), ["OK"])
    await end(ev)


# P9, the pilot, the plug, the connection


@for_each([row("TC_SECC_DC_VTB_CableCheck_091")], into=globals(), sut="charger", liveness=True)
async def no_cable_check_in_state_b(evcc: EvccOnBench) -> None:
    """DC_CableCheckReq while the pilot shows state B: a FAILED code, and the connection closed"""
    ev = await evcc.before("DC_CableCheck")
    ev.car.pilot_follows = False
    step("DC_CableCheckReq, the pilot stays in state B")
    await expect_refused(ev, await ev.exchange(), ["FAILED", "FAILED_AssociationError"])


@for_each(
    [row(each.case("SECC", 12), message=each.message) for each in GROUPS],
    into=globals(),
    sut="charger",
    liveness=True,
)
async def a_broken_connection_kills_nothing(evcc: EvccOnBench, *, message: str) -> None:
    """The connection breaks where {message}Req is expected: no power is left, and the next session works"""
    ev = await reach(evcc, message)
    step("the vehicle closes the connection without a word")
    await ev.close()
    await ev.clock.sleep(POWER_GONE_S)
    await ev.car.measure()
    flows_w = abs(ev.car.measured.active_power_w)
    expect(flows_w, at_most=250.0, of="station", named=f"power {POWER_GONE_S:g} s after the break")


@usecase(
    "TC_SECC_DC_VTB_ChargeLoop_092",
    sut="charger",
    protocol=PROTOCOL,
    requires={PROTOCOL, "dc"},
    requirements=["our default"],
    uses_rules=[PROTOCOL],
)
async def test_the_plug_is_pulled_in_the_loop(pf_bench: Bench, pf_evcc: EvccOnBench, pf_liveness: Liveness) -> None:
    """The plug is pulled in the charge loop: power is gone, and the next session works"""
    ev = await pf_evcc.charging()
    step("the plug is pulled")
    await pf_bench.unplug()
    await ev.clock.sleep(POWER_GONE_S)
    await ev.car.measure()
    expect(abs(ev.car.measured.active_power_w), at_most=250.0, of="station", named=f"power {POWER_GONE_S:g} s later")
    await pf_liveness()


# what the operator decides


@usecase(
    "TC_SECC_DC_VTB_ChargeLoop_081",
    sut="charger",
    protocol=PROTOCOL,
    requires={PROTOCOL, "dc", "ocpp2.1"},
    requirements=["our default"],
    uses_rules=[PROTOCOL],
)
async def test_a_remote_stop_becomes_a_notification(pf_evcc: EvccOnBench, pf_station: StationHandle) -> None:
    """The CSMS stops the transaction: the charger notifies Terminate in the charge loop, and the session ends in order"""
    ev = await pf_evcc.charging()
    step("RequestStopTransaction")
    await pf_station.request_stop()
    ev.session.reacts_to.clear()
    answer: Any = await ev.charge_loop(10.0, until=lambda response: response.__dict__["evse_status"] is not None)
    status = answer.evse_status
    told = str(status.evse_notification) if status else "none"
    expect(told, equals="Terminate", of="station", named="EVSENotification")
    await end(ev)


@usecase(
    "TC_SECC_CMN_VTB_Authorization_062",
    sut="charger",
    protocol=PROTOCOL,
    requires={PROTOCOL, "ocpp2.1"},
    requirements=["V2G20-2219"],
    uses_rules=[PROTOCOL],
)
async def test_a_refused_card_is_told(pf_evcc: EvccOnBench, pf_station: StationHandle, pf_liveness: Liveness) -> None:
    """The CSMS refuses the identification: Finished with WARNING_EIMAuthorizationFailure, not ongoing for ever"""
    pf_station.answers.answer("Authorize", {"idTokenInfo": {"status": "Blocked"}})
    try:
        ev = await pf_evcc.before("Authorization")
        step("AuthorizationReq until it is decided")
        answer: Any = await ev.exchange()
        for _ in range(100):
            if str(answer.evse_processing) == "Finished":
                break
            answer = await ev.exchange()
        expect(str(answer.evse_processing), equals="Finished", of="station", named="EVSEProcessing")
        expect_code(answer, ["WARNING_EIMAuthorizationFailure"])
        await end(ev)
    finally:
        pf_station.answers.as_usual("Authorize")
    await pf_liveness()
