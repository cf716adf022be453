"""Q02: a vehicle begins to charge, and is allowed to discharge only later."""

from __future__ import annotations

from harness.case import expect, step
from harness.ocpp.profile_drafts import period
from harness.usecase import usecase
from testcases.ocpp21.states import Authorized, Booted, reach
from testcases.ocpp21.test_q_power_transfer import RULES, V2X, install


@usecase("PF_Q02_03_CS", sut="pair", protocol="ocpp2.1", requires=V2X,
         requirements=["Q02.FR.04", "Q02.FR.06", "Q02.FR.07"], uses_rules=RULES,
         parameters={"charge_w": 4_000, "discharge_w": -4_000})  # fmt: skip
async def test_a_vehicle_that_may_discharge_later(
    pf_ground, pf_session, pf_station, pf_limits, pf_parameters
):  # fmt: skip
    """Charging only at first; once discharging is allowed the service is negotiated again, and a discharge is followed"""
    await reach(Booted, pf_ground)
    pf_station.answers.answer("Authorize", {"idTokenInfo": {"status": "Accepted"}})
    await reach(Authorized, pf_ground)
    told = await pf_station.expect("NotifyEVChargingNeeds", within_s=pf_limits.session_s)
    transfer = told.payload["chargingNeeds"]["requestedEnergyTransfer"]
    expect(transfer, equals="DC", of="station", named="transfer asked for without a list")
    available = told.payload["chargingNeeds"].get("availableEnergyTransfer", [])
    expect("DC_BPT" in available, equals=True, of="station", named="DC_BPT told as available")
    charging = {"transactionInfo.chargingState": "Charging"}
    await pf_station.expect("TransactionEvent", charging, within_s=pf_limits.session_s)
    await install(pf_station, period("ChargingOnly", limit=pf_parameters.charge_w), kind="Relative")
    await pf_session.settles(pf_parameters.charge_w, within_s=pf_limits.settling_s)
    step("the CSMS allows discharging")
    pf_station.forget()
    transaction = pf_station.transaction_id
    request = {"transactionId": transaction, "allowedEnergyTransfer": ["DC", "DC_BPT"]}
    answer = await pf_station.call("NotifyAllowedEnergyTransfer", request)
    expect(answer["status"], equals="Accepted", of="station", named="status of NotifyAllowedEnergyTransfer")
    told = await pf_station.expect("NotifyEVChargingNeeds", within_s=pf_limits.session_s)
    transfer = told.payload["chargingNeeds"]["requestedEnergyTransfer"]
    expect(transfer, equals="DC_BPT", of="station", named="transfer asked for once it is allowed")
    await install(pf_station, period(setpoint=pf_parameters.discharge_w))
    await pf_session.settles(pf_parameters.discharge_w, within_s=pf_limits.session_s)
    expect(pf_station.transaction_id, equals=transaction, of="station", named="transaction after the new service")
