"""The person at the bench: asked to plug, exchange and photograph, and every answer kept as evidence.

Where a bench has no box in the control pilot line, the operator plugs. With emulated devices nobody can put a hand to the
cable; then the bench itself does in the plant what the operator has confirmed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from drivers.errors import BenchError, ConfigError
from drivers.operator.page import picture_kind
from drivers.operator.person import Person
from drivers.registry import make_driver
from drivers.roles import Answer, Prompt
from drivers.wire import Connection
from harness.case import Subject, current_case
from harness.clock import Clock, TimeMode
from harness.lab import Device
from harness.plant.port import PlantPort

if TYPE_CHECKING:
    from harness.bench import Bench

ANY_PORT = "127.0.0.1:0"


class OperatorOnBench:
    """Lives as long as the run. Without an operator in the lab file, asking raises ConfigError."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._device: Device | None = next(iter(bench.lab.devices("operator")), None)
        self._person: Person | None = None
        self._emulated: Any = None
        self._hand: PlantPort | None = None
        self._plugged = False
        self._leaving = False
        self.sources_off = False
        """True in the teardown of an attempt, once the sources are proved off."""
        self.limit: asyncio.Timeout | None = None
        """The running attempt's time limit; it stands still while a person is asked."""

    @property
    def there(self) -> bool:
        return self._device is not None

    @property
    def plugs(self) -> bool:
        """The lab wants the connector moved by hand, whatever else is in the pilot line."""
        return self._person is not None and self._person.options.plugs

    @property
    def person(self) -> Person | None:
        """How the person is reached; None before `bind`, and without an operator."""
        return self._person

    # Life

    def bind(self) -> None:
        """Take the page's port; raises ConfigError. Before the bench moves into a network of its own, if a person comes
        from outside, and after it, if the person is an emulated one.
        """
        if self._device is None or self._person is not None:
            return
        real = self._device.emulator is None
        if real and self._bench.mode is TimeMode.VIRTUAL:
            raise ConfigError(
                f"{self._bench.lab.path}: roles.operator: nobody can answer in virtual time; "
                "give it an emulator: {kind: person}, or run with --time wire"
            )
        touched = [one for role in ("vehicle", "charger") for one in self._bench.lab.devices(role)]
        if not real and not all(one.emulator or one.hosted for one in touched):
            raise ConfigError(
                f"{self._bench.lab.path}: roles.operator: an emulated person cannot plug a real device; "
                "take the operator's emulator out"
            )
        if not real and self._device.driver != "operator.person":
            raise ConfigError(
                f"{self._bench.lab.path}: roles.operator: an emulated person needs driver operator.person"
            )
        resource = self._device.resource or ("" if real or self._bench.mode is TimeMode.VIRTUAL else ANY_PORT)
        driver = make_driver(self._device.driver, Connection("operator", Clock(0, 0.0), resource, self._device.options))
        assert isinstance(driver, Person)
        self._person = driver

    async def start(self) -> None:
        self.bind()
        if self._person:
            await self._person.open()

    async def stop(self) -> None:
        if self._person:
            await self._person.close()

    async def connect(self) -> None:
        """Bring the emulated person to the page, once the bench's emulation is up."""
        if not (self._person and self._device and self._device.emulator and self._bench.emulation):
            return
        end = await self._bench.emulation.start(
            self._device.emulator.kind,
            defects=self._bench.defects_of("operator", self._device),
            options={**self._device.emulator.options, **({"page": self._person.url} if self._person.url else {})},
        )
        if end.object is not None:
            end.object.answer = self._person.desk.answer
            self._person.desk.views.append(end.object)
            self._emulated = end.object

    def disconnect(self) -> None:
        """The devices go: the emulated person and the hand on the plant too."""
        if self._person and self._emulated in self._person.desk.views:
            self._person.desk.views.remove(self._emulated)
        self._emulated = None
        if self._hand:
            self._hand.close()
            self._hand = None
        self._plugged = False

    def leave(self) -> str:
        """The run is being aborted: from now on things are told, not asked. Returns who wanted it, if that is known."""
        self._leaving = True
        return self._person.aborted_by if self._person else ""

    # Asking

    async def ask(self, prompt: Prompt) -> Answer:
        """Ask, and keep question, answer and photo in the evidence; raises BenchError if it could not be done."""
        if self._person is None:
            raise ConfigError(
                f"{self._bench.lab.path}: roles.operator: this needs a person ({prompt.text}); add an operator under roles"
            )
        self._bench.record("operator", "operator", "harness", "operator", prompt=prompt.text, what="asked")
        began_s = self._bench.clock.now_s()
        with self._limit_stands_still():
            answer = await self._person.ask(prompt)
        waited_s = round(self._bench.clock.now_s() - began_s, 1)
        kept = {"photo": self._keep(answer.photo)} if answer.photo else {}
        said = answer.text or ("done" if answer.done else "not possible")
        self._bench.record(
            "operator", "operator", "operator", "harness",
            prompt=prompt.text, answer=said, done=answer.done, by=answer.by, waited_s=waited_s, **kept,
        )  # fmt: skip
        self._tell_case(prompt, " ".join([said, *kept.values()]))
        if not answer.done:
            raise BenchError(f"the operator could not do it: {prompt.text} ({said})")
        if prompt.kind == "photo" and picture_kind(answer.photo) == "bin":
            raise BenchError(f"the operator's photo is no JPEG or PNG picture: {prompt.text}")
        return answer

    def _keep(self, photo: bytes) -> str:
        """Write a picture beside the transcript; its name tells nothing of the camera's."""
        recorder = self._bench.recorder
        if recorder is None or recorder.path is None:
            return ""
        number = len(list(recorder.path.parent.glob("photo-*"))) + 1
        path = recorder.path.parent / f"photo-{number}.{picture_kind(photo)}"
        path.write_bytes(photo)
        return path.name

    def _tell_case(self, prompt: Prompt, said: str) -> None:
        try:
            current_case().answered(prompt.text, said)
        except LookupError:  # between attempts
            return

    @contextmanager
    def _limit_stands_still(self) -> Iterator[None]:
        """A person takes the time that a person takes; no device is charged with it."""
        limit, loop = self.limit, asyncio.get_running_loop()
        when = limit.when() if limit else None
        if limit is None or when is None:
            yield
            return
        left_s = when - loop.time()
        limit.reschedule(None)
        try:
            yield
        finally:
            if not limit.expired():
                limit.reschedule(loop.time() + left_s)

    # Plugging and exchanging

    async def plug(self) -> None:
        await self.ask(Prompt(f"Plug the connector of {self._charger} into {self._vehicle}."))
        self._plugged = True
        if self._by_hand() and "control_pilot" not in self._bench.drivers:
            self._hand = self._hand or self._port()
            self._hand.command(plugged=True)

    async def unplug(self) -> None:
        """Ask for it, unless nothing is plugged; in an abort it is only told, since nobody may wait for a person then."""
        if not self._plugged:
            return
        if self._hand:
            self._hand.command(plugged=False)
        self._plugged = False
        calm = "The sources are off. " if self.sources_off else ""
        text = f"{calm}Pull the connector of {self._charger} out of {self._vehicle}."
        if self._leaving:
            self.notice(f"{text} The run can be resumed.")
        else:
            await self.ask(Prompt(text))

    async def wake(self) -> None:
        """Have the vehicle woken as its driver would do it, the connector left as it is."""
        await self.ask(
            Prompt(f"Wake {self._vehicle} as its driver would: unlock it, open its app. Leave the connector as it is.")
        )

    async def exchange(self, subject: Subject) -> None:
        """Have the real devices of the next subject put in place; nothing is asked where all are emulated."""
        real = [one for one in (subject.vehicle, subject.charger, subject.other) if one and not one.emulator]
        if self.there and real:
            await self.ask(
                Prompt(f"Put {' and '.join(one.id for one in real)} in place, unplugged and ready. Are they there?")
            )

    def notice(self, text: str) -> None:
        self._bench.record("operator", "operator", "harness", "operator", prompt=text, what="told")
        if self._person:
            self._person.notice(text)

    @property
    def _subject(self) -> Subject:
        return self._bench.subject or Subject()

    @property
    def _vehicle(self) -> str:
        return self._subject.vehicle.id if self._subject.vehicle else "the test vehicle of the bench"

    @property
    def _charger(self) -> str:
        return self._subject.charger.id if self._subject.charger else "the test charger of the bench"

    def _by_hand(self) -> bool:
        devices = (self._subject.vehicle, self._subject.charger)
        return all(one is None or one.emulator is not None for one in devices)

    def _port(self) -> PlantPort:
        if self._bench.emulation is None:
            raise BenchError("the bench has no plant to plug in")
        return self._bench.emulation.plant_port("pilot")
