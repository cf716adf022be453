"""The vehicle under test: endless phases, notifications, odd offers, limits and frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fixtures.secc import BenchSecc, SeccOnBench
from harness.case import current_case, expect, good_case, step
from harness.exi.declare import Record
from harness.iso15118.messages import common
from harness.iso15118.messages.common_types import EvseNotification
from harness.iso15118.order import name_of
from harness.iso15118.quantities import changed, rational
from harness.iso15118.services import Control, EnergyOffer, Pricing, Service
from harness.iso15118.timing import timer
from harness.iso15118.v2gtp import HEADER_LENGTH, PayloadType, frame
from harness.iso15118.wire import to_frame
from harness.verdict import Side
from testcases.iso15118_20.table import for_each, row
from testcases.iso15118_20.test_evcc_1_patterns import reach
from testcases.iso15118_20.vehicle import expect_end, expect_given_up

FOR_EVER = 1_000_000
PATIENCE = {
    "Authorization": ("CMN", "AuthorizationReq", timer("EIM_Authorization_Ongoing").value_s),
    "ScheduleExchange": ("CMN", "ScheduleExchangeReq", timer("V2G_EVCC_Ongoing_Timeout").value_s),
    "CableCheck": ("DC", "DC_CableCheckReq", timer("V2G_EVCC_CableCheck_Timeout").value_s),
}
GRACE_S = 10.0
"""From the end of a phase's patience to the end of the session (our default)."""
MEANTIME_S = 5.0


# P6, phases without end


@for_each(
    [
        row(f"TC_EVCC_{mode}_VTB_{name}_061", message=message, parameters={"patience_s": patience_s})
        for name, (mode, message, patience_s) in PATIENCE.items()
    ],
    into=globals(),
    sut="vehicle",
    liveness=True,
)
async def an_endless_phase_is_given_up(secc: SeccOnBench, *, message: str) -> None:
    """{message} answered Ongoing for ever: the vehicle gives up when its patience is over"""
    with good_case(Side.VEHICLE):
        se = await secc.session(ongoing={message: FOR_EVER})
        await se.expect(message)
    patience_s = float(current_case().parameters["patience_s"])
    began_s = se.clock.now_s()
    step(f"{message} is answered Ongoing")
    await se.respond()
    await se.ended(patience_s + GRACE_S)
    took_s = se.clock.now_s() - began_s
    expect(took_s, at_most=patience_s + GRACE_S, of="vehicle", named="given up after", unit="s")


@for_each(
    [row("TC_EVCC_DC_VTB_PreCharge_061", parameters={"patience_s": timer("V2G_EVCC_PreCharge_Timeout").value_s})],
    into=globals(),
    sut="vehicle",
    liveness=True,
)
async def a_voltage_that_never_comes_is_given_up(secc: SeccOnBench) -> None:
    """EVSEPresentVoltage stays 0 in pre-charge: the vehicle does not close its contactor, and gives up"""
    se = await secc.asked("DC_PreCharge")
    se.twists["DC_PreChargeReq"] = lambda _se, _request, right: changed(right, evse_present_voltage=rational(0))
    began: list[Record] = []

    def note(_: Any, request: Record, right: Record) -> Record:
        began.append(request)
        return right

    se.twists["PowerDeliveryReq"] = note
    step("no voltage")
    await se.respond(evse_present_voltage=rational(0))
    patience_s = float(current_case().parameters["patience_s"])
    await se.ended(patience_s + GRACE_S)
    starts = [one for one in began if one.__dict__["charge_progress"] == "Start"]
    expect(len(starts), equals=0, of="vehicle", named="PowerDeliveryReq(Start) without voltage")


