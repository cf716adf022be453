"""A DER's own meter by SunSpec model 701 over Modbus TCP, with pysunspec2.

The model's text says that active power is positive for generation: the driver turns the sign, so that power is positive
from the grid as everywhere here; injected energy is exported, absorbed energy imported. The models are read from the
device's own list, so they may lie anywhere behind the "SunS" mark.
"""

from __future__ import annotations

import asyncio
import struct
from typing import Any
from urllib.parse import urlparse

from sunspec2.modbus.client import SunSpecModbusClientDevice, SunSpecModbusClientDeviceTCP, SunSpecModbusClientError
from sunspec2.modbus.modbus import ModbusClientError

from drivers.errors import ConfigError, InstrumentError, InstrumentGarbage, InstrumentLost, InstrumentTimeout
from drivers.modbus import IllegalAddress
from drivers.roles import EnergyReading, Identity
from drivers.wire import Connection, Options

_COMMON, _MEASUREMENT = 1, 701
_MARGIN_S = 1.0


class SunSpecOptions(Options):
    unit: int = 1
    timeout_s: float = 2.0


class _InMemory(SunSpecModbusClientDevice):  # type: ignore[misc]
    """pysunspec2's device beside an emulator object."""

    def __init__(self, connection: Connection, unit: int) -> None:
        super().__init__()
        self.connection, self.unit = connection, unit

    def connect(self, timeout: float | None = None) -> None:
        """Nothing to connect."""

    def disconnect(self) -> None:
        """Nothing to disconnect."""

    def read(self, addr: int, count: int) -> bytes:
        now_s = self.connection.clock.now_s()
        try:
            words = self.connection.far_end.read(self.unit, "holding", addr, count, now_s)
        except IllegalAddress as refused:
            raise SunSpecModbusClientError(f"exception 2: {refused}") from None
        if words is None:
            raise TimeoutError
        return struct.pack(f">{len(words)}H", *words)


class SunSpecMeter:
    """Role `energy_meter`; one scan at opening finds the models."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.role = connection.role
        self.clock = connection.clock
        self.options = connection.options_as(SunSpecOptions)
        self._device: Any = self._make()
        self._lock = asyncio.Lock()

    def _make(self) -> Any:
        if self.connection.far_end is not None:
            return _InMemory(self.connection, self.options.unit)
        place = urlparse(self.connection.resource)
        if place.scheme != "tcp" or not place.hostname or not place.port:
            raise ConfigError(f"{self.role}: resource {self.connection.resource!r} should read tcp://HOST:PORT")
        return SunSpecModbusClientDeviceTCP(
            slave_id=self.options.unit, ipaddr=place.hostname, ipport=place.port, timeout=self.options.timeout_s
        )

    async def open(self) -> None:
        await self._call(lambda: self._device.scan())
        await self._call(lambda: self._device.connect())
        for model in (_COMMON, _MEASUREMENT):
            if model not in self._device.models:
                raise InstrumentGarbage(self.role, f"the device has no SunSpec model {model}; it has {self.models()}")

    async def close(self) -> None:
        self._device.disconnect()

    async def identity(self) -> Identity:
        points = self._device.models[_COMMON][0].points
        return Identity(*(str(points[name].value or "").strip("\0 ") for name in ("Mn", "Md", "SN", "Vr")))

    async def power_w(self) -> float:
        """Total active power in W, positive from the grid; raises InstrumentGarbage if there is no value."""
        await self._read()
        return -self._value("W")

    async def registers(self) -> EnergyReading:
        await self._read()
        return EnergyReading(self.clock.now_s(), self._value("TotWhAbs"), self._value("TotWhInj"))

    def models(self) -> list[int]:
        """Numbers of the models that the device lists: 702 capacity, 713 storage and so on."""
        return sorted(number for number in self._device.models if isinstance(number, int))

    async def model(self, number: int) -> dict[str, float | str]:
        """All points of a model that have a value, by SunSpec's names, scale factors applied; raises InstrumentError."""
        if number not in self.models():
            raise InstrumentError(self.role, f"the device has no SunSpec model {number}; it has {self.models()}")
        found = self._device.models[number][0]
        await self._call(found.read)
        values = {name: point.cvalue for name, point in found.points.items() if point.cvalue is not None}
        self.connection.on_exchange(f"read model {number}", str(values))
        return values

    async def make_safe(self) -> None:
        """A meter can do no harm."""

    async def _read(self) -> None:
        await self._call(lambda: self._device.models[_MEASUREMENT][0].read())
        values = self._device.models[_MEASUREMENT][0].points
        self.connection.on_exchange("read model 701", f"W={values['W'].cvalue} TotWhInj={values['TotWhInj'].cvalue}")

    def _value(self, name: str) -> float:
        value = self._device.models[_MEASUREMENT][0].points[name].cvalue
        if value is None:
            raise InstrumentGarbage(self.role, f"model 701 has no value of {name}")
        return float(value)

    async def _call(self, call: Any) -> Any:
        """Run the blocking client in a thread, unless the far end is in memory."""
        try:
            if self.connection.far_end is not None:
                return call()
            async with self._lock, asyncio.timeout(3 * self.options.timeout_s + _MARGIN_S):
                return await asyncio.to_thread(call)
        except TimeoutError:
            raise InstrumentTimeout(self.role, f"no answer from unit {self.options.unit}") from None
        except (ModbusClientError, SunSpecModbusClientError) as problem:
            text = str(problem).strip() or type(problem).__name__
            kind = InstrumentTimeout if "time" in text.lower() else InstrumentError
            raise kind(self.role, text) from None
        except OSError as problem:
            raise InstrumentLost(self.role, f"{self.connection.resource}: {problem}") from None


Driver = SunSpecMeter
