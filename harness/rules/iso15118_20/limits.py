"""Limits: consistent in themselves, never widened in the loop, and kept by what is delivered. Magnitudes only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.rules.iso15118_20.reading import before
from harness.rules.iso15118_20.terms import (
    FIELD,
    OURS,
    PROTOCOL,
    Session,
    broken,
    either,
    number,
    pair,
    station,
    vehicle,
)
from harness.rules.rule import Broken
from harness.transcript.v2g import VEHICLE, Message

RELATIVE, CURRENT_A, VOLTAGE_V, POWER_W = 0.05, 2.0, 5.0, 500.0
"""What a delivered value may exceed its limit by: 5 % plus an absolute part, for measurement and regulation (our
default)."""
ROUNDING = 1e-6
PARAMETERS = ("AC_ChargeParameterDiscovery", "DC_ChargeParameterDiscovery")
EXPONENTS = range(-3, 4)


def limit(record: Any, name: str) -> float | None:
    """The magnitude of a limit element; None if the record does not have it."""
    value = number(getattr(record, name, None))
    return None if value is None else abs(value)


def _over(value: float, bound: float, slack: float) -> bool:
    return value > bound * (1 + RELATIVE) + slack


@either(OURS, "{who} has maxima that are not below their minima in the charge parameters", "I")
def limits_are_ordered(session: Session, side: str) -> Iterator[Broken]:
    prefix = "ev" if side == VEHICLE else "evse"
    quantities = ("charge_power", "charge_current", "voltage", "discharge_power", "discharge_current")
    for one in session.messages:
        mode = one.energy_transfer_mode
        if one.side != side or mode is None or one.base not in PARAMETERS or one.failed:
            continue
        for quantity in quantities:
            low, high = (limit(mode, f"{prefix}_{which}_{quantity}") for which in ("minimum", "maximum"))
            if low is not None and high is not None and low > high:
                yield broken(one, f"{one}: {quantity.replace('_', ' ')} minimum {low:g}, maximum {high:g}")


@either(OURS, "{who} does not state a negative limit for charging")
def charge_limits_are_not_negative(session: Session, side: str) -> Iterator[Broken]:
    prefix = "ev" if side == VEHICLE else "evse"
    names = [
        f"{prefix}_{which}_{what}"
        for which in ("maximum", "minimum")
        for what in ("charge_power", "charge_current", "voltage")
    ]
    for one in session.messages:
        for mode in (one.energy_transfer_mode, one.control_mode):
            for name in names if one.side == side else ():
                value = number(getattr(mode, name, None))
                if value is not None and value < 0:
                    yield broken(one, f"{one} has {name} {value:g}")


@either(FIELD, "{who} writes numbers with exponents from -3 to 3, as one public stack demands", "S", "warn")
def exponents_are_usual(session: Session, side: str) -> Iterator[Broken]:
    for one in session.messages:
        for record in (one.content, one.energy_transfer_mode, one.control_mode):
            for name, value in getattr(record, "__dict__", {}).items():
                exponent = getattr(value, "exponent", None)
                if one.side == side and isinstance(exponent, int) and exponent not in EXPONENTS:
                    yield broken(one, f"{one} writes {name} with exponent {exponent}")
                    return


LOOP_LIMITS = {
    "maximum-charge-power": ("evse_maximum_charge_power", False, "V2G20-2654"),
    "maximum-charge-current": ("evse_maximum_charge_current", False, "V2G20-2654"),
    "maximum-voltage": ("evse_maximum_voltage", False, "V2G20-2654"),
    "maximum-discharge-power": ("evse_maximum_discharge_power", False, "V2G20-2654"),
    "maximum-discharge-current": ("evse_maximum_discharge_current", False, "V2G20-2654"),
    "minimum-voltage": ("evse_minimum_voltage", True, "V2G20-2655"),
    "minimum-charge-power": ("evse_minimum_charge_power", True, "V2G20-2655"),
}
"""Loop limits that must stay inside the charge parameters: element, whether it is a minimum, requirement."""


def _register_loop_limit(slug: str, element: str, is_minimum: bool, requirement: str) -> None:
    words = slug.replace("-", " ")
    relation = "falls below" if is_minimum else "exceeds"

    @station(
        requirement,
        f"in the loop the station's {words} never {relation} that of its charge parameters",
        "S",
        id=f"{PROTOCOL}/loop-{slug}-stays-inside",
    )
    def inside(session: Session) -> Iterator[Broken]:
        for answer in session.responses("AC_ChargeLoopRes", "DC_ChargeLoopRes"):
            stated = before(session, answer).limits
            first = limit(stated.energy_transfer_mode, element) if stated else None
            now = limit(answer.control_mode, element)
            if first is None or now is None or answer.failed:
                continue
            if (now < first * (1 - ROUNDING)) if is_minimum else (now > first * (1 + ROUNDING)):
                yield broken(answer, f"{answer} says {now:g}, {stated} said {first:g}", stated)
                return


for _slug, (_element, _minimum, _requirement) in LOOP_LIMITS.items():
    _register_loop_limit(_slug, _element, _minimum, _requirement)


def stated(session: Session, answer: Message, name: str) -> float | None:
    """The station's limit in force for a loop answer: of this loop or the one before, else of the charge parameters."""
    earlier = session.latest_before(answer, answer.name)
    context = before(session, answer)
    modes = [answer.control_mode, earlier.control_mode if earlier else None]
    modes.append(context.limits.energy_transfer_mode if context.limits else None)
    found = [limit(mode, name) for mode in modes]
    known = [one for one in found if one is not None]
    # a limit that has just been lowered takes effect in the next loop: the larger of the last two counts
    return max(known[:2]) if known else None


