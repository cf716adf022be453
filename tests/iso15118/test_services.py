"""Every energy service in both control modes, value added services, and who states the mobility needs."""

from __future__ import annotations

import asyncio

import pytest

from harness.iso15118.evcc import EvccConfig
from harness.iso15118.ideal import DC_CAR, IdealStation, IdealVehicle
from harness.iso15118.quantities import Limits
from harness.iso15118.secc import SeccConfig
from harness.iso15118.services import Channel, Control, EnergyOffer, NeedsBy, Service
from tests.iso15118.conftest import Pair

AC_CAR = Limits(maximum_charge_power_w=11_000.0, maximum_discharge_power_w=7_000.0)
MCS_CAR = Limits(3_000_000.0, 0.0, 3_000.0, 0.0, 1_250.0, 500.0, 1_000_000.0, 0.0, 1_000.0, 0.0)
CARS = {Service.AC: AC_CAR, Service.AC_BPT: AC_CAR, Service.MCS: MCS_CAR, Service.MCS_BPT: MCS_CAR}


def pair_for(service, control, **offer):
    limits = CARS.get(service, DC_CAR)
    return Pair(
        EvccConfig(services=(service,), control=control),
        SeccConfig(offers={service: (EnergyOffer(5, control, **offer),)}),
        vehicle=IdealVehicle(limits=limits),
        station=IdealStation(limits=limits),
    )


async def whole(*wanted, prepare=lambda pair: None, **offer):
    pair = pair_for(*wanted, **offer)
    prepare(pair)
    charger = asyncio.ensure_future(pair.se.run())
    answer = await pair.ev.charge_loop(2.0)
    await pair.ev.stop()
    await charger
    return pair, answer


@pytest.mark.parametrize("control", list(Control))
@pytest.mark.parametrize(
    "service", [Service.AC, Service.AC_BPT, Service.DC, Service.DC_BPT, Service.MCS, Service.MCS_BPT]
)
def test_a_session_of_every_service_in_both_control_modes_ends_in_order(virtually, service, control):
    pair, answer = virtually(whole(service, control))
    name = type(answer.control_mode).declaration.name
    assert pair.ev.session.state == pair.se.session.state == "terminated"
    assert name.startswith("BPT_") == service.bidirectional
    assert ("Dynamic" in name) == (control is Control.DYNAMIC)
    assert pair.whats()[-1] == "stopped"


def test_a_megawatt_is_stated_with_an_exponent(virtually):
    async def story():
        pair = pair_for(Service.MCS, Control.DYNAMIC)
        charger = asyncio.ensure_future(pair.se.run())
        await pair.ev.advance_to("DC_ChargeParameterDiscovery")
        request = pair.ev.next_request()
        await pair.ev.close()
        await charger
        return request.energy_transfer_mode.ev_maximum_charge_power

    power = virtually(story())
    assert (power.value, power.exponent) == (30_000, 2)


def test_a_negative_target_discharges_over_ac(virtually):
    def discharge(pair):
        pair.station.target_power_w = -9_000.0

    _, answer = virtually(whole(Service.AC_BPT, Control.DYNAMIC, prepare=discharge))
    assert float(answer.control_mode.evse_target_active_power) == -7_000.0


def test_separate_channels_are_switched_and_unified_ones_are_not(virtually):
    chosen = []

    def note(pair):
        pair.ev.twists["PowerDeliveryReq"] = lambda ev, request: chosen.append(request.bpt_channel_selection) or request

    for channel in Channel:
        virtually(whole(Service.DC_BPT, Control.DYNAMIC, prepare=note, channel=channel))
    assert chosen == [None, None, "Charge", None]


def test_a_station_that_states_the_needs_does_so_in_the_loop(virtually):
    pair, answer = virtually(whole(Service.DC_BPT, Control.DYNAMIC, needs_by=NeedsBy.SECC))
    assert pair.ev.session.offer.needs_by is NeedsBy.SECC
    assert answer.control_mode.departure_time in range(35_990, 36_001)
    assert answer.control_mode.target_soc == 80
    pair, answer = virtually(whole(Service.DC_BPT, Control.DYNAMIC, needs_by=NeedsBy.EVCC))
    assert answer.control_mode.departure_time is None


def test_a_value_added_service_is_detailed_and_selected_beside_the_energy_service(virtually):
    async def story():
        pair = Pair(EvccConfig(vas=(Service.INTERNET,)), SeccConfig(vas=(Service.INTERNET, Service.PARKING_STATUS)))
        charger = asyncio.ensure_future(pair.se.run())
        await pair.ev.advance_to("ServiceSelection")
        request = pair.ev.next_request()
        await pair.ev.exchange(request)
        await pair.ev.stop()
        await charger
        return request.selected_vas_list.selected_service

    (selected,) = virtually(story())
    assert (selected.service_id, selected.parameter_set_id) == (65, 3)


@pytest.mark.parametrize("sign", ["positive", "negative"])
def test_the_sign_of_discharge_limits_is_a_switch_and_is_read_by_magnitude(virtually, sign):
    from dataclasses import replace

    from harness.iso15118.profile import Profile

    async def story():
        profile = Profile(discharge_limits=sign)
        pair = Pair(replace(EvccConfig(), profile=profile), SeccConfig(profile=profile))
        charger = asyncio.ensure_future(pair.se.run())
        pair.station.target_power_w = -8_000.0
        answer = await pair.ev.charge_loop(1.0)
        await pair.ev.stop()
        await charger
        return pair, answer

    pair, answer = virtually(story())
    stated = float(answer.control_mode.evse_maximum_discharge_power)
    assert stated == (30_000.0 if sign == "positive" else -30_000.0)
    assert pair.station.power_w == 0.0
    assert float(answer.evse_present_current) == pytest.approx(-8_000.0 / 380.0, abs=0.01)
    assert pair.ev.session.station_limits.maximum_discharge_power_w == 30_000.0
