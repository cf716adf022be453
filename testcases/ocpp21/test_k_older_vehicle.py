"""A vehicle that speaks ISO 15118-2: up to three schedules to choose from (K15), and another choice in session (K16)."""

from __future__ import annotations

from harness.case import current_case, expect, step
from harness.limits import Tolerance
from harness.ocpp.profile_drafts import period, profile
from harness.ocpp.shell import utc_s
from harness.usecase import usecase
from harness.verdict import Side
from testcases.ocpp21.offers import levels_w
from testcases.ocpp21.states import Authorized, Booted, EnergyTransferStarted, reach

RULES = ["ocpp2.1", "iso15118-2", "cross-protocol"]
OLDER = {"charger:ocpp2.1", "dc", "iso15118-2"}


def alternatives(profile_id, transaction_id, powers_w):
    """A TxProfile with a schedule for each power; schedules are numbered from the profile's own id on."""
    draft = profile(profile_id, [], kind="Relative", transaction_id=transaction_id)
    return draft | {
        "chargingSchedule": [
            {"id": profile_id + number, "chargingRateUnit": "W",
             "chargingSchedulePeriod": [period("ChargingOnly", limit=power_w)]}
            for number, power_w in enumerate(powers_w)
        ]
    }  # fmt: skip


async def offered(v2g, limits, after):
    """The powers (W) that the vehicle is offered next, by the id of their schedule tuple."""
    answer = await v2g.message(
        "ChargeParameterDiscoveryRes", within_s=limits.session_s, after=after, evse_processing="Finished"
    )
    tuples = answer.content.sa_schedules.sa_schedule_tuple
    return {
        one.sa_schedule_tuple_id: levels_w(float(entry.pmax) for entry in one.pmax_schedule.pmax_schedule_entry)
        for one in tuples
    }


async def chooses(station, v2g, limits, powers_w, profile_id, after):
    """The vehicle is offered these powers and chooses one; the station reports that. Returns its power."""
    told = await offered(v2g, limits, after)
    expect(sorted(told.values()), equals=sorted([one] for one in powers_w), of="station", named="powers offered")
    started = await v2g.message("PowerDeliveryReq", within_s=limits.session_s, after=after, charge_progress="Start")
    chosen = told.get(started.content.sa_schedule_tuple_id)
    if chosen is None:
        current_case().miss(f"the vehicle chose schedule {started.content.sa_schedule_tuple_id}", Side.VEHICLE)
    report = await station.expect("NotifyEVChargingSchedule", within_s=limits.session_s)
    expected = profile_id + powers_w.index(chosen[0])
    told_id = report.payload.get("selectedChargingScheduleId")
    expect(told_id, equals=expected, of="station", named="schedule that the vehicle has chosen")
    return chosen[0]


@usecase("PF_K15_01_CS", sut="pair", protocol="ocpp2.1", requires=OLDER, requirements=["K15"], uses_rules=RULES,
         parameters={"low_w": 3_000, "high_w": 6_000})  # fmt: skip
async def test_an_older_vehicle_chooses(pf_ground, pf_session, pf_station, pf_v2g, pf_limits, pf_parameters):
    """Needs as ISO 15118-2 tells them: the vehicle may choose from the CSMS's schedules, its choice is reported and kept to"""
    powers_w = [pf_parameters.low_w, pf_parameters.high_w]
    await reach(Booted, pf_ground)
    pf_station.answers.answer("NotifyEVChargingNeeds", {"status": "Accepted"})
    after = pf_v2g.mark()
    await reach(Authorized, pf_ground)
    needs = (await pf_station.expect("NotifyEVChargingNeeds", within_s=pf_limits.session_s)).payload["chargingNeeds"]
    parameters = sorted(key for key in needs if key.endswith("ChargingParameters"))
    expect(parameters, equals=["dcChargingParameters"], of="station", named="parameters of the needs")
    answer = await pf_station.set_charging_profile(alternatives(350, pf_station.transaction_id, powers_w))
    expect(answer["status"], equals="Accepted", of="station", named="status of SetChargingProfile")
    chosen_w = await chooses(pf_station, pf_v2g, pf_limits, powers_w, 350, after)
    await pf_session.settles(chosen_w, within_s=pf_limits.settling_s)


