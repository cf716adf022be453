"""The plant in this process: stepped lazily to the clock's now, whoever asks. For virtual time and for tests."""

from __future__ import annotations

import asyncio

from harness.clock import Clock
from harness.plant.inputs import Value, check_owner
from harness.plant.plant import Plant, PlantParameters
from harness.plant.port import PlantState


class LocalPlant:
    """One plant, and a port to it for each owner."""

    def __init__(self, clock: Clock, parameters: PlantParameters | None = None) -> None:
        self._clock = clock
        self.plant = Plant(parameters, clock.now_s())
        self.changed_s = clock.now_s()
        """When an owner has set or left its inputs last; from then on the plant follows its own course."""
        self._waiter: asyncio.Future[None] | None = None

    def port(self, owner: str) -> LocalPort:
        """The owner's port; raises ValueError for an unknown owner."""
        check_owner(owner)
        return LocalPort(self, owner)

    @property
    def state(self) -> PlantState:
        self.plant.advance(self._clock.now_s())
        return self.plant.state

    def command(self, owner: str, values: dict[str, Value]) -> None:
        self.plant.advance(self._clock.now_s())
        self.plant.command(owner, values)
        self._told()

    def release(self, owner: str) -> None:
        """As if the owner's process had died: its inputs go to their safe defaults."""
        self.plant.advance(self._clock.now_s())
        self.plant.release(owner)
        self._told()

    def changed(self) -> asyncio.Future[None]:
        """Done when an owner sets or leaves its inputs from now on."""
        if self._waiter is None or self._waiter.done():
            self._waiter = asyncio.get_running_loop().create_future()
        return self._waiter

    def _told(self) -> None:
        self.changed_s = self._clock.now_s()
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)


class LocalPort:
    """A PlantPort into a LocalPlant."""

    def __init__(self, local: LocalPlant, owner: str) -> None:
        self._local = local
        self.owner = owner

    @property
    def state(self) -> PlantState:
        return self._local.state

    def command(self, **inputs: Value) -> None:
        self._local.command(self.owner, inputs)

    def changed(self) -> asyncio.Future[None]:
        return self._local.changed()

    def close(self) -> None:
        self._local.release(self.owner)