@for_each(
    [
        row("TC_EVCC_CMN_VTB_Authorization_062", message="AuthorizationReq", count=5),
        row("TC_EVCC_CMN_VTB_ScheduleExchange_062", message="ScheduleExchangeReq", count=5),
        row("TC_EVCC_DC_VTB_CableCheck_062", message="DC_CableCheckReq", count=20),
    ],
    into=globals(),
    sut="vehicle",
)
async def an_ongoing_phase_is_waited_for(secc: SeccOnBench, *, message: str, count: int) -> None:
    """{message} answered Ongoing {count} times: the vehicle asks again, and the session goes on"""
    with good_case(Side.VEHICLE):
        se = await secc.session(ongoing={message: count})
    step("ongoing, then finished")
    await se.expect("DC_ChargeLoopReq")
    await se.respond()
    se.session.notify(EvseNotification.Terminate)
    await expect_end(se)


# P8, notifications


async def _notified(secc: SeccOnBench, notification: EvseNotification, **config: Any) -> BenchSecc:
    se = await secc.charging(**config)
    step(f"EVSENotification {notification}")
    se.session.notify(notification)
    return se


@for_each([row("TC_EVCC_DC_VTB_ChargeLoop_081")], into=globals(), sut="vehicle", liveness=True)
async def terminate_is_followed(secc: SeccOnBench) -> None:
    """EVSENotification Terminate: PowerDelivery(Stop), and the session ends in order"""
    se = await _notified(secc, EvseNotification.Terminate)
    stop: Any = await se.expect("PowerDeliveryReq", 5.0)
    expect(str(stop.charge_progress), equals="Stop", of="vehicle", named="ChargeProgress")
    await se.respond()
    await expect_end(se)
    expect(se.session.state.value, equals="terminated", of="vehicle", named="session")


@for_each([row("TC_EVCC_DC_VTB_ChargeLoop_082", requires=["pause"])], into=globals(), sut="vehicle", liveness=True)
async def pause_is_followed(secc: SeccOnBench) -> None:
    """EVSENotification Pause: power off, SessionStop(Pause), and the vehicle closes the connection"""
    se = await _notified(secc, EvseNotification.Pause)
    stop: Any = await se.expect("SessionStopReq", 20.0)
    expect(str(stop.charging_session), equals="Pause", of="vehicle", named="ChargingSession")
    await se.respond()
    await expect_end(se)


@for_each([row("TC_EVCC_CMN_VTB_SessionSetup_071", "V2G20-2545", requires=["pause"])], into=globals(), sut="vehicle")
async def a_pause_is_resumed(secc: SeccOnBench) -> None:
    """Pause, and the station wakes the vehicle: it comes back with the old session id, and power flows again"""
    se = await secc.charging()
    with good_case(Side.VEHICLE):
        se.session.notify(EvseNotification.Pause)
        await se.ended()
    old = se.session.session_id
    step("the oscillator goes off, and on again")
    secc.oscillate(False)
    await se.clock.sleep(MEANTIME_S)
    secc.oscillate(True)
    later = await secc.session()
    asked: Any = await later.expect("SessionSetupReq")
    expect(asked.header.session_id.hex(), equals=old.hex(), of="vehicle", named="session id asked for")
    await later.respond()
    step("charge parameters come first")
    await later.expect("DC_ChargeLoopReq")
    expect(later.session.authorization, equals=se.session.authorization, of="vehicle", named="authorization kept")
    await later.respond()
    later.session.notify(EvseNotification.Terminate)
    await expect_end(later)


@for_each([row("TC_EVCC_CMN_VTB_SessionSetup_072", "V2G20-2613", requires=["pause"])], into=globals(), sut="vehicle")
async def a_resume_that_is_not_granted(secc: SeccOnBench) -> None:
    """The station has forgotten the paused session: the vehicle begins anew, authorization included"""
    se = await secc.charging()
    with good_case(Side.VEHICLE):
        se.session.notify(EvseNotification.Pause)
        await se.ended()
    secc.oscillate(False)
    await se.clock.sleep(MEANTIME_S)
    secc.oscillate(True)
    step("the paused session is forgotten")
    later = await secc.session()
    later.session.memory.paused.clear()
    await later.expect("AuthorizationReq")
    await later.respond()
    await later.expect("DC_ChargeLoopReq")
    await later.respond()
    later.session.notify(EvseNotification.Terminate)
    await expect_end(later)


