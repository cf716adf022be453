"""Yokogawa WT300E / WT500 / WT1800E / WT5000 power meters (command tree of manual IM 760201-17E).

Wiring that this driver expects: the elements of `ac_elements` on the phases at the grid side of the station, current
positive towards the station; `dc_element` (if any) on the DC side, current positive towards the vehicle.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import ClassVar

from drivers.accuracy import AnalyserAccuracy
from drivers.errors import InstrumentError, InstrumentGarbage
from drivers.roles import EnergyReading, PowerReading
from drivers.scpi import ScpiInstrument
from drivers.wire import Connection

_AC_ITEMS = ("U", "I", "P", "S", "Q", "LAMBda", "FU")
_DC_ITEMS = ("U", "I", "P")


class WTOptions(AnalyserAccuracy):
    ac_elements: tuple[int, ...] = (1, 2, 3)
    dc_element: int | None = 4
    update_s: float = 0.5
    harmonics: bool = True
    """The instrument has the harmonics function: distortion is read with every snapshot."""
    items_at_once: int | None = None
    """Most items in one answer (a WT310 has 10, by an open driver): more are read in parts, the numbers held still."""
    wiring: str | None = None
    """Wiring word for `:INPut:WIRing`, as P1W3,P3W4; None leaves what is set. It is read back and must agree."""
    crest_factor: int | None = None
    command_set: str | None = None
    """`WT300`, on models that also know an older language; None on those that do not."""
    lock_keys: bool = False
    """Lock the front panel while we measure; `close` gives it back."""
    ranges_for_all: bool = True
    """`:RANGe:ALL` of models with several elements; False writes `:RANGe` as a WT300 wants it."""
    wait_for_update: bool = False
    """A snapshot waits for the end of the instrument's next update, by its own event register: never older than itself."""
    reversed_current: bool = False
    """The current clamps look the other way: the driver turns the sign of P and Q."""


