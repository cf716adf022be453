"""Use cases 5 and 6: power in, power out, and the command that must not be ignored."""

from __future__ import annotations

from harness.case import expect, step
from harness.usecase import usecase
from testcases.programme.test_1_activation import V2G


@usecase(
    "PF_PRG_05",
    sut="pair",
    protocol="ocpp2.1",
    requires=V2G,
    requirements=["Q03.FR.01", "V2X.02"],
    uses_rules=["iso15118-20", "ocpp2.1"],
    parameters={"charge_w": 10_000, "hold_s": 60},
)
async def test_the_vehicle_charges(pf_session, pf_parameters):
    """V1G: the vehicle charges with the power that the CSMS asks for, P > 0"""
    await pf_session.energy_transfer()

    step(f"the CSMS asks for {pf_parameters.charge_w / 1000:+g} kW")
    await pf_session.follows(pf_parameters.charge_w)

    step("power holds, and both protocols say what the analyser measures")
    await pf_session.holds(pf_parameters.charge_w, for_s=pf_parameters.hold_s)
    await pf_session.reports_agree()


@usecase(
    "PF_PRG_06",
    sut="pair",
    protocol="ocpp2.1",
    requires=V2G,
    requirements=["Q03.FR.01", "V2X.02", "K28.FR.06"],
    uses_rules=["iso15118-20", "ocpp2.1"],
    parameters={"discharge_w": -10_000, "hold_s": 60},
)
async def test_the_vehicle_discharges_on_a_remote_command(pf_session, pf_parameters):
    """V2G: the vehicle discharges on the CSMS's dynamic setpoint, P < 0, no hand on the charger"""
    await pf_session.energy_transfer()

    step(f"the CSMS asks for {pf_parameters.discharge_w / 1000:+g} kW")
    await pf_session.follows(pf_parameters.discharge_w)

    step("power holds, and both protocols say what the analyser measures")
    await pf_session.holds(pf_parameters.discharge_w, for_s=pf_parameters.hold_s)
    await pf_session.reports_agree()


@usecase(
    "PF_PRG_07",
    sut="pair",
    protocol="ocpp2.1",
    requires=V2G,
    requirements=["K28.FR.06", "V2X.02"],
    uses_rules=["iso15118-20", "ocpp2.1"],
    parameters={"first_w": 5_000, "second_w": -5_000, "third_w": -2_500, "fourth_w": 2_500},
)
async def test_no_remote_command_is_ignored(pf_session, pf_parameters):
    """Every accepted setpoint is executed, through both reversals of sign"""
    await pf_session.energy_transfer()
    for name in ("first_w", "second_w", "third_w", "fourth_w"):
        wanted_w = getattr(pf_parameters, name)
        step(f"the CSMS asks for {wanted_w / 1000:+g} kW")
        await pf_session.follows(wanted_w)


@usecase(
    "PF_PRG_08",
    sut="pair",
    protocol="iso15118-20",
    requires=V2G | {"pause"},
    requirements=["V2G20-2545", "V2G20-1032", "Q10.FR.01"],
    uses_rules=["iso15118-20", "ocpp2.1"],
    parameters={"charge_w": 6_000, "pause_s": 1_200},
)
async def test_the_session_resumes_after_a_pause(pf_session, pf_power, pf_v2g, pf_limits, pf_parameters):
    """A pause of 20 minutes, and power comes back without a hand on the vehicle"""
    await pf_session.energy_transfer()
    await pf_session.follows(pf_parameters.charge_w)

    step("the CSMS makes the station idle: the session pauses")
    await pf_session.make_idle()
    paused = await pf_v2g.message("SessionStopReq", within_s=pf_limits.session_s, charging_session="Pause")
    expect(str(paused.content.charging_session), equals="Pause", of="pair", named="SessionStop")
    await pf_power.below(pf_limits.unplug_w, within_s=pf_limits.settling_s)

    step(f"nothing happens for {pf_parameters.pause_s:g} s")
    await pf_session.wait(pf_parameters.pause_s)

    step(f"the CSMS ends the idle time: {pf_parameters.charge_w / 1000:+g} kW is wanted again")
    await pf_session.end_idle()
    await pf_session.is_woken()
    joined = await pf_v2g.message("SessionSetupRes", within_s=pf_limits.resume_s, response_code="OK_OldSessionJoined")
    expect(str(joined.content.response_code), equals="OK_OldSessionJoined", of="station", named="response code")
    await pf_session.settles(pf_parameters.charge_w, within_s=pf_limits.resume_s)


@usecase(
    "PF_PRG_09",
    sut="pair",
    protocol="ocpp2.1",
    requires=V2G,
    requirements=["our default"],
    uses_rules=["iso15118-20", "ocpp2.1"],
    parameters={"discharge_w": -5_000},
)
async def test_the_power_is_gone_when_the_cable_is_unplugged(
    pf_bench, pf_session, pf_station, pf_power, pf_limits, pf_parameters
):
    """The cable is unplugged under load: power is gone at once, and the next session works"""
    await pf_session.energy_transfer()
    await pf_session.follows(pf_parameters.discharge_w)

    step("the connector is pulled")
    await pf_bench.unplug()
    reading = await pf_power.below(pf_limits.unplug_w, within_s=pf_limits.unplug_s)
    expect(
        abs(reading.active_w),
        at_most=pf_limits.unplug_w,
        of="station",
        named=f"power {pf_limits.unplug_s:g} s after unplugging",
        uncertainty=0.0,
    )

    step("the station tells the CSMS that the transaction is over")
    await pf_station.expect(
        "TransactionEvent", where=lambda event: event["eventType"] == "Ended", within_s=pf_limits.session_s
    )

    step("the next session works")
    await pf_session.wait(2.0)
    await pf_session.energy_transfer()
