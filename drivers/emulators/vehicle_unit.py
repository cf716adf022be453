"""An emulated vehicle as one unit on the bench.

`python -m drivers.emulators.vehicle_unit --plant ADDRESS --option interface=ev0`, or `--option sdp_port=N` to look for
the charger by unicast on loopback.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

from drivers.emulators.configured import evcc_config, protocols
from drivers.emulators.process import Request, arguments, die_with_parent, options_of, ready, until_terminated
from drivers.emulators.vehicle import Connect, ElectricVehicle, in_memory, wire
from harness.clock import Clock
from harness.iso15118 import sdp
from harness.iso15118.environment import Environment
from harness.iso15118.warm import warm_up
from harness.plant.port import PlantPort
from harness.plant.wire import PlantClient

OWNER = "vehicle"


def build(request: Request) -> ElectricVehicle:
    """In memory: `connect`, `clock`, and `ask` where there is discovery, come as objects in the options."""
    clock, connect, ask = (request.option(name, None) for name in ("clock", "connect", "ask"))
    options = request.options or {}
    if ask:
        connect = in_memory(clock, ask, connect, secured="security" in options)
    return _vehicle(request.plant, clock, connect, options, request.defects)


def _vehicle(
    plant: PlantPort, clock: Clock, connect: Connect, options: Mapping[str, Any], defects: Collection[str]
) -> ElectricVehicle:
    environment = Environment.of(options["security"]) if "security" in options else None
    config = evcc_config(options, environment)
    vehicle = ElectricVehicle(plant, clock, connect, config=config, defects=defects)
    if environment:
        vehicle.secure(environment.vehicle(revocation=environment.asks))
    return vehicle


async def _main() -> None:
    chosen = arguments("vehicle_unit")
    options = options_of(chosen)
    clock = Clock()
    interface = options.get("interface")
    port = int(options.get("sdp_port", sdp.PORT))
    connect = wire(clock, interface=interface, sdp_port=port, secured="security" in options)
    vehicle = _vehicle(PlantClient(chosen.plant, OWNER), clock, connect, options, chosen.defect)
    await vehicle.start()
    ready("vehicle_unit", address="", resource="")
    await until_terminated()
    await vehicle.close()


if __name__ == "__main__":
    die_with_parent()
    warm_up(protocols(options_of(arguments("vehicle_unit"))))
    asyncio.run(_main())