def asked(session: Session, answer: Message, name: str) -> float | None:
    """The vehicle's limit in force for a loop answer: the larger of the last two that it stated."""
    request = session.request_of(answer)
    earlier = session.latest_before(request, request.name) if request else None
    context = before(session, answer)
    modes = [request.control_mode if request else None, earlier.control_mode if earlier else None]
    modes.append(context.limits_request.energy_transfer_mode if context.limits_request else None)
    known = [one for mode in modes if (one := limit(mode, name)) is not None]
    return max(known[:2]) if known else None


SETTLED_LOOPS, FAR, FAR_A = 5, 0.1, 5.0
"""Loops that the current may take to come down, and how far above counts: 10 % and 5 A (our default)."""
LOWERED_LOOPS = 3
"""Loops that the delivered value may take to follow a limit that was lowered (our default)."""


def _loops(session: Session, name: str) -> Iterator[tuple[Message, float]]:
    """DC loop answers while power is on, with a measured value."""
    for answer in session.responses("DC_ChargeLoopRes"):
        value = number(getattr(answer.content, name, None)) if not answer.failed else None
        if value is not None:
            yield answer, value


# Charging beyond the stated limit only warns: simulated supplies that echo the target do it by design. Feeding back
# beyond the limit, and a limit that is lowered and not kept, are no such artefact.


@station("V2G20-2183", "the station does not deliver more current than the limit that it states", "S", "warn")
def delivered_current_is_within_the_stations_limit(session: Session) -> Iterator[Broken]:
    for answer, current in _loops(session, "evse_present_current"):
        bound = stated(session, answer, "evse_maximum_charge_current")
        if bound is not None and _over(current, bound, CURRENT_A):
            yield broken(answer, f"{answer} delivers {current:g} A, its limit is {bound:g} A")
            return


@station("V2G20-2184", "the station does not deliver more power than the limit that it states", "S", "warn")
def delivered_power_is_within_the_stations_limit(session: Session) -> Iterator[Broken]:
    for answer, current in _loops(session, "evse_present_current"):
        power = current * (number(answer.evse_present_voltage) or 0)
        bound = stated(session, answer, "evse_maximum_charge_power")
        if bound is not None and _over(power, bound, POWER_W):
            yield broken(answer, f"{answer} delivers {power:.0f} W, its limit is {bound:.0f} W")
            return


@station("V2G20-2185", "the station does not take back more current than the limit that it states", "S")
def fed_back_current_is_within_the_stations_limit(session: Session) -> Iterator[Broken]:
    for answer, current in _loops(session, "evse_present_current"):
        bound = stated(session, answer, "evse_maximum_discharge_current")
        if bound is not None and _over(-current, bound, CURRENT_A):
            yield broken(answer, f"{answer} takes {-current:g} A, its limit is {bound:g} A")
            return


@station("V2G20-2186", "the station does not take back more power than the limit that it states", "S")
def fed_back_power_is_within_the_stations_limit(session: Session) -> Iterator[Broken]:
    for answer, current in _loops(session, "evse_present_current"):
        power = -current * (number(answer.evse_present_voltage) or 0)
        bound = stated(session, answer, "evse_maximum_discharge_power")
        if bound is not None and _over(power, bound, POWER_W):
            yield broken(answer, f"{answer} takes {power:.0f} W, its limit is {bound:.0f} W")
            return


