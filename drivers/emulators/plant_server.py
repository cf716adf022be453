"""The plant as a process of its own: `python -m drivers.emulators.plant_server --listen 127.0.0.1:0`.

`--listen PATH` makes an AF_UNIX socket. Options are those of PlantParameters by dotted name:
`--option battery.initial_soc=0.4 --option cable_ohm=0.03`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from drivers.emulators.process import arguments, catch_end, die_with_parent, options_of, ready
from harness.clock import Clock
from harness.plant.plant import PlantParameters
from harness.plant.wire import PlantServer


def parameters_from(options: Mapping[str, Any]) -> PlantParameters:
    """Parameters with some of them changed; raises ValueError for a name that does not exist."""
    parameters: Any = PlantParameters()
    for name, value in options.items():
        parameters = _changed(parameters, name, name, value)
    assert isinstance(parameters, PlantParameters)
    return parameters


def _changed(part: Any, path: str, name: str, value: Any) -> Any:
    head, _, rest = path.partition(".")
    known = [field.name for field in fields(part)]
    if head not in known or (rest and not is_dataclass(getattr(part, head))):
        raise ValueError(f"the plant has no parameter {name!r}; {type(part).__name__} has {', '.join(known)}")
    return replace(part, **{head: _changed(getattr(part, head), rest, name, value) if rest else value})


async def _main() -> None:
    chosen = arguments("plant_server")
    server = PlantServer(Clock(), parameters_from(options_of(chosen)))
    address = await server.start(chosen.listen)
    ended = catch_end()
    ready("plant_server", address=address, resource=address)
    await ended.wait()
    await server.stop()


if __name__ == "__main__":
    die_with_parent()
    asyncio.run(_main())
