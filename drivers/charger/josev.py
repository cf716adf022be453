"""The SECC of the PyPI package `iso15118` as a charger; its pilot oscillates while a vehicle is plugged in."""

from __future__ import annotations

import asyncio

from drivers.foreign.josev import VERSION, Program, missing
from drivers.foreign.place import Place
from drivers.roles import Identity
from drivers.wire import Connection, Options
from harness.clock import end_task

DIGITAL_DUTY_PERCENT = 5.0
"""Duty cycle that asks for digital communication (IEC 61851-1)."""
POLL_S = 0.1


class SeccOptions(Options):
    """What the package's SECC can be told; names are its own."""

    protocols: tuple[str, ...] = ("ISO_15118_20_DC", "ISO_15118_20_AC")
    auth: tuple[str, ...] = ("EIM",)
    standby: bool = False
    keylog: str = ""
    """File for its TLS secrets."""


class Driver:
    """The program, and the pilot that it has no driver for."""

    missing = staticmethod(missing)

    def __init__(self, connection: Connection) -> None:
        options = connection.options_as(SeccOptions)
        self._place: Place = connection.far_end
        self._clock = connection.clock
        self.program = Program(
            "secc",
            self._place,
            {
                "PROTOCOLS": ",".join(options.protocols),
                "AUTH_MODES": ",".join(options.auth),
                "STANDBY_ALLOWED": str(options.standby),
                "SECC_ENFORCE_TLS": str(self._place.pki is not None),
                **({"PLUGFEST_KEYLOG": options.keylog} if options.keylog else {}),
            },
        )
        self._watch: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Start the SECC; raises ConfigError where it cannot run, BenchError where it does not come up."""
        await self.program.start()
        self._watch = asyncio.create_task(self._watch_plug())

    async def close(self) -> None:
        if self._watch:
            await end_task(self._watch)
        await self.program.stop()
        self._place.plant.close()

    async def identity(self) -> Identity:
        return Identity("EcoG", "iso15118 SECC", "", VERSION)

    async def make_safe(self) -> None:
        """It moves no power: its hardware is simulated inside it."""

    async def _watch_plug(self) -> None:
        before = ""
        while True:
            state = self._place.plant.state
            self._place.plant.command(pilot_on=True, pilot_duty_percent=DIGITAL_DUTY_PERCENT if state.plugged else None)
            pilot = state.pilot_state if state.plugged else "A"
            if pilot != before:
                self.program.tell(pilot)
                before = pilot
            await self._clock.sleep(POLL_S)
