"""The charger under test: whole sessions of every energy service, and the variants that a parameter set may promise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fixtures.evcc import EvccOnBench
from harness.case import expect, good_case, step
from harness.iso15118.messages import common
from harness.iso15118.services import Channel, Control, NeedsBy, Pricing, Service
from harness.verdict import Side
from testcases.iso15118_20 import twisted
from testcases.iso15118_20.charger import end, expect_code, expect_refused
from testcases.iso15118_20.table import for_each, row
from testcases.iso15118_20.twisted import Change

LOOPS = 5
SERVICES = (Service.AC, Service.AC_BPT, Service.DC, Service.DC_BPT, Service.MCS, Service.MCS_BPT)
CONTROLS = {"dynamic": Control.DYNAMIC, "scheduled": Control.SCHEDULED}


def expect_form(answer: Any, service: Service, control: Control, of: str) -> None:
    """The loop's content is of the energy, direction and control mode that were chosen."""
    name = type(answer.control_mode).declaration.name
    wanted = f"{'BPT_' if service.bidirectional else ''}{control.name.title()}_{service.energy}_"
    expect(name.startswith(wanted), equals=True, of=of, named=f"{name} begins with {wanted}")


@for_each(
    [
        row(f"TC_SECC_{service.name}_VTB_Session_{number:03}", requires=[word], service=service, control=control,
            words=f"{service.name} in {word} control")
        for service in SERVICES
        for number, (word, control) in enumerate(CONTROLS.items(), 1)
    ],
    into=globals(),
    sut="charger",
)  # fmt: skip
async def a_whole_session(evcc: EvccOnBench, *, words: str, service: Service, control: Control) -> None:
    """{words}: from the offer to the charge loop and to an end in order"""
    step(f"a session of {words}")
    ev = await evcc.session(services=(service,), control=control)
    answer = await ev.charge_loop(count=LOOPS)
    expect(ev.session.service is service, equals=True, of="station", named=f"{service.name} granted")
    expect_form(answer, service, control, "station")
    await end(ev)


@for_each(
    [
        row(f"TC_SECC_{mode}_VTB_ChargeParameterDiscovery_051", "V2G20-2272", service=Service[mode], energy=energy,
            what=what, change=change)
        for mode, energy, what, change in (
            ("AC_BPT", "AC", "no discharge limits under the bidirectional service", twisted.one_way_parameters),
            ("AC", "AC", "discharge limits under the one-way service", twisted.two_way_parameters),
            ("MCS_BPT", "DC", "no discharge limits under the bidirectional service", twisted.one_way_parameters),
            ("MCS", "DC", "discharge limits under the one-way service", twisted.two_way_parameters),
        )
    ],
    into=globals(),
    sut="charger",
    liveness=True,
)  # fmt: skip
async def parameters_of_another_service(
    evcc: EvccOnBench, *, service: Service, energy: str, what: str, change: Change
) -> None:
    """{energy}_ChargeParameterDiscoveryReq for {service.name} with {what}: FAILED_WrongChargeParameter"""
    ev = await evcc.before(f"{energy}_ChargeParameterDiscovery", services=(service,))
    step(f"parameters with {what}")
    answer = await ev.exchange(change(ev, ev.next_request()))
    await expect_refused(ev, answer, ["FAILED_WrongChargeParameter"])


def _price(answer: Any) -> Any:
    mode = answer.control_mode
    tuples = getattr(mode, "schedule_tuple", ())
    return tuples[0].charging_schedule.price_schedule if tuples else getattr(mode, "price_schedule", None)


Check = Callable[[Any], object]
PRICED = {
    "absolute_prices": (Pricing.ABSOLUTE, common.AbsolutePriceSchedule, "an absolute price schedule"),
    "price_levels": (Pricing.LEVELS, common.PriceLevelSchedule, "price levels"),
}


