"""What begins with the driver: new needs (K20), priority at the station (K22), the end at the vehicle (E06); and what is
asked for where the CSMS allows nothing by name (Q01.FR.09)."""

from __future__ import annotations

from harness.case import expect
from harness.ocpp.profile_drafts import period, profile
from harness.ocpp.timestamps import to_seconds
from harness.usecase import usecase
from testcases.ocpp21.states import Authorized, Booted, EnergyTransferStarted, reach
from testcases.ocpp21.test_q_power_transfer import RULES, V2X, install

DRIVEN = V2X | {"vehicle:driver"}


@usecase("PF_Q01_09_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["Q01.FR.09"], uses_rules=RULES)
async def test_without_a_list_only_charging_is_asked_for(pf_ground, pf_station, pf_limits):
    """The CSMS names no allowed transfer: the vehicle is offered charging only, and its needs say so"""
    await reach(Booted, pf_ground)
    pf_station.answers.answer("Authorize", {"idTokenInfo": {"status": "Accepted"}})
    await reach(Authorized, pf_ground)
    told = await pf_station.expect("NotifyEVChargingNeeds", within_s=pf_limits.session_s)
    transfer = told.payload["chargingNeeds"]["requestedEnergyTransfer"]
    expect("BPT" in transfer, equals=False, of="station", named=f"{transfer} is bidirectional")


@usecase("PF_K20_01_CS", sut="pair", protocol="ocpp2.1", requires=DRIVEN, requirements=["K20.FR.01", "K20.FR.03", "K20.FR.04"],
         uses_rules=RULES, parameters={"departure_s": 7_200, "target_soc": 0.6, "setpoint_w": 3_000})  # fmt: skip
async def test_new_needs_are_told(pf_ground, pf_driver, pf_session, pf_station, pf_limits, pf_parameters):
    """The driver wants to leave earlier: the new needs are told, and a profile that answers them is followed"""
    await reach(Booted, pf_ground)
    await reach(Authorized, pf_ground)
    first = (await pf_station.expect("NotifyEVChargingNeeds", within_s=pf_limits.session_s)).payload["chargingNeeds"]
    charging = {"transactionInfo.chargingState": "Charging"}
    await pf_station.expect("TransactionEvent", charging, within_s=pf_limits.session_s)
    pf_station.forget()
    pf_driver.wants(departure_s=pf_parameters.departure_s, target_soc=pf_parameters.target_soc)
    told = (await pf_station.expect("NotifyEVChargingNeeds", within_s=pf_limits.session_s)).payload["chargingNeeds"]
    earlier_s = to_seconds(first["departureTime"]) - to_seconds(told["departureTime"])
    expect(earlier_s, at_least=60, of="station", named="departure told earlier", unit="s")
    target = told["v2xChargingParameters"].get("targetSoC")
    expect(target, equals=round(100 * pf_parameters.target_soc), of="station", named="targetSoC")
    await install(pf_station, period(setpoint=pf_parameters.setpoint_w))
    await pf_session.settles(pf_parameters.setpoint_w, within_s=pf_limits.settling_s)


@usecase("PF_K22_01_CS", sut="pair", protocol="ocpp2.1", requires=V2X | {"charger:priority_button"},
         requirements=["K22"], uses_rules=RULES,
         parameters={"discharge_w": -4_000, "priority_w": 9_000})  # fmt: skip
async def test_priority_at_the_station(pf_ground, pf_driver, pf_session, pf_station, pf_limits, pf_parameters):
    """The driver asks for priority charging at the station: it is told, counts, and is given back"""
    await reach(EnergyTransferStarted, pf_ground)
    await pf_session.follows(pf_parameters.discharge_w)
    fast = profile(330, [period("ChargingOnly", limit=pf_parameters.priority_w)], purpose="PriorityCharging",
                   kind="Relative")  # fmt: skip
    answer = await pf_station.set_charging_profile(fast, evse_id=0)
    expect(answer["status"], equals="Accepted", of="station", named="status of SetChargingProfile")
    for on, wanted_w in ((True, pf_parameters.priority_w), (False, pf_parameters.discharge_w)):
        pf_station.forget()
        pf_driver.presses_priority(on)
        await pf_station.expect("NotifyPriorityCharging", {"activated": on}, within_s=pf_limits.reaction_s)
        await pf_session.settles(wanted_w, within_s=pf_limits.settling_s)


@usecase("PF_E06_03_CS", sut="pair", protocol="ocpp2.1", requires=DRIVEN, requirements=["E06"], uses_rules=RULES)
async def test_the_driver_ends_at_the_vehicle(pf_ground, pf_driver, pf_station, pf_limits):
    """The vehicle ends its session: the transaction ends, and the CSMS learns that it was the vehicle"""
    await reach(EnergyTransferStarted, pf_ground)
    pf_driver.ends()
    ended = await pf_station.expect("TransactionEvent", {"eventType": "Ended"}, within_s=pf_limits.session_s)
    reason = ended.payload["transactionInfo"].get("stoppedReason")
    expect(reason, equals="StoppedByEV", of="station", named="stoppedReason")