AC_NEEDS = {
    "energyAmount": ("e_amount", "Wh"),
    "evMinCurrent": ("ev_min_current", "A"),
    "evMaxCurrent": ("ev_max_current", "A"),
    "evMaxVoltage": ("ev_max_voltage", "V"),
}
"""Numbers of acChargingParameters, where an ISO 15118-2 vehicle tells them, and their units."""
WHOLE = Tolerance(percent=0.0, floor=1.0)
"""OCPP 2.0.1 has whole numbers there, rounded either way (our default)."""


@usecase("PF_K15_03_CS", sut="pair", protocol="ocpp2.1", requires={"charger:ocpp2.1", "ac", "iso15118-2-ac"},
         requirements=["K15"], uses_rules=RULES, parameters={"low_w": 5_000, "high_w": 8_000})  # fmt: skip
async def test_an_older_ac_vehicle_chooses(pf_ground, pf_session, pf_station, pf_v2g, pf_limits, pf_parameters):
    """A vehicle for alternating current: its needs have the numbers that it told itself, and its choice is kept to"""
    powers_w = [pf_parameters.low_w, pf_parameters.high_w]
    await reach(Booted, pf_ground)
    pf_station.answers.answer("NotifyEVChargingNeeds", {"status": "Accepted"})
    after = pf_v2g.mark()
    await reach(Authorized, pf_ground)
    needs = (await pf_station.expect("NotifyEVChargingNeeds", within_s=pf_limits.session_s)).payload["chargingNeeds"]
    asked = await pf_v2g.message("ChargeParameterDiscoveryReq", within_s=pf_limits.session_s, after=after)
    parameters = sorted(key for key in needs if key.endswith("ChargingParameters"))
    expect(parameters, equals=["acChargingParameters"], of="station", named="parameters of the needs")
    for name, (own, unit) in AC_NEEDS.items():
        told, number = needs["acChargingParameters"].get(name), float(getattr(asked.content.ev_charge_parameter, own))
        expect(told, near=number, tolerance=WHOLE, of="station", named=name, unit=unit, never=f"{name} is not told")
    answer = await pf_station.set_charging_profile(alternatives(353, pf_station.transaction_id, powers_w))
    expect(answer["status"], equals="Accepted", of="station", named="status of SetChargingProfile")
    chosen_w = await chooses(pf_station, pf_v2g, pf_limits, powers_w, 353, after)
    await pf_session.settles(chosen_w, within_s=pf_limits.settling_s)


@usecase("PF_K15_R1_CS", sut="pair", protocol="ocpp2.1", requires=OLDER, requirements=["K15"], uses_rules=RULES,
         parameters={"default_w": 4_000})  # fmt: skip
async def test_no_profile_for_an_older_vehicle(pf_ground, pf_session, pf_station, pf_v2g, pf_limits, pf_parameters):
    """Rejected only says that there is no profile: the transaction goes on, and the TxDefaultProfile is what is offered"""
    await reach(Booted, pf_ground)
    await default_limit(pf_station, pf_parameters.default_w)
    pf_station.answers.answer("NotifyEVChargingNeeds", {"status": "Rejected"})
    after = pf_v2g.mark()
    await reach(Authorized, pf_ground)
    told = await offered(pf_v2g, pf_limits, after)
    expect(list(told.values()), equals=[[pf_parameters.default_w]], of="station", named="powers offered")
    charging = {"transactionInfo.chargingState": "Charging"}
    await pf_station.expect("TransactionEvent", charging, within_s=pf_limits.session_s)
    await pf_session.settles(pf_parameters.default_w, within_s=pf_limits.settling_s)


