"""Modbus instruments: one lock, one transaction function, pymodbus on TCP or a serial line, or the emulator in memory.

Resource: `tcp://HOST:PORT` or `rtu:///dev/ttyUSB0`.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Sequence
from typing import Any, Literal, Protocol
from urllib.parse import urlparse

from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from drivers.errors import ConfigError, InstrumentError, InstrumentGarbage, InstrumentLost, InstrumentTimeout
from drivers.wire import Connection, Options

Space = Literal["holding", "input"]
Kind = Literal["u16", "i16", "u32", "i32", "u64", "i64", "f32"]
WORDS: dict[Kind, int] = {"u16": 1, "i16": 1, "u32": 2, "i32": 2, "u64": 4, "i64": 4, "f32": 2}
_FORMATS: dict[Kind, str] = {"u16": "H", "i16": "h", "u32": "I", "i32": "i", "u64": "Q", "i64": "q", "f32": "f"}


class ModbusOptions(Options):
    unit: int = 1
    baud: int = 9600
    parity: Literal["N", "E", "O"] = "N"
    timeout_s: float = 1.0
    retries: int = 1
    """How often a request without an answer is sent again: serial lines lose frames (our default)."""


class IllegalAddress(Exception):
    """Modbus exception 2: the device has no such register."""


class RegisterFarEnd(Protocol):
    """An emulator as seen in memory; None is a device that keeps silent."""

    def read(self, unit: int, space: Space, address: int, count: int, now_s: float) -> list[int] | None: ...
    def write(self, unit: int, address: int, words: Sequence[int], now_s: float) -> bool: ...
    def write_coil(self, unit: int, address: int, on: bool, now_s: float) -> bool: ...


def from_words(words: Sequence[int], kind: Kind, low_word_first: bool = False) -> float | int:
    """A value from its registers, the first register the most significant unless said otherwise."""
    ordered = list(reversed(words)) if low_word_first else list(words)
    value: float | int = struct.unpack(f">{_FORMATS[kind]}", struct.pack(f">{len(ordered)}H", *ordered))[0]
    return value


def to_words(value: float, kind: Kind, low_word_first: bool = False) -> list[int]:
    """Registers of a value; integers are rounded and held inside their range."""
    if kind == "f32":
        packed = struct.pack(">f", value)
    else:
        bits = 16 * WORDS[kind]
        low, high = (0, 2**bits - 1) if kind[0] == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        packed = struct.pack(f">{_FORMATS[kind]}", min(max(round(value), low), high))
    words = list(struct.unpack(f">{WORDS[kind]}H", packed))
    return words[::-1] if low_word_first else words


class ModbusInstrument:
    """Reads and writes registers; every failure is an InstrumentError of its kind."""

    options: ModbusOptions

    def __init__(self, connection: Connection, options: type[ModbusOptions] = ModbusOptions) -> None:
        self.connection = connection
        self.role = connection.role
        self.clock = connection.clock
        self.options = connection.options_as(options)
        self._lock = asyncio.Lock()
        self._client: Any = None

    async def open(self) -> None:
        if self.connection.far_end is not None:
            return
        self._client = self._make_client()
        if not await self._client.connect():
            raise InstrumentLost(self.role, f"no connection to {self.connection.resource}; check power and address")

    def _make_client(self) -> Any:
        place, options = urlparse(self.connection.resource), self.options
        if place.scheme == "tcp" and place.hostname and place.port:
            return AsyncModbusTcpClient(
                place.hostname, port=place.port, timeout=options.timeout_s, retries=options.retries, reconnect_delay=0
            )
        if place.scheme == "rtu" and place.path:
            return AsyncModbusSerialClient(
                place.path,
                baudrate=options.baud,
                parity=options.parity,
                timeout=options.timeout_s,
                retries=options.retries,
                reconnect_delay=0,
            )
        raise ConfigError(
            f"{self.role}: resource {self.connection.resource!r} should read tcp://HOST:PORT or rtu:///dev/ttyUSB0"
        )

    async def close(self) -> None:
        client, self._client = self._client, None
        if client:
            client.close()

    async def read(self, space: Space, address: int, count: int) -> list[int]:
        """`count` registers from `address` (0-based)."""
        async with self._lock:
            words = await self._read(space, address, count)
        self.connection.on_exchange(f"read {space} {address:#06x} {count}", " ".join(f"{word:04x}" for word in words))
        if len(words) != count:
            raise InstrumentGarbage(self.role, f"{count} registers asked for at {address:#06x}, {len(words)} came")
        return words

    async def write(self, address: int, words: Sequence[int]) -> None:
        """Write holding registers."""
        async with self._lock:
            if self.connection.far_end is not None:
                await self._direct("write", address, words)
            else:
                await self._request("write_registers", address, list(words))
        self.connection.on_exchange(f"write {address:#06x} {' '.join(f'{word:04x}' for word in words)}", "ok")

    async def write_coil(self, address: int, on: bool) -> None:
        async with self._lock:
            if self.connection.far_end is not None:
                await self._direct("write_coil", address, on)
            else:
                await self._request("write_coil", address, on)
        self.connection.on_exchange(f"coil {address} {int(on)}", "ok")

    async def _read(self, space: Space, address: int, count: int) -> list[int]:
        if self.connection.far_end is not None:
            words: list[int] = await self._direct("read", space, address, count)
            return words
        result = await self._request(f"read_{space}_registers", address, count=count)
        return list(result.registers)

    async def _direct(self, call: str, *values: Any) -> Any:
        try:
            answer = getattr(self.connection.far_end, call)(self.options.unit, *values, self.clock.now_s())
        except IllegalAddress as refused:
            raise InstrumentError(self.role, f"exception 2, illegal address: {refused}") from None
        if answer is None or answer is False:
            await self.clock.sleep(self.options.timeout_s)
            raise InstrumentTimeout(self.role, f"no answer from unit {self.options.unit}")
        return answer

    async def _request(self, call: str, *values: Any, **named: Any) -> Any:
        if self._client is None or not self._client.connected:
            raise InstrumentLost(self.role, f"{self.connection.resource} is not connected")
        try:
            async with asyncio.timeout(self.options.timeout_s * (1 + self.options.retries) + 1.0):
                result = await getattr(self._client, call)(*values, device_id=self.options.unit, **named)
        except (TimeoutError, ModbusException) as problem:
            kind = InstrumentTimeout if self._client.connected else InstrumentLost
            raise kind(self.role, f"unit {self.options.unit} at {self.connection.resource}: {problem}") from None
        except OSError as problem:
            raise InstrumentLost(self.role, f"{self.connection.resource}: {problem}") from None
        if result.isError():
            raise InstrumentError(self.role, f"{call} {values}: exception {getattr(result, 'exception_code', '?')}")
        return result
