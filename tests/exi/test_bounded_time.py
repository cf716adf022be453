"""The longest that 64 KiB may take: right to the last bit, every entry another, as many small parts as fit."""

import contextlib
import gc
import random
import time
from functools import cache, partial

import pytest

from harness.exi.schema import QName
from harness.iso15118 import messages
from harness.iso15118.messages import common, common_types, dsig
from harness.iso15118.messages.iso2 import body as iso2_body
from harness.iso15118.messages.iso2 import document as iso2_document
from harness.iso15118.messages.iso2 import types as iso2

LIMIT_S = 0.050
READINGS = 9
LONGEST = 64 * 1024
RNG = random.Random(22)


def rational():
    return common_types.RationalNumber(exponent=RNG.randrange(-3, 4), value=RNG.randrange(-9999, 9999))


def tariffs(types, count, octets):
    """-2: schedules with a tariff of so many entries in all, each entry with nine costs, amounts of up to so many octets."""

    def power():
        unit = RNG.choice(list(types.UnitSymbol))
        return types.PhysicalValue(multiplier=RNG.randrange(-3, 4), unit=unit, value=RNG.randrange(-63, 64))

    def interval():
        return types.RelativeTimeInterval(start=RNG.randrange(16384))

    def cost():
        amount = RNG.randrange(128 ** RNG.randint(1, octets))
        multiplier = RNG.choice((None, 1)) if octets > 1 else None
        return types.Cost(cost_kind=RNG.choice(list(types.CostKind)), amount=amount, amount_multiplier=multiplier)

    def consumption():
        return types.ConsumptionCost(start_value=power(), cost=(cost(), cost(), cost()))

    def entry():
        return types.SalesTariffEntry(
            time_interval=interval(), consumption_cost=(consumption(), consumption(), consumption())
        )

    def schedule(number):
        entries = tuple(entry() for _ in range(max(1, min(1024, count - 1024 * (number - 1)))))
        return types.SAScheduleTuple(
            sa_schedule_tuple_id=number,
            pmax_schedule=types.PMaxSchedule(
                pmax_schedule_entry=(types.PMaxScheduleEntry(time_interval=interval(), pmax=power()),)
            ),
            sales_tariff=types.SalesTariff(sales_tariff_id=number, sales_tariff_entry=entries),
        )

    return types.SAScheduleList(sa_schedule_tuple=(schedule(1), schedule(2)))


def prices(count):
    """-20: stacks of eight price rules."""
    stacks = tuple(
        common.PriceRuleStack(
            duration=RNG.randrange(128),
            price_rule=tuple(common.PriceRule(energy_fee=rational(), power_range_start=rational()) for _ in range(8)),
        )
        for _ in range(count)
    )
    return common.AbsolutePriceSchedule(
        time_anchor=0,
        price_schedule_id=1,
        currency="EUR",
        language="de",
        price_algorithm="x",
        price_rule_stacks=common.PriceRuleStackList(price_rule_stack=stacks),
    )


def powers(count):
    """-20: three schedules of powers and price levels, there and back."""

    def schedule():
        entries = tuple(
            common.PowerScheduleEntry(duration=RNG.randrange(128), power=rational()) for _ in range(min(1024, count))
        )
        levels = tuple(
            common.PriceLevelScheduleEntry(duration=RNG.randrange(128), price_level=RNG.randrange(256))
            for _ in range(min(1024, count))
        )
        return common.ChargingSchedule(
            power_schedule=common.PowerSchedule(
                time_anchor=0, power_schedule_entries=common.PowerScheduleEntryList(power_schedule_entry=entries)
            ),
            price_schedule=common.PriceLevelSchedule(
                time_anchor=0,
                price_schedule_id=1,
                number_of_price_levels=0,
                price_level_schedule_entries=common.PriceLevelScheduleEntryList(price_level_schedule_entry=levels),
            ),
        )

    tuples = (
        common.ScheduleTuple(schedule_tuple_id=number, charging_schedule=schedule(), discharging_schedule=schedule())
        for number in range(1, 4)
    )
    return common.ScheduledSEResControlMode(schedule_tuple=tuple(tuples))


def discovered(schedule):
    """-2: the message that carries the schedules."""
    response = iso2_body.ChargeParameterDiscoveryRes(
        response_code="OK",
        evse_processing="Finished",
        sa_schedules=schedule,
        evse_charge_parameter=iso2.ACEVSEChargeParameter(
            ac_evse_status=iso2.ACEVSEStatus(notification_max_delay=0, evse_notification="None", rcd=False),
            evse_nominal_voltage=iso2.PhysicalValue(multiplier=0, unit="V", value=230),
            evse_max_current=iso2.PhysicalValue(multiplier=0, unit="A", value=32),
        ),
    )
    header = iso2_document.MessageHeader(session_id=bytes(8))
    return iso2_document.V2GMessage(header=header, body=iso2_body.Body(body_element=response))


