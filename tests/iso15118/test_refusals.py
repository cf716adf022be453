"""What each agent answers to, or does about, the other's misbehaviour; and the testing interface that provokes it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from harness.iso15118.errors import LinkLost, LocalProtocolError, NoAnswer, ProtocolError, Unexpected
from harness.iso15118.evcc import EvccConfig
from harness.iso15118.ideal import IdealStation
from harness.iso15118.intent import Intent
from harness.iso15118.messages import common, sap
from harness.iso15118.profile import Profile
from harness.iso15118.quantities import changed
from harness.iso15118.secc import SeccConfig, SessionMemory
from harness.iso15118.services import Control, EnergyOffer, Service
from harness.iso15118.v2gtp import PayloadType, frame
from tests.iso15118.conftest import Pair

GROUPS = [
    "SessionSetup", "AuthorizationSetup", "Authorization", "ServiceDiscovery", "ServiceDetail", "ServiceSelection",
    "DC_ChargeParameterDiscovery", "ScheduleExchange", "DC_CableCheck", "DC_PreCharge", "PowerDelivery",
    "DC_ChargeLoop", "DC_WeldingDetection", "SessionStop",
]  # fmt: skip


async def served(pair, story):
    """Run the vehicle's story against the automatic charger; returns the story's result."""
    charger = asyncio.ensure_future(pair.se.run())
    try:
        return await story(pair.ev)
    finally:
        await pair.ev.close()
        await charger


async def reach(ev, group):
    if group in ("DC_WeldingDetection", "SessionStop"):
        await ev.charge_loop(1.0)
        ev.session.intent = Intent.STOP
    await ev.advance_to(group)


@pytest.mark.parametrize("group", GROUPS[1:])  # a session set-up may carry any id
def test_a_request_with_a_foreign_session_id_is_refused_and_the_charger_closes(virtually, group):
    async def story(ev):
        await reach(ev, group)
        foreign = bytes(b ^ 0x01 for b in ev.session.session_id)
        answer = await ev.exchange(header__session_id=foreign)
        return answer, await ev.link.closed(6.0)

    async def whole():
        pair = Pair()
        return pair, await served(pair, story)

    pair, (answer, closed) = virtually(whole())
    assert answer.response_code == "FAILED_UnknownSession"
    assert type(answer).declaration.name == f"{group}Res"
    assert closed
    assert not pair.station.energised


@pytest.mark.parametrize("group", GROUPS)
def test_a_request_out_of_order_is_refused_with_its_own_kind_of_answer(virtually, group):
    async def story(ev):
        await reach(ev, group)
        wrong = "ServiceDiscoveryReq" if group in ("SessionSetup", "AuthorizationSetup") else "SessionSetupReq"
        answer = await ev.exchange(ev.draft(wrong))
        return answer, wrong, await ev.link.closed(6.0)

    async def whole():
        return await served(Pair(), story)

    answer, wrong, closed = virtually(whole())
    assert answer.response_code == "FAILED_SequenceError"
    assert type(answer).declaration.name == wrong.replace("Req", "Res")
    assert closed


@pytest.mark.parametrize(("group", "patience_s"), [("SessionSetup", 60.0), ("ServiceDetail", 60.0), ("LOOP", 0.5)])
def test_a_silent_vehicle_expires_the_sequence_timer_and_power_goes_off(virtually, group, patience_s):
    async def story(ev):
        if group == "LOOP":
            await ev.charge_loop(2.0)
        else:
            await ev.advance_to(group)
        return await ev.silence(100.0)

    async def whole():
        pair = Pair()
        return pair, await served(pair, story)

    pair, silence = virtually(whole())
    assert silence.frames == ()
    assert silence.closed_after_s == pytest.approx(patience_s, abs=0.01)
    assert not pair.station.energised
    assert "sequence timeout" in pair.events[-1].data["reason"]


def test_the_loops_patience_is_a_switch(virtually):
    async def story(ev):
        await ev.charge_loop(2.0)
        return await ev.silence(100.0)

    async def whole():
        pair = Pair(secc=SeccConfig(profile=Profile(loop_sequence_timeout_s=60.0)))
        return await served(pair, story)

    assert virtually(whole()).closed_after_s == pytest.approx(60.0, abs=0.01)


@pytest.mark.parametrize(
    "octets",
    [
        b"\xff\xfe\x80\x02\x00\x00\x00\x01\x80",
        b"\x01\xff\x80\x02\x00\x00\x00\x01\x80",
        frame(0x7000, b"\x80\x00"),
        frame(0xA000, b"\x80\x00"),
        frame(PayloadType.COMMON, b""),
        frame(PayloadType.COMMON, b"\x80\xff\xff\xff"),
        frame(PayloadType.COMMON, b"rubbish"),
    ],
)
def test_a_malformed_frame_is_ignored_and_the_session_goes_on(virtually, octets):
    async def story(ev):
        await ev.advance_to("ServiceDiscovery")
        await ev.send_raw(octets)
        heard = await ev.silence(1.0)
        await ev.exchange()
        await ev.charge_loop(1.0)
        await ev.stop()
        return heard, ev.session.state

    async def whole():
        return await served(Pair(), story)

    heard, state = virtually(whole())
    assert heard.frames == ()
    assert state == "terminated"


def test_a_request_that_comes_one_octet_a_second_is_answered_when_it_is_whole(virtually):
    async def story(ev):
        from harness.iso15118.wire import to_frame

        await ev.advance_to("ServiceDiscovery")
        request = ev.next_request()
        octets = to_frame(request)
        for octet in octets:
            await ev.send_raw(bytes([octet]))
            await ev.clock.sleep(1.0)
        ev.last_request = request
        ev.session.sent(request, ev.clock.now_s())
        return len(octets), await ev.answer()

    async def whole():
        return await served(Pair(), story)

    count, answer = virtually(whole())
    assert count < 60
    assert answer.response_code == "OK"


def test_a_length_of_four_gibibytes_ends_the_connection_at_once(virtually):
    async def story(ev):
        await ev.advance_to("ServiceDiscovery")
        await ev.send_raw(b"\x01\xfe\x80\x02\xff\xff\xff\xff")
        return await ev.silence(10.0)

    async def whole():
        return await served(Pair(), story)

    assert virtually(whole()).closed_after_s < 1.0


@pytest.mark.parametrize(
    ("group", "changes", "code"),
    [
        ("ServiceDetail", {"service_id": 99}, "FAILED_ServiceIDInvalid"),
        ("ServiceSelection", {"selected_energy_transfer_service__parameter_set_id": 99}, "FAILED_ServiceSelectionInvalid"),
        ("ServiceSelection", {"selected_energy_transfer_service__service_id": 65}, "FAILED_NoEnergyTransferServiceSelected"),
        ("Authorization", {"selected_authorization_service": "PnC"}, "WARNING_AuthorizationSelectionInvalid"),
        ("SessionStop", {"charging_session": "ServiceRenegotiation"}, "FAILED_NoServiceRenegotiationSupported"),
    ],
)  # fmt: skip
def test_content_that_was_not_offered_is_refused(virtually, group, changes, code):
    async def story(ev):
        await reach(ev, group)
        return await ev.exchange(**changes)

    async def whole():
        config = SeccConfig(vas=(Service.INTERNET,), service_renegotiation=False)
        return await served(Pair(secc=config), story)

    assert virtually(whole()).response_code == code


def test_one_way_parameters_under_a_bidirectional_service_are_refused(virtually):
    async def story(ev):
        await ev.advance_to("DC_ChargeParameterDiscovery")
        ev.session.service = Service.DC
        return await ev.exchange()

    async def whole():
        return await served(Pair(), story)

    assert virtually(whole()).response_code == "FAILED_WrongChargeParameter"


def test_the_other_control_mode_is_refused_in_schedule_exchange_and_in_the_loop(virtually):
    async def story(ev, group):
        await ev.advance_to(group)
        ev.session.offer = replace(ev.session.offer, control=Control.SCHEDULED)
        return await ev.exchange()

    async def whole():
        return [
            await served(Pair(), lambda ev, group=group: story(ev, group))
            for group in ("ScheduleExchange", "DC_ChargeLoop")
        ]

    assert [str(answer.response_code) for answer in virtually(whole())] == ["FAILED", "FAILED"]


def test_a_pause_under_power_is_refused(virtually):
    async def story(ev):
        await ev.charge_loop(1.0)
        return await ev.exchange(ev.draft("SessionStopReq", charging_session="Pause"))

    async def whole():
        return await served(Pair(), story)

    assert virtually(whole()).response_code == "FAILED_PauseNotAllowed"


@pytest.mark.parametrize(
    ("offered", "code"),
    [
        (["urn:din:70121:2012:MsgDef"], "Failed_NoNegotiation"),
        (["urn:iso:std:iso:15118:-20:AC"], "Failed_NoNegotiation"),
        (["urn:iso:std:iso:15118:-20:AC", "urn:iso:std:iso:15118:-20:DC"], "OK_SuccessfulNegotiation"),
    ],
)
def test_only_what_the_charger_serves_is_negotiated(virtually, offered, code):
    protocols = tuple(
        sap.AppProtocol(
            protocol_namespace=each, version_number_major=1, version_number_minor=0, schema_id=7 + index, priority=1 + index
        )
        for index, each in enumerate(offered)
    )  # fmt: skip

    async def story(ev):
        return await ev.exchange(app_protocol=protocols)

    async def whole():
        return await served(Pair(), story)

    answer = virtually(whole())
    assert answer.response_code == code
    assert answer.schema_id == (8 if len(offered) == 2 else None)


def test_the_vehicles_priority_decides_and_not_the_order_of_its_list(virtually):
    both = SeccConfig(
        offers={Service.AC: (EnergyOffer(1, connector=3),), Service.DC: (EnergyOffer(1),)},
    )

    async def story(ev):
        protocols = tuple(
            sap.AppProtocol(
                protocol_namespace=f"urn:iso:std:iso:15118:-20:{energy}", version_number_major=1,
                version_number_minor=0, schema_id=schema_id, priority=priority,
            )
            for energy, schema_id, priority in (("DC", 0, 2), ("AC", 255, 1))
        )  # fmt: skip
        return await ev.exchange(app_protocol=protocols)

    async def whole():
        return await served(Pair(secc=both), story)

    assert virtually(whole()).schema_id == 255


def test_a_minor_version_that_differs_is_answered_with_the_deviation_code(virtually):
    async def story(ev):
        request = ev.next_request()
        return await ev.exchange(app_protocol=(changed(request.app_protocol[0], version_number_minor=3),))

    async def whole():
        return await served(Pair(), story)

    assert virtually(whole()).response_code == "OK_SuccessfulNegotiationWithMinorDeviation"


def test_a_refused_card_is_finished_with_a_warning_and_the_vehicle_ends_the_session(virtually):
    async def whole():
        pair = Pair(station=IdealStation(granted=False))
        await served(pair, lambda ev: ev.run())
        return pair

    pair = virtually(whole())
    answers = [event for event in pair.events if event.what == "authorization"]
    assert answers[0].data["granted"] is False
    assert pair.ev.session.state == "terminated"


def test_a_vehicle_gives_up_when_nobody_decides_on_its_authorization(virtually):
    async def whole():
        pair = Pair(station=IdealStation(granted=None))
        await served(pair, lambda ev: ev.run())
        return pair, pair.clock.now_s()

    pair, ended_s = virtually(whole())
    assert "authorization ongoing for 180 s" in pair.ev.session.reason
    assert 180.0 <= ended_s < 182.0


def test_a_vehicle_gives_up_on_a_cable_check_without_end(virtually):
    async def whole():
        pair = Pair(station=IdealStation(isolation=None))
        await served(pair, lambda ev: ev.run())
        return pair, pair.clock.now_s()

    pair, ended_s = virtually(whole())
    assert "V2G_EVCC_CableCheck_Timeout" in pair.ev.session.reason
    assert 40.0 <= ended_s < 42.0


def test_a_charger_does_not_keep_a_vehicle_waiting_for_ever(virtually):
    async def whole():
        pair = Pair(secc=SeccConfig(ongoing={"ScheduleExchangeReq": 10_000}))
        await served(pair, lambda ev: ev.run())
        return pair, pair.clock.now_s()

    pair, ended_s = virtually(whole())
    assert 55.0 < ended_s < 57.0
    assert pair.ev.last_response.response_code == "FAILED"
    assert pair.events[-1].data["reason"] == "ScheduleExchangeReq was ongoing for too long"


def test_a_failed_isolation_test_ends_the_session(virtually):
    async def whole():
        pair = Pair(station=IdealStation(isolation=False))
        await served(pair, lambda ev: ev.run())
        return pair

    pair = virtually(whole())
    assert pair.ev.session.state == "failed"
    assert pair.events[-1].data["reason"] == "the isolation test was not passed"


def test_a_stuck_contactor_is_told_within_the_answers_time(virtually):
    async def whole():
        pair = Pair(station=IdealStation(contactor_stuck=True))

        async def story(ev):
            await ev.advance_to("PowerDelivery")
            return await ev.exchange(), ev.answered_after_s

        return await served(pair, story)

    answer, took_s = virtually(whole())
    assert answer.response_code == "FAILED_ContactorError"
    assert 1.3 < took_s < 1.5


def test_a_charger_that_answers_late_is_not_waited_for(virtually):
    async def late(se, request, response):
        await se.clock.sleep(2.5)
        return response

    async def whole():
        pair = Pair()
        pair.se.twists["ServiceSelectionReq"] = late
        await served(pair, lambda ev: ev.run())

    with pytest.raises(NoAnswer, match="within 2 s"):
        virtually(whole())


def test_an_answer_of_another_kind_is_told_from_a_refusal(virtually):
    async def whole():
        pair = Pair()
        pair.se.twists["ServiceDetailReq"] = lambda se, request, response: common.SessionStopRes(
            header=response.header, response_code="OK"
        )
        await served(pair, lambda ev: ev.run())

    with pytest.raises(Unexpected, match="SessionStopRes in answer to ServiceDetailReq"):
        virtually(whole())


def test_an_answer_of_another_session_ends_the_vehicles_session(virtually):
    async def whole():
        pair = Pair()
        pair.se.twists["ServiceDetailReq"] = lambda se, request, response: changed(
            response, header__session_id=b"somebody"
        )
        await served(pair, lambda ev: ev.run())

    with pytest.raises(Unexpected, match="carries session"):
        virtually(whole())


def test_a_charger_that_breaks_off_is_told_from_one_that_is_silent(virtually):
    async def whole():
        pair = Pair()

        async def break_off(se, request, response):
            await se.link.close()

        pair.se.twists["ServiceDetailReq"] = break_off
        await served(pair, lambda ev: ev.run())

    with pytest.raises(LinkLost):
        virtually(whole())


def test_a_scripted_charger_is_automatic_before_and_after_what_it_expects(virtually):
    async def whole():
        pair = Pair()
        vehicle = asyncio.ensure_future(pair.ev.charge_loop(1.0))
        request = await pair.se.expect("SessionSetupReq")
        await pair.se.respond(evse_id="DE*ABC*E1")
        await pair.se.expect("DC_ChargeLoopReq")
        await pair.se.respond(evse_status=None)
        await vehicle
        await pair.ev.stop()
        await pair.se.finish()
        return request, pair

    request, pair = virtually(whole())
    assert request.evcc_id == "DEPLUGFEST0000001"
    assert pair.ev.session.evse_id == "DE*ABC*E1"
    assert pair.se.session.state == "terminated"


def test_a_script_is_told_when_it_is_itself_out_of_order(virtually):
    async def whole():
        pair = Pair()
        with pytest.raises(LocalProtocolError, match="call expect"):
            await pair.se.respond()
        with pytest.raises(LocalProtocolError, match="no request is called"):
            pair.ev.draft("TeaReq")
        await pair.ev.close()

    virtually(whole())


@pytest.mark.parametrize(
    ("group", "processing"),
    [("DC_CableCheck", "Ongoing"), ("SessionStop", None), ("AC_ChargeParameterDiscovery", None)],
)
def test_a_story_that_would_charge_for_ever_is_told_so(virtually, group, processing):
    async def story(ev):
        with pytest.raises(LocalProtocolError, match="does not come by itself"):
            await ev.advance_to(group, processing=processing)
        await ev.stop()
        return ev.session.state

    async def whole():
        return await served(Pair(), story)

    assert virtually(whole()) == "terminated"


def test_the_base_of_all_errors_can_not_be_raised_itself():
    with pytest.raises(TypeError, match="abstract"):
        raise ProtocolError("whose fault?")


def test_a_resume_joins_the_old_session_and_skips_authorization(virtually):
    async def whole():
        memory = SessionMemory()
        first = Pair(memory=memory)

        async def until_pause(ev):
            await ev.charge_loop(1.0)
            return await ev.pause()

        stored = await served(first, until_pause)
        second = Pair(memory=memory, stored=stored)
        asked = []
        for name in ("AuthorizationSetupReq", "DC_ChargeParameterDiscoveryReq"):
            second.ev.twists[name] = lambda ev, request: asked.append(type(request).declaration.name) or request

        async def go_on(ev):
            await ev.charge_loop(1.0)
            await ev.stop()

        await served(second, go_on)
        return first, second, asked

    first, second, asked = virtually(whole())
    assert first.whats()[-1] == "paused"
    assert second.ev.session.resumed
    assert second.ev.session.session_id == first.ev.session.session_id
    assert asked == ["DC_ChargeParameterDiscoveryReq"]


def test_a_resume_with_a_stolen_id_gets_a_new_session(virtually):
    async def whole():
        memory = SessionMemory()

        async def until_pause(ev):
            await ev.charge_loop(1.0)
            return await ev.pause()

        stored = await served(Pair(memory=memory), until_pause)
        thief = Pair(EvccConfig(evcc_id="DETHIEF0000000001"), memory=memory, stored=stored)
        await served(thief, lambda ev: ev.charge_loop(1.0))
        return stored, thief

    stored, thief = virtually(whole())
    assert not thief.ev.session.resumed
    assert thief.ev.session.session_id != stored.session_id


def test_standby_is_left_when_the_station_says_so(virtually):
    from harness.iso15118.messages.common_types import EvseNotification

    async def story(ev, pair):
        await ev.charge_loop(1.0)
        await ev.standby()
        first = ev.session.state
        energised = pair.station.energised
        pair.se.session.notify(EvseNotification.ExitStandby)
        for _ in range(5):
            await ev.step()
        return first, energised, ev.session.state

    async def whole():
        pair = Pair()
        return await served(pair, lambda ev: story(ev, pair))

    assert virtually(whole()) == ("standby", False, "charge loop")


def test_standby_that_is_not_allowed_goes_on_charging(virtually):
    async def story(ev):
        await ev.charge_loop(1.0)
        await ev.standby()
        await ev.charge_loop(1.0)
        return ev.last_response

    async def whole():
        return await served(Pair(secc=SeccConfig(standby=False)), story)

    assert virtually(whole()).response_code == "OK"


@pytest.mark.parametrize(
    ("notification", "state", "then"),
    [
        ("Terminate", "terminated", "stopped"),
        ("Pause", "paused", "paused"),
    ],
)
def test_a_vehicle_obeys_what_the_station_notifies(virtually, notification, state, then):
    from harness.iso15118.messages.common_types import EvseNotification

    async def whole():
        pair = Pair()
        charger = asyncio.ensure_future(pair.se.run())
        vehicle = asyncio.ensure_future(pair.ev.run())
        await pair.clock.sleep(10.0)
        pair.se.session.notify(EvseNotification(notification), 0)
        await vehicle
        await charger
        return pair

    pair = virtually(whole())
    assert pair.ev.session.state == state
    assert pair.whats()[-1] == then


@pytest.mark.parametrize("notification", ["ScheduleRenegotiation", "ServiceRenegotiation"])
def test_a_renegotiation_comes_back_to_the_charge_loop(virtually, notification):
    from harness.iso15118.messages.common_types import EvseNotification

    async def whole():
        pair = Pair()
        charger = asyncio.ensure_future(pair.se.run())
        vehicle = asyncio.ensure_future(pair.ev.run())
        await pair.clock.sleep(10.0)
        pair.se.session.notify(EvseNotification(notification), 0)
        await pair.clock.sleep(10.0)
        state = pair.ev.session.state
        pair.ev.session.intent = Intent.STOP
        await vehicle
        await charger
        return pair, state

    pair, state = virtually(whole())
    assert state == "charge loop"
    assert pair.whats().count("loop") == 2
    assert "renegotiated" in pair.whats()