@for_each([row("TC_EVCC_CMN_VTB_ScheduleExchange_081")], into=globals(), sut="vehicle", liveness=True)
async def a_schedule_renegotiation_is_followed(secc: SeccOnBench) -> None:
    """EVSENotification ScheduleRenegotiation: a new ScheduleExchange, and back to the charge loop"""
    se = await _notified(secc, EvseNotification.ScheduleRenegotiation)
    asked: Any = await se.expect("PowerDeliveryReq", 5.0)
    expect(str(asked.charge_progress), equals="ScheduleRenegotiation", of="vehicle", named="ChargeProgress")
    await se.respond()
    await se.expect("ScheduleExchangeReq", 5.0)
    await se.respond()
    step("back to the charge loop")
    await se.expect("DC_ChargeLoopReq")
    await se.respond()
    se.session.notify(EvseNotification.Terminate)
    await expect_end(se)


@for_each(
    [row("TC_EVCC_CMN_VTB_ServiceDiscovery_081", "V2G20-1477", requires=["service_renegotiation"])],
    into=globals(),
    sut="vehicle",
    liveness=True,
)
async def a_service_renegotiation_is_followed(secc: SeccOnBench) -> None:
    """EVSENotification ServiceRenegotiation: services are discovered anew on the same connection"""
    se = await _notified(secc, EvseNotification.ServiceRenegotiation)
    asked: Any = await se.expect("SessionStopReq", 20.0)
    expect(str(asked.charging_session), equals="ServiceRenegotiation", of="vehicle", named="ChargingSession")
    await se.respond()
    await se.expect("ServiceDiscoveryReq", 10.0)
    await se.respond()
    step("back to the charge loop")
    await se.expect("DC_ChargeLoopReq")
    await se.respond()
    se.session.notify(EvseNotification.Terminate)
    await expect_end(se)


@for_each([row("TC_EVCC_DC_VTB_ChargeLoop_083", "V2G20-1083")], into=globals(), sut="vehicle")
async def a_metering_confirmation_is_given(secc: SeccOnBench) -> None:
    """EVSENotification MeteringConfirmation with the meter's values: MeteringConfirmationReq, and the loop goes on"""
    se = await _notified(secc, EvseNotification.MeteringConfirmation)
    await se.expect("MeteringConfirmationReq", 10.0)
    await se.respond()
    await se.expect("DC_ChargeLoopReq", 5.0)
    await se.respond()
    se.session.notify(EvseNotification.Terminate)
    await expect_end(se)


# set-up and offers


SETUPS: dict[str, dict[str, Any]] = {
    "session id 0": {"header__session_id": bytes(8)},
    "a plain OK": {"response_code": "OK"},
    "session id 0 and a plain OK": {"header__session_id": bytes(8), "response_code": "OK"},
}


@for_each(
    [
        row(f"TC_EVCC_CMN_VTB_SessionSetup_{number:03}", "V2G20-2106", what=what, values=values)
        for number, (what, values) in enumerate(SETUPS.items(), 121)
    ],
    into=globals(),
    sut="vehicle",
    liveness=True,
)
async def an_odd_set_up_is_no_session(secc: SeccOnBench, *, what: str, values: dict[str, Any]) -> None:
    """SessionSetupRes with {what}: the vehicle does not take it for a session"""
    se = await secc.asked("SessionSetup")
    step(f"SessionSetupRes with {what}")
    await se.reply(**values)
    await expect_given_up(se)


BOTH_WAYS = {Service.DC_BPT: (EnergyOffer(1),), Service.DC: (EnergyOffer(1),)}
# fmt: off
OFFERS: dict[str, dict[str, Any]] = {
    "Plug & Charge beside EIM": {"pnc": True},
    "value added services": {"vas": (Service.INTERNET, Service.PARKING_STATUS)},
    "the one-way service alone": {"offers": {Service.DC: (EnergyOffer(1),)}},
    "the bidirectional service alone": {"offers": {Service.DC_BPT: (EnergyOffer(1),)}},
    "the one-way service first in the list": {"offers": dict(reversed(BOTH_WAYS.items()))},
    "parameter set ids 7 and 300": {"offers": {Service.DC_BPT: (EnergyOffer(300), EnergyOffer(7))}},
    "scheduled control first": {"offers": {
        Service.DC_BPT: (EnergyOffer(1, Control.SCHEDULED), EnergyOffer(2, Control.DYNAMIC))}},
    "price levels": {"offers": {Service.DC_BPT: (EnergyOffer(1, pricing=Pricing.LEVELS),)}},
    "an absolute price schedule": {"offers": {Service.DC_BPT: (EnergyOffer(1, pricing=Pricing.ABSOLUTE),)}},
    "no service renegotiation": {"service_renegotiation": False},
    "no meter": {"meter": False},
}
# fmt: on


