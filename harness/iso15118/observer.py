"""Who may listen to a conversation: every frame, datagram and change of a link is told to an observer.

The bench's observer writes the transcript; tests use `Notes`. Roles are `vehicle` and `charger`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol


class Observer(Protocol):
    """Told everything that passes, octet for octet, when it passes."""

    def frame(self, source: str, target: str, octets: bytes) -> None:
        """One V2GTP frame with its header, sound or not, sent or received."""
        ...

    def datagram(self, source: str, target: str, octets: bytes) -> None:
        """One SDP datagram."""
        ...

    def link(self, what: str, **details: Any) -> None:
        """A change of the connection: connected, closed, refused, tls, ...; details are plain JSON."""
        ...


class Deaf:
    """An observer that keeps nothing."""

    def frame(self, source: str, target: str, octets: bytes) -> None: ...

    def datagram(self, source: str, target: str, octets: bytes) -> None: ...

    def link(self, what: str, **details: Any) -> None: ...


@dataclass
class Notes:
    """An observer that keeps everything in memory."""

    frames: list[tuple[str, str, bytes]] = field(default_factory=list)
    datagrams: list[tuple[str, str, bytes]] = field(default_factory=list)
    links: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def frame(self, source: str, target: str, octets: bytes) -> None:
        self.frames.append((source, target, octets))

    def datagram(self, source: str, target: str, octets: bytes) -> None:
        self.datagrams.append((source, target, octets))

    def link(self, what: str, **details: Any) -> None:
        self.links.append((what, details))
