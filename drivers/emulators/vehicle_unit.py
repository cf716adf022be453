"""An emulated vehicle as one unit on the bench.

`python -m drivers.emulators.vehicle_unit --plant ADDRESS --option interface=ev0`, or `--option sdp_port=N` to look for
the charger by unicast on loopback.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any

from drivers.emulators.process import Request, arguments, die_with_parent, options_of, ready, until_terminated
from drivers.emulators.vehicle import ElectricVehicle, inside_tls, wire
from harness.clock import Clock
from harness.iso15118 import sdp
from harness.iso15118.environment import Environment
from harness.plant.wire import PlantClient

OWNER = "vehicle"


def build(request: Request) -> ElectricVehicle:
    """In memory: `connect` and `clock` come as objects in the options."""
    connect, tls = request.option("connect", None), _tls(request.options or {})
    return ElectricVehicle(
        request.plant,
        request.option("clock", None),
        inside_tls(connect, tls) if tls else connect,
        defects=request.defects,
    )


def _tls(options: Mapping[str, Any]) -> ssl.SSLContext | None:
    """The car's side of TLS where the bench has it."""
    if "security" not in options:
        return None
    environment = Environment.of(options["security"])
    return environment.vehicle(revocation=environment.asks).client()


async def _main() -> None:
    chosen = arguments("vehicle_unit")
    options = options_of(chosen)
    clock = Clock()
    interface = options.get("interface")
    port = int(options.get("sdp_port", sdp.PORT))
    connect = wire(clock, interface=interface, sdp_port=port, tls=_tls(options))
    vehicle = ElectricVehicle(PlantClient(chosen.plant, OWNER), clock, connect, defects=chosen.defect)
    await vehicle.start()
    ready("vehicle_unit", address="", resource="")
    await until_terminated()
    await vehicle.close()


if __name__ == "__main__":
    die_with_parent()
    asyncio.run(_main())