def _register_lowered(slug: str, element: str, requirement: str, sign: float) -> None:
    words = slug.replace("-", " ")

    @station(
        requirement,
        f"when the station lowers its {words} in the loop it delivers no more than that",
        "S",
        id=f"{PROTOCOL}/lowered-{slug}-is-kept",
    )
    def kept(session: Session) -> Iterator[Broken]:
        bounds: list[float] = []
        highest = 0.0
        for answer, current in _loops(session, "evse_present_current"):
            bound = limit(answer.control_mode, element)
            if bound is None:
                continue
            bounds = [*bounds, bound][-LOWERED_LOOPS:]
            highest = max(highest, bound)
            settled = len(bounds) == LOWERED_LOOPS and max(bounds) < highest
            if settled and _over(sign * current, max(bounds), CURRENT_A):
                yield broken(answer, f"{answer} shows {current:g} A, its limit has been {max(bounds):g} A for a while")
                return


_register_lowered("maximum-charge-current", "evse_maximum_charge_current", "V2G20-2183", 1.0)
_register_lowered("maximum-discharge-current", "evse_maximum_discharge_current", "V2G20-2185", -1.0)


@station(OURS, "the station's voltage is not above the vehicle's maximum voltage", "S", "warn")
def voltage_is_within_the_vehicles_limit(session: Session) -> Iterator[Broken]:
    for answer, voltage in _loops(session, "evse_present_voltage"):
        bound = asked(session, answer, "ev_maximum_voltage")
        if bound and _over(voltage, bound, VOLTAGE_V):
            yield broken(answer, f"{answer} shows {voltage:g} V, the vehicle's maximum is {bound:g} V")
            return


@station(OURS, "the station does not deliver more current than the vehicle's maximum", "S", "warn")
def current_is_within_the_vehicles_limit(session: Session) -> Iterator[Broken]:
    for answer, current in _loops(session, "evse_present_current"):
        bound = asked(session, answer, "ev_maximum_charge_current")
        if bound is not None and _over(current, bound, CURRENT_A):
            yield broken(answer, f"{answer} delivers {current:g} A, the vehicle's maximum is {bound:g} A")
            return


@station(OURS, "the station does not take more current than the vehicle's discharge limit", "S", "warn")
def fed_back_current_is_within_the_vehicles_limit(session: Session) -> Iterator[Broken]:
    for answer, current in _loops(session, "evse_present_current"):
        bound = asked(session, answer, "ev_maximum_discharge_current")
        if bound is not None and _over(-current, bound, CURRENT_A):
            yield broken(answer, f"{answer} takes {-current:g} A, the vehicle's limit is {bound:g} A")
            return


DELIVERED = (
    ("evse_present_current", "charge_current", "ev_target_current", CURRENT_A, "A"),
    ("evse_present_voltage", "voltage", "ev_target_voltage", VOLTAGE_V, "V"),
)
"""What is delivered: measured value, name of both sides' maxima, target, absolute slack, unit."""


@station("V2G20-2183", "the station never goes both beyond what it is asked for and beyond a limit", "S")
def delivery_keeps_to_target_or_limits(session: Session) -> Iterator[Broken]:
    """Unlike the warnings above this is no artefact of a supply that echoes the target: nobody asked for the value."""
    for measured, quantity, wanted, slack, unit in DELIVERED:
        run = 0
        for answer, value in _loops(session, measured):
            limits = [
                stated(session, answer, f"evse_maximum_{quantity}"),
                asked(session, answer, f"ev_maximum_{quantity}"),
            ]
            bound = min((one for one in limits if one is not None), default=None)
            target = _target(session, answer, wanted)
            beyond = bound is not None and _over(value, max(bound, target or 0.0), slack)
            run = run + 1 if beyond else 0
            if run == LOWERED_LOOPS:
                wish = "nobody named a target" if target is None else f"the target is {target:g} {unit}"
                yield broken(answer, f"{answer} shows {value:g} {unit}, the limit is {bound:g} {unit}, {wish}")
                return


@station("V2G20-2183", "the station does not stay above the vehicle's target", "S")
def current_comes_down_to_the_target(session: Session) -> Iterator[Broken]:
    run = 0
    for answer, current in _loops(session, "evse_present_current"):
        target = _target(session, answer, "ev_target_current")
        least = stated(session, answer, "evse_minimum_charge_current") or 0.0
        above = target is not None and current > max(target, least, 0.0) * (1 + FAR) + FAR_A
        run = run + 1 if above else 0
        if run == SETTLED_LOOPS:
            yield broken(answer, f"{answer} delivers {current:g} A, the target has been {target:g} A for {run} loops")
            return


