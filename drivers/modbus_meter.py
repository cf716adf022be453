"""What all energy meters on Modbus have in common; a product brings its register table."""

from __future__ import annotations

from typing import ClassVar

from drivers.errors import InstrumentGarbage
from drivers.meter_registers import MeterMap
from drivers.modbus import ModbusInstrument, from_words
from drivers.roles import EnergyReading, Identity


class ModbusMeter(ModbusInstrument):
    """Power in W, positive when imported from the grid; registers in Wh, both positive."""

    map: ClassVar[MeterMap]

    async def identity(self) -> Identity:
        """These meters carry no maker's name on Modbus: what is configured, if the registers answer plausibly."""
        frequency_hz = await self.quantity("frequency_hz")
        if frequency_hz is None or not 40.0 < frequency_hz < 70.0:
            raise InstrumentGarbage(
                self.role,
                f"{frequency_hz} Hz at {self.map.registers['frequency_hz'].address:#06x}: not a {self.map.model}, or "
                "its words are in another order",
            )
        return Identity(self.map.maker, self.map.model, "", "")

    async def quantity(self, name: str) -> float | None:
        """One value of the table in SI units; None where the meter has none."""
        register = self.map.registers[name]
        words = await self.read(self.map.space, register.address, register.words)
        count = from_words(words, register.kind, self.map.low_word_first)
        if self.map.absent(register, count) or count != count:
            return None
        return count * register.scale

    async def power_w(self) -> float:
        """Total active power in W; raises InstrumentGarbage if the meter has no value."""
        return self._there(await self.quantity("power_w"), "power_w")

    async def registers(self) -> EnergyReading:
        imported_wh, exported_wh = await self.quantity("imported_wh"), await self.quantity("exported_wh")
        return EnergyReading(self.clock.now_s(), imported_wh, exported_wh)

    async def make_safe(self) -> None:
        """A meter can do no harm."""

    def _there(self, value: float | None, name: str) -> float:
        if value is None:
            raise InstrumentGarbage(self.role, f"{name}: the meter says that it has no value")
        return value
