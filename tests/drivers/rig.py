"""A driver and its emulator around one plant: in memory under virtual time, or over a real socket or pty."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

from drivers.emulators.modbus_device import ModbusDevice, shell_for
from drivers.emulators.process import LineShell, PtyShell, Request, TcpShell
from drivers.registry import make_driver
from drivers.wire import Connection
from harness.clock import Clock, TimeMode, new_loop
from harness.plant.local import LocalPlant


class Rig:
    """One bench of one instrument; made inside the loop that runs the test's body."""

    def __init__(self, wired: bool) -> None:
        self.wired = wired
        self.clock = Clock()
        self.plant = LocalPlant(self.clock)
        self.exchanges: list[tuple[str, str | None]] = []
        self.shells: list[Any] = []
        self.drivers: list[Any] = []
        self.far_end: Any = None

    async def driver(
        self,
        name: str,
        emulator: Any,
        defects: Collection[str] = (),
        options: Mapping[str, Any] | None = None,
        emulator_options: Mapping[str, Any] | None = None,
        opened: bool = True,
    ) -> Any:
        """The driver of `<role>.<product>` with a far end made by `emulator.build`."""
        request = Request(self.plant.port(emulator.OWNER), frozenset(defects), emulator_options)
        self.far_end = emulator.build(request)
        resource = await self._resource(emulator, emulator_options or {}) if self.wired else ""
        connection = Connection(
            name.partition(".")[0],
            self.clock,
            resource,
            options or {},
            lambda command, reply: self.exchanges.append((command, reply)),
            None if self.wired else self.far_end,
        )
        driver = make_driver(name, connection)
        self.drivers.append(driver)
        if opened:
            await driver.open()
        return driver

    async def _resource(self, emulator: Any, options: Mapping[str, Any]) -> str:
        listen = getattr(emulator, "LISTEN", "")
        kind: type[LineShell] = PtyShell if listen == "pty" else TcpShell
        if hasattr(emulator, "shell"):
            shell = emulator.shell(self.far_end, self.clock, options)
        elif isinstance(self.far_end, ModbusDevice):
            shell = shell_for(self.far_end, self.clock, listen)
        else:
            shell = kind(self.far_end, self.clock)
        self.shells.append(shell)
        _, resource = await shell.start("127.0.0.1:0")
        return str(resource)

    async def end(self) -> None:
        for driver in self.drivers:
            await driver.close()
        for shell in self.shells:
            await shell.stop()


def run(wired: bool, body: Callable[[Rig], Awaitable[None]]) -> None:
    """Run a test's body on a loop of its own kind of time."""
    loop = new_loop(TimeMode.WIRE if wired else TimeMode.VIRTUAL)

    async def whole() -> None:
        rig = Rig(wired)
        try:
            await body(rig)
        finally:
            await rig.end()

    try:
        loop.run_until_complete(asyncio.wait_for(whole(), 20 if wired else 1e6))
    finally:
        rest = asyncio.all_tasks(loop)
        for task in rest:
            task.cancel()
        if rest:
            loop.run_until_complete(asyncio.wait(rest))
        loop.close()
