"""Sessions of ISO 15118-2 between both agents, in memory and virtual time; refusals and silences of each side."""

from __future__ import annotations

import asyncio

import pytest

from harness.iso15118.errors import LinkLost, NoAnswer, Unexpected
from harness.iso15118.evcc import EvccConfig
from harness.iso15118.ideal import IdealStation
from harness.iso15118.intent import Intent
from harness.iso15118.iso2.documents import amperes, document, watts
from harness.iso15118.iso2.evcc import Iso2EvccConfig
from harness.iso15118.messages.common_types import EvseNotification
from harness.iso15118.messages.iso2 import body, types
from harness.iso15118.order import content_of, name_of
from harness.iso15118.quantities import changed
from harness.iso15118.secc import SeccConfig
from harness.iso15118.services import EnergyOffer, Service
from harness.judge_cli import judge_session
from harness.rules.judge import load_rules
from harness.transcript.decoding import sessions
from harness.transcript.event import Event
from harness.verdict import Severity
from tests.iso15118.conftest import Pair

OLDER = EvccConfig(protocols=("iso15118-2",))
BOTH = SeccConfig(protocols=("iso15118-20", "iso15118-2"))
GROUPS = ["ServiceDiscovery", "PaymentServiceSelection", "Authorization", "ChargeParameterDiscovery", "CableCheck",
          "PreCharge", "PowerDelivery", "CurrentDemand", "WeldingDetection", "SessionStop"]  # fmt: skip


class Older(Pair):
    """A pair that will speak ISO 15118-2; `findings` are what the rules say of it."""

    def __init__(self, evcc=OLDER, secc=BOTH, **more):
        super().__init__(evcc, secc, **more)

    @property
    def near(self):
        return self.ev.session.older

    @property
    def far(self):
        return self.se.session.older

    def findings(self):
        load_rules()
        events = [
            Event(number, number / 100, 0, "v2g", "v2g.frame", source, target, {"hex": octets.hex(), "session": 1})
            for number, (source, target, octets) in enumerate(self.notes.frames, 1)
        ]
        return [one for one in judge_session(sessions(events)[0]) if one.severity is Severity.FAIL]


async def served(pair, story):
    charger = asyncio.ensure_future(pair.se.run())
    try:
        return await story(pair.ev)
    finally:
        await pair.ev.close()
        await charger


def told(virtually, story, **how):
    """Run a vehicle's story; returns the pair and what the story gave."""

    async def whole():
        pair = Older(**how)
        return pair, await served(pair, story)

    return virtually(whole())


def code(answer):
    return str(content_of(answer).response_code)


async def reach(ev, group):
    if group in ("WeldingDetection", "SessionStop"):
        await ev.charge_loop(1.0)
        ev.calling.intent = Intent.STOP
    await ev.advance_to(group)


def test_a_session_of_direct_current_runs_from_first_word_to_last(virtually):
    async def story(ev):
        loop = await ev.charge_loop(60.0)
        await ev.stop()
        return loop

    pair, loop = told(virtually, story)
    assert float(content_of(loop).evse_present_current) > 10.0
    assert pair.ev.session.protocol == "urn:iso:15118:2:2013:MsgDef"
    assert pair.near.state == pair.far.state == "terminated"
    assert not pair.station.energised
    assert pair.whats() == [
        "session", "identification", "authorization", "service", "limits", "needs", "choice", "power on", "loop", "power off",
        "stopped",
    ]  # fmt: skip
    assert pair.findings() == []


def test_a_session_of_alternating_current_runs_from_first_word_to_last(virtually):
    async def story(ev):
        loop = await ev.charge_loop(10.0)
        await ev.stop()
        return content_of(loop)

    modes = (types.EnergyTransferMode.AC_three_phase_core,)
    vehicle = EvccConfig(protocols=("iso15118-2",), iso2=Iso2EvccConfig(modes=modes))
    charger = SeccConfig(protocols=("iso15118-2",), offers={Service.AC: (EnergyOffer(1),)})
    pair, loop = told(virtually, story, evcc=vehicle, secc=charger)
    assert float(loop.evse_max_current) == pytest.approx(pair.station.target_power_w / 690.0, abs=0.01)
    assert (pair.far.state, pair.findings()) == ("terminated", [])


