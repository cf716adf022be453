"""ZES ZIMMER LMG640 / LMG670 power analysers, short command language over raw TCP port 5025.

Commands as in an open driver with a recorded log. Values come as one line separated by `;`, 9.91E+37 is 'no value'. The
instrument may still push lines of an earlier continuous mode: a line that has not as many fields as were asked for
belongs to nobody and is dropped. How the instrument counts energy is not publicly documented, so the driver integrates.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from drivers.accuracy import AnalyserAccuracy
from drivers.errors import InstrumentError, InstrumentGarbage, InstrumentTimeout
from drivers.roles import EnergyReading, PowerReading
from drivers.sampled_energy import SampledEnergy
from drivers.scpi import ScpiInstrument
from drivers.wire import Connection

_AC = ("utrms", "itrms", "p", "q", "s", "fcyc")
_SUBMICRO = re.compile(r"(\.\d{6})\d*")
"""Time stamps come with nanoseconds, which datetime does not have."""
_DISTORTION = ("huhd", "hihd")
_MOST_STRAYS = 50


class LMGOptions(AnalyserAccuracy):
    ac_channels: tuple[int, ...] = (1, 2, 3)
    dc_channel: int | None = 4
    cycle_s: float = 0.5
    current_scale: float | None = None
    """Ratio of a current transformer on every channel (`ISCA`); None leaves what is set."""
    break_port: int | None = None
    """Second port that clears the device (5026 on a real one); None leaves it alone."""


@dataclass(frozen=True, slots=True)
class Window:
    """A measuring window."""

    ended: datetime
    duration_s: float


class LMG600(ScpiInstrument):
    """One compound query a snapshot, so that all values are of one line."""

    error_query = ""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.options = connection.options_as(LMGOptions)
        self._ranges = self.options.ranges(None, None)
        self._energy = SampledEnergy(self.clock, self._active_w, self.options.cycle_s)

    async def open(self) -> None:
        if self.options.break_port and self.connection.far_end is None:
            await self._break(self.options.break_port)
        await self.wire.open()
        async with self.exclusive():
            await self._write("cont off")
            await self.wire.clear()
            await self.prepare()

    async def prepare(self) -> None:
        await self._write("*zlang short")
        await self.command(f"CYCL {self.options.cycle_s:g}", "FRMT ASCii")
        if self.options.current_scale is not None:
            await self.command(*(f"ISCA{channel} {self.options.current_scale:g}" for channel in self._channels))

    async def close(self) -> None:
        await self._energy.cancel()
        await super().close()

    async def _break(self, port: int) -> None:
        """Device clear over its own port: `break` is answered by `0 ok`."""
        host = self.connection.resource.split("::")[1]
        try:
            async with asyncio.timeout(self.timeout_s):
                reader, writer = await asyncio.open_connection(host, port)
                writer.write(b"break\n")
                answer = await reader.readline()
                writer.close()
        except (OSError, TimeoutError) as problem:
            raise InstrumentTimeout(self.role, f"device clear on port {port}: {problem}") from None
        if not answer.startswith(b"0"):
            raise InstrumentGarbage(self.role, f"device clear answers {answer!r} instead of 0 ok")

    async def command(self, *commands: str) -> None:
        """Send settings, then read the error queue, which only the other language has."""
        await super().command(*commands)
        async with self.exclusive():
            await self._write("*zlang scpi")
            try:
                answer = await self._ask("syst:err:all?", self.timeout_s)
            finally:
                await self._write("*zlang short")
        if not answer.strip().startswith("0"):
            raise InstrumentError(self.role, f"{'; '.join(commands)}: {answer}")

    async def _ask(self, command: str, within_s: float) -> str:
        answer = await super()._ask(command, within_s)
        for _ in range(_MOST_STRAYS):
            if _belongs(answer, command):
                return answer
            try:
                answer = await self.wire.read(within_s)
            except InstrumentTimeout:
                raise InstrumentGarbage(self.role, f"{command}: answered by {answer[:80]!r} and nothing else") from None
        raise InstrumentGarbage(self.role, f"{command}: among {_MOST_STRAYS} lines none is its answer")

    async def configure(self, *, voltage_range_v: float | None, current_range_a: float | None) -> None:
        """Ranges of all channels in V and A, None for automatic."""
        channels = self._channels
        commands = []
        for letter, value in (("u", voltage_range_v), ("i", current_range_a)):
            for channel in channels:
                commands.append(f"{letter}auto{channel} {int(value is None)}")
                if value is not None:
                    commands.append(f"{letter}rng{channel} {value:g}")
        await self.command(*commands)
        self._ranges = self.options.ranges(voltage_range_v, current_range_a)

    @property
    def _channels(self) -> list[int]:
        return [*self.options.ac_channels, *([self.options.dc_channel] if self.options.dc_channel else [])]

    async def window(self) -> Window:
        """When the latest measuring window ended by the instrument's own clock, and how long it was. Windows follow the
        signal's period: they are not just the cycle, and groups of channels have windows of their own."""
        answer = await self.query("TSNORM?;DURNORM?")
        stamp, _, duration = answer.partition(";")
        duration_s = self.parse(duration, "DURNORM?")
        try:
            ended = datetime.strptime(_SUBMICRO.sub(r"\1", stamp.strip()), "%Y:%m:%dD%H:%M:%S.%f%z")
        except ValueError:
            raise InstrumentGarbage(self.role, f"TSNORM?: {stamp[:60]!r} is no time stamp") from None
        return Window(ended, duration_s or 0.0)

    async def _read(self, names: list[str]) -> dict[str, float | None]:
        answer = await self.query(";".join(f"{name}?" for name in names))
        parts = answer.split(";")
        if len(parts) != len(names):
            raise InstrumentGarbage(self.role, f"expected {len(names)} values, got {answer[:80]!r}")
        return {name: self.parse(part, name) for name, part in zip(names, parts, strict=True)}

    async def _active_w(self) -> float | None:
        return _sum((await self._read([f"p{channel}" for channel in self.options.ac_channels])).values())

    async def snapshot(self) -> PowerReading:
        """All channels in one line. W, V, A; positive from grid to vehicle."""
        channels, dc = self.options.ac_channels, self.options.dc_channel
        names = [f"{name}{channel}" for channel in channels for name in _AC]
        names += [f"{name}{channels[0]}" for name in _DISTORTION]
        names += [f"udc{dc}", f"idc{dc}", f"p{dc}"] if dc else []
        values = await self._read(names)

        def total(name: str) -> float | None:
            return _sum(values[f"{name}{channel}"] for channel in channels)

        active_w, apparent_va, first = total("p"), total("s"), channels[0]
        reading = {
            "active_w": active_w,
            "voltage_v": values[f"utrms{first}"],
            "current_a": values[f"itrms{first}"],
            "reactive_var": total("q"),
            "apparent_va": apparent_va,
            "power_factor": active_w / apparent_va if active_w is not None and apparent_va else None,
            "frequency_hz": values[f"fcyc{first}"],
            "voltage_thd_percent": values[f"huhd{first}"],
            "current_thd_percent": values[f"hihd{first}"],
            "dc_voltage_v": values.get(f"udc{dc}"),
            "dc_current_a": values.get(f"idc{dc}"),
            "dc_power_w": values.get(f"p{dc}"),
        }
        phases = tuple((values[f"utrms{n}"], values[f"itrms{n}"], values[f"p{n}"]) for n in channels)
        uncertainty = self.options.of(reading, self._ranges, len(channels))
        return PowerReading(at_s=self.clock.now_s(), phases=phases, uncertainty=uncertainty, **reading)

    async def start_integration(self) -> None:
        await self._energy.start()

    async def stop_integration(self) -> EnergyReading:
        """Wh of both directions since the start, integrated from the cycles' powers."""
        return await self._energy.stop()

    async def make_safe(self) -> None:
        """An analyser can do no harm; sampling ends."""
        with contextlib.suppress(InstrumentError):
            await self._energy.cancel()


def _belongs(answer: str, command: str) -> bool:
    """False for a pushed line: another number of fields than asked for, or numbers where errors were asked for."""
    if command.endswith("err:all?"):
        return ";" not in answer or '"' in answer
    wanted = command.count("?")
    return wanted < 2 or answer.count(";") == wanted - 1


def _sum(values: Any) -> float | None:
    """Sum of phases; one missing phase means no sum."""
    total = 0.0
    for value in values:
        if value is None:
            return None
        total += value
    return total


Driver = LMG600
