"""Grid functions of a charger that claims them: what it does by itself when frequency and voltage are not nominal.

The functions and their numbers come from a grid-code file (lab-configs/grid-codes/) that says where each number is from.
"""

from fixtures.grid import IDLE_PART
from harness.case import expect, step
from harness.grid_code import mark_of
from harness.usecase import Parameter, usecase
from testcases.bench.test_2_bidirectional_power import V2G

RULES = ["iso15118-20"]
"""Not those of OCPP: they hold a station to its setpoint, and a grid function goes before it."""

SETTINGS: dict[str, Parameter] = {"grid_code": "lab-configs/grid-codes/emulated.yaml", "rated_w": 22_000}
SAMPLE_S = 0.6
"""Uncertainty of a time that is read from an analyser which renews its numbers twice a second (our default)."""


@usecase(
    "PF_GC_01",
    sut="pair",
    protocol="ocpp2.1",
    requires=V2G | {"charger:grid-p-f"},
    requirements=["EN 50549-1 4.6.1 and 4.6.2 (titles only)"],
    uses_rules=RULES,
    parameters={**SETTINGS, "power_w": 8_000},
)
async def test_active_power_follows_the_frequency(pf_session, pf_grid, pf_power, pf_parameters):
    """P(f): a staircase of frequency up and down moves the power by the droop, from discharging through to charging"""
    rated_w = pf_parameters.rated_w
    await pf_session.energy_transfer()
    async with pf_grid.emulated(pf_parameters.grid_code) as code:
        for setpoint_w, stairs in (
            (-pf_parameters.power_w, (50.0, 50.15, 50.6, 51.2, 50.6, 50.0)),
            (pf_parameters.power_w, (50.0, 49.85, 49.4, 48.8, 49.4, 50.0)),
        ):
            await pf_session.command(setpoint_w)
            for frequency_hz in stairs:
                step(f"{setpoint_w / 1000:+g} kW is asked for, the grid goes to {frequency_hz:g} Hz")
                await pf_grid.set(frequency_hz=frequency_hz)
                wanted_w = code.active_w(setpoint_w, frequency_hz, rated_w)
                band = code.power_band(rated_w)
                reading = await pf_power.settled(wanted_w, band, within_s=code.response_s, of="station")
                expect(
                    reading.active_w,
                    near=wanted_w,
                    tolerance=band,
                    of="station",
                    named=f"active power at {frequency_hz:g} Hz",
                )


@usecase(
    "PF_GC_02",
    sut="pair",
    protocol="ocpp2.1",
    requires=V2G | {"charger:grid-q-u"},
    requirements=["EN 50549-1 4.7.2 (title only)"],
    uses_rules=RULES,
    parameters={**SETTINGS, "power_w": 4_000},
)
async def test_reactive_power_follows_the_voltage(pf_session, pf_grid, pf_parameters):
    """Q(U): high voltage draws reactive power, low voltage gives it, by the characteristic and in both directions"""
    await pf_session.energy_transfer()
    async with pf_grid.emulated(pf_parameters.grid_code) as code:
        for setpoint_w in (pf_parameters.power_w, -pf_parameters.power_w):
            await pf_session.follows(setpoint_w)
            for percent in (100, 107, 110, 100, 93, 90):
                step(f"{setpoint_w / 1000:+g} kW at {percent} % voltage")
                await pf_grid.set(voltage_v=code.nominal_v * percent / 100)
                await pf_grid.reactive_power_settles(pf_parameters.rated_w)
            await pf_grid.set()


@usecase(
    "PF_GC_03",
    sut="pair",
    protocol="ocpp2.1",
    requires=V2G | {"charger:grid-cos-phi"},
    requirements=["EN 50549-1 4.7.2 (title only)"],
    uses_rules=RULES,
    parameters=SETTINGS,
)
async def test_power_factor_follows_the_power(pf_session, pf_grid, pf_parameters):
    """cos phi (P): the more is fed in, the more reactive power is drawn; none while charging"""
    await pf_session.energy_transfer()
    async with pf_grid.emulated(pf_parameters.grid_code):
        for percent in (-20, -65, -80, 45):
            step(f"{percent:+d} % of rated power")
            await pf_session.follows(percent / 100 * pf_parameters.rated_w)
            await pf_grid.reactive_power_settles(pf_parameters.rated_w)