@pytest.mark.parametrize(
    ("vehicle", "charger", "protocol"),
    [
        (("iso15118-20", "iso15118-2"), ("iso15118-20", "iso15118-2"), "urn:iso:std:iso:15118:-20:DC"),
        (("iso15118-2", "iso15118-20"), ("iso15118-20", "iso15118-2"), "urn:iso:15118:2:2013:MsgDef"),
        (("iso15118-20", "iso15118-2"), ("iso15118-2",), "urn:iso:15118:2:2013:MsgDef"),
    ],
)
def test_the_vehicles_preference_decides_between_the_protocols(virtually, vehicle, charger, protocol):
    async def story(ev):
        await ev.charge_loop(1.0)
        await ev.stop()

    pair, _ = told(virtually, story, evcc=EvccConfig(protocols=vehicle), secc=SeccConfig(protocols=charger))
    assert pair.ev.session.protocol == protocol
    assert pair.se.serving.state == "terminated"


def test_a_charger_of_the_newer_protocol_alone_negotiates_nothing_with_an_older_vehicle(virtually):
    pair, answer = told(virtually, lambda ev: ev.step(), secc=SeccConfig())
    assert (answer.response_code, pair.far) == ("Failed_NoNegotiation", None)


@pytest.mark.parametrize("group", GROUPS)
def test_a_request_with_a_foreign_session_id_is_refused_and_the_charger_closes(virtually, group):
    async def story(ev):
        await reach(ev, group)
        answer = await ev.exchange(header__session_id=b"\x99" * 8)
        return answer, await ev.link.closed(6.0)

    pair, (answer, closed) = told(virtually, story)
    assert (code(answer), name_of(answer), closed) == ("FAILED_UnknownSession", f"{group}Res", True)
    assert not pair.station.energised


@pytest.mark.parametrize("group", GROUPS[:8])
def test_a_request_out_of_order_is_refused_by_its_own_response_type(virtually, group):
    wrong = "WeldingDetectionReq" if group != "WeldingDetection" else "CableCheckReq"

    async def story(ev):
        await reach(ev, group)
        return await ev.exchange(ev.draft(wrong))

    pair, answer = told(virtually, story)
    assert (code(answer), name_of(answer)) == ("FAILED_SequenceError", wrong.replace("Req", "Res"))
    assert (pair.far.state, pair.station.energised) == ("failed", False)


CONTRACTS = [
    body.PaymentDetailsReq(
        emaid="DEPFTC12345678", contract_signature_cert_chain=types.CertificateChain(certificate=b"1")
    ),
    body.MeteringReceiptReq(session_id=bytes(8), meter_info=types.MeterInfo(meter_id="M")),
]


@pytest.mark.parametrize("request_", CONTRACTS, ids=lambda one: type(one).__name__)
def test_what_belongs_to_a_contract_is_refused(virtually, request_):
    async def story(ev):
        await ev.advance_to("Authorization")
        return await ev.exchange(document(ev.calling.session_id, request_))

    _, answer = told(virtually, story)
    assert code(answer) == "FAILED_SequenceError"


def parameters(**changes):
    return {f"body__body_element__{name}": value for name, value in changes.items()}