@for_each(
    [
        row(f"TC_EVCC_DC_VTB_ServiceDiscovery_{100 + number}", what=what, config=config, requires=["dc_bpt"])
        for number, (what, config) in enumerate(OFFERS.items())
    ],
    into=globals(),
    sut="vehicle",
)
async def an_offer_is_understood(secc: SeccOnBench, *, what: str, config: dict[str, Any]) -> None:
    """A station that offers {what}: the session reaches the charge loop and ends in order"""
    se = await secc.session(**config)
    step(f"a station that offers {what}")
    await se.expect("DC_ChargeLoopReq")
    await se.respond()
    await se.expect("DC_ChargeLoopReq")
    await se.respond()
    se.session.notify(EvseNotification.Terminate)
    await expect_end(se)


@for_each([row("TC_EVCC_CMN_VTB_ServiceDiscovery_121")], into=globals(), sut="vehicle", liveness=True)
async def nothing_to_choose(secc: SeccOnBench) -> None:
    """A station that offers wireless charging only: the vehicle ends the session in order"""
    se = await secc.asked("ServiceDiscovery")
    step("ServiceID 3 alone")
    wireless = common.ServiceList(service=(common.Service(service_id=int(Service.WPT), free_service=False),))
    await se.respond(energy_transfer_service_list=wireless)
    await expect_end(se)


@for_each([row("TC_EVCC_CMN_VTB_SupportedAppProtocol_121")], into=globals(), sut="vehicle", liveness=True)
async def an_unoffered_schema_id(secc: SeccOnBench) -> None:
    """SchemaID 99, which was not offered: the vehicle survives it, and the next session works"""
    se = await secc.asked("supportedAppProtocol")
    step("SchemaID 99")
    await se.reply(schema_id=99)
    await se.silence(5.0)


# limits in the loop

LoopChange = Callable[[Any, Any, Any], Record]


def _limits(**values: float) -> LoopChange:
    named: dict[str, Any] = {f"control_mode__evse_maximum_{name}": rational(value) for name, value in values.items()}
    return lambda _se, _request, right: changed(right, **named)


# fmt: off
MOVED = {
    "a discharge limit of zero": _limits(discharge_power=0, discharge_current=0),
    "a charge limit of zero": _limits(charge_power=0, charge_current=0),
    "a charge limit of 1 kW": _limits(charge_power=1_000),
    "a charge limit of 3.75 MW": _limits(charge_power=3_750_000),
    "all limits achieved": lambda _se, _request, right: changed(
        right, evse_power_limit_achieved=True, evse_current_limit_achieved=True, evse_voltage_limit_achieved=True),
}
# fmt: on


@for_each(
    [
        row(f"TC_EVCC_DC_VTB_ChargeLoop_{100 + number}", what=what, change=change, requires=["dc_bpt", "dynamic"])
        for number, (what, change) in enumerate(MOVED.items())
    ],
    into=globals(),
    sut="vehicle",
    liveness=True,
)
async def a_limit_moves_in_the_loop(secc: SeccOnBench, *, what: str, change: LoopChange) -> None:
    """DC_ChargeLoopRes with {what}: the vehicle goes on with the session"""
    se = await secc.charging()
    step(f"{what}, for ten loops")
    se.twists["DC_ChargeLoopReq"] = change
    before_s = se.clock.now_s()
    await se.clock.sleep(3.0)
    asked: Any = await se.expect("DC_ChargeLoopReq", 5.0)
    expect(asked is not None, equals=True, of="vehicle", named=f"charge loop {se.clock.now_s() - before_s:.0f} s later")
    await se.respond()
    se.session.notify(EvseNotification.Terminate)
    await expect_end(se)


