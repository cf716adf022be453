"""An energy management gateway between station and CSMS: what a station and a CSMS have to live with behind one."""

from __future__ import annotations

from dataclasses import replace

from harness.case import expect, step
from harness.ocpp.security import Door, Security
from harness.ocpp.shell import utc_s
from harness.transcript.ocpp import FAR
from harness.usecase import usecase
from testcases.ocpp21.states import Booted, EnergyTransferStarted, reach
from testcases.ocpp21.under_test import asked

BEHIND = {"charger:ocpp2.1", "charger:network_profiles", "dc_bpt", "dynamic"}
RULES = ["ocpp2.1"]
TIMEOUT = ("OCPPCommCtrlr", "MessageTimeout")


async def stand_between(ground, doors, proxy, **how):
    """The station is moved behind the gateway by a network profile, and works there."""
    await reach(Booted, ground)
    door = await proxy.open(ground.station.identity, **how)
    await doors.send_to(door)
    await proxy.joined()
    await ground.station.expect("BootNotification", within_s=ground.limits.session_s)


@usecase("PF_GW_01_CS", sut="pair", protocol="ocpp2.1", requires=BEHIND, requirements=["part 4", "K28.FR.06"],
         uses_rules=RULES, parameters={"setpoint_w": -4_000})  # fmt: skip
async def test_a_station_behind_a_gateway(pf_ground, pf_doors, pf_proxy, pf_session, pf_parameters):
    """Behind a gateway the station works as if it were connected directly"""
    await stand_between(pf_ground, pf_doors, pf_proxy)
    await reach(EnergyTransferStarted, pf_ground)
    await pf_session.follows(pf_parameters.setpoint_w)
    expect(pf_proxy.session.faults, equals=[], of="bench", named="faults of the gateway")


@usecase("PF_GW_02_CS", sut="pair", protocol="ocpp2.1", requires=BEHIND, requirements=["part 4"], uses_rules=RULES,
         parameters={"late_answer_s": 3, "setpoint_w": 3_000})  # fmt: skip
async def test_a_slow_gateway(pf_ground, pf_doors, pf_proxy, pf_session, pf_station, pf_parameters):
    """Answers to the station's events come late: it waits for each, and its session goes on"""
    await stand_between(pf_ground, pf_doors, pf_proxy)
    pf_proxy.delay("TransactionEvent", pf_parameters.seconds("late_answer_s"), answers=True)
    since_s = utc_s(pf_ground.bench.clock)
    await reach(EnergyTransferStarted, pf_ground)
    await pf_session.follows(pf_parameters.setpoint_w)
    told = [one.payload for one in pf_station.received if one.action == "TransactionEvent" and one.at_s >= since_s]
    numbers = [(one["transactionInfo"]["transactionId"], one["seqNo"]) for one in told]
    expect(len(numbers) - len(set(numbers)), equals=0, of="station", named="events sent again before their answer")


@usecase("PF_GW_03_CS", sut="pair", protocol="ocpp2.1", requires=BEHIND, requirements=["E04"], uses_rules=RULES,
         parameters={"answer_s": 30})  # fmt: skip
async def test_an_event_that_is_lost_is_repeated(
    pf_ground, pf_bench, pf_doors, pf_proxy, pf_station, pf_limits, pf_parameters
):
    """A TransactionEvent gets no answer: the station sends it again, with the same seqNo"""
    await reach(Booted, pf_ground)
    before = await pf_station.get_variable(*TIMEOUT, instance="Default")
    await pf_station.set_variable(
        *TIMEOUT, str(pf_parameters.answer_s), instance="Default"
    )  # if it may: it only saves time
    try:
        await stand_between(pf_ground, pf_doors, pf_proxy)
        await reach(EnergyTransferStarted, pf_ground)
        await pf_ground.bench.clock.sleep(2)
        pf_station.forget()
        pf_proxy.drop("TransactionEvent", times=1)
        await pf_bench.unplug()
        await pf_station.expect("TransactionEvent", {"eventType": "Ended"}, within_s=3 * pf_limits.session_s)
    finally:
        if "attributeValue" in before:
            await pf_station.set_variable(*TIMEOUT, before["attributeValue"], instance="Default")


@usecase("PF_GW_04_CS", sut="pair", protocol="ocpp2.1", requires=BEHIND, requirements=["part 4", "K28.FR.08"],
         uses_rules=RULES, parameters={"csms_w": 3_000, "gateway_w": -3_000})  # fmt: skip
async def test_a_setpoint_of_the_gateways_own(
    pf_ground, pf_doors, pf_proxy, pf_session, pf_station, pf_limits, pf_parameters
):
    """The gateway sends a setpoint of its own: the station follows it, and goes on talking to its CSMS"""
    await stand_between(pf_ground, pf_doors, pf_proxy)
    await reach(EnergyTransferStarted, pf_ground)
    await pf_session.follows(pf_parameters.csms_w)
    update = {"chargingProfileId": pf_station.profile_id, "scheduleUpdate": {"setpoint": pf_parameters.gateway_w}}
    answer = await pf_proxy.inject("charger", "UpdateDynamicSchedule", update)
    expect(answer.get("status"), equals="Accepted", of="station", named="status of UpdateDynamicSchedule")
    await pf_session.settles(pf_parameters.gateway_w, within_s=pf_limits.settling_s)
    await pf_session.follows(pf_parameters.csms_w)


