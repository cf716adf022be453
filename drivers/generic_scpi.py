"""A SCPI instrument that is described in YAML instead of Python: for what nobody has written a driver for yet.

    maker: Chroma                       # has to stand in the answer to *IDN?
    open: ["*CLS"]
    error_query: "SYST:ERR?"            # leave out if there is none
    no_value: [NAN]
    quantities:
      active_w: {query: "FETC:SIGM:POW:REAL?"}
      voltage_v: {query: "FETC:VOLT:RMS? 0", field: 0}      # first of a list
    commands:
      set_voltage: ["VOLT {voltage_v:.2f}"]
    limits: {voltage_v: [0, 1000]}      # refused before they are sent
    safe: ["OUTP OFF"]
    proof: [{query: "OUTP?", expect: ["OFF", "0"]}]

Signs: `scale: -1` turns a quantity that the instrument counts the other way. Which quantities and commands a role needs
is said when the file is read (docs/add-an-instrument.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from drivers.accuracy import AnalyserAccuracy
from drivers.errors import BenchError, ConfigError, IdentityMismatch, InstrumentGarbage, InstrumentTimeout, SafetyError
from drivers.roles import Identity
from drivers.scpi import ScpiInstrument
from drivers.scpi_description import Needs, load_description
from drivers.wire import Connection, visa_wire


class GenericOptions(AnalyserAccuracy):
    description: str
    """Path of the YAML file."""
    update_s: float = 0.5
    """How often power is read while the driver counts energy."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One line of a description, tried on the instrument; `works` None: not tried."""

    what: str
    works: bool | None
    said: str


class GenericScpi(ScpiInstrument):
    """Reads and does what a description says. A role's module says what it needs of one."""

    needs: ClassVar[Needs] = Needs()
    options_type: ClassVar[type[GenericOptions]] = GenericOptions

    def __init__(self, connection: Connection) -> None:
        self.options = connection.options_as(self.options_type)
        self.description = load_description(Path(self.options.description), self.needs)
        super().__init__(connection, visa_wire(connection, self.description.terminator))
        self._no_value = {word.upper() for word in self.description.no_value}

    @property
    def errors_by(self) -> str:
        return self.description.error_query

    @property
    def answer_s(self) -> float:
        return self.description.timeout_s

    async def open(self) -> None:
        """Connect, refuse another instrument before anything is sent to it, then send what the description opens with."""
        await self.wire.open()
        async with self.exclusive():
            self._expect(_identity(await self._ask("*IDN?", self.answer_s)))
            await self.command(*self.description.open)

    def _expect(self, found: Identity) -> None:
        for wanted, said in ((self.description.maker, found.maker), (self.description.model, found.model)):
            if wanted.upper() not in said.upper():
                raise IdentityMismatch(
                    self.role, f"{self.options.description} describes {wanted!r}, the instrument says {said!r}"
                )

    async def identity(self) -> Identity:
        """`*IDN?` as far as the instrument fills it in."""
        return _identity(await self.query("*IDN?"))

    def parse(self, text: str, command: str) -> float | None:
        return None if text.strip().upper() in self._no_value else super().parse(text, command)

    async def value(self, name: str) -> float | None:
        """A quantity by its name in SI units; None if the description or the instrument has none."""
        quantity = self.description.quantities.get(name)
        if quantity is None:
            return None
        answer = await self.query(quantity.query)
        if quantity.field is not None:
            parts = answer.split(",")
            if quantity.field >= len(parts):
                raise InstrumentGarbage(self.role, f"{quantity.query}: no field {quantity.field} in {answer[:80]!r}")
            answer = parts[quantity.field]
        number = self.parse(answer, quantity.query)
        return None if number is None else number * quantity.scale

    async def do(self, name: str, **parameters: Any) -> None:
        """Send a command of the description with these parameters; raises ConfigError beyond its limits."""
        for parameter, value in parameters.items():
            low, high = self.description.limits.get(parameter, (float("-inf"), float("inf")))
            if not low <= value <= high:
                raise ConfigError(f"{self.role}.{name}: {parameter} = {value:g} is outside {low:g} to {high:g}")
        commands = (text.format(**parameters) for text in self.description.commands.get(name, ()))
        await self.command(*commands)

    async def trial(self) -> list[Tried]:
        """Ask every quantity once and make it safe: what of the description works. Nothing else is set."""
        tried = [await self._tried(f"quantities.{name}", name) for name in self.description.quantities]
        tried += [Tried(f"commands.{name}", None, "not tried: it sets something") for name in self.description.commands]
        try:
            await self.make_safe()
            said = "proved" if self.description.proof else "sent; without `proof` nothing is proved"
            return [*tried, Tried("safe", True, said if self.description.safe else "nothing to send")]
        except BenchError as problem:
            return [*tried, Tried("safe", False, str(problem))]

    async def _tried(self, what: str, name: str) -> Tried:
        try:
            value = await self.value(name)
        except InstrumentTimeout as silence:
            return Tried(what, False, await self._complaint(str(silence)))
        except BenchError as problem:
            return Tried(what, False, str(problem))
        return Tried(what, True, "no value just now" if value is None else f"{value:g}")

    async def _complaint(self, silence: str) -> str:
        """What the instrument has against a query that it did not answer, from its error queue."""
        try:
            await self._raise_errors(("not answered",))
        except BenchError as complaint:
            return str(complaint)
        return silence

    async def proved(self) -> bool:
        """True if every proof of the safe state holds."""
        for proof in self.description.proof:
            if (await self.query(proof.query)).strip().upper() not in proof.expect:
                return False
        return True

    async def make_safe(self) -> None:
        """Send `safe`, then ask every proof; without proofs nothing is claimed to be proved."""
        async with self.exclusive():
            if self.description.safe:
                await self.command(*self.description.safe)
            if not await self.proved():
                raise SafetyError(f"{self.role}: the proof of its safe state fails; switch it off by hand")


def _identity(answer: str) -> Identity:
    parts = [part.strip() for part in answer.split(",")]
    return Identity(*(parts + [""] * 4)[:4])
