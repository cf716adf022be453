"""Price schedules that our charger offers: an absolute one in money, or levels."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.iso15118.messages import common
from harness.iso15118.quantities import rational


class PriceAlgorithm(StrEnum):
    """How the prices of several power ranges combine, by the names that public stacks use."""

    POWER = "urn:iso:std:iso:15118:-20:PriceAlgorithm:1-Power"
    PEAK_POWER = "urn:iso:std:iso:15118:-20:PriceAlgorithm:2-PeakPower"
    STACKED_ENERGY = "urn:iso:std:iso:15118:-20:PriceAlgorithm:3-StackedEnergy"


@dataclass(frozen=True, slots=True)
class PriceSlot:
    """For `duration_s`: price of a kWh in the tariff's currency, or its level (0 is the cheapest)."""

    duration_s: int
    per_kwh: float
    level: int = 0


@dataclass(frozen=True, slots=True)
class Tariff:
    """What energy costs over the next hours (our default)."""

    currency: str = "EUR"
    slots: tuple[PriceSlot, ...] = (PriceSlot(14_400, 0.35, 1), PriceSlot(28_800, 0.22, 0), PriceSlot(43_200, 0.41, 2))


def absolute(tariff: Tariff, time_anchor: int) -> common.AbsolutePriceSchedule:
    """One rule for all powers in each slot. Its Id makes it something that can be signed."""
    return common.AbsolutePriceSchedule(
        time_anchor=time_anchor,
        price_schedule_id=1,
        id="price1",
        currency=tariff.currency,
        language="eng",
        price_algorithm=PriceAlgorithm.POWER,
        price_rule_stacks=common.PriceRuleStackList(
            price_rule_stack=tuple(
                common.PriceRuleStack(
                    duration=slot.duration_s,
                    price_rule=(common.PriceRule(energy_fee=rational(slot.per_kwh), power_range_start=rational(0)),),
                )
                for slot in tariff.slots
            )
        ),
    )


def levels(tariff: Tariff, time_anchor: int) -> common.PriceLevelSchedule:
    """The same slots as levels."""
    return common.PriceLevelSchedule(
        time_anchor=time_anchor,
        price_schedule_id=1,
        number_of_price_levels=1 + max(slot.level for slot in tariff.slots),
        price_level_schedule_entries=common.PriceLevelScheduleEntryList(
            price_level_schedule_entry=tuple(
                common.PriceLevelScheduleEntry(duration=slot.duration_s, price_level=slot.level)
                for slot in tariff.slots
            )
        ),
    )