REFUSALS = [
    ("PaymentServiceSelection", {"selected_payment_option": types.PaymentOption.Contract}, "FAILED_PaymentSelectionInvalid"),
    ("PaymentServiceSelection", {"selected_service_list": types.SelectedServiceList(
        selected_service=(types.SelectedService(service_id=9),))}, "FAILED_ServiceSelectionInvalid"),
    ("ChargeParameterDiscovery", {"requested_energy_transfer_mode": types.EnergyTransferMode.DC_unique},
     "FAILED_WrongEnergyTransferMode"),
    ("ChargeParameterDiscovery", {"ev_charge_parameter__ev_maximum_current_limit": amperes(-5)},
     "FAILED_WrongChargeParameter"),
    ("ChargeParameterDiscovery", {"ev_charge_parameter__ev_maximum_voltage_limit": amperes(50)},
     "FAILED_WrongChargeParameter"),
    ("PowerDelivery", {"sa_schedule_tuple_id": 7}, "FAILED_TariffSelectionInvalid"),
    ("PowerDelivery", {"charging_profile": types.ChargingProfile(profile_entry=(types.ProfileEntry(
        charging_profile_entry_start=0, charging_profile_entry_max_power=watts(90_000)),))}, "FAILED_ChargingProfileInvalid"),
    ("PowerDelivery", {"charge_progress": types.ChargeProgress.Renegotiate}, "FAILED"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("group", "changes", "expected"), REFUSALS, ids=lambda one: one if isinstance(one, str) else ""
)
def test_a_request_with_wrong_content_is_refused(virtually, group, changes, expected):
    async def story(ev):
        await ev.advance_to(group)
        return await ev.exchange(**parameters(**changes))

    pair, answer = told(virtually, story)
    assert code(answer) == expected
    assert (pair.far.state, pair.station.energised) == ("failed", False)


def test_a_vehicle_without_a_charging_profile_is_served(virtually):
    async def story(ev):
        await ev.advance_to("PowerDelivery")
        return await ev.exchange(**parameters(charging_profile=None))

    pair, answer = told(virtually, story)
    assert (code(answer), pair.whats()[-3:]) == ("OK", ["choice", "power on", "failed"])


def test_a_service_that_is_not_offered_has_no_details(virtually):
    async def story(ev):
        await ev.advance_to("PaymentServiceSelection")
        return await ev.exchange(changed(ev.draft("ServiceDetailReq"), body__body_element__service_id=3))

    assert code(told(virtually, story)[1]) == "FAILED_ServiceIDInvalid"


def test_the_vehicle_chooses_the_schedule_with_the_most_energy_and_keeps_to_it(virtually):
    async def story(ev):
        loop = await ev.charge_loop(1.0)
        early = float(content_of(ev.last_request).ev_target_current) * float(content_of(loop).evse_present_voltage)
        await ev.charge_loop(4.0)
        late = float(content_of(ev.last_request).ev_target_current) * float(content_of(loop).evse_present_voltage)
        await ev.stop()
        return early, late

    async def whole():
        pair = Older()
        pair.se.session.scheduler = lambda until_s: (((until_s, 3_000.0),), ((3, 9_000.0), (until_s - 3, 6_000.0)))
        return pair, await served(pair, story)

    pair, (early_w, late_w) = virtually(whole())
    choice = next(one.data for one in pair.events if one.what == "choice")
    assert choice == {"number": 2, "profile": ((0, 9_000.0), (3, 6_000.0))}
    assert (early_w, late_w) == (pytest.approx(9_000, rel=0.01), pytest.approx(6_000, rel=0.01))
    assert pair.findings() == []


def test_schedules_that_are_to_come_are_waited_for_and_cut_to_what_the_vehicle_takes(virtually):
    given = iter([None, None, (((10, 9_000.0), (10, 2_000.0), (1_000, 5_000.0)),)])
    config = EvccConfig(protocols=("iso15118-2",), iso2=Iso2EvccConfig(schedule_entries=2))

    async def whole():
        pair = Older(evcc=config)
        pair.se.session.scheduler = lambda _: next(given)
        await served(pair, lambda ev: ev.charge_loop(1.0))
        return pair

    pair = virtually(whole())
    entries = pair.near.chosen.pmax_schedule.pmax_schedule_entry
    assert [float(one.pmax) for one in entries] == [9_000.0, 2_000.0]


def test_schedules_that_never_come_end_the_session_before_the_vehicle_gives_up(virtually):
    async def whole():
        pair = Older()
        pair.se.session.scheduler = lambda _: None
        await served(pair, lambda ev: ev.run())
        return pair

    pair = virtually(whole())
    assert pair.near.reason == "ChargeParameterDiscoveryRes: FAILED"


def test_the_station_makes_the_vehicle_choose_again(virtually):
    async def story(pair):
        ev = pair.ev
        await ev.charge_loop(2.0)
        pair.se.serving.notify(EvseNotification.ScheduleRenegotiation)
        await ev.charge_loop(1.0)
        assert ev.calling.intent is Intent.RENEGOTIATE_SCHEDULE
        await ev.step()
        off = pair.station.energised
        await ev.charge_loop(2.0)
        await ev.stop()
        return off

    async def whole():
        pair = Older()
        return pair, await served(pair, lambda _: story(pair))

    pair, energised = virtually(whole())
    assert not energised
    assert [kind for kind in pair.whats() if kind in ("choice", "renegotiated", "needs")] == [
        "needs", "choice", "renegotiated", "needs", "choice",
    ]  # fmt: skip
    assert (pair.far.state, pair.findings()) == ("terminated", [])


def test_the_station_stops_the_vehicle(virtually):
    async def whole():
        pair = Older()

        async def story(ev):
            await ev.charge_loop(1.0)
            pair.se.serving.notify(EvseNotification.Terminate)
            await ev.run()

        await served(pair, story)
        return pair

    pair = virtually(whole())
    assert (pair.near.state, pair.station.energised) == ("terminated", False)


@pytest.mark.parametrize(
    ("status", "reason"),
    [("EVSE_Shutdown", ""), ("EVSE_Malfunction", "the station says EVSE_Malfunction"),
     ("EVSE_EmergencyShutdown", "the station says EVSE_EmergencyShutdown")],
)  # fmt: skip
def test_a_station_that_says_it_is_shutting_down_is_left_in_order(virtually, status, reason):
    async def whole():
        pair = Older()

        async def story(ev):
            await ev.charge_loop(1.0)
            words = parameters(dc_evse_status__evse_status_code=types.DCEVSEStatusCode(status))
            pair.se.twists["CurrentDemandReq"] = lambda _se, _asked, right: changed(right, **words)
            await ev.run()

        await served(pair, story)
        return pair

    pair = virtually(whole())
    assert (pair.near.state, pair.near.reason, pair.station.energised) == ("terminated", reason, False)


def test_a_card_that_nobody_shows_is_waited_for_until_the_vehicle_loses_patience(virtually):
    pair, _ = told(virtually, lambda ev: ev.run(), station=IdealStation(granted=None))
    assert pair.near.reason == "authorization ongoing for 60 s"
    assert content_of(pair.ev.last_response).response_code == "OK"


def test_an_isolation_fault_ends_the_session(virtually):
    pair, _ = told(virtually, lambda ev: ev.run(), station=IdealStation(isolation=False))
    assert (pair.near.state, pair.near.reason) == ("failed", "CableCheckRes: FAILED")


def test_a_contactor_that_does_not_close_is_told(virtually):
    pair, _ = told(virtually, lambda ev: ev.run(), station=IdealStation(contactor_stuck=True))
    assert pair.near.reason == "PowerDeliveryRes: FAILED_ContactorError"


def test_a_silent_vehicle_is_given_up_after_a_minute(virtually):
    async def story(ev):
        await ev.charge_loop(1.0)
        await ev.silence(59.0)
        still = ev.link.closed_at_s is None
        return still, await ev.link.closed(3.0)

    pair, (still, closed) = told(virtually, story)
    assert (still, closed, pair.station.energised, pair.far.state) == (True, True, False, "failed")


def test_a_vehicle_never_waits_longer_for_the_loop_than_the_table_says(virtually):
    async def story(ev):
        await ev.charge_loop(1.0)
        ev.session.sent(ev.last_request, ev.clock.now_s())
        begun_s = ev.clock.now_s()
        with pytest.raises(NoAnswer):
            await ev.answer()
        return ev.clock.now_s() - begun_s

    assert told(virtually, story)[1] == pytest.approx(0.25)


def test_an_answer_of_another_session_is_nobodys(virtually):
    async def whole():
        pair = Older()
        pair.se.twists["CableCheckReq"] = lambda _se, _asked, right: changed(right, header__session_id=b"\x11" * 8)
        with pytest.raises(Unexpected):
            await served(pair, lambda ev: ev.run())
        return pair

    pair = virtually(whole())
    assert "carries session 1111111111111111" in pair.near.reason


def test_a_message_of_the_newer_protocol_is_answered_by_nothing(virtually):
    async def story(ev):
        await ev.advance_to("Authorization")
        newer = ev.session.draft("SessionSetupReq", ev.clock.now_s())
        with pytest.raises((NoAnswer, LinkLost)):
            await ev.exchange(newer, within_s=2.0)

    pair, _ = told(virtually, story)
    assert not pair.station.energised


def test_a_paused_session_is_joined_by_its_own_vehicle(virtually):
    async def whole():
        first = Older()

        async def pauses(ev):
            await ev.charge_loop(1.0)
            return await ev.pause()

        stored = await served(first, pauses)
        memory = first.se.session.memory
        second = Older(memory=memory, stored=stored)
        await served(second, lambda ev: ev.charge_loop(1.0))
        return first, second

    first, second = virtually(whole())
    assert first.far.state == "paused"
    assert (second.near.resumed, second.near.session_id) == (True, first.near.session_id)


def test_a_pause_while_power_is_on_is_refused(virtually):
    async def story(ev):
        await ev.charge_loop(1.0)
        stop = ev.draft("SessionStopReq")
        return await ev.exchange(changed(stop, body__body_element__charging_session=types.ChargingSession.Pause))

    pair, answer = told(virtually, story)
    assert (code(answer), pair.station.energised) == ("FAILED", False)


def test_current_never_flows_back(virtually):
    async def story(ev):
        await ev.charge_loop(1.0)
        return content_of(await ev.exchange(**parameters(ev_target_current=amperes(-20))))

    pair, answer = told(virtually, story)
    assert (float(answer.evse_present_current), pair.station.power_w) == (0.0, 0.0)
