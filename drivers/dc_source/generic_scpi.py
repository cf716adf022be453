"""Any SCPI bidirectional DC source that a YAML file describes (drivers/generic_scpi.py)."""

from __future__ import annotations

from typing import ClassVar

from drivers.discharge import DischargeOptions, wait_discharged
from drivers.errors import InstrumentGarbage, SafetyError
from drivers.generic_scpi import GenericOptions, GenericScpi
from drivers.roles import SourceReading
from drivers.scpi_description import Needs
from drivers.stepping import step_along


class SourceOptions(GenericOptions, DischargeOptions):
    """Of a described source."""


class GenericSource(GenericScpi):
    """`proof` says how an output that is off shows; `current_a` has to be positive out of the source."""

    options: SourceOptions
    options_type = SourceOptions
    needs: ClassVar = Needs(
        commands={
            "set_voltage": ("voltage_v",),
            "set_limits": ("source_a", "sink_a", "source_w", "sink_w"),
            "output_on": (),
            "output_off": (),
        },
        quantities=("voltage_v", "current_a"),
        readable=("voltage_v", "current_a"),
        proves=True,
    )

    async def set_voltage(self, voltage_v: float) -> None:
        await self.do("set_voltage", voltage_v=voltage_v)

    async def ramp(self, over_s: float, *, volts: tuple[float, float]) -> None:
        """Terminal voltage from a start to an end, ten steps a second."""
        await step_along(self.clock, over_s, volts, self.set_voltage)

    async def set_limits(self, *, source_a: float, sink_a: float, source_w: float, sink_w: float) -> None:
        """Limits of both directions, positive numbers."""
        await self.do("set_limits", source_a=source_a, sink_a=sink_a, source_w=source_w, sink_w=sink_w)

    async def output(self, on: bool) -> None:
        """Switch, and prove it; raises SafetyError if it did not follow."""
        async with self.exclusive():
            await self.do("output_on" if on else "output_off")
            if await self.proved() == on:
                raise SafetyError(f"{self.role}: output did not switch {'on' if on else 'off'}")

    async def measure(self) -> SourceReading:
        async with self.exclusive():
            voltage_v, current_a = await self.value("voltage_v"), await self.value("current_a")
            on = not await self.proved()
        if voltage_v is None or current_a is None:
            raise InstrumentGarbage(self.role, "the instrument has no value of voltage or current")
        return SourceReading(self.clock.now_s(), voltage_v, current_a, voltage_v * current_a, on)

    async def prove_discharged(self) -> None:
        """Nothing is left at its terminals; raises SafetyError."""
        await wait_discharged(self, self.role, self.clock, self.options)


Driver = GenericSource