@for_each(
    [
        row(f"TC_SECC_CMN_VTB_ScheduleExchange_{number}", requires=[capability, "scheduled"],
            what=what, pricing=pricing, kind=kind)
        for number, (capability, (pricing, kind, what)) in enumerate(PRICED.items(), 101)
    ],
    into=globals(),
    sut="charger",
)  # fmt: skip
async def prices_come_with_the_schedule(evcc: EvccOnBench, *, what: str, pricing: Pricing, kind: type) -> None:
    """The parameter set that promises {what}: ScheduleExchangeRes has it, and power flows"""
    ev = await evcc.before("ScheduleExchange", control=Control.SCHEDULED, pricing=pricing)
    expect(ev.session.offer.pricing is pricing, equals=True, of="station", named=f"{what} offered")
    answer: Any = await ev.exchange()
    while str(answer.evse_processing) == "Ongoing":
        answer = await ev.exchange()
    expect(isinstance(_price(answer), kind), equals=True, of="station", named=f"{what} in ScheduleExchangeRes")
    await ev.charge_loop(count=LOOPS)
    await end(ev)


@for_each(
    [row("TC_SECC_CMN_VTB_ChargeLoop_111", "V2G20-2663", requires=["needs_by_secc", "dynamic"])],
    into=globals(),
    sut="charger",
)
async def the_station_states_the_needs(evcc: EvccOnBench) -> None:
    """MobilityNeedsMode 2: the charger states departure time and state of charge in the loop"""
    ev = await evcc.session(needs_by=NeedsBy.SECC)
    answer: Any = await ev.charge_loop(count=LOOPS)
    offered = ev.session.offer.needs_by is NeedsBy.SECC
    expect(offered, equals=True, of="station", named="MobilityNeedsMode 2 offered")
    stated = answer.control_mode.departure_time is not None
    expect(stated, equals=True, of="station", named="departure time stated in the loop")
    await end(ev)


@for_each(
    [row("TC_SECC_DC_BPT_VTB_PowerDelivery_111", requires=["separate_channels", "dynamic"])],
    into=globals(),
    sut="charger",
)
async def a_channel_is_chosen(evcc: EvccOnBench) -> None:
    """BPTChannel 2: PowerDeliveryReq chooses the channel for charging, and power flows"""
    ev = await evcc.before("PowerDelivery", channel=Channel.SEPARATED)
    request: Any = ev.next_request()
    named = str(request.bpt_channel_selection)
    expect(named, equals="Charge", of="station", named="separate channels offered, our vehicle chooses")
    step("PowerDeliveryReq(Start) for the channel of charging")
    expect_code(await ev.exchange(request), ["OK"])
    await ev.charge_loop(count=LOOPS)
    await end(ev)


@for_each([row("TC_SECC_CMN_VTB_ServiceSelection_111", requires=["vas"])], into=globals(), sut="charger")
async def a_value_added_service_is_granted(evcc: EvccOnBench) -> None:
    """Internet access beside the energy service: detailed, selected and granted, and power flows"""
    ev = await evcc.before("ServiceSelection", vas=(Service.INTERNET,))
    request: Any = ev.next_request()
    added = request.selected_vas_list
    expect(added is not None, equals=True, of="station", named="internet access offered")
    step("ServiceSelectionReq with a value added service")
    expect_code(await ev.exchange(request), ["OK"])
    await ev.charge_loop(count=LOOPS)
    await end(ev)


@for_each(
    [row("TC_SECC_CMN_VTB_MeteringConfirmation_001", requires=["metering_confirmation", "pnc", "tls"])],
    into=globals(),
    sut="charger",
)
async def a_reading_is_confirmed(evcc: EvccOnBench) -> None:
    """The charger asks to confirm the meter's reading: the signed confirmation is taken, and the loop goes on"""
    with good_case(Side.STATION):
        ev = await evcc.session(contract=evcc.hierarchy().leaves["contract"])
    confirmed: list[str] = []

    def note(_: Any, request: Any) -> Any:
        confirmed.append("MeteringConfirmationReq")
        return request

    ev.twists["MeteringConfirmationReq"] = note
    step("charge loops until the charger asks")
    answer = await ev.charge_loop(count=4 * LOOPS, until=lambda _: bool(confirmed))
    expect(bool(confirmed), equals=True, of="station", named="the meter's reading is to be confirmed")
    expect_code(answer, ["OK"])
    await ev.charge_loop(count=LOOPS)
    await end(ev)
