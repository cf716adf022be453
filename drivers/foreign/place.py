"""What a bench gives to a program that is a device: a cable, a plant for hardware, certificates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.iso15118.pki import Pki
from harness.plant.port import PlantPort


@dataclass(frozen=True, slots=True)
class Place:
    """Where on the bench the program stands."""

    near: str
    """The harness's end of its cable."""
    far: str
    """Its own end."""
    plant: PlantPort
    """The hardware that it would have: pilot and power path."""
    pki: Pki | None = None
    """The lab's certificates, its own among them; None: no TLS."""
    on_late: Callable[[str, float, float], None] = lambda *_: None
    """Told when the computer let the program wait: who, when it was due in monotonic time, by how many seconds."""