class YokogawaWT(ScpiInstrument):
    """Numeric items are chosen once; a snapshot is one `:NUMeric:NORMal:VALue?`, held against the update."""

    error_query = ":STATus:ERRor?"
    no_value: ClassVar = {"NAN": None, "INF": None, "-INF": None, "+INF": None}

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.options = connection.options_as(WTOptions)
        self._ranges = self.options.ranges(None, None)

    async def prepare(self) -> None:
        options = self.options
        settings = [":COMMunicate:REMote ON", ":COMMunicate:HEADer OFF", ":COMMunicate:VERBose OFF"]
        if options.command_set:
            settings.insert(0, f":SYSTem:COMMunicate:COMMand {options.command_set}")
        if options.lock_keys:
            settings.append(":COMMunicate:LOCKout ON")
        if options.crest_factor:
            settings.append(f":INPut:CFACtor {options.crest_factor}")
        await self.command(*settings, f":RATE {self.options.update_s * 1000:.0f}MS", ":NUMeric:FORMat ASCii")
        if not self.options.items_at_once:
            await self.command(*self._choose_items(self._items()))
        if options.wait_for_update:
            await self.command(":STATus:FILTer1 FALL")
        if options.wiring:
            await self._wire_as(options.wiring)

    @property
    def answer_s(self) -> float:
        return self.timeout_s + (self.options.update_s if self.options.wait_for_update else 0.0)

    async def _next_update(self) -> None:
        """What is asked next is answered after the next update: event 1, cleared by reading it, is its end."""
        await self.query(":STATus:EESR?")
        await self._write(":COMMunicate:WAIT 1")
        self.connection.on_exchange(":COMMunicate:WAIT 1", None)

    async def _wire_as(self, wiring: str) -> None:
        """Powers of a wrong wiring look plausible: what was set is read back."""
        await self.command(f":INPut:WIRing {wiring}")
        found = (await self.query(":INPut:WIRing?")).strip()
        if found.upper().replace(" ", "") != wiring.upper().replace(" ", ""):
            raise InstrumentGarbage(self.role, f"wiring is {found!r} after {wiring!r} was set; see the manual's words")

    async def close(self) -> None:
        if self.options.lock_keys:
            with contextlib.suppress(InstrumentError):
                await self.command(":COMMunicate:LOCKout OFF")
        await super().close()

    def _items(self) -> list[tuple[str, str]]:
        """Item and element in the order in which they are read: sums, then phases, then DC, then energies."""
        options = self.options
        items = [(item, "SIGMA") for item in ("P", "S", "Q", "LAMBda")]
        items += [(item, str(element)) for element in options.ac_elements for item in _AC_ITEMS]
        if options.harmonics:
            items += [(item, str(options.ac_elements[0])) for item in ("UTHD", "ITHD")]
        if options.dc_element is not None:
            items += [(item, str(options.dc_element)) for item in _DC_ITEMS]
        return [*items, ("WHP", "SIGMA"), ("WHM", "SIGMA")]

    def _choose_items(self, items: Sequence[tuple[str, str]]) -> list[str]:
        chosen = [f":NUMeric:NORMal:ITEM{index} {item},{element}" for index, (item, element) in enumerate(items, 1)]
        return [f":NUMeric:NORMal:NUMber {len(items)}", *chosen]

    async def configure(self, *, voltage_range_v: float | None, current_range_a: float | None) -> None:
        """Ranges of all elements in V and A, None for automatic. Raises InstrumentError while integrating."""
        commands = []
        for name, value, unit in (("VOLTage", voltage_range_v, "V"), ("CURRent", current_range_a, "A")):
            which = ":RANGe:ALL" if self.options.ranges_for_all else ":RANGe"
            wanted = ":AUTO ON" if value is None else f"{which} {value:g}{unit}"
            commands.append(f":INPut:{name}{wanted}")
        await self.command(*commands)
        self._ranges = self.options.ranges(voltage_range_v, current_range_a)

    @contextlib.asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """The instrument keeps its numbers still while several queries read them."""
        async with self.exclusive():
            await self.command(":NUMeric:HOLD ON")
            try:
                yield
            finally:
                await self.command(":NUMeric:HOLD OFF")

    async def _values(self) -> dict[tuple[str, str], float | None]:
        items, at_once = self._items(), self.options.items_at_once
        if not at_once:
            return dict(zip(items, await self.query_floats(":NUMeric:NORMal:VALue?", len(items)), strict=True))
        values: list[float | None] = []
        async with self.hold():
            for begin in range(0, len(items), at_once):
                part = items[begin : begin + at_once]
                await self.command(*self._choose_items(part))
                values += await self.query_floats(":NUMeric:NORMal:VALue?", len(part))
        return dict(zip(items, values, strict=True))

    async def snapshot(self) -> PowerReading:
        """One consistent set of all elements of the latest update. W, V, A; positive from grid to vehicle."""
        async with self.exclusive():
            if self.options.wait_for_update:
                await self._next_update()
            values = await self._values()
        options, sign = self.options, -1.0 if self.options.reversed_current else 1.0

        def signed(item: str, element: str) -> float | None:
            value = values[item, element]
            return None if value is None else sign * value

        phases = tuple((values["U", str(n)], values["I", str(n)], signed("P", str(n))) for n in options.ac_elements)
        first = str(options.ac_elements[0])
        dc = str(options.dc_element) if options.dc_element is not None else None
        reading = {
            "active_w": signed("P", "SIGMA"),
            "voltage_v": values["U", first],
            "current_a": values["I", first],
            "reactive_var": signed("Q", "SIGMA"),
            "apparent_va": values["S", "SIGMA"],
            "power_factor": values["LAMBda", "SIGMA"],
            "frequency_hz": values["FU", first],
            "voltage_thd_percent": values.get(("UTHD", first)),
            "current_thd_percent": values.get(("ITHD", first)),
            "dc_voltage_v": values["U", dc] if dc else None,
            "dc_current_a": values["I", dc] if dc else None,
            "dc_power_w": values["P", dc] if dc else None,
        }
        return PowerReading(
            at_s=self.clock.now_s(),
            phases=phases,
            uncertainty=options.of(reading, self._ranges, len(phases)),
            **reading,
        )

    async def start_integration(self) -> None:
        """Reset and start Wh counting; a running integration is stopped first."""
        async with self.exclusive():
            if (await self.query(":INTEGrate:STATe?")).upper().startswith("STAR"):
                await self.command(":INTEGrate:STOP")
            await self.command(":INTEGrate:RESet", ":INTEGrate:MODE NORMal", ":INTEGrate:STARt")

    async def stop_integration(self) -> EnergyReading:
        """Stop counting; Wh of both directions, both positive."""
        async with self.exclusive():
            state = (await self.query(":INTEGrate:STATe?")).strip().upper()
            if state.startswith("ERR"):
                raise InstrumentError(self.role, "the integration has failed (power failure or overflow); count again")
            if state.startswith("STAR"):
                await self.command(":INTEGrate:STOP")
            values = await self._values()
        positive, negative = values["WHP", "SIGMA"], values["WHM", "SIGMA"]
        imported, exported = positive, None if negative is None else abs(negative)
        if self.options.reversed_current:
            imported, exported = exported, imported
        return EnergyReading(self.clock.now_s(), imported, exported)

    async def overranges(self) -> list[int]:
        """Elements whose range is too small just now, by the condition register."""
        bits = int(float(await self.query(":STATus:CONDition?")))
        return [element for element in (1, 2, 3) if bits >> (7 + element) & 1]

    async def harmonics(self, item: str, element: int, orders: int = 50) -> list[float | None]:
        """Amplitudes of `U`, `I` or `P` of an element by order: total, DC, first, second and so on."""
        async with self.exclusive():
            await self.command(
                f":NUMeric:LIST:ITEM1 {item},{element}", f":NUMeric:LIST:ORDer {orders}", ":NUMeric:LIST:SELect ALL"
            )
            return await self.query_floats(":NUMeric:LIST:VALue? 1", orders + 2)

    async def make_safe(self) -> None:
        """An analyser can do no harm; an integration that is left running is stopped."""
        async with self.exclusive():
            if (await self.query(":INTEGrate:STATe?")).upper().startswith("STAR"):
                await self.command(":INTEGrate:STOP")


Driver = YokogawaWT
