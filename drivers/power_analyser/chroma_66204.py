"""Chroma 66204 / 66205 digital power meters (commands as in an open driver of the family).

Channels 1 to 3 on the station's AC phases, channel 4 on its DC side; channel 0 in a query means all, the answer is then
a list. Energy is integrated by the driver: whether the instrument's joule counter splits directions is not documented.
"""

from __future__ import annotations

from typing import ClassVar

from drivers.accuracy import AnalyserAccuracy
from drivers.roles import EnergyReading, PowerReading
from drivers.sampled_energy import SampledEnergy
from drivers.scpi import ScpiInstrument
from drivers.wire import Connection

_CHANNELS = 4
_QUANTITIES = {
    "voltage_v": "VOLT:RMS",
    "current_a": "CURR:RMS",
    "active_w": "POW:REAL",
    "reactive_var": "POW:REAC",
    "apparent_va": "POW:APP",
    "frequency_hz": "FREQ",
    "voltage_thd_percent": "VOLT:THD",
    "current_thd_percent": "CURR:THD",
}


class ChromaOptions(AnalyserAccuracy):
    dc_channel: bool = True
    """Channel 4 is on the DC side."""
    update_s: float = 0.5
    external_shunts: tuple[bool, bool, bool, bool] | None = None
    """Which channels measure current over an external shunt; None leaves what is set."""


class Chroma66204(ScpiInstrument):
    """`FETC` returns the latest finished measurement and triggers none."""

    error_query = "SYST:ERR?"
    no_value: ClassVar = {"NAN": None, "INF": None}

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.options = connection.options_as(ChromaOptions)
        self._ranges = self.options.ranges(None, None)
        self._energy = SampledEnergy(self.clock, self._active_w, self.options.update_s)

    async def prepare(self) -> None:
        if self.options.external_shunts is not None:
            words = ",".join("on" if external else "off" for external in self.options.external_shunts)
            await self.command(f"CONF:INP:SHUN {words}")

    async def close(self) -> None:
        await self._energy.cancel()
        await super().close()

    async def configure(self, *, voltage_range_v: float | None, current_range_a: float | None) -> None:
        """Ranges in V and A, None for automatic."""
        voltage = "AUTO" if voltage_range_v is None else f"V{voltage_range_v:g}"
        current = "AUTO" if current_range_a is None else f"A{current_range_a:g}"
        await self.command(f"CONF:VOLT:RANG {voltage}", f"CONF:CURR:RANG {current}")
        self._ranges = self.options.ranges(voltage_range_v, current_range_a)

    async def _fetch(self, quantity: str) -> list[float | None]:
        return await self.query_floats(f"FETC:{quantity}? 0", _CHANNELS)

    async def _active_w(self) -> float | None:
        return await self.query_float("FETC:SIGM:POW:REAL?")

    async def snapshot(self) -> PowerReading:
        """The latest measurement of all channels. W, V, A; positive from grid to vehicle."""
        async with self.exclusive():
            values = {name: await self._fetch(quantity) for name, quantity in _QUANTITIES.items()}
            sums = {
                name: await self.query_float(f"FETC:SIGM:POW:{word}?")
                for name, word in (("active_w", "REAL"), ("reactive_var", "REAC"), ("apparent_va", "APP"))
            }
            factor = await self.query_float("FETC:SIGM:POW:PFAC?")
            dc = {
                name: await self.query_float(f"FETC:{word}:DC? 4") if self.options.dc_channel else None
                for name, word in (("dc_voltage_v", "VOLT"), ("dc_current_a", "CURR"), ("dc_power_w", "POW"))
            }
        reading = {
            **sums,
            "voltage_v": values["voltage_v"][0],
            "current_a": values["current_a"][0],
            "frequency_hz": values["frequency_hz"][0],
            "power_factor": factor,
            "voltage_thd_percent": values["voltage_thd_percent"][0],
            "current_thd_percent": values["current_thd_percent"][0],
            **dc,
        }
        columns = [values[name][:3] for name in ("voltage_v", "current_a", "active_w")]
        phases = tuple((u, i, p) for u, i, p in zip(*columns, strict=True))
        uncertainty = self.options.of(reading, self._ranges, 3)
        return PowerReading(at_s=self.clock.now_s(), phases=phases, uncertainty=uncertainty, **reading)

    async def start_integration(self) -> None:
        await self._energy.start()

    async def stop_integration(self) -> EnergyReading:
        """Wh of both directions since the start, integrated from the readings."""
        return await self._energy.stop()

    async def harmonics(self, channel: int) -> list[float]:
        """Voltage harmonics of a channel by order, from order 0 (DC) on, in V."""
        answer = await self.query(f"FETC:VOLT:HARM:ARR? VALUE,{channel}")
        return [value for part in answer.split(",") if (value := self.parse(part, "harmonics")) is not None]

    async def make_safe(self) -> None:
        """An analyser can do no harm; sampling ends."""
        await self._energy.cancel()


Driver = Chroma66204
