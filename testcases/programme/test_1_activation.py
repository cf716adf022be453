"""Use cases 1 to 4: from the wish for vehicle-to-grid to an open charge loop."""

from __future__ import annotations

from harness.case import expect, step
from harness.usecase import usecase

V2G = {"iso15118-20", "dc_bpt", "dynamic", "charger:ocpp2.1"}


@usecase(
    "PF_PRG_01",
    sut="pair",
    protocol="ocpp2.1",
    requires=V2G,
    requirements=["Q01.FR.03", "K19"],
    uses_rules=["iso15118-20", "ocpp2.1"],
)
async def test_the_v2g_service_is_activated_and_a_programme_is_created(pf_bench, pf_station, pf_limits, pf_v2g):
    """Activation of the V2G service and creation of a programme: target and departure reach the CSMS"""
    step("a vehicle with V2G activated and a mobility need is plugged in")
    await pf_bench.plug_in()

    step("the station tells the CSMS what the vehicle needs")
    asked = await pf_station.expect("NotifyEVChargingNeeds", within_s=pf_limits.session_s)
    needs = asked.payload["chargingNeeds"]
    expect(needs.get("requestedEnergyTransfer"), equals="DC_BPT", of="station", named="requestedEnergyTransfer")
    expect(needs.get("controlMode"), equals="DynamicControl", of="station", named="controlMode")

    step("target and departure are those that the vehicle declared on the V2G link")
    declared = await pf_v2g.message("ScheduleExchangeReq", within_s=pf_limits.session_s)
    mode = declared.content.control_mode
    expect("departureTime" in needs, equals=True, of="station", named="departureTime given")
    told_wh = needs.get("v2xChargingParameters", {}).get("evTargetEnergyRequest")
    expect(told_wh is not None, equals=True, of="station", named="evTargetEnergyRequest given")
    expect(
        float(told_wh),
        at_least=float(mode.ev_target_energy_request) - 1,
        at_most=float(mode.ev_target_energy_request) + 1,
        of="station",
        named="evTargetEnergyRequest over OCPP",
        unit="Wh",
    )


@usecase(
    "PF_PRG_02",
    sut="pair",
    protocol="iso15118-20",
    requires=V2G | {"charger:reference"},
    requirements=["Q03.FR.01"],
    uses_rules=["iso15118-20", "ocpp2.1"],
    parameters={"charge_w": 8_000, "discharge_w": -8_000},
)
async def test_the_v2g_session_works_on_the_reference_charger(
    pf_session, pf_station, pf_power, pf_limits, pf_parameters
):
    """The V2G session is validated on the reference charger: both directions, and a clean end"""
    await pf_session.energy_transfer()
    for wanted_w in (pf_parameters.charge_w, pf_parameters.discharge_w):
        step(f"the CSMS asks for {wanted_w / 1000:+g} kW")
        await pf_session.follows(wanted_w)

    step("the driver ends the session")
    await pf_session.stop()


@usecase(
    "PF_PRG_03",
    sut="pair",
    protocol="iso15118-20",
    requires=V2G,
    requirements=["V2G20-2106", "V2G20-2663"],
    uses_rules=["iso15118-20", "ocpp2.1"],
)
async def test_a_communication_session_is_opened_with_mobility_needs_from_the_vehicle(pf_bench, pf_v2g, pf_limits):
    """A communication session is opened with the charger under test, mobility needs set inside the vehicle"""
    step("the vehicle is plugged in")
    await pf_bench.plug_in()

    opened = await pf_v2g.message("SessionSetupRes", within_s=pf_limits.session_s)
    expect(str(opened.content.response_code), equals="OK_NewSessionEstablished", of="station", named="response code")

    step("the vehicle selects bidirectional DC in dynamic control mode")
    selected = await pf_v2g.message("ServiceSelectionReq", within_s=pf_limits.session_s)
    chosen = selected.content.selected_energy_transfer_service
    expect(chosen.service_id, equals=6, of="vehicle", named="selected ServiceID (6 is DC_BPT)", requirement="V2G20-467")

    step("the vehicle states its mobility needs")
    needs = await pf_v2g.message("ScheduleExchangeReq", within_s=pf_limits.session_s)
    mode = needs.content.control_mode
    expect(type(mode).__name__.startswith("Dynamic"), equals=True, of="vehicle", named="dynamic control mode in use")
    expect(mode.departure_time, at_least=0, of="vehicle", named="departure time", unit="s")


@usecase(
    "PF_PRG_04",
    sut="pair",
    protocol="iso15118-20",
    requires=V2G,
    requirements=["V2G20-2006"],
    uses_rules=["iso15118-20", "ocpp2.1"],
    parameters={"loops": 20},
)
async def test_a_charge_loop_opens_and_keeps_running(pf_session, pf_v2g, pf_limits, pf_parameters):
    """Opening of a charge loop: isolation, pre-charge, contactors, and then loop after loop"""
    await pf_session.energy_transfer()

    step(f"{pf_parameters.loops} charge loops in a row are answered")
    answered = await pf_v2g.answered("DC_ChargeLoopRes", pf_parameters.loops, within_s=pf_limits.session_s)
    expect(answered, at_least=pf_parameters.loops, of="pair", named="answered charge loops", unit="")