# frames

FRAMES = {
    "a manufacturer's frame before it": lambda octets: (frame(0xA000, b"\x01\x02") + octets,),
    "a frame of version 0xFF before it": lambda octets: (b"\xff\xfe\x80\x02\x00\x00\x00\x04" + bytes(4) + octets,),
    "a cut inside the header": lambda octets: (octets[:5], octets[5:]),
    "a cut in the message": lambda octets: (octets[: HEADER_LENGTH + 3], octets[HEADER_LENGTH + 3 :]),
    "every octet for itself": lambda octets: tuple(octets[place : place + 1] for place in range(len(octets))),
}


@for_each(
    [
        row(f"TC_EVCC_CMN_VTB_V2GTP_{number:03}", what=what, pieces=pieces)
        for number, (what, pieces) in enumerate(FRAMES.items(), 1)
    ],
    into=globals(),
    sut="vehicle",
)
async def a_frame_is_found(secc: SeccOnBench, *, what: str, pieces: Callable[[bytes], tuple[bytes, ...]]) -> None:
    """ServiceDiscoveryRes with {what}: the vehicle takes the answer"""

    async def send(se: Any, _: Record, right: Record) -> None:
        for piece in pieces(to_frame(right)):
            await se.send_raw(piece)
            await se.clock.sleep(0.01)

    with good_case(Side.VEHICLE):
        se = await secc.session()
        se.twists["ServiceDiscoveryReq"] = send
        await se.expect("AuthorizationReq")
    step(f"ServiceDiscoveryRes with {what}")
    await se.respond()
    await se.expect("DC_ChargeLoopReq")
    await se.respond()
    se.session.notify(EvseNotification.Terminate)
    await expect_end(se)


@for_each([row("TC_EVCC_CMN_VTB_V2GTP_021")], into=globals(), sut="vehicle", liveness=True)
async def an_old_payload_type_is_not_taken(secc: SeccOnBench) -> None:
    """ServiceDiscoveryRes under payload type 0x8001: not taken for an answer"""
    with good_case(Side.VEHICLE):
        se = await secc.session()
        se.twists["ServiceDiscoveryReq"] = lambda _se, _request, right: to_frame(right, PayloadType.SAP)
        await se.expect("AuthorizationReq")
    step("ServiceDiscoveryRes under 0x8001")
    await se.respond()
    await se.ended()
    last = name_of(se.last_request) if se.last_request else ""
    expect(last, one_of=["ServiceDiscoveryReq", "SessionStopReq"], of="vehicle", named="last request")


# the pilot


@for_each([row("TC_EVCC_DC_VTB_CableCheck_091")], into=globals(), sut="vehicle")
async def state_c_in_the_cable_check(secc: SeccOnBench) -> None:
    """DC_CableCheckReq: the pilot shows state C"""
    se = await secc.asked("DC_CableCheck")
    await se.clock.sleep(0.25)  # our default: request and state come by two ways, and the box takes its time
    state = await secc.pilot()
    expect(state, one_of=["C", "D"], of="vehicle", named="pilot state 250 ms after DC_CableCheckReq")
    await se.respond()
    await se.expect("DC_ChargeLoopReq")
    await se.respond()
    se.session.notify(EvseNotification.Terminate)
    await expect_end(se)


@for_each([row("TC_EVCC_DC_VTB_WeldingDetection_091", "V2G20-848")], into=globals(), sut="vehicle")
async def state_b_behind_the_power(secc: SeccOnBench) -> None:
    """After PowerDelivery(Stop): the pilot is back in state B"""
    se = await reach(secc, "DC_WeldingDetection")
    await se.clock.sleep(0.25)
    state = await secc.pilot()
    expect(state, equals="B", of="vehicle", named="pilot state 250 ms after PowerDelivery(Stop)")
    await se.respond()
    await expect_end(se)