@usecase("PF_GW_05_CS", sut="pair", protocol="ocpp2.1", requires=BEHIND, requirements=["K28.FR.08", "K03"], uses_rules=RULES,
         parameters={"asked_w": -8_000, "allowed_w": -2_000})  # fmt: skip
async def test_a_gateway_that_caps_setpoints(pf_ground, pf_doors, pf_proxy, pf_session, pf_limits, pf_parameters):
    """The gateway lowers what the CSMS asks for: the station does what reaches it"""

    def capped(request):
        update = {**request["scheduleUpdate"], "setpoint": pf_parameters.allowed_w}
        return {**request, "scheduleUpdate": update}

    await stand_between(pf_ground, pf_doors, pf_proxy)
    await reach(EnergyTransferStarted, pf_ground)
    pf_proxy.alter("UpdateDynamicSchedule", capped)
    await pf_session.command(pf_parameters.asked_w)
    await pf_session.settles(pf_parameters.allowed_w, within_s=pf_limits.settling_s)


@usecase("PF_GW_06_CS", sut="pair", protocol="ocpp2.1", requires=BEHIND, requirements=["our default"], uses_rules=RULES,
         parameters={"setpoint_w": -3_000})  # fmt: skip
async def test_a_gateway_that_stumbles(pf_ground, pf_doors, pf_proxy, pf_session, pf_parameters):
    """The gateway fails over its own doing: what passes through it passes untouched"""

    def stumbles(_):
        raise RuntimeError("a fault of the gateway")

    await stand_between(pf_ground, pf_doors, pf_proxy)
    await reach(EnergyTransferStarted, pf_ground)
    pf_proxy.alter("UpdateDynamicSchedule", stumbles)
    await pf_session.follows(pf_parameters.setpoint_w)
    expect(len(pf_proxy.session.faults), at_least=1, of="bench", named="faults of the gateway", unit="")


@usecase("PF_GW_07_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1", "network_profiles", "security_profile_2"},
         requirements=["A00"], uses_rules=RULES)  # fmt: skip
async def test_a_gateway_with_another_security_profile(pf_ground, pf_doors, pf_proxy, pf_station):
    """Security profile 2 towards the station and 0 towards the CSMS: the station is connected end to end"""
    await reach(Booted, pf_ground)
    await pf_doors.trust()
    certificate, key = pf_doors.authority.issue("gateway", "127.0.0.1")
    door = Door(security=Security(2, "plugfest-door-0001", certificate, key))
    await pf_proxy.open(pf_station.identity, door=door)
    await pf_doors.send_to(door)
    await pf_proxy.joined()
    await pf_station.expect("BootNotification", within_s=pf_ground.limits.session_s)
    alive = await pf_station.get_variable("SecurityCtrlr", "SecurityProfile")
    expect(alive["attributeValue"], equals="2", of="station", named="SecurityProfile")


@usecase("PF_GW_01_CSMS", sut="csms", protocol="ocpp2.1", requires={"ocpp2.1"}, requirements=["E01", "E04"],
         uses_rules=RULES, parameters={"answer_s": 30})  # fmt: skip
async def test_a_csms_behind_a_gateway_that_loses_answers(pf_test_station, pf_proxy, pf_parameters):
    """An answer is lost on the way: the station sends its event again, and the CSMS answers that too"""
    station = pf_test_station
    way = await station.way(0)
    door = await pf_proxy.open(station.identity, way.url, under_test="csms")
    station.waits_for_answers(pf_parameters.answer_s)
    await station.boot_through(replace(way, url=door.url), FAR)
    await station.authorise()
    pf_proxy.drop("TransactionEvent", answers=True, times=1)
    station.evse.start_transfer(station.now_s())
    station.poke()
    step("the event whose answer was lost is sent again")
    before_the_next_s = 1.8 * pf_parameters.answer_s  # from its time-out on the station would send it a third time
    await station.until(
        lambda: station.core.messages_waiting == 0, "the CSMS left a repeated event unanswered", before_the_next_s
    )
    await station.unplug()


@usecase("PF_GW_02_CSMS", sut="csms", protocol="ocpp2.1", requires={"ocpp2.1"}, requirements=["part 4"],
         uses_rules=RULES)  # fmt: skip
async def test_a_csms_takes_messages_of_a_gateway(pf_test_station, pf_proxy):
    """The gateway reports a limit of its own to the CSMS in the station's name: it is answered, the station's ids go on"""
    station = pf_test_station
    way = await station.way(0)
    door = await pf_proxy.open(station.identity, way.url, under_test="csms")
    await station.boot_through(replace(way, url=door.url), FAR)
    limit = {"evseId": 1, "chargingLimit": {"chargingLimitSource": "EMS"}}
    await pf_proxy.inject("csms", "NotifyChargingLimit", limit)
    answer = await asked(station, "Heartbeat", {})
    expect(type(answer).__name__, equals="Answered", of="csms", named="Heartbeat afterwards")