def scheduled(control_mode):
    """-20: the message that carries the schedules."""
    return common.ScheduleExchangeRes(
        header=common_types.MessageHeader(session_id=bytes(8), time_stamp=0),
        response_code="OK",
        evse_processing="Finished",
        control_mode=control_mode,
    )


WORST = {
    "tariffs of -2": ("iso2", "document", lambda count: discovered(tariffs(iso2, count, 1)), 1720),
    "tariffs of -2, costs of many forms": ("iso2", "document", lambda count: discovered(tariffs(iso2, count, 3)), 1350),
    "price rules of -20": ("common", "fragment", prices, 820),
    "powers and price levels of -20": ("common", "document", lambda count: scheduled(powers(count)), 1024),
}


@cache
def longest_that_fits(name):
    """Message set, kind and stream of one of the above, with as many entries as 64 KiB hold."""
    schema, kind, make, count = WORST[name]
    data = messages.encode(make(count), schema, kind)
    while len(data) > LONGEST:
        count = min(count - 1, count * LONGEST // len(data))
        data = messages.encode(make(count), schema, kind)
    return schema, kind, data


def times_of(read, count=READINGS):
    """Processor times of this thread, in order of size; a reading before them has compiled the readers."""
    found = []
    for _ in range(count + 1):
        start = time.thread_time()
        with contextlib.suppress(messages.ExiError):
            read()
        found.append(time.thread_time() - start)
    return sorted(found[1:])


@pytest.fixture
def nothing_of_other_tests_to_collect():
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("nothing_of_other_tests_to_collect")
@pytest.mark.parametrize("name", WORST)
@pytest.mark.parametrize("mode", ["strict", "tolerant"])
def test_64_kib_that_are_right_or_wrong_only_at_their_end_take_bounded_time(name, mode):
    schema, kind, data = longest_that_fits(name)
    assert len(data) > 0.6 * LONGEST
    for stream in (data, data[:-1]):
        times_s = times_of(partial(messages.decode, stream, schema, kind, mode))
        assert times_s[READINGS // 2] < LIMIT_S, times_s
        assert times_s[-2] < LIMIT_S, times_s  # one may have been disturbed: the processor's caches are shared


def many_names(count):
    """XML signature's wildcard with elements and attributes of ever other names."""
    names = [QName(f"{number:x}", "") for number in range(count)]
    content = tuple((name, messages.Foreign()) for name in names)
    held = messages.Foreign(tuple((name, "") for name in names), content)
    return dsig.Object(children=(messages.Child("{urn:a}a", held),))


def one_long_name(count):
    """A name of 12 KiB, said again and again by its place in the table, with text in it."""
    name = QName("n" * 6000, "u" * 6000)
    held = messages.Foreign(content=tuple((name, messages.Foreign(content=("x",))) for _ in range(count)))
    return dsig.Object(children=(messages.Child("{urn:a}a", held),))


def many_transforms(count):
    """A signature of so many references with so many transforms each, each with an XPath."""
    paths = (messages.Child("XPath", "a"), messages.Child("XPath", "b"))
    transform = dsig.Transform(algorithm="", children=paths)
    reference = dsig.Reference(
        transforms=dsig.Transforms(transform=(transform,) * count),
        digest_method=dsig.DigestMethod(algorithm=""),
        digest_value=b"",
    )
    return dsig.SignedInfo(
        canonicalization_method=dsig.CanonicalizationMethod(algorithm=""),
        signature_method=dsig.SignatureMethod(algorithm=""),
        reference=(reference,) * count,
    )


@pytest.mark.usefixtures("nothing_of_other_tests_to_collect")
@pytest.mark.parametrize("message", [many_names(900), one_long_name(900), many_transforms(65)])
def test_streams_for_the_event_wise_reader_take_bounded_time_too(message):
    stream = messages.encode(message, "dsig")
    for read in (
        lambda: messages.decode(stream, "dsig"),
        lambda: messages.decode(stream, "dsig", mode="tolerant"),
        lambda: messages.explain(stream, "dsig"),
    ):
        times_s = times_of(read, 5)
        assert times_s[-2] < LIMIT_S, times_s


def test_what_is_told_of_a_long_name_is_short():
    told = messages.explain(messages.encode(one_long_name(900), "dsig"), "dsig")
    assert len(told.events) > 1_000
    assert max(len(event.label) for event in told.events) < 200