async def default_limit(station, limit_w):
    draft = profile(351, [period("ChargingOnly", limit=limit_w)], purpose="TxDefaultProfile", kind="Relative")
    answer = await station.set_charging_profile(draft)
    expect(answer["status"], equals="Accepted", of="station", named="status of SetChargingProfile")


@usecase("PF_K15_02_CS", sut="pair", protocol="ocpp2.1", requires=OLDER, requirements=["K15"], uses_rules=RULES,
         parameters={"default_w": 4_000})  # fmt: skip
async def test_an_older_vehicle_offline(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
    """Plugged in offline: the TxDefaultProfile is what is offered, and the needs are told later, with their time"""
    await reach(Booted, pf_ground)
    await default_limit(pf_station, pf_parameters.default_w)
    written = await pf_station.set_variable("AuthCtrlr", "OfflineTxForUnknownIdEnabled", "true")
    expect(written["attributeStatus"], equals="Accepted", of="station", named="writing OfflineTxForUnknownIdEnabled")
    await pf_station.keep_out()
    await pf_ground.bench.clock.sleep(1)
    step("the vehicle is plugged in while the station is offline")
    pf_station.forget()
    await pf_ground.bench.plug_in()
    await pf_session.settles(pf_parameters.default_w, within_s=pf_limits.session_s)
    pf_station.let_in()
    needs = await pf_station.expect("NotifyEVChargingNeeds", within_s=pf_limits.session_s)
    expect("timestamp" in needs.payload, equals=True, of="station", named="timestamp of the needs")


async def is_asked_to_renegotiate(clock, v2g, limits, after):
    """Whether the station says so in the charge loop, in the time in which it has to react."""
    end_s = clock.now_s() + limits.reaction_s
    while clock.now_s() < end_s:
        loops = [one for one in v2g.messages("CurrentDemandRes") if one.event > after]
        if any(one.dc_evse_status.evse_notification == "ReNegotiation" for one in loops):
            return True
        await clock.sleep(0.2)
    return False


@usecase("PF_K16_02_CS", sut="pair", protocol="ocpp2.1", requires=OLDER, requirements=["K16.FR.02", "K16.FR.09"],
         uses_rules=RULES, parameters={"first_w": 3_000, "next_w": 6_000})  # fmt: skip
async def test_an_older_vehicle_renegotiates(pf_ground, pf_session, pf_station, pf_v2g, pf_limits, pf_parameters):
    """A new profile in session: the vehicle is asked to renegotiate, is offered it, and no needs are told again"""
    await reach(Booted, pf_ground)
    pf_station.answers.answer("NotifyEVChargingNeeds", {"status": "Rejected"})
    await default_limit(pf_station, pf_parameters.first_w)
    await reach(EnergyTransferStarted, pf_ground)
    await pf_session.settles(pf_parameters.first_w, within_s=pf_limits.settling_s)
    after, since_s = pf_v2g.mark(), utc_s(pf_ground.bench.clock)
    pf_station.forget()
    powers_w = [pf_parameters.next_w]
    answer = await pf_station.set_charging_profile(alternatives(352, pf_station.transaction_id, powers_w))
    expect(answer["status"], equals="Accepted", of="station", named="status of SetChargingProfile")
    notified = await is_asked_to_renegotiate(pf_ground.bench.clock, pf_v2g, pf_limits, after)
    expect(notified, equals=True, of="station", named="EVSENotification ReNegotiation")
    with current_case().preamble():  # ISO 15118-2 leaves it to the vehicle ([V2G2-680], [V2G2-841])
        await pf_v2g.message(
            "PowerDeliveryReq", within_s=pf_limits.session_s, after=after, charge_progress="Renegotiate"
        )
    chosen_w = await chooses(pf_station, pf_v2g, pf_limits, powers_w, 352, after)
    await pf_session.settles(chosen_w, within_s=pf_limits.settling_s)
    again = [one for one in pf_station.received if one.action == "NotifyEVChargingNeeds" and one.at_s >= since_s]
    expect(len(again), equals=0, of="station", named="needs told again")