def _target(session: Session, answer: Message, name: str) -> float | None:
    """The larger of the vehicle's last two targets; None where it names none."""
    request = session.request_of(answer)
    earlier = session.latest_before(request, request.name) if request else None
    targets = [number(getattr(one.control_mode, name, None)) for one in (request, earlier) if one]
    return max((one for one in targets if one is not None), default=None)


@station("V2G20-2183", "the station does not deliver more current than the vehicle's target", "S", "warn")
def current_follows_the_target(session: Session) -> Iterator[Broken]:
    for answer, current in _loops(session, "evse_present_current"):
        target = _target(session, answer, "ev_target_current")
        if target is not None and _over(current, max(0.0, target), CURRENT_A):
            because = f"{answer} delivers {current:g} A, the target is {target:g} A"
            yield broken(answer, because, session.request_of(answer))
            return


@vehicle(OURS, "the target voltage is not above the vehicle's own maximum", "I")
def target_voltage_is_within_the_own_limit(session: Session) -> Iterator[Broken]:
    for request in session.requests("DC_ChargeLoopReq", "DC_PreChargeReq"):
        own = before(session, request).limits_request
        target = number(request.ev_target_voltage or getattr(request.control_mode, "ev_target_voltage", None))
        bound = limit(own.energy_transfer_mode, "ev_maximum_voltage") if own else None
        if target is not None and bound and target > bound * (1 + ROUNDING):
            yield broken(request, f"{request} aims at {target:g} V, its maximum is {bound:g} V", own)
            return


@vehicle(OURS, "the target current is not above the vehicle's own maximum", "I")
def target_current_is_within_the_own_limit(session: Session) -> Iterator[Broken]:
    for request in session.requests("DC_ChargeLoopReq"):
        own = before(session, request).limits_request
        target = number(getattr(request.control_mode, "ev_target_current", None))
        bound = limit(own.energy_transfer_mode, "ev_maximum_charge_current") if own else None
        if target is not None and bound and target > bound * (1 + ROUNDING):
            yield broken(request, f"{request} aims at {target:g} A, its maximum is {bound:g} A", own)
            return


@pair(
    FIELD,
    "the two fit: the vehicle's maximum voltage is above the station's minimum",
    "S",
    "warn",
    kind="compatibility",
)
def voltages_overlap(session: Session) -> Iterator[Broken]:
    for request, answer in session.pairs("DC_ChargeParameterDiscovery"):
        ev = limit(request.energy_transfer_mode, "ev_maximum_voltage")
        evse = limit(answer.energy_transfer_mode, "evse_minimum_voltage")
        if ev is not None and evse is not None and ev <= evse and answer.ok:
            yield broken(answer, f"the vehicle takes up to {ev:g} V, the station gives {evse:g} V and more", request)


@station("V2G20-2183", "the station's target power is within its own limits", "S")
def target_power_is_within_the_stations_limits(session: Session) -> Iterator[Broken]:
    for answer in session.responses("AC_ChargeLoopRes"):
        first = before(session, answer).limits
        target = number(getattr(answer.control_mode, "evse_target_active_power", None))
        if target is None or first is None or answer.failed:
            continue
        which = "charge" if target >= 0 else "discharge"
        bound = limit(first.energy_transfer_mode, f"evse_maximum_{which}_power")
        if bound is not None and abs(target) > bound * (1 + ROUNDING):
            yield broken(answer, f"{answer} aims at {target:g} W, {first} allows {bound:g} W to {which}", first)
            return


@station(OURS, "the station's target power is within the vehicle's limits", "S", "warn")
def target_power_is_within_the_vehicles_limits(session: Session) -> Iterator[Broken]:
    for answer in session.responses("AC_ChargeLoopRes"):
        target = number(getattr(answer.control_mode, "evse_target_active_power", None))
        if target is None or answer.failed:
            continue
        which = "charge" if target >= 0 else "discharge"
        bound = asked(session, answer, f"ev_maximum_{which}_power")
        if bound is not None and abs(target) > bound * (1 + ROUNDING):
            yield broken(answer, f"{answer} aims at {target:g} W, the vehicle allows {bound:g} W to {which}")
            return


@station(OURS, "the nominal frequency is that of a grid", "I")
def frequency_is_of_a_grid(session: Session) -> Iterator[Broken]:
    for answer in session.responses("AC_ChargeParameterDiscoveryRes"):
        frequency = number(getattr(answer.energy_transfer_mode, "evse_nominal_frequency", None))
        if frequency is not None and not 45 <= frequency <= 65 and not answer.failed:
            yield broken(answer, f"{answer} names {frequency:g} Hz")
