"""The EVCC of the PyPI package `iso15118` as a vehicle: it begins a session when it is plugged in and asked to."""

from __future__ import annotations

import asyncio
import json

from drivers.foreign.josev import VERSION, Program, missing
from drivers.foreign.place import Place
from drivers.roles import Identity
from drivers.wire import Connection, Options
from harness.clock import end_task

POLL_S = 0.1
PILOT_STATES = {"charging": "C", "not charging": "B"}
"""What the package tells its vehicle, and the pilot state that follows."""


class EvccOptions(Options):
    """What the package's EVCC can be told; names are its own."""

    protocols: tuple[str, ...] = ("ISO_15118_20_DC",)
    services: tuple[str, ...] = ("DC",)
    loops: int = 20
    """Charge loops before it stops by itself."""
    energy_mode: str = "DC_extended"
    """Of ISO 15118-2 and DIN 70121."""
    keylog: str = ""
    """File for its TLS secrets."""


class Driver:
    """The program, and the pilot that it has no driver for."""

    missing = staticmethod(missing)

    def __init__(self, connection: Connection) -> None:
        options = connection.options_as(EvccOptions)
        self._place: Place = connection.far_end
        self._clock = connection.clock
        keylog = {"PLUGFEST_KEYLOG": options.keylog} if options.keylog else {}
        self.program = Program("evcc", self._place, keylog)
        self.program.settings["EVCC_CONFIG_PATH"] = str(self.program.folder / "evcc.json")
        self._options = options
        self.choose()
        self.program.heard = self._heard
        self._watch: asyncio.Task[None] | None = None

    def choose(self, **changes: object) -> None:
        """Change options for the sessions that begin from now on."""
        self._options = self._options.model_copy(update=changes)
        tls = self._place.pki is not None
        settings = {
            "supportedProtocols": self._options.protocols,
            "supportedEnergyServices": self._options.services,
            "energyTransferMode": self._options.energy_mode,
            "useTls": tls,
            "enforceTls": tls,
            "chargeLoopCycle": self._options.loops,
        }
        (self.program.folder / "evcc.json").write_text(json.dumps(settings))

    async def open(self) -> None:
        """Start the EVCC, which waits for its plug; raises ConfigError, or BenchError where it does not come up."""
        await self.program.start()
        self._watch = asyncio.create_task(self._watch_plug())

    async def close(self) -> None:
        if self._watch:
            await end_task(self._watch)
        await self.program.stop()
        self._place.plant.close()

    async def identity(self) -> Identity:
        return Identity("EcoG", "iso15118 EVCC", "", VERSION)

    async def make_safe(self) -> None:
        """It moves no power: its hardware is simulated inside it."""

    def _heard(self, said: str) -> None:
        if said in PILOT_STATES:
            self._place.plant.command(pilot_state=PILOT_STATES[said])

    async def _watch_plug(self) -> None:
        """One session for each time that the plug is in and the pilot asks for digital communication."""
        begun = False
        while True:
            state = self._place.plant.state
            asked = state.plugged and state.pilot_duty_percent is not None and state.pilot_duty_percent < 8.0
            if asked and not begun:
                self.program.tell("begin")
                begun = True
            elif begun and not asked:
                self.program.tell("stop")
                self._place.plant.command(pilot_state="B")
                begun = False
            await self._clock.sleep(POLL_S)