@usecase(
    "PF_GC_04",
    sut="pair",
    protocol="ocpp2.1",
    requires=V2G | {"charger:grid-windows"},
    requirements=["EN 50549-1 4.5.3 (title only)"],
    uses_rules=RULES,
    parameters={**SETTINGS, "power_w": 8_000},
)
async def test_dips_are_ridden_through(pf_session, pf_grid, pf_power, pf_parameters):
    """UVRT: no voltage dip of the grid code's list disconnects the charger, and its power is back afterwards"""
    await pf_session.energy_transfer()
    async with pf_grid.emulated(pf_parameters.grid_code) as code:
        await _rides_through(code.dips, pf_session, pf_grid, pf_power, pf_parameters)


@usecase(
    "PF_GC_05",
    sut="pair",
    protocol="ocpp2.1",
    requires=V2G | {"charger:grid-windows"},
    requirements=["EN 50549-1 4.4 and 4.9 (titles only)"],
    uses_rules=RULES,
    parameters={**SETTINGS, "power_w": 8_000, "return_s": 600},
)
async def test_the_charger_leaves_a_grid_out_of_its_windows(pf_session, pf_grid, pf_parameters):
    """Voltage and frequency windows: out of them the charger leaves the grid in time, and it comes back afterwards"""
    rated_w = pf_parameters.rated_w
    await pf_session.energy_transfer()
    async with pf_grid.emulated(pf_parameters.grid_code) as code:
        for voltage_percent, frequency_hz in ((80, 50.0), (118, 50.0), (100, 47.2), (100, 51.8)):
            await pf_session.follows(-pf_parameters.power_w)
            step(f"the grid goes to {voltage_percent} % voltage and {frequency_hz:g} Hz")
            voltage_v = code.nominal_v * voltage_percent / 100
            await pf_grid.set(voltage_v=voltage_v, frequency_hz=frequency_hz)
            window = min(code.outside(voltage_v, frequency_hz), key=lambda one: one.trip_s)
            left_s = await pf_grid.left_after_s(rated_w, window.trip_s + 3)
            expect(
                left_s,
                at_most=window.trip_s + SAMPLE_S,
                of="station",
                named=f"time until off the grid at {voltage_percent} % and {frequency_hz:g} Hz",
                unit="s",
                source=mark_of(window.trip_s),
                never=f"still on it after {window.trip_s + 3:g} s",
            )
            await pf_grid.set()
            if code.reconnection:
                back_s = await pf_grid.back_after_s(rated_w, pf_parameters.return_s)
                expect(back_s is not None, equals=True, of="station", named="back on a good grid")
                await pf_session.wait(
                    60 * 100 / code.reconnection.ramp_percent_per_min * pf_parameters.power_w / rated_w
                )


@usecase(
    "PF_GC_06",
    sut="pair",
    protocol="ocpp2.1",
    requires=V2G | {"charger:grid-reconnection"},
    requirements=["our default"],
    uses_rules=RULES,
    parameters={**SETTINGS, "power_w": 8_000, "over_s": 5, "return_s": 600},
)
async def test_the_charger_comes_back_slowly(pf_session, pf_grid, pf_bench, pf_limits, pf_parameters):
    """After a disconnection the charger waits for a steady grid and comes back by its ramp"""
    rated_w, setpoint_w = pf_parameters.rated_w, -pf_parameters.power_w
    await pf_session.energy_transfer()
    async with pf_grid.emulated(pf_parameters.grid_code) as code:
        await pf_session.follows(setpoint_w)
        assert code.reconnection, "a charger that claims grid-reconnection needs it in its grid code"
        wait_s, ramp = code.reconnection.wait_s, code.reconnection.ramp_percent_per_min
        window = min(code.outside(code.nominal_v, 47.2), key=lambda one: one.trip_s)
        step("the frequency falls until the charger has left the grid")
        await pf_grid.set(frequency_hz=47.2)
        left_s = await pf_grid.left_after_s(rated_w, window.trip_s + 3)
        expect(left_s is not None, equals=True, of="station", named="off the grid")
        step("the grid is good again")
        await pf_grid.set()
        since_s = pf_bench.clock.now_s()
        back_s = await pf_grid.back_after_s(rated_w, pf_parameters.return_s)
        expect(
            back_s,
            at_least=wait_s - SAMPLE_S,
            of="station",
            named="time on a good grid before power",
            unit="s",
            source=mark_of(wait_s),
            never="it did not come back",
        )
        await pf_session.wait(60 * 100 / ramp * pf_parameters.power_w / rated_w + 2)
        steepest = pf_grid.steepest_percent_per_min(since_s, rated_w, pf_parameters.over_s)
        expect(
            steepest,
            at_most=ramp * (1 + 2 * IDLE_PART) + 100 * 0.02 * 60 / pf_parameters.over_s,
            of="station",
            named="steepest return of power",
            unit="%/min of rated",
            source=mark_of(ramp),
        )
        await pf_session.settles(setpoint_w, within_s=pf_limits.settling_s)


