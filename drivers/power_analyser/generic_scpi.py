"""Any SCPI power analyser that a YAML file describes (drivers/generic_scpi.py). Energy is integrated from its power."""

from __future__ import annotations

from typing import ClassVar

from drivers.generic_scpi import GenericScpi
from drivers.roles import EnergyReading, PowerReading
from drivers.sampled_energy import SampledEnergy
from drivers.scpi_description import Needs
from drivers.wire import Connection

_FIELDS = (
    "active_w",
    "voltage_v",
    "current_a",
    "reactive_var",
    "apparent_va",
    "power_factor",
    "frequency_hz",
    "voltage_thd_percent",
    "current_thd_percent",
    "dc_voltage_v",
    "dc_current_a",
    "dc_power_w",
)


class GenericAnalyser(GenericScpi):
    """Without commands for them the instrument's own ranges stay as they are."""

    needs: ClassVar = Needs(
        optional={
            "range_voltage": ("voltage_v",),
            "range_current": ("current_a",),
            "auto_voltage": (),
            "auto_current": (),
        },
        quantities=("active_w",),
        readable=_FIELDS,
    )

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._energy = SampledEnergy(self.clock, lambda: self.value("active_w"), self.options.update_s)
        self._ranges = self.options.ranges(None, None)

    async def close(self) -> None:
        await self._energy.cancel()
        await super().close()

    async def configure(self, *, voltage_range_v: float | None, current_range_a: float | None) -> None:
        """Ranges in V and A, None for automatic."""
        if voltage_range_v is None:
            await self.do("auto_voltage")
        else:
            await self.do("range_voltage", voltage_v=voltage_range_v)
        if current_range_a is None:
            await self.do("auto_current")
        else:
            await self.do("range_current", current_a=current_range_a)
        self._ranges = self.options.ranges(voltage_range_v, current_range_a)

    async def snapshot(self) -> PowerReading:
        """All quantities of the description, one query each: as synchronous as the instrument answers."""
        async with self.exclusive():
            reading = {name: await self.value(name) for name in _FIELDS}
        uncertainty = self.options.of(reading, self._ranges, 3)
        return PowerReading(at_s=self.clock.now_s(), phases=(), uncertainty=uncertainty, **reading)

    async def start_integration(self) -> None:
        await self._energy.start()

    async def stop_integration(self) -> EnergyReading:
        """Wh of both directions since the start."""
        return await self._energy.stop()


Driver = GenericAnalyser
