"""A Modbus server without I/O, and its two shells: TCP and RTU on a pty.

Unlike a stock server, a wrong unit id is met with silence, as real meters on a shared line do.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import struct
import tty
from collections.abc import Callable, Collection, Sequence

from drivers.emulators.defects import Defect
from drivers.emulators.process import Request, arguments, catch_end, connect_plant, die_with_parent, options_of, ready
from drivers.modbus import IllegalAddress, Space
from harness.clock import Clock

_READS: dict[int, Space] = {3: "holding", 4: "input"}
_ILLEGAL_FUNCTION, _ILLEGAL_ADDRESS = 1, 2


def modbus_defects(role: str, short: str, contract: str) -> tuple[Defect, ...]:
    """What can go wrong with any Modbus device."""
    texts = {
        "silent": "never answers",
        "refuses": "answers exception 2 to everything",
        "crc": "answers with a wrong CRC",
    }
    return tuple(
        Defect(f"{short}-{name}", role, "modbus", "our default", f"the {role.replace('_', ' ')} {text}", contract)
        for name, text in texts.items()
    )


class ModbusDevice:
    """Subclasses say what stands in a register, and what a write does."""

    defects: Sequence[Defect] = ()

    def __init__(self, unit: int, defects: Collection[str] = ()) -> None:
        known = {defect.id for defect in self.defects}
        if unknown := set(defects) - known:
            raise ValueError(
                f"{type(self).__name__} has no defect {', '.join(sorted(unknown))}; known: {sorted(known)}"
            )
        self.unit = unit
        self.active = frozenset(defects)

    def has(self, ending: str) -> bool:
        return any(name.partition("-")[2] == ending for name in self.active)

    def words(self, space: Space, now_s: float) -> dict[int, int]:
        """All registers of a space by address."""
        raise NotImplementedError

    def take(self, address: int, words: Sequence[int], now_s: float) -> None:
        """Registers were written; raises IllegalAddress."""
        raise IllegalAddress(f"register {address} cannot be written")

    def take_coil(self, address: int, on: bool, now_s: float) -> None:
        raise IllegalAddress(f"there is no coil {address}")

    def read(self, unit: int, space: Space, address: int, count: int, now_s: float) -> list[int] | None:
        """Words of registers; None keeps silent."""
        if not self._hears(unit):
            return None
        found = self.words(space, now_s)
        try:
            return [found[number] for number in range(address, address + count)]
        except KeyError as missing:
            raise IllegalAddress(f"{space} register {missing}") from None

    def write(self, unit: int, address: int, words: Sequence[int], now_s: float) -> bool:
        if not self._hears(unit):
            return False
        self.take(address, words, now_s)
        return True

    def write_coil(self, unit: int, address: int, on: bool, now_s: float) -> bool:
        if not self._hears(unit):
            return False
        self.take_coil(address, on, now_s)
        return True

    def _hears(self, unit: int) -> bool:
        if self.has("refuses"):
            raise IllegalAddress("seeded")
        return unit == self.unit and not self.has("silent")

    def answer(self, unit: int, request: bytes, now_s: float) -> bytes | None:
        """The PDU that answers a PDU; None keeps silent."""
        function = request[0]
        try:
            if function in _READS:
                address, count = struct.unpack(">HH", request[1:5])
                words = self.read(unit, _READS[function], address, count, now_s)
                return None if words is None else struct.pack(f">BB{len(words)}H", function, 2 * len(words), *words)
            if function in (5, 6):
                address, value = struct.unpack(">HH", request[1:5])
                heard = (
                    self.write_coil(unit, address, bool(value), now_s)
                    if function == 5
                    else self.write(unit, address, [value], now_s)
                )
                return request if heard else None
            if function == 16:
                address, count = struct.unpack(">HH", request[1:5])
                words = list(struct.unpack(f">{count}H", request[6 : 6 + 2 * count]))
                return request[:5] if self.write(unit, address, words, now_s) else None
        except IllegalAddress:
            return bytes([function | 0x80, _ILLEGAL_ADDRESS])
        return bytes([function | 0x80, _ILLEGAL_FUNCTION])


def crc16(data: bytes) -> bytes:
    """Modbus RTU's CRC, low octet first."""
    crc = 0xFFFF
    for octet in data:
        crc ^= octet
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return struct.pack("<H", crc)


class ModbusTcpShell:
    def __init__(self, device: ModbusDevice, clock: Clock) -> None:
        self.device, self.clock = device, clock
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self, listen: str) -> tuple[str, str]:
        """Listen; the address, and the resource that a driver takes."""
        host, _, port = listen.rpartition(":")
        self._server = await asyncio.start_server(self._serve, host or "127.0.0.1", int(port))
        address = "{}:{}".format(*self._server.sockets[0].getsockname()[:2])
        return address, f"tcp://{address}"

    async def stop(self) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while True:
                head = await reader.readexactly(7)
                number, _, length, unit = struct.unpack(">HHHB", head)
                request = await reader.readexactly(length - 1)
                answer = self.device.answer(unit, request, self.clock.now_s())
                if answer is not None and not self.device.has("crc"):
                    writer.write(struct.pack(">HHHB", number, 0, len(answer) + 1, unit) + answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()


class ModbusRtuShell:
    """A serial line on a pty. Frames are cut by their known lengths: a pty has no gaps to cut them by."""

    def __init__(self, device: ModbusDevice, clock: Clock) -> None:
        self.device, self.clock = device, clock
        self._buffer = b""

    async def start(self, _listen: str = "pty") -> tuple[str, str]:
        self._master, self._slave = pty.openpty()
        for end in (self._master, self._slave):
            tty.setraw(end)
        os.set_blocking(self._master, False)
        asyncio.get_running_loop().add_reader(self._master, self._readable)
        path = os.ttyname(self._slave)
        return path, f"rtu://{path}"

    async def stop(self) -> None:
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        os.close(self._slave)

    def _readable(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):
            self._buffer += os.read(self._master, 4096)
        while len(self._buffer) >= 8:
            length = 9 + self._buffer[6] if self._buffer[1] == 16 else 8
            if len(self._buffer) < length:
                return
            frame, self._buffer = self._buffer[:length], self._buffer[length:]
            if crc16(frame[:-2]) != frame[-2:]:
                self._buffer = b""
                return
            answer = self.device.answer(frame[0], frame[1:-2], self.clock.now_s())
            if answer is not None:
                body = frame[:1] + answer
                check = b"\0\0" if self.device.has("crc") else crc16(body)
                with contextlib.suppress(BlockingIOError):
                    os.write(self._master, body + check)


def shell_for(device: ModbusDevice, clock: Clock, listen: str) -> ModbusTcpShell | ModbusRtuShell:
    """RTU on a pty, or TCP."""
    return ModbusRtuShell(device, clock) if listen == "pty" else ModbusTcpShell(device, clock)


def serve_registers(name: str, owner: str, build: Callable[[Request], ModbusDevice], listen: str) -> None:
    """Run a Modbus device as this process; `--listen pty` is RTU, an address TCP."""
    chosen = arguments(name, listen)
    die_with_parent()

    async def main() -> None:
        clock = Clock()
        plant = connect_plant(chosen.plant, owner, clock)
        device = build(Request(plant, frozenset(chosen.defect), options_of(chosen), chosen.seed))
        shell = shell_for(device, clock, chosen.listen)
        address, resource = await shell.start(chosen.listen)
        ended = catch_end()
        ready(name, address=address, resource=resource)
        await ended.wait()
        await shell.stop()

    asyncio.run(main())