@usecase(
    "PF_GC_07",
    sut="pair",
    protocol="ocpp2.1",
    requires=V2G | {"charger:grid-rocof"},
    requirements=["EN 50549-1 4.5.2 (title only)"],
    uses_rules=RULES,
    parameters={**SETTINGS, "power_w": 8_000, "span_hz": 1.0},
)
async def test_a_fast_change_of_frequency_is_ridden_through(pf_session, pf_grid, pf_power, pf_parameters):
    """Rate of change of frequency: a ramp as fast as the grid code allows does not disconnect the charger"""
    setpoint_w, rated_w = -pf_parameters.power_w, pf_parameters.rated_w
    await pf_session.energy_transfer()
    async with pf_grid.emulated(pf_parameters.grid_code) as code:
        assert code.rocof_hz_per_s, "a charger that claims grid-rocof needs rocof_hz_per_s in its grid code"
        over_s = pf_parameters.span_hz / code.rocof_hz_per_s
        await pf_session.follows(setpoint_w)
        for sign, word in ((1, "up"), (-1, "down")):
            away_hz = code.nominal_hz + sign * pf_parameters.span_hz
            step(f"{code.rocof_hz_per_s:g} Hz/s {word} to {away_hz:g} Hz, and back")
            await pf_grid.ramps((code.nominal_hz, away_hz), over_s)
            await pf_grid.ramps((away_hz, code.nominal_hz), over_s)
            band = code.power_band(rated_w)
            reading = await pf_power.settled(setpoint_w, band, within_s=3.0, of="station")
            expect(
                reading.active_w,
                near=setpoint_w,
                tolerance=band,
                of="station",
                named=f"active power after the ramp {word}",
            )


@usecase(
    "PF_GC_08",
    sut="pair",
    protocol="ocpp2.1",
    requires=V2G | {"charger:grid-p-u"},
    requirements=["EN 50549-1 4.7.3 (title only)"],
    uses_rules=RULES,
    parameters={**SETTINGS, "power_w": 16_000},
)
async def test_active_power_is_reduced_by_the_voltage(pf_session, pf_grid, pf_parameters):
    """P(U): at high voltage less is fed in, at low voltage less is drawn, by the characteristic and back again"""
    await pf_session.energy_transfer()
    async with pf_grid.emulated(pf_parameters.grid_code) as code:
        assert code.active_by_voltage, "a charger that claims grid-p-u needs active_by_voltage in its grid code"
        for setpoint_w, stairs in (
            (-pf_parameters.power_w, (100, 108, 111, 108, 100)),
            (pf_parameters.power_w, (100, 92, 89, 92, 100)),
        ):
            await pf_session.follows(setpoint_w)
            for percent in stairs:
                step(f"{setpoint_w / 1000:+g} kW is asked for, the grid goes to {percent} % voltage")
                await pf_grid.set(voltage_v=code.nominal_v * percent / 100)
                await pf_grid.active_power_settles(setpoint_w, pf_parameters.rated_w)


@usecase(
    "PF_GC_09",
    sut="pair",
    protocol="ocpp2.1",
    requires=V2G | {"charger:grid-windows"},
    requirements=["EN 50549-1 4.5.4 (title only)"],
    uses_rules=RULES,
    parameters={**SETTINGS, "power_w": 8_000},
)
async def test_swells_are_ridden_through(pf_session, pf_grid, pf_power, pf_parameters):
    """OVRT: no voltage swell of the grid code's list disconnects the charger, and its power is back afterwards"""
    await pf_session.energy_transfer()
    async with pf_grid.emulated(pf_parameters.grid_code) as code:
        await _rides_through(code.swells, pf_session, pf_grid, pf_power, pf_parameters)


async def _rides_through(points, pf_session, pf_grid, pf_power, pf_parameters):
    assert points, "a charger that claims grid-windows needs such points under ride_through in its grid code"
    for setpoint_w in (-pf_parameters.power_w, pf_parameters.power_w):
        await pf_session.follows(setpoint_w)
        for point in points:
            named = f"{point.voltage_percent:g} % voltage for {point.for_s:g} s"
            step(f"{setpoint_w / 1000:+g} kW, {named}")
            await pf_grid.rides_through(point)
            band = pf_grid.code.power_band(pf_parameters.rated_w)
            reading = await pf_power.settled(setpoint_w, band, within_s=2.0, of="station")
            expect(reading.active_w, near=setpoint_w, tolerance=band, of="station", named=f"active power after {named}")
